/*
 * The name of an open file
 *
 * wineserver finds the name once, when the file is opened, and keeps it whatever
 * others do to the file and to the way there; only renaming through the handle
 * itself changes it.  Which drive the name is on is looked up for each question.
 */

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#include "smoke.h"

BOOL is_called( HANDLE file, const char *path )
{
    ULONGLONG buffer[512];
    FILE_NAME_INFO *info = (FILE_NAME_INFO *)buffer;
    WCHAR name[MAX_PATH], wide[MAX_PATH], prefix[] = L"\\\\?\\";
    IO_STATUS_BLOCK io;

    MultiByteToWideChar( CP_ACP, 0, path, -1, wide, ARRAYSIZE(wide) );
    if (!GetFinalPathNameByHandleW( file, name, MAX_PATH, VOLUME_NAME_DOS )) return FALSE;
    if (wcsncmp( name, prefix, 4 ) || _wcsicmp( name + 4, wide ))
    {
        printf( "'%ls' is not '%ls'\n", name, wide );
        return FALSE;
    }
    /* the same without the drive */
    if (NtQueryInformationFile( file, &io, info, sizeof(buffer) - sizeof(WCHAR), 9 /* name */ )) return FALSE;
    info->FileName[info->FileNameLength / sizeof(WCHAR)] = 0;
    if (_wcsicmp( info->FileName, wide + 2 )) return FALSE;
    if (NtQueryInformationFile( file, &io, buffer, sizeof(buffer) - sizeof(WCHAR), 18 /* all */ )) return FALSE;
    info = (FILE_NAME_INFO *)((char *)buffer + 96);
    info->FileName[info->FileNameLength / sizeof(WCHAR)] = 0;
    return !_wcsicmp( info->FileName, wide + 2 );
}

/* Give a file another name, here or in another process. */
static void move( const char *from, const char *to, BOOL elsewhere )
{
    if (elsewhere) check( run_child( FALSE, "move \"%s\" \"%s\"", from, to ) == 0 );
    else check( MoveFileA( from, to ));
}

/* What a file is called that was moved while it was open: by where it is, as on Windows.
 * wineserver keeps the name it was opened by. */
static const char *moved_name( const char *from, const char *to )
{
    return smoke_bypass() ? to : from;
}

/* What others do. */
static void test_others( BOOL elsewhere )
{
    char *path = temp_path( "name" ), *other = temp_path( "name-other" ), *third = temp_path( "name-third" );
    HANDLE file, late, again;
    const char *called;

    make_file( path, 100 );
    late = open_read( path, 7 );  /* whose name nobody has asked for */
    check_local( late );
    file = open_read( path, 7 );
    check_local( file );
    check( is_called( file, path ));
    move( path, other, elsewhere );
    called = moved_name( path, other );
    check( is_called( file, called ));
    check( CreateHardLinkA( path, other, NULL ));
    check( is_called( file, called ));
    check( is_called( late, called ));

    /* one file, each handle by the name it was opened by */
    again = open_read( other, 7 );
    check_local( again );
    check( is_called( again, other ));
    check( is_called( file, called ));

    /* another file in its place */
    move( path, third, elsewhere );
    check( is_called( file, called ));
    make_file( path, 50 );
    check( is_called( file, called ));
    check( GetFileSize( file, NULL ) == 100 );
    check( server_knows( file ) != smoke_bypass() );

    /* wineserver gets the same name */
    WaitForSingleObject( file, 0 );
    check_local( file );
    check( server_knows( file ));
    check( is_called( file, called ));

    /* gone, as soon as all handles are */
    check( DeleteFileA( other ));
    check( is_called( file, called ));
    check( is_called( again, other ));
    CloseHandle( again );
    CloseHandle( late );
    CloseHandle( file );
    check( DeleteFileA( path ));
    check( DeleteFileA( third ));
}

static void test_rename(void)
{
    char *path = temp_path( "name" ), *other = temp_path( "name-other" );
    struct { FILE_RENAME_INFO info; WCHAR name[MAX_PATH]; } rename = { .info.ReplaceIfExists = FALSE };
    HANDLE file;

    make_file( path, 100 );
    file = open_read( path, 7 );
    check_local( file );
    check( is_called( file, path ));
    MultiByteToWideChar( CP_ACP, 0, other, -1, rename.info.FileName, MAX_PATH );
    rename.info.FileNameLength = wcslen( rename.info.FileName ) * sizeof(WCHAR);
    check( SetFileInformationByHandle( file, FileRenameInfo, &rename, sizeof(rename) ));
    check( is_called( file, other ));
    CloseHandle( file );

    /* the handle is another file's now */
    make_file( path, 100 );
    file = open_read( path, 7 );
    check( is_called( file, path ));
    CloseHandle( file );
    check( DeleteFileA( path ));
    check( DeleteFileA( other ));
}

/* The way there */
static void test_directory(void)
{
    char *dir = temp_path( "name-dir" ), *other = temp_path( "name-dir-other" );
    char path[MAX_PATH], moved[MAX_PATH];
    HANDLE file, again;

    snprintf( path, sizeof(path), "%s\\file", dir );
    snprintf( moved, sizeof(moved), "%s\\file", other );
    check( CreateDirectoryA( dir, NULL ));
    make_file( path, 100 );
    file = open_read( path, 7 );
    check_local( file );
    check( is_called( file, path ));
    check( MoveFileA( dir, other ));
    check( is_called( file, moved_name( path, moved )));
    again = open_read( moved, 7 );
    check( is_called( again, moved ));

    /* a directory where a file was, and the other way round */
    check( CreateDirectoryA( dir, NULL ));
    check( CreateDirectoryA( path, NULL ));
    check( is_called( file, moved_name( path, moved )));
    CloseHandle( again );
    again = CreateFileA( path, GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
    check_local( again );
    check( is_called( again, path ));
    CloseHandle( again );
    CloseHandle( file );

    check( RemoveDirectoryA( path ));
    check( RemoveDirectoryA( dir ));
    check( DeleteFileA( moved ));
    check( RemoveDirectoryA( other ));
}

void test_names(void)
{
    test_others( FALSE );
    test_others( TRUE );
    test_rename();
    test_directory();
}
