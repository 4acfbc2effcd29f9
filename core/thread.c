/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the library keeps of each thread that enters it.
 */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "thread.h"

/* A pthread key and not thread-local storage: a library that is loaded late would take
 * the latter from the static reserve, or allocate it in the middle of an open. */
static pthread_key_t key;
static int have_key;
static int host_holds;

/* Records are never freed, only used again, so that any thread may walk them. */
static struct nspa_thread_record first[64];
static struct nspa_thread_record *records;

static void put_record( void *arg )
{
    struct nspa_thread_record *record = arg;

    record->held = record->pending = 0;
    record->id.tid = 0;
    __atomic_store_n( &record->in_use, 0, __ATOMIC_RELEASE );
}

static void add_record( struct nspa_thread_record *record )
{
    record->next = __atomic_load_n( &records, __ATOMIC_RELAXED );
    while (!__atomic_compare_exchange_n( &records, &record->next, record, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED ))
        /* nothing */;
}

static struct nspa_thread_record *take_record(void)
{
    struct nspa_thread_record *record;
    uint32_t unused;

    for (record = __atomic_load_n( &records, __ATOMIC_ACQUIRE ); record; record = record->next)
    {
        unused = 0;
        if (__atomic_load_n( &record->in_use, __ATOMIC_RELAXED )) continue;
        if (__atomic_compare_exchange_n( &record->in_use, &unused, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED ))
            return record;
    }
    if (!(record = calloc( 1, sizeof(*record) ))) return NULL;
    record->in_use = 1;
    add_record( record );
    return record;
}

int nspa_threads_init( int host_holds_signals )
{
    unsigned int i;
    int err;

    if (!have_key)
    {
        if ((err = pthread_key_create( &key, put_record ))) return err;
        for (i = sizeof(first) / sizeof(first[0]); i; i--) add_record( &first[i - 1] );
        have_key = 1;
    }
    host_holds = host_holds_signals;
    return 0;
}

static struct nspa_thread_record *new_record(void)
{
    uint64_t all = ~UINT64_C(0), old;
    struct nspa_thread_record *record;

    /* ended now, the thread would keep the record, or a lock of malloc's */
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all) );
    if ((record = take_record()))
    {
        nspa_thread_init( &record->id );
        if (pthread_setspecific( key, record ))
        {
            put_record( record );
            record = NULL;
        }
    }
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old) );
    return record;
}

struct nspa_thread_record *nspa_thread_record(void)
{
    struct nspa_thread_record *record = pthread_getspecific( key );

    return record ? record : new_record();
}

struct nspa_thread_record *nspa_thread_known(void)
{
    return have_key ? pthread_getspecific( key ) : NULL;
}

/* Of a thread that holds signals back, so it has a record. */
struct nspa_thread *nspa_thread_self(void)
{
    return &((struct nspa_thread_record *)pthread_getspecific( key ))->id;
}

struct nspa_thread_record *nspa_hold(void)
{
    struct nspa_thread_record *self = nspa_thread_record();
    uint64_t all = ~UINT64_C(0), mask;

    if (!self) return NULL;
    if (!host_holds && !self->held)
    {
        /* blocked first: a handler that came in between would find the signals held */
        syscall( SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(all) );
        self->mask = mask;
    }
    self->held++;
    __atomic_signal_fence( __ATOMIC_SEQ_CST );
    return self;
}

void nspa_release( struct nspa_thread_record *self )
{
    uint32_t pending;
    int sig;

    __atomic_signal_fence( __ATOMIC_SEQ_CST );
    if (--self->held) return;
    if (!host_holds) syscall( SYS_rt_sigprocmask, SIG_SETMASK, &self->mask, NULL, sizeof(self->mask) );
    __atomic_signal_fence( __ATOMIC_SEQ_CST );
    if (!__atomic_load_n( &self->pending, __ATOMIC_RELAXED )) return;
    pending = __atomic_exchange_n( &self->pending, 0, __ATOMIC_RELAXED );
    for (sig = 1; sig < 32; sig++)
        if (pending & 1u << sig) syscall( SYS_tgkill, getpid(), (pid_t)self->id.tid, sig );
}

int nspa_hold_signal( int sig )
{
    struct nspa_thread_record *self = nspa_thread_known();

    if (!self || !self->held || sig < 1 || sig > 31) return 0;
    __atomic_or_fetch( &self->pending, 1u << sig, __ATOMIC_RELAXED );
    return 1;
}

void nspa_threads_sum( uint64_t opens[NSPA_REASON_COUNT], uint64_t *sections, uint64_t *promotions,
                       uint64_t *local_closes )
{
    struct nspa_thread_record *record;
    unsigned int i;

    for (record = __atomic_load_n( &records, __ATOMIC_ACQUIRE ); record; record = record->next)
    {
        for (i = 0; i < NSPA_REASON_COUNT; i++) opens[i] += __atomic_load_n( &record->opens[i], __ATOMIC_RELAXED );
        *sections     += __atomic_load_n( &record->sections, __ATOMIC_RELAXED );
        *promotions   += __atomic_load_n( &record->promotions, __ATOMIC_RELAXED );
        *local_closes += __atomic_load_n( &record->local_closes, __ATOMIC_RELAXED );
    }
}
