/* Directories: opening, listing, and what else is done with their handles. */

#include <stdlib.h>
#include <string.h>
#include <winternl.h>
#include <ntstatus.h>

#include "smoke.h"

#define DECLARE(name, ...) NTSYSAPI NTSTATUS NTAPI name( __VA_ARGS__ )
DECLARE( NtQueryDirectoryFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, int, BOOLEAN,
         UNICODE_STRING *, BOOLEAN );
DECLARE( NtNotifyChangeDirectoryFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, ULONG, BOOLEAN );
DECLARE( NtLockFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG *,
         BOOLEAN, BOOLEAN );
DECLARE( NtFlushBuffersFile, HANDLE, IO_STATUS_BLOCK * );
DECLARE( NtReadFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, LARGE_INTEGER *, ULONG * );
DECLARE( NtWriteFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const void *, ULONG, LARGE_INTEGER *, ULONG * );
DECLARE( NtCreateSection, HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, LARGE_INTEGER *, ULONG, ULONG, HANDLE );

#define check_status( call, want ) do { \
    NTSTATUS status_ = (call); \
    if (!check( status_ == (NTSTATUS)(want) )) printf( "%s:%d: status %lx, not %lx\n", __FILE__, __LINE__, \
                                                       (unsigned long)status_, (unsigned long)(want) ); } while (0)

#define SYNC     FILE_SYNCHRONOUS_IO_NONALERT
#define BACKUP   0x4000
#define LIST     (FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | SYNCHRONIZE)
#define FILES    30

static const char *dir;

static char *below( const char *name )
{
    static char paths[4][MAX_PATH];
    static int next;
    char *path = paths[next++ % 4];

    snprintf( path, MAX_PATH, "%s\\%s", dir, name );
    return path;
}

static NTSTATUS open_nt( const char *path, DWORD access, DWORD share, DWORD options, HANDLE *handle )
{
    return open_relative( NULL, path, access, share, FILE_OPEN, options, handle );
}

static HANDLE open_dir( const char *path )
{
    HANDLE handle = NULL;

    check_status( open_nt( path, LIST, 7, SYNC | BACKUP, &handle ), STATUS_SUCCESS );
    check_local( handle );
    return handle;
}

/* The same directory as wineserver opens it: who may add files is not served here. */
static HANDLE open_on_server( const char *path )
{
    HANDLE handle = NULL;

    check_status( open_nt( path, LIST | FILE_ADD_FILE, 7, SYNC | BACKUP, &handle ), STATUS_SUCCESS );
    check_not_local( handle );
    return handle;
}

static HANDLE open_inheritable( const char *path )
{
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };
    HANDLE handle = CreateFileA( path, LIST, 7, &sa, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );

    check( handle != INVALID_HANDLE_VALUE );
    check_local( handle );
    return handle;
}

/* The names are 00 to 29 and one directory, in this order. */
static void make_tree(void)
{
    char name[MAX_PATH];
    int i;

    check( CreateDirectoryA( dir, NULL ));
    for (i = 0; i < FILES; i++)
    {
        snprintf( name, sizeof(name), "%02d", i );
        make_file( below( name ), i );
    }
    check( CreateDirectoryA( below( "sub" ), NULL ));
}

static void remove_tree(void)
{
    char name[MAX_PATH];
    int i;

    for (i = 0; i < FILES; i++)
    {
        snprintf( name, sizeof(name), "%02d", i );
        check( DeleteFileA( below( name )));
    }
    check( RemoveDirectoryA( below( "sub" )));
    check( RemoveDirectoryA( dir ));
}

/* ---- opening --------------------------------------------------------------- */

static void test_opens(void)
{
    static const DWORD shared[] = { LIST, FILE_READ_ATTRIBUTES | SYNCHRONIZE, FILE_TRAVERSE | SYNCHRONIZE, GENERIC_READ,
                                    READ_CONTROL | SYNCHRONIZE };
    static const DWORD options[] = { SYNC, SYNC | BACKUP, SYNC | FILE_DIRECTORY_FILE, FILE_SYNCHRONOUS_IO_ALERT,
                                     SYNC | BACKUP | 0x200000 /* FILE_OPEN_REPARSE_POINT */ };
    char slash[MAX_PATH];
    HANDLE handle;
    unsigned int i, k;

    snprintf( slash, sizeof(slash), "%s\\", dir );
    for (i = 0; i < ARRAYSIZE(shared); i++)
        for (k = 0; k < ARRAYSIZE(options); k++)
        {
            check_status( open_nt( k & 1 ? slash : dir, shared[i], 7, options[k], &handle ), STATUS_SUCCESS );
            check_local( handle );
            check( CloseHandle( handle ));
            check( !CloseHandle( handle ));
        }
    check_status( open_nt( dir, LIST, 7, SYNC | FILE_NON_DIRECTORY_FILE, &handle ), STATUS_FILE_IS_A_DIRECTORY );
    check_status( open_nt( below( "00" ), LIST, 7, SYNC | FILE_DIRECTORY_FILE, &handle ), STATUS_NOT_A_DIRECTORY );
    check_status( open_nt( dir, LIST, 7, SYNC | FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE, &handle ),
                  STATUS_FILE_IS_A_DIRECTORY );
    check_status( open_nt( below( "none" ), LIST, 7, SYNC | FILE_DIRECTORY_FILE, &handle ), STATUS_OBJECT_NAME_NOT_FOUND );
    check_status( open_relative( NULL, dir, LIST, 7, FILE_CREATE, SYNC | FILE_DIRECTORY_FILE, &handle ),
                  STATUS_OBJECT_NAME_COLLISION );
    check_status( open_relative( NULL, dir, LIST, 7, FILE_OPEN_IF, SYNC | FILE_DIRECTORY_FILE, &handle ), STATUS_SUCCESS );
    check_local( handle );
    CloseHandle( handle );

    /* who may wait for changes asynchronously, or write, is wineserver's */
    check_status( open_nt( dir, LIST, 7, FILE_DIRECTORY_FILE, &handle ), STATUS_SUCCESS );
    check_not_local( handle );
    CloseHandle( handle );
    CloseHandle( open_on_server( dir ));
}

/* ---- listing --------------------------------------------------------------- */

enum { NAMES = 12 };  /* FileNamesInformation */

static NTSTATUS list( HANDLE handle, ULONG size, BOOLEAN single, const WCHAR *pattern, BOOLEAN restart, char *names )
{
    static ULONGLONG buffer[512];
    IO_STATUS_BLOCK io = { .Status = 0xdead, .Information = 0xdead };
    struct { ULONG next, index, len; WCHAR name[1]; } *info = (void *)buffer;
    UNICODE_STRING mask;
    NTSTATUS status;

    if (pattern) RtlInitUnicodeString( &mask, pattern );
    names[0] = 0;
    status = NtQueryDirectoryFile( handle, NULL, NULL, NULL, &io, buffer, size, NAMES, single,
                                   pattern ? &mask : NULL, restart );
    if (status) return status;
    for (;; info = (void *)((char *)info + info->next))
    {
        sprintf( names + strlen( names ), "%.*ls ", (int)info->len / 2, info->name );
        if (!info->next) return status;
    }
}

/* The next entry of a listing; "" at its end. */
static const char *next( HANDLE handle )
{
    static char names[2][512];
    static int turn;
    char *name = names[turn++ % 2];
    NTSTATUS status = list( handle, 512, TRUE, NULL, FALSE, name );

    if (status && !check( status == STATUS_NO_MORE_FILES )) printf( "status %lx\n", (unsigned long)status );
    if (name[0]) name[strlen( name ) - 1] = 0;
    return name;
}

#define check_next( handle, want ) do { \
    const char *next_ = next( handle ); \
    if (!check( !strcmp( next_, want ))) printf( "%s:%d: \"%s\", not \"%s\"\n", __FILE__, __LINE__, next_, want ); } while (0)

static void test_lists(void)
{
    static const struct { ULONG size; BOOLEAN single; const WCHAR *pattern; } ways[] =
    {
        { 4096, FALSE, NULL }, { 64, FALSE, NULL }, { 200, FALSE, NULL }, { 18, FALSE, NULL }, { 512, TRUE, NULL },
        { 4096, FALSE, L"*" }, { 4096, FALSE, L"0?" }, { 30, FALSE, L"1*" }, { 4096, FALSE, L"none" }, { 8, FALSE, NULL },
    };
    char names[2][2048];
    NTSTATUS status;
    HANDLE local, server;
    unsigned int i, k;

    for (i = 0; i < ARRAYSIZE(ways); i++)
    {
        local = open_dir( dir );
        server = open_on_server( dir );
        for (k = 0; k < 60; k++)
        {
            BOOLEAN restart = k == 3 || k == 40;
            const WCHAR *pattern = k == 3 ? L"2*" : ways[i].pattern;  /* only the first counts */

            status = list( server, ways[i].size, ways[i].single, pattern, restart, names[0] );
            check_status( list( local, ways[i].size, ways[i].single, pattern, restart, names[1] ), status );
            check( !strcmp( names[0], names[1] ));
        }
        check_local( local );
        check( server_knows( local ) != smoke_bypass() );
        CloseHandle( server );
        CloseHandle( local );
    }

    /* many at once, each with a place of its own */
    local = open_dir( dir );
    server = open_dir( below( "sub" ));
    check_next( local, "." );
    check_next( server, "." );
    check_next( local, ".." );
    check_next( local, "00" );
    check_next( server, ".." );
    check_next( server, "" );
    CloseHandle( server );
    server = open_dir( dir );  /* probably of the same value */
    check_next( server, "." );
    check_next( local, "01" );
    CloseHandle( local );
    CloseHandle( server );

    check_status( open_nt( dir, FILE_READ_ATTRIBUTES | SYNCHRONIZE, 7, SYNC, &local ), STATUS_SUCCESS );
    check_local( local );
    check_status( list( local, 512, FALSE, NULL, FALSE, names[0] ), STATUS_ACCESS_DENIED );
    CloseHandle( local );
    local = open_read( below( "00" ), 7 );
    check_local( local );
    check_status( list( local, 512, FALSE, NULL, FALSE, names[0] ), STATUS_INVALID_PARAMETER );
    CloseHandle( local );
    check_status( list( local, 512, FALSE, NULL, FALSE, names[0] ), STATUS_INVALID_HANDLE );
}

static HANDLE duplicate( HANDLE handle, DWORD options )
{
    HANDLE copy = NULL;

    check( DuplicateHandle( GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE,
                            DUPLICATE_SAME_ACCESS | options ));
    return copy;
}

/* A listing goes on where it was when wineserver gets to know the directory, and
 * all handles of it share one place. */
static void test_promotion_of_lists(void)
{
    HANDLE handle = open_dir( dir ), copy, other, many[300];
    unsigned int i;

    check_next( handle, "." );
    check_next( handle, ".." );
    WaitForSingleObject( handle, 0 );
    check( server_knows( handle ));
    check_next( handle, "00" );
    copy = duplicate( handle, 0 );
    check_next( copy, "01" );
    check_next( handle, "02" );
    CloseHandle( handle );
    other = open_dir( dir );
    check_next( other, "." );
    check_next( copy, "03" );
    CloseHandle( copy );
    check_next( other, ".." );

    /* local until it is duplicated; the copy is asked first */
    copy = duplicate( other, 0 );
    check_next( copy, "00" );
    check_next( other, "01" );
    CloseHandle( other );
    check_next( copy, "02" );

    /* the handle is closed with the copy made */
    other = duplicate( copy, DUPLICATE_CLOSE_SOURCE );
    check_next( other, "03" );
    CloseHandle( other );
    handle = open_dir( dir );
    check_next( handle, "." );
    copy = duplicate( handle, DUPLICATE_CLOSE_SOURCE );
    check_next( copy, ".." );
    CloseHandle( copy );

    /* not listed before, and closed without being listed again */
    handle = open_dir( dir );
    copy = duplicate( handle, 0 );
    check_next( copy, "." );
    check_next( handle, ".." );
    CloseHandle( handle );
    CloseHandle( copy );
    handle = open_dir( dir );
    check_next( handle, "." );
    CloseHandle( duplicate( handle, 0 ));
    CloseHandle( handle );
    handle = open_on_server( dir );
    check_next( handle, "." );
    CloseHandle( handle );

    /* many, so that places are used again in both ways */
    for (i = 0; i < ARRAYSIZE(many); i++)
    {
        many[i] = open_dir( i & 4 ? below( "sub" ) : dir );
        check_next( many[i], "." );
        if (i & 1) WaitForSingleObject( many[i], 0 );
        if (i & 2) CloseHandle( many[i] );
    }
    other = open_on_server( dir );
    check_next( other, "." );
    CloseHandle( other );
    for (i = 0; i < ARRAYSIZE(many); i++)
    {
        if (i & 2) continue;
        check_next( many[i], ".." );
        check_next( many[i], i & 4 ? "" : "00" );
        CloseHandle( many[i] );
    }
}

/* List through a handle that is inherited, or duplicated from a process. In Wine only one
 * process can list through the handles of an object. */
int directory_child( DWORD pid, ULONG64 value )
{
    HANDLE handle = (HANDLE)(ULONG_PTR)value;
    char names[512];

    if (pid && !DuplicateHandle( OpenProcess( PROCESS_DUP_HANDLE, FALSE, pid ), handle, GetCurrentProcess(), &handle,
                                 0, FALSE, DUPLICATE_SAME_ACCESS )) return 3;
    return list( handle, 512, TRUE, NULL, FALSE, names ) == STATUS_SHARING_VIOLATION ? 1 : strcmp( names, ". " ) ? 2 : 0;
}

static void test_inherited(void)
{
    HANDLE handle = open_inheritable( dir );
    char names[512];

    check_next( handle, "." );
    check( run_child( TRUE, "directory 0 %llu", (ULONG64)(ULONG_PTR)handle ) == 1 );
    check_next( handle, ".." );
    CloseHandle( handle );

    handle = open_inheritable( dir );
    check( run_child( TRUE, "directory 0 %llu", (ULONG64)(ULONG_PTR)handle ) == 0 );
    check_status( list( handle, 512, TRUE, NULL, FALSE, names ), STATUS_SHARING_VIOLATION );
    CloseHandle( handle );

    handle = open_inheritable( dir );
    check_next( handle, "." );
    check( run_child_with( PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handle, "directory 0 %llu", (ULONG64)(ULONG_PTR)handle ) == 1 );
    check_next( handle, ".." );
    CloseHandle( handle );

    handle = open_dir( dir );
    check_next( handle, "." );
    check( run_child( FALSE, "directory %lu %llu", GetCurrentProcessId(), (ULONG64)(ULONG_PTR)handle ) == 1 );
    check_next( handle, ".." );
    CloseHandle( handle );
    handle = open_dir( dir );
    check( run_child( FALSE, "directory %lu %llu", GetCurrentProcessId(), (ULONG64)(ULONG_PTR)handle ) == 0 );
    CloseHandle( handle );
}

/* ---- changes ----------------------------------------------------------------- */

static DWORD CALLBACK wait_for_change( void *arg )
{
    static char buffer[1024];
    DWORD size;

    return ReadDirectoryChangesW( *(HANDLE *)arg, buffer, sizeof(buffer), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, &size, NULL, NULL );
}

static HANDLE watch_tree( OVERLAPPED *over, void *buffer, ULONG size )
{
    HANDLE handle = CreateFileA( dir, FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                                 FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL );

    check( handle != INVALID_HANDLE_VALUE );
    check_not_local( handle );
    memset( over, 0, sizeof(*over) );
    over->hEvent = CreateEventA( NULL, TRUE, FALSE, NULL );
    check( ReadDirectoryChangesW( handle, buffer, size, TRUE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL, over, NULL ));
    return handle;
}

static void end_watch( HANDLE handle, OVERLAPPED *over )
{
    CancelIo( handle );
    WaitForSingleObject( over->hEvent, 5000 );
    CloseHandle( over->hEvent );
    CloseHandle( handle );
}

static void test_changes(void)
{
    HANDLE handle = open_dir( dir ), thread, watch, early;
    static ULONGLONG buffer[128];
    FILE_NOTIFY_INFORMATION *info = (void *)buffer;
    OVERLAPPED over;
    unsigned int i;

    /* a handle that was local can be waited with */
    thread = CreateThread( NULL, 0, wait_for_change, &handle, 0, NULL );
    for (i = 0; i < 50 && WaitForSingleObject( thread, 100 ); i++)
    {
        make_file( below( "change" ), 1 );
        DeleteFileA( below( "change" ));
    }
    check( i && i < 50 );
    CloseHandle( thread );
    CloseHandle( handle );

    /* wineserver watches those directories of a tree that are opened meanwhile */
    early = open_dir( below( "sub" ));
    watch = watch_tree( &over, buffer, sizeof(buffer) );
    make_file( below( "sub\\change" ), 1 );
    check( WaitForSingleObject( over.hEvent, 300 ) == WAIT_TIMEOUT );
    CloseHandle( duplicate( early, 0 ));  /* was opened before */
    check( DeleteFileA( below( "sub\\change" )));
    check( WaitForSingleObject( over.hEvent, 300 ) == WAIT_TIMEOUT );
    check_status( open_nt( below( "sub" ), LIST, 7, SYNC | BACKUP, &handle ), STATUS_SUCCESS );
    check_not_local( handle );
    CloseHandle( handle );
    make_file( below( "sub\\change" ), 1 );
    check( WaitForSingleObject( over.hEvent, 5000 ) == WAIT_OBJECT_0 );
    check( info->FileNameLength == 20 && !memcmp( info->FileName, L"sub\\change", 20 ));
    CloseHandle( early );
    end_watch( watch, &over );
    check( DeleteFileA( below( "sub\\change" )));
    CloseHandle( open_dir( below( "sub" )));
}

/* ---- other processes, deleting, renaming --------------------------------------- */

static void test_dir_sharing(void)
{
    const char *sub = below( "sub" );
    HANDLE handle, second;

    check_status( open_nt( sub, LIST, 0, SYNC, &handle ), STATUS_SUCCESS );
    check_local( handle );
    check( run_child( FALSE, "open %s %x %x", sub, GENERIC_READ, 7 ) == ERROR_SHARING_VIOLATION );
    check( run_child( FALSE, "open %s %x %x", sub, FILE_READ_ATTRIBUTES, 0 ) == 0 );
    check_status( open_nt( sub, LIST, 7, SYNC, &second ), STATUS_SHARING_VIOLATION );
    check( !RemoveDirectoryA( sub ) && GetLastError() == ERROR_SHARING_VIOLATION );
    CloseHandle( handle );

    check_status( open_nt( sub, LIST, FILE_SHARE_READ, SYNC, &handle ), STATUS_SUCCESS );
    check_local( handle );
    check( run_child( FALSE, "open %s %x %x", sub, GENERIC_READ, FILE_SHARE_READ ) == 0 );
    check( run_child( FALSE, "open %s %x %x", sub, GENERIC_WRITE, FILE_SHARE_READ ) == ERROR_SHARING_VIOLATION );
    check_status( open_nt( sub, LIST | DELETE, 7, SYNC, &second ), STATUS_SHARING_VIOLATION );
    CloseHandle( handle );

    /* wineserver's open stands against a local one */
    check_status( open_nt( sub, LIST | DELETE, 7, SYNC, &second ), STATUS_SUCCESS );
    check_not_local( second );
    check_status( open_nt( sub, LIST, FILE_SHARE_READ, SYNC, &handle ), STATUS_SHARING_VIOLATION );
    check_status( open_nt( sub, LIST, 7, SYNC, &handle ), STATUS_SUCCESS );
    check_local( handle );
    CloseHandle( handle );
    CloseHandle( second );
}

static void test_deletion(void)
{
    HANDLE handle, second;
    FILE_STANDARD_INFO info;

    /* gone with the last handle */
    check( CreateDirectoryA( below( "gone" ), NULL ));
    handle = open_dir( below( "gone" ));
    check_next( handle, "." );
    check( RemoveDirectoryA( below( "gone" )));
    check( GetFileAttributesA( below( "gone" )) == FILE_ATTRIBUTE_DIRECTORY );
    check( GetFileInformationByHandleEx( handle, FileStandardInfo, &info, sizeof(info) ) && info.Directory );
    check_next( handle, ".." );
    CloseHandle( handle );
    check( GetFileAttributesA( below( "gone" )) == INVALID_FILE_ATTRIBUTES );

    /* promoted meanwhile */
    check( CreateDirectoryA( below( "gone" ), NULL ));
    handle = open_dir( below( "gone" ));
    check( RemoveDirectoryA( below( "gone" )));
    second = duplicate( handle, 0 );
    CloseHandle( handle );
    check( GetFileAttributesA( below( "gone" )) == FILE_ATTRIBUTE_DIRECTORY );
    CloseHandle( second );
    check( GetFileAttributesA( below( "gone" )) == INVALID_FILE_ATTRIBUTES );

    /* delete on close */
    check( CreateDirectoryA( below( "gone" ), NULL ));
    handle = open_dir( below( "gone" ));
    check_status( open_nt( below( "gone" ), DELETE | SYNCHRONIZE, 7, SYNC | FILE_DELETE_ON_CLOSE, &second ), STATUS_SUCCESS );
    check_not_local( second );
    CloseHandle( second );
    check( GetFileAttributesA( below( "gone" )) == FILE_ATTRIBUTE_DIRECTORY );
    CloseHandle( handle );
    check( GetFileAttributesA( below( "gone" )) == INVALID_FILE_ATTRIBUTES );

    check( !RemoveDirectoryA( dir ) && GetLastError() == ERROR_DIR_NOT_EMPTY );
}

/* What the object is called, and what the volume's part of that is. */
static void object_name( HANDLE handle, char *name )
{
    static ULONGLONG buffer[512];
    struct { ULONG length; WCHAR name[1]; } *info = (void *)buffer;
    UNICODE_STRING *str = (void *)buffer;
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtQueryObject( handle, 1, buffer, sizeof(buffer), NULL );

    sprintf( name, "%lx %.*ls", (unsigned long)status, str->Length / 2, status ? L"" : str->Buffer );
    status = NtQueryInformationFile( handle, &io, buffer, sizeof(buffer), 9 );
    sprintf( name + strlen( name ), " %lx %.*ls", (unsigned long)status, (int)info->length / 2, status ? L"" : info->name );
}

static void test_names_of_directories(void)
{
    char slash[MAX_PATH], names[5][1024];
    HANDLE handles[4], again;
    unsigned int i;

    check( CreateDirectoryA( below( "old" ), NULL ));
    check( CreateDirectoryA( below( "old\\sub" ), NULL ));
    snprintf( slash, sizeof(slash), "%s\\", below( "old\\sub" ));
    handles[0] = open_on_server( slash );
    handles[1] = open_dir( below( "old\\sub" ));
    handles[2] = open_dir( slash );
    handles[3] = open_dir( slash );
    for (i = 0; i < 4; i++) object_name( handles[i], names[i] );
    for (i = 1; i < 4; i++) check( !strcmp( names[0], names[i] ));

    /* moved, under another name, and under another directory: called by where it is, as on
     * Windows, while wineserver keeps the name it was opened by, or promoted */
    check( MoveFileA( below( "old\\sub" ), below( "old\\new" )));
    WaitForSingleObject( handles[3], 0 );
    again = open_dir( below( "old\\new" ));
    object_name( smoke_bypass() ? again : handles[0], names[4] );
    CloseHandle( again );
    for (i = 0; i < 4; i++) object_name( handles[i], names[i] );
    for (i = 1; i < 4; i++) if (!check( !strcmp( names[4], names[i] ))) printf( "%s\n%s\n", names[4], names[i] );
    check_local( handles[1] );
    check( server_knows( handles[1] ) != smoke_bypass() );
    CloseHandle( handles[3] );
    handles[3] = open_dir( below( "old\\new" ));
    object_name( handles[3], names[3] );
    check( MoveFileA( below( "old" ), below( "older" )));
    object_name( handles[3], names[4] );
    check( (strcmp( names[3], names[4] ) != 0) == smoke_bypass() );
    for (i = 0; i < 4; i++) CloseHandle( handles[i] );
    check( RemoveDirectoryA( below( "older\\new" )));
    check( RemoveDirectoryA( below( "older" )));

    /* the root of a drive is a symbolic link */
    handles[0] = open_on_server( "C:\\" );
    handles[1] = open_dir( "C:\\" );
    for (i = 0; i < 2; i++) object_name( handles[i], names[i] );
    check( !strcmp( names[0], names[1] ));
    for (i = 0; i < 2; i++) CloseHandle( handles[i] );
}

/* ---- what else is done with handles --------------------------------------------- */

static NTSTATUS do_read( HANDLE handle )
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK io;
    char data[8];

    return NtReadFile( handle, 0, NULL, NULL, &io, data, sizeof(data), &offset, NULL );
}

static NTSTATUS do_write( HANDLE handle )
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK io;

    return NtWriteFile( handle, 0, NULL, NULL, &io, "data", 4, &offset, NULL );
}

static NTSTATUS do_lock( HANDLE handle )
{
    LARGE_INTEGER offset = { .QuadPart = 0 }, length = { .QuadPart = 1 };
    IO_STATUS_BLOCK io;
    ULONG key = 0;

    return NtLockFile( handle, 0, NULL, NULL, &io, &offset, &length, &key, TRUE, TRUE );
}

static NTSTATUS do_flush( HANDLE handle )
{
    IO_STATUS_BLOCK io;

    return NtFlushBuffersFile( handle, &io );
}

static NTSTATUS control( HANDLE handle, ULONG code )
{
    IO_STATUS_BLOCK io;
    char data[1024];

    return NtFsControlFile( handle, 0, NULL, NULL, &io, code, NULL, 0, data, sizeof(data) );
}
static NTSTATUS do_reparse( HANDLE handle ) { return control( handle, 0x900a8 ); }
static NTSTATUS do_oplock( HANDLE handle ) { return control( handle, 0x90000 ); }
static NTSTATUS do_mounted( HANDLE handle ) { return control( handle, 0x90028 ); }
static NTSTATUS do_object_id( HANDLE handle ) { return control( handle, 0x9009c ); }

static NTSTATUS section( HANDLE handle, ULONG flags )
{
    HANDLE map;
    NTSTATUS status = NtCreateSection( &map, SECTION_MAP_READ | SECTION_QUERY, NULL, NULL, PAGE_READONLY, flags, handle );

    if (!status) CloseHandle( map );
    return status;
}
static NTSTATUS do_section( HANDLE handle ) { return section( handle, SEC_COMMIT ); }
static NTSTATUS do_image( HANDLE handle ) { return section( handle, SEC_IMAGE ); }

static NTSTATUS set( HANDLE handle, int class, ULONG size, ULONGLONG value )
{
    ULONGLONG data[8] = { value };
    IO_STATUS_BLOCK io;

    return NtSetInformationFile( handle, &io, data, size, class );
}
static NTSTATUS do_position( HANDLE handle ) { return set( handle, 14, 8, 5 ); }
static NTSTATUS do_basic( HANDLE handle ) { return set( handle, 4, 40, 0 ); }
static NTSTATUS do_end( HANDLE handle ) { return set( handle, 20, 8, 5 ); }
static NTSTATUS do_valid( HANDLE handle ) { return set( handle, 39, 8, 5 ); }
static NTSTATUS do_completion( HANDLE handle ) { return set( handle, 30, 16, 0 ); }
static NTSTATUS do_dispose( HANDLE handle ) { return set( handle, 13, 1, 1 ); }

static NTSTATUS do_wait( HANDLE handle ) { return WaitForSingleObject( handle, 0 ); }
static NTSTATUS do_type( HANDLE handle ) { return GetFileType( handle ); }
static NTSTATUS do_flags( HANDLE handle ) { return !SetHandleInformation( handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ); }
static NTSTATUS do_cancel( HANDLE handle ) { return !CancelIo( handle ); }

static const struct { const char *name; NTSTATUS (*call)( HANDLE ); NTSTATUS status; } operations[] =
{
    { "read", do_read, STATUS_INVALID_DEVICE_REQUEST },
    { "write", do_write, STATUS_ACCESS_DENIED },
    { "lock", do_lock, STATUS_NOT_IMPLEMENTED },
    { "flush", do_flush, STATUS_ACCESS_DENIED },
    { "reparse point", do_reparse, STATUS_NOT_A_REPARSE_POINT },
    { "oplock", do_oplock, STATUS_NOT_SUPPORTED },
    { "mounted", do_mounted, STATUS_SUCCESS },
    { "object id", do_object_id, STATUS_SUCCESS },
    { "section", do_section, STATUS_OBJECT_TYPE_MISMATCH },
    { "image", do_image, STATUS_OBJECT_TYPE_MISMATCH },
    { "position", do_position, STATUS_SUCCESS },
    { "basic", do_basic, STATUS_SUCCESS },
    { "end of file", do_end, STATUS_INVALID_PARAMETER },
    { "valid length", do_valid, STATUS_ACCESS_DENIED },
    { "completion", do_completion, STATUS_INVALID_PARAMETER },
    { "disposition", do_dispose, STATUS_ACCESS_DENIED },
    { "wait", do_wait, STATUS_SUCCESS },
    { "type", do_type, FILE_TYPE_DISK },
    { "flags", do_flags, STATUS_SUCCESS },
    { "cancel", do_cancel, STATUS_SUCCESS },
};

static void test_operations(void)
{
    NTSTATUS status;
    HANDLE handle;
    unsigned int i;

    for (i = 0; i < ARRAYSIZE(operations); i++)
    {
        handle = open_dir( dir );
        check_next( handle, "." );
        status = operations[i].call( handle );
        if (!check( status == operations[i].status ))
            printf( "%s: %lx\n", operations[i].name, (unsigned long)status );
        check_next( handle, ".." );
        check( CloseHandle( handle ));
    }
    check( GetFileAttributesA( dir ) == FILE_ATTRIBUTE_DIRECTORY );
}

static void test_root(void)
{
    HANDLE root = open_dir( dir ), handle;

    check_next( root, "." );
    check_status( open_relative( root, "05", GENERIC_READ | SYNCHRONIZE, 7, FILE_OPEN, SYNC, &handle ), STATUS_SUCCESS );
    check( GetFileSize( handle, NULL ) == 5 );
    CloseHandle( handle );
    check_status( open_relative( root, "sub", LIST, 7, FILE_OPEN, SYNC, &handle ), STATUS_SUCCESS );
    check_next( handle, "." );
    CloseHandle( handle );
    check_status( open_relative( root, "", LIST, 7, FILE_OPEN, SYNC, &handle ), STATUS_SUCCESS );
    check_next( handle, "." );
    check_next( root, ".." );
    check_next( handle, ".." );
    CloseHandle( handle );
    check_status( open_relative( root, "none", LIST, 7, FILE_OPEN, SYNC, &handle ), STATUS_OBJECT_NAME_NOT_FOUND );
    check( server_knows( root ));
    CloseHandle( root );
}

static void test_current(void)
{
    char old[MAX_PATH];
    HANDLE file;

    check( GetCurrentDirectoryA( sizeof(old), old ));
    check( SetCurrentDirectoryA( below( "sub" )));
    file = CreateFileA( "..\\07", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE && GetFileSize( file, NULL ) == 7 );
    CloseHandle( file );
    check( run_child( FALSE, "open ..\\07 %x 7", GENERIC_READ ) == 0 );
    check( run_child( TRUE, "open ..\\07 %x 7", GENERIC_READ ) == 0 );
    check( !RemoveDirectoryA( below( "sub" )) && GetLastError() == ERROR_SHARING_VIOLATION );
    check( SetCurrentDirectoryA( old ));
}

void test_directories(void)
{
    dir = _strdup( temp_path( "directories" ));
    make_tree();
    test_opens();
    test_lists();
    test_promotion_of_lists();
    test_inherited();
    test_changes();
    test_dir_sharing();
    test_deletion();
    test_names_of_directories();
    test_operations();
    test_root();
    test_current();
    remove_tree();
}
