/*
 * What is known of a local file: its description, its names, its size; volume epochs
 * and statistics
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

/* ---- lent ---- */

/* What the borrower does while it has the file. */
struct loan
{
    const char *path;
    uint32_t    handle;
    int         fd;
    int       (*meanwhile)( struct loan *loan );
    uint32_t    used;
};

static int32_t borrow( const struct nspa_promotion *file, void *arg )
{
    struct loan *loan = arg;

    loan->used++;
    loan->fd = file->fd;
    CHECK_EQ( file->handle, loan->handle );
    CHECK_EQ( file->fd, nt_cached_fd( loan->handle ));
    if (loan->meanwhile) CHECK( loan->meanwhile( loan ));
    /* whatever was done, the file is still there to be used */
    CHECK( fcntl( file->fd, F_GETFD ) != -1 );
    return 0x1234;
}

static int32_t lend( struct loan *loan, const char *path, int (*meanwhile)( struct loan *loan ) )
{
    int32_t result = 0, status;

    loan->path = path;
    loan->used = 0;
    loan->meanwhile = meanwhile;
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &loan->handle ), NSPA_SERVED );
    status = lib.nspa_local_file_lend( loan->handle | 1, borrow, loan, &result );
    CHECK_EQ( loan->used, 1 );
    CHECK_EQ( result, 0x1234 );
    return status;
}

static int look_at_it( struct loan *loan )
{
    return client_share( loan->path ).handles == 1;
}

/* Closed while lent: gone for everybody else at once, for the borrower not yet. */
static int close_it( struct loan *loan )
{
    uint32_t again;

    CHECK_EQ( lib.nspa_local_file_close( loan->handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( loan->handle ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_lend( loan->handle, borrow, loan, &(int32_t){ 0 } ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( client_share( loan->path ).handles, 1 );
    CHECK_EQ( nt_open_read( loan->path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK( again != loan->handle );
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    return 1;
}

/* Lent twice, and closed while it is. */
static int lend_it_again( struct loan *loan )
{
    struct loan second = { .path = loan->path, .handle = loan->handle, .meanwhile = close_it };
    int32_t result;

    CHECK_EQ( lib.nspa_local_file_lend( loan->handle, borrow, &second, &result ), STATUS_SUCCESS );
    CHECK_EQ( second.used, 1 );
    CHECK_EQ( client_share( loan->path ).handles, 1 );
    return 1;
}

/* Promoted while lent: the close then goes to the server. */
static int promote_it( struct loan *loan )
{
    CHECK_EQ( lib.nspa_local_file_promote( loan->handle ), STATUS_SUCCESS );
    CHECK_EQ( client_share( loan->path ).handles, 0 );
    CHECK_EQ( server_share( loan->path ).handles, 1 );
    return 1;
}

/* Promoted, then closed while lent: not given out again before that is over, and then it
 * is, whether NtClose asked us or the server closed it by itself (DUPLICATE_CLOSE_SOURCE).
 * Tried with an nspa_file_closed() that ignored pinned files: the value was lost for good. */
static int promote_and_close_it( struct loan *loan )
{
    uint32_t again;

    promote_it( loan );
    CHECK_EQ( nt_close( loan->handle ), STATUS_SUCCESS );
    CHECK( fcntl( loan->fd, F_GETFD ) != -1 );
    CHECK_EQ( nt_open_read( loan->path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK( again != loan->handle );
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    return 1;
}

static int promote_and_lose_it( struct loan *loan )
{
    uint32_t again;

    promote_it( loan );
    lib.nspa_local_file_closed( loan->handle );
    CHECK( fcntl( loan->fd, F_GETFD ) != -1 );
    CHECK_EQ( nt_open_read( loan->path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK( again != loan->handle );
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    return 1;
}

static int32_t describe( const struct nspa_promotion *file, void *path )
{
    static const char prefix[] = "\\??\\unix";
    unsigned int i;

    CHECK_EQ( file->access, READ_DATA );
    CHECK_EQ( file->sharing, 3 );
    CHECK_EQ( file->options, OPEN_SYNC );
    CHECK_EQ( file->attributes, OBJ_CASE );
    CHECK( !strcmp( file->unix_name, path ));
    CHECK_EQ( file->nt_len, 2 * (strlen( prefix ) + strlen( path )) );
    for (i = 0; i < strlen( prefix ); i++) CHECK_EQ( file->nt_name[i], prefix[i] );
    CHECK_EQ( file->section.access, 0 );
    return 0;
}

static int64_t loans( void *path )
{
    uint32_t handle, again, fds = count_entries( "/proc/self/fd" );
    struct loan loan = { 0 };
    int32_t result = 77;

    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &handle ), NSPA_SERVED );
    CHECK_EQ( lib.nspa_local_file_lend( handle, NULL, &loan, &result ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_lend( handle, borrow, &loan, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_lend( 0x44, borrow, &loan, &result ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_lend( handle + 4, borrow, &loan, &result ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( result, 77 );
    CHECK_EQ( loan.used, 0 );
    CHECK_EQ( lib.nspa_local_file_lend( handle, describe, path, &result ), STATUS_SUCCESS );
    CHECK_EQ( result, 0 );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );

    CHECK_EQ( lend( &loan, path, look_at_it ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( loan.handle ), STATUS_SUCCESS );
    CHECK_EQ( lend( &loan, path, close_it ), STATUS_SUCCESS );
    CHECK_EQ( fcntl( loan.fd, F_GETFD ), -1 );
    CHECK_EQ( client_share( path ).handles, 0 );
    CHECK_EQ( nt_close( loan.handle ), STATUS_INVALID_HANDLE );
    CHECK_EQ( lend( &loan, path, lend_it_again ), STATUS_SUCCESS );
    CHECK_EQ( fcntl( loan.fd, F_GETFD ), -1 );
    CHECK_EQ( client_share( path ).handles, 0 );

    CHECK_EQ( lend( &loan, path, promote_it ), STATUS_SUCCESS );
    CHECK_EQ( server_share( path ).handles, 1 );
    CHECK_EQ( nt_close( loan.handle ), STATUS_SUCCESS );
    CHECK_EQ( fcntl( loan.fd, F_GETFD ), -1 );
    CHECK_EQ( server_share( path ).handles, 0 );

    CHECK_EQ( lend( &loan, path, promote_and_close_it ), STATUS_SUCCESS );
    CHECK_EQ( server_share( path ).handles, 0 );
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK_EQ( again, loan.handle );
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    CHECK_EQ( lend( &loan, path, promote_and_lose_it ), STATUS_SUCCESS );
    CHECK_EQ( server_share( path ).handles, 0 );
    CHECK_EQ( nt_open_read( path, READ_DATA, 3, &again ), NSPA_SERVED );
    CHECK_EQ( again, loan.handle );
    CHECK_EQ( nt_close( again ), STATUS_SUCCESS );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
    return 0;
}

static void query_lend(void)
{
    struct process *client;
    struct nspa_stats stats;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, loans, path, sizeof(path) ), 0 );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    CHECK_EQ( stats.local_handles, 0 );
    check_table_empty();
}

/* ---- what it was opened with ---- */

static int64_t opened_with( void *path )
{
    struct client_open open = reading( path );
    struct nspa_opened_file info;
    uint64_t handle;

    open.sharing = 5;
    open.options = OPEN_SYNC | 0x800;
    open.attributes = OBJ_INHERIT;
    CHECK_EQ( nt_open( &open ), STATUS_SUCCESS );
    handle = open.opened.handle;
    CHECK_EQ( open.opened.directory, 0 );
    CHECK_EQ( lib.nspa_local_file_query( handle, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_query( handle + 4, &info ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_query( 0x44, &info ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_query( handle - 0x4000, &info ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_query( handle | 3, &info ), STATUS_SUCCESS );
    CHECK_EQ( info.access, 0x120089 );
    CHECK_EQ( info.access, open.opened.access );
    CHECK_EQ( info.sharing, 5 );
    CHECK_EQ( info.options, OPEN_SYNC | 0x800 );
    CHECK_EQ( info.attributes, OBJ_INHERIT );
    CHECK_EQ( info.directory, 0 );

    /* its size when it was opened, and no other, until the handle is closed */
    CHECK( lib.nspa_local_file_had_size( handle, 4 ));
    CHECK( lib.nspa_local_file_had_size( handle | 1, 4 ));
    CHECK( !lib.nspa_local_file_had_size( handle, 3 ) && !lib.nspa_local_file_had_size( handle, 0 ));
    CHECK( !lib.nspa_local_file_had_size( handle + 4, 4 ) && !lib.nspa_local_file_had_size( handle + 4, 0 ));
    CHECK( !lib.nspa_local_file_had_size( handle - 0x4000, 4 ) && !lib.nspa_local_file_had_size( 0x44, 4 ));
    CHECK_EQ( truncate( path, 7 ), 0 );
    CHECK( lib.nspa_local_file_had_size( handle, 4 ) && !lib.nspa_local_file_had_size( handle, 7 ));
    CHECK_EQ( lib.nspa_local_file_promote( handle ), STATUS_SUCCESS );
    CHECK( lib.nspa_local_file_had_size( handle, 4 ));
    CHECK_EQ( lib.nspa_local_file_query( handle, &info ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    CHECK( !lib.nspa_local_file_had_size( handle, 4 ));

    snprintf( open.path, sizeof(open.path), "%s", test_dir() );
    CHECK_EQ( nt_open( &open ), STATUS_SUCCESS );
    CHECK_EQ( open.opened.directory, 1 );
    CHECK_EQ( lib.nspa_local_file_query( open.opened.handle, &info ), STATUS_SUCCESS );
    CHECK_EQ( info.directory, 1 );
    CHECK( !lib.nspa_local_file_had_size( open.opened.handle, 0 ));
    CHECK_EQ( nt_close( open.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_query( open.opened.handle, &info ), STATUS_NOT_SUPPORTED );
    return 0;
}

static void query_opened_with(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    call( client, opened_with, path, sizeof(path) );
    check_table_empty();
}

/* ---- names ---- */

struct names
{
    char path[400];          /* what to open */
    char want[3000];         /* and what it is called then */
    char rename[400];        /* to this, in between; deleted if it is the same */
};

static int is_named( uint32_t handle, const char *want )
{
    char buffer[4000];
    size_t size = sizeof(buffer);

    return !lib.nspa_local_file_unix_name( handle, buffer, &size ) && size == strlen( want ) + 1 &&
           !strcmp( buffer, want );
}

static int64_t unix_name( void *arg )
{
    struct names *names = arg;
    char buffer[4000];
    size_t need = strlen( names->want ) + 1, size;
    uint32_t handle;

    CHECK_EQ( nt_open_read( names->path, READ_DATA, 7, &handle ), NSPA_SERVED );
    if (!strcmp( names->rename, names->path )) CHECK_EQ( remove( names->path ), 0 );
    else if (*names->rename) CHECK_EQ( rename( names->path, names->rename ), 0 );
    CHECK_FOR( names->want, is_named( handle, names->want ), 1 );
    memset( buffer, 'x', sizeof(buffer) );
    size = need;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size ), STATUS_SUCCESS );
    CHECK_EQ( size, need );
    CHECK( !strcmp( buffer, names->want ));
    CHECK_EQ( buffer[need], 'x' );

    memset( buffer, 'x', sizeof(buffer) );
    size = need - 1;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size ), STATUS_BUFFER_OVERFLOW );
    CHECK_EQ( size, need );
    CHECK_EQ( buffer[0], 'x' );
    size = 0;
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size ), STATUS_BUFFER_OVERFLOW );
    CHECK_EQ( buffer[0], 'x' );

    CHECK_EQ( lib.nspa_local_file_unix_name( handle, NULL, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, NULL ), STATUS_NOT_SUPPORTED );
    size = sizeof(buffer);
    CHECK_EQ( lib.nspa_local_file_unix_name( 0x44, buffer, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_unix_name( handle, buffer, &size ), STATUS_NOT_SUPPORTED );
    return 0;
}

/* Where a file is now, however it was called when it was opened. */
static void query_unix_name(void)
{
    struct process *client;
    struct names names;
    char *dir, *name;
    unsigned int i;

    start_server();
    client = start_client();
    dir = realpath( test_dir(), NULL );

#define NAMED(open, is, becomes) \
    snprintf( names.path, sizeof(names.path), "%s/%s", test_dir(), (open) ); \
    snprintf( names.want, sizeof(names.want), "%s/%s", dir, (is) ); \
    names.rename[0] = 0; \
    if (*(becomes)) snprintf( names.rename, sizeof(names.rename), "%s/%s", test_dir(), (becomes) ); \
    call( client, unix_name, &names, sizeof(names) )

    make_file( "file" );
    NAMED( "file", "file", "" );

    /* through a link to a file, and to a directory */
    CHECK_EQ( symlinkat( "file", open( dir, O_PATH ), "link" ), 0 );
    NAMED( "link", "file", "" );
    CHECK_EQ( symlinkat( ".", open( dir, O_PATH ), "dirlink" ), 0 );
    NAMED( "dirlink/file", "file", "" );

    /* a directory, by names that do not tell which */
    CHECK_EQ( mkdirat( open( dir, O_PATH ), "sub", 0755 ), 0 );
    NAMED( "sub", "sub", "" );
    NAMED( "sub/", "sub", "" );
    CHECK_EQ( symlinkat( "sub", open( dir, O_PATH ), "sublink" ), 0 );
    NAMED( "sublink", "sub", "" );
    NAMED( "sublink", "sub", "sublink-renamed" );

    /* renamed and deleted since it was opened */
    NAMED( "sub/", "sub-renamed", "sub-renamed" );
    NAMED( "dirlink/file", "renamed", "renamed" );
    make_file( "gone" );
    NAMED( "gone", "gone", "gone" );
    CHECK_EQ( mkdirat( open( dir, O_PATH ), "gone", 0755 ), 0 );
    NAMED( "gone", "gone", "gone" );
    /* the kernel says so by a suffix, which may also be part of a name */
    make_file( "file (deleted)" );
    NAMED( "file (deleted)", "file (deleted)", "" );
    NAMED( "file (deleted)", "file (deleted)", "file (deleted)" );
    make_file( "twin" );
    NAMED( "twin", "twin (deleted)", "twin (deleted)" );

    /* as long as a name can be */
    name = names.want + snprintf( names.want, sizeof(names.want), "%s", dir );
    for (i = 0; i < 10; i++)
    {
        name += sprintf( name, "/%0200u", i );
        CHECK_EQ( mkdir( names.want, 0755 ), 0 );
    }
    snprintf( names.path, sizeof(names.path), "%s/deep", test_dir() );
    CHECK_EQ( symlink( names.want, names.path ), 0 );
    strcpy( names.path, make_file( "deep/file" ));
    strcpy( name, "/file" );
    names.rename[0] = 0;
    call( client, unix_name, &names, sizeof(names) );
    check_table_empty();
}

/* The entry is used again, for a file of another name; and a file that has gone on to be
 * called otherwise, twice, with another one at its old place. */
static int64_t ask_anew( void *arg )
{
    char *path = arg, other[420], third[420];
    uint32_t first, second;

    snprintf( other, sizeof(other), "%s-other", path );
    snprintf( third, sizeof(third), "%s-third", path );
    CHECK_EQ( rename( make_file( "second" ), other ), 0 );
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &first ), NSPA_SERVED );
    CHECK( is_named( first, path ));
    CHECK_EQ( nt_close( first ), STATUS_SUCCESS );
    CHECK_EQ( nt_open_read( other, READ_DATA, 7, &second ), NSPA_SERVED );
    CHECK_EQ( second, first );
    CHECK( is_named( second, other ));
    CHECK_EQ( rename( other, third ), 0 );
    CHECK( is_named( second, third ));
    CHECK_EQ( rename( path, other ), 0 );
    CHECK( is_named( second, third ));
    CHECK_EQ( nt_close( second ), STATUS_SUCCESS );
    CHECK_EQ( rename( other, path ), 0 );
    return 0;
}

/* A directory above it is renamed. */
static int64_t ask_below( void *dir )
{
    char path[500], moved[500], want[500];
    uint32_t handle;

    snprintf( path, sizeof(path), "%s/a", (char *)dir );
    snprintf( moved, sizeof(moved), "%s/b", (char *)dir );
    CHECK_EQ( mkdir( path, 0755 ), 0 );
    snprintf( want, sizeof(want), "%s", make_file( "a/file" ));
    CHECK_EQ( nt_open_read( want, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( rename( path, moved ), 0 );
    snprintf( want, sizeof(want), "%s/b/file", (char *)dir );
    CHECK( is_named( handle, want ));
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    return 0;
}

static char *asked;
static uint32_t asked_handle;
static pthread_barrier_t barrier;

static void *ask_often( void *unused )
{
    unsigned int i, j;

    for (i = 0; i < 200; i++)
    {
        pthread_barrier_wait( &barrier );
        for (j = 0; j < 3; j++) CHECK( is_named( asked_handle, asked ));
        pthread_barrier_wait( &barrier );
    }
    return unused;
}

static int64_t ask_at_once( void *path )
{
    pthread_t threads[3];
    unsigned int i;

    asked = path;
    pthread_barrier_init( &barrier, NULL, 4 );
    for (i = 0; i < 3; i++) CHECK_EQ( pthread_create( &threads[i], NULL, ask_often, NULL ), 0 );
    for (i = 0; i < 200; i++)
    {
        CHECK_EQ( nt_open_read( asked, READ_DATA, 7, &asked_handle ), NSPA_SERVED );
        pthread_barrier_wait( &barrier );
        pthread_barrier_wait( &barrier );
        CHECK_EQ( nt_close( asked_handle ), STATUS_SUCCESS );
    }
    for (i = 0; i < 3; i++) pthread_join( threads[i], NULL );
    return 0;
}

static void query_name_now(void)
{
    struct process *client;
    char path[400], dir[400];

    start_server();
    client = start_client();
    strcpy( dir, realpath( test_dir(), NULL ));
    strcpy( path, realpath( make_file( "file" ), NULL ));
    call( client, ask_at_once, path, sizeof(path) );
    call( client, ask_anew, path, sizeof(path) );
    call( client, ask_below, dir, sizeof(dir) );
    check_table_empty();
}

/* The NT name is the one that it was opened by, whatever becomes of the file. */
static int64_t nt_names( void *path )
{
    static const char prefix[] = "\\??\\unix";
    uint32_t need = 2 * (strlen( prefix ) + strlen( path )), size, handle, i;
    uint16_t name[500];
    char other[420];

    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED );
    snprintf( other, sizeof(other), "%s-other", (char *)path );
    CHECK_EQ( rename( path, other ), 0 );
    memset( name, 'x', sizeof(name) );
    size = need;
    CHECK_EQ( lib.nspa_local_file_nt_name( handle | 2, name, &size ), STATUS_SUCCESS );
    CHECK_EQ( size, need );
    for (i = 0; i < strlen( prefix ); i++) CHECK_EQ( name[i], prefix[i] );
    for (; i < need / 2; i++)
    {
        char c = ((char *)path)[i - strlen( prefix )];

        CHECK_EQ( name[i], c == '/' ? '\\' : c );
    }
    CHECK_EQ( name[need / 2], 'x' << 8 | 'x' );
    memset( name, 'x', sizeof(name) );
    size = need - 1;
    CHECK_EQ( lib.nspa_local_file_nt_name( handle, name, &size ), STATUS_BUFFER_OVERFLOW );
    CHECK_EQ( size, need );
    CHECK_EQ( name[0], 'x' << 8 | 'x' );
    CHECK_EQ( lib.nspa_local_file_nt_name( handle, NULL, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_nt_name( handle, name, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_nt_name( 0x44, name, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_nt_name( handle - 0x4000, name, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_nt_name( handle, name, &size ), STATUS_NOT_SUPPORTED );
    return 0;
}

static void query_nt_name(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    call( client, nt_names, path, sizeof(path) );
    check_table_empty();
}

/* ---- the rest ---- */

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
    CHECK_EQ( stats.promotions, 1 );
    CHECK_EQ( stats.local_closes, 2 );
    CHECK_EQ( stats.handles, 2 );
    CHECK_EQ( stats.local_handles, 1 );
    call( client, stats_sizes, NULL, 0 );
    close_in( client, handles[0] );
    close_in( client, handles[3] );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    CHECK_EQ( stats.local_handles, 0 );
    CHECK_EQ( stats.local_closes, 3 );
}

const struct test query_tests[] =
{
    T( query_lend ), T( query_opened_with ), T( query_unix_name ), T( query_name_now ), T( query_nt_name ),
    T( query_volume_epoch ), T( query_stats ), { 0 }
};
