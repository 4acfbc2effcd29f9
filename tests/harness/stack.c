/*
 * T1: the stack that Unix code runs on is not the one libpthread knows
 *
 * The Go runtime asks for the thread's stack bounds when a call from C comes in
 * on a stack it does not know; libpthread answers for the main thread by
 * reading /proc/self/maps.  On Wine's main thread that would be every call.
 *
 * Tried (tests/traps/run.sh) with a wrapper in capi/stack.c that passes every
 * question on: libpthread was asked at each of the 200 opens on the foreign
 * stack, and with the mappings here they took more than ten times as long.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define CALLS      200
#define STACK_SIZE (1 << 20)   /* Wine's kernel stack */
#define MAPPINGS   4000

/* libnspa's reference to libpthread's function leads here: the program comes
 * before the libraries in symbol lookup. */
static uint32_t asked;

int pthread_getattr_np( pthread_t thread, pthread_attr_t *attr )
{
    static int (*real)( pthread_t, pthread_attr_t * );

    if (!real) real = dlsym( RTLD_NEXT, "pthread_getattr_np" );
    __atomic_add_fetch( &asked, 1, __ATOMIC_RELAXED );
    return real( thread, attr );
}

struct timing
{
    char    path[400];
    int64_t median_ns;
    uint32_t asked;          /* during these calls */
    uint32_t failed;
};

static struct timing *timing;

static int compare( const void *a, const void *b )
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void run_calls(void)
{
    static int64_t times[CALLS];
    uint32_t handle, before = asked;
    int i;

    for (i = 0; i < CALLS; i++)
    {
        int64_t start = now_ns();

        if (nt_open_read( timing->path, READ_DATA, 7, &handle ) || nt_close( handle )) timing->failed++;
        times[i] = now_ns() - start;
    }
    qsort( times, CALLS, sizeof(times[0]), compare );
    timing->median_ns = times[CALLS / 2];
    timing->asked = asked - before;
}

/* On the stack that libpthread knows. */
static int64_t normal_stack( void *arg )
{
    timing = arg;
    run_calls();
    return 0;
}

/* As Wine's main thread: its bounds are known to the host, for as long as it
 * runs there. */
static int64_t foreign_stack( void *arg )
{
    static ucontext_t back, there;
    void *stack = mmap( NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );

    timing = arg;
    client_stack.low = stack;
    client_stack.size = STACK_SIZE;
    getcontext( &there );
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_SIZE;
    there.uc_link = &back;
    makecontext( &there, run_calls, 0 );
    swapcontext( &back, &there );
    client_stack.size = 0;
    munmap( stack, STACK_SIZE );
    return client_stack.asked;
}

/* A Windows program has thousands of mappings, and each costs a line. */
static int64_t add_mappings( void *unused )
{
    char *base = mmap( NULL, MAPPINGS * 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    int i;

    (void)unused;
    for (i = 0; i < MAPPINGS; i++) mprotect( base + i * 2 * 4096, 4096, PROT_READ );
    return 0;
}

static void trap_t1_foreign_stack(void)
{
    struct timing normal = { 0 }, foreign = { 0 };
    struct process *client;

    strcpy( normal.path, make_file( "file" ));
    strcpy( foreign.path, normal.path );
    start_server();
    client = start_client();
    call( client, add_mappings, NULL, 0 );
    call( client, normal_stack, &normal, sizeof(normal) );
    CHECK( call( client, foreign_stack, &foreign, sizeof(foreign) ) > 0 );
    CHECK_EQ( normal.failed, 0 );
    CHECK_EQ( foreign.failed, 0 );
    CHECK_EQ( foreign.asked, 0 );
    CHECK( foreign.median_ns < normal.median_ns * 10 );

    /* back, and away again: no state is left that would make it slow */
    call( client, normal_stack, &normal, sizeof(normal) );
    CHECK( normal.asked <= 1 );     /* Go asks anew once it has been elsewhere */
    call( client, foreign_stack, &foreign, sizeof(foreign) );
    CHECK_EQ( foreign.asked, 0 );
    CHECK_EQ( foreign.failed, 0 );
    check_table_empty();
}

static void *thread_calls( void *unused )
{
    (void)unused;
    run_calls();
    return (void *)(uintptr_t)client_stack.asked;
}

/* Threads that come and go: each is asked for at most once. */
static int64_t threads( void *arg )
{
    pthread_t thread;
    void *ret;
    int i;

    timing = arg;
    for (i = 0; i < 10; i++)
    {
        if (pthread_create( &thread, NULL, thread_calls, NULL )) return -1;
        pthread_join( thread, &ret );
        CHECK( (uintptr_t)ret <= 1 );
        CHECK( timing->asked <= 1 );
    }
    return 0;
}

static void stack_of_threads(void)
{
    struct timing timing = { 0 };
    struct process *client;

    strcpy( timing.path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, threads, &timing, sizeof(timing) ), 0 );
    CHECK_EQ( timing.failed, 0 );
    check_table_empty();
}

const struct test stack_tests[] = { T( trap_t1_foreign_stack ), T( stack_of_threads ), { 0 } };
