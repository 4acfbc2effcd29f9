/*
 * T7: a real-time thread waits for nobody who is not boosted
 *
 * Every entry into Go takes locks of the runtime that know no priority inheritance.  So
 * no function of nspa.h enters Go, and a SCHED_FIFO or SCHED_RR thread is served like
 * every other.  The one lock that there is, of a bucket, boosts its holder.
 *
 * Tried (tests/traps/run.sh) with a close that enters Go: the runtime's threads were
 * found; and the worst close of the FIFO thread took 1.5, 3 and 253 ms in three of eight
 * runs, at most 0.014 ms in eight runs as it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static int set_policy( int policy )
{
    struct sched_param param = { .sched_priority = (policy & ~SCHED_RESET_ON_FORK) == SCHED_FIFO ||
                                                   (policy & ~SCHED_RESET_ON_FORK) == SCHED_RR ? 10 : 0 };

    return !sched_setscheduler( 0, policy, &param );
}

static int32_t borrow( const struct nspa_promotion *file, void *unused )
{
    (void)unused;
    return CHECK( file->fd != -1 );
}

/* Everything there is, on a thread that has not been here before. */
static void call_everything( char *path )
{
    struct nspa_section section = { 0, 4, 1 };
    struct nspa_opened_file info;
    struct nspa_opened opened;
    struct nspa_stats stats;
    uint32_t handles[3], i, view;
    char name[400];
    size_t size = sizeof(name);
    uint64_t list[1];
    int32_t result;

    for (i = 0; i < 3; i++) CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handles[i] ), NSPA_SERVED );
    CHECK_EQ( nt_open_read( "/nonexistent", READ_DATA, 7, &i ), NSPA_UNIX_ERROR );
    CHECK_EQ( nt_read( handles[0], name, 4, 0 ), 4 );
    lib.nspa_local_file_listed( test_dir(), "file", 0100644 );
    CHECK_EQ( lib.nspa_local_file_lend( handles[0], borrow, NULL, &result ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_query( handles[0], &info ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_unix_name( handles[0], name, &size ), STATUS_SUCCESS );
    CHECK( lib.nspa_volume_epoch() != 0 );
    CHECK_EQ( lib.nspa_local_section_create( handles[0], &section, &opened ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_view_add( opened.handle, &view ), STATUS_SUCCESS );
    lib.nspa_local_view_remove( view );
    CHECK_EQ( nt_close( opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( handles[0] ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_promote( handles[1] ), STATUS_SUCCESS );
    list[0] = handles[2];
    CHECK_EQ( lib.nspa_local_file_promote_handles( list, 1 ), 1 );
    CHECK_EQ( lib.nspa_local_file_promote_inheritable(), 0 );
    lib.nspa_get_stats( &stats, sizeof(stats) );
    CHECK_EQ( nt_close( handles[1] ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( handles[2] ), STATUS_SUCCESS );
    CHECK_FOR( "entries into Go", client_stack.asked, 0 );
}

static const int policies[] = { SCHED_FIFO, SCHED_RR, SCHED_FIFO | SCHED_RESET_ON_FORK };

struct realtime
{
    char path[400];
    int  policy;
};

static void *realtime_thread( void *arg )
{
    struct realtime *realtime = arg;

    if (!set_policy( realtime->policy )) return NULL;
    call_everything( realtime->path );
    return arg;
}

static int64_t run_realtime( void *arg )
{
    struct realtime *realtime = arg;
    pthread_t thread;
    unsigned int i;
    void *ret;

    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
    {
        realtime->policy = policies[i];
        if (pthread_create( &thread, NULL, realtime_thread, realtime )) return -1;
        pthread_join( thread, &ret );
        if (!ret) return -1;
    }
    CHECK_FOR( "threads", count_entries( "/proc/self/task" ), 1 );
    return 0;
}

static void trap_t7_stays_out_of_go(void)
{
    struct realtime realtime = { 0 };
    struct process *client;

    strcpy( realtime.path, make_file( "file" ));
    start_server();
    client = start_client();
    if (call( client, run_realtime, &realtime, sizeof(realtime) ) == -1)
        return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
    check_table_empty();
}

/* A process that has no other thread, from before it loads the library: its first open
 * is served. */
static int64_t all_realtime( void *arg )
{
    struct realtime *realtime = arg;

    if (!set_policy( realtime->policy )) return -1;
    CHECK_EQ( client_attach( NULL ), STATUS_SUCCESS );
    call_everything( realtime->path );
    CHECK_FOR( "threads", count_entries( "/proc/self/task" ), 1 );

    /* Go, where it is asked for, works too */
    CHECK_EQ( call_go(), STATUS_SUCCESS );
    return 0;
}

static void trap_t7_first_open(void)
{
    struct realtime realtime = { 0 };
    struct process *client;
    unsigned int i;

    strcpy( realtime.path, make_file( "file" ));
    start_server();
    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
    {
        realtime.policy = policies[i];
        client = start_plain_client();
        if (call( client, all_realtime, &realtime, sizeof(realtime) ) == -1)
            return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
        check_table_empty();
    }
}

/* ---- the wait that this is about ---- */

#define ROUNDS 150
#define LOW    3

struct latency
{
    char    path[400];
    int64_t worst_ns;        /* of the library's opens and closes */
    int64_t control_ns;      /* of the same number without it */
};

static uint32_t stop;

static void pin_to_cpu(void)
{
    cpu_set_t set;

    CPU_ZERO( &set );
    CPU_SET( 0, &set );
    sched_setaffinity( 0, sizeof(set), &set );
}

/* In and out of Go and of the table all the time, and hardly ever on the processor. */
static void *low_thread( void *path )
{
    uint32_t handle;

    pin_to_cpu();
    set_policy( SCHED_IDLE );
    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED ))
    {
        call_go();
        if (!nt_open_read( path, READ_DATA, 7, &handle )) nt_close( handle );
    }
    return NULL;
}

/* Takes the processor from it. */
static void *middle_thread( void *arg )
{
    (void)arg;
    pin_to_cpu();
    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED )) /* nothing */;
    return NULL;
}

static void longest( int64_t *worst, int64_t start )
{
    int64_t time = now_ns() - start;

    if (time > *worst) *worst = time;
}

static void *fifo_thread( void *arg )
{
    static const struct timespec pause = { .tv_nsec = 400000 };
    struct latency *latency = arg;
    int64_t start;
    uint32_t handle;
    int i;

    pin_to_cpu();
    if (!set_policy( SCHED_FIFO )) return NULL;
    for (i = 0; i < ROUNDS; i++)
    {
        nanosleep( &pause, NULL );
        start = now_ns();
        close( dup( 0 ));
        access( latency->path, R_OK );
        longest( &latency->control_ns, start );
        start = now_ns();
        CHECK_EQ( nt_open_read( latency->path, READ_DATA, 7, &handle ), NSPA_SERVED );
        CHECK_EQ( lib.nspa_local_file_close( handle ), STATUS_SUCCESS );
        longest( &latency->worst_ns, start );
    }
    return arg;
}

static int64_t measure( void *arg )
{
    struct latency *latency = arg;
    pthread_t low[LOW], middle, fifo;
    void *ret;
    int i;

    pthread_create( &fifo, NULL, fifo_thread, arg );
    for (i = 0; i < LOW; i++) pthread_create( &low[i], NULL, low_thread, latency->path );
    pthread_create( &middle, NULL, middle_thread, NULL );
    pthread_join( fifo, &ret );
    stop = 1;
    for (i = 0; i < LOW; i++) pthread_join( low[i], NULL );
    pthread_join( middle, NULL );
    return ret ? 0 : -1;
}

static void trap_t7_wait_is_bounded(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_inode inode = { 0 };
    struct latency latency = { 0 };

    strcpy( latency.path, make_file( "file" ));
    if (call( client, measure, &latency, sizeof(latency) ) == -1)
        return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
    /* what the machine itself adds shows in the control */
    CHECK( latency.worst_ns < 2000000 + 4 * latency.control_ns );
    file_id( latency.path, &inode.dev, &inode.ino );
    call( server, server_verify, &inode, sizeof(inode) );
    check_table_empty();
}

const struct test realtime_tests[] =
{
    T( trap_t7_wait_is_bounded ), T( trap_t7_stays_out_of_go ), T( trap_t7_first_open ), { 0 }
};
