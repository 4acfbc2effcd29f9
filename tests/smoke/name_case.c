/*
 * Names in another case
 *
 * What a name in another case leads to is remembered, once the directory has been
 * left alone for more than a second: hence the pauses.  What happens to the directory
 * or to the way there afterwards must show in the very next open.  Files whose names
 * differ in nothing but case are made by their Unix names.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#include "smoke.h"

#define NAMES  300  /* in one directory */
#define PAUSE  2200

static const NTSTATUS not_found = 0xc0000034;  /* STATUS_OBJECT_NAME_NOT_FOUND */

static char top[MAX_PATH], unix_top[MAX_PATH + 8];

/* A path below top, which lasts as long as any test; */
static const char *in( const char *name )
{
    static char paths[32][2 * MAX_PATH];
    static int next;
    char *path = paths[next++ % 32];

    snprintf( path, 2 * MAX_PATH, "%s\\%s", top, name );
    return path;
}

/* the same where case counts. */
static const char *exact( const char *name )
{
    static char paths[4][2 * MAX_PATH];
    static int next;
    char *path = paths[next++ % 4];

    snprintf( path, 2 * MAX_PATH, "%s\\%s", unix_top, name );
    return path;
}

static BOOL find_unix_top(void)
{
    static const char prefix[] = "\\\\?\\unix";
    char *p;

    strcpy( unix_top, prefix );
    if (!get_unix_path( top, unix_top + strlen( prefix ), sizeof(unix_top) - strlen( prefix ))) return FALSE;
    for (p = unix_top; *p; p++) if (*p == '/') *p = '\\';
    return TRUE;
}

/* By the exact name, so that twins go one by one. */
static void remove_tree( const char *path )
{
    char name[2 * MAX_PATH];
    WIN32_FIND_DATAA data;
    HANDLE find;

    snprintf( name, sizeof(name), "%s\\*", path );
    find = FindFirstFileA( name, &data );
    if (find == INVALID_HANDLE_VALUE) return;
    do
    {
        if (!strcmp( data.cFileName, "." ) || !strcmp( data.cFileName, ".." )) continue;
        snprintf( name, sizeof(name), "%s\\%s", path, data.cFileName );
        if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) remove_tree( name );
        else check( DeleteFileA( name ));
    }
    while (FindNextFileA( find, &data ));
    FindClose( find );
    check( RemoveDirectoryA( path ));
}

static void put( const char *path, const char *text )
{
    HANDLE file = CreateFileA( path, GENERIC_WRITE, 7, NULL, CREATE_NEW, 0, NULL );
    DWORD written;

    if (!check( file != INVALID_HANDLE_VALUE )) printf( "%s\n", path );
    check( WriteFile( file, text, strlen( text ), &written, NULL ) && written == strlen( text ));
    CloseHandle( file );
}

static void make_dir( const char *path )
{
    if (!check( CreateDirectoryA( path, NULL ))) printf( "%s\n", path );
}

/* A directory NAME with Sub\File.txt in it, which the tests call sub\FILE.TXT. */
static void make_tree( const char *name )
{
    char path[MAX_PATH];

    make_dir( in( name ));
    snprintf( path, sizeof(path), "%s\\Sub", name );
    make_dir( in( path ));
    snprintf( path, sizeof(path), "%s\\Sub\\File.txt", name );
    put( in( path ), "old" );
}

static BOOL is_text( HANDLE file, const char *text )
{
    char data[64];
    DWORD read;

    return ReadFile( file, data, sizeof(data), &read, NULL ) && read == strlen( text ) && !memcmp( data, text, read );
}

static int reads( const char *path, const char *text )
{
    HANDLE file = open_read( path, 7 );
    int ok = file != INVALID_HANDLE_VALUE && is_local( file ) == smoke_bypass() && is_text( file, text ) &&
             GetFileAttributesA( path ) == FILE_ATTRIBUTE_ARCHIVE;

    if (!ok) printf( "%s does not read \"%s\"\n", path, text );
    if (file != INVALID_HANDLE_VALUE) CloseHandle( file );
    return ok;
}

static int fails( const char *path, DWORD error )
{
    HANDLE file = open_read( path, 7 );
    int ok = file == INVALID_HANDLE_VALUE && GetLastError() == error &&
             GetFileAttributesA( path ) == INVALID_FILE_ATTRIBUTES && GetLastError() == error;

    if (!ok) printf( "%s does not fail with %lu\n", path, error );
    if (file != INVALID_HANDLE_VALUE) CloseHandle( file );
    return ok;
}

/* As often as makes it known */
static void warm( const char *path, const char *text )
{
    int i;

    for (i = 0; i < 4; i++) check( reads( path, text ));
}

/* What is the file called in its directory? */
static int is_listed_as( const char *path, const char *name )
{
    WIN32_FIND_DATAA data;
    HANDLE find = FindFirstFileA( path, &data );
    int ok = find != INVALID_HANDLE_VALUE && !strcmp( data.cFileName, name );

    if (!ok) printf( "%s is not listed as %s\n", path, name );
    if (find != INVALID_HANDLE_VALUE) FindClose( find );
    return ok;
}

/* ---- the file ------------------------------------------------------------------- */

static void test_file(void)
{
    const char *asked = in( "file\\sub\\FILE.TXT" ), *real = in( "file\\Sub\\File.txt" );
    HANDLE file;
    char name[2 * MAX_PATH];

    /* it keeps its own name */
    file = open_read( asked, 7 );
    check( GetFinalPathNameByHandleA( file, name, sizeof(name), VOLUME_NAME_DOS ));
    check( strlen( name ) > 13 && !strcmp( name + strlen( name ) - 13, "\\Sub\\File.txt" ));
    CloseHandle( file );
    check( is_listed_as( asked, "File.txt" ));
    file = CreateFileA( asked, GENERIC_READ, 7, NULL, CREATE_NEW, 0, NULL );
    check( file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_EXISTS );

    /* deleted and made again, by either name */
    check( DeleteFileA( real ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    put( real, "new" );
    check( reads( asked, "new" ));
    check( DeleteFileA( asked ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    check( fails( real, ERROR_FILE_NOT_FOUND ));
    put( in( "file\\sub\\fiLE.txT" ), "newer" );
    check( reads( asked, "newer" ));
    check( is_listed_as( asked, "fiLE.txT" ));
    check( DeleteFileA( asked ));
    put( asked, "newest" );
    check( reads( real, "newest" ));
    check( is_listed_as( real, "FILE.TXT" ));

    /* a directory in its place */
    check( DeleteFileA( real ));
    make_dir( real );
    check( open_read( asked, 7 ) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED );
    check( GetFileAttributesA( asked ) == FILE_ATTRIBUTE_DIRECTORY );
    check( RemoveDirectoryA( asked ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
}

static void test_rename( const char *tree, BOOL elsewhere )
{
    char asked[2 * MAX_PATH], real[2 * MAX_PATH], other[2 * MAX_PATH], upper[2 * MAX_PATH];

    snprintf( asked, sizeof(asked), "%s\\%s\\sub\\FILE.TXT", top, tree );
    snprintf( real, sizeof(real), "%s\\%s\\Sub\\File.txt", top, tree );
    snprintf( other, sizeof(other), "%s\\%s\\Sub\\Other.txt", top, tree );
    snprintf( upper, sizeof(upper), "%s\\%s\\SUB\\OTHER.TXT", top, tree );
    check( fails( upper, ERROR_FILE_NOT_FOUND ));
    if (elsewhere) check( run_child( FALSE, "move \"%s\" \"%s\"", real, other ) == 0 );
    else check( MoveFileA( real, other ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    check( reads( upper, "old" ));
    if (elsewhere) check( run_child( FALSE, "move \"%s\" \"%s\"", upper, asked ) == 0 );
    else check( MoveFileA( upper, asked ));
    check( fails( other, ERROR_FILE_NOT_FOUND ));
    check( reads( asked, "old" ));
    check( is_listed_as( asked, "FILE.TXT" ));
    check( reads( real, "old" ));
}

/* What has the very name that is asked for goes first, as soon as it is there. */
static void test_twins(void)
{
    const char *asked = in( "twins\\sub\\FILE.TXT" );

    put( exact( "twins\\Sub\\FILE.TXT" ), "exact" );
    check( reads( asked, "exact" ));
    check( reads( in( "twins\\Sub\\FILE.TXT" ), "exact" ));
    check( reads( in( "twins\\Sub\\File.txt" ), "old" ));
    check( DeleteFileA( exact( "twins\\Sub\\FILE.TXT" )));
    check( reads( asked, "old" ));
    check( reads( in( "twins\\Sub\\FILE.TXT" ), "old" ));

    make_dir( exact( "twins\\sub" ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    put( exact( "twins\\sub\\file.TXT" ), "in sub" );
    check( reads( asked, "in sub" ));
    check( DeleteFileA( asked ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    check( RemoveDirectoryA( exact( "twins\\sub" )));
    check( reads( asked, "old" ));
}

/* ---- the way there -------------------------------------------------------------- */

static void test_directory(void)
{
    const char *asked = in( "dir\\sub\\FILE.TXT" ), *same = in( "dir-same\\sub\\FILE.TXT" );

    check( MoveFileA( in( "dir\\Sub" ), in( "dir\\Sub2" )));
    check( fails( asked, ERROR_PATH_NOT_FOUND ));
    make_dir( in( "dir\\SUB" ));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    put( in( "dir\\SUB\\FILE.txt" ), "another" );
    check( reads( asked, "another" ));
    check( reads( in( "dir\\sub2\\FILE.TXT" ), "old" ));

    /* of the same name, and the other way round */
    check( MoveFileA( in( "dir-same\\Sub" ), in( "dir-same\\away" )));
    make_dir( in( "dir-same\\Sub" ));
    put( in( "dir-same\\Sub\\fILE.txt" ), "another" );
    check( reads( same, "another" ));
    check( DeleteFileA( same ));
    check( RemoveDirectoryA( in( "dir-same\\sub" )));
    check( fails( same, ERROR_PATH_NOT_FOUND ));
    check( MoveFileA( in( "dir-same\\away" ), in( "dir-same\\sub" )));
    check( reads( same, "old" ));

    /* a file */
    check( MoveFileA( in( "dir-same\\SUB" ), in( "dir-same\\away" )));
    put( in( "dir-same\\Sub" ), "file" );
    check( fails( same, ERROR_PATH_NOT_FOUND ));
    check( reads( in( "dir-same\\sub" ), "file" ));
}

/* Two that change places above: neither of the directories that were read does change. */
static void test_swap( BOOL elsewhere )
{
    const char *left = in( "left" ), *right = in( "right" ), *between = in( "between" );

    if (elsewhere)
    {
        check( run_child( FALSE, "move \"%s\" \"%s\"", left, between ) == 0 );
        check( run_child( FALSE, "move \"%s\" \"%s\"", right, left ) == 0 );
        check( run_child( FALSE, "move \"%s\" \"%s\"", between, right ) == 0 );
    }
    else check( MoveFileA( left, between ) && MoveFileA( right, left ) && MoveFileA( between, right ));
}

/* Changes that come so fast that the directory's times may not tell them apart */
static void test_fast(void)
{
    const char *one = in( "fast\\Sub\\File.txt" ), *two = in( "fast\\Sub\\fiLE.txt" );
    const char *asked = in( "fast\\sub\\FILE.TXT" );
    int i;

    for (i = 0; i < 200; i++)
    {
        check( reads( asked, i % 2 ? "new" : "old" ));
        check( DeleteFileA( i % 2 ? two : one ));
        put( i % 2 ? one : two, i % 2 ? "old" : "new" );
    }
}

/* ---- names ---------------------------------------------------------------------- */

static void test_absent(void)
{
    const char *asked = in( "absent\\sub\\NEW.TXT" ), *deep = in( "absent\\sub\\DEEP\\NEW.TXT" );
    int i;

    for (i = 0; i < 3; i++) check( fails( asked, ERROR_FILE_NOT_FOUND ) && fails( deep, ERROR_PATH_NOT_FOUND ));
    put( in( "absent\\Sub\\New.txt" ), "new" );
    check( reads( asked, "new" ));
    make_dir( in( "absent\\Sub\\Deep" ));
    check( fails( deep, ERROR_FILE_NOT_FOUND ));
    put( in( "absent\\Sub\\Deep\\New.txt" ), "deep" );
    check( reads( deep, "deep" ));
    check( reads( asked, "new" ));
}

/* Short names are found in the same way. */
static void test_short( const char *asked )
{
    char path[MAX_PATH];

    check( MoveFileA( in( "short\\a rather long name.text" ), in( "short\\b rather long name.text" )));
    check( fails( asked, ERROR_FILE_NOT_FOUND ));
    check( MoveFileA( in( "short\\b rather long name.text" ), in( "short\\a rather long name.text" )));
    check( reads( asked, "long" ));

    snprintf( path, sizeof(path), "short%s", strrchr( asked, '\\' ));
    put( exact( path ), "short" );
    check( reads( asked, "short" ));
    check( DeleteFileA( exact( path )));
    check( reads( asked, "long" ));
}

/* Too long to be remembered */
static void long_name( char *path, char letter )
{
    snprintf( path, 2 * MAX_PATH, "long\\" );
    memset( path + 5, letter, 150 );
    path[155] = 0;
}

static void test_long(void)
{
    char asked[2 * MAX_PATH], real[2 * MAX_PATH];

    long_name( asked, 'L' );
    long_name( real, 'l' );
    check( reads( in( asked ), "long" ));
    check( DeleteFileA( in( real )));
    check( fails( in( asked ), ERROR_FILE_NOT_FOUND ));
    put( in( real ), "longer" );
    check( reads( in( asked ), "longer" ));
}

static void many_name( char *path, const char *format, int i )
{
    char name[32];

    snprintf( name, sizeof(name), format, i );
    snprintf( path, 2 * MAX_PATH, "%s\\many\\%s", top, name );
}

static void make_many(void)
{
    char path[2 * MAX_PATH], text[16];
    int i;

    make_dir( in( "many" ));
    for (i = 0; i < NAMES; i++)
    {
        many_name( path, "Name%d", i );
        snprintf( text, sizeof(text), "%d", i );
        put( path, text );
    }
}

/* Each leads to its own file. */
static void test_many(void)
{
    char path[2 * MAX_PATH], text[16];
    int i, turn;

    for (turn = 0; turn < 3; turn++)
        for (i = 0; i < NAMES; i++)
        {
            many_name( path, "NAME%d", i );
            snprintf( text, sizeof(text), "%d", i );
            check( reads( path, text ));
        }
}

/* ---- from a directory that is open ----------------------------------------------- */

static NTSTATUS open_in( HANDLE root, const char *path, ACCESS_MASK access, ULONG options, HANDLE *handle )
{
    return open_relative( root, path, access | SYNCHRONIZE, 7, FILE_OPEN, options | FILE_SYNCHRONOUS_IO_NONALERT, handle );
}

static int reads_in( HANDLE root, const char *path, const char *text )
{
    HANDLE file;
    int ok;

    if (open_in( root, path, GENERIC_READ, FILE_NON_DIRECTORY_FILE, &file )) return 0;
    ok = is_text( file, text );
    NtClose( file );
    return ok;
}

static int fails_in( HANDLE root, const char *path, NTSTATUS status )
{
    HANDLE file;
    NTSTATUS ret = open_in( root, path, GENERIC_READ, FILE_NON_DIRECTORY_FILE, &file );

    if (!ret) NtClose( file );
    return ret == status;
}

static void test_roots(void)
{
    HANDLE one, two, sub;
    int i;

    check( !open_in( NULL, in( "ROOT1" ), FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE, &one ));
    check( !open_in( NULL, in( "ROOT2" ), FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE, &two ));
    check( !open_in( one, "SUB", FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE, &sub ));

    /* all call it the same, and each has its own */
    for (i = 0; i < 4; i++)
    {
        check( reads_in( one, "sub\\FILE.TXT", "old" ));
        check( reads_in( two, "sub\\FILE.TXT", "two" ));
        check( reads_in( sub, "FILE.TXT", "old" ));
        check( fails_in( one, "FILE.TXT", not_found ));
    }
    for (i = 0; i < 4; i++) check( reads_in( sub, "FILE.TXT", "old" ));
    check( DeleteFileA( in( "root1\\Sub\\File.txt" )));
    check( fails_in( sub, "FILE.TXT", not_found ));
    check( fails_in( one, "sub\\FILE.TXT", not_found ));
    check( reads_in( two, "sub\\FILE.TXT", "two" ));
    put( in( "root1\\Sub\\filE.txt" ), "new" );
    check( reads_in( sub, "FILE.TXT", "new" ));
    check( reads_in( one, "sub\\FILE.TXT", "new" ));

    /* they move */
    check( MoveFileA( in( "root1\\Sub" ), in( "root1\\Moved" )));
    check( reads_in( sub, "FILE.TXT", "new" ));
    check( fails_in( one, "sub\\FILE.TXT", (NTSTATUS)0xc000003a /* STATUS_OBJECT_PATH_NOT_FOUND */ ));
    check( reads_in( one, "MOVED\\FILE.TXT", "new" ));
    NtClose( sub );
    NtClose( two );
    NtClose( one );
}

/* -------------------------------------------------------------------------------- */

void test_name_case(void)
{
    static const char *const trees[] = { "file", "rename", "rename-again", "twins", "dir", "dir-same", "left", "right",
                                         "absent", "fast", "root1", "root2" };
    char asked[2 * MAX_PATH], brief[MAX_PATH];
    unsigned int i;

    strcpy( top, temp_path( "name-case" ));
    CreateDirectoryA( top, NULL );
    if (!find_unix_top()) return;  /* else remove_tree() would remove more than that */
    remove_tree( unix_top );
    make_dir( top );
    for (i = 0; i < ARRAYSIZE(trees); i++) make_tree( trees[i] );
    check( MoveFileA( in( "right\\Sub\\File.txt" ), in( "right\\Sub\\fiLE.txt" )));
    check( DeleteFileA( in( "root2\\Sub\\File.txt" )));
    put( in( "root2\\Sub\\fILE.tXT" ), "two" );
    check( DeleteFileA( in( "right\\Sub\\fiLE.txt" )));
    put( in( "right\\Sub\\fiLE.txt" ), "right" );
    make_dir( in( "short" ));
    put( in( "short\\a rather long name.text" ), "long" );
    make_dir( in( "long" ));
    long_name( asked, 'l' );
    put( in( asked ), "long" );
    make_many();

    Sleep( PAUSE );
    for (i = 0; i < ARRAYSIZE(trees); i++)
    {
        snprintf( asked, sizeof(asked), "%s\\sub\\FILE.TXT", trees[i] );
        warm( in( asked ), !strcmp( trees[i], "right" ) ? "right" : !strcmp( trees[i], "root2" ) ? "two" : "old" );
    }
    check( GetShortPathNameA( in( "short\\a rather long name.text" ), brief, sizeof(brief) ));
    check( strchr( strrchr( brief, '\\' ), '~' ) != NULL );
    warm( brief, "long" );
    test_many();
    test_file();
    test_rename( "rename", FALSE );
    test_twins();
    test_directory();
    test_swap( FALSE );
    check( reads( in( "left\\sub\\FILE.TXT" ), "right" ));
    check( reads( in( "right\\sub\\FILE.TXT" ), "old" ));
    test_absent();
    test_fast();
    test_short( brief );
    test_long();
    test_roots();

    /* what others do, to what has been found once more */
    Sleep( PAUSE );
    warm( in( "rename\\sub\\FILE.TXT" ), "old" );
    warm( in( "rename\\sub\\fILE.txt" ), "old" );
    warm( in( "rename-again\\sub\\FILE.TXT" ), "old" );
    warm( in( "left\\sub\\FILE.TXT" ), "right" );
    warm( in( "right\\sub\\FILE.TXT" ), "old" );
    warm( in( "twins\\sub\\FILE.TXT" ), "old" );
    test_rename( "rename-again", TRUE );
    test_swap( TRUE );
    check( reads( in( "left\\sub\\FILE.TXT" ), "old" ));
    check( reads( in( "right\\sub\\FILE.TXT" ), "right" ));
    check( run_child( FALSE, "move \"%s\" \"%s\"", in( "many\\Name1" ), exact( "twins\\Sub\\FILE.TXT" )) == 0 );
    check( reads( in( "twins\\sub\\FILE.TXT" ), "1" ));
    check( fails( in( "many\\NAME1" ), ERROR_FILE_NOT_FOUND ));

    remove_tree( unix_top );
    check( GetFileAttributesA( top ) == INVALID_FILE_ATTRIBUTES );
}
