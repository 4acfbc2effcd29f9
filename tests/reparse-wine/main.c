/*
 * Reparse points under Wine
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 */

#include "points.h"

#include <stdarg.h>
#include <string.h>

unsigned int passed, failed;
char top[MAX_PATH];

void check_( BOOL ok, const char *file, int line, const char *format, ... )
{
    va_list args;

    if (ok)
    {
        passed++;
        return;
    }
    failed++;
    printf( "%s:%d: ", strrchr( file, '/' ) ? strrchr( file, '/' ) + 1 : file, line );
    va_start( args, format );
    vprintf( format, args );
    va_end( args );
    printf( "\n" );
    fflush( stdout );
}

const char *in_top( const char *name )
{
    static char paths[8][2 * MAX_PATH];
    static unsigned int next;
    char *path = paths[next++ % 8];

    snprintf( path, sizeof(paths[0]), "%s\\%s", top, name );
    return path;
}

static void make_nt_name( UNICODE_STRING *str, WCHAR *buffer, const char *path )
{
    int len = MultiByteToWideChar( CP_UTF8, 0, path, -1, buffer + 4, 1024 ) - 1;

    memcpy( buffer, L"\\??\\", 4 * sizeof(WCHAR) );
    str->Buffer = buffer;
    str->Length = (len + 4) * sizeof(WCHAR);
    str->MaximumLength = str->Length + sizeof(WCHAR);
}

NTSTATUS nt_open( HANDLE *handle, const char *path, ACCESS_MASK access, ULONG disposition, ULONG options )
{
    OBJECT_ATTRIBUTES attr = { .Length = sizeof(attr), .Attributes = OBJ_CASE_INSENSITIVE };
    WCHAR buffer[1032];
    UNICODE_STRING name;
    IO_STATUS_BLOCK io;

    make_nt_name( &name, buffer, path );
    attr.ObjectName = &name;
    *handle = NULL;
    return NtCreateFile( handle, access | SYNCHRONIZE, &attr, &io, NULL, 0,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
                         options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0 );
}

HANDLE open_link( const char *path, ACCESS_MASK access )
{
    HANDLE handle;

    check_status( nt_open( &handle, path, access, FILE_OPEN, OPEN_LINK ), ST_OK );
    return handle;
}

NTSTATUS fsctl( HANDLE handle, ULONG code, const void *in, ULONG in_size, void *out, ULONG out_size,
                ULONG_PTR *information )
{
    IO_STATUS_BLOCK io = { { 0 }, 0xdeadbeef };
    NTSTATUS status = NtFsControlFile( handle, NULL, NULL, NULL, &io, code, (void *)in, in_size, out, out_size );

    if (information) *information = io.Information;
    return status;
}

static void put_name( unsigned char **end, unsigned char *base, USHORT *fields, const WCHAR *name )
{
    fields[0] = *end - base;
    fields[1] = wcslen( name ) * sizeof(WCHAR);
    memcpy( *end, name, fields[1] + sizeof(WCHAR) );
    *end += fields[1] + sizeof(WCHAR);
}

ULONG make_point( void *buffer, ULONG tag, ULONG flags, const char *substitute, const char *print )
{
    unsigned char *base = (unsigned char *)buffer + (tag == TAG_SYMLINK ? 20 : 16), *end = base;
    WCHAR sub[1024], pr[1024];
    USHORT *fields = (USHORT *)buffer;

    MultiByteToWideChar( CP_UTF8, 0, substitute, -1, sub, 1024 );
    if (!print) print = strncmp( substitute, "\\??\\", 4 ) ? substitute : substitute + 4;
    MultiByteToWideChar( CP_UTF8, 0, print, -1, pr, 1024 );
    memset( buffer, 0, 20 );
    *(ULONG *)buffer = tag;
    put_name( &end, base, fields + 4, sub );
    put_name( &end, base, fields + 6, pr );
    if (tag == TAG_SYMLINK) ((ULONG *)buffer)[4] = flags;
    fields[2] = end - (unsigned char *)buffer - 8;
    return end - (unsigned char *)buffer;
}

ULONG make_lx( void *buffer, const char *target )
{
    ULONG *fields = buffer;

    fields[0] = TAG_LX;
    fields[1] = strlen( target ) + 4;
    fields[2] = 2;
    memcpy( fields + 3, target, strlen( target ) );
    return 12 + strlen( target );
}

NTSTATUS set_point( const char *path, const void *buffer, ULONG size )
{
    HANDLE handle = open_link( path, FILE_WRITE_ATTRIBUTES );
    NTSTATUS status = fsctl( handle, FSCTL_SET_REPARSE_POINT, buffer, size, NULL, 0, NULL );

    CloseHandle( handle );
    return status;
}

NTSTATUS delete_point( const char *path, ULONG tag )
{
    HANDLE handle = open_link( path, FILE_WRITE_ATTRIBUTES );
    ULONG header[6] = { tag };
    NTSTATUS status = fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, sizeof(header), NULL, 0, NULL );

    CloseHandle( handle );
    return status;
}

void make_dir( const char *name )
{
    HANDLE handle;

    check_status( nt_open( &handle, in_top( name ), FILE_LIST_DIRECTORY, FILE_CREATE, FILE_DIRECTORY_FILE ), ST_OK );
    CloseHandle( handle );
}

void make_file( const char *name, const char *content )
{
    IO_STATUS_BLOCK io;
    HANDLE handle;

    check_status( nt_open( &handle, in_top( name ), FILE_WRITE_DATA, FILE_CREATE, FILE_NON_DIRECTORY_FILE ), ST_OK );
    if (*content) NtWriteFile( handle, NULL, NULL, NULL, &io, (void *)content, strlen( content ), NULL, NULL );
    CloseHandle( handle );
}

void make_junction( const char *name, const char *target )
{
    char buffer[4096], nt[1024];

    snprintf( nt, sizeof(nt), "\\??\\%s", target );
    make_dir( name );
    check_status( set_point( in_top( name ), buffer, make_point( buffer, TAG_MOUNT_POINT, 0, nt, NULL ) ), ST_OK );
}

void make_symlink( const char *name, const char *target, BOOL dir )
{
    char buffer[4096], nt[1024];
    BOOL absolute = target[0] && target[1] == ':';

    snprintf( nt, sizeof(nt), "%s%s", absolute ? "\\??\\" : "", target );
    if (dir) make_dir( name );
    else make_file( name, "" );
    check_status( set_point( in_top( name ), buffer, make_point( buffer, TAG_SYMLINK, !absolute, nt, NULL ) ), ST_OK );
}

BOOL leads_to( const char *path, const char *content )
{
    char buffer[256] = "";
    IO_STATUS_BLOCK io = { { 0 }, 0 };
    NTSTATUS status;
    HANDLE handle;

    if ((status = nt_open( &handle, path, FILE_READ_DATA, FILE_OPEN, FILE_NON_DIRECTORY_FILE )))
    {
        printf( "%s: %08lx\n", path, (unsigned long)status );
        return FALSE;
    }
    NtReadFile( handle, NULL, NULL, NULL, &io, buffer, sizeof(buffer) - 1, NULL, NULL );
    CloseHandle( handle );
    if (!strcmp( buffer, content )) return TRUE;
    printf( "%s: '%s'\n", path, buffer );
    return FALSE;
}

NTSTATUS remove_at( const char *path, ULONG options )
{
    FILE_DISPOSITION_INFO info = { TRUE };
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    HANDLE handle;

    if ((status = nt_open( &handle, path, DELETE, FILE_OPEN, options ))) return status;
    status = NtSetInformationFile( handle, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)13 );
    CloseHandle( handle );
    return status;
}

/* The script answers requests that it finds in a file. */
const char *unix_ask( const char *verb, const char *name )
{
    static char answer[8192];
    FILE *file;
    int i;

    remove( in_top( "answer" ) );
    file = fopen( in_top( "request.new" ), "wb" );
    fprintf( file, "%s %s\n", verb, name );
    fclose( file );
    MoveFileExA( in_top( "request.new" ), in_top( "request" ), MOVEFILE_REPLACE_EXISTING );
    for (i = 0; i < 1000; i++, Sleep( 10 ))
    {
        if (!(file = fopen( in_top( "answer" ), "rb" ))) continue;
        answer[fread( answer, 1, sizeof(answer) - 1, file )] = 0;
        fclose( file );
        return answer;
    }
    check( FALSE, "the script does not answer" );
    return "";
}

static double best( double best_so_far, LARGE_INTEGER start, unsigned int count )
{
    LARGE_INTEGER now, frequency;
    double took;

    QueryPerformanceCounter( &now );
    QueryPerformanceFrequency( &frequency );
    took = (now.QuadPart - start.QuadPart) * 1e6 / frequency.QuadPart / count;
    return !best_so_far || took < best_so_far ? took : best_so_far;
}

/* What things cost, in microseconds: the best of many short runs. */
static int bench(void)
{
    double get = 0, plain = 0, through = 0, list = 0, attributes = 0;
    char buffer[512], path[MAX_PATH], junction[MAX_PATH], name[32];
    unsigned int run, i, files = 500;
    WIN32_FIND_DATAA data;
    LARGE_INTEGER start;
    HANDLE handle, find;

    make_dir( "bench" );
    make_dir( "bench\\target" );
    for (i = 0; i < files; i++)
    {
        sprintf( name, "bench\\target\\file%u", i );
        make_file( name, "" );
    }
    lstrcpyA( path, in_top( "bench\\target" ) );
    if (GetEnvironmentVariableA( "NSPA_REPARSE", buffer, sizeof(buffer) ))
    {
        make_junction( "bench\\j", path );
        lstrcpyA( junction, in_top( "bench\\j\\file0" ) );
        handle = open_link( in_top( "bench\\j" ), FILE_READ_ATTRIBUTES );
    }
    else handle = NULL;
    lstrcpyA( path, in_top( "bench\\target\\file0" ) );
    for (run = 0; run < 200; run++)
    {
        HANDLE file;

        QueryPerformanceCounter( &start );
        for (i = 0; handle && i < 50; i++) fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, buffer, sizeof(buffer), NULL );
        get = best( get, start, 50 );
        QueryPerformanceCounter( &start );
        for (i = 0; i < 10; i++) if (!nt_open( &file, path, FILE_READ_DATA, FILE_OPEN, 0 )) CloseHandle( file );
        plain = best( plain, start, 10 );
        QueryPerformanceCounter( &start );
        for (i = 0; handle && i < 10; i++) if (!nt_open( &file, junction, FILE_READ_DATA, FILE_OPEN, 0 )) CloseHandle( file );
        through = best( through, start, 10 );
        QueryPerformanceCounter( &start );
        for (i = 0; i < 20; i++) GetFileAttributesA( path );
        attributes = best( attributes, start, 20 );
        if (run % 10) continue;
        QueryPerformanceCounter( &start );
        find = FindFirstFileA( in_top( "bench\\target\\*" ), &data );
        while (FindNextFileA( find, &data )) { }
        FindClose( find );
        list = best( list, start, files );
    }
    printf( "GET %.2f  open+close %.2f  through a junction %.2f  attributes %.2f  listing, an entry %.2f\n",
            get, plain, through, attributes, list );
    return 0;
}

/* Set and delete for as long as we live; somebody ends us, or the server. */
static int storm(void)
{
    static const char *names[] = { "junction", "titled" };
    char buffer[512];
    ULONG size, i;
    HANDLE handle;

    for (i = 0; ; i++)
    {
        ULONG header[6] = { TAG_MOUNT_POINT };

        if (nt_open( &handle, in_top( names[i % 2] ), FILE_WRITE_ATTRIBUTES, FILE_OPEN_IF, OPEN_LINK | FILE_DIRECTORY_FILE ))
            return 1;
        size = make_point( buffer, TAG_MOUNT_POINT, 0, "\\??\\C:\\windows", i % 2 ? "a title" : NULL );
        fsctl( handle, FSCTL_SET_REPARSE_POINT, buffer, size, NULL, 0, NULL );
        fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, sizeof(header), NULL, 0, NULL );
        CloseHandle( handle );
        if (!i) printf( "started\n" ), fflush( stdout );
    }
}

int main( int argc, char **argv )
{
    static const struct { const char *name; void (*run)(void); } tests[] =
    {
        { "fsctl", test_fsctl }, { "open", test_open }, { "queries", test_queries }, { "listing", test_listing },
        { "remove", test_remove }, { "paths", test_paths }, { "other-form", test_other_form },
        { "unix-links", test_unix_links }, { "known-folders", test_known_folders }, { "handles", test_handles },
    };
    unsigned int i;

    if (argc < 2) return 2;
    lstrcpynA( top, argv[1], sizeof(top) );
    if (argc > 2 && !strcmp( argv[2], "storm" )) return storm();
    if (argc > 2 && !strcmp( argv[2], "nothing" )) return 0;
    if (argc > 2 && !strcmp( argv[2], "bench" )) return bench();
    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (argc < 3 || !strcmp( argv[2], tests[i].name )) tests[i].run();
    printf( "%u passed, %u failed\n", passed, failed );
    return failed != 0;
}
