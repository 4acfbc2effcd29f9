/*
 * Opening a file that was opened before
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
#include "world.h"

#define OBJ_INHERIT 2u

static struct client_open again( const struct client_open *first )
{
    struct client_open open = *first;

    open.flags = open.mode = 0;
    open.dev = open.ino = 0;
    return open;
}

static uint32_t open_reason( struct client_open *open )
{
    nt_open( open );
    return open->opened.reason;
}

static uint32_t reopen_reason( struct client_open *open )
{
    nt_reopen( open );
    return open->opened.reason;
}

/* Open and close it, so that it is known. */
static void make_known( const struct client_open *like )
{
    struct client_open open = *like;

    CHECK_EQ( open_reason( &open ), NSPA_SERVED );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
}

static int64_t served( void *path )
{
    struct client_open first = looked_up( path ), second = again( &first ), third = second;
    struct nspa_stats before, after;
    char data[4];

    CHECK_EQ( reopen_reason( &second ), NSPA_NOT_KNOWN );
    CHECK_EQ( second.status, STATUS_NOT_SUPPORTED );
    CHECK_EQ( second.opened.handle, 0 );
    CHECK_EQ( second.opened.fd, -1 );
    CHECK_EQ( open_reason( &first ), NSPA_SERVED );
    lib.nspa_get_stats( &before, sizeof(before) );
    CHECK_EQ( reopen_reason( &second ), NSPA_SERVED );
    CHECK_EQ( second.status, STATUS_SUCCESS );
    CHECK_EQ( reopen_reason( &third ), NSPA_SERVED );
    lib.nspa_get_stats( &after, sizeof(after) );
    CHECK_EQ( after.opens[NSPA_SERVED], before.opens[NSPA_SERVED] + 2 );
    CHECK_EQ( after.handles, before.handles + 2 );
    CHECK( nspa_is_local_file( second.opened.handle ) && second.opened.handle != third.opened.handle );
    CHECK_EQ( second.opened.access, 0x120089 );
    CHECK( nt_read( second.opened.handle, data, sizeof(data), 0 ) == 4 && !memcmp( data, "data", 4 ));
    CHECK_EQ( nt_close( first.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( second.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( third.opened.handle ), STATUS_SUCCESS );
    return 0;
}

static struct process *start( char path[400] )
{
    start_server();
    strcpy( path, make_file( "file" ));
    return start_client();
}

static void known_served(void)
{
    char path[400];

    call( start( path ), served, path, sizeof(path) );
    check_table_empty();
}

/* Other arguments are for the gate to look at. */
static int64_t other_arguments( void *path )
{
    struct client_open first = looked_up( path ), open;

    make_known( &first );
#define OTHER(change, want) do { open = again( &first ); change; CHECK_FOR( #change, reopen_reason( &open ), want ); \
                                 if (!open.status) nt_close( open.opened.handle ); } while (0)
    OTHER( (void)0, NSPA_SERVED );
    OTHER( open.disposition = 3, NSPA_SERVED );
    OTHER( open.access = READ_DATA, NSPA_NOT_KNOWN );
    OTHER( open.access |= WRITE_DATA, NSPA_NOT_KNOWN );
    OTHER( open.access = 0, NSPA_NOT_KNOWN );
    OTHER( open.sharing = 3, NSPA_NOT_KNOWN );
    OTHER( open.sharing = 8 | 7, NSPA_NOT_KNOWN );
    OTHER( open.disposition = 2, NSPA_NOT_KNOWN );
    OTHER( open.disposition = 5, NSPA_NOT_KNOWN );
    OTHER( open.options = 0, NSPA_NOT_KNOWN );
    OTHER( open.options |= 0x1000, NSPA_NOT_KNOWN );
    OTHER( open.options |= 0x01000000, NSPA_NOT_KNOWN );
    OTHER( open.attributes |= OBJ_INHERIT, NSPA_NOT_KNOWN );
    OTHER( open.attributes |= 0x100, NSPA_NOT_KNOWN );
    OTHER( open.flags = NSPA_OPEN_HAS_ROOT, NSPA_NOT_KNOWN );
    OTHER( open.flags = NSPA_OPEN_HAS_SD, NSPA_NOT_KNOWN );
    OTHER( open.nt_len = 7, NSPA_NOT_KNOWN );
    OTHER( open.nt_len = 1998, NSPA_NAME_TOO_LONG );
    OTHER( strcat( open.path, "x" ), NSPA_NOT_KNOWN );
    OTHER( open.path[0] = 0, NSPA_NOT_KNOWN );
    OTHER( (void)0, NSPA_SERVED );
#undef OTHER
    return 0;
}

static void known_other_arguments(void)
{
    char path[400];

    call( start( path ), other_arguments, path, sizeof(path) );
    check_table_empty();
}

/* The name leads to something else by now.  What is no file is not known any more,
 * and nothing of it is left behind. */
static int64_t changed( void *path )
{
    static const uint32_t reasons[] = { NSPA_SERVED, NSPA_CHANGED, NSPA_CHANGED, NSPA_UNIX_ERROR };
    struct client_open first = looked_up( path ), open;
    char other[420];
    uint32_t fds, i;
    struct stat st;

    snprintf( other, sizeof(other), "%s-other", (char *)path );
    for (i = 0; i < 4; i++)
    {
        file_id( path, &first.dev, &first.ino );
        make_known( &first );
        fds = count_entries( "/proc/self/fd" );
        open = again( &first );
        switch (i)
        {
        case 0: CHECK( !rename( make_file( "new" ), path )); break;
        case 1: CHECK( !rename( path, other ) && !mkfifo( path, 0600 )); break;
        case 2: CHECK( !rename( path, other ) && !mkdir( path, 0700 )); break;
        case 3: CHECK( !unlink( path )); break;
        }
        CHECK_FOR( "a changed name", reopen_reason( &open ), reasons[i] );
        if (!i)
        {
            file_id( path, &open.dev, &open.ino );
            CHECK( !fstat( open.opened.fd, &st ) && st.st_dev == open.dev && st.st_ino == open.ino );
            CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
            continue;
        }
        CHECK_EQ( open.opened.handle, 0 );
        CHECK_EQ( open.opened.fd, -1 );
        CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
        CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
        if (i == 1 || i == 2) CHECK( !remove( path ) && !rename( other, path ));
    }
    return 0;
}

static void known_changed(void)
{
    char path[400];

    call( start( path ), changed, path, sizeof(path) );
    check_table_empty();
}

/* A file that was replaced or unlinked since it was opened is not published any more.
 * One that is gone for good shows that: there is no way to it but a descriptor. */
static int64_t unlinked( void *path )
{
    struct client_open first = looked_up( path ), open;
    uint32_t fds;

    make_known( &first );
    open = first;
    CHECK_EQ( open_reason( &open ), NSPA_SERVED );
    snprintf( first.path, sizeof(first.path), "/proc/self/fd/%d", open.opened.fd );
    make_known( &first );
    first = again( &first );
    CHECK_EQ( reopen_reason( &first ), NSPA_SERVED );
    CHECK_EQ( nt_close( first.opened.handle ), STATUS_SUCCESS );
    CHECK( !unlink( path ));
    fds = count_entries( "/proc/self/fd" );
    CHECK_EQ( reopen_reason( &first ), NSPA_CHANGED );
    CHECK_EQ( first.opened.handle, 0 );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    return 0;
}

static void known_unlinked(void)
{
    char path[400];

    call( start( path ), unlinked, path, sizeof(path) );
    check_table_empty();
}

/* The first call makes the file of that path known, the others open it again. */
static int64_t expect_reopen( void *want )
{
    static struct client_open first;
    struct client_open open;

    if (!first.path[0])
    {
        first = looked_up( want );
        make_known( &first );
        return 0;
    }
    open = again( &first );
    CHECK_EQ( reopen_reason( &open ), *(uint32_t *)want );
    if (!open.status) CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    return 0;
}

/* A conflict is wineserver's to judge, and says nothing against what is known. */
static void known_sharing(void)
{
    uint32_t own, conflict = NSPA_SHARING, fine = NSPA_SERVED;
    struct process *server = start_server(), *client = start_client();
    char path[400];

    strcpy( path, make_file( "file" ));
    call( client, expect_reopen, path, sizeof(path) );
    CHECK_EQ( open_in_server( server, path, READ_DATA, 0, &own ), STATUS_SUCCESS );
    call( client, expect_reopen, &conflict, sizeof(conflict) );
    CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
    call( client, expect_reopen, &fine, sizeof(fine) );
    check_table_empty();
}

/* The inode that a name led to may be another file's: an open that finds nothing has
 * no part in it. */
static void known_stale_inode(void)
{
    uint32_t own, gone = NSPA_UNIX_ERROR;  /* and not NSPA_SHARING */
    struct process *server = start_server(), *client = start_client();
    char path[400], other[420];

    strcpy( path, make_file( "file" ));
    snprintf( other, sizeof(other), "%s-other", path );
    call( client, expect_reopen, path, sizeof(path) );
    CHECK( !rename( path, other ));
    CHECK_EQ( open_in_server( server, other, READ_DATA, 0, &own ), STATUS_SUCCESS );
    call( client, expect_reopen, &gone, sizeof(gone) );
    CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
    check_table_empty();
}

/* Arguments that were served once are so for any regular file of the device, but not
 * for a module, and not for anything else. */
static int64_t by_device( void *path )
{
    struct client_open first = looked_up( path ), open;
    char name[400];

    make_known( &first );
    snprintf( name, sizeof(name), "%s", make_file( "another" ));
#define LIKE(change, want) do { open = looked_up( name ); change; CHECK_FOR( #change, open_reason( &open ), want ); \
                                if (!open.status) nt_close( open.opened.handle ); } while (0)
    LIKE( (void)0, NSPA_SERVED );
    LIKE( open.access |= WRITE_DATA, NSPA_ACCESS );
    LIKE( open.options |= 1, NSPA_OPTIONS );
    LIKE( open.options |= 0x1000, NSPA_OPTIONS );
    LIKE( open.options = 0, NSPA_ASYNCHRONOUS );
    LIKE( open.attributes |= 0x100, NSPA_ATTRIBUTES );
    LIKE( open.flags |= NSPA_OPEN_HAS_ROOT, NSPA_ROOT_DIRECTORY );
    LIKE( open.flags |= NSPA_OPEN_HAS_SD, NSPA_SECURITY_DESCRIPTOR );
    LIKE( open.disposition = 2, NSPA_DISPOSITION );
    LIKE( open.nt_len = 7, NSPA_BAD_REQUEST );
    LIKE( open.mode = S_IFIFO, NSPA_NOT_REGULAR );
    LIKE( open.dev++, NSPA_CHANGED );
    LIKE( strcat( open.path, "-gone" ), NSPA_UNIX_ERROR );
    snprintf( name, sizeof(name), "%s", make_file( "module.DLL" ));
    LIKE( (void)0, NSPA_LOADER );
    snprintf( name, sizeof(name), "%s", test_dir() );
    LIKE( open.mode = S_IFDIR | 0755, NSPA_SERVED );
    LIKE( (void)0, NSPA_CHANGED );  /* not what the lookup found */
#undef LIKE
    return 0;
}

static void known_by_device(void)
{
    char path[400];

    if (one_slot()) return;
    call( start( path ), by_device, path, sizeof(path) );
    check_table_empty();
}

/* ---- names that were listed ---- */

static int64_t listed( void *path )
{
    struct client_open first = looked_up( path ), open;
    char name[400];

    make_known( &first );
#define LISTED(what, mode, device, change, want) \
    do \
    { \
        snprintf( name, sizeof(name), "%s", make_file( what )); \
        first = looked_up( name ); \
        open = again( &first ); \
        lib.nspa_local_file_listed( name, mode, device ); \
        change; \
        CHECK_FOR( #change, reopen_reason( &open ), want ); \
        if (!open.status) CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS ); \
    } while (0)
    LISTED( "a", S_IFREG | 0644, first.dev, (void)0, NSPA_SERVED );
    CHECK_EQ( open.opened.size, 4 );
    CHECK_EQ( open.opened.directory, 0 );
    CHECK_EQ( reopen_reason( &open ), NSPA_SERVED );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    LISTED( "other-arguments", S_IFREG | 0644, first.dev, open.sharing = 3, NSPA_NOT_KNOWN );
    LISTED( "other-arguments", S_IFREG | 0644, first.dev, open.access |= WRITE_DATA, NSPA_NOT_KNOWN );
    LISTED( "other-arguments", S_IFREG | 0644, first.dev, open.flags = NSPA_OPEN_HAS_ROOT, NSPA_NOT_KNOWN );
    LISTED( "other-arguments", S_IFREG | 0644, first.dev, (void)0, NSPA_SERVED );
    LISTED( "module.dll", S_IFREG | 0644, first.dev, (void)0, NSPA_NOT_KNOWN );
    LISTED( "another-name", S_IFREG | 0644, first.dev, strcat( open.path, "x" ), NSPA_NOT_KNOWN );
    LISTED( "pipe", S_IFIFO | 0644, first.dev, (void)0, NSPA_NOT_KNOWN );
    LISTED( "link", S_IFLNK | 0777, first.dev, (void)0, NSPA_NOT_KNOWN );
    LISTED( "another-device", S_IFREG | 0644, first.dev + 1, (void)0, NSPA_NOT_KNOWN );
    LISTED( "gone", S_IFREG | 0644, first.dev, CHECK( !unlink( name )), NSPA_UNIX_ERROR );
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
    LISTED( "now-a-directory", S_IFREG | 0644, first.dev, CHECK( !unlink( name ) && !mkdir( name, 0700 )), NSPA_CHANGED );
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
    CHECK( !rmdir( name ));
    LISTED( "now-a-pipe", S_IFREG | 0644, first.dev, CHECK( !unlink( name ) && !mkfifo( name, 0600 )), NSPA_CHANGED );
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
#undef LISTED

    /* or by one who has just looked */
    snprintf( name, sizeof(name), "%s", make_file( "looked-at" ));
    open = looked_up( name );
    open.sharing = 3;
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
    open.sharing = 7;
    CHECK_EQ( reopen_reason( &open ), NSPA_SERVED );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    open = again( &open );
    CHECK_EQ( reopen_reason( &open ), NSPA_SERVED );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    open = looked_up( make_file( "looked-at.exe" ));
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
    return 0;
}

static void known_listed(void)
{
    char path[400];

    if (one_slot()) return;
    call( start( path ), listed, path, sizeof(path) );
    check_table_empty();
}

static int64_t listed_many( void *path )
{
    struct client_open first = looked_up( path ), open;
    uint32_t i, known = 0;
    char name[400];

    make_known( &first );
    for (i = 0; i < 30000; i++)
    {
        snprintf( name, sizeof(name), "%s/listed%u", test_dir(), i );
        lib.nspa_local_file_listed( name, i & 1 ? S_IFREG : S_IFDIR, first.dev );
    }
    for (i = 0; i < 30000; i++)
    {
        open = again( &first );
        snprintf( open.path, sizeof(open.path), "%s/listed%u", test_dir(), i );
        if (reopen_reason( &open ) == NSPA_UNIX_ERROR) known++;  /* there is none of that name */
        else CHECK_EQ( open.opened.reason, NSPA_NOT_KNOWN );
    }
    CHECK( known > 1000 && known <= 8192 );
    return 0;
}

static void known_listed_many(void)
{
    char path[400];

    call( start( path ), listed_many, path, sizeof(path) );
    check_table_empty();
}

/* ---- directories ---- */

static struct client_open like_directory( const char *path )
{
    struct client_open open = looked_up( path );

    open.mode = S_IFDIR | 0755;
    return open;
}

static int64_t directory( void *want )
{
    static uint32_t listings;
    struct client_open first = like_directory( test_dir() ), open = again( &first );
    uint32_t fds = count_entries( "/proc/self/fd" );
    char name[400];
    size_t size = sizeof(name);

    if (reopen_reason( &open ) == NSPA_NOT_KNOWN)
    {
        make_known( &first );
        CHECK_EQ( reopen_reason( &open ), *(uint32_t *)want );
    }
    else CHECK_EQ( open.opened.reason, *(uint32_t *)want );
    if (open.status) return 0;
    CHECK_EQ( open.opened.directory, 1 );
    CHECK_EQ( lib.nspa_local_file_unix_name( open.opened.handle, name, &size, NULL ), STATUS_SUCCESS );
    CHECK( !strcmp( name, test_dir() ));
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );

    /* and one that was listed */
    snprintf( name, sizeof(name), "%s/sub%u", test_dir(), listings++ );
    CHECK( !mkdir( name, 0700 ));
    snprintf( open.path, sizeof(open.path), "%s", name );
    CHECK_EQ( reopen_reason( &open ), NSPA_NOT_KNOWN );
    lib.nspa_local_file_listed( name, S_IFDIR | 0700, first.dev );
    CHECK_EQ( reopen_reason( &open ), NSPA_SERVED );
    CHECK_EQ( open.opened.directory, 1 );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    CHECK( !rmdir( name ));
    CHECK_EQ( reopen_reason( &open ), NSPA_UNIX_ERROR );
    return 0;
}

/* While a tree is watched wineserver opens them all. */
static void known_directory(void)
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

/* More files than there is room for: some are forgotten, none is mistaken. */
static int64_t many( void *path )
{
    struct client_open open;
    uint32_t i, known = 0;
    uint64_t dev, ino;
    struct stat st;
    char name[20];

    (void)path;
    for (i = 0; i < 12000; i++)
    {
        snprintf( name, sizeof(name), "many%u", i % 3000 );
        open = looked_up( make_file( name ));
        open.attributes = i & 1 ? OBJ_CASE : 0;
        open.sharing = 4 + i / 3000;
        if (i & 2) open.disposition = 3;
        make_known( &open );
        dev = open.dev;
        ino = open.ino;
        open = again( &open );
        if (reopen_reason( &open ) != NSPA_SERVED) continue;
        known++;
        CHECK( !fstat( open.opened.fd, &st ) && st.st_dev == dev && st.st_ino == ino );
        CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    }
    CHECK_EQ( known, 12000 );  /* the newest always stays */
    return 0;
}

static void known_many(void)
{
    char path[400];

    call( start( path ), many, path, sizeof(path) );
    check_table_empty();
}

/* ---- threads that overwrite each other's entries ---- */

#define THREADS 4

static void *race( void *arg )
{
    struct client_open first = looked_up( arg ), open;
    struct stat st;
    int i;

    for (i = 0; i < 4000; i++)
    {
        first.sharing = i & 7;
        first.access = i & 8 ? READ_DATA : 0x80;
        open = first;
        if (open_reason( &open ) == NSPA_SERVED) nt_close( open.opened.handle );
        open = again( &first );
        if (reopen_reason( &open ) != NSPA_SERVED) continue;
        CHECK( !fstat( open.opened.fd, &st ) && st.st_dev == first.dev && st.st_ino == first.ino );
        CHECK_EQ( open.opened.access, first.access );
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

static void known_race(void)
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

/* ---- a host that holds signals back by itself ---- */

static int64_t attach_holding( void *unused )
{
    can_hold_signals = 1;
    return client_attach( unused );
}

static int64_t holding( void *path )
{
    struct client_open first = looked_up( path ), open;
    uint64_t mask = signal_mask();
    uint32_t i;

    make_known( &first );
    CHECK_EQ( host_seen.holds, 1 );  /* of the close */
    for (i = 0; i < 3; i++)
    {
        open = again( &first );
        CHECK_EQ( reopen_reason( &open ), NSPA_SERVED );
        CHECK_EQ( host_seen.holds, 2 + 2 * i );
        CHECK_EQ( client_holds, 0 );
        CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
        CHECK_EQ( host_seen.holds, 3 + 2 * i );
        CHECK_EQ( client_holds, 0 );
        CHECK_EQ( signal_mask(), mask );
    }
    CHECK( !unlink( path ));
    CHECK_EQ( reopen_reason( &open ), NSPA_UNIX_ERROR );
    CHECK_EQ( client_holds, 0 );
    CHECK_EQ( signal_mask(), mask );
    CHECK_EQ( host_seen.unblocked, 0 );
    return 0;
}

static void known_holding(void)
{
    struct process *client;
    char path[400];

    start_server();
    client = start_plain_client();
    strcpy( path, make_file( "file" ));
    CHECK_EQ( call( client, attach_holding, NULL, 0 ), STATUS_SUCCESS );
    call( client, holding, path, sizeof(path) );
    check_table_empty();
}

const struct test known_tests[] =
{
    T( known_served ), T( known_other_arguments ), T( known_changed ), T( known_sharing ), T( known_many ),
    T( known_race ), T( known_holding ), T( known_unlinked ), T( known_by_device ), T( known_stale_inode ),
    T( known_listed ), T( known_listed_many ), T( known_directory ), { 0 }
};
