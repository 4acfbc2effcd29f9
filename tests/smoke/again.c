/*
 * Opening the same file again and again, while its name comes to mean another
 * file, or none, or something that is not a file.  Also what a listing has shown,
 * and reading while the file becomes longer or shorter than it was when opened.
 */
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#include "smoke.h"

static char path[MAX_PATH], other[MAX_PATH];

/* Open for reading as often as makes a file known, and see that it has length bytes. */
static void check_reads( const char *name, DWORD length )
{
    char data[64];
    DWORD read;
    HANDLE file;
    int i;

    for (i = 0; i < 3; i++)
    {
        file = open_read( name, 7 );
        if (!check( file != INVALID_HANDLE_VALUE )) return;
        check_local( file );
        check( GetFileSize( file, NULL ) == length );
        check( ReadFile( file, data, sizeof(data), &read, NULL ) && read == min( length, sizeof(data) ));
        check( is_pattern( data, 0, read ));
        check( CloseHandle( file ));
    }
}

static void check_fails( DWORD error )
{
    HANDLE file = open_read( path, 7 );

    check( file == INVALID_HANDLE_VALUE && GetLastError() == error );
    if (file != INVALID_HANDLE_VALUE) CloseHandle( file );
}

/* The status of NtOpenFile for a name as it is, and whether its handle is local. */
static NTSTATUS open_nt( const char *before, const char *name, const char *after, BOOL *local )
{
    char whole[2 * MAX_PATH];
    WCHAR buffer[2 * MAX_PATH];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attr;
    IO_STATUS_BLOCK io;
    HANDLE file = NULL;
    NTSTATUS status;

    snprintf( whole, sizeof(whole), "%s%s%s", before, name, after );
    MultiByteToWideChar( CP_ACP, 0, whole, -1, buffer, ARRAYSIZE(buffer) );
    RtlInitUnicodeString( &string, buffer );
    InitializeObjectAttributes( &attr, &string, OBJ_CASE_INSENSITIVE, NULL, NULL );
    status = NtOpenFile( &file, GENERIC_READ | SYNCHRONIZE, &attr, &io, 7,
                         FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT );
    *local = is_local( file );
    if (!status) NtClose( file );
    return status;
}

/* The ways to write a name, once the file is known under the plain one. */
static void test_spelling(void)
{
    char odd[MAX_PATH], upper[MAX_PATH];
    unsigned int i;
    BOOL local;

    check_reads( path, 10 );
    for (i = 0; i < 2; i++)
    {
        check( !open_nt( "\\??\\", path, "", &local ) && local == smoke_bypass() );
        strcpy( upper, path );
        CharUpperA( upper );
        check( !open_nt( "\\??\\", upper, "", &local ) && local == smoke_bypass() );
        check( open_nt( "\\??\\", path, "\\.", &local ) == (NTSTATUS)0xc0000033 );   /* STATUS_OBJECT_NAME_INVALID */
        check( open_nt( "\\??\\", path, "*", &local ) == (NTSTATUS)0xc0000033 );
        strcpy( odd, path );
        *strrchr( odd, '\\' ) = '/';
        check( open_nt( "\\??\\", odd, "", &local ) == (NTSTATUS)0xc0000033 );
        strcpy( strrchr( odd, '/' ), "\\\\again" );
        check( open_nt( "\\??\\", odd, "", &local ) == (NTSTATUS)0xc0000033 );
        snprintf( odd, sizeof(odd), "%.2s\\%s", path, path + 2 );                    /* c:\\... */
        check( !open_nt( "\\??\\", odd, "", &local ) && local == smoke_bypass() );
        check( open_nt( "\\?\\", path, "", &local ) != 0 );
    }
}

/* ---- what a listing has shown ------------------------------------------------------ */

#define FILES  8  /* "file0" with no bytes, "file1" with 100, ... */
#define DIRS   4

static char tree[MAX_PATH];

/* A path in the directory, which lasts for a few calls. */
static const char *in_tree( const char *name )
{
    static char paths[8][2 * MAX_PATH];
    static int next;
    char *buffer = paths[next++ % 8];

    snprintf( buffer, 2 * MAX_PATH, "%s\\%s", tree, name );
    return buffer;
}

static void make_tree(void)
{
    char name[16];
    int i;

    check( CreateDirectoryA( tree, NULL ));
    for (i = 0; i < FILES; i++)
    {
        snprintf( name, sizeof(name), "file%d", i );
        make_file( in_tree( name ), i * 100 );
    }
    for (i = 0; i < DIRS; i++)
    {
        snprintf( name, sizeof(name), "dir%d", i );
        check( CreateDirectoryA( in_tree( name ), NULL ));
    }
}

static HANDLE open_any( const char *name )
{
    return CreateFileA( name, GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
}

static BOOL has_attributes( HANDLE file, DWORD attributes )
{
    BY_HANDLE_FILE_INFORMATION info;

    return GetFileInformationByHandle( file, &info ) && info.dwFileAttributes == attributes;
}

/* The status of opening it as a file, or as a directory */
static NTSTATUS open_as( const char *name, ULONG kind )
{
    HANDLE file;
    NTSTATUS status = open_relative( NULL, name, GENERIC_READ | SYNCHRONIZE, 7, FILE_OPEN,
                                     kind | FILE_SYNCHRONOUS_IO_NONALERT, &file );

    if (!status) NtClose( file );
    return status;
}

static void check_is_file( const char *name, DWORD length )
{
    HANDLE file;

    check_reads( name, length );
    check( open_as( name, FILE_DIRECTORY_FILE ) == (NTSTATUS)0xc0000103 );      /* STATUS_NOT_A_DIRECTORY */
    check( !open_as( name, FILE_NON_DIRECTORY_FILE ));
    file = open_any( name );
    check_local( file );
    check( has_attributes( file, FILE_ATTRIBUTE_ARCHIVE ) && GetFileSize( file, NULL ) == length );
    CloseHandle( file );
}

static void check_is_dir( const char *name )
{
    HANDLE file = open_read( name, 7 );

    check( file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED );
    check( open_as( name, FILE_NON_DIRECTORY_FILE ) == (NTSTATUS)0xc00000ba );  /* STATUS_FILE_IS_A_DIRECTORY */
    check( !open_as( name, FILE_DIRECTORY_FILE ));
    file = open_any( name );
    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    check( has_attributes( file, FILE_ATTRIBUTE_DIRECTORY ));
    CloseHandle( file );
}

static void check_is_gone( const char *name, DWORD error )
{
    HANDLE file = open_read( name, 7 );

    check( file == INVALID_HANDLE_VALUE && GetLastError() == error );
    file = open_any( name );
    check( file == INVALID_HANDLE_VALUE && GetLastError() == error );
    check( GetFileAttributesA( name ) == INVALID_FILE_ATTRIBUTES && GetLastError() == error );
}

/* List all, and open it as it is listed if that is wanted. */
static void list_tree( BOOL opening )
{
    unsigned int files = 0, dirs = 0;
    WIN32_FIND_DATAA data;
    HANDLE find = FindFirstFileA( in_tree( "*" ), &data );

    if (!check( find != INVALID_HANDLE_VALUE )) return;
    do
    {
        if (data.cFileName[0] == '.') continue;
        if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        {
            check( !strncmp( data.cFileName, "dir", 3 ));
            dirs++;
            if (opening) check_is_dir( in_tree( data.cFileName ));
        }
        else
        {
            check( !strncmp( data.cFileName, "file", 4 ));
            check( data.nFileSizeLow == strtoul( data.cFileName + 4, NULL, 10 ) * 100 );
            files++;
            if (opening) check_is_file( in_tree( data.cFileName ), data.nFileSizeLow );
        }
    }
    while (FindNextFileA( find, &data ));
    check( GetLastError() == ERROR_NO_MORE_FILES );
    FindClose( find );
    check( files == FILES && dirs == DIRS );
}

/* Names that were listed, and also opened or not, come to mean something else. */
static void test_listed( BOOL opening, BOOL elsewhere )
{
    char moved[MAX_PATH];

    snprintf( moved, sizeof(moved), "%s-moved", tree );
    make_tree();
    list_tree( opening );
    list_tree( FALSE );

    /* a file that goes, comes again, and one that becomes another */
    check( DeleteFileA( in_tree( "file1" )));
    check_is_gone( in_tree( "file1" ), ERROR_FILE_NOT_FOUND );
    make_file( in_tree( "file1" ), 11 );
    check_is_file( in_tree( "file1" ), 11 );
    if (elsewhere) check( !run_child( FALSE, "move \"%s\" \"%s\"", in_tree( "file2" ), in_tree( "file9" )));
    else check( MoveFileA( in_tree( "file2" ), in_tree( "file9" )));
    check_is_gone( in_tree( "file2" ), ERROR_FILE_NOT_FOUND );
    check_is_file( in_tree( "file9" ), 200 );
    check( MoveFileExA( in_tree( "file9" ), in_tree( "file3" ), MOVEFILE_REPLACE_EXISTING ));
    check_is_file( in_tree( "file3" ), 200 );
    check_is_gone( in_tree( "file9" ), ERROR_FILE_NOT_FOUND );

    /* longer, without being another */
    make_file( in_tree( "file4" ), 44 );
    check_is_file( in_tree( "file4" ), 44 );

    /* a directory for a file, and a file for a directory */
    check( DeleteFileA( in_tree( "file5" )) && CreateDirectoryA( in_tree( "file5" ), NULL ));
    check_is_dir( in_tree( "file5" ));
    check( RemoveDirectoryA( in_tree( "dir1" )));
    check_is_gone( in_tree( "dir1" ), ERROR_FILE_NOT_FOUND );
    make_file( in_tree( "dir1" ), 33 );
    check_is_file( in_tree( "dir1" ), 33 );
    if (elsewhere) check( !run_child( FALSE, "move \"%s\" \"%s\"", in_tree( "dir2" ), in_tree( "dir9" )));
    else check( MoveFileA( in_tree( "dir2" ), in_tree( "dir9" )));
    check_is_gone( in_tree( "dir2" ), ERROR_FILE_NOT_FOUND );
    check_is_gone( in_tree( "dir2\\file" ), ERROR_PATH_NOT_FOUND );
    check_is_dir( in_tree( "dir9" ));
    check( MoveFileA( in_tree( "file6" ), in_tree( "dir2" )));
    check_is_file( in_tree( "dir2" ), 600 );

    /* all of it */
    if (elsewhere) check( !run_child( FALSE, "move \"%s\" \"%s\"", tree, moved ));
    else check( MoveFileA( tree, moved ));
    check_is_gone( in_tree( "file7" ), ERROR_PATH_NOT_FOUND );
    check_is_gone( in_tree( "dir3" ), ERROR_PATH_NOT_FOUND );
    check( CreateDirectoryA( tree, NULL ));
    check_is_gone( in_tree( "file7" ), ERROR_FILE_NOT_FOUND );
    check_is_gone( in_tree( "dir3" ), ERROR_FILE_NOT_FOUND );
    make_file( in_tree( "file7" ), 77 );
    check_is_file( in_tree( "file7" ), 77 );
    check( CreateDirectoryA( in_tree( "dir3" ), NULL ));
    check_is_dir( in_tree( "dir3" ));
    check( DeleteFileA( in_tree( "file7" )) && RemoveDirectoryA( in_tree( "dir3" )) && RemoveDirectoryA( tree ));

    check( MoveFileA( moved, tree ));
    check( DeleteFileA( in_tree( "file0" )) && DeleteFileA( in_tree( "file1" )) && DeleteFileA( in_tree( "file3" )));
    check( DeleteFileA( in_tree( "file4" )) && DeleteFileA( in_tree( "file7" )) && DeleteFileA( in_tree( "dir1" )));
    check( DeleteFileA( in_tree( "dir2" )) && RemoveDirectoryA( in_tree( "file5" )));
    check( RemoveDirectoryA( in_tree( "dir0" )) && RemoveDirectoryA( in_tree( "dir3" )));
    check( RemoveDirectoryA( in_tree( "dir9" )) && RemoveDirectoryA( tree ));
}

/* ---- how long a file is, and how much of it is read --------------------------------- */

/* Change the length through another handle. */
static void set_length( DWORD length )
{
    HANDLE file = CreateFileA( path, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );

    check( file != INVALID_HANDLE_VALUE );
    check( SetFilePointer( file, length, NULL, FILE_BEGIN ) == length && SetEndOfFile( file ));
    CloseHandle( file );
}

/* What make_file() makes of a file of the full length, but in two goes. */
static void append( const char *from, DWORD length )
{
    HANDLE file = CreateFileA( path, FILE_APPEND_DATA, 7, NULL, OPEN_EXISTING, 0, NULL );
    HANDLE source = open_read( from, 7 );
    DWORD have = GetFileSize( file, NULL ), done;
    char *data = malloc( length );

    check( SetFilePointer( source, have, NULL, FILE_BEGIN ) == have );
    check( ReadFile( source, data, length, &done, NULL ) && done == length );
    check( WriteFile( file, data, length, &done, NULL ) && done == length );
    free( data );
    CloseHandle( source );
    CloseHandle( file );
}

/* The next read gives what there is from offset on. */
static int gives( HANDLE file, char *buffer, DWORD size, DWORD offset, DWORD length )
{
    DWORD read = ~0u;
    int ok;

    SetLastError( 0 );
    ok = ReadFile( file, buffer, size, &read, NULL ) && read == length && is_pattern( buffer, offset, length ) &&
         SetFilePointer( file, 0, NULL, FILE_CURRENT ) == offset + length;
    if (!ok) printf( "read %lu of %lu at %lu, not %lu\n", read, size, offset, length );
    return ok;
}

static HANDLE open_path(void)
{
    HANDLE file = open_read( path, 7 );

    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    return file;
}

/* Into a buffer with room for size bytes at its end */
static void test_length( char *buffer, DWORD size, DWORD length )
{
    HANDLE file, late;
    DWORD first = min( size, length ), rest = length - first;

    make_file( path, length );
    file = open_path();
    check( gives( file, buffer, size, 0, first ));
    if (rest) check( gives( file, buffer, size, first, min( size, rest )));
    else check( gives( file, buffer, size, first, 0 ) && gives( file, buffer, size, first, 0 ));

    /* from the middle, and from the start again */
    check( SetFilePointer( file, length / 2, NULL, FILE_BEGIN ) == length / 2 );
    check( gives( file, buffer, size, length / 2, min( size, length - length / 2 )));
    check( SetFilePointer( file, 0, NULL, FILE_BEGIN ) == 0 );
    check( gives( file, buffer, 1, 0, min( 1, length )));
    if (length) check( gives( file, buffer, size, 1, min( size, length - 1 )));
    CloseHandle( file );

    /* longer before the first read, and after it */
    file = open_path();
    append( other, 10 );
    check( gives( file, buffer, size, 0, min( size, length + 10 )));
    CloseHandle( file );
    file = open_path();
    late = open_path();
    check( SetFilePointer( late, length, NULL, FILE_BEGIN ) == length );
    check( gives( file, buffer, size, 0, min( size, length + 10 )));
    append( other, 5000 );
    if (size > length + 10) check( gives( file, buffer, size, length + 10, min( size, 5000 )));
    check( gives( late, buffer, size, length, min( size, 5010 )));

    /* shorter */
    check( SetFilePointer( file, 0, NULL, FILE_BEGIN ) == 0 );
    set_length( length / 2 );
    check( gives( file, buffer, size, 0, min( size, length / 2 )));
    CloseHandle( file );
    CloseHandle( late );
    make_file( path, length );
    file = open_path();
    set_length( 0 );
    check( gives( file, buffer, size, 0, 0 ));
    append( other, 20 );
    check( gives( file, buffer, size, 0, min( size, 20 )));
    CloseHandle( file );
}

/* As long as what was there to be read into when the file was opened */
static void test_watched(void)
{
    static const DWORD lengths[] = { 4095, 4096, 4097, 8192 };
    void *pages[4];
    ULONG_PTR count;
    char *buffer;
    DWORD granularity;
    HANDLE file;
    unsigned int i;

    for (i = 0; i < ARRAYSIZE(lengths); i++)
    {
        buffer = VirtualAlloc( NULL, 3 * 4096, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE );
        check( buffer != NULL );
        buffer[0] = 1;
        make_file( path, lengths[i] );
        file = open_path();
        append( other, 1000 );
        check( gives( file, buffer, 3 * 4096, 0, lengths[i] + 1000 ));
        count = ARRAYSIZE(pages);
        check( !GetWriteWatch( 0, buffer, 3 * 4096, pages, &count, &granularity ));
        check( count == 3 && granularity == 4096 );
        CloseHandle( file );
        VirtualFree( buffer, 0, MEM_RELEASE );
    }
}

static void test_reading(void)
{
    static const DWORD sizes[] = { 10, 64, 4095, 4096, 4097, 8192 };
    char *pages = VirtualAlloc( NULL, 3 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE );
    DWORD old, read;
    HANDLE file;
    unsigned int i;

    check( pages && VirtualProtect( pages + 2 * 4096, 4096, PAGE_NOACCESS, &old ));
    make_file( other, 20000 );

    /* up to the end of the last page that is there, and elsewhere in it */
    for (i = 0; i < ARRAYSIZE(sizes); i++)
    {
        char *buffer = pages + 2 * 4096 - sizes[i];

        test_length( buffer, sizes[i], sizes[i] );
        test_length( buffer, sizes[i], sizes[i] - 5 );
        test_length( buffer, sizes[i], sizes[i] + 5 );
        test_length( pages, 8192, sizes[i] );
        test_length( pages + 1, 8191, sizes[i] );
        test_length( pages + 4096, 4096, sizes[i] );
    }
    test_length( pages, 8192, 0 );

    /* beyond it: nothing is read, however little there is */
    make_file( path, 10 );
    file = open_path();
    SetLastError( 0 );
    check( !ReadFile( file, pages + 8192 - 10, 64, &read, NULL ) && GetLastError() == ERROR_NOACCESS );
    check( SetFilePointer( file, 0, NULL, FILE_CURRENT ) == 0 );
    check( gives( file, pages + 8192 - 10, 10, 0, 10 ));
    CloseHandle( file );
    VirtualFree( pages, 0, MEM_RELEASE );

    test_watched();
    check( DeleteFileA( path ));
    check( DeleteFileA( other ));
}

/* The handle is another file's, with another length. */
static DWORD WINAPI reopen( void *arg )
{
    CloseHandle( arg );
    return (DWORD)(ULONG_PTR)open_read( path, 7 );
}

static void test_handle_again(void)
{
    char data[64];
    HANDLE thread, file, next;
    DWORD value;

    make_file( path, 10 );
    make_file( other, 20 );
    file = open_read( other, 7 );
    thread = CreateThread( NULL, 0, reopen, file, 0, NULL );
    check( WaitForSingleObject( thread, 10000 ) == WAIT_OBJECT_0 && GetExitCodeThread( thread, &value ));
    next = (HANDLE)(ULONG_PTR)value;
    check( gives( next, data, sizeof(data), 0, 10 ));
    check( gives( next, data, sizeof(data), 10, 0 ));
    CloseHandle( next );
    CloseHandle( thread );

    /* two at a time */
    file = open_path();
    next = open_read( other, 7 );
    check( gives( file, data, sizeof(data), 0, 10 ));
    check( gives( next, data, sizeof(data), 0, 20 ));
    check( gives( file, data, sizeof(data), 10, 0 ));
    CloseHandle( next );
    CloseHandle( file );
    check( DeleteFileA( path ));
    check( DeleteFileA( other ));
}

/* ---------------------------------------------------------------------------------- */

void test_again(void)
{
    HANDLE file;

    strcpy( path, temp_path( "again" ));
    strcpy( other, temp_path( "again-other" ));
    make_file( path, 10 );
    check_reads( path, 10 );
    test_spelling();

    /* another file takes the name */
    make_file( other, 20 );
    check( MoveFileExA( other, path, MOVEFILE_REPLACE_EXISTING ));
    check_reads( path, 20 );

    /* somebody has it to himself */
    file = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check_fails( ERROR_SHARING_VIOLATION );
    CloseHandle( file );
    check_reads( path, 20 );

    /* it is gone, then made by an open */
    check( DeleteFileA( path ));
    check_fails( ERROR_FILE_NOT_FOUND );
    SetLastError( 1 );
    file = CreateFileA( path, GENERIC_READ, 7, NULL, OPEN_ALWAYS, 0, NULL );
    check( file != INVALID_HANDLE_VALUE && GetLastError() == 0 );
    check_not_local( file );
    CloseHandle( file );
    check_reads( path, 0 );
    SetLastError( 1 );
    file = CreateFileA( path, GENERIC_READ, 7, NULL, OPEN_ALWAYS, 0, NULL );
    check( file != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS );
    check_local( file );
    CloseHandle( file );

    /* a directory has the name */
    check( DeleteFileA( path ) && CreateDirectoryA( path, NULL ));
    check_fails( ERROR_ACCESS_DENIED );
    check( RemoveDirectoryA( path ));

    /* it is marked for deletion while it is open */
    make_file( path, 30 );
    check_reads( path, 30 );
    file = CreateFileA( path, DELETE, 7, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check_reads( path, 30 );
    CloseHandle( file );
    check_fails( ERROR_FILE_NOT_FOUND );

    strcpy( tree, temp_path( "again-tree" ));
    test_listed( FALSE, FALSE );
    test_listed( TRUE, FALSE );
    test_listed( FALSE, TRUE );
    test_listed( TRUE, TRUE );
    test_reading();
    test_handle_again();
}
