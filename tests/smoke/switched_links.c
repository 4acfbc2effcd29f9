/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A link of Unix is switched while files below it are open.  A handle stays the file
 * that it was opened for, whatever its name leads to by now. */

#include <string.h>
#include <windows.h>
#include <psapi.h>
#include <winternl.h>

#include "smoke.h"

#define FILE_LINK_INFORMATION_CLASS ((FILE_INFORMATION_CLASS)11)

struct link_information
{
    BOOLEAN ReplaceIfExists;
    HANDLE  RootDirectory;
    ULONG   FileNameLength;
    WCHAR   FileName[MAX_PATH];
};

static char base[MAX_PATH], unix_base[MAX_PATH];

static const char *below( const char *name )
{
    static char paths[4][MAX_PATH];
    static int next;
    char *path = paths[next++ % 4];

    snprintf( path, MAX_PATH, "%s\\%s", base, name );
    return path;
}

static HANDLE open_below( const char *name )
{
    return CreateFileA( below( name ), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
}

/* The first character, which tells the files apart; 0 if it cannot be read. */
static char first( HANDLE file )
{
    char c = 0;
    DWORD read;

    SetFilePointer( file, 0, NULL, FILE_BEGIN );
    return ReadFile( file, &c, 1, &read, NULL ) && read ? c : 0;
}

static char first_of( const char *name )
{
    HANDLE file = open_below( name );
    char c = first( file );

    CloseHandle( file );
    return c;
}

static BOOL is_final( HANDLE file, const char *name )
{
    char path[MAX_PATH + 100], expect[MAX_PATH + 100];

    snprintf( expect, sizeof(expect), "\\\\?\\%s", below( name ));
    if (!GetFinalPathNameByHandleA( file, path, sizeof(path), 0 )) return FALSE;
    if (!_stricmp( path, expect )) return TRUE;
    printf( "it is called %s, not %s\n", path, expect );
    return FALSE;
}

static LONG hard_link( HANDLE file, const char *name )
{
    struct link_information info = { FALSE };
    IO_STATUS_BLOCK io;

    MultiByteToWideChar( CP_ACP, 0, "\\??\\", -1, info.FileName, MAX_PATH );
    MultiByteToWideChar( CP_ACP, 0, below( name ), -1, info.FileName + 4, MAX_PATH - 4 );
    info.FileNameLength = wcslen( info.FileName ) * sizeof(WCHAR);
    return NtSetInformationFile( file, &io, &info, sizeof(info), FILE_LINK_INFORMATION_CLASS );
}

/* The link is the directory or the last name, depending on path; target[0] is what it
 * leads to, and target[1] what it is switched to. */
static void test_switch( const char *path, const char *link, const char *target[2], const char *real )
{
    HANDLE named, renamed, written, linked, duplicated, dup, section, mapped, after;
    char name[MAX_PATH], *view;
    DWORD count;

    check( run_unix( "ln -sfn %s '%s/%s'", target[0], unix_base, link ));
    named      = open_below( path );
    renamed    = open_below( path );
    written    = open_below( path );
    linked     = open_below( path );
    duplicated = open_below( path );
    mapped     = open_below( path );
    section = CreateFileMappingA( mapped, NULL, PAGE_READONLY, 0, 0, NULL );
    view = MapViewOfFile( section, FILE_MAP_READ, 0, 0, 0 );
    check( is_final( renamed, real ));  /* asked before, and again afterwards */
    check( run_unix( "ln -sfn %s '%s/%s'", target[1], unix_base, link ));

    check( first( named ) == '1' );
    check( is_final( named, real ));
    check( is_final( renamed, real ));
    check( DuplicateHandle( GetCurrentProcess(), duplicated, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check( is_final( dup, real ));
    check( first( dup ) == '1' );
    check( view && view[0] == '1' );
    check( GetMappedFileNameA( GetCurrentProcess(), view, name, sizeof(name) ));
    check( strstr( name, path ) != NULL );  /* as it was opened */

    /* to write, one and the same file */
    after = ReOpenFile( written, GENERIC_READ | GENERIC_WRITE, 7, 0 );
    check( after != INVALID_HANDLE_VALUE );
    check( first( after ) == '1' );
    check( WriteFile( after, "!", 1, &count, NULL ));
    CloseHandle( after );
    check( first_of( "v2\\f" ) == '2' );
    SetFilePointer( named, 1, NULL, FILE_BEGIN );
    check( ReadFile( named, name, 1, &count, NULL ) && name[0] == '!' );

    check( !hard_link( linked, "hard" ));
    check( first_of( "hard" ) == '1' );
    check( DeleteFileA( below( "hard" )));

    /* what is opened now is the other file */
    after = open_below( path );
    check( first( after ) == '2' );
    check( is_final( after, "v2\\f" ));
    CloseHandle( after );
    check( CreateHardLinkA( below( "hard2" ), below( path ), NULL ));
    check( first_of( "hard2" ) == '2' );
    check( DeleteFileA( below( "hard2" )));

    UnmapViewOfFile( view );
    CloseHandle( section );
    CloseHandle( mapped );
    CloseHandle( dup );
    CloseHandle( duplicated );
    CloseHandle( linked );
    CloseHandle( written );
    CloseHandle( renamed );
    CloseHandle( named );
    check( run_unix( "echo 1- >'%s/v1/f'; echo 2- >'%s/v2/f'", unix_base, unix_base ));
}

static void test_directory(void)
{
    HANDLE dir, asked;

    check( run_unix( "ln -sfn v1 '%s/cur'", unix_base ));
    dir = open_below( "cur" );
    asked = open_below( "cur" );
    check( is_final( asked, "v1" ));
    check( run_unix( "ln -sfn v2 '%s/cur'", unix_base ));
    check( is_final( dir, "v1" ));
    check( is_final( asked, "v1" ));
    CloseHandle( asked );
    CloseHandle( dir );
}

/* Unix renames the directory and makes another of its name.  Wine's own opens take the
 * new one's file then; a local one is never another file. */
static void test_renamed_parent(void)
{
    HANDLE file, again;

    file = open_below( "v1\\f" );
    check( run_unix( "cd '%s'; mv v1 w1; mkdir v1; echo 9- >v1/f", unix_base ));
    if (smoke_bypass())
    {
        again = ReOpenFile( file, GENERIC_READ, 7, 0 );
        check( again == INVALID_HANDLE_VALUE || first( again ) == '1' );
        CloseHandle( again );
    }
    CloseHandle( file );
    check( run_unix( "cd '%s'; rm -r v1; mv w1 v1", unix_base ));
}

/* What is read is what the name says, while the link is switched all the time.  Wine's
 * own opens look at the name a second time, so they are not asked for that. */
int link_child( const char *dir, unsigned int milliseconds )
{
    DWORD start = GetTickCount(), wrong = 0, seen[2] = { 0 };
    char name[MAX_PATH], c, path[MAX_PATH];
    HANDLE file;

    snprintf( path, sizeof(path), "%s\\cur\\f", dir );
    while (GetTickCount() - start < milliseconds)
    {
        file = open_read( path, 7 );
        if (file == INVALID_HANDLE_VALUE) return 101;
        c = first( file );
        if (c != '1' && c != '2') return 102;
        seen[c - '1']++;
        if (!GetFinalPathNameByHandleA( file, name, sizeof(name), 0 )) return 103;
        if (strlen( name ) < 4 || name[strlen( name ) - 3] != c) wrong++;
        CloseHandle( file );
    }
    if (!seen[0] || !seen[1]) return 104;
    return smoke_bypass() && wrong ? 105 : 0;
}

static void test_two_processes(void)
{
    char done[MAX_PATH];
    HANDLE child;

    check( start_unix( done, "cd '%s'; for i in $(seq 400); do ln -sn v$((i %% 2 + 1)) new; mv -T new cur; done", unix_base ));
    child = start_child( FALSE, "switched-links %s 1500", base );
    check( link_child( base, 1500 ) == 0 );
    check( finish_child( child ) == 0 );
    check( finish_unix( done ));
}

void test_switched_links(void)
{
    static const char *dirs[] = { "v1", "v2" }, *files[] = { "v1/f", "v2/f" };

    snprintf( base, sizeof(base), "%s", temp_path( "switched-links" ));
    check( CreateDirectoryA( base, NULL ));
    if (!get_unix_path( base, unix_base, sizeof(unix_base) )) return;
    check( run_unix( "cd '%s'; mkdir v1 v2; echo 1- >v1/f; echo 2- >v2/f", unix_base ));
    test_switch( "cur\\f", "cur", dirs, "v1\\f" );
    test_switch( "fl", "fl", files, "v1\\f" );
    test_directory();
    test_renamed_parent();
    test_two_processes();
    check( run_unix( "rm -r '%s'", unix_base ));
}
