/*
 * Handle values
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static int64_t range( void *unused )
{
    static const struct { uint64_t handle; int local; } values[] =
    {
        { 0, 0 }, { 4, 0 }, { 0x7fff7ffc, 0 }, { 0x7fff7fff, 0 }, { 0x7fff8000, 1 }, { 0x7fffbfff, 1 },
        { 0x7fffc000, 1 }, { 0x7fffc001, 1 },
        { 0x7fffc002, 1 }, { 0x7fffc003, 1 }, { 0x7ffffff8, 1 }, { 0x7ffffffb, 1 },
        /* the last one and its tag bits: the pseudo handle of the process */
        { 0x7ffffffc, 0 }, { 0x7ffffffd, 0 }, { 0x7ffffffe, 0 }, { 0x7fffffff, 0 },
        { 0x80000000, 0 }, { 0xffffffff, 0 }, { 0xffffffffffffffff, 0 }, { 0xfffffffffffffffe, 0 },
        { 0x100000000 + 0x7fffc000, 0 }, { 0xffffffff7fffc000, 0 },
    };
    unsigned int i;

    (void)unused;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
    {
        char what[40];

        snprintf( what, sizeof(what), "handle %#llx", (unsigned long long)values[i].handle );
        CHECK_FOR( what, lib.nspa_local_file_is_local_handle( values[i].handle ), values[i].local );
        CHECK_FOR( what, nspa_is_local_handle( values[i].handle ), values[i].local );
        /* none of them is open, attached or not */
        CHECK_FOR( what, lib.nspa_local_file_close( values[i].handle ), STATUS_NOT_SUPPORTED );
        CHECK_FOR( what, lib.nspa_promote_if_local( values[i].handle ), values[i].handle );
        lib.nspa_local_file_closed( values[i].handle );
        CHECK_FOR( what, lib.nspa_local_file_promote( values[i].handle ), STATUS_SUCCESS );
    }
    return 0;
}

static void handle_range(void)
{
    struct process *client = start_plain_client();
    struct host_seen seen;

    CHECK( call( client, client_load, NULL, 0 ));
    call( client, range, NULL, 0 );
    start_server();
    client = start_client();
    call( client, range, NULL, 0 );
    call( client, client_host_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.promote + seen.promote_many + seen.close_handle + seen.forget_fd, 0 );
}

/* Both low bits of a handle are the program's. */
static void handle_tags(void)
{
    struct process *client;
    uint32_t handle, tag;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    for (tag = 0; tag < 4; tag++)
    {
        CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
        CHECK_EQ( handle % 4, 0 );
        handle |= tag;
        CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
        CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_NOT_SUPPORTED );
    }
    check_table_empty();
}

struct fill
{
    char     path[400];
    uint32_t count;
    uint32_t last_reason;
    uint32_t minted_last;       /* NSPA_LF_HANDLE_LAST came out */
    uint32_t again;             /* opens after all were closed */
    uint32_t refilled;          /* opens while one had been closed */
};

static int64_t fill_table( void *arg )
{
    static uint32_t handles[NSPA_LF_HANDLE_CAP + 1];
    static char seen[NSPA_LF_HANDLE_CAP + 1];
    struct fill *fill = arg;
    struct rlimit limit;
    uint32_t i, reason = 0, handle;

    getrlimit( RLIMIT_NOFILE, &limit );
    limit.rlim_cur = limit.rlim_max;
    setrlimit( RLIMIT_NOFILE, &limit );
    if (limit.rlim_max < NSPA_LF_HANDLE_CAP + 100) return -1;

    while (fill->count <= NSPA_LF_HANDLE_CAP)
    {
        if ((reason = nt_open_read( fill->path, READ_DATA, 7, &handle ))) break;
        handles[fill->count++] = handle;
        if (handle == NSPA_LF_HANDLE_LAST) fill->minted_last++;
        if (handle % 4 || handle < NSPA_LF_HANDLE_BASE || handle > NSPA_LF_HANDLE_LAST)
            return CHECK_EQ( handle, NSPA_LF_HANDLE_BASE );
        if (seen[(handle - NSPA_LF_HANDLE_BASE) / 4]++) return CHECK( !"a handle given out twice" );
    }
    fill->last_reason = reason;
    nt_close( handles[100] );
    fill->refilled = !nt_open_read( fill->path, READ_DATA, 7, &handle ) && handle == handles[100];
    for (i = 0; i < fill->count; i++) CHECK_EQ( nt_close( handles[i] ), STATUS_SUCCESS );
    if (!nt_open_read( fill->path, READ_DATA, 7, &handle ) && !nt_close( handle )) fill->again = 1;
    return 0;
}

/* T8: 0x7ffffffc is never minted: with tag bits it is the pseudo handle of the
 * current process.
 * Tried (tests/traps/run.sh) with nspa_is_local_handle() and the free entries
 * taking it in: it was the 4096th handle given out here. */
static void handle_trap_t8_last_value(void)
{
    struct process *client;
    struct fill fill = { 0 };
    struct nspa_stats stats;
    int64_t ret;

    strcpy( fill.path, make_file( "file" ));
    start_server();
    client = start_client();
    if ((ret = call( client, fill_table, &fill, sizeof(fill) )) == -1)
        return skip( "the limit of open files is below 4196" );
    CHECK_EQ( ret, 0 );
    CHECK_EQ( fill.minted_last, 0 );
    CHECK_EQ( fill.count, NSPA_LF_HANDLE_CAP - 1 );
    CHECK_EQ( fill.last_reason, NSPA_NO_HANDLE );
    CHECK( fill.refilled );
    CHECK( fill.again );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 0 );
    CHECK_EQ( stats.opens[NSPA_NO_HANDLE], 1 );
    check_table_empty();
}

static const uint32_t inherited[] =
{
    0x7fffc000, 0x7fffc004 | 3, 0x7fffc00c, 0x7fffc00c, 0x7ffffff8, 0x7ffffffc, 0x7fffffff, 0, 0x44, 0x80000000, 0xfffffffe
};

static int64_t attach_with_inherited( void *unused )
{
    struct nspa_init init;
    int32_t status;

    (void)unused;
    if (!load_library( NULL ) || get_init( &init )) return STATUS_DIED;
    init.inherited = inherited;
    init.inherited_count = sizeof(inherited) / sizeof(inherited[0]);
    status = lib.nspa_init( &init );
    close( init.table_fd );
    close( init.control_fd );
    close( init.journal_fd );
    return status;
}

static int64_t closed( void *handle )
{
    lib.nspa_local_file_closed( *(uint32_t *)handle );
    return 0;
}

/* What came from the parent is wineserver's, and is not given out before it is
 * closed there. */
static void handle_inherited(void)
{
    struct process *client;
    struct nspa_stats stats;
    uint32_t handles[100], value, used = 0, i, j;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, attach_with_inherited, NULL, 0 ), STATUS_SUCCESS );
    call( client, client_stats, &stats, sizeof(stats) );
    CHECK_EQ( stats.handles, 4 );
    for (i = 0; i < 100; i++)
    {
        CHECK_EQ( open_in( client, path, READ_DATA, 7, &handles[i] ), NSPA_SERVED );
        for (j = 0; j < sizeof(inherited) / sizeof(inherited[0]); j++)
            used += handles[i] == (inherited[j] & ~3u);
    }
    CHECK_EQ( used, 0 );
    value = 0x7fffc004;
    CHECK_EQ( call( client, client_close_local, &value, sizeof(value) ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( call( client, client_promote, &value, sizeof(value) ), value );
    call( client, closed, &value, sizeof(value) );
    call( client, closed, &value, sizeof(value) );     /* says it twice: once too often */
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handles[0] ), NSPA_SERVED );
    CHECK_EQ( handles[0], 0x7fffc004 );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &value ), NSPA_SERVED );
    CHECK( value != 0x7fffc004 );
}

/* wineserver's word that it closed a local handle changes nothing. */
static void handle_closed_while_local(void)
{
    struct process *client;
    uint32_t handle, other;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    open_in( client, path, READ_DATA, 7, &handle );
    call( client, closed, &handle, sizeof(handle) );
    open_in( client, path, READ_DATA, 7, &other );
    CHECK( other != handle );
    CHECK( call( client, client_read, &handle, sizeof(handle) ));
    close_in( client, handle );
    call( client, closed, &handle, sizeof(handle) );
    close_in( client, other );
    check_table_empty();
}

/* Descriptors are given back. */
static void handle_no_leak(void)
{
    struct process *client;
    uint32_t handle;
    char path[400];
    int64_t before;
    int i;

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    before = call( client, client_fds, NULL, 0 );
    for (i = 0; i < 50; i++)
    {
        open_in( client, path, READ_DATA, 7, &handle );
        if (i % 2) call( client, client_promote, &handle, sizeof(handle) );
        CHECK_EQ( close_in( client, handle ), STATUS_SUCCESS );
        CHECK_EQ( close_in( client, handle ), STATUS_INVALID_HANDLE );
        open_in( client, "/nonexistent/file", READ_DATA, 7, &handle );
    }
    CHECK_EQ( call( client, client_fds, NULL, 0 ), before );
    check_table_empty();
}

const struct test handle_tests[] =
{
    T( handle_trap_t8_last_value ), T( handle_range ), T( handle_tags ), T( handle_inherited ),
    T( handle_closed_while_local ), T( handle_no_leak ), { 0 }
};
