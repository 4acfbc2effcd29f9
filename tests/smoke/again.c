/*
 * Opening the same file again and again, while its name comes to mean another
 * file, or none, or something that is not a file.
 */
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
}
