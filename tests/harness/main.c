/*
 * Runs the tests
 *
 * usage: harness [-v] [PART-OF-A-NAME...]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"
#include "world.h"

#define MAX_TESTS  200
#define AT_ONCE    3                 /* most of a test is waiting for other processes */
#define TIME_LIMIT INT64_C(20000000000)

/* In memory that all processes share. */
struct result
{
    uint32_t checks;
    uint32_t failures;
    uint32_t skipped;
    uint32_t finished;
};

static struct result *results, *current;

int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime( CLOCK_MONOTONIC, &ts );
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void complain( const char *file, int line, const char *text )
{
    /* a thread that repeats itself shall not fill the screen */
    if (__atomic_add_fetch( &current->failures, 1, __ATOMIC_RELAXED ) > 20) return;
    dprintf( STDERR_FILENO, "%s:%d: %s\n", file, line, text );
}

int check( int ok, const char *file, int line, const char *what )
{
    __atomic_add_fetch( &current->checks, 1, __ATOMIC_RELAXED );
    if (!ok) complain( file, line, what );
    return ok;
}

int check_eq( int64_t got, int64_t want, const char *file, int line, const char *what )
{
    char text[400];

    __atomic_add_fetch( &current->checks, 1, __ATOMIC_RELAXED );
    if (got == want) return 1;
    snprintf( text, sizeof(text), "%s: got %lld (%#llx), not %lld (%#llx)", what, (long long)got,
              (long long)got, (long long)want, (long long)want );
    complain( file, line, text );
    return 0;
}

void skip( const char *why )
{
    current->skipped = 1;
    dprintf( STDERR_FILENO, "skipped: %s\n", why );
}

int one_slot(void)
{
    if (!ONE_SLOT) return 0;
    skip( "two files do not fit into the only slot" );
    return 1;
}

struct running
{
    pid_t              pid;
    const struct test *test;
    struct result     *result;
    int64_t            start;
};

static struct running running[AT_ONCE];
static unsigned int passed, failed, skipped;
static int verbose;
static sigset_t old_mask;

static void start( struct running *slot, const struct test *test, struct result *result )
{
    slot->test = test;
    slot->result = result;
    slot->start = now_ns();
    fflush( NULL );
    if ((slot->pid = fork()) == -1)
    {
        perror( "fork" );
        exit( 2 );
    }
    if (slot->pid)
    {
        setpgid( slot->pid, slot->pid );
        return;
    }
    setpgid( 0, 0 );
    sigprocmask( SIG_SETMASK, &old_mask, NULL );
    current = result;
    test->func();
    result->finished = 1;
    _exit( 0 );
}

/* A test has ended, or has to: whatever it started ends with it. */
static void finish( struct running *slot, int status, int timed_out )
{
    struct result *result = slot->result;
    const char *why = NULL;

    kill( -slot->pid, SIGKILL );
    if (timed_out)
    {
        waitpid( slot->pid, &status, 0 );
        why = "took too long";
    }
    else if (WIFSIGNALED( status )) why = strsignal( WTERMSIG( status ));
    else if (!result->finished) why = "ended early";
    else if (result->failures) why = "checks failed";
    else if (!result->checks && !result->skipped) why = "checked nothing";

    if (why) failed++;
    else if (result->skipped) skipped++;
    else passed++;
    if (why || result->skipped)
        fprintf( stderr, "%s: %s%s\n", slot->test->name, why ? "FAILED, " : "skipped", why ? why : "" );
    else if (verbose)
        fprintf( stderr, "%s: %u checks, %.1f ms\n", slot->test->name, result->checks,
                 (now_ns() - slot->start) / 1e6 );
    slot->pid = 0;
}

/* Wait until a test has ended. */
static void reap(void)
{
    int status, i;
    pid_t pid = waitpid( -1, &status, WNOHANG );

    for (i = 0; i < AT_ONCE; i++)
    {
        if (!running[i].pid) continue;
        if (running[i].pid == pid) finish( &running[i], status, 0 );
        else if (now_ns() - running[i].start > TIME_LIMIT) finish( &running[i], 0, 1 );
    }
    if (pid <= 0)
    {
        struct timespec timeout = { .tv_nsec = 20000000 };
        sigset_t set;

        sigemptyset( &set );
        sigaddset( &set, SIGCHLD );
        sigtimedwait( &set, NULL, &timeout );
    }
}

static int wanted( const char *name, char **parts )
{
    if (!*parts) return 1;
    for (; *parts; parts++) if (strstr( name, *parts )) return 1;
    return 0;
}

int main( int argc, char **argv )
{
    static const struct test *const suites[] =
    {
        thread_tests, race_tests, signal_tests, realtime_tests,  /* those that take longest first */
        entry_tests, handle_tests, hint_tests, gate_tests, share_tests, promote_tests, query_tests, init_tests,
        death_tests, stack_tests, memory_tests, loading_tests, runtime_tests, server_tests,
    };
    static const char *const libraries[] = { "libnspa.so", "libnspa_server.so" };
    struct result *next;
    const char *tmp;
    sigset_t set;
    unsigned int i;
    int slot;

    if (argc > 1 && !strcmp( argv[1], "-v" ))
    {
        verbose = 1;
        argv++;
    }
    for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
    {
        if (!access( library_path( libraries[i] ), R_OK )) continue;
        fprintf( stderr, "harness: no %s; NSPA_LIB_DIR says where it is\n", library_path( libraries[i] ));
        return 2;
    }
    tmp = getenv( "TMPDIR" );
    all_tests_dir = strdup( make_dir( tmp && *tmp ? tmp : "/tmp" ));
    results = mmap( NULL, MAX_TESTS * sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    if (results == MAP_FAILED)
    {
        perror( "mmap" );
        return 2;
    }
    next = results;
    sigemptyset( &set );
    sigaddset( &set, SIGCHLD );
    sigprocmask( SIG_BLOCK, &set, &old_mask );

    for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
    {
        const struct test *test;

        for (test = suites[i]; test->name; test++)
        {
            if (!wanted( test->name, argv + 1 )) continue;
            for (;;)
            {
                for (slot = 0; slot < AT_ONCE && running[slot].pid; slot++) /* nothing */;
                if (slot < AT_ONCE) break;
                reap();
            }
            if (next == results + MAX_TESTS) return 2;
            start( &running[slot], test, next++ );
        }
    }
    for (slot = 0; slot < AT_ONCE; slot++) while (running[slot].pid) reap();

    remove_tree( all_tests_dir );
    printf( "%u passed, %u failed", passed, failed );
    if (skipped) printf( ", %u skipped", skipped );
    printf( "\n" );
    return failed || !passed;
}
