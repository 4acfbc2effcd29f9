/*
 * A client
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

struct client_library lib;
struct host_seen host_seen;
__thread struct client_stack client_stack;

static int server_sock = -1;
static pthread_mutex_t server_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct nspa_table *own_table;

uint64_t signal_mask(void)
{
    uint64_t mask = 0;

    syscall( SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof(mask) );
    return mask;
}

uint32_t count_entries( const char *directory )
{
    DIR *dir = opendir( directory );
    struct dirent *entry;
    uint32_t count = 0;

    while (dir && (entry = readdir( dir ))) count += entry->d_name[0] != '.';
    if (dir) closedir( dir );
    return count;
}

/* ---- loading ---- */

static void *module;

void *find_symbol( const char *name )
{
    return module ? dlsym( module, name ) : NULL;
}

static int find_functions( const char *path )
{
    if (!(module = dlopen( path, RTLD_NOW | RTLD_LOCAL ))) return 0;
#define X(name) if (!(lib.name = dlsym( module, #name ))) return 0;
    X_CLIENT_FUNCTIONS
#undef X
    return lib.nspa_version() == NSPA_ABI_VERSION;
}

int load_library( const char *path )
{
    return find_functions( path ? path : library_path( "libnspa.so" ));
}

/* ---- the fd cache: by handle, a count of changes and descriptor + 1 ---- */

static uint64_t cache[2 * NSPA_LF_HANDLE_CAP];  /* of sections, then of files */

static uint64_t *cache_entry( uint32_t handle )
{
    return &cache[(handle - NSPA_SECTION_HANDLE_BASE) / 4 % (2 * NSPA_LF_HANDLE_CAP)];
}

/* Returns what was cached before. */
static int change_cache( uint32_t handle, int fd )
{
    uint64_t *entry = cache_entry( handle ), old = __atomic_load_n( entry, __ATOMIC_RELAXED );

    while (!__atomic_compare_exchange_n( entry, &old, ((old >> 32) + 1) << 32 | (uint32_t)(fd + 1), 0,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED )) /* nothing */;
    return (int)(uint32_t)old - 1;
}

uint64_t nt_cached( uint32_t handle )
{
    return __atomic_load_n( cache_entry( handle ), __ATOMIC_SEQ_CST );
}

int nt_cached_fd( uint32_t handle )
{
    return (int)(uint32_t)nt_cached( handle ) - 1;
}

/* ---- the host ---- */

static int received[3];

static void request( struct wire_request *request, struct wire_reply *reply, const int *fds, int count )
{
    uint64_t all = ~UINT64_C(0), old;
    int fd_count = 3;

    /* a thread must not be ended with the mutex */
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all) );
    request->id = getpid();
    pthread_mutex_lock( &server_mutex );
    if (wire_send( server_sock, request, sizeof(*request), fds, count ) <= 0 ||
        wire_receive( server_sock, reply, sizeof(*reply), received, &fd_count ) <= 0)
    {
        memset( reply, 0, sizeof(*reply) );
        reply->status = STATUS_DIED;
    }
    pthread_mutex_unlock( &server_mutex );
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old) );
}

/* What holds in every call of the host. */
static void note_state( uint32_t *counter )
{
    uint64_t kept = UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1);
    uint32_t tid = syscall( SYS_gettid ), i;

    __atomic_add_fetch( counter, 1, __ATOMIC_RELAXED );
    if (signal_mask() != ~kept && !holds_signals) __atomic_add_fetch( &host_seen.unblocked, 1, __ATOMIC_RELAXED );
    for (i = 0; own_table && i < NSPA_BUCKETS; i++)
        if ((NSPA_LOAD( &own_table->bucket[i].lock ) & FUTEX_TID_MASK) == tid)
            __atomic_add_fetch( &host_seen.locked, 1, __ATOMIC_RELAXED );
}

int host_dawdles;

static void dawdle(void)
{
    static uint32_t count;

    if (host_dawdles && __atomic_add_fetch( &count, 1, __ATOMIC_RELAXED ) % 8 == 0) usleep( 30 );
}

static void host_add_fd( uint32_t handle, int fd, uint32_t access, uint32_t options, int directory )
{
    (void)access; (void)options; (void)directory;
    __atomic_add_fetch( &host_seen.add_fd, 1, __ATOMIC_RELAXED );
    dawdle();
    if (change_cache( handle, fd ) != -1) __atomic_add_fetch( &host_seen.overwritten, 1, __ATOMIC_RELAXED );
}

static int host_forget_fd( uint32_t handle )
{
    __atomic_add_fetch( &host_seen.forget_fd, 1, __ATOMIC_RELAXED );
    dawdle();
    return change_cache( handle, -1 );
}

static void describe( struct wire_file *to, const struct nspa_promotion *from )
{
    to->handle = from->handle;
    to->access = from->access;
    to->sharing = from->sharing;
    to->options = from->options;
    to->attributes = from->attributes;
    to->nt_len = from->nt_len;
    snprintf( to->unix_name, sizeof(to->unix_name), "%s", from->unix_name );
}

static void promote( const struct nspa_promotion *files, uint32_t count, int32_t *statuses )
{
    struct wire_request req = { .type = WIRE_PROMOTE, .count = count };
    struct wire_reply reply = { 0 };
    int fds[NSPA_PROMOTE_MAX] = { 0 };
    uint32_t i;

    for (i = 0; i < count; i++)
    {
        describe( &req.files[i], &files[i] );
        fds[i] = files[i].fd;
    }
    request( &req, &reply, fds, count );
    for (i = 0; i < count; i++) statuses[i] = reply.status == STATUS_DIED ? STATUS_DIED : reply.statuses[i];
}

static int32_t host_promote( const struct nspa_promotion *file )
{
    int32_t status;

    note_state( &host_seen.promote );
    promote( file, 1, &status );
    return status;
}

static void host_promote_many( const struct nspa_promotion *files, uint32_t count, int32_t *statuses )
{
    note_state( &host_seen.promote_many );
    promote( files, count, statuses );
}

static int32_t host_close_handle( uint32_t handle )
{
    struct wire_request req = { .type = WIRE_CLOSE_HANDLE, .handle = handle };
    struct wire_reply reply;

    note_state( &host_seen.close_handle );
    request( &req, &reply, NULL, 0 );
    return reply.status;
}

static void host_drained( uint64_t dev, uint64_t ino )
{
    struct wire_request req = { .type = WIRE_DRAINED, .dev = dev, .ino = ino };
    struct wire_reply reply;

    note_state( &host_seen.drained );
    request( &req, &reply, NULL, 0 );
}

static int host_stack_bounds( const void *sp, void **low, size_t *size )
{
    client_stack.asked++;
    __atomic_add_fetch( &host_seen.stack_bounds, 1, __ATOMIC_RELAXED );
    if (!client_stack.size || (const char *)sp < (char *)client_stack.low ||
        (const char *)sp >= (char *)client_stack.low + client_stack.size) return 0;
    *low = client_stack.low;
    *size = client_stack.size;
    return 1;
}

static void host_warn( const char *line )
{
    __atomic_add_fetch( &host_seen.warn, 1, __ATOMIC_RELAXED );
    snprintf( host_seen.line, sizeof(host_seen.line), "%s", line );
}

int holds_signals;

int32_t get_init( struct nspa_init *init )
{
    struct wire_request req = { .type = WIRE_ATTACH };
    struct wire_reply reply;

    if (server_sock == -1) server_sock = server_connect();
    request( &req, &reply, NULL, 0 );
    *init = (struct nspa_init)
    {
        .size = sizeof(*init),
        .abi = NSPA_ABI_VERSION,
        .flags = holds_signals ? NSPA_INIT_HOLDS_SIGNALS : 0,
        .table_fd = reply.status ? -1 : received[0],
        .control_fd = reply.status ? -1 : received[1],
        .journal_fd = reply.status ? -1 : received[2],
        .owner = reply.owner,
        .prefix = test_dir(),
        .host = { host_add_fd, host_forget_fd, host_promote, host_promote_many, host_close_handle, host_drained,
                  host_stack_bounds, host_warn }
    };
    return reply.status;
}

/* ---- NT calls ---- */

/* The \??\unix form of a path; bytes, never more than size. */
static uint32_t nt_name( const char *path, uint16_t *name, size_t size )
{
    static const char prefix[] = "\\??\\unix";
    uint32_t len = 0;
    const char *p;

    for (p = prefix; *p; p++) name[len++] = *p;
    for (p = path; *p && (len + 1) * sizeof(*name) <= size; p++) name[len++] = *p == '/' ? '\\' : *p;
    return len * sizeof(*name);
}

int32_t nt_open( struct client_open *file )
{
    uint16_t name[1000];
    struct nspa_open open =
    {
        .unix_name = file->path, .nt_name = name, .nt_len = nt_name( file->path, name, sizeof(name) ),
        .access = file->access, .sharing = file->sharing, .disposition = file->disposition,
        .options = file->options, .attributes = file->attributes, .flags = file->flags
    };

    if (file->nt_len) open.nt_len = file->nt_len;
    return file->status = lib.nspa_local_file_try_bypass( &open, &file->opened );
}

struct client_open reading( const char *path )
{
    struct client_open open = { .access = 0x80000000u, .sharing = 7, .disposition = FILE_OPEN, .options = OPEN_SYNC,
                                .attributes = OBJ_CASE };

    snprintf( open.path, sizeof(open.path), "%s", path );
    return open;
}

uint32_t nt_open_read( const char *path, uint32_t access, uint32_t sharing, uint32_t *handle )
{
    struct client_open open = { .access = access, .sharing = sharing, .disposition = FILE_OPEN,
                                .options = OPEN_SYNC, .attributes = OBJ_CASE };

    snprintf( open.path, sizeof(open.path), "%s", path );
    nt_open( &open );
    *handle = open.opened.handle;
    return open.opened.reason;
}

int32_t nt_close( uint32_t handle )
{
    struct wire_request req = { .type = WIRE_CLOSE_HANDLE, .handle = handle };
    struct wire_reply reply;

    if (!lib.nspa_local_file_close( handle )) return STATUS_SUCCESS;
    request( &req, &reply, NULL, 0 );
    if (!reply.status) lib.nspa_local_file_closed( handle );
    return reply.status;
}

long nt_read( uint32_t handle, void *buffer, size_t size, long offset )
{
    int fd = nt_cached_fd( handle );

    return fd == -1 ? -1 : pread( fd, buffer, size, offset );
}

int32_t call_go(void)
{
    static const struct nspa_reparse_prefix prefix = { .size = sizeof(prefix), .config_dir = "/tmp", .config_dir_len = 4 };
    char buffer[1000];
    uint32_t len;

    return lib.nspa_reparse_decode( &prefix, "target", 6, buffer, sizeof(buffer), &len, NULL );
}

/* ---- calls of the test ---- */

int64_t client_load( void *unused )
{
    (void)unused;
    return load_library( NULL );
}

int64_t client_attach( void *unused )
{
    struct nspa_init init;
    int32_t status;

    (void)unused;
    if (!load_library( NULL ))
    {
        fprintf( stderr, "%s cannot be loaded: %s\n", library_path( "libnspa.so" ), dlerror() );
        return STATUS_DIED;
    }
    if ((status = get_init( &init ))) return status;
    status = lib.nspa_init( &init );
    own_table = mmap( NULL, sizeof(*own_table), PROT_READ, MAP_SHARED, init.table_fd, 0 );
    if (own_table == MAP_FAILED) own_table = NULL;
    close( init.table_fd );
    close( init.control_fd );
    close( init.journal_fd );
    return status;
}

int64_t client_attach_holding( void *unused )
{
    holds_signals = 1;
    return client_attach( unused );
}

int64_t client_open( void *open )
{
    return nt_open( open );
}

int64_t client_close( void *handle )
{
    return nt_close( *(uint32_t *)handle );
}

int64_t client_close_local( void *handle )
{
    return lib.nspa_local_file_close( *(uint32_t *)handle );
}

int64_t client_promote( void *handle )
{
    return lib.nspa_promote_if_local( *(uint32_t *)handle );
}

int64_t client_read( void *handle )
{
    char buffer[5];

    return nt_read( *(uint32_t *)handle, buffer, sizeof(buffer), 0 ) == 4 && !memcmp( buffer, "data", 4 );
}

int64_t client_host_seen( void *seen )
{
    *(struct host_seen *)seen = host_seen;
    return 0;
}

int64_t client_stats( void *stats )
{
    lib.nspa_get_stats( stats, sizeof(struct nspa_stats) );
    return 0;
}

int64_t client_fds( void *unused )
{
    (void)unused;
    return count_entries( "/proc/self/fd" );
}

int64_t client_tasks( void *unused )
{
    (void)unused;
    return count_entries( "/proc/self/task" );
}

int64_t client_epoch( void *unused )
{
    (void)unused;
    return lib.nspa_volume_epoch();
}

int64_t call_go_once( void *unused )
{
    (void)unused;
    return call_go();
}

/* ---- in the test ---- */

uint32_t open_in( struct process *client, const char *path, uint32_t access, uint32_t sharing, uint32_t *handle )
{
    struct client_open open = { .access = access, .sharing = sharing, .disposition = FILE_OPEN,
                                .options = OPEN_SYNC, .attributes = OBJ_CASE };
    int64_t status;

    snprintf( open.path, sizeof(open.path), "%s", path );
    status = call( client, client_open, &open, sizeof(open) );
    CHECK_EQ( status, open.opened.reason == NSPA_SERVED ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED );
    *handle = open.opened.handle;
    return status == STATUS_DIED ? NSPA_REASON_COUNT : open.opened.reason;
}

int32_t close_in( struct process *client, uint32_t handle )
{
    return call( client, client_close, &handle, sizeof(handle) );
}

int32_t open_in_server( struct process *server, const char *path, uint32_t access, uint32_t sharing,
                        uint32_t *handle )
{
    struct server_open open = { .access = access, .sharing = sharing };
    int32_t status;

    snprintf( open.path, sizeof(open.path), "%s", path );
    status = call( server, server_open, &open, sizeof(open) );
    *handle = open.handle;
    return status;
}

int32_t close_in_server( struct process *server, uint32_t handle )
{
    return call( server, server_close, &handle, sizeof(handle) );
}
