/*
 * Pins, names, volume epochs and statistics
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static int64_t pins( void *path )
{
    static const char prefix[] = "\\??\\unix";
    struct nspa_promotion file;
    uint32_t handle, again;
    unsigned int i;

    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &handle ), NSPA_SERVED );
    CHECK_EQ( lib.nspa_local_file_pin( handle, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_pin( 0x44, &file ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_pin( handle + 4, &file ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_pin( handle | 2, &file ), STATUS_SUCCESS );
    CHECK_EQ( file.handle, handle );
    CHECK_EQ( file.fd, nt_cached_fd( handle ));
    CHECK_EQ( file.access, READ_DATA );
    CHECK_EQ( file.sharing, 3 );
    CHECK_EQ( file.options, OPEN_SYNC );
    CHECK_EQ( file.attributes, OBJ_CASE );
    CHECK( !strcmp( file.unix_name, path ));
    CHECK_EQ( file.nt_len, 2 * (strlen( prefix ) + strlen( path )) );
    for (i = 0; i < strlen( prefix ); i++) CHECK_EQ( file.nt_name[i], prefix[i] );

    /* closed while pinned: gone for everybody else at once, for us not yet */
    CHECK_EQ( lib.nspa_local_file_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( handle ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_pin( handle, &file ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK( fcntl( file.fd, F_GETFD ) != -1);
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK( again != handle );
    lib.nspa_local_file_unpin( handle );
    CHECK_EQ( fcntl( file.fd, F_GETFD ), -1 );
    CHECK_EQ( client_share( path ).handles, 1 );
    lib.nspa_local_file_unpin( handle );               /* once too often */
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );

    /* twice pinned is twice unpinned */
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &handle ), NSPA_SERVED );
    CHECK_EQ( lib.nspa_local_file_pin( handle, &file ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_pin( handle, &file ), STATUS_SUCCESS );
    lib.nspa_local_file_unpin( handle );
    CHECK_EQ( lib.nspa_local_file_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( client_share( path ).handles, 1 );
    lib.nspa_local_file_unpin( handle );
    CHECK_EQ( client_share( path ).handles, 0 );

    /* promoted while pinned: the close then goes to the server */
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &handle ), NSPA_SERVED );
    CHECK_EQ( lib.nspa_local_file_pin( handle, &file ), STATUS_SUCCESS );
    lib.nspa_promote_if_local( handle );
    CHECK_EQ( client_share( path ).handles, 0 );
    CHECK_EQ( server_share( path ).handles, 1 );
    lib.nspa_local_file_unpin( handle );
    CHECK_EQ( server_share( path ).handles, 1 );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( server_share( path ).handles, 0 );

    /* promoted, then closed while pinned: not given out again before the unpin,
     * and then it is, whether NtClose asked us or the server closed it by itself
     * (DUPLICATE_CLOSE_SOURCE).  Tried with an nspa_file_closed() that ignored
     * pinned files: the value was lost for good. */
    for (i = 0; i < 2; i++)
    {
        CHECK_EQ( nt_open_read( path, READ_DATA, 3, &handle ), NSPA_SERVED );
        CHECK_EQ( lib.nspa_local_file_pin( handle, &file ), STATUS_SUCCESS );
        lib.nspa_promote_if_local( handle );
        if (i) lib.nspa_local_file_closed( handle );
        else CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
        /* its descriptor may be on its way to the server */
        CHECK( fcntl( file.fd, F_GETFD ) != -1 );
        CHECK_EQ( nt_open_read( path, READ_DATA, 3, &again ), NSPA_SERVED );
        CHECK( again != handle );
        CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
        lib.nspa_local_file_unpin( handle );
        CHECK_EQ( fcntl( file.fd, F_GETFD ), -1 );
        CHECK_EQ( server_share( path ).handles, 0 );
        CHECK_EQ( nt_open_read( path, READ_DATA, 3, &again ), NSPA_SERVED );
        CHECK_EQ( again, handle );
        CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    }
    return 0;
}

static void query_pins(void)
{
    struct process *client;
    struct nspa_stats stats;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, pins, path, sizeof(path) ), 0 );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    check_table_empty();
}

struct names
{
    char path[400];          /* what to open */
    char want[400];          /* and what it is called then */
    char rename[400];        /* to this, in between */
};

static int64_t unix_name( void *arg )
{
    struct names *names = arg;
    char buffer[500];
    size_t need = strlen( names->want ) + 1, size;
    uint32_t handle;

    CHECK_EQ( nt_open_read( names->path, READ_DATA, 7, &handle ), NSPA_SERVED );
    if (*names->rename) CHECK_EQ( rename( names->path, names->rename ), 0 );
    memset( buffer, 'x', sizeof(buffer) );
    size = need;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size, NULL ), STATUS_SUCCESS );
    CHECK_EQ( size, need );
    CHECK( !strcmp( buffer, names->want ));
    CHECK_EQ( buffer[need], 'x' );

    memset( buffer, 'x', sizeof(buffer) );
    size = need - 1;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size, NULL ), STATUS_BUFFER_OVERFLOW );
    CHECK_EQ( size, need );
    CHECK_EQ( buffer[0], 'x' );
    size = 0;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size, NULL ), STATUS_BUFFER_OVERFLOW );
    CHECK_EQ( buffer[0], 'x' );

    CHECK_EQ( lib.nspa_local_file_unix_name( handle, NULL, &size, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, NULL, NULL ), STATUS_NOT_SUPPORTED );
    size = sizeof(buffer);
    CHECK_EQ( lib.nspa_local_file_unix_name( 0x44, buffer, &size, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size, NULL ), STATUS_NOT_SUPPORTED );
    return 0;
}

static void query_unix_name(void)
{
    struct process *client;
    struct names names = { 0 };
    char real[400], *dir;

    start_server();
    client = start_client();
    dir = realpath( test_dir(), NULL );

    strcpy( names.path, make_file( "file" ));
    snprintf( names.want, sizeof(names.want), "%s/file", dir );
    call( client, unix_name, &names, sizeof(names) );

    /* through a link to a file, and to a directory */
    snprintf( names.path, sizeof(names.path), "%s/link", test_dir() );
    CHECK_EQ( symlink( "file", names.path ), 0 );
    call( client, unix_name, &names, sizeof(names) );
    snprintf( real, sizeof(real), "%s/dirlink", test_dir() );
    CHECK_EQ( symlink( ".", real ), 0 );
    snprintf( names.path, sizeof(names.path), "%s/dirlink/file", test_dir() );
    call( client, unix_name, &names, sizeof(names) );

    /* a directory, by names that do not tell which */
    snprintf( names.path, sizeof(names.path), "%s/sub", test_dir() );
    CHECK_EQ( mkdir( names.path, 0755 ), 0 );
    snprintf( names.want, sizeof(names.want), "%s/sub", dir );
    call( client, unix_name, &names, sizeof(names) );
    strcat( names.path, "/" );
    call( client, unix_name, &names, sizeof(names) );
    snprintf( names.path, sizeof(names.path), "%s/sublink", test_dir() );
    CHECK_EQ( symlink( "sub", names.path ), 0 );
    call( client, unix_name, &names, sizeof(names) );
    snprintf( names.rename, sizeof(names.rename), "%s/sublink-renamed", test_dir() );
    call( client, unix_name, &names, sizeof(names) );
    snprintf( names.path, sizeof(names.path), "%s/sub/", test_dir() );
    snprintf( names.rename, sizeof(names.rename), "%s/sub-renamed", test_dir() );
    call( client, unix_name, &names, sizeof(names) );
    snprintf( names.want, sizeof(names.want), "%s/file", dir );

    /* as it was when it was opened, whatever became of it */
    snprintf( names.path, sizeof(names.path), "%s/dirlink/file", test_dir() );
    snprintf( names.rename, sizeof(names.rename), "%s/renamed", test_dir() );
    call( client, unix_name, &names, sizeof(names) );
    check_table_empty();
}

/* ---- the name that was found first is kept ---- */

struct kept
{
    char path[400];          /* what to open */
    char other[400];         /* another file, or where the first one goes in between */
    char want[3000];         /* what the first one is called, before and after that */
};

static int is_named( uint32_t handle, const char *want )
{
    char buffer[3000];
    size_t size = sizeof(buffer);

    return !lib.nspa_local_file_unix_name( handle, buffer, &size, NULL ) && size == strlen( want ) + 1 &&
           !strcmp( buffer, want );
}

/* A link at the old place leads to the file, which the kernel then knows by the new
 * name.  Tried without keeping names: it was called that. */
static int64_t ask_twice( void *arg )
{
    struct kept *kept = arg;
    uint32_t handle;

    CHECK_EQ( nt_open_read( kept->path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK( is_named( handle, kept->want ));
    CHECK_EQ( rename( kept->path, kept->other ), 0 );
    CHECK_EQ( link( kept->other, kept->path ), 0 );
    CHECK( is_named( handle, kept->want ));
    lib.nspa_promote_if_local( handle );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    return 0;
}

/* The entry is used again, for a file of another name.  Tried with an entry that is
 * not told so: both had the first one's. */
static int64_t ask_anew( void *arg )
{
    struct kept *kept = arg;
    uint32_t first, second;

    CHECK_EQ( nt_open_read( kept->path, READ_DATA, 7, &first ), NSPA_SERVED );
    CHECK( is_named( first, kept->want ));
    CHECK_EQ( nt_close( first ), STATUS_SUCCESS );
    CHECK_EQ( nt_open_read( kept->other, READ_DATA, 7, &second ), NSPA_SERVED );
    CHECK_EQ( second, first );
    CHECK( is_named( second, kept->other ));
    CHECK_EQ( nt_close( second ), STATUS_SUCCESS );
    return 0;
}

/* There is no room for the name: it is found again each time.  Tried with one that
 * is kept all the same: the entry behind had it. */
static int64_t ask_long( void *arg )
{
    struct kept *kept = arg;
    uint32_t handle, next;

    CHECK_EQ( nt_open_read( kept->path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( nt_open_read( kept->other, READ_DATA, 7, &next ), NSPA_SERVED );
    CHECK_EQ( next, handle + 4 );
    CHECK( is_named( handle, kept->want ));
    CHECK( is_named( handle, kept->want ));
    CHECK( is_named( next, kept->other ));
    CHECK_EQ( nt_close( next ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    return 0;
}

/* Open with the stat() of a name lookup, as one that is known. */
static uint32_t open_direct( const char *path )
{
    struct client_open open = looked_up( path );

    CHECK_EQ( nt_open( &open ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( nt_open( &open ), STATUS_SUCCESS );
    return open.opened.handle;
}

/* Next to a file that was asked for just before, one that was moved, renamed or
 * unlinked since it was opened; and one that is a link to its like elsewhere.  Tried
 * with links taken for files: the first was here, the others were there. */
static int64_t ask_beside( void *arg )
{
    static const char *const names[] = { "moved", "renamed", "unlinked", "linked" };
    char path[500], from[600], to[700], want[4000];
    struct kept *kept = arg;
    uint32_t first, second;
    unsigned int i;

    for (i = 0; i < 4; i++)
    {
        snprintf( path, sizeof(path), "%s/%s", kept->path, names[i] );
        snprintf( want, sizeof(want), "%s/%s", kept->want, names[i] );
        second = open_direct( path );
        snprintf( from, sizeof(from), "%s/first", kept->path );
        first = open_direct( from );
        snprintf( to, sizeof(to), "%.500s/first", kept->want );
        CHECK( is_named( first, to ));

        snprintf( to, sizeof(to), i ? "%s-renamed" : "%s/moved", i ? path : kept->other );
        if (i == 2) CHECK_EQ( unlink( path ), 0 );
        else CHECK_EQ( rename( path, to ), 0 );
        if (i == 3) CHECK_EQ( link( to, path ), 0 );
        CHECK( is_named( second, want ));
        CHECK_EQ( nt_close( first ), STATUS_SUCCESS );
        CHECK_EQ( nt_close( second ), STATUS_SUCCESS );
    }

    snprintf( to, sizeof(to), "%s/alias", kept->other );
    rename( make_file( "alias" ), to );
    snprintf( path, sizeof(path), "%s/alias", kept->path );
    CHECK_EQ( symlink( to, path ), 0 );
    for (i = 0; i < 2; i++)
    {
        first = open_direct( path );
        CHECK( is_named( first, to ));
        second = open_direct( from );
        snprintf( want, sizeof(want), "%s/first", kept->want );
        CHECK( is_named( second, want ));
        CHECK_EQ( nt_close( first ), STATUS_SUCCESS );
        CHECK_EQ( nt_close( second ), STATUS_SUCCESS );
    }
    return 0;
}

static struct kept *asked;
static uint32_t asked_handle;
static pthread_barrier_t barrier;

static void *ask_often( void *unused )
{
    unsigned int i, j;

    for (i = 0; i < 200; i++)
    {
        pthread_barrier_wait( &barrier );
        for (j = 0; j < 3; j++) CHECK( is_named( asked_handle, asked->want ));
        pthread_barrier_wait( &barrier );
    }
    return unused;
}

static int64_t ask_at_once( void *arg )
{
    pthread_t threads[3];
    unsigned int i;

    asked = arg;
    pthread_barrier_init( &barrier, NULL, 4 );
    for (i = 0; i < 3; i++) CHECK_EQ( pthread_create( &threads[i], NULL, ask_often, NULL ), 0 );
    for (i = 0; i < 200; i++)
    {
        CHECK_EQ( nt_open_read( asked->path, READ_DATA, 7, &asked_handle ), NSPA_SERVED );
        pthread_barrier_wait( &barrier );
        pthread_barrier_wait( &barrier );
        CHECK_EQ( nt_close( asked_handle ), STATUS_SUCCESS );
    }
    for (i = 0; i < 3; i++) pthread_join( threads[i], NULL );
    return 0;
}

static void query_kept_name(void)
{
    static const char *const beside[] = { "a/first", "a/moved", "a/renamed", "a/unlinked", "a/linked" };
    struct kept kept = { 0 };
    struct process *client;
    char dir[2900], *real;
    unsigned int i;

    if (one_slot()) return;
    start_server();
    client = start_client();
    real = realpath( test_dir(), NULL );

    snprintf( kept.other, sizeof(kept.other), "%s/other", real );
    strcpy( kept.path, make_file( "file" ));
    snprintf( kept.want, sizeof(kept.want), "%s/file", real );
    call( client, ask_at_once, &kept, sizeof(kept) );
    call( client, ask_twice, &kept, sizeof(kept) );
    call( client, ask_anew, &kept, sizeof(kept) );

    snprintf( dir, sizeof(dir), "%s", real );
    for (i = 0; i < 10; i++)
    {
        snprintf( dir + strlen( dir ), sizeof(dir) - strlen( dir ), "/%0200u", i );
        CHECK_EQ( mkdir( dir, 0755 ), 0 );
    }
    snprintf( kept.path, sizeof(kept.path), "%s/deep", test_dir() );
    CHECK_EQ( symlink( dir, kept.path ), 0 );
    strcpy( kept.path, make_file( "deep/file" ));
    snprintf( kept.want, sizeof(kept.want), "%s/file", dir );
    call( client, ask_long, &kept, sizeof(kept) );

    snprintf( kept.want, sizeof(kept.want), "%s/a", real );
    CHECK_EQ( mkdir( kept.want, 0755 ), 0 );
    snprintf( kept.other, sizeof(kept.other), "%s/b", real );
    CHECK_EQ( mkdir( kept.other, 0755 ), 0 );
    snprintf( kept.path, sizeof(kept.path), "%s/way", test_dir() );
    CHECK_EQ( symlink( "a", kept.path ), 0 );
    for (i = 0; i < 5; i++) make_file( beside[i] );
    call( client, ask_beside, &kept, sizeof(kept) );
    check_table_empty();
}

/* ---- whether a name still leads to its file ---- */

/* Open the file twice, first to make it known; says what the device is given as. */
static int64_t place( void *path )
{
    static struct client_open first;
    struct client_open open;
    char name[500];
    size_t size = sizeof(name);
    uint64_t dev = 1;

    if (!first.path[0])
    {
        first = looked_up( path );
        CHECK_EQ( nt_open( &first ), STATUS_SUCCESS );
        CHECK_EQ( lib.nspa_local_file_unix_name( first.opened.handle, name, &size, &dev ), STATUS_SUCCESS );
        CHECK_EQ( dev, 0 );  /* Go does not look whether the last component is a link */
        CHECK_EQ( nt_close( first.opened.handle ), STATUS_SUCCESS );
    }
    open = first;
    open.flags = 0;
    if (*(char *)path) CHECK_EQ( nt_reopen( &open ), STATUS_SUCCESS );
    else open.opened = first.opened;
    first.opened = open.opened;
    size = sizeof(name);
    CHECK_EQ( lib.nspa_local_file_unix_name( open.opened.handle, name, &size, &dev ), STATUS_SUCCESS );
    CHECK( !dev || dev == first.dev );
    return dev != 0;
}

static void query_place(void)
{
    struct process *server = start_server(), *client = start_client();
    char path[400], same[1] = "";
    int i;

    strcpy( path, make_file( "file" ));
    /* a second may end between two calls, but not each time */
    for (i = 0; i < 5; i++) if (call( client, place, path, sizeof(path) ) && call( client, place, same, 1 )) break;
    CHECK( i < 5 );
    call( server, server_bump_names, NULL, 0 );
    CHECK_EQ( call( client, place, same, 1 ), 0 );
    for (i = 0; i < 5; i++) if (call( client, place, path, sizeof(path) )) break;
    CHECK( i < 5 );
    usleep( 1100000 );
    CHECK_EQ( call( client, place, same, 1 ), 0 );
}

static void query_volume_epoch(void)
{
    struct process *server, *client, *plain = start_plain_client();
    int64_t first, second;

    call( plain, client_load, NULL, 0 );
    CHECK_EQ( call( plain, client_epoch, NULL, 0 ), 0 );
    server = start_server();
    client = start_client();
    first = call( client, client_epoch, NULL, 0 );
    CHECK( first != 0 );
    CHECK_EQ( call( client, client_epoch, NULL, 0 ), first );
    call( server, server_bump_volumes, NULL, 0 );
    second = call( client, client_epoch, NULL, 0 );
    CHECK( second != first && second != 0 );
    kill_process( server );
    CHECK_EQ( call( client, client_epoch, NULL, 0 ), 0 );
}

static int64_t stats_sizes( void *unused )
{
    struct nspa_stats all, part;
    size_t size, i;

    (void)unused;
    lib.nspa_get_stats( &all, sizeof(all) );
    lib.nspa_get_stats( NULL, sizeof(all) );
    for (size = 0; size <= sizeof(part); size += 4)
    {
        memset( &part, 0xee, sizeof(part) );
        lib.nspa_get_stats( &part, size );
        CHECK( !memcmp( &part, &all, size ));
        for (i = size; i < sizeof(part); i++) if (((uint8_t *)&part)[i] != 0xee) break;
        CHECK_EQ( i, sizeof(part) );
    }
    return 0;
}

static void query_stats(void)
{
    struct process *client, *plain = start_plain_client();
    struct nspa_stats stats, none;
    uint32_t handles[4], i;
    char path[400];

    memset( &none, 0, sizeof(none) );
    memset( &stats, 0xee, sizeof(stats) );
    call( plain, client_load, NULL, 0 );
    call( plain, client_stats, &stats, sizeof(stats) );
    CHECK( !memcmp( &stats, &none, offsetof( struct nspa_stats, handles ) + sizeof(stats.handles) ));

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    for (i = 0; i < 4; i++) open_in( client, path, READ_DATA, 7, &handles[i] );
    open_in( client, path, WRITE_DATA, 7, &i );
    open_in( client, path, WRITE_DATA, 7, &i );
    open_in( client, "/nonexistent", READ_DATA, 7, &i );
    open_in( client, path, READ_DATA, 0, &i );
    call( client, client_promote, &handles[0], sizeof(uint32_t) );
    close_in( client, handles[1] );
    close_in( client, handles[2] );

    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.opens[NSPA_SERVED], 4 );
    CHECK_EQ( stats.opens[NSPA_ACCESS], 2 );
    CHECK_EQ( stats.opens[NSPA_UNIX_ERROR], 1 );
    CHECK_EQ( stats.opens[NSPA_SHARING], 1 );
    CHECK_EQ( stats.opens[NSPA_PANIC], 0 );
    CHECK_EQ( stats.promotions, 1 );
    CHECK_EQ( stats.local_closes, 2 );
    CHECK_EQ( stats.handles, 2 );
    call( client, stats_sizes, NULL, 0 );
    close_in( client, handles[0] );
    close_in( client, handles[3] );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    CHECK_EQ( stats.local_closes, 3 );
}

const struct test query_tests[] =
{
    T( query_pins ), T( query_unix_name ), T( query_kept_name ), T( query_volume_epoch ), T( query_place ), T( query_stats ), { 0 }
};
