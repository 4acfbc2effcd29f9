/*
 * The stand-in server
 *
 * One thread and one loop, as in wineserver.  It holds opens of its own and
 * those that clients promoted, and publishes their sum for each inode.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

#define X_ALL X( abi ) X( create_table ) X( attach ) X( retire ) X( release ) X( publish ) X( verify ) \
              X( check ) X( count ) X( begin_remove ) X( end_remove ) X( watch ) X( bump_volumes ) X( bump_names ) X( watch_trees )
#define X(name) __typeof__( &nspa_server_##name ) name;
static struct { X_ALL } server_lib;
#undef X

/* An open file; a promoted one has an owner. */
struct file
{
    struct file *next;
    uint32_t     owner;
    uint32_t     handle;
    int          fd;
    uint64_t     dev, ino;
    uint32_t     access, sharing;
};

struct attached
{
    uint32_t id;
    int      retired;
};

static struct file *files;
#define MAX_ATTACHED 1024
static struct attached attached[MAX_ATTACHED];
static unsigned int attached_count;
static struct server_seen seen;
static struct server_behaviour behaviour;
static int shared_fds[3];    /* table, control, the last journal */
static uint32_t next_handle = 0x100;

static void load(void)
{
    void *module = dlopen( library_path( "libnspa_server.so" ), RTLD_NOW | RTLD_LOCAL );

    if (!module)
    {
        fprintf( stderr, "%s\n", dlerror() );
        exit( 2 );
    }
#define X(name) if (!(server_lib.name = dlsym( module, "nspa_server_" #name ))) exit( 2 );
    X_ALL
#undef X
    if (server_lib.abi() != NSPA_SERVER_ABI) exit( 2 );
}

/* ---- the library's view of an inode ---- */

static struct nspa_share sum( uint64_t dev, uint64_t ino )
{
    struct nspa_share share = { 0 };
    struct file *file;

    for (file = files; file; file = file->next)
        if (file->dev == dev && file->ino == ino) nspa_share_change( &share, file->access, file->sharing, 1 );
    return share;
}

static void publish( uint64_t dev, uint64_t ino )
{
    struct nspa_share own = sum( dev, ino ), clients;

    server_lib.publish( dev, ino, &own, &clients );
}

static struct file *add_file( uint32_t owner, uint32_t handle, int fd, uint32_t access, uint32_t sharing )
{
    struct file *file = calloc( 1, sizeof(*file) );
    struct stat st;

    fstat( fd, &st );
    file->owner = owner;
    file->handle = handle;
    file->fd = fd;
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    file->access = access;
    file->sharing = sharing;
    file->next = files;
    files = file;
    return file;
}

static struct file *find_file( uint32_t owner, uint32_t handle )
{
    struct file *file;

    for (file = files; file; file = file->next)
        if (file->owner == owner && file->handle == handle) return file;
    return NULL;
}

static void close_file( struct file *file )
{
    struct file **prev;

    for (prev = &files; *prev != file; prev = &(*prev)->next) /* nothing */;
    *prev = file->next;
    publish( file->dev, file->ino );
    close( file->fd );
    free( file );
}

/* ---- requests ---- */

static int32_t attach( uint32_t id, struct wire_reply *reply )
{
    struct rlimit limit;
    unsigned int i;

    getrlimit( RLIMIT_NOFILE, &limit );
    if (behaviour.no_descriptors) setrlimit( RLIMIT_NOFILE, &(struct rlimit){ 3, limit.rlim_max } );
    shared_fds[2] = server_lib.attach( id, &reply->owner );
    setrlimit( RLIMIT_NOFILE, &limit );
    if (shared_fds[2] < 0) return STATUS_NOT_SUPPORTED;
    for (i = 0; i < attached_count; i++) if (attached[i].id == id) break;
    if (i == MAX_ATTACHED) exit( 2 );
    if (i == attached_count) attached_count++;
    attached[i].id = id;
    attached[i].retired = 0;
    return STATUS_SUCCESS;
}

static struct attached *find_attached( uint32_t id )
{
    unsigned int i;

    for (i = 0; i < attached_count; i++) if (attached[i].id == id) return &attached[i];
    return NULL;
}

static int32_t promote( uint32_t owner, const struct wire_file *info, int fd )
{
    struct stat st, named;
    struct file *file;

    if (behaviour.delay_us) usleep( behaviour.delay_us );
    if (behaviour.refuse || find_attached( owner )->retired)  /* a packet from the dead, perhaps */
    {
        if (behaviour.refuse) behaviour.refuse--;
        close( fd );
        return STATUS_INVALID_PARAMETER;
    }
    if (find_file( owner, info->handle ))
    {
        seen.promoted_again++;
        close( fd );
        return STATUS_SUCCESS;
    }
    if (fstat( fd, &st ) || stat( info->unix_name, &named ) || st.st_ino != named.st_ino ||
        !nspa_is_local_handle( info->handle ) || info->handle % 4 || !info->nt_len) seen.wrong++;
    file = add_file( owner, info->handle, fd, info->access, info->sharing );
    publish( file->dev, file->ino );
    seen.promoted++;
    return STATUS_SUCCESS;
}

static void handle_request( int sock, const struct wire_request *request, const int *fds, int fd_count )
{
    struct wire_reply reply = { 0 };
    struct file *file;
    uint32_t i;
    int send_fds = 0;

    switch (request->type)
    {
    case WIRE_ATTACH:
        reply.status = attach( request->id, &reply );
        send_fds = reply.status ? 0 : 3;
        break;
    case WIRE_TABLE:
        send_fds = 2;
        break;
    case WIRE_PROMOTE:
        seen.packets++;
        if (request->count != (uint32_t)fd_count)
        {
            seen.wrong++;
            break;
        }
        for (i = 0; i < request->count; i++) reply.statuses[i] = promote( request->id, &request->files[i], fds[i] );
        break;
    case WIRE_CLOSE_HANDLE:
        if ((file = find_file( request->id, request->handle )))
        {
            close_file( file );
            seen.closed++;
        }
        else reply.status = STATUS_INVALID_HANDLE;
        break;
    case WIRE_DRAINED:
        seen.drained++;
        break;
    }
    wire_send( sock, &reply, sizeof(reply), send_fds ? shared_fds : NULL, send_fds );
}

void server_main( int sock )
{
    static char buffer[CALL_MAX + 100];
    static struct pollfd polled[MAX_ATTACHED + 2];
    unsigned int i, count = 2;

    load();
    if ((shared_fds[0] = server_lib.create_table( &shared_fds[1] )) == -1)
    {
        perror( "nspa_server_create_table" );
        exit( 2 );
    }
    polled[0].fd = sock;
    polled[1].fd = server_listen();
    polled[0].events = polled[1].events = POLLIN;

    for (;;)
    {
        if (poll( polled, count, -1 ) <= 0) continue;
        if (polled[0].revents && !serve_call( sock, buffer, sizeof(buffer) )) return;
        for (i = 2; i < count; i++)
        {
            struct wire_request request;
            int fds[NSPA_PROMOTE_MAX], fd_count = NSPA_PROMOTE_MAX;

            if (!polled[i].revents) continue;
            if (wire_receive( polled[i].fd, &request, sizeof(request), fds, &fd_count ) > 0)
            {
                handle_request( polled[i].fd, &request, fds, fd_count );
                continue;
            }
            close( polled[i].fd );
            polled[i--] = polled[--count];
        }
        if (polled[1].revents && count < sizeof(polled) / sizeof(polled[0]))
        {
            polled[count].fd = accept4( polled[1].fd, NULL, NULL, SOCK_CLOEXEC );
            polled[count].events = POLLIN;
            polled[count].revents = 0;
            if (polled[count].fd != -1) count++;
        }
    }
}

/* ---- calls of the test ---- */

int64_t server_open( void *arg )
{
    struct server_open *open_arg = arg;
    uint32_t other_access = 0, other_sharing = NSPA_SHARE_ALL;
    struct nspa_share own;
    struct file *file;
    int fd = open( open_arg->path, O_RDONLY | O_CLOEXEC );

    if (fd == -1) return STATUS_INVALID_PARAMETER;
    file = add_file( 0, next_handle, fd, open_arg->access, open_arg->sharing );

    /* wineserver's rule: its other opens, then the processes' */
    own = sum( file->dev, file->ino );
    nspa_share_change( &own, file->access, file->sharing, 0 );
    nspa_share_masks( &own, &other_access, &other_sharing );
    own = sum( file->dev, file->ino );
    server_lib.check( file->dev, file->ino, &own, file->access, file->sharing, &other_access, &other_sharing );
    if (nspa_masks_conflict( file->access, file->sharing, other_access, other_sharing ))
    {
        close_file( file );
        return STATUS_SHARING_VIOLATION;
    }
    open_arg->handle = next_handle;
    next_handle += 4;
    return STATUS_SUCCESS;
}

int64_t server_close( void *handle )
{
    struct file *file = find_file( 0, *(uint32_t *)handle );

    if (!file) return STATUS_INVALID_HANDLE;
    close_file( file );
    return STATUS_SUCCESS;
}

int64_t server_retire( void *pid )
{
    uint32_t id = *(uint32_t *)pid;
    struct file *file, *next;

    server_lib.retire( id, NULL );
    find_attached( id )->retired = 1;
    for (file = files; file; file = next)
    {
        next = file->next;
        if (file->owner == id) close_file( file );
    }
    return 0;
}

int64_t server_release( void *pid )
{
    server_lib.release( *(uint32_t *)pid, NULL );
    return 0;
}

int64_t server_publish( void *arg )
{
    struct server_inode *inode = arg;
    struct nspa_share own = inode->share;

    server_lib.publish( inode->dev, inode->ino, &own, &inode->share );
    return 0;
}

int64_t server_verify( void *arg )
{
    struct server_inode *inode = arg;

    server_lib.verify( inode->dev, inode->ino, &inode->share );
    return 0;
}

int64_t server_count( void *arg )
{
    struct server_inode *inode = arg;

    return server_lib.count( inode->dev, inode->ino );
}

int64_t server_begin_remove( void *arg )
{
    struct server_inode *inode = arg;

    return server_lib.begin_remove( inode->dev, inode->ino );
}

int64_t server_end_remove( void *arg )
{
    struct server_inode *inode = arg;

    server_lib.end_remove( inode->dev, inode->ino, 1 );
    return 0;
}

int64_t server_watch( void *arg )
{
    struct server_inode *inode = arg;

    return server_lib.watch( inode->dev, inode->ino );
}

int64_t server_bump_volumes( void *unused )
{
    (void)unused;
    server_lib.bump_volumes();
    return 0;
}

int64_t server_bump_names( void *unused )
{
    (void)unused;
    server_lib.bump_names();
    return 0;
}

int64_t server_watch_trees( void *count )
{
    server_lib.watch_trees( *(uint32_t *)count );
    return 0;
}

int64_t server_crowd( void *arg )
{
    struct server_crowd *crowd = arg;
    struct nspa_share own = { 0 }, clients;
    uint32_t done = 0;
    uint64_t ino;

    if (!crowd->leave) nspa_share_change( &own, READ_DATA, SHARE_ALL, 1 );
    /* a device that no file has */
    for (ino = 1; done < crowd->count; ino++)
    {
        if (nspa_hash( ~UINT64_C(0), ino ) != nspa_hash( crowd->dev, crowd->ino )) continue;
        server_lib.publish( ~UINT64_C(0), ino, &own, &clients );
        done++;
    }
    return 0;
}

int64_t server_seen( void *arg )
{
    struct file *file;

    for (seen.held = 0, file = files; file; file = file->next) seen.held += file->owner != 0;
    seen.tasks = count_entries( "/proc/self/task" );
    *(struct server_seen *)arg = seen;
    return 0;
}

int64_t server_behave( void *arg )
{
    behaviour = *(struct server_behaviour *)arg;
    return 0;
}
