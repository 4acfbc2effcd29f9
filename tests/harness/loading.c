/*
 * T4: the library brings neither threads nor signal handlers
 *
 * Loading it starts nothing: the Go runtime comes with the first call that needs it.
 * Its threads then take no signal of Wine, and it changes no handler, although it
 * believes so.  What ntdll's glue does about a missing or damaged library,
 * tests/traps/run.sh shows with Wine.
 *
 * Tried (tests/traps/run.sh) with the runtime's constructor left to the loader: threads
 * when dlopen() was back.  Without capi/stack.c's answer to sigaction(): Go's handlers were
 * found on SIGBUS, SIGFPE, SIGSEGV, SIGPIPE and SIGURG.  Without blocking signals while
 * the runtime starts: each of its threads took all signals of Wine.
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

/* In hexadecimal, from /proc/self/status. */
static uint64_t status_mask( const char *name )
{
    FILE *file = fopen( "/proc/self/status", "r" );
    unsigned long long mask = 0;
    size_t len = strlen( name );
    char line[200];

    while (file && fgets( line, sizeof(line), file ))
        if (!strncmp( line, name, len ) && line[len] == ':') sscanf( line + len + 1, "%llx", &mask );
    if (file) fclose( file );
    return mask;
}

static void check_handlers( const struct sigaction *before )
{
    int sig;

    for (sig = 1; sig < 65; sig++)
    {
        char what[40];

        snprintf( what, sizeof(what), "handler of signal %d", sig );
        CHECK_FOR( what, (intptr_t)handler_of( sig ), (intptr_t)before[sig].sa_handler );
    }
}

/* The two that matter most, by what they do. */
static void check_faults(void)
{
    int pipes[2];

    if (!pipe( pipes ))
    {
        close( pipes[0] );
        CHECK_EQ( write( pipes[1], "", 1 ), -1 );
        CHECK_EQ( errno, EPIPE );
        close( pipes[1] );
    }
    faults = 0;
    if (!sigsetjmp( fault, 1 )) *(volatile char *)mmap( NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 ) = 0;
    CHECK_EQ( faults, 1 );
}

static int64_t load_and_compare( void *path )
{
    struct sigaction before[65], ours = { .sa_handler = fault_handler, .sa_flags = SA_NODEFER };
    uint64_t mask = signal_mask(), caught;
    uint32_t handle, tasks = count_entries( "/proc/self/task" ), i;
    int sig;

    sigaction( SIGSEGV, &ours, NULL );
    signal( SIGPIPE, SIG_IGN );
    for (sig = 1; sig < 65; sig++) sigaction( sig, NULL, &before[sig] );
    caught = status_mask( "SigCgt" );
    if (client_attach( NULL )) return -1;
    for (i = 0; i < 1000; i++)
    {
        CHECK_EQ( nt_open_read( path, READ_DATA, 7, &handle ), NSPA_SERVED );
        if (i % 100 == 0) lib.nspa_promote_if_local( handle );
        CHECK_EQ( nt_close( handle ), STATUS_SUCCESS );
    }
    CHECK_FOR( "threads before the first call that needs Go", count_entries( "/proc/self/task" ), tasks );
    CHECK_EQ( signal_mask(), mask );
    CHECK_EQ( status_mask( "SigCgt" ), caught );
    check_handlers( before );

    CHECK_EQ( call_go(), STATUS_SUCCESS );
    CHECK_FOR( "Go has threads", count_entries( "/proc/self/task" ) > tasks, 1 );
    CHECK_EQ( signal_mask(), mask );
    check_other_threads_masked();

    /* also when the runtime has had time, and work */
    for (i = 0; i < 100; i++) CHECK_EQ( call_go(), STATUS_SUCCESS );
    usleep( 10000 );
    check_other_threads_masked();
    check_handlers( before );
    /* libc catches a signal of its own once there are threads */
    CHECK_EQ( (uint32_t)status_mask( "SigCgt" ), (uint32_t)caught );
    check_faults();
    CHECK_EQ( call_go(), STATUS_SUCCESS );
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

static int no_bounds( const void *sp, void **low, size_t *size )
{
    (void)sp; (void)low; (void)size;
    return 0;
}

/* A host that wants nothing but reparse points, and one that never said what it wants. */
static int64_t go_alone( void *initialise )
{
    struct nspa_init init = { .size = sizeof(init), .abi = NSPA_ABI_VERSION, .flags = NSPA_INIT_NO_TABLE, .table_fd = -1,
                              .control_fd = -1, .journal_fd = -1 };
    uint32_t handle;

    if (!load_library( NULL )) return -1;
    init.host.stack_bounds = no_bounds;
    if (*(uint32_t *)initialise) CHECK_EQ( lib.nspa_init( &init ), STATUS_SUCCESS );
    CHECK_EQ( count_entries( "/proc/self/task" ), 1 );
    CHECK_EQ( nt_open_read( "/etc/passwd", READ_DATA, 7, &handle ), NSPA_NOT_ATTACHED );
    CHECK_EQ( call_go(), STATUS_SUCCESS );
    CHECK_EQ( call_go(), STATUS_SUCCESS );
    return 0;
}

static void trap_t4_without_table(void)
{
    uint32_t i;

    for (i = 0; i < 2; i++) CHECK_EQ( call( start_plain_client(), go_alone, &i, sizeof(i) ), 0 );
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
    T( trap_t4_handlers ), T( trap_t4_without_table ), T( trap_t4_bad_library ), { 0 }
};
