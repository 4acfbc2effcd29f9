/*
 * What takes how long when much is open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each thing is timed with n files open, with 2n and with 4n.  Work for all of them may
 * grow by n log n, work for one of them not at all.  CPU time of the thread, the best of
 * several rounds: other load does not count.
 */

#include <math.h>

#include "test.h"
#include "suites.h"
#include "../../capi/server/private.h"

#define N      1000u
#define ROUNDS 7
#define SLACK  2.5   /* caches get colder as more is open */

static double cpu_us(void)
{
    return nspa_clock_ns( CLOCK_THREAD_CPUTIME_ID ) / 1e3;
}

/* Inodes of directories of 20 files. */
static uint64_t inode_of( uint32_t i )
{
    return 1 + (uint64_t)(i / 20) * 8192 + i % 20;
}

/* Processes that hold n files each; they are all this one. */
static struct child *holder( uint32_t first, uint32_t n )
{
    struct child *child = attach_child();
    uint32_t i, missed = 0;

    for (i = 0; i < n; i++)
        missed += nspa_client_publish( &child->client, i, DEV, inode_of( first + i ), READ, NSPA_SHARE_ALL ) != NSPA_PUBLISHED;
    CHECK( missed <= first / 1000, "%u files find no slot", missed );  /* none of the first 4,000 */
    return child;
}

/* Files that were deleted while they are open are closed, one by one. */
static double close_deleted( uint32_t n )
{
    struct child *child = holder( 0, n );
    double start;
    uint32_t i;

    for (i = 0; i < n; i++) CHECK( nspa_server_watch( DEV, inode_of( i )) == 1, "file %u", i );
    start = cpu_us();
    for (i = 0; i < n; i++)
    {
        CHECK( nspa_client_retract( &child->client, i, DEV, inode_of( i ), READ, NSPA_SHARE_ALL ), "not told" );
        CHECK( !nspa_server_watch( DEV, inode_of( i )), "still open" );
        nspa_server_begin_remove( DEV, inode_of( i ));
        nspa_server_end_remove( DEV, inode_of( i ), 1 );
    }
    start = cpu_us() - start;
    reap( child );
    return start;
}

/* Files are deleted while another process has them open. */
static double delete_open( uint32_t n )
{
    struct child *child = holder( 0, n );
    double start = cpu_us();
    uint32_t i;

    for (i = 0; i < n; i++) CHECK( nspa_server_watch( DEV, inode_of( i )) == 1, "file %u", i );
    start = cpu_us() - start;
    reap( child );
    for (i = 0; i < n; i++) CHECK( !nspa_server_watch( DEV, inode_of( i )), "file %u", i );
    return start;
}

static uint32_t drained;

static void count_drained( uint64_t dev, uint64_t ino )
{
    (void)dev;
    (void)ino;
    drained++;
}

/* A process ends that has all of them open; they are waited for. */
static double end_of_holder( uint32_t n )
{
    struct child *child = holder( 0, n );
    double start;
    uint32_t i;

    for (i = 0; i < n; i++) nspa_server_watch( DEV, inode_of( i ));
    drained = 0;
    start = cpu_us();
    nspa_server_retire( child->id, count_drained );
    nspa_server_release( child->id, count_drained );
    start = cpu_us() - start;
    CHECK( drained == n, "%u of %u", drained, n );
    for (i = 0; i < n; i++) nspa_server_watch( DEV, inode_of( i ));
    free( child );
    return start;
}

/* A process starts and ends that has none of them, while they are waited for. */
static double start_and_end( uint32_t n )
{
    struct child *child = holder( 0, n ), *other;
    double start;
    uint32_t i;

    for (i = 0; i < n; i++) nspa_server_watch( DEV, inode_of( i ));
    start = cpu_us();
    for (i = 0; i < 100; i++)
    {
        other = attach_child();
        nspa_server_retire( other->id, NULL );
        nspa_server_release( other->id, NULL );
        free( other );
    }
    start = cpu_us() - start;
    reap( child );
    for (i = 0; i < n; i++) nspa_server_watch( DEV, inode_of( i ));
    return start / 100;
}

/* A file is deleted that nobody has, and one that somebody has is looked at. */
static double delete_one( uint32_t n )
{
    struct child *child[4];
    double start;
    uint32_t i;

    for (i = 0; i < 4; i++) child[i] = holder( i * n, n );
    start = cpu_us();
    for (i = 0; i < 1000; i++)
    {
        CHECK( !nspa_server_begin_remove( DEV, 7 + 8192 * i + 4096 ), "open" );
        nspa_server_end_remove( DEV, 7 + 8192 * i + 4096, 1 );
    }
    start = cpu_us() - start;
    for (i = 0; i < 4; i++) reap( child[i] );
    return start / 1000;
}

static double count_one( uint32_t n )
{
    struct child *child[4];
    double start;
    uint32_t i;

    for (i = 0; i < 4; i++) child[i] = holder( i * n, n );
    start = cpu_us();
    for (i = 0; i < 1000; i++) CHECK( nspa_server_count( DEV, inode_of( i % n )) == 1, "not open" );
    start = cpu_us() - start;
    for (i = 0; i < 4; i++) reap( child[i] );
    return start / 1000;
}

/* Open and close, in us, with that many open. */
static double open_close( uint32_t n )
{
    struct child *child = holder( 0, n );
    double start = cpu_us();
    uint32_t i;

    for (i = 0; i < 10000; i++)
    {
        nspa_client_publish( &child->client, n, DEV, inode_of( i % n ), READ, NSPA_SHARE_ALL );
        nspa_client_retract( &child->client, n, DEV, inode_of( i % n ), READ, NSPA_SHARE_ALL );
    }
    start = cpu_us() - start;
    reap( child );
    return start / 10000;
}

static void scale( const char *what, double (*func)( uint32_t ), int for_all )
{
    double best[3] = { 1e12, 1e12, 1e12 }, allowed, grown;
    unsigned int i, round;

    for (round = 0; round < ROUNDS; round++)
        for (i = 0; i < 3; i++)
        {
            double us = func( N << i );

            if (us < best[i]) best[i] = us;
        }
    grown = best[2] / best[0];
    allowed = (for_all ? 4 * log( 4 * N ) / log( N ) : 1) * SLACK;
    printf( "%-58s %9.2f %9.2f %9.2f us: %.2f times\n", what, best[0], best[1], best[2], grown );
    CHECK( grown < allowed, "%s: %.2f times as long for 4 times as many, more than %.2f", what, grown, allowed );
}

void run_scale(void)
{
    double none = 1e12, many = 1e12, us;
    unsigned int i;

    if (NSPA_SLOTS < 3) return;
    printf( "%-58s %9u %9u %9u files\n", "time with so many open", N, 2 * N, 4 * N );
    scale( "all closed that were deleted while open", close_deleted, 1 );
    scale( "all deleted while another process has them", delete_open, 1 );
    scale( "end of a process that has them all", end_of_holder, 1 );
    scale( "start and end of another process", start_and_end, 0 );
    scale( "one deleted that nobody has (4 processes with as many)", delete_one, 0 );
    scale( "one counted that somebody has (likewise)", count_one, 0 );
    scale( "one opened and closed", open_close, 0 );
    for (i = 0; i < ROUNDS; i++)
    {
        if ((us = delete_one( 0 )) < none) none = us;
        if ((us = delete_one( 3500 )) < many) many = us;
    }
    printf( "a delete with nothing open %.2f us, with 14,000 files open %.2f us\n", none, many );
    CHECK( many - none < 3, "%.2f us more", many - none );
}
