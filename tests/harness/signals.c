/*
 * T2: Wine suspends a thread with SIGUSR1 and ends it with SIGQUIT, anywhere
 *
 * A thread stopped inside Go keeps a processor of the runtime, one stopped with
 * a bucket's lock keeps that: every other thread then waits for it.
 *
 * Tried (tests/traps/run.sh) with nspa_enter() and nspa_leave() doing nothing:
 * three runs of three failed, two because the client died in the storm, one
 * because a killed thread did not end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define THREADS 4
#define ENOUGH  15

struct storm
{
    char     path[400];
    uint32_t ms;
    uint32_t suspended, killed;
};

static sem_t stopped;
static uint32_t resume;                 /* futex: counts up */
static uint32_t opens;
static const char *storm_path;
static sigset_t storm_signals;          /* blocked while a thread starts, as in Wine */

static void suspend_handler( int sig )
{
    uint32_t seen = __atomic_load_n( &resume, __ATOMIC_ACQUIRE );
    int saved = errno;

    (void)sig;
    sem_post( &stopped );
    while (__atomic_load_n( &resume, __ATOMIC_ACQUIRE ) == seen)
        syscall( SYS_futex, &resume, FUTEX_WAIT, seen, NULL, NULL, 0 );
    errno = saved;
}

static void kill_handler( int sig )
{
    (void)sig;
    pthread_exit( NULL );
}

static void *hammer( void *arg )
{
    unsigned int i;
    uint32_t handle;
    char buffer[4];

    (void)arg;
    pthread_sigmask( SIG_UNBLOCK, &storm_signals, NULL );
    for (i = 0;; i++)
    {
        if (nt_open_read( storm_path, READ_DATA, 7, &handle )) continue;
        nt_read( handle, buffer, sizeof(buffer), 0 );
        if (i % 16 == 0) lib.nspa_promote_if_local( handle );
        nt_close( handle );
        __atomic_add_fetch( &opens, 1, __ATOMIC_RELAXED );
    }
    return NULL;
}

static int join_within( pthread_t thread, int seconds )
{
    struct timespec until;

    clock_gettime( CLOCK_REALTIME, &until );
    until.tv_sec += seconds;
    return !pthread_timedjoin_np( thread, NULL, &until );
}

static void *some_opens( void *arg )
{
    uint32_t handle, i;

    for (i = 0; i < 100; i++)
        if (nt_open_read( arg, READ_DATA, 7, &handle ) || nt_close( handle )) return NULL;
    return arg;
}

static int64_t run_storm( void *arg )
{
    static const struct timespec moment = { .tv_nsec = 50000 };
    struct storm *storm = arg;
    struct sigaction action = { .sa_handler = suspend_handler, .sa_flags = SA_RESTART };
    pthread_t threads[THREADS], fresh;
    unsigned int i, seed = getpid();
    int64_t end;

    sigaddset( &storm_signals, SIGUSR1 );
    sigaddset( &storm_signals, SIGQUIT );
    pthread_sigmask( SIG_BLOCK, &storm_signals, NULL );
    action.sa_mask = storm_signals;
    sigaction( SIGUSR1, &action, NULL );
    action.sa_handler = kill_handler;
    sigaction( SIGQUIT, &action, NULL );
    sem_init( &stopped, 0, 0 );
    storm_path = storm->path;
    for (i = 0; i < THREADS; i++) if (pthread_create( &threads[i], NULL, hammer, NULL )) return -1;

    end = now_ns() + storm->ms * INT64_C(1000000);
    while (now_ns() < end || storm->killed < ENOUGH || storm->suspended < ENOUGH)
    {
        pthread_t *victim = &threads[(seed = seed * 1103515245 + 12345) >> 16 & (THREADS - 1)];
        uint32_t before;
        int64_t start;

        nanosleep( &moment, NULL );
        if (seed & 0x40000000)
        {
            pthread_kill( *victim, SIGQUIT );
            if (!join_within( *victim, 5 )) return CHECK( !"a killed thread ends" );
            storm->killed++;
            if (pthread_create( victim, NULL, hammer, NULL )) return -1;
            continue;
        }
        pthread_kill( *victim, SIGUSR1 );
        sem_wait( &stopped );
        storm->suspended++;
        /* wherever it stopped, the others go on */
        before = __atomic_load_n( &opens, __ATOMIC_RELAXED );
        for (start = now_ns(); __atomic_load_n( &opens, __ATOMIC_RELAXED ) - before < 3;)
        {
            if (now_ns() - start > INT64_C(5000000000)) return CHECK( !"other threads go on" );
            nanosleep( &moment, NULL );
        }
        __atomic_add_fetch( &resume, 1, __ATOMIC_RELEASE );
        syscall( SYS_futex, &resume, FUTEX_WAKE, 1, NULL, NULL, 0 );
    }
    for (i = 0; i < THREADS; i++)
    {
        pthread_kill( threads[i], SIGQUIT );
        if (!join_within( threads[i], 5 )) return CHECK( !"a killed thread ends at last" );
    }
    if (pthread_create( &fresh, NULL, some_opens, storm->path )) return -1;
    CHECK( join_within( fresh, 5 ));
    return 0;
}

static void trap_t2_suspend_and_kill(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_inode inode = { 0 };
    struct storm storm = { .ms = 120 };
    struct host_seen host;
    uint32_t id = client->pid, handle;

    strcpy( storm.path, make_file( "file" ));
    CHECK_EQ( call( client, run_storm, &storm, sizeof(storm) ), 0 );
    CHECK( storm.killed >= ENOUGH && storm.suspended >= ENOUGH );
    CHECK_EQ( open_in( client, storm.path, READ_DATA, 7, &handle ), NSPA_SERVED );
    call( client, client_host_seen, &host, sizeof(host) );
    CHECK_EQ( host.unblocked, 0 );
    CHECK_EQ( host.locked, 0 );
    /* what the killed had open goes with the process */
    call( server, server_retire, &id, sizeof(id) );
    file_id( storm.path, &inode.dev, &inode.ino );
    call( server, server_verify, &inode, sizeof(inode) );
    CHECK_EQ( inode.share.handles, 0 );
    check_table_empty();
}

/* ---- no function changes the caller's mask ---- */

static void check_mask( const char *function, uint64_t want )
{
    CHECK_FOR( function, signal_mask(), want );
}

#define KEEPS(call) do { call; check_mask( #call, mask ); } while (0)

static void call_everything( const char *path, uint64_t mask )
{
    struct nspa_promotion promotion;
    struct nspa_stats stats;
    uint64_t list[1];
    uint32_t handle;
    char name[400];
    size_t size = sizeof(name);

    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask) );
    KEEPS( lib.nspa_version() );
    KEEPS( nt_open_read( path, WRITE_DATA, 7, &handle ));
    KEEPS( nt_open_read( path, READ_DATA, 7, &handle ));
    KEEPS( lib.nspa_local_file_pin( handle, &promotion ));
    KEEPS( lib.nspa_local_file_unpin( handle ));
    KEEPS( lib.nspa_local_file_unix_name( handle, name, &size, NULL ));
    KEEPS( lib.nspa_promote_if_local( handle ));
    KEEPS( nt_close( handle ));
    nt_open_read( path, READ_DATA, 7, &handle );
    list[0] = handle;
    KEEPS( lib.nspa_local_file_promote_handles( list, 1 ));
    KEEPS( lib.nspa_local_file_promote_inheritable() );
    KEEPS( lib.nspa_get_stats( &stats, sizeof(stats) ));
    KEEPS( lib.nspa_volume_epoch() );
    KEEPS( nt_close( handle ));
}

static void *masks_on_thread( void *path )
{
    static const uint64_t masks[] = { 0, ~UINT64_C(0), 1 << (SIGUSR1 - 1), UINT64_C(1) << (SIGSEGV - 1),
                                      UINT64_C(0x5555555555555555), UINT64_C(1) << 33 };
    uint64_t kept = UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1);
    unsigned int i;

    for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) call_everything( path, masks[i] & ~kept );
    return NULL;
}

static int64_t keep_masks( void *path )
{
    pthread_t thread;

    /* the first call of a thread is when Go touches its mask */
    if (pthread_create( &thread, NULL, masks_on_thread, path )) return -1;
    pthread_join( thread, NULL );
    masks_on_thread( path );
    return 0;
}

static void signal_mask_kept(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, keep_masks, path, sizeof(path) ), 0 );
    check_table_empty();
}

const struct test signal_tests[] = { T( trap_t2_suspend_and_kill ), T( signal_mask_kept ), { 0 } };
