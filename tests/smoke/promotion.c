#include <string.h>
#include <winternl.h>

#include "smoke.h"

void test_promotion(void)
{
    const char *path = temp_path( "promotion" );
    BY_HANDLE_FILE_INFORMATION info, plain;
    char data[200], name[MAX_PATH];
    HANDLE file, dup, map, handles[2];
    DWORD read, flags;
    char *view;

    make_file( path, 1000 );

    /* a duplicate shares the position */
    file = open_read( path, FILE_SHARE_READ );
    check_local( file );
    check( ReadFile( file, data, 10, &read, NULL ) && is_pattern( data, 0, 10 ));
    check( DuplicateHandle( GetCurrentProcess(), file, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check_not_local( dup );
    check( ReadFile( dup, data, 10, &read, NULL ) && is_pattern( data, 10, 10 ));
    check( ReadFile( file, data, 10, &read, NULL ) && is_pattern( data, 20, 10 ));
    check( CloseHandle( file ));
    check( ReadFile( dup, data, 10, &read, NULL ) && is_pattern( data, 30, 10 ));
    check( CloseHandle( dup ));

    /* close source: the duplicate is what remains */
    file = open_read( path, FILE_SHARE_READ );
    check( DuplicateHandle( GetCurrentProcess(), file, GetCurrentProcess(), &dup, FILE_READ_DATA, FALSE,
                            DUPLICATE_CLOSE_SOURCE ));
    check( ReadFile( dup, data, 10, &read, NULL ) && is_pattern( data, 0, 10 ));
    if (dup != file) check( !CloseHandle( file ));
    check( CloseHandle( dup ));
    file = CreateFileA( path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE );  /* nothing holds it any more */
    CloseHandle( file );
    check( DeleteFileA( path ));

    /* the same answers as from a handle of the server */
    path = temp_path( "promotion2" );
    make_file( path, 1000 );
    file = open_read( path, FILE_SHARE_READ );
    dup = CreateFileA( path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL );
    check_local( file );
    check_not_local( dup );
    memset( &info, 0x55, sizeof(info) );
    memset( &plain, 0x55, sizeof(plain) );
    check( GetFileInformationByHandle( file, &info ));
    check( GetFileInformationByHandle( dup, &plain ));
    check( !memcmp( &info, &plain, sizeof(info) ));
    check( info.nFileSizeLow == 1000 );
    check( GetFinalPathNameByHandleA( file, name, sizeof(name), 0 ) > 0 );
    check( strstr( name, "nspa-smoke-promotion2" ) != NULL );
    CloseHandle( dup );

    /* waiting, alone and with others */
    check( WaitForSingleObject( file, 0 ) == WAIT_OBJECT_0 );
    handles[0] = CreateEventA( NULL, TRUE, FALSE, NULL );
    handles[1] = file;
    check( WaitForMultipleObjects( 2, handles, FALSE, 0 ) == WAIT_OBJECT_0 + 1 );
    CloseHandle( handles[0] );
    check( ReadFile( file, data, 10, &read, NULL ) && is_pattern( data, 0, 10 ));
    check( CloseHandle( file ));
    check( !CloseHandle( file ));

    /* mappings outlive the file handle */
    file = open_read( path, FILE_SHARE_READ );
    check_local( file );
    map = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 0, NULL );
    check( map != NULL );
    check( CloseHandle( file ));
    view = MapViewOfFile( map, FILE_MAP_READ, 0, 0, 0 );
    check( view && is_pattern( view, 0, 1000 ));
    check( CloseHandle( map ));
    check( is_pattern( view, 0, 1000 ));
    UnmapViewOfFile( view );

    /* a module of another name than the loader's own; its section has no attributes */
    {
        const char *module = temp_path( "module.bin" );
        HMODULE loaded;

        check( CopyFileA( "C:\\windows\\system32\\version.dll", module, FALSE ));
        loaded = LoadLibraryA( module );
        check( loaded && GetProcAddress( loaded, "VerQueryValueA" ));
        if (loaded) FreeLibrary( loaded );
        check( DeleteFileA( module ));
    }

    /* handle flags */
    file = open_read( path, FILE_SHARE_READ );
    check( GetHandleInformation( file, &flags ) && !flags );
    check( SetHandleInformation( file, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE ));
    SetLastError( 0 );
    check( !CloseHandle( file ));
    check( ReadFile( file, data, 10, &read, NULL ) && is_pattern( data, 0, 10 ));
    check( SetHandleInformation( file, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0 ));
    check( CloseHandle( file ));

    /* ranges */
    file = open_read( path, FILE_SHARE_READ );
    check( LockFile( file, 0, 0, 10, 0 ));
    check( UnlockFile( file, 0, 0, 10, 0 ));
    check( CloseHandle( file ));
    check( DeleteFileA( path ));
}
