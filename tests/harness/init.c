/*
 * nspa_init(): what it refuses, and that it says so in one line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

static struct nspa_init good;       /* in the client */

static int64_t prepare( void *unused )
{
    (void)unused;
    return load_library( NULL ) ? get_init( &good ) : STATUS_DIED;
}

static int32_t must_not_be_called( const struct nspa_promotion *file, void *arg )
{
    (void)file; (void)arg;
    return CHECK( !"a file is lent" );
}

/* The library is as if it had not been called: it declines everything. */
static void check_declines(void)
{
    struct client_open open = { .path = "/etc/passwd", .access = READ_DATA, .sharing = 7,
                                .disposition = FILE_OPEN, .options = OPEN_SYNC };
    struct nspa_opened_file file;
    struct nspa_section section = { 0, 4, 1 };
    struct nspa_opened opened;
    uint16_t nt_name[10];
    char name[10];
    size_t size = sizeof(name);
    uint32_t nt_size = sizeof(nt_name), view;
    int32_t result;

    CHECK_EQ( nt_open( &open ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( open.opened.reason, NSPA_NOT_ATTACHED );
    CHECK_EQ( lib.nspa_local_file_close( 0x7fffc000 ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_promote_if_local( 0x7fffc000 ), 0x7fffc000 );
    CHECK_EQ( lib.nspa_local_file_promote_inheritable(), 0 );
    CHECK_EQ( lib.nspa_local_file_promote( 0x7fffc000 ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_promote_handles( &(uint64_t){ 0x7fffc000 }, 1 ), 0 );
    CHECK_EQ( lib.nspa_local_file_lend( 0x7fffc000, must_not_be_called, NULL, &result ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_query( 0x7fffc000, &file ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_unix_name( 0x7fffc000, name, &size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_nt_name( 0x7fffc000, nt_name, &nt_size ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_had_size( 0x7fffc000, 0 ), 0 );
    CHECK_EQ( lib.nspa_local_section_create( 0x7fffc000, &section, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_section_query( 0x7fff8000, &section ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_view_add( 0x7fff8000, &view ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_view_name( 0, nt_name, &nt_size ), STATUS_NOT_SUPPORTED );
    lib.nspa_local_view_remove( 0 );
    lib.nspa_local_file_listed( "/etc", "passwd", 0100644 );
    CHECK_EQ( lib.nspa_hold_signal( 10 ), 0 );
    CHECK_EQ( lib.nspa_volume_epoch(), 0 );
    lib.nspa_local_file_closed( 0x7fffc000 );
}

/* One line, as a user can read it. */
static void check_line( const char *what, uint32_t lines_before )
{
    size_t len = strlen( host_seen.line );

    CHECK_FOR( what, host_seen.warn, lines_before + 1 );
    CHECK_FOR( what, strncmp( host_seen.line, "nspa: ", 6 ), 0 );
    CHECK_FOR( what, len > 30 && len < 250 && !strchr( host_seen.line, '\n' ), 1 );
    CHECK_FOR( what, strstr( host_seen.line, "; files are opened by wineserver" ) != NULL, 1 );
}

static void refuse( const char *what, const struct nspa_init *init, int32_t status, int silent )
{
    uint32_t lines = host_seen.warn;

    CHECK_FOR( what, lib.nspa_init( init ), status );
    if (silent) CHECK_FOR( what, host_seen.warn, lines );
    else check_line( what, lines );
    check_declines();
}

#define REFUSE(status, silent, ...) \
    do { struct nspa_init init = good; __VA_ARGS__; refuse( #__VA_ARGS__, &init, status, silent ); } while (0)

static int64_t bad_arguments( void *unused )
{
    static const uint32_t handles[] = { 0x7fffc000 };

    (void)unused;
    CHECK_EQ( lib.nspa_init( NULL ), STATUS_INVALID_PARAMETER );
    check_declines();
    /* another structure: nothing in it can be trusted, warn least of all */
    REFUSE( STATUS_REVISION_MISMATCH, 1, init.size = 0 );
    REFUSE( STATUS_REVISION_MISMATCH, 1, init.size -= 8 );
    REFUSE( STATUS_REVISION_MISMATCH, 1, init.size += 8 );
    REFUSE( STATUS_REVISION_MISMATCH, 1, init.abi++ );
    REFUSE( STATUS_REVISION_MISMATCH, 1, init.abi = 0 );

    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.forget_fd = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.promote = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.promote_many = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.close_handle = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.drained = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.stack_bounds = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 1, init.host.warn = NULL, init.host.promote = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.host.add_fd = NULL );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.inherited = NULL, init.inherited_count = 1 );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.inherited = handles, init.inherited_count = NSPA_LF_HANDLE_CAP + 1 );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.inherited = handles, init.inherited_count = ~0u );
    /* a journal that is another's, or nobody's */
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.owner++ );
    REFUSE( STATUS_INVALID_PARAMETER, 0, init.owner = 0 );

    /* after all that, the right ones */
    CHECK_EQ( lib.nspa_init( &good ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_init( &good ), STATUS_ALREADY_INITIALIZED );
    return 0;
}

static void init_bad_arguments(void)
{
    struct process *client;
    uint32_t handle;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, prepare, NULL, 0 ), STATUS_SUCCESS );
    CHECK_EQ( call( client, bad_arguments, NULL, 0 ), 0 );
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( close_in( client, handle ), STATUS_SUCCESS );
    check_table_empty();
}

/* ---- tables that are none ---- */

static int make_table( size_t size, unsigned int seals )
{
    int fd = memfd_create( "table", MFD_CLOEXEC | MFD_ALLOW_SEALING );

    if (fd == -1 || ftruncate( fd, size ) || (seals && fcntl( fd, F_ADD_SEALS, seals ))) CHECK( !"memfd" );
    return fd;
}

/* Which of the three descriptors is not what it should be. */
enum shared { TABLE, CONTROL, JOURNAL };

static const size_t shared_size[] = { sizeof(struct nspa_table), sizeof(struct nspa_control), sizeof(struct nspa_journal) };

static int *fd_of( struct nspa_init *init, enum shared which )
{
    return which == TABLE ? &init->table_fd : which == CONTROL ? &init->control_fd : &init->journal_fd;
}

static void refuse_fd_as( const char *what, enum shared which, int fd, int32_t status )
{
    struct nspa_init init = good;

    *fd_of( &init, which ) = fd;
    refuse( what, &init, status, 0 );
    if (fd >= 0) close( fd );
}

static void refuse_fd( const char *what, enum shared which, int fd )
{
    refuse_fd_as( what, which, fd, STATUS_FILE_INVALID );
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
#define CONTROL_SEALS (SEALS | F_SEAL_FUTURE_WRITE)

/* A copy of what wineserver writes, sealed as it is. */
static int copy_control( size_t offset, unsigned int seals )
{
    char header[4096];
    int fd = make_table( sizeof(struct nspa_control), SEALS );

    CHECK_EQ( pread( good.control_fd, header, sizeof(header), 0 ), sizeof(header) );
    if (offset < sizeof(header)) header[offset] ^= 1;
    CHECK_EQ( pwrite( fd, header, sizeof(header), 0 ), sizeof(header) );
    if (seals & ~SEALS) CHECK_EQ( fcntl( fd, F_ADD_SEALS, seals & ~SEALS ), 0 );
    return fd;
}

#define REFUSE_FIELD(field) REFUSE_FIELD_AS( field, STATUS_FILE_INVALID )
#define REFUSE_FIELD_AS(field, status) do { \
    size_t i_; \
    for (i_ = 0; i_ < sizeof(((struct nspa_control *)0)->field); i_++) \
        refuse_fd_as( #field, CONTROL, copy_control( offsetof( struct nspa_control, field ) + i_, CONTROL_SEALS ), status ); \
    } while (0)

static int64_t bad_tables( void *unused )
{
    enum shared which;
    char path[64];

    (void)unused;
    REFUSE_FIELD( magic );
    REFUSE_FIELD( version );
    REFUSE_FIELD( size );
    REFUSE_FIELD( buckets );
    REFUSE_FIELD( slots );
    REFUSE_FIELD( handle_cap );
    REFUSE_FIELD( pid_ns_dev );
    REFUSE_FIELD( pid_ns_ino );
    REFUSE_FIELD_AS( mnt_ns_dev, NSPA_ATTACH_OTHER_MOUNTS );
    REFUSE_FIELD_AS( mnt_ns_ino, NSPA_ATTACH_OTHER_MOUNTS );

    for (which = TABLE; which <= JOURNAL; which++)
    {
        unsigned int seals = which == CONTROL ? CONTROL_SEALS : SEALS;
        size_t size = shared_size[which];
        int pipes[2];

        refuse_fd( "no descriptor", which, -1 );
        refuse_fd( "closed descriptor", which, 1 << 20 );
        refuse_fd( "empty", which, make_table( 0, seals ));
        refuse_fd( "one page", which, make_table( 4096, seals ));
        refuse_fd( "one byte short", which, make_table( size - 1, seals ));
        refuse_fd( "one byte long", which, make_table( size + 1, seals ));
        refuse_fd( "another one", which, dup( *fd_of( &good, which == TABLE ? JOURNAL : TABLE )));
        refuse_fd( "a directory", which, open( "/", O_RDONLY | O_CLOEXEC ));
        refuse_fd( "a device", which, open( "/dev/zero", O_RDWR | O_CLOEXEC ));
        refuse_fd( "not sealed", which, make_table( size, 0 ));  /* it could be cut short under us */
        if (!pipe( pipes ))
        {
            refuse_fd( "a pipe", which, pipes[0] );
            close( pipes[1] );
        }
        if (which == CONTROL) continue;
        /* the real one, but not writable */
        snprintf( path, sizeof(path), "/proc/self/fd/%d", *fd_of( &good, which ));
        refuse_fd( "read only", which, open( path, O_RDONLY | O_CLOEXEC ));
    }
    refuse_fd( "all zero", CONTROL, make_table( sizeof(struct nspa_control), CONTROL_SEALS ));
    refuse_fd( "that others could write", CONTROL, copy_control( 4096, SEALS ));
    refuse_fd_as( "nobody's journal", JOURNAL, make_table( sizeof(struct nspa_journal), SEALS ), STATUS_INVALID_PARAMETER );

    CHECK_EQ( lib.nspa_init( &good ), STATUS_SUCCESS );
    return 0;
}

static void init_bad_tables(void)
{
    struct process *client;
    uint32_t handle;
    char path[400];
    int64_t fds;

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, prepare, NULL, 0 ), STATUS_SUCCESS );
    fds = call( client, client_fds, NULL, 0 );
    CHECK_EQ( call( client, bad_tables, NULL, 0 ), 0 );
    CHECK_EQ( call( client, client_fds, NULL, 0 ), fds + 1 );  /* the prefix, of the last one */
    CHECK_EQ( open_in( client, path, READ_DATA, 7, &handle ), NSPA_SERVED );
    CHECK_EQ( close_in( client, handle ), STATUS_SUCCESS );
    check_table_empty();
}

static int64_t declines( void *unused )
{
    (void)unused;
    check_declines();
    return 0;
}

static int64_t attach_prepared( void *unused )
{
    uint32_t lines = host_seen.warn;
    int32_t status = lib.nspa_init( &good );

    (void)unused;
    check_line( "attaching", lines );
    check_declines();
    return status;
}

/* The server died before the process attached. */
static void init_dead_server(void)
{
    struct process *server, *client;
    int32_t status;

    server = start_server();
    client = start_plain_client();
    CHECK_EQ( call( client, prepare, NULL, 0 ), STATUS_SUCCESS );
    kill_process( server );
    status = call( client, attach_prepared, NULL, 0 );
    CHECK_EQ( status, STATUS_INVALID_PARAMETER );
}

/* wineserver has no descriptor left for one more journal: the process runs without, and
 * a later one with one again. */
static void init_no_journal(void)
{
    struct server_behaviour behaviour = { .no_descriptors = 1 };
    struct process *server, *client;

    server = start_server();
    call( server, server_behave, &behaviour, sizeof(behaviour) );
    client = start_plain_client();
    CHECK_EQ( call( client, client_attach, NULL, 0 ), STATUS_NOT_SUPPORTED );
    call( client, declines, NULL, 0 );
    behaviour.no_descriptors = 0;
    call( server, server_behave, &behaviour, sizeof(behaviour) );
    client = start_plain_client();
    CHECK_EQ( call( client, client_attach, NULL, 0 ), STATUS_SUCCESS );
}

/* Before nspa_init() every function declines. */
static void init_none(void)
{
    struct process *client = start_plain_client();

    CHECK( call( client, client_load, NULL, 0 ));
    call( client, declines, NULL, 0 );
}

const struct test init_tests[] =
{
    T( init_bad_arguments ), T( init_bad_tables ), T( init_dead_server ), T( init_no_journal ), T( init_none ), { 0 }
};
