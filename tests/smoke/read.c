#include <string.h>

#include "smoke.h"

void test_read(void)
{
    const char *path = temp_path( "read" );
    char data[5000];
    LARGE_INTEGER size;
    HANDLE file;
    DWORD read;

    make_file( path, 4500 );
    file = open_read( path, FILE_SHARE_READ );
    check( file != INVALID_HANDLE_VALUE );
    check_local( file );

    check( ReadFile( file, data, 1000, &read, NULL ) && read == 1000 && is_pattern( data, 0, 1000 ));
    check( SetFilePointer( file, 0, NULL, FILE_CURRENT ) == 1000 );
    check( SetFilePointer( file, 4000, NULL, FILE_BEGIN ) == 4000 );
    check( ReadFile( file, data, sizeof(data), &read, NULL ) && read == 500 && is_pattern( data, 4000, 500 ));
    check( ReadFile( file, data, sizeof(data), &read, NULL ) && !read );
    check( GetFileSizeEx( file, &size ) && size.QuadPart == 4500 );
    check( GetFileType( file ) == FILE_TYPE_DISK );
    SetLastError( 0 );
    check( !WriteFile( file, "x", 1, &read, NULL ) && GetLastError() == ERROR_ACCESS_DENIED );
    check( CloseHandle( file ));
    SetLastError( 0 );
    check( !CloseHandle( file ) && GetLastError() == ERROR_INVALID_HANDLE );
    SetLastError( 0 );
    check( !ReadFile( file, data, 1, &read, NULL ) && GetLastError() == ERROR_INVALID_HANDLE );

    /* what stays with the server */
    file = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check_not_local( file );
    CloseHandle( file );
    file = CreateFileA( path, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check_not_local( file );
    CloseHandle( file );
    file = open_read( "C:\\windows\\system32\\kernel32.dll", FILE_SHARE_READ );
    check( file != INVALID_HANDLE_VALUE );
    check_not_local( file );
    CloseHandle( file );

    /* what does not exist fails as the server says */
    SetLastError( 0 );
    check( open_read( temp_path( "absent" ), 0 ) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND );
    SetLastError( 0 );
    check( open_read( "C:\\nowhere\\at\\all", 0 ) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PATH_NOT_FOUND );

    /* a buffer that is not there: an error, and the file still works */
    file = open_read( path, FILE_SHARE_READ );
    check_local( file );
    SetLastError( 0 );
    check( !ReadFile( file, (void *)0xdead0000, 10, &read, NULL ) );
    check( ReadFile( file, data, 10, &read, NULL ) && read == 10 );
    CloseHandle( file );
    DeleteFileA( path );
}
