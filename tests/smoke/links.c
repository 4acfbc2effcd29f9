/*
 * Symbolic links, junctions and mounted volumes, by the functions of kernel32
 *
 * What is expected with reparse points on is what Windows documents, or its own
 * tests show.  With them off it is what Wine without them does.  The volume says
 * which of the two it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "smoke.h"
#include <winioctl.h>

#define TAG_LX_SYMLINK 0xa000001d

struct reparse_data
{
    ULONG tag;
    USHORT length, reserved;
    USHORT subst_offset, subst_length, print_offset, print_length;
    union
    {
        struct { ULONG flags; WCHAR names[1]; } link;
        struct { WCHAR names[1]; } mount;
    } u;
};

static char root[MAX_PATH];     /* of this test, no backslash at the end */

static char *at( const char *name )
{
    static char paths[4][MAX_PATH];
    static unsigned int next;
    char *path = paths[next++ % 4];

    snprintf( path, MAX_PATH, "%s\\%s", root, name );
    return path;
}

static WCHAR *wide( const char *text )
{
    static WCHAR texts[4][MAX_PATH];
    static unsigned int next;
    WCHAR *ret = texts[next++ % 4];

    MultiByteToWideChar( CP_ACP, 0, text, -1, ret, MAX_PATH );
    return ret;
}

static BOOL fails_with( BOOL ret, DWORD error )
{
    DWORD last = GetLastError();

    if (!ret && last == error) return TRUE;
    printf( "  returned %d, error %lu, not %lu\n", ret, ret ? 0 : last, error );
    return FALSE;
}

static void write_file( const char *path, const char *text )
{
    HANDLE file = CreateFileA( path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL );
    DWORD done;

    check( WriteFile( file, text, strlen( text ), &done, NULL ));
    CloseHandle( file );
}

static BOOL holds( const char *path, const char *text )
{
    HANDLE file = CreateFileA( path, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL );
    char buffer[64] = "";
    DWORD done;

    if (file == INVALID_HANDLE_VALUE || !ReadFile( file, buffer, sizeof(buffer) - 1, &done, NULL )) return FALSE;
    CloseHandle( file );
    return !strcmp( buffer, text );
}

/* Remove a tree, links as links. */
static void remove_all( const char *dir )
{
    char path[MAX_PATH];
    WIN32_FIND_DATAA data;
    HANDLE find;

    snprintf( path, sizeof(path), "%s\\*", dir );
    if ((find = FindFirstFileA( path, &data )) != INVALID_HANDLE_VALUE)
    {
        do
        {
            if (!strcmp( data.cFileName, "." ) || !strcmp( data.cFileName, ".." )) continue;
            snprintf( path, sizeof(path), "%s\\%s", dir, data.cFileName );
            SetFileAttributesA( path, FILE_ATTRIBUTE_NORMAL );
            if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) DeleteFileA( path );
            else if (!(data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)) remove_all( path );
            RemoveDirectoryA( path );
        } while (FindNextFileA( find, &data ));
        FindClose( find );
    }
    RemoveDirectoryA( dir );
}

static HANDLE open_link( const char *path, DWORD access )
{
    return CreateFileA( path, access, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL );
}

/* The names of a link, and its tag; 0 if there is none. */
static ULONG read_link( const char *path, WCHAR *subst, WCHAR *print, ULONG *flags )
{
    ULONG buffer[4096];
    struct reparse_data *data = (struct reparse_data *)buffer;
    HANDLE file = open_link( path, FILE_READ_ATTRIBUTES );
    WCHAR *names = data->u.mount.names;
    DWORD size;
    BOOL ret;

    ret = DeviceIoControl( file, FSCTL_GET_REPARSE_POINT, NULL, 0, data, sizeof(buffer), &size, NULL );
    CloseHandle( file );
    if (!ret) return 0;
    check( size == data->length + 8u );
    if (data->tag == IO_REPARSE_TAG_SYMLINK)
    {
        names = data->u.link.names;
        if (flags) *flags = data->u.link.flags;
    }
    else if (data->tag != IO_REPARSE_TAG_MOUNT_POINT) return data->tag;
    memcpy( subst, (char *)names + data->subst_offset, data->subst_length );
    subst[data->subst_length / 2] = 0;
    memcpy( print, (char *)names + data->print_offset, data->print_length );
    print[data->print_length / 2] = 0;
    return data->tag;
}

static BOOL make_junction( const char *path, const char *target )
{
    ULONG buffer[512] = { 0 };
    struct reparse_data *data = (struct reparse_data *)buffer;
    WCHAR *targetW = wide( target );
    ULONG len = wcslen( targetW );
    HANDLE dir;
    DWORD done;
    BOOL ret;

    if (!CreateDirectoryA( path, NULL )) return FALSE;
    dir = open_link( path, GENERIC_WRITE );
    data->tag = IO_REPARSE_TAG_MOUNT_POINT;
    data->subst_length = (len + 4) * 2;
    data->print_offset = (len + 5) * 2;
    data->print_length = len * 2;
    data->length = 8 + (len + 5 + len + 1) * 2;
    memcpy( data->u.mount.names, L"\\??\\", 8 );
    memcpy( data->u.mount.names + 4, targetW, len * 2 );
    memcpy( data->u.mount.names + len + 5, targetW, len * 2 );
    ret = DeviceIoControl( dir, FSCTL_SET_REPARSE_POINT, data, data->length + 8, NULL, 0, &done, NULL );
    CloseHandle( dir );
    if (!ret) RemoveDirectoryA( path );
    return ret;
}

/* Is path a link with this tag, however one asks?  directory: of that kind. */
static BOOL is_link( const char *path, ULONG tag, BOOL directory )
{
    FILE_ATTRIBUTE_TAG_INFO info = { 0, 0 };
    DWORD attributes = GetFileAttributesA( path );
    WIN32_FILE_ATTRIBUTE_DATA full;
    WIN32_FIND_DATAA data;
    HANDLE handle;
    BOOL ret = TRUE;

#define expect(x) do { if (!(x)) { printf( "  %s: %s\n", path, #x ); ret = FALSE; } } while (0)
    expect( attributes != INVALID_FILE_ATTRIBUTES );
    expect( attributes & FILE_ATTRIBUTE_REPARSE_POINT );
    expect( !!(attributes & FILE_ATTRIBUTE_DIRECTORY) == directory );
    expect( GetFileAttributesExA( path, GetFileExInfoStandard, &full ) && full.dwFileAttributes == attributes );
    handle = FindFirstFileA( path, &data );
    expect( handle != INVALID_HANDLE_VALUE );
    if (handle != INVALID_HANDLE_VALUE)
    {
        expect( data.dwFileAttributes == attributes );
        expect( data.dwReserved0 == tag );
        expect( !data.nFileSizeLow && !data.nFileSizeHigh );
        FindClose( handle );
    }
    handle = open_link( path, FILE_READ_ATTRIBUTES );
    expect( GetFileInformationByHandleEx( handle, FileAttributeTagInfo, &info, sizeof(info) ));
    expect( info.FileAttributes == attributes );
    expect( info.ReparseTag == tag );
    CloseHandle( handle );
#undef expect
    return ret;
}

static BOOL exists( const char *path )
{
    return GetFileAttributesA( path ) != INVALID_FILE_ATTRIBUTES;
}

/* What opening path leads to is called. */
static BOOL leads_to( const char *path, const char *target )
{
    char name[2 * MAX_PATH], expected[2 * MAX_PATH];
    HANDLE file = CreateFileA( path, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    DWORD len;

    if (file == INVALID_HANDLE_VALUE)
    {
        printf( "  %s: error %lu\n", path, GetLastError() );
        return FALSE;
    }
    len = GetFinalPathNameByHandleA( file, name, sizeof(name), FILE_NAME_NORMALIZED );
    CloseHandle( file );
    snprintf( expected, sizeof(expected), "\\\\?\\%s", target );
    if (len && !_stricmp( name, expected )) return TRUE;
    printf( "  %s leads to %s, not %s\n", path, len ? name : "nothing", expected );
    return FALSE;
}

static void test_create(void)
{
    WCHAR subst[MAX_PATH * 2], print[MAX_PATH * 2], expected[MAX_PATH], *longest;
    ULONG flags;
    int i;

    /* relative, as it is */
    check( CreateSymbolicLinkA( at( "file-link" ), "file", 0 ));
    check( is_link( at( "file-link" ), IO_REPARSE_TAG_SYMLINK, FALSE ));
    check( read_link( at( "file-link" ), subst, print, &flags ) == IO_REPARSE_TAG_SYMLINK );
    check( flags == 1 && !wcscmp( subst, L"file" ) && !wcscmp( print, L"file" ));
    check( holds( at( "file-link" ), "contents" ));
    check( leads_to( at( "file-link" ), at( "file" )));

    SetLastError( 0xdeadbeef );
    check( CreateSymbolicLinkW( wide( at( "dir-link" )), L"dir", SYMBOLIC_LINK_FLAG_DIRECTORY ));
    check( GetLastError() == 0 );
    check( is_link( at( "dir-link" ), IO_REPARSE_TAG_SYMLINK, TRUE ));
    check( holds( at( "dir-link\\inner" ), "inner" ));
    check( leads_to( at( "dir-link\\inner" ), at( "dir\\inner" )));

    check( CreateSymbolicLinkA( at( "dir\\up" ), "..\\file", SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE ));
    check( holds( at( "dir-link\\up" ), "contents" ));
    check( read_link( at( "dir\\up" ), subst, print, &flags ) == IO_REPARSE_TAG_SYMLINK && !wcscmp( subst, L"..\\file" ));

    /* absolute */
    check( CreateSymbolicLinkA( at( "absolute" ), at( "dir" ), SYMBOLIC_LINK_FLAG_DIRECTORY ));
    check( is_link( at( "absolute" ), IO_REPARSE_TAG_SYMLINK, TRUE ));
    check( read_link( at( "absolute" ), subst, print, &flags ) == IO_REPARSE_TAG_SYMLINK );
    swprintf( expected, MAX_PATH, L"\\??\\%ls", wide( at( "dir" )));
    check( flags == 0 && !wcscmp( subst, expected ) && !wcscmp( print, wide( at( "dir" ))));
    check( holds( at( "absolute\\inner" ), "inner" ));

    /* to nothing */
    check( CreateSymbolicLinkA( at( "dangling" ), "nothing", 0 ));
    check( is_link( at( "dangling" ), IO_REPARSE_TAG_SYMLINK, FALSE ));
    check( CreateSymbolicLinkA( at( "dangling-dir" ), "nothing", 1 ));
    check( is_link( at( "dangling-dir" ), IO_REPARSE_TAG_SYMLINK, TRUE ));
    check( CreateFileA( at( "dangling" ), GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL ) == INVALID_HANDLE_VALUE );
    check( GetLastError() == ERROR_FILE_NOT_FOUND );

    /* not at all */
    check( fails_with( CreateSymbolicLinkA( at( "file-link" ), "dir", 0 ), ERROR_ALREADY_EXISTS ));
    check( fails_with( CreateSymbolicLinkA( at( "file" ), "dir", 0 ), ERROR_ALREADY_EXISTS ));
    check( fails_with( CreateSymbolicLinkA( at( "nowhere\\link" ), "file", 0 ), ERROR_PATH_NOT_FOUND ));
    check( fails_with( CreateSymbolicLinkA( at( "slash\\" ), "file", 0 ), ERROR_INVALID_NAME ));
    check( fails_with( CreateSymbolicLinkA( at( "flags" ), "file", 4 ), ERROR_INVALID_PARAMETER ));
    check( fails_with( CreateSymbolicLinkA( at( "null" ), NULL, 0 ), ERROR_INVALID_PARAMETER ));
    check( fails_with( CreateSymbolicLinkA( at( "empty" ), "", 0 ), ERROR_INVALID_PARAMETER ));
    check( !exists( at( "slash" )) && !exists( at( "flags" )) && !exists( at( "null" )) && !exists( at( "empty" )));

    /* longer than a Unix link can be: there, or nothing of it is */
    longest = malloc( 8000 * sizeof(WCHAR) );
    for (i = 0; i < 4000; i++) longest[i] = i % 2 ? '\\' : 'a';
    for (; i < 7999; i++) longest[i] = i % 200 ? 'b' : '\\';
    longest[i] = 0;
    if (CreateSymbolicLinkW( wide( at( "long" )), longest, 0 )) check( is_link( at( "long" ), IO_REPARSE_TAG_SYMLINK, FALSE ));
    else check( !exists( at( "long" )));
    free( longest );
}

static void test_junction(void)
{
    WCHAR subst[MAX_PATH * 2], print[MAX_PATH * 2], expected[MAX_PATH];
    char volume[MAX_PATH];
    FILE_ATTRIBUTE_TAG_INFO info;
    HANDLE dir;

    check( make_junction( at( "junction" ), at( "dir" )));
    check( is_link( at( "junction" ), IO_REPARSE_TAG_MOUNT_POINT, TRUE ));
    check( read_link( at( "junction" ), subst, print, NULL ) == IO_REPARSE_TAG_MOUNT_POINT );
    swprintf( expected, MAX_PATH, L"\\??\\%ls", wide( at( "dir" )));
    check( !wcscmp( subst, expected ) && !wcscmp( print, wide( at( "dir" ))));
    check( holds( at( "junction\\inner" ), "inner" ));
    check( leads_to( at( "junction\\inner" ), at( "dir\\inner" )));

    /* so is its name with a backslash at the end */
    check( GetFileAttributesA( at( "junction\\" )) == GetFileAttributesA( at( "junction" )));
    check( read_link( at( "junction\\" ), subst, print, NULL ) == IO_REPARSE_TAG_MOUNT_POINT );
    check( make_junction( at( "slashed" ), at( "dir" )) && RemoveDirectoryA( at( "slashed\\" )));
    check( !exists( at( "slashed" )) && holds( at( "dir\\inner" ), "inner" ));

    /* through it, a directory like any other */
    dir = CreateFileA( at( "junction" ), FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    check( GetFileInformationByHandleEx( dir, FileAttributeTagInfo, &info, sizeof(info) ));
    check( !(info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && !info.ReparseTag );
    CloseHandle( dir );

    /* no volume is mounted there */
    check( GetVolumePathNameA( at( "junction\\inner" ), volume, sizeof(volume) ) && !_strnicmp( volume, root, 3 ) && !volume[3] );
    check( fails_with( GetVolumeNameForVolumeMountPointA( at( "junction\\" ), volume, sizeof(volume) ), ERROR_INVALID_PARAMETER ));
    check( fails_with( GetVolumeNameForVolumeMountPointA( at( "dir\\" ), volume, sizeof(volume) ), ERROR_NOT_A_REPARSE_POINT ));
}

static void test_remove(void)
{
    check( fails_with( DeleteFileA( at( "junction" )), ERROR_ACCESS_DENIED ));
    check( fails_with( DeleteFileA( at( "dir-link" )), ERROR_ACCESS_DENIED ));
    check( fails_with( RemoveDirectoryA( at( "file-link" )), ERROR_DIRECTORY ));
    check( exists( at( "junction" )) && exists( at( "dir-link" )) && exists( at( "file-link" )));

    check( DeleteFileA( at( "file-link" )));
    check( !exists( at( "file-link" )) && holds( at( "file" ), "contents" ));
    check( DeleteFileA( at( "dangling" )));
    check( !exists( at( "dangling" )));
    check( RemoveDirectoryA( at( "junction" )));
    check( !exists( at( "junction" )) && holds( at( "dir\\inner" ), "inner" ));
    check( RemoveDirectoryA( at( "dir-link" )));
    check( RemoveDirectoryA( at( "absolute" )));
    check( RemoveDirectoryA( at( "dangling-dir" )));
    check( !exists( at( "dangling-dir" )) && holds( at( "dir\\inner" ), "inner" ));
}

static void test_move(void)
{
    BY_HANDLE_FILE_INFORMATION info;
    WCHAR subst[MAX_PATH * 2], print[MAX_PATH * 2];
    DWORD before;
    HANDLE file;

    /* the link, not what it leads to; what it says stays */
    check( CreateSymbolicLinkA( at( "link" ), "file", 0 ));
    check( MoveFileA( at( "link" ), at( "sub\\moved" )));
    check( !exists( at( "link" )) && holds( at( "file" ), "contents" ));
    check( is_link( at( "sub\\moved" ), IO_REPARSE_TAG_SYMLINK, FALSE ));
    check( read_link( at( "sub\\moved" ), subst, print, NULL ) && !wcscmp( subst, L"file" ));
    check( DeleteFileA( at( "sub\\moved" )));

    check( make_junction( at( "junction" ), at( "dir" )));
    check( MoveFileA( at( "junction" ), at( "sub\\junction" )));
    check( is_link( at( "sub\\junction" ), IO_REPARSE_TAG_MOUNT_POINT, TRUE ));
    check( holds( at( "sub\\junction\\inner" ), "inner" ) && holds( at( "dir\\inner" ), "inner" ));
    check( RemoveDirectoryA( at( "sub\\junction" )));

    /* a second name of a link */
    check( CreateSymbolicLinkA( at( "link" ), "file", 0 ));
    check( CreateHardLinkA( at( "hard" ), at( "link" ), NULL ));
    check( is_link( at( "hard" ), IO_REPARSE_TAG_SYMLINK, FALSE ));
    file = open_link( at( "hard" ), FILE_READ_ATTRIBUTES );
    check( GetFileInformationByHandle( file, &info ) && info.nNumberOfLinks == 2 );
    CloseHandle( file );
    check( DeleteFileA( at( "hard" )));

    /* attributes are the link's, whatever it keeps of them */
    before = GetFileAttributesA( at( "file" ));
    SetFileAttributesA( at( "link" ), FILE_ATTRIBUTE_READONLY );
    check( GetFileAttributesA( at( "file" )) == before );

    /* a copy is of what it leads to, or of the link if one asks for it */
    check( CopyFileA( at( "link" ), at( "copy" ), TRUE ));
    check( !(GetFileAttributesA( at( "copy" )) & FILE_ATTRIBUTE_REPARSE_POINT) && holds( at( "copy" ), "contents" ));
    check( fails_with( CopyFileExA( at( "link" ), at( "copy" ), NULL, NULL, NULL, COPY_FILE_COPY_SYMLINK | COPY_FILE_FAIL_IF_EXISTS ),
                       ERROR_FILE_EXISTS ) || GetLastError() == ERROR_ALREADY_EXISTS );
    check( CopyFileExA( at( "link" ), at( "copy" ), NULL, NULL, NULL, COPY_FILE_COPY_SYMLINK ));
    check( is_link( at( "copy" ), IO_REPARSE_TAG_SYMLINK, FALSE ) && holds( at( "copy" ), "contents" ));
    check( CopyFileExA( at( "file" ), at( "plain" ), NULL, NULL, NULL, COPY_FILE_COPY_SYMLINK ) && holds( at( "plain" ), "contents" ));
    check( DeleteFileA( at( "copy" )) && DeleteFileA( at( "link" )) && holds( at( "file" ), "contents" ));

    /* no directory is made where a link leads to */
    check( CreateSymbolicLinkA( at( "dangling" ), "nothing", 1 ));
    check( fails_with( CreateDirectoryA( at( "dangling" ), NULL ), ERROR_ALREADY_EXISTS ));
    check( !exists( at( "nothing" )));
    check( RemoveDirectoryA( at( "dangling" )));
}

static void test_mount(void)
{
    WCHAR subst[MAX_PATH * 2], print[MAX_PATH * 2], expected[64];
    char drive[4], name[64], got[64];

    snprintf( drive, sizeof(drive), "%.3s", root );
    if (!check( GetVolumeNameForVolumeMountPointA( drive, name, sizeof(name) ))) return;
    check( GetVolumeNameForVolumeMountPointA( name, got, sizeof(got) ) && !strcmp( got, name ));
    check( fails_with( SetVolumeMountPointA( at( "sub" ), name ), ERROR_INVALID_NAME ));
    check( fails_with( SetVolumeMountPointA( at( "sub\\" ), "c:\\" ), ERROR_INVALID_PARAMETER ));
    check( CreateDirectoryA( at( "mount" ), NULL ));
    if (!SetVolumeMountPointA( at( "mount\\" ), name ))
    {
        /* what names a volume is no path, so this wants a file system with attributes of users' */
        printf( "  no volume can be mounted here: error %lu\n", GetLastError() );
        check( RemoveDirectoryA( at( "mount" )));
        return;
    }
    check( is_link( at( "mount" ), IO_REPARSE_TAG_MOUNT_POINT, TRUE ));
    check( read_link( at( "mount" ), subst, print, NULL ) == IO_REPARSE_TAG_MOUNT_POINT );
    wcscpy( expected, wide( name ));
    expected[1] = '?';
    check( !wcscmp( subst, expected ) && !wcscmp( print, expected ));
    check( GetVolumeNameForVolumeMountPointA( at( "mount\\" ), got, sizeof(got) ) && !strcmp( got, name ));
    check( fails_with( GetVolumeNameForVolumeMountPointA( at( "mount" ), got, sizeof(got) ), ERROR_INVALID_NAME ));
    check( exists( at( "mount\\windows" )));
    check( DeleteVolumeMountPointA( at( "mount\\" )));
    check( exists( at( "mount" )) && !(GetFileAttributesA( at( "mount" )) & FILE_ATTRIBUTE_REPARSE_POINT));
    check( RemoveDirectoryA( at( "mount" )));
}

/* Kept, for who looks from the Unix side. */
static void leave_links(void)
{
    check( CreateSymbolicLinkA( at( "left-file" ), "file", 0 ));
    check( CreateSymbolicLinkA( at( "left-dir" ), ".\\dir", 1 ));
    check( CreateSymbolicLinkA( at( "left-absolute" ), at( "dir" ), 1 ));
    check( make_junction( at( "left-junction" ), at( "dir" )));
}

void test_links(void)
{
    DWORD flags = 0, more = 0;
    WIN32_FIND_DATAA data;
    HANDLE dir;
    BOOL on;

    check( GetVolumeInformationA( "c:\\", NULL, 0, NULL, NULL, &flags, NULL, 0 ));
    on = !!(flags & FILE_SUPPORTS_REPARSE_POINTS);
    /* what is left by the one must not be in the way of the other */
    snprintf( root, sizeof(root), "%s", temp_path( on ? "links" : "no-links" ));
    remove_all( root );
    check( CreateDirectoryA( root, NULL ) && CreateDirectoryA( at( "dir" ), NULL ) && CreateDirectoryA( at( "sub" ), NULL ));
    write_file( at( "file" ), "contents" );
    write_file( at( "dir\\inner" ), "inner" );

    dir = CreateFileA( root, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    check( GetVolumeInformationByHandleW( dir, NULL, 0, NULL, NULL, &more, NULL, 0 ));
    CloseHandle( dir );
    check( !((flags ^ more) & FILE_SUPPORTS_REPARSE_POINTS) );
    printf( "reparse points are %s\n", on ? "on" : "off" );

    if (on)
    {
        test_create();
        test_junction();
        test_remove();
        test_move();
        test_mount();
        leave_links();
        return;
    }
    /* a stub, which makes nothing */
    check( CreateSymbolicLinkA( at( "link" ), "file", 0 ) && CreateSymbolicLinkW( L"link", L"file", 0 ));
    check( !exists( at( "link" )));
    check( !make_junction( at( "junction" ), at( "dir" )) && !exists( at( "junction" )));
    check( fails_with( SetVolumeMountPointA( at( "sub\\" ), "c:\\" ), ERROR_CALL_NOT_IMPLEMENTED ));
    memset( &data, 0, sizeof(data) );
    dir = FindFirstFileA( "z:\\bin", &data );   /* on Linux a link */
    check( dir != INVALID_HANDLE_VALUE && (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !data.dwReserved0 );
    FindClose( dir );
    remove_all( root );
}
