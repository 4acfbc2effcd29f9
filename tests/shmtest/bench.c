/*
 * What the shared table costs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The same work under our lock and under libpthread's robust mutexes, one
 * after the other in one run; then what happens when an owner dies, and that a
 * waiter lends its priority.
 */

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test.h"
#include "../../capi/server/private.h"

#define ROUNDS 7
#define LOOPS  400000

static int compare( const void *a, const void *b )
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* median ns of one call */
static double measure( void (*func)( void * ), void *arg )
{
    double ns[ROUNDS];
    unsigned int i, j;

    for (i = 0; i < ROUNDS; i++)
    {
        int64_t start = now_ns();

        for (j = 0; j < LOOPS; j++) func( arg );
        ns[i] = (double)(now_ns() - start) / LOOPS;
    }
    qsort( ns, ROUNDS, sizeof(ns[0]), compare );
    return ns[ROUNDS / 2];
}

static struct child *self;

static void pair( void *arg )
{
    (void)arg;
    if (nspa_client_publish( &self->client, 0, DEV, 1000, READ, NSPA_SHARE_READ ) != NSPA_PUBLISHED) abort();
    nspa_client_retract( &self->client, 0, DEV, 1000, READ, NSPA_SHARE_READ );
}

static void lock_pair( void *arg )
{
    struct nspa_thread *thread = nspa_thread_self();

    if (nspa_lock( arg, thread, 0 ) != NSPA_LOCKED) abort();
    nspa_unlock( arg, thread );
}

static void mutex_pair( void *arg )
{
    if (pthread_mutex_lock( arg )) abort();
    pthread_mutex_unlock( arg );
}

/* the same stores as one open and one close, each under a mutex */
static void mutex_table( void *arg )
{
    static struct nspa_share server;
    static struct nspa_slot slot;
    static struct nspa_journal_entry entry;
    uint32_t other_access = 0, other_sharing = NSPA_SHARE_ALL;

    if (pthread_mutex_lock( arg )) abort();
    NSPA_STORE( &entry.dev, DEV );
    NSPA_STORE( &entry.ino, 1000 );
    NSPA_STORE( &entry.access, READ );
    NSPA_STORE( &entry.sharing, NSPA_SHARE_READ );
    nspa_share_masks( &server, &other_access, &other_sharing );
    nspa_share_masks( &slot.clients, &other_access, &other_sharing );
    if (nspa_masks_conflict( READ, NSPA_SHARE_READ, other_access, other_sharing )) abort();
    nspa_share_change( &slot.clients, READ, NSPA_SHARE_READ, 1 );
    NSPA_STORE( &entry.state, NSPA_ENTRY_HELD );
    pthread_mutex_unlock( arg );

    if (pthread_mutex_lock( arg )) abort();
    nspa_share_change( &slot.clients, READ, NSPA_SHARE_READ, 0 );
    NSPA_STORE( &entry.state, NSPA_ENTRY_FREE );
    pthread_mutex_unlock( arg );
}

static pthread_mutex_t *make_mutex( int robust, int inherit )
{
    pthread_mutex_t *mutex = mmap( NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    pthread_mutexattr_t attr;

    pthread_mutexattr_init( &attr );
    pthread_mutexattr_setpshared( &attr, PTHREAD_PROCESS_SHARED );
    if (robust) pthread_mutexattr_setrobust( &attr, PTHREAD_MUTEX_ROBUST );
    if (inherit) pthread_mutexattr_setprotocol( &attr, PTHREAD_PRIO_INHERIT );
    pthread_mutex_init( mutex, &attr );
    return mutex;
}

static void uncontended(void)
{
    uint32_t *word = mmap( NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 );

    printf( "%-58s %8.1f ns\n", "our lock and unlock", measure( lock_pair, word ));
    printf( "%-58s %8.1f ns\n", "pthread mutex, shared, robust, PI: lock and unlock", measure( mutex_pair, make_mutex( 1, 1 )));
    printf( "%-58s %8.1f ns\n", "pthread mutex, shared, PI: lock and unlock", measure( mutex_pair, make_mutex( 0, 1 )));
    printf( "%-58s %8.1f ns\n", "check + publish + retract", measure( pair, NULL ));
    printf( "%-58s %8.1f ns\n", "the same counters under the robust PI mutex (2 locks)", measure( mutex_table, make_mutex( 1, 1 )));
}

static void owner_child( void *arg )
{
    (void)arg;
    publish( 0, 1000, READ, NSPA_SHARE_ALL );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

/* From the kill to an open that is granted again. */
static void owner_death(void)
{
    struct nspa_share none;
    int waiter, i;

    memset( &none, 0, sizeof(none) );
    for (waiter = 0; waiter < 2; waiter++)
    {
        double waited[ROUNDS], usable[ROUNDS];

        for (i = 0; i < ROUNDS; i++)
        {
            struct child *owner = spawn_armed( owner_child, NULL, STEP_counted, SIGSTOP );
            struct nspa_thread *thread = nspa_thread_self();
            struct nspa_bucket *bucket = bucket_of( 1000 );
            enum nspa_lock_result got;
            int64_t start, end;

            await( owner, 2000 );
            if (waiter)
            {
                pid_t killer = fork();

                if (!killer)
                {
                    usleep( 3000 );
                    me = NULL;
                    *(volatile int64_t *)&owner->control->ns = now_ns();
                    kill( owner->pid, SIGKILL );
                    _exit( 0 );
                }
                got = nspa_lock( &bucket->lock, thread, 200000000 );
                end = now_ns();
                waitpid( killer, NULL, 0 );
                start = owner->control->ns;
            }
            else
            {
                kill( owner->pid, SIGKILL );
                await( owner, 2000 );
                start = now_ns();
                got = nspa_lock( &bucket->lock, thread, 200000000 );
                end = now_ns();
            }
            CHECK( got == NSPA_LOCKED_DIED, "%d", got );
            waited[i] = (end - start) / 1e3;
            nspa_bucket_spoil( nspa_table, nspa_hash( DEV, 1000 ));
            nspa_unlock( &bucket->lock, thread );
            reap( owner );
            server_store( 1000, &none );
            pair( NULL );
            usable[i] = (now_ns() - end) / 1e3;
        }
        qsort( waited, ROUNDS, sizeof(waited[0]), compare );
        qsort( usable, ROUNDS, sizeof(usable[0]), compare );
        printf( "%-58s %8.1f us (worst %.1f), bucket in order %.1f us later\n", waiter ?
                "owner killed, with a waiter: kill to wake-up" : "owner killed, no waiter: next lock",
                waited[ROUNDS / 2], waited[ROUNDS - 1], usable[ROUNDS / 2] );
    }
}

/* field 18 of /proc/PID/stat: 20 and up for others, -2 and down for real time */
static int priority_of( pid_t pid )
{
    char path[64], line[1024], *pos;
    int priority = 999, i;
    FILE *file;

    snprintf( path, sizeof(path), "/proc/%d/stat", pid );
    if (!(file = fopen( path, "r" ))) return 999;
    if (fgets( line, sizeof(line), file ) && (pos = strrchr( line, ')' )))
    {
        for (i = 0, pos++; i < 15 && pos; i++) pos = strchr( pos + 1, ' ' );
        if (pos) priority = atoi( pos + 1 );
    }
    fclose( file );
    return priority;
}

static void boost(void)
{
    struct sched_param param = { .sched_priority = 50 };
    struct child *owner = spawn_armed( owner_child, NULL, STEP_counted, SIGSTOP );
    struct nspa_bucket *bucket = bucket_of( 1000 );
    int before, during = 999, after, i;
    pid_t waiter;

    await( owner, 2000 );
    before = priority_of( owner->pid );
    if (!(waiter = fork()))
    {
        struct nspa_thread thread = { .tid = getpid() };

        if (sched_setscheduler( 0, SCHED_FIFO, &param )) _exit( 2 );
        _exit( nspa_lock( &bucket->lock, &thread, 300000000 ) != NSPA_LOCK_BUSY );
    }
    for (i = 0; i < 200 && during >= 0; i++)
    {
        usleep( 1000 );
        during = priority_of( owner->pid );
    }
    waitpid( waiter, &i, 0 );
    after = priority_of( owner->pid );
    if (WEXITSTATUS( i ) == 2) printf( "priority: SCHED_FIFO is not permitted here\n" );
    else
    {
        printf( "%-58s %d, with a waiter at FIFO 50: %d, after: %d\n", "owner's priority as the kernel reports it",
                before, during, after );
        CHECK( before >= 0 && during == -51 && after == before, "no boost" );
    }
    reap( owner );
}

int main(void)
{
    start_server();
    self = attach_child();
    uncontended();
    owner_death();
    boost();
    return summary();
}
