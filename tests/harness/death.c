/*
 * The server dies, or ends this process's part
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "client.h"
#include "server.h"
#include "world.h"

static void death_of_server(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t handle, other;
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK( nspa_server_alive( control ));
    kill_process( server );
    CHECK( !nspa_server_alive( control ));
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &other ), NSPA_DETACHED_BY_SERVER );
    /* what is open stays open */
    CHECK( call( client, client_read, &handle, sizeof(handle) ));
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_NOT_SUPPORTED );
}

/* An end that the server wants: likewise. */
static int64_t leave( void *unused )
{
    (void)unused;
    exit( 0 );
}

static void death_orderly(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t handle;
    char path[400];

    strcpy( path, make_file( "file" ));
    call_begin( server, leave, NULL, 0 );
    waitpid( server->pid, NULL, 0 );
    CHECK( !nspa_server_alive( control ));
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_DETACHED_BY_SERVER );
}

/* The process is retired while it runs. */
static void death_retired(void)
{
    struct process *server = start_server(), *client = start_client(), *other = start_client();
    uint32_t id = client->pid, handle, second;
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in( client, path, READ_DATA, 0, &handle ), NSPA_SERVED );
    call( server, server_retire, &id, sizeof(id) );
    check_table_empty();
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &second ), NSPA_DETACHED_BY_SERVER );
    CHECK_EQ( open_in( other, path, READ_DATA, 0, &second ), NSPA_SERVED );
    /* its late close takes back nothing that is not its own */
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK_EQ( close_in( other, second ), STATUS_SUCCESS );
    call( server, server_release, &id, sizeof(id) );
    check_table_empty();
}

/* One that attaches again after its journal went to another process. */
static void death_generations(void)
{
    struct process *server = start_server(), *client = start_client(), *next;
    uint32_t id = client->pid, handle, other;
    char path[400];

    strcpy( path, make_file( "file" ));
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
    call( server, server_retire, &id, sizeof(id) );
    call( server, server_release, &id, sizeof(id) );
    next = start_client();     /* gets the journal */
    CHECK_EQ( open_in( next, path, READ_DATA, 7, &other ), NSPA_SERVED );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK_EQ( call( client, client_close_local, &handle, sizeof(handle) ), STATUS_SUCCESS );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_DETACHED_BY_SERVER );
    CHECK_EQ( client_share( path ).handles, 1 );
    CHECK_EQ( close_in( next, other ), STATUS_SUCCESS );
    check_table_empty();
}

const struct test death_tests[] =
{
    T( death_of_server ), T( death_orderly ), T( death_retired ), T( death_generations ), { 0 }
};
