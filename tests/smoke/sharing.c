#include "smoke.h"

struct holder
{
    HANDLE process, ready, done;
};

/* Another process opens path and keeps it open. */
static struct holder hold( const char *path, DWORD access, DWORD share )
{
    struct holder holder;
    char ready[64], done[64];

    snprintf( ready, sizeof(ready), "nspa-ready-%lu", GetCurrentProcessId() );
    snprintf( done, sizeof(done), "nspa-done-%lu", GetCurrentProcessId() );
    holder.ready = CreateEventA( NULL, TRUE, FALSE, ready );
    holder.done = CreateEventA( NULL, TRUE, FALSE, done );
    holder.process = start_child( FALSE, "hold %s %lx %lx %s %s", path, access, share, ready, done );
    check( WaitForSingleObject( holder.ready, 30000 ) == WAIT_OBJECT_0 );
    return holder;
}

static void release( struct holder *holder )
{
    SetEvent( holder->done );
    check( finish_child( holder->process ) == 0 );
    CloseHandle( holder->ready );
    CloseHandle( holder->done );
}

/* The error of an open in this process. */
static DWORD open_error( const char *path, DWORD access, DWORD share )
{
    HANDLE file = CreateFileA( path, access, share, NULL, OPEN_EXISTING, 0, NULL );

    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    CloseHandle( file );
    return 0;
}

void test_sharing(void)
{
    const char *path = temp_path( "sharing" );
    struct holder holder;
    HANDLE file, second, map;
    void *view;

    make_file( path, 100 );

    /* one process, both local */
    file = open_read( path, 0 );
    check_local( file );
    check( open_error( path, GENERIC_READ, FILE_SHARE_READ ) == ERROR_SHARING_VIOLATION );
    check( open_error( path, FILE_READ_ATTRIBUTES, 0 ) == 0 );
    CloseHandle( file );
    file = open_read( path, FILE_SHARE_READ );
    second = open_read( path, FILE_SHARE_READ );
    check_local( file );
    check_local( second );
    CloseHandle( file );
    check( open_error( path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE ) == ERROR_SHARING_VIOLATION );
    CloseHandle( second );
    check( open_error( path, GENERIC_WRITE, 0 ) == 0 );

    /* a local open against others */
    file = open_read( path, 0 );
    check_local( file );
    check( run_child( FALSE, "open %s %lx %lx", path, GENERIC_READ, 7ul ) == ERROR_SHARING_VIOLATION );
    check( run_child( FALSE, "open %s %lx %lx", path, GENERIC_WRITE, 7ul ) == ERROR_SHARING_VIOLATION );
    check( run_child( FALSE, "open %s %lx %lx", path, DELETE, 7ul ) == ERROR_SHARING_VIOLATION );
    CloseHandle( file );
    check( run_child( FALSE, "open %s %lx %lx", path, GENERIC_READ, 7ul ) == 0 );
    check( run_child( FALSE, "open %s %lx %lx", path, GENERIC_WRITE, 0ul ) == 0 );

    /* another's local open against ours */
    holder = hold( path, GENERIC_READ, 0 );
    check( open_error( path, GENERIC_READ, 7 ) == ERROR_SHARING_VIOLATION );
    check( open_error( path, GENERIC_WRITE, 7 ) == ERROR_SHARING_VIOLATION );
    check( !DeleteFileA( path ) && GetLastError() == ERROR_SHARING_VIOLATION );
    release( &holder );
    check( open_error( path, GENERIC_READ, 0 ) == 0 );

    /* another's open by the server against our local one */
    holder = hold( path, GENERIC_WRITE, FILE_SHARE_READ );
    check( open_error( path, GENERIC_READ, FILE_SHARE_READ ) == ERROR_SHARING_VIOLATION );
    file = open_read( path, FILE_SHARE_READ | FILE_SHARE_WRITE );
    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    CloseHandle( file );
    release( &holder );

    /* a process that ends with the file open lets go of it */
    holder = hold( path, GENERIC_READ, 0 );
    TerminateProcess( holder.process, 0 );
    check( WaitForSingleObject( holder.process, 30000 ) == WAIT_OBJECT_0 );
    check( open_error( path, GENERIC_WRITE, 0 ) == 0 );
    release( &holder );

    /* a writable mapping binds even opens that only ask for attributes */
    file = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
    map = CreateFileMappingA( file, NULL, PAGE_READWRITE, 0, 0, NULL );
    view = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, 0 );
    check( view != NULL );
    CloseHandle( map );
    CloseHandle( file );
    check( open_error( path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ ) == ERROR_SHARING_VIOLATION );
    check( open_error( path, GENERIC_READ, FILE_SHARE_READ ) == ERROR_SHARING_VIOLATION );
    check( open_error( path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE ) == 0 );
    UnmapViewOfFile( view );
    check( open_error( path, GENERIC_READ, FILE_SHARE_READ ) == 0 );

    /* an open file is not replaced, and is deleted with its last handle */
    file = open_read( path, 7 );
    check_local( file );
    make_file( temp_path( "other" ), 10 );
    SetLastError( 0 );
    check( !MoveFileExA( temp_path( "other" ), path, MOVEFILE_REPLACE_EXISTING ) &&
           GetLastError() == ERROR_ACCESS_DENIED );
    DeleteFileA( temp_path( "other" ));
    check( DeleteFileA( path ));
    check( GetFileAttributesA( path ) != INVALID_FILE_ATTRIBUTES );
    CloseHandle( file );
    check( GetFileAttributesA( path ) == INVALID_FILE_ATTRIBUTES );
}
