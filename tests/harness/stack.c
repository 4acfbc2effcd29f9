/*
 * T1: the stack that Unix code runs on is not the one libpthread knows
 *
 * The Go runtime asks for the thread's stack bounds when a call from C comes in
 * on a stack it does not know; libpthread answers for the main thread by
 * reading /proc/self/maps.  On Wine's main thread that would be every call.  So the
 * library asks its host at each entry into Go, and answers for libpthread where the
 * host knows.
 *
 * Tried (tests/traps/run.sh) with a wrapper in capi/stack.c that passes every
 * question on: libpthread was asked at each of the 200 calls on the foreign stack.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define CALLS      200
#define STACK_SIZE (1 << 20)   /* Wine's kernel stack */

/* libnspa's reference to libpthread's function leads here: the program comes
 * before the libraries in symbol lookup.  Counted by thread: those that the Go
 * runtime starts meanwhile ask for their own, and so does AddressSanitizer. */
static __thread uint32_t asked;

int pthread_getattr_np( pthread_t thread, pthread_attr_t *attr )
{
    static int (*real)( pthread_t, pthread_attr_t * );

    if (!real) real = dlsym( RTLD_NEXT, "pthread_getattr_np" );
    asked++;
    return real( thread, attr );
}

/* What calls on one stack came to, on the thread that made them. */
struct outcome
{
    char     path[400];
    uint32_t libpthread;     /* was asked so often */
    uint32_t host;
    uint32_t failed;
};

static struct outcome *outcome;

static void run_calls(void)
{
    uint32_t handle, asked_before = asked, host_before = client_stack.asked;
    int i;

    for (i = 0; i < CALLS; i++) if (call_go()) outcome->failed++;
    outcome->libpthread = asked - asked_before;
    outcome->host = client_stack.asked - host_before;

    /* no other call needs to know */
    for (i = 0; i < CALLS; i++)
        if (nt_open_read( outcome->path, READ_DATA, 7, &handle ) || nt_close( handle )) outcome->failed++;
    CHECK_EQ( asked - asked_before, outcome->libpthread );
    CHECK_EQ( client_stack.asked - host_before, outcome->host );
}

/* On the stack that libpthread knows. */
static int64_t normal_stack( void *arg )
{
    outcome = arg;
    run_calls();
    return 0;
}

/* As Wine's main thread: its bounds are known to the host, for as long as it
 * runs there. */
static int64_t foreign_stack( void *arg )
{
    static ucontext_t back, there;
    void *stack = mmap( NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );

    outcome = arg;
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
    return 0;
}

static void trap_t1_foreign_stack(void)
{
    struct outcome normal = { 0 }, foreign = { 0 };
    struct process *client;
    int i;

    strcpy( normal.path, make_file( "file" ));
    strcpy( foreign.path, normal.path );
    start_server();
    client = start_client();
    CHECK_EQ( call( client, call_go_once, NULL, 0 ), STATUS_SUCCESS );
    /* back, and away again: no state is left that would make it slow */
    for (i = 0; i < 3; i++)
    {
        call( client, foreign_stack, &foreign, sizeof(foreign) );
        CHECK_EQ( foreign.failed, 0 );
        CHECK_EQ( foreign.libpthread, 0 );
        CHECK_EQ( foreign.host, CALLS );
        call( client, normal_stack, &normal, sizeof(normal) );
        CHECK_EQ( normal.failed, 0 );
        CHECK_EQ( normal.host, CALLS );
        CHECK( normal.libpthread <= CALLS );
    }
    check_table_empty();
}

/* Threads that come and go, on stacks that the host knows: libpthread is never asked. */
static void *thread_calls( void *arg )
{
    (void)arg;
    foreign_stack( outcome );
    return outcome->libpthread || outcome->failed ? NULL : arg;
}

static int64_t threads( void *arg )
{
    pthread_t thread;
    void *ret;
    int i;

    outcome = arg;
    for (i = 0; i < 10; i++)
    {
        if (pthread_create( &thread, NULL, thread_calls, arg )) return -1;
        pthread_join( thread, &ret );
        CHECK( ret == arg );
    }
    return 0;
}

static void stack_of_threads(void)
{
    struct outcome outcome = { 0 };
    struct process *client;

    strcpy( outcome.path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, call_go_once, NULL, 0 ), STATUS_SUCCESS );
    CHECK_EQ( call( client, threads, &outcome, sizeof(outcome) ), 0 );
    check_table_empty();
}

const struct test stack_tests[] = { T( trap_t1_foreign_stack ), T( stack_of_threads ), { 0 } };
