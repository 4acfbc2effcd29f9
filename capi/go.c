/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Entering Go, and starting its runtime at the first call that needs it.
 *
 * A runtime that starts when the library is loaded costs every process some threads and
 * milliseconds, and most processes never call it.  So go.ld keeps the runtime's
 * constructor from the loader.  It is called here, once, and only where the runtime will
 * not abort: it does so if it finds no address space or can start no thread.
 */

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "go.h"

typedef void (*constructor)( int argc, char **argv, char **envp );

/* Around the runtime's entries in .init_array; see go.ld.  With a linker that ignores the
 * script there are no such symbols, and the loader has called them. */
extern const constructor nspa_go_init_start[] __attribute__((weak, visibility("hidden")));
extern const constructor nspa_go_init_end[] __attribute__((weak, visibility("hidden")));

#define GO_THREADS        8
#define GO_ADDRESS_SPACE  (UINT64_C(2) << 30)

static int go_argc;
static char **go_argv, **go_envp;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int running;
static int (*host_stack_bounds)( const void *sp, void **low, size_t *size );

__attribute__((constructor)) static void keep_arguments( int argc, char **argv, char **envp )
{
    go_argc = argc;
    go_argv = argv;
    go_envp = envp;
}

void nspa_go_set_host( int (*stack_bounds)( const void *sp, void **low, size_t *size ))
{
    __atomic_store_n( &host_stack_bounds, stack_bounds, __ATOMIC_RELEASE );
}

static int has_address_space(void)
{
    void *ptr = mmap( NULL, GO_ADDRESS_SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );

    if (ptr == MAP_FAILED) return 0;
    munmap( ptr, GO_ADDRESS_SPACE );
    return 1;
}

static void *wait_for_others( void *sem )
{
    while (sem_wait( sem )) /* interrupted */;
    return NULL;
}

/* May this process have so many threads more?  Limits of users and of cgroups show
 * only when one is started. */
static int has_threads(void)
{
    pthread_t threads[GO_THREADS];
    int i, count;
    sem_t go_on;

    if (sem_init( &go_on, 0, 0 )) return 0;
    for (count = 0; count < GO_THREADS; count++)
        if (pthread_create( &threads[count], NULL, wait_for_others, &go_on )) break;
    for (i = 0; i < count; i++) sem_post( &go_on );
    for (i = 0; i < count; i++) pthread_join( threads[i], NULL );
    sem_destroy( &go_on );
    return count == GO_THREADS;
}

static void *construct( void *unused )
{
    const constructor *func;

    (void)unused;
    for (func = nspa_go_init_start; func != nspa_go_init_end; func++) (*func)( go_argc, go_argv, go_envp );
    return NULL;
}

/* The runtime's threads take their scheduling from the one that starts them, and must not
 * become real-time threads because that is one. */
static int start_in_plain_thread(void)
{
    const struct sched_param none = { 0 };
    pthread_attr_t attr;
    pthread_t thread;
    int err;

    if (pthread_attr_init( &attr )) return 0;
    pthread_attr_setinheritsched( &attr, PTHREAD_EXPLICIT_SCHED );
    pthread_attr_setschedpolicy( &attr, SCHED_OTHER );
    pthread_attr_setschedparam( &attr, &none );
    if (!(err = pthread_create( &thread, &attr, construct, NULL ))) pthread_join( thread, NULL );
    pthread_attr_destroy( &attr );
    return !err;
}

static void start(void)
{
    if (!nspa_go_init_start) running = 1;  /* since the library was loaded */
    else running = has_address_space() && has_threads() && start_in_plain_thread();
}

int nspa_go_enter( struct nspa_go_call *call )
{
    int (*bounds)( const void *, void **, size_t * ) = __atomic_load_n( &host_stack_bounds, __ATOMIC_ACQUIRE );
    uint64_t all = ~UINT64_C(0);

    /* a host that never called nspa_init() has us run on stacks that libpthread knows */
    call->self = bounds ? nspa_thread_record() : NULL;
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &all, &call->mask, sizeof(all) );
    pthread_once( &once, start );
    if (call->self && !call->self->stack &&
        !bounds( __builtin_frame_address( 0 ), &call->self->stack, &call->self->stack_size )) call->self->stack = NULL;
    if (running) return 1;
    nspa_go_leave( call );
    return 0;
}

void nspa_go_leave( struct nspa_go_call *call )
{
    if (call->self) call->self->stack = NULL;
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &call->mask, NULL, sizeof(call->mask) );
}
