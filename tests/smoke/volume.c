/*
 * Volume information while drives and labels change
 *
 * A second process keeps asking for label and serial number: of a local
 * handle, of an ordinary server handle (both below the root of a drive, and
 * opened by a longer name) and of the drive's root.  After each
 * change the first poll that begins once the changing call is back must give
 * the new answer.  What is expected is what Wine answers without the bypass:
 *
 * - The mount manager reads .windows-label and .windows-serial when a drive is
 *   defined; SetVolumeLabel() only writes the file.
 * - A link in dosdevices that somebody else changes moves the drive, but the
 *   mount manager answers for the letter what it knew before.
 * - ntdll looks up the roots of the drives once in a second (get_drives_info()
 *   in its file.c), so after a changed link a poll may be that late.
 *
 * Seen failing with NSPA_SERVER_LIBRARY naming a libnspa_server.so whose
 * nspa_server_bump_volumes() does nothing: polls of handles then go on giving
 * the label from before, and only with the bypass on.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "smoke.h"
#include <winioctl.h>

/* Wine's extension of the mount manager, as its ddk/mountmgr.h declares it. */
#define DEFINE_UNIX_DRIVE CTL_CODE( 'm', 32, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS )
struct unix_drive
{
    ULONG     size, type, fs_type, serial;
    ULONGLONG unix_dev;
    WCHAR     letter;
    USHORT    mount_point, device, label;
    char      path[MAX_PATH];
};

enum { LOCAL, SERVER, ROOT, SOURCES };
static const char *const source_names[SOURCES] = { "local handle", "server handle", "root" };

struct answer
{
    DWORD serial;
    WCHAR label[32];
};

/* What parent and poller share. */
struct poll
{
    LONG generation;    /* 0: something is changing, any answer will do */
    LONG polls;         /* begun and ended in this generation */
    LONG wrong, quit;
    struct answer expected[SOURCES];
    struct answer got[SOURCES];     /* the first wrong ones */
};

static struct poll *shared;
static LONG generation;
static HANDLE poller;

static BOOL ask( HANDLE file, struct answer *answer )
{
    memset( answer, 0, sizeof(*answer) );
    return GetVolumeInformationByHandleW( file, answer->label, ARRAYSIZE(answer->label), &answer->serial, NULL, NULL, NULL, 0 );
}

static BOOL ask_root( const WCHAR *root, struct answer *answer )
{
    memset( answer, 0, sizeof(*answer) );
    return GetVolumeInformationW( root, answer->label, ARRAYSIZE(answer->label), &answer->serial, NULL, NULL, NULL, 0 );
}

static BOOL same( const struct answer *a, const struct answer *b )
{
    return a->serial == b->serial && !wcscmp( a->label, b->label );
}

static LONG load( LONG *value )
{
    return InterlockedCompareExchange( value, 0, 0 );
}

int volume_child( const char *path, const char *map_name )
{
    HANDLE map = OpenFileMappingA( FILE_MAP_WRITE, FALSE, map_name );
    struct poll *poll = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*poll) );
    HANDLE local = open_read( "q:\\data", 7 );
    HANDLE server = CreateFileA( path, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );

    if (!poll || local == INVALID_HANDLE_VALUE || server == INVALID_HANDLE_VALUE) return 1;
    while (!load( &poll->quit ))
    {
        LONG now = load( &poll->generation );
        struct answer got[SOURCES], expected[SOURCES];
        BOOL ok;

        if (is_local( local ) != smoke_bypass() || is_local( server )) return 2;
        memcpy( expected, poll->expected, sizeof(expected) );
        ok = ask( local, &got[LOCAL] ) && ask( server, &got[SERVER] ) && ask_root( L"q:\\", &got[ROOT] );
        if (!now || now != load( &poll->generation )) continue;
        if (!ok) return 3;
        if (!same( &got[LOCAL], &expected[LOCAL] ) || !same( &got[SERVER], &expected[SERVER] ) ||
            !same( &got[ROOT], &expected[ROOT] ))
        {
            if (!load( &poll->wrong )) memcpy( poll->got, got, sizeof(got) );
            InterlockedIncrement( &poll->wrong );
        }
        InterlockedIncrement( &poll->polls );
    }
    return 0;
}

/* Something is going to change. */
static void before(void)
{
    InterlockedExchange( &shared->generation, 0 );
}

/* It has changed: handles below the old root must answer file, the drive's root must answer root. */
static void after( const char *what, const struct answer *file, const struct answer *root )
{
    unsigned int i;

    shared->expected[LOCAL] = shared->expected[SERVER] = *file;
    shared->expected[ROOT] = *root;
    InterlockedExchange( &shared->polls, 0 );
    InterlockedExchange( &shared->wrong, 0 );
    InterlockedExchange( &shared->generation, ++generation );
    for (i = 0; i < 1000 && load( &shared->polls ) < 10; i++)
        if (WaitForSingleObject( poller, 10 ) != WAIT_TIMEOUT) break;
    check( load( &shared->polls ) >= 10 );
    if (check( !load( &shared->wrong ))) return;
    printf( "%s: %ld of %ld polls were wrong\n", what, shared->wrong, shared->polls );
    for (i = 0; i < SOURCES; i++)
        printf( "  %s: label '%ls' serial %lx, expected '%ls' %lx\n", source_names[i], shared->got[i].label,
                (unsigned long)shared->got[i].serial, shared->expected[i].label, (unsigned long)shared->expected[i].serial );
}

/* Longer than ntdll keeps the roots of the drives. */
static void wait_for_roots(void)
{
    Sleep( 1100 );
}

/* Tell the mount manager what a drive is; no path takes it away. */
static BOOL define_drive( WCHAR letter, const char *unix_path )
{
    struct unix_drive drive = { .size = sizeof(drive), .type = unix_path ? DRIVE_FIXED : DRIVE_NO_ROOT_DIR, .letter = letter };
    HANDLE manager = CreateFileA( "\\\\.\\MountPointManager", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
    DWORD done;
    BOOL ret;

    if (unix_path)
    {
        drive.mount_point = offsetof( struct unix_drive, path );
        snprintf( drive.path, sizeof(drive.path), "%s", unix_path );
    }
    ret = DeviceIoControl( manager, DEFINE_UNIX_DRIVE, &drive, sizeof(drive), NULL, 0, &done, NULL );
    CloseHandle( manager );
    return ret;
}

static void write_text( const char *dir, const char *name, const char *text )
{
    char path[MAX_PATH];
    DWORD written;
    HANDLE file;

    snprintf( path, sizeof(path), "%s\\%s", dir, name );
    file = CreateFileA( path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL );
    check( WriteFile( file, text, strlen( text ), &written, NULL ));
    CloseHandle( file );
}

static void remove_tree( const char *dir )
{
    static const char *const names[] = { "data", "here", ".windows-label", ".windows-serial" };
    char path[MAX_PATH];
    unsigned int i;

    for (i = 0; i < ARRAYSIZE(names); i++)
    {
        snprintf( path, sizeof(path), "%s\\%s", dir, names[i] );
        DeleteFileA( path );
    }
    RemoveDirectoryA( dir );
}

/* A directory to become a drive; unix_path has MAX_PATH bytes. */
static char *make_root( const char *name, const char *label, const char *serial, char *unix_path )
{
    char *dir = temp_path( name );

    remove_tree( dir );
    check( CreateDirectoryA( dir, NULL ));
    write_text( dir, "data", "data" );
    write_text( dir, ".windows-label", label );
    write_text( dir, ".windows-serial", serial );
    get_unix_path( dir, unix_path, MAX_PATH );
    return dir;
}

/* Point the link of q: elsewhere without telling anybody. */
static BOOL relink( const char *unix_path )
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    char line[2 * MAX_PATH], *prefix;
    unsigned int i;

    /* \??\Z:\...; Wine gives no handle of a Linux program, so wait for what it does */
    if (!(prefix = strchr( getenv( "WINECONFIGDIR" ), ':' ))) return FALSE;
    snprintf( line, sizeof(line), "ln -sfn \"%s\" \"%s/dosdevices/q:\"", unix_path, prefix + 1 );
    for (i = 0; line[i]; i++) if (line[i] == '\\') line[i] = '/';
    if (!CreateProcessA( "Z:\\usr\\bin\\ln", line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info )) return FALSE;
    if (info.hThread) CloseHandle( info.hThread );
    if (info.hProcess) CloseHandle( info.hProcess );
    for (i = 0; i < 500 && GetFileAttributesA( "q:\\here" ) == INVALID_FILE_ATTRIBUTES; i++) Sleep( 10 );
    return i < 500;
}

/* A drive within a drive and what is beside them, asked about in any order: what was
 * found for the one must not be taken for the other.  q: and r: are below dir. */
static void test_places( const char *dir, const struct answer *q, const struct answer *r, const struct answer *beside )
{
    static const char *const dirs[] = { "a\\innermost", "a\\below", "a\\below\\deep", "a\\inner\\deep", "ab" };
    struct answer z;
    const struct
    {
        const char *path, *name;        /* both below dir unless there is a drive; same name if none */
        const struct answer *answer;    /* none: no drive, since its root is on another device */
    } places[] =
    {
        { "data",                       NULL,                   beside },
        { "a",                          "q:\\",                 q },
        { "a\\data",                    "q:\\data",             q },
        { "a\\below\\data",             "q:\\below\\data",      q },
        { "a\\below\\deep\\data",       "q:\\below\\deep\\data", q },
        { "a\\inner",                   "r:\\",                 r },
        { "a\\inner\\data",             "r:\\data",             r },
        { "a\\inner\\deep\\data",       "r:\\deep\\data",       r },
        { "a\\innermost\\data",         "q:\\innermost\\data",  q },
        { "ab",                         NULL,                   beside },
        { "ab\\data",                   NULL,                   beside },
        { "z:\\",                       NULL,                   &z },
        { "z:\\etc",                    NULL,                   &z },
        { "z:\\proc",                   NULL,                   NULL },
        { "z:\\proc\\version",          NULL,                   NULL },
        { "z:\\proc\\sys\\kernel\\ostype", NULL,                NULL },
    };
    char paths[ARRAYSIZE(places)][MAX_PATH], path[MAX_PATH];
    HANDLE files[ARRAYSIZE(places)];
    unsigned int i, j, labels;
    struct answer got;

    check( ask_root( L"z:\\", &z ));
    for (i = 0; i < ARRAYSIZE(dirs); i++)
    {
        snprintf( path, sizeof(path), "%s\\%s", dir, dirs[i] );
        check( CreateDirectoryA( path, NULL ));
        write_text( path, "data", "data" );
    }
    for (i = 0; i < ARRAYSIZE(places); i++)
    {
        snprintf( paths[i], MAX_PATH, "%s%s%s", places[i].path[1] == ':' ? "" : dir,
                  places[i].path[1] == ':' ? "" : "\\", places[i].path );
        files[i] = CreateFileA( paths[i], GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
        if (strncmp( paths[i], "z:\\proc", 7 )) check_local( files[i] );
        else check_not_local( files[i] );  /* what it shows depends on who opens it */
    }

    /* each after each other one, for names and for labels */
    for (labels = 0; labels < 2; labels++)
        for (i = 0; i < ARRAYSIZE(places) * ARRAYSIZE(places) * 2; i++)
        {
            j = i % 2 ? i / 2 % ARRAYSIZE(places) : i / 2 / ARRAYSIZE(places);
            if (!labels) check( is_called( files[j], places[j].name ? places[j].name : paths[j] ));
            else if (!check( ask( files[j], &got ) == !!places[j].answer &&
                             (!places[j].answer || same( &got, places[j].answer ))))
                printf( "%s: label '%ls' serial %lx\n", paths[j], got.label, (unsigned long)got.serial );
        }

    for (i = 0; i < ARRAYSIZE(places); i++) CloseHandle( files[i] );
    for (i = ARRAYSIZE(dirs); i--;)
    {
        snprintf( path, sizeof(path), "%s\\%s", dir, dirs[i] );
        remove_tree( path );
    }
}

void test_volume(void)
{
    struct answer alpha = { 0xa1, L"alpha" }, gamma = { 0xa1, L"gamma" }, gamma2 = { 0xa2, L"gamma" };
    struct answer beta = { 0xb1, L"beta" }, inner = { 0xc1, L"inner" }, system;
    char unix_dir[MAX_PATH], unix_a[MAX_PATH], unix_inner[MAX_PATH], unix_b[MAX_PATH];
    char *dir = make_root( "volume", "none\n", "1\n", unix_dir );
    char *a = make_root( "volume\\a", "alpha\n", "a1\n", unix_a );
    char *within = make_root( "volume\\a\\inner", "inner\n", "c1\n", unix_inner );
    char *b = make_root( "volume\\b", "beta\n", "b1\n", unix_b );
    HANDLE map = CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*shared), "nspa-smoke-volume" );
    char path[MAX_PATH];
    HANDLE file;

    snprintf( path, sizeof(path), "%s\\data", a );
    shared = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*shared) );
    if (!check( shared ) || !check( define_drive( 'q', unix_a )) || !check( define_drive( 'r', unix_inner ))) return;
    wait_for_roots();
    check( ask_root( L"c:\\", &system ));
    poller = start_child( FALSE, "volume \"%s\" nspa-smoke-volume", path );
    after( "the drive is there", &alpha, &alpha );
    file = open_read( "q:\\data", 7 );
    check_local( file );
    check( is_called( file, "q:\\data" ));

    test_places( dir, &alpha, &inner, &system );
    check( define_drive( 'r', NULL ));
    after( "no drive within the drive", &alpha, &alpha );

    before();
    check( SetVolumeLabelW( L"q:\\", L"gamma" ));
    after( "SetVolumeLabel alone", &alpha, &alpha );
    before();
    check( define_drive( 'q', unix_a ));
    after( "a new label", &gamma, &gamma );

    before();
    write_text( a, ".windows-serial", "a2\n" );
    check( define_drive( 'q', unix_a ));
    after( "a new serial number", &gamma2, &gamma2 );

    before();
    /* two characters: for more, Wine 10.0 writes beyond a buffer on its stack */
    check( DefineDosDeviceW( DDD_RAW_TARGET_PATH, L"N1", L"\\Device\\Null" ));
    check( DefineDosDeviceW( DDD_REMOVE_DEFINITION, L"N1", NULL ));
    after( "another link", &gamma2, &gamma2 );

    before();
    check( define_drive( 'q', unix_b ));
    wait_for_roots();
    after( "the drive is elsewhere", &system, &beta );
    check( is_called( file, path ));

    before();
    write_text( a, "here", "" );
    if (check( relink( unix_a )))
    {
        wait_for_roots();
        after( "a link changed behind Wine's back", &beta, &beta );
        check( is_called( file, "q:\\data" ));
    }

    before();
    InterlockedExchange( &shared->quit, 1 );
    check( finish_child( poller ) == 0 );
    check( define_drive( 'q', NULL ));
    wait_for_roots();
    check( is_called( file, path ));
    CloseHandle( file );
    UnmapViewOfFile( shared );
    CloseHandle( map );
    remove_tree( within );
    remove_tree( a );
    remove_tree( b );
    remove_tree( dir );
}
