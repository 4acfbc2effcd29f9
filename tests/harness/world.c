/*
 * Starting processes and calling functions in them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

struct nspa_table *table;
const struct nspa_control *control;
int table_fd = -1;
pid_t server_pid;
const char *all_tests_dir;

static struct sockaddr_un server_address = { .sun_family = AF_UNIX };
static socklen_t server_address_len = sizeof(sa_family_t);
static int listener = -1;

struct packet
{
    remote_func func;
    int64_t     ret;
    size_t      size;
    char        data[CALL_MAX];
};

#define PACKET_SIZE(size) (offsetof( struct packet, data ) + (size))

static void fatal( const char *what )
{
    perror( what );
    exit( 2 );
}

const char *library_path( const char *name )
{
    static char path[4096];
    const char *dir = getenv( "NSPA_LIB_DIR" );

    snprintf( path, sizeof(path), "%s/%s", dir && *dir ? dir : "build/lib", name );
    return path;
}

/* ---- files ---- */

static int remove_entry( const char *path, const struct stat *st, int flag, struct FTW *ftw )
{
    (void)st; (void)flag; (void)ftw;
    return remove( path );
}

void remove_tree( const char *path )
{
    nftw( path, remove_entry, 10, FTW_DEPTH | FTW_PHYS );
}

const char *make_dir( const char *base )
{
    static char dir[200];

    if (snprintf( dir, sizeof(dir), "%s/nspa-XXXXXX", base ) >= (int)sizeof(dir) || !mkdtemp( dir )) fatal( base );
    return dir;
}

const char *test_dir(void)
{
    static const char *dir;

    if (!dir) dir = make_dir( all_tests_dir );
    return dir;
}

const char *make_file( const char *name )
{
    static char paths[8][400];
    static unsigned int next;
    char *path = paths[next++ % 8];
    int fd;

    snprintf( path, sizeof(paths[0]), "%s/%s", test_dir(), name );
    if ((fd = open( path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644 )) == -1 || write( fd, "data", 4 ) != 4) fatal( path );
    close( fd );
    return path;
}

void file_id( const char *path, uint64_t *dev, uint64_t *ino )
{
    struct stat st;

    if (stat( path, &st ) == -1) fatal( path );
    *dev = st.st_dev;
    *ino = st.st_ino;
}

/* ---- processes ---- */

static void serve_calls( int sock )
{
    struct packet packet;

    while (serve_call( sock, &packet, sizeof(packet) )) /* nothing */;
}

int serve_call( int sock, void *buffer, size_t size )
{
    struct packet *packet = buffer;

    if (wire_receive( sock, packet, size, NULL, NULL ) <= 0) return 0;
    packet->ret = packet->func( packet->data );
    return wire_send( sock, packet, PACKET_SIZE( packet->size ), NULL, 0 ) > 0;
}

static struct process *start_process( void (*func)( int sock ))
{
    struct process *process = calloc( 1, sizeof(*process) );
    int socks[2];

    test_dir();  /* before the fork, so that all have the same */
    if (socketpair( AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks ) == -1) fatal( "socketpair" );
    fflush( NULL );
    if ((process->pid = fork()) == -1) fatal( "fork" );
    if (!process->pid)
    {
        prctl( PR_SET_PDEATHSIG, SIGKILL );
        close( socks[0] );
        func( socks[1] );
        _exit( 0 );
    }
    close( socks[1] );
    process->sock = socks[0];
    return process;
}

void call_begin( struct process *process, remote_func func, const void *arg, size_t size )
{
    struct packet packet = { .func = func, .size = size };

    if (size > CALL_MAX) fatal( "call" );
    if (size) memcpy( packet.data, arg, size );
    CHECK_FOR( "a process takes a call", wire_send( process->sock, &packet, PACKET_SIZE( size ), NULL, 0 ),
               PACKET_SIZE( size ));
}

int64_t call_end( struct process *process, void *arg, size_t size )
{
    struct packet packet;

    if (!CHECK_FOR( "a process answers a call", wire_receive( process->sock, &packet, sizeof(packet), NULL, NULL ),
                    PACKET_SIZE( size ))) return STATUS_DIED;
    if (size) memcpy( arg, packet.data, size );
    return packet.ret;
}

int64_t call( struct process *process, remote_func func, void *arg, size_t size )
{
    call_begin( process, func, arg, size );
    return call_end( process, arg, size );
}

void kill_process( struct process *process )
{
    kill( process->pid, SIGKILL );
    waitpid( process->pid, NULL, 0 );
    close( process->sock );
}

/* ---- server and clients ---- */

int server_listen(void)
{
    return listener;
}

int server_connect(void)
{
    int sock = socket( AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0 );

    if (sock == -1 || connect( sock, (struct sockaddr *)&server_address, server_address_len ) == -1) fatal( "connect" );
    return sock;
}

struct process *start_server(void)
{
    struct wire_request request = { .type = WIRE_TABLE };
    struct wire_reply reply;
    struct process *server;
    int sock, fds[2], count = 2;

    /* an address without a name: the kernel picks one that is free */
    listener = socket( AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0 );
    if (listener == -1 || bind( listener, (struct sockaddr *)&server_address, server_address_len ) == -1 ||
        listen( listener, 64 ) == -1) fatal( "listen" );
    server_address_len = sizeof(server_address);
    if (getsockname( listener, (struct sockaddr *)&server_address, &server_address_len ) == -1) fatal( "getsockname" );

    server = start_process( server_main );
    close( listener );
    listener = -1;

    sock = server_connect();
    if (wire_send( sock, &request, sizeof(request), NULL, 0 ) <= 0 ||
        wire_receive( sock, &reply, sizeof(reply), fds, &count ) <= 0 || count != 2)
    {
        CHECK( !"the server has a table" );
        exit( 2 );
    }
    close( sock );
    table_fd = fds[0];
    table = mmap( NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, table_fd, 0 );
    control = mmap( NULL, sizeof(*control), PROT_READ, MAP_SHARED, fds[1], 0 );
    if (table == MAP_FAILED || control == MAP_FAILED) fatal( "mmap" );
    close( fds[1] );
    server_pid = server->pid;
    return server;
}

struct process *start_plain_client(void)
{
    return start_process( serve_calls );
}

struct process *start_client(void)
{
    struct process *client = start_plain_client();

    CHECK_FOR( "attaching", call( client, client_attach, NULL, 0 ), STATUS_SUCCESS );
    return client;
}
