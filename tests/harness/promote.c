/*
 * Promotion: a local file becomes wineserver's under the same handle
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static struct server_seen seen_by( struct process *server )
{
    struct server_seen seen;

    call( server, server_seen, &seen, sizeof(seen) );
    return seen;
}

/* The open moves: at no time counted twice afterwards, nor missing. */
static void promote_moves_share(void)
{
    struct process *server = start_server(), *a = start_client(), *b = start_client();
    struct server_seen seen;
    struct host_seen host;
    uint32_t handle, other;
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in( a, path, READ_DATA, 0, &handle ), NSPA_SERVED );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK_EQ( server_share( path ).handles, 0 );
    CHECK_EQ( call( a, client_promote, &handle, sizeof(handle) ), handle );
    CHECK_EQ( client_share( path ).handles, 0 );
    CHECK_EQ( server_share( path ).handles, 1 );
    CHECK_EQ( server_share( path ).readers, 1 );
    CHECK_EQ( server_share( path ).shared_read, 0 );

    /* still denies what it denied */
    CHECK_EQ( open_in( b, path, READ_DATA, 7, &other ), NSPA_SHARING );
    CHECK_EQ( open_in_server( server, path, READ_DATA, 7, &other ), STATUS_SHARING_VIOLATION );
    /* still reads, without the server */
    CHECK( call( a, client_read, &handle, sizeof(handle) ));
    /* a second time costs nothing */
    CHECK_EQ( call( a, client_promote, &handle, sizeof(handle) ), handle );
    seen = seen_by( server );
    CHECK_EQ( seen.packets, 1 );
    CHECK_EQ( seen.promoted, 1 );
    CHECK_EQ( seen.wrong, 0 );
    CHECK_EQ( seen.held, 1 );
    call( a, client_host_seen, &host, sizeof(host) );
    CHECK_EQ( host.unblocked, 0 );
    CHECK_EQ( host.locked, 0 );
    CHECK_EQ( host.drained, 0 );

    /* it is wineserver's to close, and its value is free again then */
    CHECK_EQ( call( a, client_close_local, &handle, sizeof(handle) ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( close_in( a, handle ), STATUS_SUCCESS );
    CHECK_EQ( open_in( b, path, READ_DATA, 7, &other ), NSPA_SERVED );
    close_in( b, other );
    CHECK_EQ( open_in( a, path, READ_DATA, 7, &other ), NSPA_SERVED );
    CHECK_EQ( other, handle );
    close_in( a, other );
    check_table_empty();
}

/* The position in the file is shared with what wineserver got. */
static int64_t seek_and_promote( void *arg )
{
    uint32_t handle;

    if (nt_open_read( arg, READ_DATA, 7, &handle )) return -1;
    lseek( nt_cached_fd( handle ), 3, SEEK_SET );
    lib.nspa_promote_if_local( handle );
    return lseek( nt_cached_fd( handle ), 0, SEEK_CUR );
}

static void promote_keeps_position(void)
{
    struct process *server = start_server(), *client = start_client();
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( call( client, seek_and_promote, path, sizeof(path) ), 3 );
    CHECK_EQ( seen_by( server ).wrong, 0 );
}

/* Refused by the server: stays local as if nothing had been. */
static void promote_refused(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_behaviour refuse = { .refuse = 1 };
    uint32_t handle;
    char path[400];

    strcpy( path, make_file( "file" ));
    call( server, server_behave, &refuse, sizeof(refuse) );
    open_in( client, path, READ_DATA, 1, &handle );
    CHECK_EQ( call( client, client_promote, &handle, sizeof(handle) ), handle );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK_EQ( server_share( path ).handles, 0 );
    CHECK_EQ( call( client, client_promote, &handle, sizeof(handle) ), handle );
    CHECK_EQ( client_share( path ).handles, 0 );
    CHECK_EQ( server_share( path ).handles, 1 );
    CHECK_EQ( close_in( client, handle ), STATUS_SUCCESS );

    call( server, server_behave, &refuse, sizeof(refuse) );
    open_in( client, path, READ_DATA, 1, &handle );
    call( client, client_promote, &handle, sizeof(handle) );
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
    CHECK_EQ( seen_by( server ).held, 0 );
    check_table_empty();
}

/* ---- many at once ---- */

#define MANY 40

struct many
{
    char     path[400];
    uint32_t handles[MANY];
    uint32_t promoted;
};

/* Every second one may be inherited. */
static int64_t open_many( void *arg )
{
    struct many *many = arg;
    unsigned int i;

    for (i = 0; i < MANY; i++)
    {
        struct client_open open = { .access = READ_DATA, .sharing = 7, .disposition = FILE_OPEN, .options = OPEN_SYNC,
                                    .attributes = i % 2 ? OBJ_INHERIT : OBJ_CASE };

        strcpy( open.path, many->path );
        CHECK_EQ( nt_open( &open ), STATUS_SUCCESS );
        many->handles[i] = open.opened.handle;
    }
    return 0;
}

static int64_t promote_inheritable( void *arg )
{
    (void)arg;
    return lib.nspa_local_file_promote_inheritable();
}

/* With what is none in between, and one twice. */
static int64_t promote_list( void *arg )
{
    static const uint64_t junk[] = { 0, 0x44, 0x7ffffffc, 0x7fffffff, 0x80000000, ~UINT64_C(0), 0x7ffffff8 };
    struct many *many = arg;
    uint64_t list[MANY + 10];
    unsigned int i, count = 0;

    for (i = 0; i < MANY; i++) list[count++] = many->handles[i] | i % 4;
    for (i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) list[count++] = junk[i];
    list[count++] = many->handles[0];
    CHECK_EQ( lib.nspa_local_file_promote_handles( NULL, 3 ), 0 );
    CHECK_EQ( lib.nspa_local_file_promote_handles( list, 0 ), 0 );
    return lib.nspa_local_file_promote_handles( list, count );
}

static int64_t close_many( void *arg )
{
    struct many *many = arg;
    unsigned int i;

    for (i = 0; i < MANY; i++) CHECK_EQ( nt_close( many->handles[i] ), STATUS_SUCCESS );
    return 0;
}

static void promote_many(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_behaviour refuse = { .refuse = 3 };
    struct server_seen seen;
    struct many many;

    strcpy( many.path, make_file( "file" ));
    call( client, open_many, &many, sizeof(many) );

    /* some refused: the others are not the worse for it */
    call( server, server_behave, &refuse, sizeof(refuse) );
    CHECK_EQ( call( client, promote_inheritable, NULL, 0 ), MANY / 2 - 3 );
    CHECK_EQ( client_share( many.path ).handles, MANY / 2 + 3 );
    CHECK_EQ( call( client, promote_inheritable, NULL, 0 ), 3 );
    CHECK_EQ( call( client, promote_inheritable, NULL, 0 ), 0 );
    seen = seen_by( server );
    CHECK_EQ( seen.promoted, MANY / 2 );
    CHECK_EQ( seen.packets, (MANY / 2 + NSPA_PROMOTE_MAX - 1) / NSPA_PROMOTE_MAX + 1 );
    CHECK_EQ( seen.wrong, 0 );

    CHECK_EQ( call( client, promote_list, &many, sizeof(many) ), MANY / 2 );
    seen = seen_by( server );
    CHECK_EQ( seen.promoted, MANY );
    CHECK_EQ( seen.held, MANY );
    CHECK_EQ( seen.wrong, 0 );
    CHECK_EQ( client_share( many.path ).handles, 0 );
    CHECK_EQ( server_share( many.path ).handles, MANY );
    call( client, close_many, &many, sizeof(many) );
    CHECK_EQ( seen_by( server ).held, 0 );
    check_table_empty();
}

/* ---- races: several threads promote, one closes ---- */

#define RACERS 4
#define ROUNDS 60

struct race
{
    char path[400];
    char other[400];
};

static struct
{
    pthread_barrier_t barrier;
    uint32_t          handle;
    uint32_t          closes;
    uint32_t          delay_close;
    uint32_t          stop;
} race;

static void *racer( void *arg )
{
    int number = (intptr_t)arg;

    for (;;)
    {
        pthread_barrier_wait( &race.barrier );
        if (race.stop) return NULL;
        if (number) lib.nspa_promote_if_local( race.handle );
        else
        {
            if (race.delay_close) usleep( race.delay_close );
            if (!nt_close( race.handle )) __atomic_add_fetch( &race.closes, 1, __ATOMIC_RELAXED );
        }
        pthread_barrier_wait( &race.barrier );
    }
}

/* Takes each value that has become free at once, for another file. */
static void *reuser( void *path )
{
    uint32_t handle;

    while (!__atomic_load_n( &race.stop, __ATOMIC_RELAXED ))
        if (!CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED ) ||
            !CHECK_EQ( nt_close( handle ), STATUS_SUCCESS )) break;
    return NULL;
}

static int64_t run_race( void *arg )
{
    struct race *args = arg;
    pthread_t threads[RACERS], other;
    int64_t fds = count_entries( "/proc/self/fd" );
    intptr_t i;
    int round;

    pthread_barrier_init( &race.barrier, NULL, RACERS + 1 );
    pthread_create( &other, NULL, reuser, args->other );
    for (i = 0; i < RACERS; i++) pthread_create( &threads[i], NULL, racer, (void *)i );
    for (round = 0; round < ROUNDS; round++)
    {
        race.delay_close = round % 3 * 100;
        if (!CHECK_EQ( nt_open_read( args->path, READ_DATA, 7, &race.handle ), NSPA_SERVED )) break;
        pthread_barrier_wait( &race.barrier );
        pthread_barrier_wait( &race.barrier );
    }
    race.stop = 1;
    pthread_barrier_wait( &race.barrier );
    for (i = 0; i < RACERS; i++) pthread_join( threads[i], NULL );
    pthread_join( other, NULL );
    CHECK_EQ( race.closes, ROUNDS );
    CHECK_EQ( count_entries( "/proc/self/fd" ), fds );
    return 0;
}

/* Each file is closed exactly once, whoever is faster; nothing is left of it
 * here, in the table or in the server. */
static void promote_while_closing(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_behaviour slow = { .delay_us = 150 };
    struct race args = { 0 };
    struct nspa_stats stats;
    struct host_seen host;
    uint32_t handle;

    if (one_slot()) return;
    strcpy( args.path, make_file( "file" ));
    strcpy( args.other, make_file( "other" ));
    call( server, server_behave, &slow, sizeof(slow) );
    CHECK_EQ( call( client, run_race, &args, sizeof(args) ), 0 );
    CHECK_EQ( seen_by( server ).held, 0 );
    CHECK_EQ( seen_by( server ).wrong, 0 );
    CHECK( seen_by( server ).promoted > 0 );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    call( client, client_host_seen, &host, sizeof(host) );
    CHECK_EQ( host.unblocked, 0 );
    CHECK_EQ( host.locked, 0 );
    check_table_empty();
    CHECK_EQ( open_in( client, args.path, READ_DATA, 0, &handle ), NSPA_SERVED );
    close_in( client, handle );
}

/* The server has gone: a promotion fails, and the handle stays usable. */
static void promote_without_server(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t handle;
    char path[400];

    strcpy( path, make_file( "file" ));
    open_in( client, path, READ_DATA, 7, &handle );
    kill_process( server );
    CHECK_EQ( call( client, client_promote, &handle, sizeof(handle) ), handle );
    CHECK( call( client, client_read, &handle, sizeof(handle) ));
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
}

const struct test promote_tests[] =
{
    T( promote_while_closing ), T( promote_moves_share ), T( promote_keeps_position ), T( promote_refused ),
    T( promote_many ), T( promote_without_server ), { 0 }
};
