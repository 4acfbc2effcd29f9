#include "smoke.h"

/* A handle of another process, which nobody told the server about. */
void test_foreign(void)
{
    const char *path = temp_path( "foreign" );
    char ready_name[64], done_name[64], map_name[64], data[100];
    HANDLE ready, done, map, child, dup = NULL;
    ULONG_PTR *where;
    DWORD read;

    make_file( path, 1000 );
    snprintf( ready_name, sizeof(ready_name), "nspa-fready-%lu", GetCurrentProcessId() );
    snprintf( done_name, sizeof(done_name), "nspa-fdone-%lu", GetCurrentProcessId() );
    snprintf( map_name, sizeof(map_name), "nspa-fmap-%lu", GetCurrentProcessId() );
    ready = CreateEventA( NULL, TRUE, FALSE, ready_name );
    done = CreateEventA( NULL, TRUE, FALSE, done_name );
    map = CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*where), map_name );
    where = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*where) );
    check( where != NULL );

    child = start_child( FALSE, "give %s %s %s %s", path, map_name, ready_name, done_name );
    check( WaitForSingleObject( ready, 30000 ) == WAIT_OBJECT_0 );
    /* its children inherit what it never told the server */
    check( run_child_with( PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, child, "handle %Ix 0", *where ) == 0 );
    check( DuplicateHandle( child, (HANDLE)*where, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check( ReadFile( dup, data, 10, &read, NULL ) && read == 10 && is_pattern( data, 100, 10 ));
    SetLastError( 0 );
    check( !DuplicateHandle( child, (HANDLE)(*where + 0x100), GetCurrentProcess(), &map, 0, FALSE,
                             DUPLICATE_SAME_ACCESS ));
    check( GetLastError() == ERROR_INVALID_HANDLE );
    SetEvent( done );
    check( finish_child( child ) == 0 );
    check( ReadFile( dup, data, 10, &read, NULL ) && is_pattern( data, 210, 10 ));
    CloseHandle( dup );
    CloseHandle( ready );
    CloseHandle( done );
    UnmapViewOfFile( where );
    check( DeleteFileA( path ));
}
