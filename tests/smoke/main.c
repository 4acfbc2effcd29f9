#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <winternl.h>

#include "smoke.h"

int smoke_passed, smoke_failed;

int smoke_check( int ok, const char *file, int line, const char *what )
{
    if (ok) smoke_passed++;
    else
    {
        smoke_failed++;
        printf( "%s:%d: failed: %s (last error %lu)\n", file, line, what, GetLastError() );
    }
    return ok;
}

/* One slot for all files, which wineserver's own fill. */
static BOOL one_slot(void)
{
    const char *env = getenv( "NSPA_GEOMETRY" );
    return env && !strcmp( env, "1x1" );
}

BOOL smoke_bypass(void)
{
    const char *env = getenv( "NSPA_LOCAL_FILES" );
    return env && !strcmp( env, "1" ) && !one_slot();
}

BOOL is_local( HANDLE handle )
{
    return (ULONG_PTR)handle >= 0x7fffc000 && (ULONG_PTR)handle < 0x7ffffffc;
}

char *temp_path( const char *name )
{
    static char paths[4][MAX_PATH];
    static int next;
    char *path = paths[next++ % 4], dir[MAX_PATH];

    GetTempPathA( sizeof(dir), dir );
    snprintf( path, MAX_PATH, "%snspa-smoke-%s", dir, name );
    return path;
}

static char pattern( DWORD offset )
{
    return (char)(offset * 31 + (offset >> 8));
}

BOOL is_pattern( const char *data, DWORD offset, DWORD length )
{
    DWORD i;

    for (i = 0; i < length; i++) if (data[i] != pattern( offset + i )) return FALSE;
    return TRUE;
}

void make_file( const char *name, DWORD length )
{
    HANDLE file = CreateFileA( name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL );
    char *data = malloc( length + 1 );
    DWORD i, written;

    check( file != INVALID_HANDLE_VALUE );
    check_not_local( file );
    for (i = 0; i < length; i++) data[i] = pattern( i );
    check( WriteFile( file, data, length, &written, NULL ) && written == length );
    CloseHandle( file );
    free( data );
}

HANDLE open_read( const char *path, DWORD share )
{
    return CreateFileA( path, GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL );
}

LONG open_relative( HANDLE root, const char *path, DWORD access, DWORD share, DWORD disposition, DWORD options,
                    HANDLE *handle )
{
    WCHAR wide[2 * MAX_PATH] = L"\\??\\";
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attr;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    MultiByteToWideChar( CP_ACP, 0, path, -1, wide + (root ? 0 : 4), ARRAYSIZE(wide) - 4 );
    RtlInitUnicodeString( &name, wide );
    InitializeObjectAttributes( &attr, &name, OBJ_CASE_INSENSITIVE, root, NULL );
    status = NtCreateFile( handle, access, &attr, &io, NULL, 0, share, disposition, options, NULL, 0 );
    if (!status) check( io.Information == FILE_OPENED );
    return status;
}

BOOL get_unix_path( const char *path, char *unix_path, size_t size )
{
    char *(CDECL *get_unix_name)( const WCHAR * ) =
        (void *)GetProcAddress( GetModuleHandleA( "kernel32" ), "wine_get_unix_file_name" );
    WCHAR wide[MAX_PATH];
    char *name;
    int ok;

    MultiByteToWideChar( CP_ACP, 0, path, -1, wide, ARRAYSIZE(wide) );
    name = get_unix_name ? get_unix_name( wide ) : NULL;
    if ((ok = check( name ))) snprintf( unix_path, size, "%s", name );
    HeapFree( GetProcessHeap(), 0, name );
    return ok;
}

static HANDLE start_childv( BOOL inherit, const char *format, va_list args )
{
    char exe[MAX_PATH], verb[1024], line[2048];
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    vsnprintf( verb, sizeof(verb), format, args );
    snprintf( line, sizeof(line), "\"%s\" child %s", exe, verb );
    if (!check( CreateProcessA( exe, line, NULL, NULL, inherit, 0, NULL, NULL, &startup, &info ))) return NULL;
    CloseHandle( info.hThread );
    return info.hProcess;
}

HANDLE start_child( BOOL inherit, const char *format, ... )
{
    va_list args;
    HANDLE process;

    va_start( args, format );
    process = start_childv( inherit, format, args );
    va_end( args );
    return process;
}

DWORD finish_child( HANDLE process )
{
    DWORD code = ~0u;

    if (!process) return code;
    check( WaitForSingleObject( process, 120000 ) == WAIT_OBJECT_0 );
    GetExitCodeProcess( process, &code );
    CloseHandle( process );
    return code;
}

DWORD run_child( BOOL inherit, const char *format, ... )
{
    va_list args;
    HANDLE process;

    va_start( args, format );
    process = start_childv( inherit, format, args );
    va_end( args );
    return finish_child( process );
}

DWORD run_child_with( DWORD_PTR attribute, HANDLE value, const char *format, ... )
{
    char exe[MAX_PATH], line[2048], verb[256];
    STARTUPINFOEXA startup = { .StartupInfo.cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    SIZE_T size = 0;
    va_list args;

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    va_start( args, format );
    vsnprintf( verb, sizeof(verb), format, args );
    va_end( args );
    snprintf( line, sizeof(line), "\"%s\" child %s", exe, verb );
    InitializeProcThreadAttributeList( NULL, 1, 0, &size );
    startup.lpAttributeList = malloc( size );
    check( InitializeProcThreadAttributeList( startup.lpAttributeList, 1, 0, &size ));
    check( UpdateProcThreadAttribute( startup.lpAttributeList, 0, attribute,
                                      &value, sizeof(value), NULL, NULL ));
    if (!check( CreateProcessA( exe, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                                &startup.StartupInfo, &info ))) return ~0u;
    CloseHandle( info.hThread );
    return finish_child( info.hProcess );
}

BOOL start_unix( char *done, const char *format, ... )
{
    char script[MAX_PATH], unix_done[MAX_PATH], command[1024], line[2048];
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    static unsigned int count;
    PROCESS_INFORMATION info;
    va_list args;

    if (!check( GetEnvironmentVariableA( "SMOKE_DIR", script, MAX_PATH - 10 ))) return FALSE;
    strcat( script, "\\unix.sh" );
    snprintf( done, MAX_PATH, "%s-%lu-%u", temp_path( "unix" ), GetCurrentProcessId(), count++ );
    make_file( done, 1 );
    if (!get_unix_path( done, unix_done, sizeof(unix_done) )) return FALSE;
    va_start( args, format );
    vsnprintf( command, sizeof(command), format, args );
    va_end( args );
    snprintf( line, sizeof(line), "unix.sh \"%s\" \"%s\"", unix_done, command );
    return check( CreateProcessA( script, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info ));
}

BOOL finish_unix( const char *done )
{
    HANDLE file;
    int i;

    for (i = 0; i < 3000; i++, Sleep( 10 ))
    {
        /* by wineserver: it has to see what is there now */
        file = CreateFileA( done, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
        if (file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND) return TRUE;
        CloseHandle( file );
    }
    return check( !"the Unix command ends" );
}

int main( int argc, char **argv )
{
    static const struct { const char *name; void (*func)(void); } tests[] =
    {
        { "read", test_read },
        { "sharing", test_sharing },
        { "promotion", test_promotion },
        { "handles", test_handles },
        { "inheritance", test_inheritance },
        { "foreign", test_foreign },
        { "section", test_section },
        { "api", test_api },
        { "attributes", test_attributes },
        { "again", test_again },
        { "volume", test_volume },
        { "queries", test_queries },
        { "names", test_names },
        { "name_case", test_name_case },
        { "directories", test_directories },
        { "links", test_links },
        { "switched_links", test_switched_links },
        { "proc", test_proc },
    };
    unsigned int i;

    if (argc > 2 && !strcmp( argv[1], "child" )) return child_main( argc - 2, argv + 2 );
    if (one_slot()) printf( "one slot for all files: no handle may be local\n" );

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
    {
        int failed = smoke_failed;

        if (argc > 1 && strcmp( argv[1], tests[i].name )) continue;
        tests[i].func();
        printf( "%s %s\n", failed == smoke_failed ? "ok    " : "FAILED", tests[i].name );
        fflush( stdout );
    }
    stop_watcher();
    printf( "%d passed, %d failed\n", smoke_passed, smoke_failed );
    return smoke_failed != 0;
}
