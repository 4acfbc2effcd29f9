/*
 * Which opens are served, and which reason the others get
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

/* Open; if served, read and close again. */
static struct client_open try( struct process *client, struct client_open open, uint32_t reason )
{
    char what[500];
    int64_t status = call( client, client_open, &open, sizeof(open) );

    snprintf( what, sizeof(what), "reason for %s access %#x sharing %#x disposition %u options %#x attributes %#x",
              strrchr( open.path, '/' ), open.access, open.sharing, open.disposition, open.options, open.attributes );
    CHECK_FOR( what, open.opened.reason, reason );
    CHECK_FOR( what, status, open.opened.reason ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS );
    if (open.opened.reason == NSPA_SERVED)
    {
        CHECK( call( client, client_read, &open.opened.handle, sizeof(uint32_t) ));
        CHECK_EQ( close_in( client, open.opened.handle ), STATUS_SUCCESS );
    }
    else
    {
        CHECK_FOR( what, open.opened.handle, 0 );
        CHECK_FOR( what, open.opened.access, 0 );
    }
    return open;
}

#define TRY(reason, ...) do { struct client_open open = reading( path ); __VA_ARGS__; try( client, open, reason ); } while (0)

/* Each argument at and beyond the edge of what is served. */
static void gate_arguments(void)
{
    struct client_open mapped;
    struct process *client;
    const char *path = make_file( "file.txt" );

    start_server();
    client = start_client();

    TRY( NSPA_SERVED );
    TRY( NSPA_SERVED, open.disposition = 3 );                      /* FILE_OPEN_IF */
    TRY( NSPA_DISPOSITION, open.disposition = 0 );                 /* FILE_SUPERSEDE */
    TRY( NSPA_DISPOSITION, open.disposition = 2 );                 /* FILE_CREATE */
    TRY( NSPA_DISPOSITION, open.disposition = 4 );                 /* FILE_OVERWRITE */
    TRY( NSPA_DISPOSITION, open.disposition = 5 );                 /* FILE_OVERWRITE_IF */
    TRY( NSPA_DISPOSITION, open.disposition = ~0u );

    TRY( NSPA_SERVED, open.options = 0x10 );                       /* FILE_SYNCHRONOUS_IO_ALERT */
    TRY( NSPA_SERVED, open.options = 0x20 | 0x40 );                /* and FILE_NON_DIRECTORY_FILE */
    TRY( NSPA_SERVED, open.options = 0x20 | 0x804 );               /* sequential, random */
    TRY( NSPA_ASYNCHRONOUS, open.options = 0 );
    TRY( NSPA_ASYNCHRONOUS, open.options = 0x30 );
    TRY( NSPA_OPTIONS, open.options = 0x20 | 0x1 );                /* FILE_DIRECTORY_FILE, which it is not */
    TRY( NSPA_OPTIONS, open.options = 0x20 | 0x1000 );             /* FILE_DELETE_ON_CLOSE */
    TRY( NSPA_OPTIONS, open.options = 0x20 | 0x2000 );             /* FILE_OPEN_BY_FILE_ID */
    TRY( NSPA_OPTIONS, open.options = 0x20 | 0x1000000 );          /* unknown */

    TRY( NSPA_SERVED, open.access = 0x1 );                         /* FILE_READ_DATA */
    TRY( NSPA_SERVED, open.access = 0x8 );                         /* FILE_READ_EA */
    TRY( NSPA_SERVED, open.access = 0x20 );                        /* FILE_EXECUTE */
    TRY( NSPA_SERVED, open.access = 0x80 );                        /* FILE_READ_ATTRIBUTES */
    TRY( NSPA_SERVED, open.access = 0x20000 );                     /* READ_CONTROL */
    TRY( NSPA_SERVED, open.access = 0x100000 );                    /* SYNCHRONIZE */
    TRY( NSPA_SERVED, open.access = 0xa0000000 );                  /* GENERIC_READ | GENERIC_EXECUTE */
    TRY( NSPA_ACCESS, open.access = 0 );
    TRY( NSPA_ACCESS, open.access = 0x2 );                         /* FILE_WRITE_DATA */
    TRY( NSPA_ACCESS, open.access = 0x4 );                         /* FILE_APPEND_DATA */
    TRY( NSPA_ACCESS, open.access = 0x10 );                        /* FILE_WRITE_EA */
    TRY( NSPA_ACCESS, open.access = 0x40 );                        /* FILE_DELETE_CHILD */
    TRY( NSPA_ACCESS, open.access = 0x100 );                       /* FILE_WRITE_ATTRIBUTES */
    TRY( NSPA_ACCESS, open.access = 0x10000 );                     /* DELETE */
    TRY( NSPA_ACCESS, open.access = 0x40000 );                     /* WRITE_DAC */
    TRY( NSPA_ACCESS, open.access = 0x80000 );                     /* WRITE_OWNER */
    TRY( NSPA_ACCESS, open.access = 0x1000000 );                   /* ACCESS_SYSTEM_SECURITY */
    TRY( NSPA_ACCESS, open.access = 0x2000000 );                   /* MAXIMUM_ALLOWED */
    TRY( NSPA_ACCESS, open.access = 0x10000000 );                  /* GENERIC_ALL */
    TRY( NSPA_ACCESS, open.access = 0x40000000 );                  /* GENERIC_WRITE */

    TRY( NSPA_SERVED, open.sharing = 0 );
    TRY( NSPA_SERVED, open.sharing = 7 );
    TRY( NSPA_BAD_REQUEST, open.sharing = 8 );
    TRY( NSPA_SERVED, open.attributes = 0 );
    TRY( NSPA_SERVED, open.attributes = 0x42 );                    /* inherit, case insensitive */
    TRY( NSPA_ATTRIBUTES, open.attributes = 0x80 );                /* OBJ_OPENIF */
    TRY( NSPA_ATTRIBUTES, open.attributes = 0x100 );               /* OBJ_OPENLINK */
    TRY( NSPA_ATTRIBUTES, open.attributes = 0x1000 );
    TRY( NSPA_ROOT_DIRECTORY, open.flags = NSPA_OPEN_HAS_ROOT );
    TRY( NSPA_SECURITY_DESCRIPTOR, open.flags = NSPA_OPEN_HAS_SD );

    /* what wineserver will have to hear of it, and the fd cache */
    mapped = reading( path );
    mapped.access = 0x80000000;
    mapped = try( client, mapped, NSPA_SERVED );
    CHECK_EQ( mapped.opened.access, 0x120089 );
    mapped = reading( path );
    mapped.access = 0x20000000;
    mapped = try( client, mapped, NSPA_SERVED );
    CHECK_EQ( mapped.opened.access, 0x1200a0 );
    check_table_empty();
}

static void gate_names(void)
{
    static const char *const modules[] = { "a.dll", "A.DLL", "b.Drv", "c.sys", "d.exe", "e.eXe" };
    static const char *const others[] = { "dll", "a.dl", "a.dllx", "a.ocx", "xdll", "a.dll.mui", "exe.txt", ".d" };
    struct process *client;
    const char *path;
    unsigned int i;
    char deep[400];

    start_server();
    client = start_client();
    for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
    {
        path = make_file( modules[i] );
        TRY( NSPA_LOADER );
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
    {
        path = make_file( others[i] );
        TRY( NSPA_SERVED );
    }
    /* lengths that are none: odd, or more than wineserver takes */
    path = make_file( "file" );
    TRY( NSPA_BAD_REQUEST, open.nt_len = 7 );
    TRY( NSPA_BAD_REQUEST, open.nt_len = 65534 );
    TRY( NSPA_BAD_REQUEST, open.nt_len = ~0u );
    TRY( NSPA_BAD_REQUEST, open.nt_len = ~0u - 1 );
    /* one that is, and finds no room with the handle */
    snprintf( deep, sizeof(deep), "%s/", test_dir() );
    memset( deep + strlen( deep ), 'x', 200 );
    deep[strlen( test_dir() ) + 201] = 0;
    path = make_file( strrchr( deep, '/' ) + 1 );
    TRY( NSPA_SERVED );
    TRY( NSPA_NAME_TOO_LONG, open.nt_len = 1998 );
    check_table_empty();
}

static void gate_files(void)
{
    struct process *client;
    char path[400];

    start_server();
    client = start_client();
    strcpy( path, make_file( "file" ));

    TRY( NSPA_UNIX_ERROR, strcat( open.path, "-missing" ));
    TRY( NSPA_UNIX_ERROR, strcat( open.path, "/below" ));
    TRY( NSPA_NOT_REGULAR, strcpy( open.path, "/dev/null" ));
    snprintf( path, sizeof(path), "%s/fifo", test_dir() );
    CHECK_EQ( mkfifo( path, 0644 ), 0 );
    TRY( NSPA_NOT_REGULAR );                 /* and does not wait for a writer */
    snprintf( path, sizeof(path), "%s/loop", test_dir() );
    CHECK_EQ( symlink( "loop", path ), 0 );
    TRY( NSPA_UNIX_ERROR );
    snprintf( path, sizeof(path), "%s/link", test_dir() );
    CHECK_EQ( symlink( "file", path ), 0 );
    TRY( NSPA_SERVED );

    /* what is not a file although it looks like one, and where wineserver has to look */
    TRY( NSPA_SERVER_DEVICE, strcpy( open.path, "/proc/self/stat" ));
    TRY( NSPA_SERVER_DEVICE, strcpy( open.path, "/proc/self" ));
    TRY( NSPA_SERVED, snprintf( open.path, sizeof(open.path), "%s/./file", test_dir() ));
    TRY( NSPA_SERVED, snprintf( open.path, sizeof(open.path), "%s//file", test_dir() ));
    TRY( NSPA_UNIX_ERROR, snprintf( open.path, sizeof(open.path), "%sfile", test_dir() ));
    check_table_empty();
}

static uint32_t open_directory( struct process *client, uint32_t options )
{
    struct client_open open = reading( test_dir() );
    int64_t status;

    open.options = options;
    status = call( client, client_open, &open, sizeof(open) );
    CHECK_EQ( status, open.opened.reason ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS );
    CHECK_EQ( open.opened.directory, open.opened.reason == NSPA_SERVED );
    if (!status) CHECK_EQ( close_in( client, open.opened.handle ), STATUS_SUCCESS );
    return open.opened.reason;
}

/* Served, unless the options say that it is none or wineserver must see it. */
static void gate_directories(void)
{
    struct process *server = start_server(), *client = start_client();
    uint32_t trees;

    CHECK_EQ( open_directory( client, OPEN_SYNC ), NSPA_SERVED );
    CHECK_EQ( open_directory( client, OPEN_SYNC | 0x1 ), NSPA_SERVED );      /* FILE_DIRECTORY_FILE */
    CHECK_EQ( open_directory( client, OPEN_SYNC | 0x40 ), NSPA_OPTIONS );    /* FILE_NON_DIRECTORY_FILE */
    CHECK_EQ( open_directory( client, 0x1 ), NSPA_ASYNCHRONOUS );
    for (trees = 2; trees; trees--)
    {
        const char *path = make_file( "file" );

        call( server, server_watch_trees, &trees, sizeof(trees) );
        CHECK_EQ( open_directory( client, OPEN_SYNC ), NSPA_TABLE_DECLINED );
        TRY( NSPA_SERVED );
    }
    call( server, server_watch_trees, &trees, sizeof(trees) );
    CHECK_EQ( open_directory( client, OPEN_SYNC ), NSPA_SERVED );
    check_table_empty();
}

/* ---- what the table says ---- */

/* Other inodes, as if processes had them open: all but `left` of the bucket's slots. */
static void fill_slots( uint32_t hash, unsigned int left )
{
    struct nspa_slot slot;
    unsigned int i;

    for (i = 0; i < NSPA_SLOTS; i++)
    {
        memset( &slot, 0, sizeof(slot) );
        slot.ino = 1 + i;
        if (i >= left) slot.clients.handles = 1;
        nspa_slot_write( control, table, hash, i, &slot );
    }
}

static void gate_bucket_full(void)
{
    struct process *server, *client;
    struct server_crowd crowd = { 0 };
    const char *path = make_file( "file" );
    uint32_t hash;

    server = start_server();
    client = start_client();
    file_id( path, &crowd.dev, &crowd.ino );
    hash = nspa_hash( crowd.dev, crowd.ino );

    fill_slots( hash, 1 );
    TRY( NSPA_SERVED );
    fill_slots( hash, 0 );
    TRY( NSPA_TABLE_FULL );
    fill_slots( hash, NSPA_SLOTS );

    crowd.count = NSPA_SLOTS;                  /* wineserver's own are in other slots */
    call( server, server_crowd, &crowd, sizeof(crowd) );
    TRY( NSPA_SERVED );
    crowd.count = NSPA_SLOTS + 1;              /* one that no slot shows: nobody may open here */
    call( server, server_crowd, &crowd, sizeof(crowd) );
    TRY( NSPA_TABLE_DECLINED );
    crowd.leave = 1;
    call( server, server_crowd, &crowd, sizeof(crowd) );
    TRY( NSPA_SERVED );
    check_table_empty();
}

/* Somebody holds the bucket's lock and does not let go: a bounded wait, and
 * no trace of the open. */
static void gate_bucket_busy(void)
{
    struct process *server, *client;
    struct server_inode inode = { 0 };
    struct nspa_bucket *bucket;
    const char *path = make_file( "file" );
    int64_t start;

    server = start_server();
    client = start_client();
    file_id( path, &inode.dev, &inode.ino );
    bucket = &table->bucket[nspa_hash( inode.dev, inode.ino )];
    CHECK_EQ( nspa_lock( &bucket->lock, nspa_thread_self(), 0 ), NSPA_LOCKED );
    start = now_ns();
    TRY( NSPA_TABLE_BUSY );
    CHECK( now_ns() - start >= NSPA_CLIENT_WAIT_NS );
    nspa_unlock( &bucket->lock, nspa_thread_self() );
    TRY( NSPA_SERVED );
    call( server, server_verify, &inode, sizeof(inode) );
    check_table_empty();
}

static int64_t limit_files( void *arg )
{
    struct rlimit limit;

    getrlimit( RLIMIT_NOFILE, &limit );
    limit.rlim_cur = *(uint32_t *)arg;
    return setrlimit( RLIMIT_NOFILE, &limit );
}

/* No descriptor left: declined; and everything works again when there is. */
static void gate_emfile(void)
{
    struct process *client;
    const char *path = make_file( "file" );
    uint32_t held, limit, none = 3;

    start_server();
    client = start_client();
    CHECK_EQ( open_in( client, path, READ_DATA, SHARE_ALL, &held ), NSPA_SERVED );
    limit = call( client, client_fds, NULL, 0 ) + 10;
    CHECK_EQ( call( client, limit_files, &none, sizeof(none) ), 0 );
    TRY( NSPA_UNIX_ERROR );
    TRY( NSPA_UNIX_ERROR );
    CHECK_EQ( call( client, limit_files, &limit, sizeof(limit) ), 0 );
    TRY( NSPA_SERVED );
    CHECK_EQ( close_in( client, held ), STATUS_SUCCESS );
    check_table_empty();
}

static int64_t bad_pointers( void *path )
{
    static const uint16_t name[] = { 'a', 'b', 'c', 'd' };
    struct nspa_open good =
    {
        .unix_name = path, .nt_name = name, .nt_len = sizeof(name), .access = READ_DATA,
        .sharing = SHARE_ALL, .disposition = FILE_OPEN, .options = OPEN_SYNC
    }, bad;
    struct nspa_opened opened;

    CHECK_EQ( lib.nspa_local_file_try_bypass( &good, NULL ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( lib.nspa_local_file_try_bypass( NULL, NULL ), STATUS_NOT_SUPPORTED );
    memset( &opened, 0xcc, sizeof(opened) );
    CHECK_EQ( lib.nspa_local_file_try_bypass( NULL, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened.reason, NSPA_BAD_REQUEST );
    CHECK_EQ( opened.handle, 0 );
    CHECK_EQ( opened.access, 0 );
    bad = good;
    bad.unix_name = NULL;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &bad, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened.reason, NSPA_BAD_REQUEST );
    bad = good;
    bad.nt_name = NULL;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &bad, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened.reason, NSPA_BAD_REQUEST );
    bad = good;
    bad.nt_len = 0;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &bad, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened.reason, NSPA_BAD_REQUEST );
    bad = good;
    bad.unix_name = "";
    CHECK_EQ( lib.nspa_local_file_try_bypass( &bad, &opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened.reason, NSPA_UNIX_ERROR );
    CHECK_EQ( lib.nspa_local_file_try_bypass( &good, &opened ), STATUS_SUCCESS );
    CHECK_EQ( lib.nspa_local_file_close( opened.handle ), STATUS_SUCCESS );
    return 0;
}

static void gate_bad_pointers(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    call( client, bad_pointers, path, sizeof(path) );
    check_table_empty();
}

/* Each reason has its own words. */
static int64_t reason_strings( void *unused )
{
    unsigned int i, j;

    (void)unused;
    for (i = 0; i < NSPA_REASON_COUNT; i++)
    {
        const char *text = lib.nspa_reason_string( i );

        if (!CHECK( text && *text )) continue;
        CHECK( strcmp( text, lib.nspa_reason_string( NSPA_REASON_COUNT )));
        for (j = 0; j < i; j++) CHECK( strcmp( text, lib.nspa_reason_string( j )));
    }
    CHECK( lib.nspa_reason_string( ~0u ) != NULL );
    return 0;
}

static void gate_reason_strings(void)
{
    struct process *client = start_plain_client();

    CHECK( call( client, client_load, NULL, 0 ));
    call( client, reason_strings, NULL, 0 );
}

const struct test gate_tests[] =
{
    T( gate_arguments ), T( gate_names ), T( gate_files ), T( gate_directories ), T( gate_bucket_full ),
    T( gate_bucket_busy ), T( gate_emfile ), T( gate_bad_pointers ), T( gate_reason_strings ), { 0 }
};
