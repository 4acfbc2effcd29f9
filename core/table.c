/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handle table of the process; see table.h.
 */

#include <unistd.h>

#include "table.h"

struct nspa_files *nspa_files;

#define LAST_INDEX (NSPA_LF_HANDLE_CAP - 1)  /* of the range: no handle */

uint32_t nspa_handle_of( const struct nspa_files *files, const struct nspa_file *file, uint32_t kind )
{
    uint32_t index = (file - files->file + files->first) % NSPA_LF_HANDLE_CAP;

    return (kind ? NSPA_SECTION_HANDLE_BASE : NSPA_LF_HANDLE_BASE) + index * 4;
}

struct nspa_file *nspa_file_of( struct nspa_files *files, uint64_t handle )
{
    uint32_t index;

    if (!files || !nspa_is_local_handle( handle )) return NULL;
    index = ((uint32_t)handle - NSPA_SECTION_HANDLE_BASE) / 4 % NSPA_LF_HANDLE_CAP;
    return &files->file[(index + NSPA_LF_HANDLE_CAP - files->first) % NSPA_LF_HANDLE_CAP];
}

static int is_state( uint32_t state, uint32_t want, uint32_t kind )
{
    return (state & (NSPA_STATE_MASK | NSPA_STATE_SECTION)) == (want | kind);
}

int nspa_file_is_local( const struct nspa_file *file, uint32_t kind )
{
    return is_state( NSPA_LOAD( &file->state ), NSPA_STATE_LOCAL, kind );
}

int nspa_file_is_servers( const struct nspa_file *file, uint32_t kind )
{
    return is_state( NSPA_LOAD( &file->state ), NSPA_STATE_SERVER, kind );
}

void nspa_files_init( struct nspa_files *files, uint32_t first, const uint32_t *inherited, uint32_t count )
{
    uint32_t i;

    files->first = first % NSPA_LF_HANDLE_CAP;
    for (i = 0; i < count; i++)
    {
        struct nspa_file *file = nspa_file_of( files, inherited[i] );

        if (!file || file->inherited) continue;
        file->inherited = 1;
        file->attributes = 0;
        file->state = NSPA_STATE_SERVER | nspa_kind_of( inherited[i] );
        file->fd = -1;
        files->used++;
    }
}

/* ---- free entries: a stack, last used first, so that its memory is warm; when it is
 *      empty, the next one that was never used ------------------------------- */

static void push( struct nspa_files *files, struct nspa_file *file )
{
    uint64_t head = __atomic_load_n( &files->free, __ATOMIC_RELAXED );
    uint64_t value;

    do
    {
        __atomic_store_n( &file->next, (uint32_t)head, __ATOMIC_RELAXED );
        value = ((head >> 32) + 1) << 32 | (file - files->file + 1);
    } while (!__atomic_compare_exchange_n( &files->free, &head, value, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED ));
    __atomic_sub_fetch( &files->used, 1, __ATOMIC_RELAXED );
}

static struct nspa_file *pop_fresh( struct nspa_files *files )
{
    uint32_t i = __atomic_load_n( &files->fresh, __ATOMIC_ACQUIRE );

    while (i < NSPA_HANDLE_CAP)
    {
        if (!__atomic_compare_exchange_n( &files->fresh, &i, i + 1, 1, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE )) continue;
        if (!files->file[i].inherited && (i + files->first) % NSPA_LF_HANDLE_CAP != LAST_INDEX) return &files->file[i];
        i++;
    }
    return NULL;
}

struct nspa_file *nspa_file_reserve( struct nspa_files *files )
{
    uint64_t head = __atomic_load_n( &files->free, __ATOMIC_ACQUIRE ), value;
    struct nspa_file *file = NULL;

    while ((uint32_t)head)
    {
        file = &files->file[(uint32_t)head - 1];
        value = ((head >> 32) + 1) << 32 | __atomic_load_n( &file->next, __ATOMIC_RELAXED );
        if (__atomic_compare_exchange_n( &files->free, &head, value, 1, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE )) break;
        file = NULL;
    }
    if (!file && !(file = pop_fresh( files ))) return NULL;
    __atomic_add_fetch( &files->used, 1, __ATOMIC_RELAXED );
    file->fd = -1;
    return file;
}

void nspa_file_give_back( struct nspa_files *files, struct nspa_file *file )
{
    push( files, file );
}

/* ---- the entry's part in the shared table ---------------------------------- */

/* A section and a view count as read-only mappings, which share everything: their
 * sharing only makes them stand back while wineserver truncates the file, which
 * it announces as a mapping for writing. */
#define SECTION_SHARING (NSPA_SHARE_ALL & ~NSPA_SHARE_WRITE)

uint32_t nspa_file_publish( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    switch (nspa_client_publish( &files->client, file - files->file, file->dev, file->ino,
                                 kind ? NSPA_MAP_ACCESS : file->access, kind ? SECTION_SHARING : file->sharing ))
    {
    case NSPA_PUBLISHED:       return NSPA_SERVED;
    case NSPA_CONFLICT:        return NSPA_SHARING;
    case NSPA_BUCKET_FULL:     return NSPA_TABLE_FULL;
    case NSPA_BUCKET_DECLINED: return NSPA_TABLE_DECLINED;
    case NSPA_BUCKET_BUSY:     return NSPA_TABLE_BUSY;
    default:                   return NSPA_DETACHED_BY_SERVER;
    }
}

void nspa_file_retract( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    if (nspa_client_retract( &files->client, file - files->file, file->dev, file->ino,
                             kind ? NSPA_MAP_ACCESS : file->access, kind ? SECTION_SHARING : file->sharing ))
        files->host.drained( file->dev, file->ino );
}

/* ---- open and close --------------------------------------------------------- */

static void set_inheritable( struct nspa_files *files, const struct nspa_file *file, int on )
{
    uint32_t index = file - files->file;
    uint64_t bit = UINT64_C(1) << index % 64;

    if (!(file->attributes & OBJ_INHERIT)) return;
    if (on) __atomic_or_fetch( &files->inheritable[index / 64], bit, __ATOMIC_SEQ_CST );
    else __atomic_and_fetch( &files->inheritable[index / 64], ~bit, __ATOMIC_SEQ_CST );
}

uint32_t nspa_file_commit( struct nspa_files *files, struct nspa_file *file, int fd, uint32_t kind )
{
    uint32_t handle = nspa_handle_of( files, file, kind );

    file->fd = fd;
    files->host.add_fd( handle, fd, kind ? file->section.access : file->access, file->options, file->directory );
    set_inheritable( files, file, 1 );
    NSPA_STEP( added );
    NSPA_STORE( &file->state, NSPA_STATE_LOCAL | kind );
    return handle;
}

uint32_t nspa_view_commit( struct nspa_files *files, struct nspa_file *file )
{
    NSPA_STORE( &file->state, NSPA_STATE_VIEW | NSPA_STATE_SECTION );
    return file - files->file;
}

struct nspa_file *nspa_view_of( struct nspa_files *files, uint32_t view )
{
    if (!files || view >= NSPA_LF_HANDLE_CAP) return NULL;
    return (NSPA_LOAD( &files->file[view].state ) & NSPA_STATE_MASK) == NSPA_STATE_VIEW ? &files->file[view] : NULL;
}

void nspa_view_remove( struct nspa_files *files, struct nspa_file *file )
{
    uint32_t state = NSPA_STATE_VIEW | NSPA_STATE_SECTION;

    if (!__atomic_compare_exchange_n( &file->state, &state, NSPA_STATE_FREE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ))
        return;
    nspa_file_retract( files, file, NSPA_STATE_SECTION );
    push( files, file );
}

/* The entry is closing, and ours. */
static void finish_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    struct nspa_thread_record *self = nspa_thread_record();
    int fd = file->fd;

    files->host.forget_fd( nspa_handle_of( files, file, kind ));
    set_inheritable( files, file, 0 );
    NSPA_STEP( forgotten );
    nspa_file_retract( files, file, kind );
    close( fd );
    if (self) self->local_closes++;
    push( files, file );
}

/* Is closing a handle of this kind wineserver's business?  Not while the entry is
 * pinned: then its descriptor may be on its way there, and must stay open. */
static int is_foreign( uint32_t state, uint32_t kind )
{
    if ((state & NSPA_STATE_SECTION) != kind || (state & NSPA_STATE_MASK) == NSPA_STATE_VIEW) return 1;
    if (state & NSPA_STATE_CLOSE) return 1;  /* closed twice */
    if (state >= NSPA_STATE_USER) return 0;
    return (state & NSPA_STATE_MASK) != NSPA_STATE_LOCAL;
}

int nspa_file_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state ), next;

    do
    {
        if (is_foreign( state, kind )) return 0;
        next = state < NSPA_STATE_USER ? NSPA_STATE_FREE : state | NSPA_STATE_CLOSE;
    } while (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    NSPA_STEP( closing );
    if (next == NSPA_STATE_FREE) finish_close( files, file, kind );
    return 1;
}

static void finish_server_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    int fd = files->host.forget_fd( nspa_handle_of( files, file, kind ));

    set_inheritable( files, file, 0 );
    if (fd != -1) close( fd );
    push( files, file );
}

/* While somebody has it pinned its value must not be given out again: a promotion on its
 * way would make it wineserver's once more.  So the last to unpin closes it there for good.
 * A pinned entry that is still local was closed before its promotion came back. */
void nspa_file_closed( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state ), next;

    do
    {
        if (!is_state( state, NSPA_STATE_SERVER, kind ) &&
            (!is_state( state, NSPA_STATE_LOCAL, kind ) || state < NSPA_STATE_USER)) return;
        next = state < NSPA_STATE_USER ? NSPA_STATE_FREE : state | NSPA_STATE_CLOSE;
    } while (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    if (next == NSPA_STATE_FREE) finish_server_close( files, file, kind );
}

/* ---- pins and promotion ------------------------------------------------------ */

int nspa_file_pin( struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state );

    do
    {
        if (!is_state( state, NSPA_STATE_LOCAL, kind ) || (state & NSPA_STATE_CLOSE)) return 0;
    } while (!__atomic_compare_exchange_n( &file->state, &state, state + NSPA_STATE_USER, 0,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    return 1;
}

void nspa_file_unpin( struct nspa_files *files, struct nspa_file *file )
{
    uint32_t state = NSPA_LOAD( &file->state ), next;
    uint32_t kind = state & NSPA_STATE_SECTION;

    do
    {
        next = state - NSPA_STATE_USER;
        if (next < NSPA_STATE_USER && (next & NSPA_STATE_CLOSE)) next = NSPA_STATE_FREE;
    } while (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    if (next != NSPA_STATE_FREE) return;

    if ((state & NSPA_STATE_MASK) != NSPA_STATE_SERVER) finish_close( files, file, kind );
    else if (files->host.close_handle( nspa_handle_of( files, file, kind )) != STATUS_HANDLE_NOT_CLOSABLE)
        finish_server_close( files, file, kind );
    else NSPA_STORE( &file->state, NSPA_STATE_SERVER | kind );  /* protected: it stays */
}

/* wineserver takes a second promotion of the same handle for done, so promoters need not
 * wait for each other; the first to come back moves the contribution to the shared table.
 * Its pin goes last: without it the entry could be closed and used anew before that. */
void nspa_file_promoted( struct nspa_files *files, struct nspa_file *file, int32_t status )
{
    struct nspa_thread_record *self = nspa_thread_record();
    uint32_t state = NSPA_LOAD( &file->state );

    while (status >= 0 && (state & NSPA_STATE_MASK) == NSPA_STATE_LOCAL)
    {
        uint32_t next = (state & ~NSPA_STATE_MASK) | NSPA_STATE_SERVER;

        if (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE )) continue;
        nspa_file_retract( files, file, state & NSPA_STATE_SECTION );
        if (self) self->promotions++;
        break;
    }
    nspa_file_unpin( files, file );
}
