/*
 * Several threads on one handle value
 *
 * What a program does that closes a handle while another thread uses it.  Which of the
 * two wins is the program's affair.  The library's are the descriptors: none is closed
 * twice, none is lost, none is in the fd cache after it was closed, and a local handle is
 * never without one.
 *
 * Tried (tests/traps/run.sh) with the fd cache filled after the handle is open, and with
 * the descriptor closed before it is taken out of the cache.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define MAX_THREADS 4
#define VALUES      2        /* that all threads work on */
#define FILES       2

struct race
{
    char     paths[FILES][400];
    uint32_t threads;
    uint32_t ms;
    uint32_t opens, closes, promotions, sections, looks;
};

static struct race *race;
static uint32_t values[VALUES], section_values[VALUES];
static uint32_t stop;

static void count( uint32_t *counter )
{
    __atomic_add_fetch( counter, 1, __ATOMIC_RELAXED );
}

/* As long as a descriptor stays in the cache it is open, and the file's. */
static void look( uint32_t handle )
{
    uint64_t cached = nt_cached( handle ), after;
    struct stat st;
    int failed, error;

    if (!(uint32_t)cached) return;
    failed = fstat( (int)(uint32_t)cached - 1, &st );
    error = failed ? errno : 0;
    after = nt_cached( handle );
    if (after != cached) return;
    CHECK_FOR( "error of a cached descriptor", error, 0 );
    if (!failed) CHECK_FOR( "a cached descriptor is a file's of 4 bytes", S_ISREG( st.st_mode ) && st.st_size == 4, 1 );
    count( &race->looks );
}

/* A handle that is local before and after has a descriptor in between; since the value may
 * be closed and opened again, that has to be seen in the same state of the cache. */
static void expect_cached( uint32_t handle )
{
    struct nspa_opened_file info;
    struct nspa_section section;
    int is_section = nspa_is_local_section( handle ), i;

    for (i = 0; i < 5; i++)
    {
        uint64_t cached = nt_cached( handle );

        if (is_section ? lib.nspa_local_section_query( handle, &section ) : lib.nspa_local_file_query( handle, &info )) return;
        if (cached != nt_cached( handle )) continue;
        CHECK_FOR( "a local handle has a descriptor", (uint32_t)cached != 0, 1 );
        return;
    }
}

static int32_t use( const struct nspa_promotion *file, void *arg )
{
    struct stat st;

    (void)arg;
    CHECK_EQ( fstat( file->fd, &st ), 0 );
    CHECK_EQ( st.st_size, 4 );
    return 0;
}

static void open_value( uint32_t *value, unsigned int number )
{
    struct client_open open = reading( race->paths[number % FILES] );
    uint32_t old;

    open.access = READ_DATA;
    if (number & 8) open.attributes = OBJ_INHERIT;
    if (nt_open( &open )) return;
    count( &race->opens );
    look( open.opened.handle );
    old = __atomic_exchange_n( value, open.opened.handle, __ATOMIC_ACQ_REL );
    if (old) nt_close( old );
}

static void create_section( uint32_t file, uint32_t *value )
{
    struct nspa_section section = { 0, 4, 1 };
    struct nspa_opened opened;
    uint32_t view, old;

    if (!file || lib.nspa_local_section_create( file, &section, &opened )) return;
    count( &race->sections );
    look( opened.handle );
    if (!lib.nspa_local_view_add( opened.handle, &view ))
    {
        lib.nspa_local_section_query( opened.handle, &section );
        lib.nspa_local_view_remove( view );
    }
    old = __atomic_exchange_n( value, opened.handle, __ATOMIC_ACQ_REL );
    if (old) nt_close( old );
}

static void *racer( void *arg )
{
    unsigned int seed = (uintptr_t)arg * 7919 + getpid(), i;
    char name[400];
    int32_t result;

    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED ))
    {
        unsigned int number = rand_r( &seed ) >> 4;
        uint32_t *value = &values[number % VALUES], *section = &section_values[number % VALUES];
        uint32_t handle = __atomic_load_n( number & 0x400 ? section : value, __ATOMIC_ACQUIRE );
        size_t size = sizeof(name);

        switch ((number >> 4) % 12)
        {
        case 0: case 1: case 2:
            open_value( value, number >> 12 );
            break;
        case 3: case 4:
            if (handle && !nt_close( handle )) count( &race->closes );
            break;
        case 5:
            if (handle && !lib.nspa_local_file_promote( handle )) count( &race->promotions );
            break;
        case 6:
            create_section( handle, section );
            break;
        case 7:
            if (handle) lib.nspa_local_file_lend( handle, use, NULL, &result );
            break;
        case 8:
            if (handle) lib.nspa_local_file_unix_name( handle, name, &size );
            break;
        case 9:
            if (number & 0x10000) lib.nspa_local_file_promote_inheritable();
            break;
        default:
            for (i = 0; handle && i < 20; i++)
            {
                look( handle );
                expect_cached( handle );
            }
            break;
        }
    }
    return NULL;
}

/* Opens and closes descriptors that are nobody else's: one that goes, or becomes another
 * file, was closed by mistake. */
static void *bystander( void *arg )
{
    int null = open( "/dev/null", O_RDONLY | O_CLOEXEC ), fds[8], i;
    struct stat want, st;

    fstat( null, &want );
    while (!__atomic_load_n( &stop, __ATOMIC_RELAXED ))
    {
        for (i = 0; i < 8; i++) fds[i] = fcntl( null, F_DUPFD_CLOEXEC, 0 );
        for (i = 0; i < 8; i++)
        {
            CHECK_FOR( "a bystander's descriptor", fstat( fds[i], &st ), 0 );
            CHECK_FOR( "a bystander's file", st.st_ino, want.st_ino );
            CHECK_FOR( "closing a bystander's descriptor", close( fds[i] ), 0 );
        }
    }
    close( null );
    return arg;
}

static int64_t run_race( void *arg )
{
    pthread_t threads[MAX_THREADS], other;
    uint32_t fds = count_entries( "/proc/self/fd" ), i, round;
    struct nspa_stats stats;
    int64_t end;

    race = arg;
    host_dawdles = 1;
    if (pthread_create( &other, NULL, bystander, NULL )) return -1;
    for (i = 0; i < race->threads; i++)
        if (pthread_create( &threads[i], NULL, racer, (void *)(uintptr_t)i )) return -1;
    end = now_ns() + race->ms * INT64_C(1000000);
    while (now_ns() < end || ((race->opens < 500 || race->closes < 100 || race->promotions < 50 || race->sections < 20 ||
                               race->looks < 500) && now_ns() < end + INT64_C(10000000000))) usleep( 1000 );
    stop = 1;
    for (i = 0; i < race->threads; i++) pthread_join( threads[i], NULL );
    pthread_join( other, NULL );

    for (round = 0; round < 2; round++)
        for (i = 0; i < VALUES; i++)
        {
            if (values[i]) nt_close( values[i] );
            if (section_values[i]) nt_close( section_values[i] );
        }
    lib.nspa_get_stats( &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    CHECK_EQ( stats.local_handles, 0 );
    CHECK_EQ( stats.opens[NSPA_SERVED], race->opens );
    for (i = 0; i < 2 * NSPA_LF_HANDLE_CAP; i++)
        CHECK_FOR( "descriptors in the cache", nt_cached_fd( NSPA_SECTION_HANDLE_BASE + 4 * i ), -1 );
    CHECK_FOR( "descriptors", count_entries( "/proc/self/fd" ), fds );
    return 0;
}

static void run( uint32_t threads, remote_func attach )
{
    struct process *server = start_server(), *client = start_plain_client();
    struct race args = { .threads = threads, .ms = 300 };
    struct server_inode inode;
    struct server_seen seen;
    struct host_seen host;
    int i;

    CHECK_EQ( call( client, attach, NULL, 0 ), STATUS_SUCCESS );
    strcpy( args.paths[0], make_file( "file" ));
    strcpy( args.paths[1], make_file( ONE_SLOT ? "file" : "other" ));
    CHECK_EQ( call( client, run_race, &args, sizeof(args) ), 0 );
    CHECK( args.opens && args.closes && args.promotions && args.sections && args.looks );
    call( client, client_host_seen, &host, sizeof(host) );
    CHECK_EQ( host.overwritten, 0 );
    CHECK_EQ( host.locked, 0 );
    CHECK_EQ( host.unblocked, 0 );
    call( server, server_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.held, 0 );
    CHECK_EQ( seen.wrong, 0 );
    for (i = 0; i < FILES; i++)
    {
        /* where a close gave up on the lock, the server counts anew */
        memset( &inode, 0, sizeof(inode) );
        file_id( args.paths[i], &inode.dev, &inode.ino );
        call( server, server_verify, &inode, sizeof(inode) );
        CHECK_EQ( inode.share.handles, 0 );
    }
    check_table_empty();
}

static void race_two_threads(void)
{
    run( 2, client_attach );
}

static void race_three_threads(void)
{
    run( 3, client_attach_holding );
}

static void race_four_threads(void)
{
    run( 4, client_attach_holding );
}

const struct test race_tests[] = { T( race_two_threads ), T( race_three_threads ), T( race_four_threads ), { 0 } };
