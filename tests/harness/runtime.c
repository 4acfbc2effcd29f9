/*
 * T5: the Go runtime keeps to itself
 *
 * That the path of an open allocates nothing, starts no goroutine, and that a
 * panic switches the library off, is shown in core/ by Go tests.
 *
 * Tried (tests/traps/run.sh) built without -X=runtime.godebugDefault=...: eight
 * runs of eight saw SIGURG on the calling threads.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define THREADS 3
#define INITS   800

static uint32_t urgent, stop, opens;

static void count_signal( int sig )
{
    (void)sig;
    __atomic_add_fetch( &urgent, 1, __ATOMIC_RELAXED );
}

/* As much Go as an entry runs in one go. */
static void *busy( void *arg )
{
    struct nspa_open open =
    {
        .unix_name = "/nonexistent", .access = READ_DATA, .sharing = 7, .disposition = FILE_OPEN, .options = OPEN_SYNC
    };
    static const uint16_t name[] = { 'a', 'b' };
    static struct nspa_reparse_prefix prefix = { .size = sizeof(prefix), .config_dir = "/tmp", .config_dir_len = 4 };
    __typeof__( &nspa_reparse_encode ) encode = arg;
    struct nspa_opened opened;
    uint32_t buffer[4096] = { 0x1234, sizeof(buffer) - 8 };  /* tag and length: as long as there is */
    char text[4096];
    uint32_t len, form;

    open.nt_name = name;
    open.nt_len = sizeof(name);
    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED ))
    {
        lib.nspa_local_file_try_bypass( &open, &opened );
        encode( &prefix, -1, 0, buffer, sizeof(buffer), text, sizeof(text), &len, &form );
        __atomic_add_fetch( &opens, 1, __ATOMIC_RELAXED );
    }
    return NULL;
}

/* What makes Go stop its other threads: nspa_init() sets up the collector, and
 * may be called again as long as it fails. */
static int64_t provoke( void *unused )
{
    struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
    struct nspa_init init;
    pthread_t threads[THREADS];
    void *encode;
    int i;

    (void)unused;
    if (!load_library( NULL ) || get_init( &init )) return -1;
    if (!(encode = find_symbol( "nspa_reparse_encode" ))) return -1;
    sigaction( SIGURG, &action, NULL );
    for (i = 0; i < THREADS; i++) pthread_create( &threads[i], NULL, busy, encode );
    init.owner++;     /* a journal that is not ours */
    for (i = 0; !urgent && (i < INITS || __atomic_load_n( &opens, __ATOMIC_RELAXED ) < 30); i++)
        if (lib.nspa_init( &init ) != STATUS_INVALID_PARAMETER) return -1;
    stop = 1;
    for (i = 0; i < THREADS; i++) pthread_join( threads[i], NULL );
    usleep( 1000 );
    return urgent;
}

static void trap_t5_no_preemption_signals(void)
{
    struct process *client;

    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, provoke, NULL, 0 ), 0 );
}

/* Opens make no threads: Go's own number stays what it is once it has what it
 * needs for the threads that call at the same time. */
static int64_t open_often( void *path )
{
    uint32_t handle, i, tasks;

    for (i = 0; i < 50; i++) if (nt_open_read( path, READ_DATA, 7, &handle ) || nt_close( handle )) return -1;
    tasks = count_entries( "/proc/self/task" );
    for (i = 0; i < 3000; i++) if (nt_open_read( path, READ_DATA, 7, &handle ) || nt_close( handle )) return -1;
    return count_entries( "/proc/self/task" ) - tasks;
}

static void trap_t5_no_new_threads(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK( call( client, open_often, path, sizeof(path) ) <= 1 );
    check_table_empty();
}

const struct test runtime_tests[] = { T( trap_t5_no_preemption_signals ), T( trap_t5_no_new_threads ), { 0 } };
