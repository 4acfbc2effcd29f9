/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Handles of another process, which nobody told the server about. */

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#include "smoke.h"

/* Another process with a file open that may be inherited: the value of its handle is
 * where the map shows it. */
struct lender
{
    HANDLE  process;
    HANDLE  ready, done, map;
    HANDLE *file;
    char    token[64];  /* one of its arguments */
};

static void start_lender( struct lender *lender, const char *path )
{
    static unsigned int count;
    char ready_name[64], done_name[64];

    snprintf( lender->token, sizeof(lender->token), "nspa-lender-%lu-%u", GetCurrentProcessId(), count++ );
    snprintf( ready_name, sizeof(ready_name), "%s-ready", lender->token );
    snprintf( done_name, sizeof(done_name), "%s-done", lender->token );
    lender->ready = CreateEventA( NULL, TRUE, FALSE, ready_name );
    lender->done = CreateEventA( NULL, TRUE, FALSE, done_name );
    lender->map = CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(HANDLE), lender->token );
    lender->file = MapViewOfFile( lender->map, FILE_MAP_WRITE, 0, 0, sizeof(HANDLE) );
    check( lender->file != NULL );
    lender->process = start_child( FALSE, "give %s %s %s %s", path, lender->token, ready_name, done_name );
    check( WaitForSingleObject( lender->ready, 30000 ) == WAIT_OBJECT_0 );
}

/* offset is where the others have left off in its file */
static void end_lender( struct lender *lender, DWORD offset )
{
    SetEvent( lender->done );
    check( finish_child( lender->process ) == 1000 + offset );
    CloseHandle( lender->ready );
    CloseHandle( lender->done );
    UnmapViewOfFile( lender->file );
    CloseHandle( lender->map );
}

int give_child( const char *path, const char *token, const char *ready_name, const char *done_name )
{
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };
    HANDLE file = CreateFileA( path, GENERIC_READ, FILE_SHARE_READ, &sa, OPEN_EXISTING, 0, NULL );
    HANDLE map = OpenFileMappingA( FILE_MAP_WRITE, FALSE, token );
    HANDLE *where = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*where) );
    HANDLE ready = OpenEventA( EVENT_MODIFY_STATE, FALSE, ready_name );
    HANDLE done = OpenEventA( SYNCHRONIZE, FALSE, done_name );

    if (file == INVALID_HANDLE_VALUE || !where) return GetLastError();
    if (is_local( file ) != smoke_bypass()) return 6;
    *where = file;
    SetEvent( ready );
    WaitForSingleObject( done, 30000 );
    return 1000 + SetFilePointer( file, 0, NULL, FILE_CURRENT );
}

static BOOL duplicate( struct lender *lender, HANDLE file, HANDLE *dup )
{
    SetLastError( 0 );
    return DuplicateHandle( lender->process, file, GetCurrentProcess(), dup, 0, FALSE, DUPLICATE_SAME_ACCESS );
}

static BOOL reads( HANDLE file, DWORD offset )
{
    char data[10];
    DWORD read;

    return ReadFile( file, data, sizeof(data), &read, NULL ) && read == sizeof(data) && is_pattern( data, offset, read );
}

static void test_duplicate( const char *path )
{
    struct lender lender;
    HANDLE dup, none;

    start_lender( &lender, path );
    check( duplicate( &lender, *lender.file, &dup ));
    check( reads( dup, 0 ));
    check( !duplicate( &lender, (HANDLE)((ULONG_PTR)*lender.file + 0x100), &none ));
    check( GetLastError() == ERROR_INVALID_HANDLE );
    end_lender( &lender, 10 );
    check( reads( dup, 10 ));
    CloseHandle( dup );
}

/* Who may create children of a process needs no other right to let them inherit. */
static void test_parent( const char *path )
{
    static const DWORD rights[] = { PROCESS_ALL_ACCESS, PROCESS_CREATE_PROCESS,
                                    PROCESS_CREATE_PROCESS | PROCESS_DUP_HANDLE };
    struct lender lender;
    unsigned int i;
    HANDLE parent;

    for (i = 0; i < ARRAYSIZE(rights); i++)
    {
        start_lender( &lender, path );
        parent = OpenProcess( rights[i], FALSE, GetProcessId( lender.process ));
        check( parent != NULL );
        check( run_child_with( PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, parent, "handle %Ix 0", (ULONG_PTR)*lender.file ) == 0 );
        CloseHandle( parent );
        end_lender( &lender, 100 );
    }
}

/* Threads that are suspended as Windows does it hold nobody up. */
static void test_suspended( const char *path )
{
    LONG (WINAPI *suspend)( HANDLE ) = (void *)GetProcAddress( GetModuleHandleA( "ntdll" ), "NtSuspendProcess" );
    LONG (WINAPI *resume)( HANDLE ) = (void *)GetProcAddress( GetModuleHandleA( "ntdll" ), "NtResumeProcess" );
    struct lender lender;
    HANDLE dup;
    DWORD start;

    start_lender( &lender, path );
    check( !suspend( lender.process ));
    start = GetTickCount();
    check( duplicate( &lender, *lender.file, &dup ));
    check( GetTickCount() - start < 1500 );
    check( reads( dup, 0 ));
    CloseHandle( dup );
    check( !resume( lender.process ));
    end_lender( &lender, 10 );
}

/* Nor does one that is being debugged, while it waits for its debugger. */
static void test_debugged( const char *path )
{
    struct lender lender;
    DEBUG_EVENT event;
    HANDLE dup;
    DWORD start;

    start_lender( &lender, path );
    check( DebugActiveProcess( GetProcessId( lender.process )));
    check( WaitForDebugEvent( &event, 10000 ));
    start = GetTickCount();
    check( duplicate( &lender, *lender.file, &dup ));
    check( GetTickCount() - start < 1500 );
    check( reads( dup, 0 ));
    CloseHandle( dup );
    ContinueDebugEvent( event.dwProcessId, event.dwThreadId, DBG_CONTINUE );
    check( DebugActiveProcessStop( GetProcessId( lender.process )));
    end_lender( &lender, 10 );
}

static BOOL send_signal( const char *name, const char *token )
{
    return run_unix( "signal.sh %s %s", name, token );
}

/* A process that Unix has stopped cannot tell: who asks gets the answer that there is,
 * and does not wait for long. */
static void test_stopped( const char *path )
{
    struct lender lender;
    HANDLE dup;
    DWORD start;
    BOOL known;

    start_lender( &lender, path );
    if (!check( send_signal( "STOP", lender.token ))) return;
    start = GetTickCount();
    known = duplicate( &lender, *lender.file, &dup );
    check( GetTickCount() - start < 5000 );
    if (smoke_bypass()) check( !known && GetLastError() == ERROR_INVALID_HANDLE );
    else if (check( known )) CloseHandle( dup );

    start = GetTickCount();
    check( run_child_with( PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, lender.process, "handle %Ix 0", (ULONG_PTR)*lender.file ) ==
           (smoke_bypass() ? 100 + ERROR_INVALID_HANDLE : 0) );
    check( GetTickCount() - start < 10000 );

    /* then it goes on, and has lost nothing */
    check( send_signal( "CONT", lender.token ));
    check( duplicate( &lender, *lender.file, &dup ));
    check( reads( dup, smoke_bypass() ? 0 : 100 ));
    CloseHandle( dup );

    /* what the server knows a stopped process need not tell */
    check( send_signal( "STOP", lender.token ));
    start = GetTickCount();
    check( duplicate( &lender, *lender.file, &dup ));
    check( GetTickCount() - start < 1500 );
    CloseHandle( dup );
    check( send_signal( "CONT", lender.token ));
    end_lender( &lender, smoke_bypass() ? 10 : 110 );
}

void test_foreign(void)
{
    char path[MAX_PATH];

    strcpy( path, temp_path( "foreign" ));
    make_file( path, 1000 );
    test_duplicate( path );
    test_parent( path );
    test_suspended( path );
    test_debugged( path );
    test_stopped( path );
    check( DeleteFileA( path ));
}
