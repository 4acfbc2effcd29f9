/*
 * Many threads
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define FILES   6
#define THREADS 4
#define HELD    8            /* per thread */
#define ENOUGH  200          /* opens of a process */

struct work
{
    char     paths[FILES][200];
    uint32_t ms;
    uint32_t opens, conflicts, declined, other;
    uint32_t retired;        /* it will be: wineserver closes what was promoted */
    uint32_t detached;       /* noticed */
};

struct worker
{
    pthread_t    thread;
    struct work *work;
    unsigned int seed;
};

static void *work( void *arg )
{
    static const uint32_t rights[] = { READ_DATA, 0x80, 0x20, 0x120089, READ_DATA };
    struct worker *worker = arg;
    struct work *work = worker->work;
    int64_t end = now_ns() + work->ms * INT64_C(1000000), limit = now_ns() + INT64_C(5000000000);
    uint32_t held[HELD] = { 0 }, i;

    /* a busy machine takes longer over the same work */
    while ((now_ns() < end || (__atomic_load_n( &work->opens, __ATOMIC_RELAXED ) < ENOUGH && now_ns() < limit)) &&
           !__atomic_load_n( &work->detached, __ATOMIC_RELAXED ))
    {
        int number = rand_r( &worker->seed );

        i = number % HELD;
        if (held[i])
        {
            if (number & 0x1000) lib.nspa_promote_if_local( held[i] );
            else if (!(number & 0x6000)) CHECK_EQ( nt_read( held[i], &number, 4, 0 ), 4 );
            else
            {
                if (nt_close( held[i] )) CHECK( work->retired );
                held[i] = 0;
            }
            continue;
        }
        switch (nt_open_read( work->paths[(number >> 4) % FILES], rights[(number >> 8) % 5],
                              number & 0x10000 ? 7 : (number >> 17) % 8, &held[i] ))
        {
        case NSPA_SERVED:           __atomic_add_fetch( &work->opens, 1, __ATOMIC_RELAXED ); break;
        case NSPA_SHARING:          __atomic_add_fetch( &work->conflicts, 1, __ATOMIC_RELAXED ); break;
        case NSPA_TABLE_BUSY:
        case NSPA_TABLE_FULL:
        case NSPA_TABLE_DECLINED:   __atomic_add_fetch( &work->declined, 1, __ATOMIC_RELAXED ); break;
        case NSPA_DETACHED_BY_SERVER: __atomic_store_n( &work->detached, 1, __ATOMIC_RELAXED ); break;
        default:                    __atomic_add_fetch( &work->other, 1, __ATOMIC_RELAXED ); break;
        }
    }
    for (i = 0; i < HELD; i++)
        if (held[i] && nt_close( held[i] )) CHECK( work->retired );
    return NULL;
}

static int64_t run_workers( void *arg )
{
    struct work *shared = arg;
    struct worker workers[THREADS];
    int i;

    for (i = 0; i < THREADS; i++)
    {
        workers[i].work = shared;
        workers[i].seed = getpid() * 7 + i;
        if (pthread_create( &workers[i].thread, NULL, work, &workers[i] )) return -1;
    }
    for (i = 0; i < THREADS; i++) pthread_join( workers[i].thread, NULL );
    return 0;
}

static void make_files( struct work *work )
{
    char name[20];
    int i;

    memset( work, 0, sizeof(*work) );
    work->ms = 100;
    for (i = 0; i < FILES; i++)
    {
        sprintf( name, "file%d", i );
        snprintf( work->paths[i], sizeof(work->paths[i]), "%s", make_file( name ));
    }
}

/* A recount, where one is due. */
static void settle( struct process *server, const struct work *work )
{
    struct server_inode inode;
    int i;

    for (i = 0; i < FILES; i++)
    {
        memset( &inode, 0, sizeof(inode) );
        file_id( work->paths[i], &inode.dev, &inode.ino );
        call( server, server_verify, &inode, sizeof(inode) );
        CHECK_EQ( inode.share.handles, 0 );
    }
}

/* Two processes open, read, promote and close at random, while the server opens
 * the same files for writing. */
static void threads_at_random(void)
{
    struct process *server = start_server(), *a = start_client(), *b = start_client();
    struct work work, done[2];
    struct nspa_stats stats;
    uint32_t handle, violations = 0, granted = 0;
    int64_t end;
    int i;

    make_files( &work );
    call_begin( a, run_workers, &work, sizeof(work) );
    call_begin( b, run_workers, &work, sizeof(work) );
    end = now_ns() + work.ms * INT64_C(1000000);
    for (i = 0; now_ns() < end || ((!granted || !(violations || ONE_SLOT)) && i < 5000); i++)
    {
        switch (open_in_server( server, work.paths[i % FILES], i % 2 ? WRITE_DATA : READ_DATA, 7, &handle ))
        {
        case STATUS_SUCCESS:
            granted++;
            usleep( 300 );
            close_in_server( server, handle );
            break;
        case STATUS_SHARING_VIOLATION:
            violations++;
            break;
        default:
            CHECK( !"another status" );
        }
        usleep( 700 );
    }
    CHECK_EQ( call_end( a, &done[0], sizeof(work) ), 0 );
    CHECK_EQ( call_end( b, &done[1], sizeof(work) ), 0 );
    for (i = 0; i < 2; i++)
    {
        CHECK( done[i].opens >= ENOUGH );
        CHECK( done[i].conflicts > 0 || ONE_SLOT );
        CHECK_EQ( done[i].other, 0 );
        CHECK_EQ( done[i].detached, 0 );
        call( i ? b : a, client_stats, &stats, sizeof(stats) );
        CHECK_EQ( stats.handles, 0 );
        CHECK_EQ( stats.opens[NSPA_SERVED], done[i].opens );
    }
    CHECK( granted && (violations || ONE_SLOT) );  /* seldom two of the same file then */
    settle( server, &work );
    check_table_empty();
}

/* Retired in the middle: whatever the threads do afterwards, nothing of it
 * appears in the table. */
static void threads_while_retired(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t id = client->pid;
    struct nspa_journal *journal;
    struct work work, done;

    make_files( &work );
    work.retired = 1;
    call_begin( client, run_workers, &work, sizeof(work) );
    CHECK_EQ( map_journals( &journal, 1 ), 1 );
    while (NSPA_LOAD( &journal->high_water ) < HELD) usleep( 1000 );
    usleep( 10000 );
    call( server, server_retire, &id, sizeof(id) );
    CHECK_EQ( call_end( client, &done, sizeof(done) ), 0 );
    CHECK_EQ( done.detached, 1 );
    CHECK( done.opens >= HELD );
    call( server, server_release, &id, sizeof(id) );
    settle( server, &work );
    check_table_empty();
}

/* Killed in the middle, as often as time allows. */
static void threads_killed(void)
{
    struct process *server = start_server(), *client;
    struct work work;
    uint32_t id, handle;
    int i;

    make_files( &work );
    for (i = 0; i < 3; i++)
    {
        client = start_client();
        id = client->pid;
        call_begin( client, run_workers, &work, sizeof(work) );
        usleep( 10000 + i * 700 );
        kill_process( client );
        call( server, server_retire, &id, sizeof(id) );
        call( server, server_release, &id, sizeof(id) );
        settle( server, &work );
        check_table_empty();
    }
    client = start_client();
    CHECK_EQ( open_in( client, work.paths[0], READ_DATA, 0, &handle ), NSPA_SERVED );
    close_in( client, handle );
}

const struct test thread_tests[] =
{
    T( threads_at_random ), T( threads_while_retired ), T( threads_killed ), { 0 }
};
