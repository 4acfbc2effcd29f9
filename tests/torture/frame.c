/* What the tests have in common: files, models, errors. */

#include <stdarg.h>

#include "../random.h"
#include "torture.h"

struct shared *shared;
char map_name[64];

uint64_t rnd( struct worker *worker )
{
    return splitmix64( &worker->state );
}

uint32_t below( struct worker *worker, uint32_t n )
{
    return rnd( worker ) % n;
}

static void note( struct worker *worker, const char *format, va_list args )
{
    LONG n = InterlockedIncrement( &shared->errors ) - 1;
    int length;

    if (n >= ERRORS) return;
    length = snprintf( shared->error[n], sizeof(shared->error[n]), "worker %d: ", worker ? worker->index : -1 );
    vsnprintf( shared->error[n] + length, sizeof(shared->error[n]) - length, format, args );
}

void report( struct worker *worker, const char *format, ... )
{
    va_list args;

    va_start( args, format );
    note( worker, format, args );
    va_end( args );
}

void corrupt( struct worker *worker, const char *format, ... )
{
    va_list args;

    InterlockedIncrement( &shared->integrity );
    va_start( args, format );
    note( worker, format, args );
    va_end( args );
}

void lock_model( struct model *model )
{
    while (InterlockedCompareExchange( &model->lock, 1, 0 )) Sleep( 0 );
}

void unlock_model( struct model *model )
{
    InterlockedExchange( &model->lock, 0 );
}

static void file_name( const char *name, WCHAR *buffer, UNICODE_STRING *string )
{
    _snwprintf( buffer, 200, L"\\??\\C:\\torture\\%hs", name );
    RtlInitUnicodeString( string, buffer );
}

NTSTATUS open_file( const char *name, ACCESS_MASK access, ULONG sharing, ULONG disposition, ULONG options,
                    HANDLE *handle )
{
    WCHAR buffer[200];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attr;
    IO_STATUS_BLOCK io;

    file_name( name, buffer, &string );
    InitializeObjectAttributes( &attr, &string, OBJ_CASE_INSENSITIVE, NULL, NULL );
    return NtCreateFile( handle, access | SYNCHRONIZE, &attr, &io, NULL, 0, sharing, disposition,
                         options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0 );
}

NTSTATUS read_at( HANDLE handle, uint64_t offset, void *data, ULONG size, ULONG *done )
{
    LARGE_INTEGER where = { .QuadPart = offset };
    IO_STATUS_BLOCK io = { .Information = 0 };
    NTSTATUS status = NtReadFile( handle, NULL, NULL, NULL, &io, data, size, &where, NULL );

    *done = status ? 0 : io.Information;
    return status;
}

NTSTATUS write_at( HANDLE handle, uint64_t offset, const void *data, ULONG size )
{
    LARGE_INTEGER where = { .QuadPart = offset };
    IO_STATUS_BLOCK io = { .Information = 0 };
    NTSTATUS status = NtWriteFile( handle, NULL, NULL, NULL, &io, data, size, &where, NULL );

    return !status && io.Information != size ? STATUS_DISK_FULL : status;
}

NTSTATUS set_info( HANDLE handle, ULONG class, void *data, ULONG size )
{
    IO_STATUS_BLOCK io;

    return NtSetInformationFile( handle, &io, data, size, class );
}

NTSTATUS rename_to( HANDLE handle, const char *name, int replace )
{
    struct { ULONG replace; HANDLE root; ULONG length; WCHAR text[200]; } info = { replace, NULL, 0, L"" };
    UNICODE_STRING string;

    file_name( name, info.text, &string );
    info.length = string.Length;
    return set_info( handle, 10, &info, 24 + string.Length );
}

uint8_t pattern( uint32_t file, uint32_t offset )
{
    return file * 31 + offset + (offset >> 8) * 7;
}

void make_file( const char *name, uint32_t file, uint32_t size )
{
    static uint8_t data[FILE_MAX];
    HANDLE handle;
    uint32_t i;

    for (i = 0; i < size; i++) data[i] = pattern( file, i );
    expect( NULL, open_file( name, GENERIC_WRITE, 0, FILE_OVERWRITE_IF, 0, &handle ), 0, return );
    expect( NULL, write_at( handle, 0, data, size ), 0 );
    NtClose( handle );
}

/* What an earlier run left behind when it was stopped. */
void remove_files( const char *prefix )
{
    char path[300];
    WIN32_FIND_DATAA data;
    HANDLE find;

    snprintf( path, sizeof(path), "C:\\torture\\%s*", prefix );
    if ((find = FindFirstFileA( path, &data )) == INVALID_HANDLE_VALUE) return;
    do
    {
        snprintf( path, sizeof(path), "C:\\torture\\%s", data.cFileName );
        if (!DeleteFileA( path )) report( NULL, "cannot remove %s: %lu", path, GetLastError() );
    } while (FindNextFileA( find, &data ));
    FindClose( find );
}

void make_files( const char *prefix, int count, uint32_t size )
{
    char name[32];

    for (int i = 0; i < count; i++)
    {
        snprintf( name, sizeof(name), "%s%d", prefix, i );
        make_file( name, i, size );
    }
}

void check_closed( struct worker *worker, const char *prefix, int count )
{
    char name[32];
    HANDLE handle;

    for (int i = 0; i < count; i++)
    {
        snprintf( name, sizeof(name), "%s%d", prefix, i );
        expect( worker, open_file( name, GENERIC_READ | GENERIC_WRITE | DELETE, 0, FILE_OPEN, 0, &handle ), 0, continue );
        expect( worker, NtClose( handle ), 0 );
    }
}
