/*
 * T7: a real-time thread waits for nobody who is not boosted
 *
 * Every entry into Go takes a lock of the runtime that knows no priority
 * inheritance.  So a SCHED_FIFO or SCHED_RR thread opens through wineserver what Go
 * would have to look at, and everything else of the library is C.
 *
 * Whether a thread has been in Go shows at its first entry: the runtime then
 * asks for the bounds of its stack, and so the library asks its host.
 *
 * Tried (tests/traps/run.sh) without the check for real-time policies in
 * capi/entry.c: the open was served, and the host asked.  With a close that
 * enters Go: the host was asked, each time; and the worst close of the FIFO
 * thread took 1.5, 3 and 253 ms in three of eight runs, at most 0.014 ms in
 * eight runs as it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static const char *open_path;
static uint32_t handles[3];
static struct client_open known;

static int set_policy( int policy )
{
    struct sched_param param = { .sched_priority = (policy & ~SCHED_RESET_ON_FORK) == SCHED_FIFO ||
                                                   (policy & ~SCHED_RESET_ON_FORK) == SCHED_RR ? 10 : 0 };

    return !sched_setscheduler( 0, policy, &param );
}

/* Everything there is, on a thread that has not been here before. */
static void *realtime_thread( void *arg )
{
    int policy = *(int *)arg;
    struct client_open unknown;
    struct nspa_promotion file;
    uint64_t list[1] = { handles[2] };
    uint32_t handle;
    char name[400];
    size_t size = sizeof(name);

    if (!set_policy( policy )) return NULL;
    CHECK_EQ( nt_open_read( open_path, READ_DATA, 7, &handle ), NSPA_REALTIME );
    unknown = known;
    unknown.flags = NSPA_OPEN_HAS_STAT;
    CHECK_EQ( nt_open( &unknown ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( unknown.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( nt_reopen( &known ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( known.opened.handle ), STATUS_SUCCESS );
    CHECK_EQ( nt_read( handles[0], name, 4, 0 ), 4 );
    CHECK_EQ( lib.nspa_local_file_pin( handles[0], &file ), STATUS_SUCCESS );
    lib.nspa_local_file_unpin( handles[0] );
    CHECK_EQ( lib.nspa_local_file_unix_name( handles[0], name, &size, NULL ), STATUS_SUCCESS );
    CHECK( lib.nspa_volume_epoch() != 0 );
    CHECK_EQ( lib.nspa_local_file_close( handles[0] ), STATUS_SUCCESS );
    lib.nspa_promote_if_local( handles[1] );
    CHECK_EQ( lib.nspa_local_file_promote_handles( list, 1 ), 1 );
    CHECK_EQ( lib.nspa_local_file_promote_inheritable(), 0 );
    CHECK_EQ( nt_close( handles[1] ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( handles[2] ), STATUS_SUCCESS );
    CHECK_FOR( "entries into Go", client_stack.asked, 0 );

    /* an ordinary thread again: served, and now the host is asked */
    CHECK( set_policy( SCHED_OTHER ));
    CHECK_EQ( nt_open_read( open_path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( lib.nspa_local_file_close( handle ), STATUS_SUCCESS );
    CHECK_FOR( "entries into Go, of an ordinary thread", client_stack.asked > 0, 1 );
    return arg;
}

static int64_t run_realtime( void *path )
{
    static int policies[] = { SCHED_FIFO, SCHED_RR, SCHED_FIFO | SCHED_RESET_ON_FORK };
    pthread_t thread;
    unsigned int i, j;
    void *ret;

    open_path = path;
    known = looked_up( path );
    CHECK_EQ( nt_open( &known ), STATUS_SUCCESS );
    CHECK_EQ( nt_close( known.opened.handle ), STATUS_SUCCESS );
    known.flags = 0;
    for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
    {
        for (j = 0; j < 3; j++) CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handles[j] ), NSPA_SERVED );
        if (pthread_create( &thread, NULL, realtime_thread, &policies[i] )) return -1;
        pthread_join( thread, &ret );
        if (!ret) return -1;
    }
    return 0;
}

static void trap_t7_stays_out_of_go(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    if (call( client, run_realtime, path, sizeof(path) ) == -1)
        return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
    check_table_empty();
}

/* ---- the wait that this is about ---- */

#define CLOSES 150
#define LOW    3

struct latency
{
    char    path[400];
    int64_t worst_ns;        /* of the library's closes */
    int64_t control_ns;      /* of the same number of close() alone */
};

static uint32_t stop;

static void pin_to_cpu(void)
{
    cpu_set_t set;

    CPU_ZERO( &set );
    CPU_SET( 0, &set );
    sched_setaffinity( 0, sizeof(set), &set );
}

/* In and out of Go all the time, and hardly ever on the processor. */
static void *low_thread( void *arg )
{
    (void)arg;
    pin_to_cpu();
    set_policy( SCHED_IDLE );
    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED )) lib.nspa_version();
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

static void *fifo_thread( void *arg )
{
    static const struct timespec pause = { .tv_nsec = 400000 };
    struct latency *latency = arg;
    static uint32_t handles[CLOSES];
    int64_t start, time;
    int i, fd;

    for (i = 0; i < CLOSES; i++) if (nt_open_read( latency->path, READ_DATA, 7, &handles[i] )) return NULL;
    pin_to_cpu();
    if (!set_policy( SCHED_FIFO )) return NULL;
    for (i = 0; i < CLOSES; i++)
    {
        nanosleep( &pause, NULL );
        fd = dup( 0 );
        start = now_ns();
        close( fd );
        time = now_ns() - start;
        if (time > latency->control_ns) latency->control_ns = time;
        start = now_ns();
        lib.nspa_local_file_close( handles[i] );
        time = now_ns() - start;
        if (time > latency->worst_ns) latency->worst_ns = time;
    }
    return arg;
}

static int64_t measure( void *arg )
{
    pthread_t low[LOW], middle, fifo;
    void *ret;
    int i;

    pthread_create( &fifo, NULL, fifo_thread, arg );
    for (i = 0; i < LOW; i++) pthread_create( &low[i], NULL, low_thread, NULL );
    pthread_create( &middle, NULL, middle_thread, NULL );
    pthread_join( fifo, &ret );
    stop = 1;
    for (i = 0; i < LOW; i++) pthread_join( low[i], NULL );
    pthread_join( middle, NULL );
    return ret ? 0 : -1;
}

static void trap_t7_close_is_bounded(void)
{
    struct latency latency = { 0 };
    struct process *client;

    strcpy( latency.path, make_file( "file" ));
    start_server();
    client = start_client();
    if (call( client, measure, &latency, sizeof(latency) ) == -1)
        return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
    /* what the machine itself adds shows in the control */
    CHECK( latency.worst_ns < 2000000 + 4 * latency.control_ns );
    check_table_empty();
}

const struct test realtime_tests[] = { T( trap_t7_close_is_bounded ), T( trap_t7_stays_out_of_go ), { 0 } };
