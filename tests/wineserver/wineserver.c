// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What wineserver does about files that processes have open locally. With the
 * bypass off the same holds, and these are the answers of unmodified Wine.
 *
 *   wineserver.exe              the tests
 *   wineserver.exe lock FILE    lock bytes 0 to 9 of FILE, have FILE opened and
 *                               handed over again and again, create FILE.ready,
 *                               wait until that is deleted
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

static int passed, failed;

#define check(x) check_( !!(x), __LINE__, #x )
static int check_( int ok, int line, const char *what )
{
    if (ok) passed++;
    else
    {
        failed++;
        printf( "line %d: failed: %s (last error %lu)\n", line, what, GetLastError() );
        fflush( stdout );
    }
    return ok;
}

static BOOL bypass;  /* files are opened locally */

/* NSPA_LOCAL_FILES=1; and not one slot for all files, which wineserver's own fill. */
static BOOL is_bypass(void)
{
    const char *on = getenv( "NSPA_LOCAL_FILES" ), *geometry = getenv( "NSPA_GEOMETRY" );

    return on && !strcmp( on, "1" ) && !(geometry && !strcmp( geometry, "1x1" ));
}

static BOOL is_local( HANDLE handle )
{
    return (ULONG_PTR)handle >= 0x7fffc000 && (ULONG_PTR)handle < 0x7ffffffc;
}

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static char dir[MAX_PATH];

static const char *path_of( const char *name )
{
    static char paths[8][2 * MAX_PATH];
    static int next;

    snprintf( paths[next % 8], sizeof(paths[0]), "%s\\%s", dir, name );
    return paths[next++ % 8];
}

static void make_file( const char *path )
{
    HANDLE file = CreateFileA( path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL );
    DWORD written;

    check( file != INVALID_HANDLE_VALUE && WriteFile( file, "0123456789", 10, &written, NULL ));
    CloseHandle( file );
}

static BOOL exists( const char *path )
{
    return GetFileAttributesA( path ) != INVALID_FILE_ATTRIBUTES;
}

static HANDLE open_local( const char *path, DWORD sharing )
{
    HANDLE file = CreateFileA( path, GENERIC_READ, sharing, NULL, OPEN_EXISTING, 0, NULL );

    check( file != INVALID_HANDLE_VALUE );
    check( is_local( file ) == bypass );
    return file;
}

/* Any request with the handle makes the server know it. */
static void promote( HANDLE file )
{
    DWORD flags;

    check( GetHandleInformation( file, &flags ));
}

/* ---- a process that holds a file ---------------------------------------- */

struct holder
{
    HANDLE process, thread, ready, go;
};

static HANDLE event_of( const char *name, DWORD id )
{
    char buffer[64];

    snprintf( buffer, sizeof(buffer), "nspa-wineserver-%s-%lu", name, id );
    return CreateEventA( NULL, FALSE, FALSE, buffer );
}

/* Open path and wait to be told to close it. With promoted, the server knows. */
static int holder_main( const char *path, int promoted, DWORD id )
{
    HANDLE ready = event_of( "ready", id ), go = event_of( "go", id ), file;
    char data[10];
    DWORD read;

    file = CreateFileA( path, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL );
    if (file == INVALID_HANDLE_VALUE || is_local( file ) != bypass) return 1;
    if (promoted) promote( file );
    SetEvent( ready );
    WaitForSingleObject( go, 30000 );
    if (!ReadFile( file, data, sizeof(data), &read, NULL ) || read != 10 || memcmp( data, "0123456789", 10 )) return 2;
    return CloseHandle( file ) ? 0 : 3;
}

static struct holder hold( const char *path, int promoted )
{
    static DWORD next;
    DWORD id = GetCurrentProcessId() * 1000 + next++;
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info = { 0 };
    char exe[MAX_PATH], line[4 * MAX_PATH];
    struct holder holder;

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    snprintf( line, sizeof(line), "\"%s\" hold \"%s\" %d %lu", exe, path, promoted, id );
    holder.ready = event_of( "ready", id );
    holder.go = event_of( "go", id );
    check( CreateProcessA( exe, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info ));
    holder.process = info.hProcess;
    holder.thread = info.hThread;
    check( WaitForSingleObject( holder.ready, 30000 ) == WAIT_OBJECT_0 );
    return holder;
}

enum ending { CLOSE, TERMINATE, KILL_THREAD, ENDINGS };

static void end( struct holder *holder, enum ending ending )
{
    DWORD code;

    if (ending == CLOSE) SetEvent( holder->go );
    else if (ending == TERMINATE) check( TerminateProcess( holder->process, 0 ));
    else check( TerminateThread( holder->thread, 0 ));
    check( WaitForSingleObject( holder->process, 30000 ) == WAIT_OBJECT_0 );
    check( GetExitCodeProcess( holder->process, &code ) && code == 0 );
    CloseHandle( holder->process );
    CloseHandle( holder->thread );
    CloseHandle( holder->ready );
    CloseHandle( holder->go );
}

/* ---- deleting ------------------------------------------------------------ */

static NTSTATUS set_info( HANDLE file, int class, void *info, ULONG size )
{
    static NTSTATUS (WINAPI *func)( HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int );
    IO_STATUS_BLOCK io;

    if (!func) func = (void *)GetProcAddress( GetModuleHandleA( "ntdll.dll" ), "NtSetInformationFile" );
    return func( file, &io, info, size, class );
}

/* A deleted file stays until the last handle is closed, whose ever that is and
 * however it is closed. */
static void test_delete( int promoted, enum ending ending )
{
    const char *path = path_of( "delete" );
    struct holder holder, second;
    HANDLE file;

    make_file( path );
    holder = hold( path, promoted );
    check( DeleteFileA( path ));
    check( exists( path ));
    /* opening it once more changes nothing about that */
    file = CreateFileA( path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE );
    CloseHandle( file );
    check( exists( path ));
    end( &holder, ending );
    check( !exists( path ));

    /* two holders, then one */
    make_file( path );
    holder = hold( path, promoted );
    second = hold( path, 0 );
    check( DeleteFileA( path ));
    end( &holder, ending );
    check( exists( path ));
    end( &second, ending );
    check( !exists( path ));

    /* the server's handle is the last one */
    make_file( path );
    file = CreateFileA( path, DELETE, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL );
    check( file != INVALID_HANDLE_VALUE );
    holder = hold( path, promoted );
    end( &holder, ending );
    check( exists( path ));
    CloseHandle( file );
    check( !exists( path ));

    /* delete on close */
    make_file( path );
    holder = hold( path, promoted );
    file = CreateFileA( path, DELETE, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL );
    check( file != INVALID_HANDLE_VALUE );
    CloseHandle( file );
    check( exists( path ));
    end( &holder, ending );
    check( !exists( path ));
}

/* In one process, the handles in any order. */
static void test_delete_own(void)
{
    const char *path = path_of( "own" );
    HANDLE first, second;
    int i;

    for (i = 0; i < 4; i++)
    {
        make_file( path );
        first = open_local( path, SHARE_ALL );
        second = open_local( path, SHARE_ALL );
        if (i & 1) promote( first );
        check( DeleteFileA( path ));
        if (i & 2) promote( second );
        CloseHandle( i < 2 ? first : second );
        check( exists( path ));
        CloseHandle( i < 2 ? second : first );
        check( !exists( path ));
    }
}

/* POSIX semantics: the name goes with the handle that deleted it. */
static void test_delete_posix(void)
{
    const char *path = path_of( "posix" );
    ULONG flags = 3;  /* FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS */
    struct holder holder;
    HANDLE file;

    make_file( path );
    holder = hold( path, 0 );
    file = CreateFileA( path, DELETE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL );
    check( !set_info( file, 64 /* FileDispositionInformationEx */, &flags, sizeof(flags) ));
    CloseHandle( file );
    check( !exists( path ));
    end( &holder, CLOSE );  /* it could read to the end */
}

/* ---- replacing ------------------------------------------------------------ */

static BOOL link_over( const char *from, const char *to )
{
    struct { BOOLEAN replace; HANDLE root; ULONG length; WCHAR name[2 * MAX_PATH]; } info = { .replace = TRUE };
    WCHAR wide[MAX_PATH];
    UNICODE_STRING nt_name;
    NTSTATUS status;
    HANDLE file;

    MultiByteToWideChar( CP_ACP, 0, to, -1, wide, MAX_PATH );
    if (!RtlDosPathNameToNtPathName_U( wide, &nt_name, NULL, NULL )) return FALSE;
    info.length = nt_name.Length;
    memcpy( info.name, nt_name.Buffer, nt_name.Length );
    RtlFreeUnicodeString( &nt_name );
    file = CreateFileA( from, GENERIC_READ | DELETE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL );
    status = set_info( file, 11 /* FileLinkInformation */, &info,
                       offsetof( typeof(info), name ) + info.length );
    CloseHandle( file );
    if (status) SetLastError( RtlNtStatusToDosError( status ));
    return !status;
}

static void test_replace( int promoted, enum ending ending )
{
    const char *path = path_of( "replace" ), *other = path_of( "other" );
    struct holder holder;

    make_file( path );
    make_file( other );
    holder = hold( path, promoted );
    check( !MoveFileExA( other, path, MOVEFILE_REPLACE_EXISTING ) && GetLastError() == ERROR_ACCESS_DENIED );
    check( !link_over( other, path ) && GetLastError() == ERROR_ACCESS_DENIED );
    check( exists( other ));
    end( &holder, ending );
    check( link_over( other, path ));
    check( DeleteFileA( path ));
    make_file( path );
    check( MoveFileExA( other, path, MOVEFILE_REPLACE_EXISTING ));
    check( !exists( other ));
    check( DeleteFileA( path ));
}

/* ---- handles -------------------------------------------------------------- */

struct handle_info
{
    void     *object;
    ULONG_PTR pid;
    ULONG_PTR handle;
    ULONG     access;
    USHORT    trace, type;
    ULONG     attributes, reserved;
};

static BOOL find_handle( HANDLE handle, struct handle_info *found )
{
    ULONG size = 1 << 20, len;
    struct { ULONG_PTR count, reserved; struct handle_info info[1]; } *all;
    ULONG_PTR i;
    BOOL ret = FALSE;

    for (;; size *= 2)
    {
        NTSTATUS status;

        all = malloc( size );
        status = NtQuerySystemInformation( 64 /* SystemExtendedHandleInformation */, all, size, &len );
        if (!status) break;
        free( all );
        if (status != (NTSTATUS)0xc0000004) return FALSE;
    }
    for (i = 0; i < all->count && !ret; i++)
    {
        if (all->info[i].pid != GetCurrentProcessId() || all->info[i].handle != (ULONG_PTR)handle) continue;
        *found = all->info[i];
        ret = TRUE;
    }
    free( all );
    return ret;
}

static void test_handles(void)
{
    const char *path = path_of( "handles" );
    HANDLE files[100], dup;
    struct handle_info info;
    int i;

    make_file( path );
    for (i = 0; i < 100; i++) files[i] = open_local( path, FILE_SHARE_READ );
    for (i = 0; i < 100; i += 3) promote( files[i] );
    check( SetHandleInformation( files[99], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ));
    check( find_handle( files[99], &info ) && info.access == 0x120089 && info.attributes == 2 );
    check( find_handle( files[0], &info ) && info.access == 0x120089 && info.attributes == 0 );
    /* low bits are ignored as they are for others */
    check( DuplicateHandle( GetCurrentProcess(), (HANDLE)((ULONG_PTR)files[3] | 1), GetCurrentProcess(), &dup, 0, FALSE,
                            DUPLICATE_SAME_ACCESS ) && CloseHandle( dup ));
    for (i = 0; i < 100; i++) check( CloseHandle( files[i] ));
    for (i = 0; i < 100; i += 33) check( !CloseHandle( files[i] ) && GetLastError() == ERROR_INVALID_HANDLE );
    check( !find_handle( files[99], &info ));

    /* values of the range that nothing has */
    check( !CloseHandle( (HANDLE)0x7fffdff0 ) && GetLastError() == ERROR_INVALID_HANDLE );
    check( WaitForSingleObject( (HANDLE)0x7ffffff8, 0 ) == WAIT_FAILED && GetLastError() == ERROR_INVALID_HANDLE );
    /* and the pseudo handle beyond it */
    check( DuplicateHandle( GetCurrentProcess(), (HANDLE)0x7fffffff, GetCurrentProcess(), &dup, 0, FALSE,
                            DUPLICATE_SAME_ACCESS ) && GetProcessId( dup ) == GetCurrentProcessId() && CloseHandle( dup ));
    check( DeleteFileA( path ));
}

/* ---- locks ---------------------------------------------------------------- */

static int lock_main( const char *path )
{
    HANDLE file = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL );
    char ready[2 * MAX_PATH];
    HANDLE other, dup;
    int i;

    if (!check( file != INVALID_HANDLE_VALUE && LockFile( file, 0, 0, 10, 0 ))) return 1;
    for (i = 0; i < 20; i++)
    {
        other = open_local( path, SHARE_ALL );
        promote( other );
        check( DuplicateHandle( GetCurrentProcess(), other, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
        CloseHandle( other );
        CloseHandle( dup );
    }
    snprintf( ready, sizeof(ready), "%s.ready", path );
    CloseHandle( CreateFileA( ready, GENERIC_WRITE, SHARE_ALL, NULL, CREATE_ALWAYS, 0, NULL ));
    for (i = 0; i < 300 && exists( ready ); i++) Sleep( 100 );
    CloseHandle( file );
    return failed != 0;
}

int main( int argc, char **argv )
{
    int i, j;

    bypass = is_bypass();
    if (argc == 5 && !strcmp( argv[1], "hold" )) return holder_main( argv[2], atoi( argv[3] ), strtoul( argv[4], NULL, 10 ));
    if (argc == 3 && !strcmp( argv[1], "lock" )) return lock_main( argv[2] );

    GetTempPathA( MAX_PATH, dir );
    snprintf( dir + strlen(dir), MAX_PATH - strlen(dir), "nspa-wineserver-%lu", GetCurrentProcessId() );
    check( CreateDirectoryA( dir, NULL ) || GetLastError() == ERROR_ALREADY_EXISTS );  /* of one that was killed */
    for (i = 0; i < ENDINGS; i++)
        for (j = 0; j < 2; j++)
        {
            test_delete( j, i );
            test_replace( j, i );
        }
    test_delete_own();
    test_delete_posix();
    test_handles();
    check( RemoveDirectoryA( dir ));
    printf( "%d passed, %d failed\n", passed, failed );
    return failed != 0;
}
