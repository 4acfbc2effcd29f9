/*
 * T4: loading brings threads and signal handlers
 *
 * The recipe of ntdll's glue, which client.c follows: all signals blocked, the
 * handlers saved, dlopen(), nspa_version(), nspa_init(), the handlers put back.
 * That the glue itself keeps to it, and what it does about a missing or damaged
 * library, tests/traps/run.sh shows with Wine.
 *
 * Tried: without putting the handlers back, Go's were found on SIGBUS, SIGFPE,
 * SIGSEGV, SIGPIPE and SIGURG; without blocking, each thread of the runtime took
 * all signals of Wine.  Tried with an nspa_version() that does not enter Go:
 * nothing failed, since Go 1.26 sets its handlers while dlopen() runs; the test
 * is there for a version that does so later.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static void *handler_of( int sig )
{
    struct sigaction action;

    sigaction( sig, NULL, &action );
    return (void *)action.sa_handler;
}

static sigjmp_buf fault;
static uint32_t faults;

static void fault_handler( int sig )
{
    (void)sig;
    faults++;
    siglongjmp( fault, 1 );
}

/* The mask of each thread but the one that looks. */
static void check_other_threads_masked(void)
{
    DIR *dir = opendir( "/proc/self/task" );
    struct dirent *entry;
    unsigned int others = 0;

    while (dir && (entry = readdir( dir )))
    {
        char path[300], line[200];
        FILE *file;

        if (entry->d_name[0] == '.' || atoi( entry->d_name ) == getpid()) continue;
        snprintf( path, sizeof(path), "/proc/self/task/%s/status", entry->d_name );
        if (!(file = fopen( path, "r" ))) continue;
        while (fgets( line, sizeof(line), file ))
        {
            unsigned long long mask;
            uint64_t wine = 0;
            /* not SIGCHLD, which Go never blocks: ntdll has no handler for it */
            static const int signals[] = { SIGALRM, SIGIO, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGABRT };
            unsigned int i;

            if (sscanf( line, "SigBlk: %llx", &mask ) != 1) continue;
            for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) wine |= UINT64_C(1) << (signals[i] - 1);
            CHECK_FOR( "signals of Wine that a thread of the library takes", ~mask & wine, 0 );
            others++;
        }
        fclose( file );
    }
    if (dir) closedir( dir );
    CHECK( others > 0 );      /* or this test shows nothing */
}

static int64_t load_and_compare( void *path )
{
    struct sigaction before[65], ours = { .sa_handler = fault_handler, .sa_flags = SA_NODEFER };
    uint64_t mask = signal_mask();
    uint32_t handle;
    int sig, pipes[2];

    sigaction( SIGSEGV, &ours, NULL );
    signal( SIGPIPE, SIG_IGN );
    for (sig = 1; sig < 65; sig++) sigaction( sig, NULL, &before[sig] );
    if (client_attach( NULL )) return -1;
    CHECK_EQ( signal_mask(), mask );
    check_other_threads_masked();

    /* also when the runtime has had time, and work */
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    usleep( 10000 );
    for (sig = 1; sig < 32; sig++)
    {
        char what[40];

        snprintf( what, sizeof(what), "handler of signal %d", sig );
        CHECK_FOR( what, (intptr_t)handler_of( sig ), (intptr_t)before[sig].sa_handler );
    }
    /* the two that matter most, by what they do */
    if (!pipe( pipes ))
    {
        close( pipes[0] );
        CHECK_EQ( write( pipes[1], "", 1 ), -1 );
        CHECK_EQ( errno, EPIPE );
        close( pipes[1] );
    }
    if (!sigsetjmp( fault, 1 )) *(volatile char *)mmap( NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 ) = 0;
    CHECK_EQ( faults, 1 );
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    return 0;
}

static void trap_t4_handlers(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, load_and_compare, path, sizeof(path) ), 0 );
    check_table_empty();
}

/* Which handlers does the library have when nspa_version() is back?  The same
 * ones for good: it may not change them later. */
static int64_t settle_handlers( void *unused )
{
    void *module = dlopen( library_path( "libnspa.so" ), RTLD_NOW | RTLD_LOCAL ), *then[32];
    uint32_t (*version)(void) = module ? dlsym( module, "nspa_version" ) : NULL;
    struct sigaction original[32];
    unsigned int changed = 0;
    int sig;

    (void)unused;
    if (!version || version() != NSPA_ABI_VERSION) return -1;
    for (sig = 1; sig < 32; sig++)
    {
        sigaction( sig, NULL, &original[sig] );
        then[sig] = handler_of( sig );
        if (then[sig] != (void *)SIG_DFL && sig != SIGKILL && sig != SIGSTOP) changed++;
        signal( sig, SIG_DFL );
    }
    usleep( 10000 );
    for (sig = 1; sig < 32; sig++)
        if (handler_of( sig ) != (void *)SIG_DFL) CHECK_FOR( "a handler that comes late, of signal", sig, 0 );
    /* none at all would mean that this looks at the wrong thing */
    return changed;
}

static void trap_t4_version_waits(void)
{
    int i;

    for (i = 0; i < 4; i++)
        CHECK( call( start_plain_client(), settle_handlers, NULL, 0 ) > 0 );
}

/* Not loaded, nothing is different; a library that is none does not load. */
static int64_t load_bad( void *path )
{
    uint32_t tasks = count_entries( "/proc/self/task" );

    CHECK_EQ( load_library( path ), 0 );
    CHECK_EQ( count_entries( "/proc/self/task" ), tasks );
    return 0;
}

static void trap_t4_bad_library(void)
{
    struct process *client = start_plain_client();
    char path[400];

    snprintf( path, sizeof(path), "%s/missing.so", test_dir() );
    call( client, load_bad, path, sizeof(path) );
    strcpy( path, make_file( "text.so" ));
    call( client, load_bad, path, sizeof(path) );
    /* a library of another kind lacks the functions */
    strcpy( path, "libm.so.6" );
    call( client, load_bad, path, sizeof(path) );
}

const struct test loading_tests[] =
{
    T( trap_t4_handlers ), T( trap_t4_version_waits ), T( trap_t4_bad_library ), { 0 }
};
