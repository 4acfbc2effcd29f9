#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdlib.h>

#include "smoke.h"

static HANDLE open_inheritable( const char *path )
{
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };

    return CreateFileA( path, GENERIC_READ, FILE_SHARE_READ, &sa, OPEN_EXISTING, 0, NULL );
}

/* Read 100 bytes, which must be the pattern from offset on. */
static BOOL reads( HANDLE file, DWORD offset )
{
    char data[100];
    DWORD read;

    return ReadFile( file, data, sizeof(data), &read, NULL ) && read == sizeof(data) && is_pattern( data, offset, read );
}

#define GENERATIONS 4

/* Two files came from the parent.  One goes on to the next generation, the other is closed
 * and opened again, which gives it the value it had, and then goes on too.  Each generation
 * reads one piece of each. */
int generation_child( unsigned int left, unsigned int passed, const char *path, HANDLE kept, HANDLE renewed )
{
    HANDLE file, more;
    int ret = 0;

    if (!reads( kept, passed * 100 )) return 10 * passed + 1;
    if (!reads( renewed, passed * 100 )) return 10 * passed + 2;
    if (!CloseHandle( renewed )) return 10 * passed + 3;
    file = open_inheritable( path );
    more = open_inheritable( path );
    if (file == INVALID_HANDLE_VALUE || more == INVALID_HANDLE_VALUE) return 10 * passed + 4;
    if (is_local( file ) != smoke_bypass() || is_local( more ) != smoke_bypass()) return 10 * passed + 5;
    SetFilePointer( file, (passed + 1) * 100, NULL, FILE_BEGIN );
    if (left) ret = run_child( TRUE, "generation %u %u %s %Ix %Ix", left - 1, passed + 1, path,
                               (ULONG_PTR)kept, (ULONG_PTR)file );
    return ret ? ret : smoke_failed;
}

static void test_generations( const char *path )
{
    HANDLE filler[50], kept, renewed;
    unsigned int i;

    /* the children's own files have lower values than those that they inherit */
    for (i = 0; i < ARRAYSIZE(filler); i++) filler[i] = open_read( path, FILE_SHARE_READ );
    kept = open_inheritable( path );
    renewed = open_inheritable( path );
    check_local( kept );
    check_local( renewed );
    check( run_child( TRUE, "generation %u 0 %s %Ix %Ix", GENERATIONS - 1, path,
                      (ULONG_PTR)kept, (ULONG_PTR)renewed ) == 0 );
    CloseHandle( kept );
    CloseHandle( renewed );
    for (i = 0; i < ARRAYSIZE(filler); i++) CloseHandle( filler[i] );
}

void test_inheritance(void)
{
    const char *path = temp_path( "inheritance" );
    char exe[MAX_PATH], data[100], number[16];
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    HANDLE file;
    DWORD read;
    char line[2048];
    int fd;

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    make_file( path, 1000 );

    /* by value, with the position in common */
    file = open_inheritable( path );
    check_local( file );
    check( ReadFile( file, data, 50, &read, NULL ) && read == 50 );
    check( run_child( TRUE, "handle %Ix 50", (ULONG_PTR)file ) == 0 );
    check( ReadFile( file, data, 50, &read, NULL ) && is_pattern( data, 150, 50 ));
    check( run_child( FALSE, "handle %Ix 200", (ULONG_PTR)file ) == 100 + ERROR_INVALID_HANDLE );
    check( CloseHandle( file ));

    /* not inheritable */
    file = open_read( path, FILE_SHARE_READ );
    check_local( file );
    check( run_child( TRUE, "handle %Ix 0", (ULONG_PTR)file ) == 100 + ERROR_INVALID_HANDLE );
    check( SetHandleInformation( file, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ));
    check( run_child( TRUE, "handle %Ix 0", (ULONG_PTR)file ) == 0 );
    check( CloseHandle( file ));

    /* an explicit list */
    file = open_inheritable( path );
    check_local( file );
    check( run_child_with( PROC_THREAD_ATTRIBUTE_HANDLE_LIST, file, "handle %Ix 0", (ULONG_PTR)file ) == 0 );
    check( CloseHandle( file ));

    /* a file of the C run-time library, as the child's descriptor */
    fd = _open( path, _O_RDONLY | _O_BINARY );
    check( fd != -1 );
    check_local( (HANDLE)_get_osfhandle( fd ));
    check( _read( fd, data, 30 ) == 30 );
    snprintf( number, sizeof(number), "%d", fd );
    check( _spawnl( _P_WAIT, exe, "smoke", "child", "crt", number, "30", NULL ) == 0 );
    check( _read( fd, data, 30 ) == 30 && is_pattern( data, 130, 30 ));
    _close( fd );

    /* standard input */
    file = open_inheritable( path );
    check_local( file );
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = file;
    startup.hStdOutput = GetStdHandle( STD_OUTPUT_HANDLE );
    startup.hStdError = GetStdHandle( STD_ERROR_HANDLE );
    snprintf( line, sizeof(line), "\"%s\" child stdin 0", exe );
    check( CreateProcessA( exe, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info ));
    CloseHandle( info.hThread );
    check( finish_child( info.hProcess ) == 0 );
    check( ReadFile( file, data, 10, &read, NULL ) && is_pattern( data, 100, 10 ));
    check( CloseHandle( file ));
    test_generations( path );
    check( DeleteFileA( path ));
}
