/*
 * Opens that only ask for attributes, as stat() of C run-time libraries and of
 * libuv makes them: with the backup intent, since the name may be a directory's.
 */
#include <string.h>

#include "smoke.h"

static const char *path;

/* Open for attributes and ask for all there is. */
static void query( DWORD access, DWORD flags )
{
    HANDLE file = CreateFileA( path, access, 7, NULL, OPEN_EXISTING, flags, NULL ), plain;
    BY_HANDLE_FILE_INFORMATION info, plain_info;
    FILE_ATTRIBUTE_TAG_INFO tag;
    FILE_STANDARD_INFO standard;
    FILE_BASIC_INFO basic;
    char data[8];
    DWORD read;

    if (!check( file != INVALID_HANDLE_VALUE )) return;
    check_local( file );
    check( GetFileInformationByHandle( file, &info ));
    check( GetFileInformationByHandleEx( file, FileBasicInfo, &basic, sizeof(basic) ));
    check( GetFileInformationByHandleEx( file, FileStandardInfo, &standard, sizeof(standard) ));
    check( GetFileInformationByHandleEx( file, FileAttributeTagInfo, &tag, sizeof(tag) ));
    check( info.nFileSizeLow == 300 && standard.EndOfFile.QuadPart == 300 && !standard.Directory );
    check( basic.FileAttributes == info.dwFileAttributes && tag.FileAttributes == info.dwFileAttributes );
    SetLastError( 0 );
    check( !ReadFile( file, data, sizeof(data), &read, NULL ) && GetLastError() == ERROR_ACCESS_DENIED );
    check_local( file );

    /* the server's answer is the same */
    plain = CreateFileA( path, access | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, flags, NULL );
    check( plain != INVALID_HANDLE_VALUE );
    check_not_local( plain );
    check( GetFileInformationByHandle( plain, &plain_info ) && !memcmp( &info, &plain_info, sizeof(info) ));
    CloseHandle( plain );
    check( CloseHandle( file ));
}

void test_attributes(void)
{
    static const DWORD accesses[] = { 0, FILE_READ_ATTRIBUTES, FILE_READ_ATTRIBUTES | READ_CONTROL };
    static const DWORD flags[] = { 0, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT };
    BY_HANDLE_FILE_INFORMATION info;
    HANDLE holder, file;
    unsigned int i, k;
    char dir[MAX_PATH];

    path = temp_path( "attributes" );
    make_file( path, 300 );
    for (i = 0; i < ARRAYSIZE(accesses); i++)
        for (k = 0; k < ARRAYSIZE(flags); k++) query( accesses[i], flags[k] );

    /* such an open takes no part in sharing */
    holder = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL );
    check( holder != INVALID_HANDLE_VALUE );
    file = CreateFileA( path, FILE_READ_ATTRIBUTES, 0, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check( CloseHandle( file ));
    CloseHandle( holder );

    /* the same call on a directory */
    GetTempPathA( sizeof(dir), dir );
    file = CreateFileA( dir, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    check( GetFileInformationByHandle( file, &info ) && (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) );
    check( CloseHandle( file ));
    check( DeleteFileA( path ));
}
