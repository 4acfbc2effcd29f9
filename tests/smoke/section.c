/* Sections of local files: made and mapped without the server, and like any other. */

#include <string.h>
#include <winternl.h>
#include <psapi.h>

#include "smoke.h"

NTSTATUS WINAPI NtQuerySection( HANDLE, int, void *, SIZE_T, SIZE_T * );
NTSTATUS WINAPI NtAreMappedFilesTheSame( void *, void * );
NTSTATUS WINAPI NtMapViewOfSection( HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, const LARGE_INTEGER *, SIZE_T *,
                                    int, ULONG, ULONG );
NTSTATUS WINAPI NtUnmapViewOfSection( HANDLE, void * );
NTSTATUS WINAPI NtCompareObjects( HANDLE, HANDLE );

#define LENGTH 10000  /* not a multiple of the page size */

static BOOL is_local_section( HANDLE handle )
{
    return (ULONG_PTR)handle >= 0x7fff8000 && (ULONG_PTR)handle < 0x7fffc000;
}
#define check_section( h ) check( (h) && is_local_section( h ) == smoke_bypass() )

/* A section of the whole file; the file's handle is closed. */
static HANDLE make_section( const char *path, DWORD protection )
{
    HANDLE file = open_read( path, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE ), section;

    check_local( file );
    section = CreateFileMappingA( file, NULL, protection, 0, 0, NULL );
    check( CloseHandle( file ));
    return section;
}

static void mapping_lives_by_itself( const char *path )
{
    HANDLE section = make_section( path, PAGE_READONLY );
    MEMORY_BASIC_INFORMATION info;
    char *view, *part;

    check_section( section );
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    part = MapViewOfFile( section, FILE_MAP_READ, 0, 65536, 0 );
    check( !part && GetLastError() == ERROR_INVALID_PARAMETER );
    part = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 5000 );
    check( CloseHandle( section ));
    check( !CloseHandle( section ) && GetLastError() == ERROR_INVALID_HANDLE );
    check( !MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 ) && GetLastError() == ERROR_INVALID_HANDLE );
    check( view && is_pattern( view, 0, LENGTH ));
    check( part && is_pattern( part, 0, 5000 ));
    check( VirtualQuery( view, &info, sizeof(info) ) == sizeof(info) );
    check( info.Type == MEM_MAPPED && info.State == MEM_COMMIT && info.Protect == PAGE_READONLY );
    check( info.AllocationBase == view && info.RegionSize == 3 * 4096 );
    check( UnmapViewOfFile( view ));
    check( !UnmapViewOfFile( view ));
    check( UnmapViewOfFile( part ));
}

static void copy_on_write( const char *path )
{
    HANDLE section = make_section( path, PAGE_WRITECOPY );
    char *view, *other;

    check_section( section );
    view = MapViewOfFile( section, FILE_MAP_COPY, 0, 0, 0 );
    other = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( view && other );
    view[0] ^= 1;
    check( is_pattern( other, 0, LENGTH ) && !is_pattern( view, 0, 1 ));
    check( !MapViewOfFile( section, FILE_MAP_WRITE, 0, 0, 0 ) && GetLastError() == ERROR_ACCESS_DENIED );
    check( !MapViewOfFile( section, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0 ) && GetLastError() == ERROR_ACCESS_DENIED );
    check( CloseHandle( section ));
    check( UnmapViewOfFile( view ) && UnmapViewOfFile( other ));
}

/* The same answers as for a section of the server. */
static void same_answers( const char *path )
{
    HANDLE file = CreateFileA( path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL );
    HANDLE plain = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 0, NULL );
    HANDLE section = make_section( path, PAGE_READONLY );
    SIZE_T size = 0, plain_size = 0;
    ULONG64 info[8], plain_info[8];
    ULONG needed, plain_needed;

    CloseHandle( file );
    check_section( section );
    check( !is_local_section( plain ));
    memset( info, 0x55, sizeof(info) );
    memset( plain_info, 0x55, sizeof(plain_info) );
    check( !NtQuerySection( section, 0, info, 24, &size ));
    check( !NtQuerySection( plain, 0, plain_info, 24, &plain_size ));
    check( size == plain_size && !memcmp( info, plain_info, sizeof(info) ));
    check( NtQuerySection( section, 1, info, 64, &size ) == NtQuerySection( plain, 1, plain_info, 64, &plain_size ));
    check( is_local_section( section ) == smoke_bypass() );
    check( NtQueryObject( section, 0, info, 56, &needed ) == NtQueryObject( plain, 0, plain_info, 56, &plain_needed ));
    check( needed == plain_needed && !memcmp( info, plain_info, 8 ));
    check( NtQueryObject( section, 1, info, 64, &needed ) == NtQueryObject( plain, 1, plain_info, 64, &plain_needed ));
    check( needed == plain_needed );
    check( !NtCompareObjects( section, section ) && NtCompareObjects( section, plain ));
    check( !NtQuerySection( section, 0, info, 24, &size ) && !memcmp( info, plain_info, 0 ));
    CloseHandle( plain );
    CloseHandle( section );
}

static void sizes( const char *path )
{
    HANDLE file = open_read( path, FILE_SHARE_READ ), section, empty;
    char *view;

    section = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 6000, NULL );
    check_section( section );
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( view && is_pattern( view, 0, 6000 ));
    check( UnmapViewOfFile( view ));
    check( !MapViewOfFile( section, FILE_MAP_READ, 0, 0, 9000 ) && GetLastError() == ERROR_ACCESS_DENIED );
    CloseHandle( section );

    check( !CreateFileMappingA( file, NULL, PAGE_READONLY, 0, LENGTH + 1, NULL ) &&
           GetLastError() == ERROR_NOT_ENOUGH_MEMORY );
    check( !CreateFileMappingA( file, NULL, PAGE_READWRITE, 0, 0, NULL ) && GetLastError() == ERROR_ACCESS_DENIED );
    section = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 0, "nspa-smoke-section" );  /* named: the server's */
    check( section && !is_local_section( section ));
    CloseHandle( section );
    CloseHandle( file );

    path = temp_path( "empty" );
    make_file( path, 0 );
    empty = open_read( path, FILE_SHARE_READ );
    check( !CreateFileMappingA( empty, NULL, PAGE_READONLY, 0, 0, NULL ) && GetLastError() == ERROR_FILE_INVALID );
    CloseHandle( empty );
    check( DeleteFileA( path ));
}

static DWORD try_truncate( const char *path )
{
    HANDLE file = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
    DWORD error = ERROR_SUCCESS;

    check( file != INVALID_HANDLE_VALUE );
    SetFilePointer( file, 100, NULL, FILE_BEGIN );
    if (!SetEndOfFile( file )) error = GetLastError();
    CloseHandle( file );
    return error;
}

static DWORD try_recreate( const char *path )
{
    HANDLE file = CreateFileA( path, GENERIC_WRITE, 7, NULL, TRUNCATE_EXISTING, 0, NULL );

    if (file == INVALID_HANDLE_VALUE) return GetLastError();
    CloseHandle( file );
    return ERROR_SUCCESS;
}

/* Mark the file for deletion by its disposition, which a mapping forbids. */
static DWORD try_delete( const char *path )
{
    HANDLE file = CreateFileA( path, DELETE, 7, NULL, OPEN_EXISTING, 0, NULL );
    FILE_DISPOSITION_INFO info = { TRUE };
    DWORD error = ERROR_SUCCESS;

    check( file != INVALID_HANDLE_VALUE );
    if (!SetFileInformationByHandle( file, FileDispositionInfo, &info, sizeof(info) )) error = GetLastError();
    CloseHandle( file );
    return error;
}

/* What a child finds when it changes a file that this process has mapped. */
int section_child( const char *path )
{
    return try_truncate( path ) == ERROR_USER_MAPPED_FILE && try_recreate( path ) == ERROR_USER_MAPPED_FILE &&
           try_delete( path ) == ERROR_ACCESS_DENIED ? 0 : 1;
}

static void mapped_files_stay( void )
{
    const char *path = temp_path( "mapped" );
    HANDLE section;
    char *view;

    make_file( path, LENGTH );
    section = make_section( path, PAGE_READONLY );
    check_section( section );
    check( try_truncate( path ) == ERROR_USER_MAPPED_FILE );
    check( try_recreate( path ) == ERROR_USER_MAPPED_FILE );
    check( try_delete( path ) == ERROR_ACCESS_DENIED );
    check( !run_child( FALSE, "section \"%s\"", path ));

    /* a view alone, promoted or not, does the same */
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    CloseHandle( section );
    check( try_truncate( path ) == ERROR_USER_MAPPED_FILE );
    check( try_recreate( path ) == ERROR_USER_MAPPED_FILE );
    check( try_delete( path ) == ERROR_ACCESS_DENIED );
    check( !run_child( FALSE, "section \"%s\"", path ));
    check( is_pattern( view, 0, LENGTH ));
    check( UnmapViewOfFile( view ));
    check( try_truncate( path ) == ERROR_SUCCESS );

    /* growing is allowed, and after a truncation sections are local again */
    make_file( path, LENGTH );
    section = make_section( path, PAGE_READONLY );
    check_section( section );
    CloseHandle( section );
    check( try_recreate( path ) == ERROR_SUCCESS );
    make_file( path, LENGTH );
    section = make_section( path, PAGE_READONLY );
    check_section( section );
    CloseHandle( section );
    check( try_delete( path ) == ERROR_SUCCESS );

    /* delete on close is allowed: the file goes with its last view */
    make_file( path, LENGTH );
    section = make_section( path, PAGE_READONLY );
    check_section( section );
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( DeleteFileA( path ));
    CloseHandle( section );
    check( GetFileAttributesA( path ) != INVALID_FILE_ATTRIBUTES );
    check( is_pattern( view, 0, LENGTH ) && UnmapViewOfFile( view ));
    check( GetFileAttributesA( path ) == INVALID_FILE_ATTRIBUTES );
}

/* The child looks at a view of its parent. */
int section_name_child( DWORD parent, ULONG64 address, const char *leaf )
{
    HANDLE process = OpenProcess( PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, parent );
    char name[MAX_PATH] = "", first;
    SIZE_T read;
    int ret = 0;

    if (!GetMappedFileNameA( process, (void *)(ULONG_PTR)address, name, sizeof(name) )) ret |= 1;
    if (!strstr( name, leaf )) ret |= 2;
    if (!ReadProcessMemory( process, (void *)(ULONG_PTR)address, &first, 1, &read ) || !is_pattern( &first, 0, 1 )) ret |= 4;
    CloseHandle( process );
    return ret;
}

static void names( const char *path )
{
    HANDLE section = make_section( path, PAGE_READONLY );
    char *view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 ), *other, name[MAX_PATH];
    void *stack = name;

    CloseHandle( section );
    check( !run_child( FALSE, "section-name %lu %llu %s", GetCurrentProcessId(), (ULONG64)(ULONG_PTR)view,
                       "nspa-smoke-section" ));
    check( GetMappedFileNameA( GetCurrentProcess(), view + 4096, name, sizeof(name) ) > 0 );
    check( strstr( name, "nspa-smoke-section" ) != NULL );
    check( !GetMappedFileNameA( GetCurrentProcess(), stack, name, sizeof(name) ));
    section = make_section( path, PAGE_READONLY );
    other = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( !NtAreMappedFilesTheSame( view, view ));
    check( NtAreMappedFilesTheSame( view, other ) == (NTSTATUS)0xc00000d4 );  /* STATUS_NOT_SAME_DEVICE: no images */
    check( UnmapViewOfFile( view ) && UnmapViewOfFile( other ));
    check( !GetMappedFileNameA( GetCurrentProcess(), view, name, sizeof(name) ));
    /* the place is free for another view, of the server or not */
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( view && is_pattern( view, 0, LENGTH ));
    check( GetMappedFileNameA( GetCurrentProcess(), view, name, sizeof(name) ) > 0 );
    check( UnmapViewOfFile( view ));
    CloseHandle( section );
}

int section_use_child( ULONG64 value )
{
    char *view = MapViewOfFile( (HANDLE)(ULONG_PTR)value, FILE_MAP_READ, 0, 0, 0 );

    return view && is_pattern( view, 0, LENGTH ) ? 0 : 1;
}

static void duplicates( const char *path )
{
    HANDLE section = make_section( path, PAGE_READONLY ), dup, process, foreign = NULL;
    char *before = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 ), *view;
    SIZE_T size = 0;
    void *base = NULL;

    check( DuplicateHandle( GetCurrentProcess(), section, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check( dup != section && !is_local_section( dup ));
    check( !NtCompareObjects( section, dup ));
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );  /* promoted, under the same handle */
    check( view && is_pattern( view, 0, LENGTH ) && UnmapViewOfFile( view ));
    check( CloseHandle( section ));
    check( !CloseHandle( section ));
    view = MapViewOfFile( dup, FILE_MAP_READ, 0, 0, 0 );
    check( view && is_pattern( view, 0, LENGTH ) && UnmapViewOfFile( view ));
    check( CloseHandle( dup ));
    check( is_pattern( before, 0, LENGTH ) && UnmapViewOfFile( before ));

    section = make_section( path, PAGE_READONLY );
    check( DuplicateHandle( GetCurrentProcess(), section, GetCurrentProcess(), &dup, 0, FALSE,
                            DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE ));
    if (dup != section) check( !CloseHandle( section ));
    view = MapViewOfFile( dup, FILE_MAP_READ, 0, 0, 0 );
    check( view && is_pattern( view, 0, LENGTH ) && UnmapViewOfFile( view ));
    check( CloseHandle( dup ));

    /* into a child, as a handle and as a view */
    section = make_section( path, PAGE_READONLY );
    process = start_child( FALSE, "sleep" );
    check( DuplicateHandle( GetCurrentProcess(), section, process, &foreign, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check( !NtMapViewOfSection( section, process, &base, 0, 0, NULL, &size, 2, 0, PAGE_READONLY ));
    check( base && size == 3 * 4096 );
    {
        char data[100];
        SIZE_T read;

        check( ReadProcessMemory( process, base, data, 100, &read ) && is_pattern( data, 0, 100 ));
        check( GetMappedFileNameA( process, base, data, sizeof(data) ) > 0 );
    }
    check( !NtUnmapViewOfSection( process, base ));
    TerminateProcess( process, 0 );
    finish_child( process );

    /* inherited by value */
    CloseHandle( section );
    section = make_section( path, PAGE_READONLY );
    check( SetHandleInformation( section, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ));
    check( !run_child( TRUE, "section-use %llu", (ULONG64)(ULONG_PTR)section ));
    CloseHandle( section );
}

static void many( const char *path )
{
    static HANDLE sections[1000];
    static char *views[1000];
    HANDLE file = open_read( path, FILE_SHARE_READ );
    int i, local = 0, good = 0;

    for (i = 0; i < 1000; i++)
    {
        sections[i] = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 0, NULL );
        views[i] = MapViewOfFile( sections[i], FILE_MAP_READ, 0, 0, 0 );
        if (is_local_section( sections[i] )) local++;
    }
    CloseHandle( file );
    for (i = 0; i < 1000; i++) if (views[i] && is_pattern( views[i], 0, LENGTH )) good++;
    check( good == 1000 );
    check( local == (smoke_bypass() ? 1000 : 0) );
    for (i = good = 0; i < 1000; i += 2) good += CloseHandle( sections[i] ) && UnmapViewOfFile( views[i] );
    for (i = 1; i < 1000; i += 2) good += UnmapViewOfFile( views[i] ) && CloseHandle( sections[i] );
    check( good == 1000 );
}

void test_section(void)
{
    const char *path = temp_path( "section" );

    make_file( path, LENGTH );
    mapping_lives_by_itself( path );
    copy_on_write( path );
    same_answers( path );
    sizes( path );
    mapped_files_stay();
    names( path );
    duplicates( path );
    many( path );
    check( DeleteFileA( path ));
}
