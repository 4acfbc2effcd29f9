/*
 * Names that were opened or listed before: what that saves, and what it must not change
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "trace.h"
#include "world.h"

static uint32_t open_reason( struct client_open *open )
{
    nt_open( open );
    return open->opened.reason;
}

/* Open and close it. */
static uint32_t reason_for( const char *path )
{
    struct client_open open = reading( path );

    if (open_reason( &open ) == NSPA_SERVED) CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    else CHECK_EQ( open.opened.handle, 0 );
    return open.opened.reason;
}

/* List what is in the same directory as path, as the name's last part. */
static void list( const char *path, uint32_t mode )
{
    char dir[400];
    char *base;

    snprintf( dir, sizeof(dir), "%s", path );
    base = strrchr( dir, '/' );
    *base++ = 0;
    lib.nspa_local_file_listed( dir, base, mode );
}

static struct process *start( char path[400] )
{
    start_server();
    strcpy( path, make_file( "file" ));
    return start_client();
}

/* ---- what it saves, counted in system calls ---- */

static int64_t traced_open( void *arg )
{
    struct client_open *open = arg;

    trace_mark();
    nt_open( open );
    trace_mark();
    return 0;
}

static int64_t traced_close( void *handle )
{
    trace_mark();
    lib.nspa_local_file_close( *(uint32_t *)handle );
    trace_mark();
    return 0;
}

static int64_t list_as( void *arg )
{
    struct client_open *open = arg;

    list( open->path, open->flags );
    return 0;
}

static struct process *client;

/* Open it in the client, and close it; what the open called. */
static struct system_calls open_calls( const char *path, uint32_t reason )
{
    struct client_open open = reading( path );
    struct system_calls calls, close_calls;

    if (!trace_call( client, traced_open, &open, sizeof(open), &calls )) memset( &calls, 0, sizeof(calls) );
    else CHECK_EQ( open.opened.reason, reason );
    if (open.opened.handle && trace_call( client, traced_close, &open.opened.handle, sizeof(uint32_t), &close_calls ))
    {
        CHECK_EQ( close_calls.closes, 1 );
        CHECK_EQ( close_calls.total - close_calls.masks, 1 );
        CHECK_EQ( close_calls.masks, calls.masks );
    }
    return calls;
}

/* A thread's first call does more. */
static int64_t warm_up( void *unused )
{
    (void)unused;
    return reason_for( make_file( "first" ));
}

static void list_in_client( const char *path, uint32_t mode )
{
    struct client_open open = reading( path );

    open.flags = mode;
    call( client, list_as, &open, sizeof(open) );
}

static void count_calls( uint32_t masks )
{
    struct system_calls calls;
    char path[400];
    int i;

    call( client, warm_up, NULL, 0 );
    strcpy( path, make_file( "opened" ));
    calls = open_calls( path, NSPA_SERVED );
    if (!calls.total) return skip( "processes cannot be traced" );
    CHECK_EQ( calls.looks, 2 );     /* by name, and at the descriptor */
    CHECK_EQ( calls.opens, 1 );
    CHECK_EQ( calls.masks, masks );
    for (i = 0; i < 3; i++)
    {
        calls = open_calls( path, NSPA_SERVED );
        CHECK_EQ( calls.looks, 1 );
        CHECK_EQ( calls.opens, 1 );
        CHECK_EQ( calls.masks, masks );
        CHECK_EQ( calls.closes, 0 );
        CHECK( calls.total - masks <= 3 );  /* statfs(), if a second has ended */
    }

    strcpy( path, make_file( "listed" ));
    list_in_client( path, S_IFREG | 0600 );
    CHECK_EQ( open_calls( path, NSPA_SERVED ).looks, 1 );
    strcpy( path, make_file( "listed as a link" ));
    list_in_client( path, S_IFLNK | 0777 );
    CHECK_EQ( open_calls( path, NSPA_SERVED ).looks, 2 );
    CHECK_EQ( open_calls( path, NSPA_SERVED ).looks, 1 );

    /* not opened without a look, however often it was asked for */
    snprintf( path, sizeof(path), "%s/pipe", test_dir() );
    CHECK( !mkfifo( path, 0600 ));
    list_in_client( path, S_IFIFO | 0600 );
    for (i = 0; i < 3; i++)
    {
        calls = open_calls( path, NSPA_NOT_REGULAR );
        CHECK_EQ( calls.looks, 1 );
        CHECK_EQ( calls.opens, 0 );
    }
    /* nor, after the first time, what is not any more what it was listed as */
    list_in_client( path, S_IFREG | 0600 );
    calls = open_calls( path, NSPA_NOT_REGULAR );
    CHECK_EQ( calls.opens, 1 );
    CHECK_EQ( calls.closes, 1 );
    CHECK_EQ( open_calls( path, NSPA_NOT_REGULAR ).opens, 0 );
    CHECK( !unlink( path ));
    list_in_client( path, S_IFREG | 0600 );
    CHECK_EQ( open_calls( path, NSPA_UNIX_ERROR ).opens, 1 );
    CHECK_EQ( open_calls( path, NSPA_UNIX_ERROR ).opens, 0 );
    check_table_empty();
}

static void hint_system_calls(void)
{
    start_server();
    client = start_client();
    count_calls( 2 );
}

static void hint_system_calls_of_wine(void)
{
    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, client_attach_holding, NULL, 0 ), STATUS_SUCCESS );
    count_calls( 0 );
}

/* ---- what it must not change ---- */

/* The gate looks at each open's arguments. */
static int64_t other_arguments( void *path )
{
    struct client_open open;

    CHECK_EQ( reason_for( path ), NSPA_SERVED );
#define OTHER(change, want) do { open = reading( path ); change; CHECK_FOR( #change, open_reason( &open ), want ); \
                                 if (!open.status) CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS ); } while (0)
    OTHER( (void)0, NSPA_SERVED );
    OTHER( open.disposition = 3, NSPA_SERVED );
    OTHER( open.access = READ_DATA, NSPA_SERVED );
    OTHER( open.access |= WRITE_DATA, NSPA_ACCESS );
    OTHER( open.access = 0, NSPA_ACCESS );
    OTHER( open.sharing = 3, NSPA_SERVED );
    OTHER( open.sharing = 8 | 7, NSPA_BAD_REQUEST );
    OTHER( open.disposition = 2, NSPA_DISPOSITION );
    OTHER( open.disposition = 5, NSPA_DISPOSITION );
    OTHER( open.options = 0, NSPA_ASYNCHRONOUS );
    OTHER( open.options |= 1, NSPA_OPTIONS );
    OTHER( open.options |= 0x1000, NSPA_OPTIONS );
    OTHER( open.options |= 0x01000000, NSPA_OPTIONS );
    OTHER( open.attributes |= OBJ_INHERIT, NSPA_SERVED );
    OTHER( open.attributes |= 0x100, NSPA_ATTRIBUTES );
    OTHER( open.flags = NSPA_OPEN_HAS_ROOT, NSPA_ROOT_DIRECTORY );
    OTHER( open.flags = NSPA_OPEN_HAS_SD, NSPA_SECURITY_DESCRIPTOR );
    OTHER( open.nt_len = 7, NSPA_BAD_REQUEST );
    OTHER( open.nt_len = 1998, NSPA_NAME_TOO_LONG );
    OTHER( strcat( open.path, "x" ), NSPA_UNIX_ERROR );
    OTHER( open.path[0] = 0, NSPA_UNIX_ERROR );
    OTHER( (void)0, NSPA_SERVED );
#undef OTHER
    return 0;
}

static void hint_other_arguments(void)
{
    char path[400];

    call( start( path ), other_arguments, path, sizeof(path) );
    check_table_empty();
}

/* The name leads to something else by now: served as what it is, or not at all, and
 * nothing is left behind.  So for a name that was opened, and for one that was listed. */
static int64_t changed( void *path )
{
    static const uint32_t reasons[] = { NSPA_SERVED, NSPA_NOT_REGULAR, NSPA_SERVED, NSPA_UNIX_ERROR, NSPA_UNIX_ERROR };
    struct client_open open;
    char other[420];
    uint32_t fds, i, round;
    uint64_t dev, ino;
    struct stat st;

    snprintf( other, sizeof(other), "%s-other", (char *)path );
    for (i = 0; i < 2 * sizeof(reasons) / sizeof(reasons[0]); i++)
    {
        if (i % 2) list( path, S_IFREG | 0644 );
        else CHECK_EQ( reason_for( path ), NSPA_SERVED );
        fds = count_entries( "/proc/self/fd" );
        CHECK( !rename( path, other ));
        switch (i / 2)
        {
        case 0: CHECK( !rename( make_file( "new" ), path )); break;
        case 1: CHECK( !mkfifo( path, 0600 )); break;
        case 2: CHECK( !mkdir( path, 0700 )); break;
        case 3: break;
        case 4: CHECK( !symlink( "nowhere", path )); break;
        }
        for (round = 0; round < 2; round++)
        {
            open = reading( path );
            CHECK_FOR( "a changed name", open_reason( &open ), reasons[i / 2] );
            if (open.status) CHECK_EQ( open.opened.handle, 0 );
            else
            {
                file_id( path, &dev, &ino );
                CHECK( !fstat( nt_cached_fd( open.opened.handle ), &st ) && st.st_dev == dev && st.st_ino == ino );
                CHECK_EQ( open.opened.directory, S_ISDIR( st.st_mode ));
                CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
            }
        }
        CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
        remove( path );
        CHECK( !rename( other, path ));
    }
    return 0;
}

static void hint_changed(void)
{
    char path[400];

    call( start( path ), changed, path, sizeof(path) );
    check_table_empty();
}

/* A file that is gone for good shows that: there is no way to it but a descriptor. */
static int64_t unlinked( void *path )
{
    char link[60];
    uint32_t fds, handle;

    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED );
    snprintf( link, sizeof(link), "/proc/self/fd/%d", nt_cached_fd( handle ));
    CHECK_EQ( reason_for( link ), NSPA_SERVED );
    CHECK( !unlink( path ));
    fds = count_entries( "/proc/self/fd" );
    CHECK_EQ( reason_for( link ), NSPA_CHANGED );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    return 0;
}

static void hint_unlinked(void)
{
    char path[400];

    call( start( path ), unlinked, path, sizeof(path) );
    check_table_empty();
}

/* A conflict is wineserver's to judge, and is none of what the name led to before. */
static void hint_sharing(void)
{
    struct process *server = start_server(), *client = start_client();
    char path[400], other[420];
    uint32_t own, handle, i;

    strcpy( path, make_file( "file" ));
    snprintf( other, sizeof(other), "%s-other", path );
    for (i = 0; i < 2; i++)
    {
        CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
        close_in( client, handle );
        if (i) CHECK( !rename( path, other ));
        CHECK_EQ( open_in_server( server, i ? other : path, READ_DATA, 0, &own ), STATUS_SUCCESS );
        CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), i ? NSPA_UNIX_ERROR : NSPA_SHARING );
        CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
    }
    check_table_empty();
}

/* ---- names that were listed ---- */

static int64_t listed( void *path )
{
    char name[500], longest[3000];

    list( path, S_IFREG | 0644 );
    CHECK_EQ( reason_for( path ), NSPA_SERVED );
    snprintf( name, sizeof(name), "%s", make_file( "module.dll" ));
    list( name, S_IFREG | 0644 );
    CHECK_EQ( reason_for( name ), NSPA_LOADER );
    snprintf( name, sizeof(name), "%s/gone", test_dir() );
    list( name, S_IFREG | 0644 );
    CHECK_EQ( reason_for( name ), NSPA_UNIX_ERROR );

    /* in a directory that is named with its slash, that is none, or that has a long name */
    snprintf( name, sizeof(name), "%s/", test_dir() );
    lib.nspa_local_file_listed( name, "file", S_IFREG );
    lib.nspa_local_file_listed( "", "file", S_IFREG );
    lib.nspa_local_file_listed( "/", "", S_IFREG );
    lib.nspa_local_file_listed( NULL, "file", S_IFREG );
    lib.nspa_local_file_listed( name, NULL, S_IFREG );
    memset( longest, 'x', sizeof(longest) );
    longest[0] = '/';
    longest[sizeof(longest) - 1] = 0;
    lib.nspa_local_file_listed( longest, "file", S_IFREG );
    lib.nspa_local_file_listed( "/", longest, S_IFREG );
    CHECK_EQ( reason_for( path ), NSPA_SERVED );
    CHECK_EQ( reason_for( "" ), NSPA_UNIX_ERROR );
    return 0;
}

static void hint_listed(void)
{
    char path[400];

    call( start( path ), listed, path, sizeof(path) );
    check_table_empty();
}

/* More than there is room for: some are forgotten, and none is mistaken. */
static int64_t many( void *path )
{
    struct client_open open;
    char name[420];
    uint64_t dev, ino;
    struct stat st;
    uint32_t i;

    for (i = 0; i < 30000; i++)
    {
        snprintf( name, sizeof(name), "%s%u", (char *)path, i );
        list( name, i & 1 ? S_IFREG : S_IFDIR );
    }
    for (i = 0; i < 30000; i += 7)
    {
        snprintf( name, sizeof(name), "%s%u", (char *)path, i );
        CHECK_EQ( reason_for( name ), NSPA_UNIX_ERROR );
    }
    for (i = 0; i < 500; i++)
    {
        snprintf( name, sizeof(name), "many%u", i );
        open = reading( make_file( name ));
        CHECK_EQ( open_reason( &open ), NSPA_SERVED );
        file_id( open.path, &dev, &ino );
        CHECK( !fstat( nt_cached_fd( open.opened.handle ), &st ) && st.st_dev == dev && st.st_ino == ino );
        CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    }
    return 0;
}

static void hint_many(void)
{
    char path[400];

    call( start( path ), many, path, sizeof(path) );
    check_table_empty();
}

/* ---- directories ---- */

static int64_t directory( void *want )
{
    static uint32_t count;
    struct client_open open = reading( test_dir() );
    uint32_t fds = count_entries( "/proc/self/fd" );
    char name[400];
    int i;

    for (i = 0; i < 2; i++)
    {
        CHECK_EQ( open_reason( &open ), *(uint32_t *)want );
        CHECK_EQ( open.opened.directory, !open.status );
        if (!open.status) CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    }
    /* and one that was listed */
    snprintf( name, sizeof(name), "%s/sub%u", test_dir(), count++ );
    CHECK( !mkdir( name, 0700 ));
    list( name, S_IFDIR | 0700 );
    CHECK_EQ( reason_for( name ), *(uint32_t *)want );
    CHECK( !rmdir( name ));
    CHECK_EQ( reason_for( name ), NSPA_UNIX_ERROR );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
    return 0;
}

/* While a tree is watched wineserver opens them all. */
static void hint_directory(void)
{
    uint32_t fine = NSPA_SERVED, declined = NSPA_TABLE_DECLINED, trees;
    struct process *server = start_server(), *client = start_client();

    call( client, directory, &fine, sizeof(fine) );
    call( server, server_watch_trees, &(uint32_t){ 1 }, sizeof(trees) );
    call( client, directory, &declined, sizeof(declined) );
    call( server, server_watch_trees, &(uint32_t){ 0 }, sizeof(trees) );
    call( client, directory, &fine, sizeof(fine) );
    check_table_empty();
}

/* ---- threads that add and drop the same names ---- */

#define THREADS 4

static void *race( void *arg )
{
    struct client_open open;
    uint64_t dev, ino;
    struct stat st;
    char gone[500];
    int i;

    snprintf( gone, sizeof(gone), "%s-gone", (char *)arg );
    file_id( arg, &dev, &ino );
    for (i = 0; i < 4000; i++)
    {
        list( gone, S_IFREG );
        open = reading( gone );
        CHECK_EQ( open_reason( &open ), NSPA_UNIX_ERROR );
        open = reading( arg );
        open.sharing = i & 7;
        open.access = i & 8 ? READ_DATA : 0x80;
        if (open_reason( &open ) != NSPA_SERVED) continue;
        CHECK( !fstat( nt_cached_fd( open.opened.handle ), &st ) && st.st_dev == dev && st.st_ino == ino );
        CHECK_EQ( open.opened.access, open.access );
        nt_close( open.opened.handle );
    }
    return NULL;
}

static int64_t race_all( void *path )
{
    static char paths[THREADS][420];
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++)
    {
        snprintf( paths[i], sizeof(paths[i]), "%s%s", (char *)path, i & 1 ? "-other" : "" );
        pthread_create( &threads[i], NULL, race, paths[i] );
    }
    for (i = 0; i < THREADS; i++) pthread_join( threads[i], NULL );
    return 0;
}

static void hint_race(void)
{
    struct process *server = start_server(), *client = start_client();
    char path[400], other[420];
    uint32_t own;

    strcpy( path, make_file( "file" ));
    snprintf( other, sizeof(other), "%s-other", path );
    CHECK( !rename( make_file( "second" ), other ));
    call( client, race_all, path, sizeof(path) );
    /* where a close gave up on the lock, the server's next visit counts anew */
    CHECK_EQ( open_in_server( server, path, READ_DATA, 7, &own ), STATUS_SUCCESS );
    CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
    CHECK_EQ( open_in_server( server, other, READ_DATA, 7, &own ), STATUS_SUCCESS );
    CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
    check_table_empty();
}

const struct test hint_tests[] =
{
    T( hint_system_calls ), T( hint_system_calls_of_wine ), T( hint_other_arguments ), T( hint_changed ),
    T( hint_unlinked ), T( hint_sharing ), T( hint_listed ), T( hint_many ), T( hint_directory ), T( hint_race ), { 0 }
};
