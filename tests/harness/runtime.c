/*
 * T5: the Go runtime keeps to itself, and to processes that need it
 *
 * It starts at the first call on reparse points, and not at all where it would end the
 * process for want of memory or threads.
 *
 * Tried (tests/traps/run.sh) built without -X=runtime.godebugDefault=...: eight
 * runs of eight saw SIGURG on the calling threads.  Without the look at the limits: the
 * runtime aborted the client.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define STATUS_INSUFFICIENT_RESOURCES ((int32_t)0xc000009a)

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define THREADS 3

static uint32_t urgent, stop, calls;

static void count_signal( int sig )
{
    (void)sig;
    __atomic_add_fetch( &urgent, 1, __ATOMIC_RELAXED );
}

/* As much Go as an entry runs in one go. */
static void *busy( void *arg )
{
    static const struct nspa_reparse_prefix prefix = { .size = sizeof(prefix), .config_dir = "/tmp", .config_dir_len = 4 };
    __typeof__( &nspa_reparse_encode ) encode = arg;
    uint32_t buffer[4096] = { 0x1234, sizeof(buffer) - 8 };  /* tag and length: as long as there is */
    char text[4096];
    uint32_t len, form;

    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED ))
    {
        encode( &prefix, -1, 0, buffer, sizeof(buffer), text, sizeof(text), &len, &form );
        __atomic_add_fetch( &calls, 1, __ATOMIC_RELAXED );
    }
    return NULL;
}

/* What makes Go stop its other threads: the collector, when there is much garbage, and
 * threads that stay inside for long since they are not on the processor. */
static int64_t provoke( void *unused )
{
    struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
    int64_t start = now_ns(), end = start + INT64_C(1500000000);
    pthread_t threads[THREADS];
    void *encode;
    int i;

    (void)unused;
    if (client_attach( NULL ) || !(encode = find_symbol( "nspa_reparse_encode" ))) return -1;
    sigaction( SIGURG, &action, NULL );
    for (i = 0; i < THREADS; i++) pthread_create( &threads[i], NULL, busy, encode );
    while (!__atomic_load_n( &urgent, __ATOMIC_RELAXED ) &&
           (now_ns() < end || __atomic_load_n( &calls, __ATOMIC_RELAXED ) < 1000)) usleep( 1000 );
    stop = 1;
    for (i = 0; i < THREADS; i++) pthread_join( threads[i], NULL );
    usleep( 1000 );
    return urgent;
}

static void trap_t5_no_preemption_signals(void)
{
    struct process *client;

    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, provoke, NULL, 0 ), 0 );
}

/* Opens make no threads, and the runtime makes no more than the limits were looked at for. */
static void *call_often( void *unused )
{
    int i;

    for (i = 0; i < 500; i++) CHECK_EQ( call_go(), STATUS_SUCCESS );
    return unused;
}

static int64_t open_often( void *path )
{
    uint32_t handle, i;

    for (i = 0; i < 3000; i++) if (nt_open_read( path, READ_DATA, 7, &handle ) || nt_close( handle )) return -1;
    return count_entries( "/proc/self/task" );
}

static int64_t call_at_once( void *unused )
{
    pthread_t threads[8];
    int i;

    (void)unused;
    for (i = 0; i < 8; i++) if (pthread_create( &threads[i], NULL, call_often, NULL )) return -1;
    for (i = 0; i < 8; i++) pthread_join( threads[i], NULL );
    return count_entries( "/proc/self/task" );
}

static void trap_t5_threads(void)
{
    struct process *client;
    char path[400];
    int64_t tasks;

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, open_often, path, sizeof(path) ), 1 );
    tasks = call( client, call_at_once, NULL, 0 );     /* several first calls at once */
    CHECK( tasks > 1 && tasks <= 1 + 8 );
    CHECK_EQ( call( client, open_often, path, sizeof(path) ), tasks );
    check_table_empty();
}

/* ---- where the runtime cannot run ---- */

struct limits
{
    char     path[400];
    uint64_t memory;         /* beyond what there is; zero: no limit */
    int32_t  threads;        /* likewise; -1: no limit */
    uint32_t uid;
    uint32_t callers;
    int32_t  status;         /* of all calls */
    uint32_t limited;        /* could the limit be set? */
};

static uint64_t memory_used(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen( "/proc/self/statm", "r" );

    if (file && fscanf( file, "%llu", &pages ) != 1) pages = 0;
    if (file) fclose( file );
    return pages * sysconf( _SC_PAGESIZE );
}

static pthread_barrier_t barrier;
static int32_t first_status;

static void *limited_caller( void *unused )
{
    int i;

    pthread_barrier_wait( &barrier );
    for (i = 0; i < 100; i++)
    {
        int32_t status = call_go();

        __atomic_store_n( &first_status, status, __ATOMIC_RELAXED );
        CHECK( !status || status == STATUS_INSUFFICIENT_RESOURCES );
    }
    return unused;
}

static int64_t call_limited( void *arg )
{
    struct limits *limits = arg;
    struct rlimit limit;
    pthread_t threads[8];
    uint32_t handle, i;

    if (client_attach( NULL )) return -1;
    pthread_barrier_init( &barrier, NULL, limits->callers + 1 );
    for (i = 0; i < limits->callers; i++)
        if (pthread_create( &threads[i], NULL, limited_caller, NULL )) return -1;

    limits->limited = 1;
    if (limits->memory)
    {
        limit.rlim_cur = limit.rlim_max = memory_used() + limits->memory;
        limits->limited = !setrlimit( RLIMIT_AS, &limit );
    }
    if (limits->threads != -1)
    {
        /* root has no limit; a user that nobody else is has one of its own */
        limits->limited = !setresuid( limits->uid, limits->uid, limits->uid );
        prctl( PR_SET_PDEATHSIG, SIGKILL );
        limit.rlim_cur = limit.rlim_max = 1 + limits->callers + limits->threads;
        if (setrlimit( RLIMIT_NPROC, &limit )) limits->limited = 0;
    }
    pthread_barrier_wait( &barrier );
    for (i = 0; i < limits->callers; i++) pthread_join( threads[i], NULL );
    for (i = 0; i < 100; i++)
    {
        limits->status = call_go();
        if (limits->callers) CHECK_EQ( limits->status, first_status );
        CHECK( !limits->status || limits->status == STATUS_INSUFFICIENT_RESOURCES );
    }
    CHECK_EQ( count_entries( "/proc/self/task" ) > 1, !limits->status );
    /* and the process lives on */
    for (i = 0; i < 100; i++)
    {
        CHECK_EQ( nt_open_read( limits->path, READ_DATA, 7, &handle ), NSPA_SERVED );
        CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    }
    return 0;
}

static int32_t status_with( struct limits *limits )
{
    struct process *client = start_plain_client();

    strcpy( limits->path, make_file( "file" ));
    CHECK_EQ( call( client, call_limited, limits, sizeof(*limits) ), 0 );
    kill_process( client );
    return limits->status;
}

static void go_without_memory(void)
{
    static const uint64_t megabytes[] = { 1, 64, 500, 1000, 1500, 1900, 2000, 2100, 2200, 2500, 4000, 100000 };
    struct limits limits = { .threads = -1 };
    unsigned int i;

    if (SANITIZED) return skip( "the sanitizer needs all of the address space" );
    start_server();
    for (i = 0; i < sizeof(megabytes) / sizeof(megabytes[0]); i++)
    {
        char what[40];

        limits.callers = i % 3;
        limits.memory = megabytes[i] << 20;
        snprintf( what, sizeof(what), "with %d MB", (int)megabytes[i] );
        CHECK_FOR( what, status_with( &limits ), megabytes[i] < 2048 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS );
        CHECK( limits.limited );
    }
    check_table_empty();
}

static void go_without_threads(void)
{
    static const int32_t more[] = { 0, 1, 4, 7, 8, 9, 12 };
    struct limits limits = { 0 };
    unsigned int i;

    start_server();
    chmod( all_tests_dir, 0755 );
    chmod( test_dir(), 0755 );
    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
    {
        char what[40];

        limits.uid = 0x10000000 + getpid() * 16 + i;
        limits.callers = i % 3 * 3;
        limits.threads = more[i];
        snprintf( what, sizeof(what), "with %d threads", more[i] );
        status_with( &limits );
        if (!limits.limited) return skip( "the user cannot be changed" );
        CHECK_FOR( what, limits.status, more[i] < 8 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS );
    }
    check_table_empty();
}

static int64_t start_from_realtime( void *unused )
{
    const struct sched_param param = { .sched_priority = 10 };
    DIR *tasks = opendir( "/proc/self/task" );
    struct dirent *entry;
    int others = 0;

    (void)unused;
    if (sched_setscheduler( 0, SCHED_FIFO, &param )) return -1;
    CHECK_EQ( call_go(), STATUS_SUCCESS );
    while ((entry = readdir( tasks )))
    {
        pid_t tid = atoi( entry->d_name );

        if (!tid || tid == getpid()) continue;
        CHECK_FOR( "the policy of a thread of Go's", sched_getscheduler( tid ), SCHED_OTHER );
        others++;
    }
    closedir( tasks );
    CHECK( others > 0 );
    return 0;
}

/* Tried with a runtime that was started on the calling thread: all of its threads were
 * SCHED_FIFO ones. */
static void go_threads_are_plain(void)
{
    struct process *client;

    start_server();
    client = start_client();
    if (call( client, start_from_realtime, NULL, 0 ) == -1) return skip( "SCHED_FIFO needs CAP_SYS_NICE" );
    check_table_empty();
}

const struct test runtime_tests[] =
{
    T( go_threads_are_plain ), T( go_without_memory ), T( go_without_threads ), T( trap_t5_no_preemption_signals ), T( trap_t5_threads ), { 0 }
};
