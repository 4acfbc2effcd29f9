/*
 * The handle table from inside: what other threads may do between two steps
 *
 * core/table.h itself, without the library, on a table of this process alone.
 * The protocol calls NSPA_STEP() between its accesses; a test hooks one of them
 * and does there what another thread could.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

static void (*step_hook)( const char *step );

#define NSPA_STEP(name) do { if (step_hook) step_hook( #name ); } while (0)
#include "../../core/table.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "test.h"

static struct nspa_files *files;
static struct nspa_table *shared;
static uint32_t closed_by_host;
static int32_t close_status;

static int forget_fd( uint32_t handle )
{
    (void)handle;
    return -1;
}

static int32_t close_handle( uint32_t handle )
{
    (void)handle;
    closed_by_host++;
    return close_status;
}

static void drained( uint64_t dev, uint64_t ino )
{
    (void)dev; (void)ino;
}

/* A table whose wineserver is this very thread. */
static void make_table(void)
{
    shared = mmap( NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    files = mmap( NULL, sizeof(*files), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    shared->lease = nspa_thread_self()->tid;
    shared->journal[0].owner = UINT64_C(1) << 32 | 1;
    files->client.table = shared;
    files->client.journal = &shared->journal[0];
    files->client.owner = shared->journal[0].owner;
    files->host.forget_fd = forget_fd;
    files->host.close_handle = close_handle;
    files->host.drained = drained;
    nspa_files_init( files, NULL, 0 );
}

/* The index of a new local file. */
static int32_t open_inode( uint64_t ino )
{
    static const uint16_t name[] = { 'a' };
    struct nspa_open open = { .unix_name = "/a", .nt_name = name, .nt_len = sizeof(name), .sharing = 7 };
    int32_t index = nspa_file_reserve( files, &open, 1, 1, ino );

    if (index >= 0) nspa_file_commit( files, index, fcntl( 0, F_DUPFD_CLOEXEC, 0 ), false );
    return index;
}

static uint32_t counted( uint64_t ino )
{
    struct nspa_slot *slot = nspa_slot_find( nspa_bucket_of( shared, 1, ino ), 1, ino, NULL );

    return slot ? slot->clients.handles : 0;
}

static uint32_t entry_state( int32_t index )
{
    return shared->journal[0].entries[index].state;
}

static void entries_reuse(void)
{
    int32_t first, second, third;

    if (one_slot()) return;
    make_table();
    first = open_inode( 1 );
    second = open_inode( 2 );
    CHECK( first >= 0 && second >= 0 && first != second );
    CHECK( nspa_file_close( files, &files->file[first], 0 ));
    CHECK( !nspa_file_close( files, &files->file[first], 0 ));
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( entry_state( first ), NSPA_ENTRY_FREE );
    third = open_inode( 3 );
    CHECK_EQ( third, first );           /* last used first: its memory is warm */
    CHECK_EQ( counted( 2 ) + counted( 3 ), 2 );
    CHECK_EQ( files->used, 2 );
}

/* ---- a promotion comes back while another thread closes the handle ---- */

static struct nspa_file *promoted;
static int32_t reused;

/* The other promoter is done, wineserver's handle is closed, and the next open
 * takes what is free. */
static void close_and_reuse( const char *step )
{
    if (strcmp( step, "lock" )) return;
    step_hook = NULL;
    nspa_file_promote_end( files, promoted, 0 );
    if (!nspa_file_close( files, promoted, 0 )) nspa_file_closed( files, promoted, 0 );
    reused = open_inode( 2 );
}

/* The share is moved before the entry can be anybody else's.  Tried with the
 * share moved after the pin was given up: the new file had the entry already,
 * and lost its place in the journal. */
static void entries_promotion_against_close(void)
{
    int32_t index;

    if (one_slot()) return;
    make_table();
    index = open_inode( 1 );
    promoted = &files->file[index];
    CHECK( nspa_file_pin( promoted, 0 ) && nspa_file_pin( promoted, 0 ));
    step_hook = close_and_reuse;
    nspa_file_promote_end( files, promoted, 0 );

    CHECK( reused >= 0 && reused != index );
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( entry_state( index ), NSPA_ENTRY_FREE );
    CHECK_EQ( counted( 2 ), 1 );
    CHECK_EQ( entry_state( reused ), NSPA_ENTRY_HELD );
    CHECK_EQ( closed_by_host, 1 );
    CHECK_EQ( files->promotions, 1 );
    CHECK_EQ( files->used, 1 );
    CHECK_EQ( open_inode( 3 ), index );
}

/* ---- a close while the same thread's promotion failed ---- */

static void entries_refused_then_closed(void)
{
    int32_t index;

    make_table();
    index = open_inode( 1 );
    promoted = &files->file[index];
    CHECK( nspa_file_pin( promoted, 0 ));
    CHECK( nspa_file_close( files, promoted, 0 ));
    CHECK( !nspa_file_pin( promoted, 0 ));
    CHECK_EQ( counted( 1 ), 1 );
    nspa_file_promote_end( files, promoted, -1 );
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( closed_by_host, 0 );
    CHECK_EQ( files->local_closes, 1 );
    CHECK_EQ( files->used, 0 );
}

/* ---- a close of a protected handle while another thread promotes it ---- */

/* The handle stays wineserver's, and its value is not given out.  Tried with the
 * entry freed whatever wineserver said: the next open got the value. */
static void entries_protected_stays(void)
{
    int32_t index, other;

    make_table();
    index = open_inode( 1 );
    promoted = &files->file[index];
    CHECK( nspa_file_pin( promoted, 0 ) && nspa_file_pin( promoted, 0 ));
    nspa_file_promote_end( files, promoted, 0 );
    CHECK( nspa_file_close( files, promoted, 0 ));
    close_status = NSPA_HANDLE_NOT_CLOSABLE;
    nspa_file_unpin( files, promoted );
    close_status = 0;
    CHECK_EQ( promoted->state, NSPA_STATE_SERVER );
    other = open_inode( 1 );
    CHECK( other >= 0 && other != index );
    nspa_file_closed( files, promoted, 0 );
    CHECK_EQ( open_inode( 1 ), index );
}

/* ---- a section's handle and a file's never name the same entry ---- */

static void entries_kinds(void)
{
    static const struct nspa_section section = { 100, 4, 1 };
    uint32_t kind = NSPA_STATE_SECTION;
    struct nspa_file *file, *entry;
    struct nspa_slot *slot;
    int32_t index, i;

    make_table();
    file = &files->file[open_inode( 1 )];

    /* none while wineserver announces that it truncates the file */
    slot = nspa_slot_find( nspa_bucket_of( shared, 1, 1 ), 1, 1, NULL );
    slot->server.map_write = 1;
    CHECK_EQ( nspa_section_reserve( files, file, &section ), -1 );
    CHECK_EQ( counted( 1 ), 1 );
    slot->server.map_write = 0;

    index = nspa_section_reserve( files, file, &section );
    CHECK( index >= 0 && index != file - files->file );
    entry = &files->file[index];
    CHECK_EQ( counted( 1 ), 2 );
    entry->fd = fcntl( 0, F_DUPFD_CLOEXEC, 0 );
    entry->state = NSPA_STATE_LOCAL | kind;
    CHECK( nspa_file_of( files, nspa_handle_of( index, kind ) ) == entry );
    CHECK( nspa_file_of( files, nspa_handle_of( index, 0 ) ) == entry );
    CHECK( !nspa_file_pin( entry, 0 ) && !nspa_file_pin( file, kind ));
    CHECK( !nspa_file_close( files, entry, 0 ) && !nspa_file_close( files, file, kind ));
    CHECK( nspa_file_close( files, entry, kind ));
    CHECK_EQ( counted( 1 ), 1 );

    /* a view is no handle's */
    index = nspa_section_reserve( files, file, &section );
    entry = &files->file[index];
    entry->state = NSPA_STATE_VIEW | kind;
    for (i = 0; i < 2; i++, kind ^= NSPA_STATE_SECTION)
    {
        CHECK( !nspa_file_pin( entry, kind ));
        CHECK( !nspa_file_close( files, entry, kind ));
        nspa_file_closed( files, entry, kind );
    }
    CHECK_EQ( entry->state, NSPA_STATE_VIEW | NSPA_STATE_SECTION );
    entry->state = NSPA_STATE_FREE;
    nspa_section_release( files, entry );
    CHECK_EQ( counted( 1 ), 1 );
    CHECK( nspa_file_close( files, file, 0 ));
    CHECK_EQ( files->used, 0 );
}

const struct test entry_tests[] =
{
    T( entries_reuse ), T( entries_promotion_against_close ), T( entries_refused_then_closed ),
    T( entries_protected_stays ), T( entries_kinds ), { 0 }
};
