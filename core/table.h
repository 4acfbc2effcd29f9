/*
 * The handle table of one process
 *
 * Copyright 2026 the nspa authors
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * ---------------------------------------------------------------------------
 *
 * ---------------------------------------------------------------------------
 *
 * One entry per local handle, in memory of this process alone.  An entry's
 * life is one atomic word:
 *
 *      FREE -> LOCAL -> FREE              opened and closed here
 *              LOCAL -> SERVER -> FREE    promoted; wineserver closes it
 *      FREE -> SERVER -> FREE             came from the parent process
 *      FREE -> VIEW -> FREE               a mapped view of a section; no handle
 *
 * plus a count of threads that have it pinned.  Who closes it then leaves a
 * mark, and the last of them closes.
 *
 * An entry is a file's or a section's, which the word says too.  Its handle
 * lies in the range of its kind, and names nothing in the other.
 *
 * In C, because a real-time thread must be able to close a file, and any
 * thread to promote one, without entering Go: a SCHED_FIFO thread would wait
 * for whatever thread holds the Go runtime's locks, and a promotion may end
 * the thread inside its server call.
 *
 * Signals are blocked by the callers.  No function allocates, but for a promotion
 * its names, or waits, but for the bucket lock (see nspa_shm.h).
 */

#ifndef __NSPA_TABLE_H
#define __NSPA_TABLE_H

#include <fcntl.h>
#include <stdbool.h>

#include "../include/nspa.h"
#include "../include/nspa_shm.h"
#include "name.h"

_Static_assert( NSPA_LF_HANDLE_CAP == NSPA_HANDLE_CAP, "one journal entry per handle" );

/* A file's st_dev and st_ino. */
struct nspa_inode
{
    uint64_t dev, ino;
};

#define NSPA_FILE_SIZE 2048

struct nspa_file
{
    uint32_t state;
    uint32_t next;           /* while free: index + 1 of the next free entry */
    int32_t  fd;
    uint32_t access;
    uint32_t sharing;
    uint32_t options;
    uint32_t attributes;
    uint32_t nt_len;         /* bytes of NT name at the start of names, then the Unix name */
    uint32_t inherited;      /* came from the parent: never fresh */
    uint32_t volumes;        /* the volume epoch when it was opened */
    uint64_t dev;
    uint64_t ino;
    struct nspa_section section;  /* of a section; access, sharing and options are its file's */
    uint32_t resolved;       /* where in names the resolved Unix name is, or one of the below */
    uint32_t direct;         /* when it was opened (time()), if the name's last component is no link */
    uint32_t name_epoch;     /* and the name epoch then */
    uint8_t  names[NSPA_FILE_SIZE - 84];
};

#define NSPA_NAME_UNKNOWN  0u      /* nobody has asked; the other names take some bytes, so it is no place */
#define NSPA_NAME_BUSY     ~0u     /* being written */

_Static_assert( sizeof(struct nspa_file) == NSPA_FILE_SIZE, "entry size" );

#define NSPA_STATE_FREE    0u
#define NSPA_STATE_LOCAL   1u
#define NSPA_STATE_SERVER  2u
#define NSPA_STATE_VIEW    3u
#define NSPA_STATE_MASK    3u
#define NSPA_STATE_CLOSE   4u      /* the last one to unpin closes */
#define NSPA_STATE_SECTION 8u      /* the kind of the entry: a section, or a view of one */
#define NSPA_STATE_USER    0x100u  /* one pin */

/* A file that was opened here before, in known.h. */
struct nspa_known
{
    uint64_t check;          /* of all the rest and the name */
    uint64_t dev;
    uint64_t arguments;
    uint64_t granted;        /* st_mode's kind << 32 | access, generic rights mapped */
};

/* A name that a listing has shown, likewise. */
struct nspa_listed
{
    uint64_t check;
    uint64_t dev;
};

#define NSPA_KNOWN_SETS 4096u
#define NSPA_LISTED_CAP 8192u

struct nspa_files
{
    struct nspa_client client;
    struct nspa_host   host;
    uint64_t free;           /* tag << 32 | index + 1 of the first free entry */
    uint64_t reopens;
    uint64_t promotions;
    uint64_t local_closes;
    uint32_t disabled;       /* after an internal error */
    uint32_t used;           /* entries that are not free */
    uint32_t fresh;          /* entries from here on were never given out; their memory is untouched */
    uint32_t inherited_end;  /* but for those that came from the parent, which are all below this one */
    int32_t  prefix_fd;
    uint32_t prefix_len;     /* of the prefix's name and a slash; zero without one */
    char     prefix[NSPA_WAY_MAX];
    struct nspa_way way;
    struct nspa_known known[NSPA_KNOWN_SETS][2];
    struct nspa_listed listed[NSPA_LISTED_CAP];
    struct nspa_file file[NSPA_HANDLE_CAP];
};

/* STATUS_HANDLE_NOT_CLOSABLE */
#define NSPA_HANDLE_NOT_CLOSABLE  ((int32_t)0xc0000235)

static inline uint32_t nspa_handle_of( uint32_t index, uint32_t kind )
{
    return (kind ? NSPA_SECTION_HANDLE_BASE : NSPA_LF_HANDLE_BASE) + index * 4;
}

/* The entry a handle names, NULL if it is not in a local range; whether it is of
 * the handle's kind is for the state to say. */
static inline struct nspa_file *nspa_file_of( struct nspa_files *files, uint64_t handle )
{
    if (!files || !nspa_is_local_handle( handle )) return NULL;
    return &files->file[((uint32_t)handle - NSPA_SECTION_HANDLE_BASE) / 4 % NSPA_LF_HANDLE_CAP];
}

static inline uint32_t nspa_kind_of( uint64_t handle )
{
    return nspa_is_local_section( handle ) ? NSPA_STATE_SECTION : 0;
}

/* Is this the state of an entry of that kind that is open here? */
static inline int nspa_state_is_local( uint32_t state, uint32_t kind )
{
    return (state & (NSPA_STATE_MASK | NSPA_STATE_SECTION)) == (NSPA_STATE_LOCAL | kind);
}

static inline int nspa_state_is_server( uint32_t state, uint32_t kind )
{
    return (state & (NSPA_STATE_MASK | NSPA_STATE_SECTION)) == (NSPA_STATE_SERVER | kind);
}

/* ---- free entries: a stack, last used first, so that its memory is warm;
 *      when it is empty, the next one that was never used ------------------- */

static inline void nspa_free_push( struct nspa_files *files, uint32_t index )
{
    uint64_t head = __atomic_load_n( &files->free, __ATOMIC_RELAXED );
    uint64_t value;

    do
    {
        __atomic_store_n( &files->file[index].next, (uint32_t)head, __ATOMIC_RELAXED );
        value = ((head >> 32) + 1) << 32 | (index + 1);
    } while (!__atomic_compare_exchange_n( &files->free, &head, value, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED ));
    __atomic_sub_fetch( &files->used, 1, __ATOMIC_RELAXED );
}

static inline int32_t nspa_fresh_pop( struct nspa_files *files )
{
    uint32_t index = __atomic_load_n( &files->fresh, __ATOMIC_ACQUIRE );

    while (index < NSPA_HANDLE_CAP - 1)  /* the last value is no handle */
    {
        if (!__atomic_compare_exchange_n( &files->fresh, &index, index + 1, 1, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ))
            continue;
        if (!files->file[index].inherited)
        {
            __atomic_add_fetch( &files->used, 1, __ATOMIC_RELAXED );
            return index;
        }
        index++;
    }
    return -1;
}

/* Index of an entry that is now the caller's, or -1. */
static inline int32_t nspa_free_pop( struct nspa_files *files )
{
    uint64_t head = __atomic_load_n( &files->free, __ATOMIC_ACQUIRE );
    uint64_t value;
    uint32_t index;

    for (;;)
    {
        if (!(uint32_t)head) return nspa_fresh_pop( files );
        index = (uint32_t)head - 1;
        value = ((head >> 32) + 1) << 32 | __atomic_load_n( &files->file[index].next, __ATOMIC_RELAXED );
        if (__atomic_compare_exchange_n( &files->free, &head, value, 1, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE )) break;
    }
    __atomic_add_fetch( &files->used, 1, __ATOMIC_RELAXED );
    return index;
}

/* Open the directory that drives' names start with. */
static inline void nspa_prefix_init( struct nspa_files *files, const char *prefix )
{
    size_t len = prefix ? strlen( prefix ) : 0;

    if (!len || len + 2 > sizeof(files->prefix) || prefix[len - 1] == '/') return;
    if ((files->prefix_fd = open( prefix, O_PATH | O_DIRECTORY | O_CLOEXEC )) == -1) return;
    memcpy( files->prefix, prefix, len );
    files->prefix[len] = '/';
    files->prefix_len = len + 1;
}

/* open() for an absolute name. */
static inline int nspa_open_name( const struct nspa_files *files, const char *name, int flags )
{
    uint32_t len = files->prefix_len;

    if (len && !strncmp( name, files->prefix, len ) && name[len] && name[len] != '/')
        return openat( files->prefix_fd, name + len, flags );
    return open( name, flags );
}

/* Take note of the handles that came from the parent.  Before any other thread
 * knows the table. */
static inline void nspa_files_init( struct nspa_files *files, const uint32_t *inherited, uint32_t count )
{
    uint32_t i;

    for (i = 0; i < count; i++)
    {
        struct nspa_file *file = nspa_file_of( files, inherited[i] );

        if (!file || file->inherited) continue;
        file->inherited = 1;
        file->state = NSPA_STATE_SERVER | nspa_kind_of( inherited[i] );
        file->fd = -1;
        files->used++;
        if (file - files->file >= files->inherited_end) files->inherited_end = file - files->file + 1;
    }
}

/* Entries from here on were never open. */
static inline uint32_t nspa_files_end( struct nspa_files *files )
{
    uint32_t fresh = NSPA_LOAD( &files->fresh );

    return fresh > files->inherited_end ? fresh : files->inherited_end;
}

/* ---- the entry's part in the shared table --------------------------------- */

/* A section and a view count as read-only mappings, which share everything: their
 * sharing only makes them stand back while wineserver truncates the file, which
 * it announces as a mapping for writing. */
#define NSPA_SECTION_SHARING (NSPA_SHARE_ALL & ~NSPA_SHARE_WRITE)

/* Returns -1, or - 1 - enum nspa_reason. */
static inline int32_t nspa_file_publish( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    switch (nspa_client_publish( &files->client, file - files->file, file->dev, file->ino,
                                 kind ? NSPA_MAP_ACCESS : file->access,
                                 kind ? NSPA_SECTION_SHARING : file->sharing ))
    {
    case NSPA_PUBLISHED:       return -1 - NSPA_SERVED;
    case NSPA_CONFLICT:        return -1 - NSPA_SHARING;
    case NSPA_BUCKET_FULL:     return -1 - NSPA_TABLE_FULL;
    case NSPA_BUCKET_DECLINED: return -1 - NSPA_TABLE_DECLINED;
    case NSPA_BUCKET_BUSY:     return -1 - NSPA_TABLE_BUSY;
    default:                   return -1 - NSPA_DETACHED_BY_SERVER;
    }
}

/* Nonzero if wineserver must be told that the inode's last local open is gone. */
static inline int nspa_file_unpublish( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    return nspa_client_retract( &files->client, file - files->file, file->dev, file->ino,
                                kind ? NSPA_MAP_ACCESS : file->access,
                                kind ? NSPA_SECTION_SHARING : file->sharing );
}

/* ---- open ---------------------------------------------------------------- */

/* Does a program watch a directory with all that are below it?  wineserver adds each
 * one that it opens to what is watched, so it must open them. */
static inline int nspa_trees_watched( struct nspa_files *files )
{
    return nspa_client_trees_watched( &files->client );
}

/* Open a file in three steps: reserve a handle and publish the open of the
 * inode that the name leads to; open it; keep it if it is that inode.  Published
 * first, because wineserver looks at the table before it unlinks or replaces a
 * file. */

/* Returns the index of the handle, or -1 - enum nspa_reason. */
static inline int32_t nspa_file_reserve( struct nspa_files *files, const struct nspa_open *open, uint32_t access,
                                         uint64_t dev, uint64_t ino )
{
    size_t unix_len = strlen( open->unix_name ) + 1;
    struct nspa_file *file;
    int32_t index, ret;

    if (open->nt_len > sizeof(file->names) || unix_len > sizeof(file->names) - open->nt_len)
        return -1 - NSPA_NAME_TOO_LONG;
    if ((index = nspa_free_pop( files )) < 0) return -1 - NSPA_NO_HANDLE;

    file = &files->file[index];
    file->fd         = -1;
    file->access     = access;
    file->sharing    = open->sharing;
    file->options    = open->options;
    file->attributes = open->attributes;
    file->nt_len     = open->nt_len;
    file->volumes    = nspa_client_volume_epoch( &files->client );
    file->dev        = dev;
    file->ino        = ino;
    memset( &file->section, 0, sizeof(file->section) );
    file->resolved   = NSPA_NAME_UNKNOWN;
    file->direct     = 0;
    memcpy( file->names, open->nt_name, open->nt_len );
    memcpy( file->names + open->nt_len, open->unix_name, unix_len );

    if ((ret = nspa_file_publish( files, file, 0 )) == -1 - NSPA_SERVED) return index;
    nspa_free_push( files, index );
    return ret;
}

/* The open did not come to be.  Nonzero if wineserver must be told that the
 * inode's last local open is gone; not from in here, where Go may be the caller. */
static inline int nspa_file_cancel( struct nspa_files *files, uint32_t index )
{
    struct nspa_file *file = &files->file[index];
    int drained = nspa_file_unpublish( files, file, 0 );

    nspa_free_push( files, index );
    return drained;
}

/* A directory is often opened by a name that ends in a slash or in a symbolic link, of
 * which nspa_resolve_name() could not tell later where it led.  So keep what it leads to. */
static inline void nspa_file_set_name( struct nspa_file *file )
{
    char name[PATH_MAX];
    int deleted;
    size_t len;

    if (!nspa_kernel_name( file->fd, name, &deleted ) || deleted) return;
    len = strlen( name ) + 1;
    if (len <= sizeof(file->names) - file->nt_len) memcpy( file->names + file->nt_len, name, len );
}

/* From here on the handle is open; the fd is the table's. */
static inline uint32_t nspa_file_commit( struct nspa_files *files, uint32_t index, int32_t fd, bool directory )
{
    files->file[index].fd = fd;
    if (directory) nspa_file_set_name( &files->file[index] );
    NSPA_STORE( &files->file[index].state, NSPA_STATE_LOCAL );
    return nspa_handle_of( index, 0 );
}

/* ---- close --------------------------------------------------------------- */

static inline void nspa_file_retract( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    if (nspa_file_unpublish( files, file, kind )) files->host.drained( file->dev, file->ino );
}

/* The state word is FREE already and the entry not yet on the stack. */
static inline void nspa_file_finish_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    files->host.forget_fd( nspa_handle_of( file - files->file, kind ) );
    nspa_file_retract( files, file, kind );
    close( file->fd );
    __atomic_add_fetch( &files->local_closes, 1, __ATOMIC_RELAXED );
    nspa_free_push( files, file - files->file );
}

/* Is closing a handle of this kind wineserver's business?  Not while the entry is
 * pinned: then its descriptor may be on its way there, and must stay open. */
static inline int nspa_state_is_foreign( uint32_t state, uint32_t kind )
{
    if ((state & NSPA_STATE_SECTION) != kind || (state & NSPA_STATE_MASK) == NSPA_STATE_VIEW) return 1;
    if (state & NSPA_STATE_CLOSE) return 1;  /* closed twice */
    if (state >= NSPA_STATE_USER) return 0;
    return (state & NSPA_STATE_MASK) != NSPA_STATE_LOCAL;
}

/* Nonzero if the handle is closed, or will be by the last one to unpin it. */
static inline int nspa_file_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state );

    for (;;)
    {
        uint32_t next = state < NSPA_STATE_USER ? NSPA_STATE_FREE : state | NSPA_STATE_CLOSE;

        if (nspa_state_is_foreign( state, kind )) return 0;
        if (__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ))
        {
            if (next == NSPA_STATE_FREE) nspa_file_finish_close( files, file, kind );
            return 1;
        }
    }
}

/* wineserver has closed the handle.  While somebody has it pinned its value must
 * not be given out again: a promotion on its way would make it wineserver's once
 * more.  So the last to unpin closes it there for good. */
static inline void nspa_file_closed( struct nspa_files *files, struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state ), next;

    do
    {
        if (!nspa_state_is_server( state, kind )) return;
        next = state < NSPA_STATE_USER ? NSPA_STATE_FREE : state | NSPA_STATE_CLOSE;
    } while (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    if (next == NSPA_STATE_FREE) nspa_free_push( files, file - files->file );
}

/* ---- promotion ----------------------------------------------------------- */

/* Keep a local entry of this kind from being closed or forgotten.  Zero if there is none. */
static inline int nspa_file_pin( struct nspa_file *file, uint32_t kind )
{
    uint32_t state = NSPA_LOAD( &file->state );

    do
    {
        if (!nspa_state_is_local( state, kind ) || (state & NSPA_STATE_CLOSE)) return 0;
    } while (!__atomic_compare_exchange_n( &file->state, &state, state + NSPA_STATE_USER, 0,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    return 1;
}

/* Undo nspa_file_pin(); the last one closes what was closed meanwhile. */
static inline void nspa_file_unpin( struct nspa_files *files, struct nspa_file *file )
{
    uint32_t state = NSPA_LOAD( &file->state );
    uint32_t kind = state & NSPA_STATE_SECTION;
    uint32_t handle = nspa_handle_of( file - files->file, kind );
    uint32_t next;
    int fd;

    do
    {
        next = state - NSPA_STATE_USER;
        if (next < NSPA_STATE_USER && (next & NSPA_STATE_CLOSE)) next = NSPA_STATE_FREE;
    } while (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ));
    if (next != NSPA_STATE_FREE) return;

    if ((state & NSPA_STATE_MASK) == NSPA_STATE_SERVER)
    {
        fd = files->host.forget_fd( handle );
        if (files->host.close_handle( handle ) != NSPA_HANDLE_NOT_CLOSABLE)
            nspa_free_push( files, file - files->file );
        else NSPA_STORE( &file->state, NSPA_STATE_SERVER | kind );  /* protected: it stays */
        if (fd != -1) close( fd );
    }
    else nspa_file_finish_close( files, file, kind );
}

/* What the server call made of a pinned file.  wineserver takes a second
 * promotion of the same handle for done, so promoters need not wait for each
 * other; the first to come back moves the share contribution.  Its pin goes
 * last: without it the entry could be closed and used anew before that. */
static inline void nspa_file_promote_end( struct nspa_files *files, struct nspa_file *file, int32_t status )
{
    uint32_t state = NSPA_LOAD( &file->state );

    while (status >= 0 && (state & NSPA_STATE_MASK) == NSPA_STATE_LOCAL)
    {
        uint32_t next = (state & ~NSPA_STATE_MASK) | NSPA_STATE_SERVER;

        if (!__atomic_compare_exchange_n( &file->state, &state, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE )) continue;
        nspa_file_retract( files, file, state & NSPA_STATE_SECTION );
        __atomic_add_fetch( &files->promotions, 1, __ATOMIC_RELAXED );
        break;
    }
    nspa_file_unpin( files, file );
}

/* What the host must know of a pinned entry. */
static inline void nspa_file_describe( struct nspa_files *files, struct nspa_file *file,
                                       struct nspa_promotion *promotion )
{
    promotion->handle     = nspa_handle_of( file - files->file, NSPA_LOAD( &file->state ) & NSPA_STATE_SECTION );
    promotion->fd         = file->fd;
    promotion->access     = file->access;
    promotion->sharing    = file->sharing;
    promotion->options    = file->options;
    promotion->attributes = file->attributes;
    promotion->nt_name    = (const uint16_t *)file->names;
    promotion->nt_len     = file->nt_len;
    promotion->unix_name  = (const char *)file->names + file->nt_len;
    promotion->section    = file->section;
}

/* The resolved Unix name of a pinned entry, for nspa_release_name(), or NULL.  What is
 * found first is kept, if it fits behind the other names, as wineserver keeps what it
 * found at the open: files and links that come and go later do not change it. */
static inline const char *nspa_file_name( struct nspa_files *files, struct nspa_file *file )
{
    const char *unix_name = (const char *)file->names + file->nt_len;
    uint32_t resolved = NSPA_LOAD( &file->resolved ), drives = nspa_client_volume_epoch( &files->client );
    char *name = NULL;
    size_t at, len;

    if (resolved != NSPA_NAME_UNKNOWN && resolved != NSPA_NAME_BUSY) return (const char *)file->names + resolved;
    if (file->direct && drives == file->volumes) name = nspa_way_name( &files->way, unix_name, drives, file->direct );
    if (!name && !(name = nspa_resolve_name( unix_name, file->fd, file->dev, file->ino, drives,
                                             drives != file->volumes, file->direct ? &files->way : NULL ))) return NULL;
    at  = file->nt_len + strlen( unix_name ) + 1;
    len = strlen( name ) + 1;
    /* whoever comes second has found a name as well */
    if (resolved == NSPA_NAME_UNKNOWN && len <= sizeof(file->names) - at &&
        __atomic_compare_exchange_n( &file->resolved, &resolved, NSPA_NAME_BUSY, 0,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED ))
    {
        memcpy( file->names + at, name, len );
        NSPA_STORE( &file->resolved, at );
    }
    return name;
}

static inline uint32_t nspa_name_epoch( struct nspa_files *files )
{
    return nspa_client_name_epoch( &files->client );
}

/* Does the name of a pinned entry still lead to the file, as far as we know? */
static inline int nspa_file_is_in_place( struct nspa_files *files, const struct nspa_file *file )
{
    return file->direct && file->direct == (uint32_t)time( NULL ) && file->name_epoch == nspa_name_epoch( files );
}

static inline void nspa_release_name( const struct nspa_file *file, const char *name )
{
    if (name < (const char *)file->names || name >= (const char *)(file + 1)) free( (char *)name );
}

/* Describe a pinned entry to wineserver, which must not take another file's name
 * for its own; nspa_describe_end() follows. */
static inline void nspa_file_describe_resolved( struct nspa_files *files, struct nspa_file *file,
                                                struct nspa_promotion *promotion )
{
    const char *name = nspa_file_name( files, file );

    nspa_file_describe( files, file, promotion );
    if (name) promotion->unix_name = name;
}

static inline void nspa_describe_end( struct nspa_files *files, struct nspa_promotion *promotion )
{
    nspa_release_name( nspa_file_of( files, promotion->handle ), promotion->unix_name );
}

/* Files on their way to wineserver. */
struct nspa_batch
{
    struct nspa_promotion promotion[NSPA_PROMOTE_MAX];
    uint32_t              count;
    uint32_t              promoted;
};

/* Hand them over, each under its handle. */
static inline void nspa_batch_flush( struct nspa_files *files, struct nspa_batch *batch )
{
    int32_t status[NSPA_PROMOTE_MAX];
    uint32_t i;

    if (batch->count == 1) status[0] = files->host.promote( batch->promotion );
    else if (batch->count) files->host.promote_many( batch->promotion, batch->count, status );
    for (i = 0; i < batch->count; i++)
    {
        nspa_describe_end( files, &batch->promotion[i] );
        nspa_file_promote_end( files, nspa_file_of( files, batch->promotion[i].handle ), status[i] );
        if (status[i] >= 0) batch->promoted++;
    }
    batch->count = 0;
}

/* Sections go one by one, since only files are ever many. */
static inline void nspa_batch_add( struct nspa_files *files, struct nspa_batch *batch, struct nspa_file *file,
                                   uint32_t kind )
{
    struct nspa_promotion section;
    int32_t status;

    if (!nspa_file_pin( file, kind )) return;
    if (kind)
    {
        nspa_file_describe_resolved( files, file, &section );
        status = files->host.promote( &section );
        nspa_describe_end( files, &section );
        nspa_file_promote_end( files, file, status );
        if (status >= 0) batch->promoted++;
        return;
    }
    nspa_file_describe_resolved( files, file, &batch->promotion[batch->count++] );
    if (batch->count == NSPA_PROMOTE_MAX) nspa_batch_flush( files, batch );
}

/* ---- sections -------------------------------------------------------------- */

/* Make an entry for a section of a file, or for a view of a section, which is
 * pinned: its index, or -1.  It is published but nobody knows it yet. */
static inline int32_t nspa_section_reserve( struct nspa_files *files, const struct nspa_file *from,
                                            const struct nspa_section *section )
{
    int32_t index = nspa_free_pop( files );
    struct nspa_file *file;
    size_t len;

    if (index < 0) return -1;
    file = &files->file[index];
    len = from->nt_len + strlen( (const char *)from->names + from->nt_len ) + 1;
    file->fd         = -1;
    file->access     = from->access;
    file->sharing    = from->sharing;
    file->options    = from->options;
    file->attributes = 0;
    file->nt_len     = from->nt_len;
    file->volumes    = from->volumes;
    file->dev        = from->dev;
    file->ino        = from->ino;
    file->section    = *section;
    file->resolved   = NSPA_NAME_UNKNOWN;
    file->direct     = 0;
    memcpy( file->names, from->names, len );
    if (nspa_file_publish( files, file, NSPA_STATE_SECTION ) == -1 - NSPA_SERVED) return index;
    nspa_free_push( files, index );
    return -1;
}

/* Undo that, when no view or section came of it or the view is gone. */
static inline void nspa_section_release( struct nspa_files *files, struct nspa_file *file )
{
    nspa_file_retract( files, file, NSPA_STATE_SECTION );
    nspa_free_push( files, file - files->file );
}

#endif  /* __NSPA_TABLE_H */
