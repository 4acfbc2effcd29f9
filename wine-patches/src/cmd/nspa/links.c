/*
 * Links in dir, mklink, rd and copy
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ntstatus.h"
#define WIN32_NO_STATUS
#define WIN32_LEAN_AND_MEAN

#include "wcmd.h"
#include "winioctl.h"
#include "ddk/ntifs.h"
#include "nspa/links.h"
#include "../../dlls/kernelbase/nspa/switch.h"


static WCHAR *join( const WCHAR *a, const WCHAR *b, const WCHAR *c )
{
    WCHAR *ret = xalloc( (wcslen( a ) + wcslen( b ) + wcslen( c ) + 1) * sizeof(WCHAR) );

    wcscpy( ret, a );
    wcscat( ret, b );
    wcscat( ret, c );
    return ret;
}

const WCHAR *nspa_dir_format( const WIN32_FIND_DATAW *fd, const WCHAR *plain )
{
    if (!nspa_is_link( fd )) return plain;
    if (fd->dwReserved0 == IO_REPARSE_TAG_MOUNT_POINT) return L"%1  %2    <JUNCTION>     ";
    if (fd->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) return L"%1  %2    <SYMLINKD>     ";
    return L"%1  %2    <SYMLINK>      ";
}

/* The name that a link has for showing, allocated, or none. */
static WCHAR *get_link_target( const WCHAR *path )
{
    REPARSE_DATA_BUFFER *data = xalloc( MAXIMUM_REPARSE_DATA_BUFFER_SIZE );
    USHORT offset, len, print_offset, print_len;
    WCHAR *names = NULL, *ret = NULL;
    DWORD size = 0, start = 0;
    HANDLE file;

    file = CreateFileW( path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                        OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, 0 );
    if (file != INVALID_HANDLE_VALUE)
    {
        if (!DeviceIoControl( file, FSCTL_GET_REPARSE_POINT, NULL, 0, data, MAXIMUM_REPARSE_DATA_BUFFER_SIZE, &size, NULL )) size = 0;
        CloseHandle( file );
    }
    if (size >= sizeof(*data) && data->ReparseTag == IO_REPARSE_TAG_SYMLINK)
    {
        names = data->SymbolicLinkReparseBuffer.PathBuffer;
        offset = data->SymbolicLinkReparseBuffer.SubstituteNameOffset;
        len = data->SymbolicLinkReparseBuffer.SubstituteNameLength;
        print_offset = data->SymbolicLinkReparseBuffer.PrintNameOffset;
        print_len = data->SymbolicLinkReparseBuffer.PrintNameLength;
    }
    else if (size >= sizeof(*data) && data->ReparseTag == IO_REPARSE_TAG_MOUNT_POINT)
    {
        names = data->MountPointReparseBuffer.PathBuffer;
        offset = data->MountPointReparseBuffer.SubstituteNameOffset;
        len = data->MountPointReparseBuffer.SubstituteNameLength;
        print_offset = data->MountPointReparseBuffer.PrintNameOffset;
        print_len = data->MountPointReparseBuffer.PrintNameLength;
    }
    else if (size > 12 && data->ReparseTag == IO_REPARSE_TAG_LX_SYMLINK)
    {
        /* a version, then the target in UTF-8 */
        const char *target = (const char *)data + 12;
        int count = MultiByteToWideChar( CP_UTF8, 0, target, size - 12, NULL, 0 );

        ret = xalloc( (count + 1) * sizeof(WCHAR) );
        MultiByteToWideChar( CP_UTF8, 0, target, size - 12, ret, count );
        ret[count] = 0;
    }
    if (names)
    {
        start = (char *)names - (char *)data;
        if (print_len)
        {
            offset = print_offset;
            len = print_len;
        }
        if (!((offset | len) % sizeof(WCHAR)) && offset <= size - start && len <= size - start - offset)
        {
            ret = xalloc( len + sizeof(WCHAR) );
            memcpy( ret, (char *)names + offset, len );
            ret[len / sizeof(WCHAR)] = 0;
        }
    }
    free( data );
    return ret;
}

void nspa_dir_target( const WCHAR *dir, const WIN32_FIND_DATAW *fd, BOOL wide )
{
    WCHAR *path, *target;

    if (wide || !nspa_is_link( fd )) return;
    path = join( dir, fd->cFileName, L"" );
    target = get_link_target( path );
    WCMD_output_asis( L" [" );
    WCMD_output_asis( target ? target : L"..." );
    WCMD_output_asis( L"]" );
    free( target );
    free( path );
}

/* Make an empty directory a junction to a full path. */
static BOOL set_junction( const WCHAR *path, const WCHAR *target )
{
    const DWORD start = offsetof( REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer );
    size_t len = wcslen( target ), subst_len = len + 4;
    DWORD size = start + (subst_len + 1 + len + 1) * sizeof(WCHAR), done;
    REPARSE_DATA_BUFFER *data;
    HANDLE dir;
    BOOL ret;

    if (size > MAXIMUM_REPARSE_DATA_BUFFER_SIZE)
    {
        SetLastError( ERROR_FILENAME_EXCED_RANGE );
        return FALSE;
    }
    dir = CreateFileW( path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, 0 );
    if (dir == INVALID_HANDLE_VALUE) return FALSE;
    data = xalloc( size );
    memset( data, 0, size );
    data->ReparseTag = IO_REPARSE_TAG_MOUNT_POINT;
    data->ReparseDataLength = size - offsetof( REPARSE_DATA_BUFFER, GenericReparseBuffer );
    data->MountPointReparseBuffer.SubstituteNameLength = subst_len * sizeof(WCHAR);
    data->MountPointReparseBuffer.PrintNameOffset = (subst_len + 1) * sizeof(WCHAR);
    data->MountPointReparseBuffer.PrintNameLength = len * sizeof(WCHAR);
    memcpy( data->MountPointReparseBuffer.PathBuffer, L"\\??\\", 4 * sizeof(WCHAR) );
    memcpy( data->MountPointReparseBuffer.PathBuffer + 4, target, len * sizeof(WCHAR) );
    memcpy( data->MountPointReparseBuffer.PathBuffer + subst_len + 1, target, len * sizeof(WCHAR) );
    ret = DeviceIoControl( dir, FSCTL_SET_REPARSE_POINT, data, size, NULL, 0, &done, NULL );
    CloseHandle( dir );
    free( data );
    return ret;
}

static BOOL create_junction( const WCHAR *link, const WCHAR *target )
{
    DWORD len = GetFullPathNameW( target, 0, NULL, NULL ), error;
    WCHAR *full;
    BOOL ret;

    if (!len) return FALSE;
    full = xalloc( len * sizeof(WCHAR) );
    GetFullPathNameW( target, len, full, NULL );
    if ((ret = CreateDirectoryW( link, NULL )) && !(ret = set_junction( link, full )))
    {
        error = GetLastError();
        RemoveDirectoryW( link );
        SetLastError( error );
    }
    free( full );
    return ret;
}

BOOL nspa_mklink( WCHAR *args, RETURN_CODE *code )
{
    const WCHAR *what = L"symbolic link";
    WCHAR *names[2] = { NULL, NULL }, *arg, *start, kind = 0;
    int n, count = 0;
    BOOL ok = TRUE;

    if (!nspa_reparse()) return FALSE;

    for (n = 0; ok; n++)
    {
        start = NULL;
        arg = WCMD_parameter( args, n, &start, FALSE, FALSE );
        if (!start) break;
        if (*arg == '/')
        {
            ok = !kind && arg[1] && !arg[2];
            kind = towupper( arg[1] );
            if (kind != 'D' && kind != 'H' && kind != 'J') ok = FALSE;
        }
        else if ((ok = count < 2)) names[count++] = xstrdupW( arg );
    }
    if (!ok || count < 2)
    {
        WCMD_output_stderr( WCMD_LoadMessage( WCMD_SYNTAXERR ) );
        ok = FALSE;
    }
    else
    {
        switch (kind)
        {
        case 'H':
            what = L"Hardlink";
            ok = CreateHardLinkW( names[0], names[1], NULL );
            break;
        case 'J':
            what = L"Junction";
            ok = create_junction( names[0], names[1] );
            break;
        default:
            ok = CreateSymbolicLinkW( names[0], names[1], kind == 'D' ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0 );
            break;
        }
        if (ok)
        {
            WCMD_output_asis( what );
            WCMD_output_asis( L" created for " );
            WCMD_output_asis( names[0] );
            WCMD_output_asis( L" <<===>> " );
            WCMD_output_asis( names[1] );
            WCMD_output_asis( L"\r\n" );
        }
        else WCMD_print_error();
    }
    free( names[0] );
    free( names[1] );
    *code = errorlevel = ok ? NO_ERROR : ERROR_INVALID_FUNCTION;
    return TRUE;
}

static BOOL remove_tree( const WCHAR *dir )
{
    WCHAR *pattern = join( dir, L"\\*", L"" ), *path;
    WIN32_FIND_DATAW fd;
    DWORD error = 0;
    HANDLE find;
    BOOL ok;

    find = FindFirstFileW( pattern, &fd );
    free( pattern );
    if (find != INVALID_HANDLE_VALUE)
    {
        do
        {
            if (!wcscmp( fd.cFileName, L"." ) || !wcscmp( fd.cFileName, L".." )) continue;
            path = join( dir, L"\\", fd.cFileName );
            if (nspa_is_directory( &fd )) ok = remove_tree( path );
            else
            {
                if ((fd.dwFileAttributes & FILE_ATTRIBUTE_READONLY) && !nspa_is_link( &fd ))
                    SetFileAttributesW( path, fd.dwFileAttributes & ~FILE_ATTRIBUTE_READONLY );
                ok = fd.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? RemoveDirectoryW( path ) : DeleteFileW( path );
            }
            if (!ok && !error) error = GetLastError();
            free( path );
        } while (FindNextFileW( find, &fd ));
        FindClose( find );
    }
    if (!RemoveDirectoryW( dir ) && !error) error = GetLastError();
    SetLastError( error );
    return !error;
}

int nspa_remove_tree( SHFILEOPSTRUCTW *operation )
{
    WIN32_FIND_DATAW fd = { 0 };
    WCHAR *dir;
    HANDLE find;
    size_t len;
    BOOL ok;

    if (!nspa_reparse()) return SHFileOperationW( operation );

    dir = xstrdupW( operation->pFrom );
    for (len = wcslen( dir ); len > 1 && (dir[len - 1] == '\\' || dir[len - 1] == '/') && dir[len - 2] != ':'; len--) dir[len - 1] = 0;
    fd.dwFileAttributes = GetFileAttributesW( dir );
    if (fd.dwFileAttributes == INVALID_FILE_ATTRIBUTES) ok = FALSE;
    else if (!(fd.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
    {
        SetLastError( ERROR_DIRECTORY );
        ok = FALSE;
    }
    else
    {
        if ((find = FindFirstFileW( dir, &fd )) != INVALID_HANDLE_VALUE) FindClose( find );
        ok = nspa_is_link( &fd ) ? RemoveDirectoryW( dir ) : remove_tree( dir );
    }
    free( dir );
    return ok ? 0 : 1;
}

/* Whether /L is among the options of the command in quals. */
BOOL nspa_copy_file( const WCHAR *source, const WCHAR *dest, BOOL fail_if_exists )
{
    DWORD flags = fail_if_exists ? COPY_FILE_FAIL_IF_EXISTS : 0;

    if (wcsstr( quals, L"/L" ) && nspa_reparse()) flags |= COPY_FILE_COPY_SYMLINK;
    return CopyFileExW( source, dest, NULL, NULL, NULL, flags );
}
