/*
 * T2: Wine suspends a thread with SIGUSR1 and ends it with SIGQUIT, anywhere
 *
 * A thread stopped inside Go keeps a processor of the runtime, one stopped with
 * a bucket's lock keeps that: every other thread then waits for it.  So signals
 * are blocked, or the host's handlers ask nspa_hold_signal().
 *
 * Tried (tests/traps/run.sh) without blocking, and with an nspa_hold_signal() that
 * holds nothing.
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

static void suspend(void)
{
    uint32_t seen = __atomic_load_n( &resume, __ATOMIC_ACQUIRE );
    int saved = errno;

    sem_post( &stopped );
    while (__atomic_load_n( &resume, __ATOMIC_ACQUIRE ) == seen)
        syscall( SYS_futex, &resume, FUTEX_WAIT, seen, NULL, NULL, 0 );
    errno = saved;
}

static void suspend_handler( int sig )
{
    if (holds_signals && lib.nspa_hold_signal( sig )) return;
    suspend();
}

static void kill_handler( int sig )
{
    if (holds_signals && lib.nspa_hold_signal( sig )) return;
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
        if (i % 64 == 1) call_go();
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

static void storm( remote_func attach )
{
    struct process *server = start_server(), *client = start_plain_client();
    struct server_inode inode = { 0 };
    struct storm storm = { .ms = 120 };
    struct host_seen host;
    uint32_t id = client->pid, handle;

    CHECK_EQ( call( client, attach, NULL, 0 ), STATUS_SUCCESS );
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

static void trap_t2_suspend_and_kill(void)
{
    storm( client_attach );
}

static void trap_t2_held_signals(void)
{
    storm( client_attach_holding );
}

/* ---- a signal while the library works ---- */

static uint32_t delivered[32];          /* handlers that ran, and were not told to wait */
static uint32_t asked_to_wait;

static void note_signal( int sig )
{
    if (holds_signals && lib.nspa_hold_signal( sig )) __atomic_add_fetch( &asked_to_wait, 1, __ATOMIC_RELAXED );
    else __atomic_add_fetch( &delivered[sig], 1, __ATOMIC_RELAXED );
}

struct held
{
    pthread_t thread;
    uint32_t  handle;
    int     (*meanwhile)( struct held *held );
};

static int32_t while_held( const struct nspa_promotion *file, void *arg )
{
    struct held *held = arg;

    (void)file;
    memset( delivered, 0, sizeof(delivered) );
    asked_to_wait = 0;
    CHECK( held->meanwhile( held ));
    CHECK_FOR( "signals while the library works", delivered[SIGUSR1] + delivered[SIGQUIT] + delivered[SIGTERM], 0 );
    return 0;
}

static void hold( struct held *held, int (*meanwhile)( struct held *held ) )
{
    int32_t result;

    held->thread = pthread_self();
    held->meanwhile = meanwhile;
    CHECK_EQ( lib.nspa_local_file_lend( held->handle, while_held, held, &result ), STATUS_SUCCESS );
}

static int send_once( struct held *held )
{
    return !pthread_kill( held->thread, SIGUSR1 );
}

static int send_often( struct held *held )
{
    int i;

    for (i = 0; i < 5; i++) if (pthread_kill( held->thread, SIGUSR1 ) || pthread_kill( held->thread, SIGTERM )) return 0;
    return !pthread_kill( held->thread, SIGQUIT );
}

/* Another function's release is not this one's. */
static int send_in_between( struct held *held )
{
    struct nspa_opened_file info;

    send_once( held );
    CHECK_EQ( lib.nspa_local_file_query( held->handle, &info ), STATUS_SUCCESS );
    CHECK_EQ( delivered[SIGUSR1], 0 );
    send_once( held );
    CHECK_EQ( lib.nspa_local_file_promote( held->handle + 4 ), STATUS_SUCCESS );
    return 1;
}

static void *send_from_thread( void *arg )
{
    struct held *held = arg;

    /* one's own work is what counts, not another thread's */
    CHECK_EQ( lib.nspa_hold_signal( SIGUSR1 ), 0 );
    return pthread_kill( held->thread, SIGUSR1 ) ? NULL : held;
}

static int let_other_send( struct held *held )
{
    pthread_t thread;
    void *ret;

    if (pthread_create( &thread, NULL, send_from_thread, held )) return 0;
    pthread_join( thread, &ret );
    return ret == held;
}

static int ask_in_vain( struct held *held )
{
    static const int none[] = { 0, -1, 32, 33, 64, 65, 1000, -2147483647 - 1, 2147483647 };
    unsigned int i;

    (void)held;
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) CHECK_EQ( lib.nspa_hold_signal( none[i] ), 0 );
    return 1;
}

static int64_t hold_signals( void *path )
{
    struct sigaction action = { .sa_handler = note_signal, .sa_flags = SA_RESTART };
    struct held held;
    uint32_t i;

    sigaction( SIGUSR1, &action, NULL );
    sigaction( SIGQUIT, &action, NULL );
    sigaction( SIGTERM, &action, NULL );
    raise( SIGUSR1 );
    CHECK_EQ( delivered[SIGUSR1], 1 );  /* at once, before the first call and after each */
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &held.handle ), NSPA_SERVED );
    raise( SIGUSR1 );
    CHECK_EQ( delivered[SIGUSR1], 2 );

    for (i = 0; i < 3; i++)
    {
        hold( &held, send_once );
        CHECK_EQ( delivered[SIGUSR1], 1 );
        CHECK_EQ( asked_to_wait, holds_signals );
        raise( SIGUSR1 );
        CHECK_EQ( delivered[SIGUSR1], 2 );
    }
    hold( &held, send_often );
    CHECK_EQ( delivered[SIGUSR1], 1 );
    CHECK_EQ( delivered[SIGQUIT], 1 );
    CHECK_EQ( delivered[SIGTERM], 1 );
    hold( &held, send_in_between );
    CHECK_EQ( delivered[SIGUSR1], 1 );
    hold( &held, let_other_send );
    CHECK_EQ( delivered[SIGUSR1], 1 );
    hold( &held, ask_in_vain );
    for (i = 0; i < 32; i++) CHECK_EQ( delivered[i], 0 );
    CHECK_EQ( nt_close( held.handle ), STATUS_SUCCESS );
    return 0;
}

/* A host function may end the thread.  What it kept is the next one's, without what
 * was to be sent to it. */
static int end_thread( struct held *held )
{
    send_once( held );
    pthread_exit( held );
}

static void *held_to_death( void *arg )
{
    hold( arg, end_thread );
    return NULL;
}

static void *fresh_thread( void *path )
{
    struct held held;

    CHECK_EQ( lib.nspa_hold_signal( SIGUSR1 ), 0 );
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &held.handle ), NSPA_SERVED );
    CHECK_EQ( delivered[SIGUSR1], 0 );
    CHECK_EQ( lib.nspa_hold_signal( SIGUSR1 ), 0 );
    hold( &held, send_once );
    CHECK_EQ( delivered[SIGUSR1], 1 );
    delivered[SIGUSR1] = 0;
    CHECK_EQ( nt_close( held.handle ), STATUS_SUCCESS );
    return path;
}

static int64_t thread_ends_held( void *path )
{
    struct sigaction action = { .sa_handler = note_signal, .sa_flags = SA_RESTART };
    struct held held;
    pthread_t thread;
    void *ret;
    int i;

    sigaction( SIGUSR1, &action, NULL );
    for (i = 0; i < 5; i++)
    {
        CHECK_EQ( nt_open_read( path, READ_DATA, 7, &held.handle ), NSPA_SERVED );
        if (pthread_create( &thread, NULL, held_to_death, &held )) return -1;
        pthread_join( thread, &ret );
        CHECK( ret == &held );
        if (!holds_signals) CHECK_EQ( delivered[SIGUSR1], 0 );
        delivered[SIGUSR1] = 0;
        if (pthread_create( &thread, NULL, fresh_thread, path )) return -1;
        pthread_join( thread, &ret );
        CHECK( ret == path );
    }
    return 0;
}

static void held_in( remote_func attach )
{
    struct process *client;
    char path[400];

    start_server();
    strcpy( path, make_file( "file" ));
    client = start_plain_client();
    CHECK_EQ( call( client, attach, NULL, 0 ), STATUS_SUCCESS );
    CHECK_EQ( call( client, hold_signals, path, sizeof(path) ), 0 );
    check_table_empty();
    CHECK_EQ( call( client, thread_ends_held, path, sizeof(path) ), 0 );
}

static void signal_held(void)
{
    held_in( client_attach_holding );
}

static void signal_blocked(void)
{
    held_in( client_attach );
}

/* ---- no function changes the caller's mask ---- */

static void check_mask( const char *function, uint64_t want )
{
    CHECK_FOR( function, signal_mask(), want );
}

static int32_t borrow( const struct nspa_promotion *file, void *unused )
{
    (void)unused;
    return CHECK( file->fd != -1 );
}

#define KEEPS(call) do { call; check_mask( #call, mask ); } while (0)

static void call_everything( const char *path, uint64_t mask )
{
    struct nspa_opened_file info;
    struct nspa_section section = { 0, 4, 1 };
    struct nspa_opened opened;
    struct nspa_stats stats;
    uint16_t nt_name[400];
    uint32_t nt_size = sizeof(nt_name), view = ~0u;
    int32_t result;
    uint64_t list[1];
    uint32_t handle;
    char name[400];
    size_t size = sizeof(name);

    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask) );
    KEEPS( lib.nspa_version() );
    KEEPS( nt_open_read( path, WRITE_DATA, 7, &handle ));
    KEEPS( nt_open_read( path, READ_DATA, 7, &handle ));
    KEEPS( lib.nspa_local_file_lend( handle, borrow, NULL, &result ));
    KEEPS( lib.nspa_local_file_query( handle, &info ));
    KEEPS( lib.nspa_local_file_unix_name( handle, name, &size ));
    KEEPS( lib.nspa_local_file_nt_name( handle, nt_name, &nt_size ));
    KEEPS( lib.nspa_local_section_create( handle, &section, &opened ));
    KEEPS( lib.nspa_local_section_query( opened.handle, &section ));
    KEEPS( lib.nspa_local_view_add( opened.handle, &view ));
    KEEPS( lib.nspa_local_view_remove( view ));
    KEEPS( nt_close( opened.handle ));
    KEEPS( lib.nspa_promote_if_local( handle ));
    KEEPS( nt_close( handle ));
    nt_open_read( path, READ_DATA, 7, &handle );
    list[0] = handle;
    KEEPS( lib.nspa_local_file_promote_handles( list, 1 ));
    KEEPS( lib.nspa_local_file_promote_inheritable() );
    KEEPS( lib.nspa_get_stats( &stats, sizeof(stats) ));
    KEEPS( lib.nspa_volume_epoch() );
    KEEPS( call_go() );
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

    /* a thread's first call is when Go touches its mask */
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

const struct test signal_tests[] =
{
    T( trap_t2_suspend_and_kill ), T( trap_t2_held_signals ), T( signal_held ), T( signal_blocked ), T( signal_mask_kept ),
    { 0 }
};
