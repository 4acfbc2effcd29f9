/*
 * Sharing between clients, and between a client and the server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

/* Two opens that read, the first with this sharing and the second with that. */
static const struct { uint32_t first, second; int agree; } pairs[] =
{
    { 7, 7, 1 }, { 1, 1, 1 }, { 3, 1, 1 }, { 1, 5, 1 }, { 0, 7, 0 }, { 7, 0, 0 }, { 0, 0, 0 }, { 6, 7, 0 }, { 7, 6, 0 },
};

static void share_between_clients(void)
{
    struct process *a, *b;
    uint32_t first, second;
    char path[400];
    unsigned int i;

    start_server();
    a = start_client();
    b = start_client();
    strcpy( path, make_file( "file" ));
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
    {
        CHECK_EQ( open_in( a, path, READ_DATA, pairs[i].first, &first ), NSPA_SERVED );
        CHECK_EQ( open_in( b, path, READ_DATA, pairs[i].second, &second ),
                  pairs[i].agree ? NSPA_SERVED : NSPA_SHARING );
        CHECK_EQ( client_share( path ).handles, 1 + pairs[i].agree );
        CHECK_EQ( close_in( a, first ), STATUS_SUCCESS );
        if (pairs[i].agree) CHECK_EQ( close_in( b, second ), STATUS_SUCCESS );
        check_table_empty();
    }
}

/* An open for attributes alone takes no part, but for being counted. */
static void share_attributes(void)
{
    struct process *a, *b;
    uint32_t first, second;
    char path[400];

    start_server();
    a = start_client();
    b = start_client();
    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in( a, path, READ_DATA, 0, &first ), NSPA_SERVED );
    CHECK_EQ( open_in( b, path, 0x80, 0, &second ), NSPA_SERVED );
    CHECK_EQ( client_share( path ).handles, 2 );
    CHECK_EQ( client_share( path ).opens, 1 );
    close_in( a, first );
    CHECK_EQ( open_in( a, path, READ_DATA, 0, &first ), NSPA_SERVED );
    close_in( a, first );
    close_in( b, second );
    check_table_empty();
}

static void share_with_server(void)
{
    static const struct { uint32_t access, sharing, local_sharing; int agree; } rules[] =
    {
        { READ_DATA, 7, 7, 1 }, { READ_DATA, 0, 7, 0 }, { READ_DATA, 7, 0, 0 }, { READ_DATA, 6, 7, 0 },
        { WRITE_DATA, 7, 7, 1 }, { WRITE_DATA, 7, 3, 1 }, { WRITE_DATA, 7, 1, 0 }, { WRITE_DATA, 2, 7, 0 },
        { DELETE_RIGHT, 7, 7, 1 }, { DELETE_RIGHT, 7, 3, 0 }, { DELETE_RIGHT, 7, 4, 1 }, { 0x80, 0, 0, 1 },
    };
    struct process *server = start_server(), *client = start_client();
    uint32_t own, local;
    char path[400];
    unsigned int i;

    strcpy( path, make_file( "file" ));
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
    {
        /* the server first: the client does not refuse, it declines */
        CHECK_EQ( open_in_server( server, path, rules[i].access, rules[i].sharing, &own ), STATUS_SUCCESS );
        CHECK_EQ( open_in( client, path, READ_DATA, rules[i].local_sharing, &local ),
                  rules[i].agree ? NSPA_SERVED : NSPA_SHARING );
        if (rules[i].agree) close_in( client, local );
        CHECK_EQ( close_in_server( server, own ), STATUS_SUCCESS );
        check_table_empty();

        /* the client first: the server refuses */
        CHECK_EQ( open_in( client, path, READ_DATA, rules[i].local_sharing, &local ), NSPA_SERVED );
        CHECK_EQ( open_in_server( server, path, rules[i].access, rules[i].sharing, &own ),
                  rules[i].agree ? STATUS_SUCCESS : STATUS_SHARING_VIOLATION );
        if (rules[i].agree) close_in_server( server, own );
        CHECK_EQ( close_in( client, local ), STATUS_SUCCESS );
        check_table_empty();
    }
}

/* Mappings bind also an open for attributes alone. */
static void share_with_mapping(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t own, local;
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in_server( server, path, NSPA_MAP_ACCESS | NSPA_MAP_WRITE, 7, &own ), STATUS_SUCCESS );
    CHECK_EQ( server_share( path ).map_write, 1 );
    CHECK_EQ( open_in( client, path, READ_DATA, 5, &local ), NSPA_SHARING );
    CHECK_EQ( open_in( client, path, 0x80, 5, &local ), NSPA_SHARING );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &local ), NSPA_SERVED );
    close_in( client, local );
    close_in_server( server, own );

    CHECK_EQ( open_in_server( server, path, NSPA_MAP_ACCESS | NSPA_MAP_IMAGE, 7, &own ), STATUS_SUCCESS );
    CHECK_EQ( open_in( client, path, READ_DATA, 1, &local ), NSPA_SERVED );
    close_in( client, local );
    close_in_server( server, own );
    check_table_empty();
}

/* Two names of one file are one file. */
static void share_by_inode(void)
{
    struct process *a, *b;
    uint32_t first, second;
    char path[400], other[400];

    start_server();
    a = start_client();
    b = start_client();
    strcpy( path, make_file( "file" ));
    strcpy( other, make_file( "other" ));
    CHECK_EQ( unlink( other ), 0 );
    CHECK_EQ( link( path, other ), 0 );
    CHECK_EQ( open_in( a, path, READ_DATA, 0, &first ), NSPA_SERVED );
    CHECK_EQ( open_in( b, other, READ_DATA, 7, &second ), NSPA_SHARING );
    close_in( a, first );
    CHECK_EQ( open_in( b, other, READ_DATA, 7, &second ), NSPA_SERVED );
    close_in( b, second );
    check_table_empty();
}

/* A process that ends without closing leaves nothing behind. */
static void share_after_death(void)
{
    struct process *server = start_server(), *a = start_client(), *b = start_client();
    struct server_inode inode = { 0 };
    uint32_t id = a->pid, handle;
    char path[400];
    int i;

    strcpy( path, make_file( "file" ));
    for (i = 0; i < 20; i++) CHECK_EQ( open_in( a, path, READ_DATA, 1, &handle ), NSPA_SERVED );
    CHECK_EQ( open_in_server( server, path, WRITE_DATA, 7, &handle ), STATUS_SHARING_VIOLATION );
    kill_process( a );
    call( server, server_retire, &id, sizeof(id) );
    CHECK_EQ( open_in_server( server, path, WRITE_DATA, 7, &handle ), STATUS_SUCCESS );
    CHECK_EQ( close_in_server( server, handle ), STATUS_SUCCESS );
    call( server, server_release, &id, sizeof(id) );
    CHECK_EQ( open_in( b, path, READ_DATA, 0, &handle ), NSPA_SERVED );
    close_in( b, handle );
    file_id( path, &inode.dev, &inode.ino );
    call( server, server_verify, &inode, sizeof(inode) );
    CHECK_EQ( inode.share.handles, 0 );
    check_table_empty();
}

/* wineserver waits for a last close: it is told of each close there, until it has looked
 * and found nobody. */
static void share_drained(void)
{
    struct process *server = start_server(), *a = start_client(), *b = start_client();
    struct server_inode inode = { 0 };
    struct server_seen seen;
    struct host_seen host;
    uint32_t first, second;
    char path[400];

    strcpy( path, make_file( "file" ));
    file_id( path, &inode.dev, &inode.ino );
    CHECK_EQ( call( server, server_watch, &inode, sizeof(inode) ), 0 );
    call( server, server_verify, &inode, sizeof(inode) );
    open_in( a, path, READ_DATA, 7, &first );
    open_in( b, path, READ_DATA, 7, &second );
    CHECK_EQ( call( server, server_count, &inode, sizeof(inode) ), 2 );
    CHECK_EQ( call( server, server_watch, &inode, sizeof(inode) ), 2 );
    close_in( a, first );
    call( server, server_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.drained, 1 );
    CHECK_EQ( call( server, server_watch, &inode, sizeof(inode) ), 1 );
    close_in( b, second );
    call( server, server_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.drained, 2 );
    call( b, client_host_seen, &host, sizeof(host) );
    CHECK_EQ( host.drained, 1 );
    CHECK_EQ( host.locked, 0 );
    CHECK_EQ( host.unblocked, 0 );
    /* wineserver looks, finds nobody, and wants to hear no more */
    CHECK_EQ( call( server, server_watch, &inode, sizeof(inode) ), 0 );
    call( server, server_verify, &inode, sizeof(inode) );
    open_in( a, path, READ_DATA, 7, &first );
    close_in( a, first );
    call( server, server_seen, &seen, sizeof(seen) );
    CHECK_EQ( seen.drained, 2 );
    check_table_empty();
}

/* wineserver found nobody and is about to unlink: no open may slip in. */
static void share_removal_holds(void)
{
    struct process *server = start_server(), *client = start_client();
    struct server_inode inode = { 0 };
    uint32_t handle;
    char path[400];

    strcpy( path, make_file( "file" ));
    file_id( path, &inode.dev, &inode.ino );
    CHECK_EQ( call( server, server_begin_remove, &inode, sizeof(inode) ), 0 );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_TABLE_DECLINED );
    call( server, server_verify, &inode, sizeof(inode) );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_TABLE_DECLINED );
    call( server, server_end_remove, &inode, sizeof(inode) );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
    close_in( client, handle );
    check_table_empty();
}

const struct test share_tests[] =
{
    T( share_between_clients ), T( share_attributes ), T( share_with_server ), T( share_with_mapping ),
    T( share_by_inode ), T( share_after_death ), T( share_drained ), T( share_removal_holds ), { 0 }
};
