/*
 * T6: wineserver becomes a daemon by fork without exec, and has one thread
 *
 * Tried with a Go shared library in place of libnspa_server.so, its functions
 * empty: six threads after dlopen(), five signal handlers changed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

struct outcome
{
    uint32_t tasks_loaded, tasks_forked, tasks_after;
    uint32_t handlers;        /* changed */
    uint32_t descriptors;     /* opened beyond the table's */
    int32_t  attached;
    uint32_t alive;
    uint32_t done;
};

static uint32_t handlers_set(void)
{
    struct sigaction action;
    uint32_t count = 0;
    int sig;

    for (sig = 1; sig < 65; sig++)
        if (!sigaction( sig, NULL, &action ) && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) count++;
    return count;
}

/* Loaded before the fork, used after it. */
static void daemon_process( struct outcome *outcome )
{
    uint32_t handlers = handlers_set(), fds = count_entries( "/proc/self/fd" );
    void *module = dlopen( library_path( "libnspa_server.so" ), RTLD_NOW | RTLD_LOCAL );
    __typeof__( &nspa_server_abi ) abi = module ? dlsym( module, "nspa_server_abi" ) : NULL;
    __typeof__( &nspa_server_create_table ) create = module ? dlsym( module, "nspa_server_create_table" ) : NULL;
    __typeof__( &nspa_server_attach ) attach = module ? dlsym( module, "nspa_server_attach" ) : NULL;
    __typeof__( &nspa_server_publish ) publish = module ? dlsym( module, "nspa_server_publish" ) : NULL;
    __typeof__( &nspa_server_retire ) retire = module ? dlsym( module, "nspa_server_retire" ) : NULL;
    struct nspa_share own = { .handles = 1, .opens = 1, .readers = 1 }, clients;
    struct nspa_control *map;
    uint64_t owner;
    int control_fd, i;

    if (!abi || !create || !attach || !publish || !retire) _exit( 2 );
    if (abi() != NSPA_SERVER_ABI) _exit( 2 );
    outcome->tasks_loaded = count_entries( "/proc/self/task" );
    if (fork()) _exit( 0 );      /* as open_master_socket() does */
    setsid();
    outcome->tasks_forked = count_entries( "/proc/self/task" );
    if (create( &control_fd ) == -1) _exit( 2 );
    outcome->attached = attach( 32, &owner );
    for (i = 0; i < 1000; i++)
    {
        own.handles = own.opens = own.readers = i % 2;
        publish( 1, i / 2, &own, &clients );
    }
    if (outcome->attached >= 0) retire( 32, NULL );
    outcome->tasks_after = count_entries( "/proc/self/task" );
    outcome->handlers = handlers_set() - handlers;
    outcome->descriptors = count_entries( "/proc/self/fd" ) - fds - 3;
    map = mmap( NULL, sizeof(*map), PROT_READ, MAP_SHARED, control_fd, 0 );
    outcome->alive = map != MAP_FAILED && nspa_server_alive( map );
    __atomic_store_n( &outcome->done, 1, __ATOMIC_RELEASE );
    _exit( 0 );
}

static void trap_t6_fork_without_exec(void)
{
    struct outcome *outcome = mmap( NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    int64_t start = now_ns();
    pid_t pid;
    int status;

    if (!(pid = fork())) daemon_process( outcome );
    waitpid( pid, &status, 0 );
    CHECK_EQ( status, 0 );
    while (!__atomic_load_n( &outcome->done, __ATOMIC_ACQUIRE ) && now_ns() - start < INT64_C(5000000000)) usleep( 200 );
    CHECK_EQ( outcome->done, 1 );
    CHECK_EQ( outcome->tasks_loaded, 1 );
    CHECK_EQ( outcome->tasks_forked, 1 );
    CHECK_EQ( outcome->tasks_after, 1 );
    CHECK_EQ( outcome->handlers, 0 );
    CHECK_EQ( outcome->descriptors, 0 );
    CHECK_EQ( outcome->attached >= 0, 1 );
    CHECK_EQ( outcome->alive, 1 );
}

/* And in all its work it stays the one thread. */
static void trap_t6_no_threads(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_seen seen;
    uint32_t handle, i;
    char path[400];

    strcpy( path, make_file( "file" ));
    for (i = 0; i < 20; i++)
    {
        open_in( client, path, READ_DATA, 7, &handle );
        call( client, client_promote, &handle, sizeof(handle) );
        close_in( client, handle );
    }
    call( server, server_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.tasks, 1 );
    CHECK_EQ( seen.promoted, 20 );
    check_table_empty();
}

const struct test server_tests[] = { T( trap_t6_fork_without_exec ), T( trap_t6_no_threads ), { 0 } };
