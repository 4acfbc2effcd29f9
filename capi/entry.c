/*
 * libnspa: the exported functions for local files
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
 */

#include <sched.h>

#include "../core/known.h"
#include "entry.h"
#include "files.h"

#define OBJ_INHERIT                2  /* ntdef.h */

#define STATUS_SUCCESS             0
#define STATUS_INVALID_PARAMETER   ((int32_t)0xc000000d)
#define STATUS_REVISION_MISMATCH   ((int32_t)0xc0000059)
#define STATUS_NOT_SUPPORTED       ((int32_t)0xc00000bb)
#define STATUS_ALREADY_INITIALIZED ((int32_t)0xc0000510)

/* Go, in exports.go */
extern int32_t nspaGoInit( const struct nspa_init *init, struct nspa_files **files, char *line, size_t size );
extern uint32_t nspaGoVersion(void);
extern uint32_t nspaGoOpen( const struct nspa_open *open, struct nspa_opened *opened, struct nspa_inode *drained );
extern void nspaGoStats( uint64_t *opens, uint32_t count );

static struct nspa_files *files;   /* set once, by nspa_init() */

__attribute__((visibility("hidden"))) int nspa_stack_bounds( const void *sp, void **low, size_t *size );

uint32_t nspa_version(void)
{
    uint64_t mask = nspa_enter();
    uint32_t version = nspaGoVersion();

    nspa_leave( mask );
    return version;
}

/* The host knows the stacks it runs us on; before nspa_init() nobody does. */
static int (*host_stack_bounds)( const void *sp, void **low, size_t *size );

int nspa_stack_bounds( const void *sp, void **low, size_t *size )
{
    int (*bounds)( const void *, void **, size_t * ) = __atomic_load_n( &host_stack_bounds, __ATOMIC_ACQUIRE );

    return bounds && bounds( sp, low, size );
}

static void warn( const struct nspa_init *init, const char *line )
{
    if (init->host.warn) init->host.warn( line );
}

int32_t nspa_init( const struct nspa_init *init )
{
    static int busy;
    struct nspa_files *new_files = NULL;
    char line[256] = "nspa: internal error; files are opened by wineserver";
    uint64_t mask;
    int32_t status;

    if (!init) return STATUS_INVALID_PARAMETER;
    if (init->size != sizeof(*init) || init->abi != NSPA_ABI_VERSION) return STATUS_REVISION_MISMATCH;
    if (!init->host.forget_fd || !init->host.promote || !init->host.promote_many ||
        !init->host.close_handle || !init->host.drained || !init->host.stack_bounds ||
        !init->host.hold_signals != !init->host.release_signals ||
        (init->inherited_count && !init->inherited) ||
        init->inherited_count > NSPA_LF_HANDLE_CAP)
    {
        warn( init, "nspa: the host gave invalid arguments; files are opened by wineserver" );
        return STATUS_INVALID_PARAMETER;
    }

    mask = nspa_enter();
    if (__atomic_exchange_n( &busy, 1, __ATOMIC_ACQ_REL )) status = STATUS_ALREADY_INITIALIZED;
    else
    {
        __atomic_store_n( &host_stack_bounds, init->host.stack_bounds, __ATOMIC_RELEASE );
        if (!(status = nspaGoInit( init, &new_files, line, sizeof(line) )))
            __atomic_store_n( &files, new_files, __ATOMIC_RELEASE );
        else
        {
            warn( init, line );
            __atomic_store_n( &busy, 0, __ATOMIC_RELEASE );
        }
    }
    nspa_leave( mask );
    return status;
}

struct nspa_files *nspa_get_files(void)
{
    return __atomic_load_n( &files, __ATOMIC_ACQUIRE );
}

int nspa_local_file_is_local_handle( uint64_t handle )
{
    return nspa_is_local_handle( handle );
}

/* Go takes a lock that any thread may hold unboosted on every entry, so a
 * thread that is not to wait for others stays outside. */
static int is_realtime(void)
{
    int policy = sched_getscheduler( 0 ) & ~SCHED_RESET_ON_FORK;

    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int is_open_sound( const struct nspa_files *table, const struct nspa_open *open, struct nspa_opened *opened )
{
    if (!opened) return 0;
    memset( opened, 0, sizeof(*opened) );
    opened->fd = -1;
    opened->reason = !open || !open->unix_name || !open->nt_name ? NSPA_BAD_REQUEST :
                     !table ? NSPA_NOT_ATTACHED : NSPA_SERVED;
    return opened->reason == NSPA_SERVED;
}

/* Open in C what is known by this hash. */
static uint32_t open_known( struct nspa_files *table, const struct nspa_open *open, uint64_t hash,
                            struct nspa_opened *opened, struct nspa_known **entry )
{
    struct nspa_inode drained = { 0, 0 };
    struct nspa_known known;
    uint64_t mask;
    uint32_t reason;

    if (!hash || NSPA_LOAD( &table->disabled )) return NSPA_NOT_KNOWN;
    if (!(*entry = nspa_known_find( table, open, hash, &known ))) return NSPA_NOT_KNOWN;
    mask = nspa_hold( &table->host );
    reason = nspa_file_open_known( table, open, &known, opened, &drained );
    /* only now, because the request may end the thread */
    if (drained.ino) table->host.drained( drained.dev, drained.ino );
    nspa_release( &table->host, mask );
    return reason;
}

static uint32_t open_in_go( struct nspa_files *table, const struct nspa_open *open, struct nspa_opened *opened )
{
    struct nspa_inode drained = { 0, 0 };
    uint32_t reason;
    uint64_t mask;

    if (is_realtime()) return NSPA_REALTIME;
    mask = nspa_enter();
    reason = nspaGoOpen( open, opened, &drained );
    if (drained.ino) table->host.drained( drained.dev, drained.ino );
    nspa_leave( mask );
    if (reason == NSPA_PANIC) NSPA_STORE( &table->disabled, 1 );
    return reason;
}

static void make_known( struct nspa_files *table, const struct nspa_open *open, uint64_t hash,
                        const struct nspa_opened *opened )
{
    nspa_known_add( table, open, hash, nspa_known_granted( opened->access, open->mode ), open->dev );
}

int32_t nspa_local_file_try_bypass( const struct nspa_open *open, struct nspa_opened *opened )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_known *entry;
    uint64_t device;

    if (!is_open_sound( table, open, opened )) return STATUS_NOT_SUPPORTED;
    device = nspa_device_hash( open );
    if ((opened->reason = open_known( table, open, device, opened, &entry )) == NSPA_NOT_KNOWN)
    {
        opened->reason = open_in_go( table, open, opened );
        if (opened->reason == NSPA_SERVED && device) make_known( table, open, device, opened );
    }
    if (opened->reason != NSPA_SERVED) return STATUS_NOT_SUPPORTED;
    if (device) make_known( table, open, nspa_name_hash( open->unix_name ), opened );
    return STATUS_SUCCESS;
}

/* Open in C what a listing or the caller has seen. */
static uint32_t open_seen( struct nspa_files *table, const struct nspa_open *open, uint64_t name,
                           struct nspa_opened *opened )
{
    struct nspa_open found = *open;
    struct nspa_known *entry;
    uint32_t reason;

    if (!(open->flags & NSPA_OPEN_HAS_STAT) && !nspa_listed_find( table, name, &found )) return NSPA_NOT_KNOWN;
    reason = open_known( table, &found, nspa_device_hash( &found ), opened, &entry );
    if (reason == NSPA_SERVED) make_known( table, &found, name, opened );
    else if (reason == NSPA_CHANGED || reason == NSPA_UNIX_ERROR) nspa_listed_drop( table, name );
    return reason;
}

int32_t nspa_local_file_reopen( const struct nspa_open *open, struct nspa_opened *opened )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_known *entry;
    uint64_t name;

    if (!is_open_sound( table, open, opened )) return STATUS_NOT_SUPPORTED;
    name = nspa_name_hash( open->unix_name );
    opened->reason = open_known( table, open, name, opened, &entry );
    if (opened->reason == NSPA_NOT_KNOWN) opened->reason = open_seen( table, open, name, opened );
    else if (opened->reason == NSPA_CHANGED || opened->reason == NSPA_UNIX_ERROR) nspa_known_drop( entry );
    return opened->reason == NSPA_SERVED ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

void nspa_local_file_listed( const char *unix_name, uint32_t mode, uint64_t dev )
{
    struct nspa_files *table = nspa_get_files();

    if (table && unix_name) nspa_listed_add( table, nspa_name_hash( unix_name ), mode, dev );
}

uint64_t nspa_promote_if_local( uint64_t handle )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );
    struct nspa_batch batch;
    uint64_t mask;

    /* most handles in the range are wineserver's by the second call */
    if (!file || !nspa_state_is_local( NSPA_LOAD( &file->state ), nspa_kind_of( handle ))) return handle;
    mask = nspa_enter();
    batch.count = batch.promoted = 0;
    nspa_batch_add( table, &batch, file, nspa_kind_of( handle ));
    nspa_batch_flush( table, &batch );
    nspa_leave( mask );
    return handle;
}

uint32_t nspa_local_file_promote_inheritable(void)
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_batch batch;
    uint32_t i, len;
    uint64_t mask;

    if (!table) return 0;
    mask = nspa_enter();
    batch.count = batch.promoted = 0;
    len = nspa_files_end( table );
    for (i = 0; i < len; i++)
    {
        struct nspa_file *file = &table->file[i];

        if (NSPA_LOAD( &file->attributes ) & OBJ_INHERIT) nspa_batch_add( table, &batch, file, 0 );
    }
    nspa_batch_flush( table, &batch );
    nspa_leave( mask );
    return batch.promoted;
}

uint32_t nspa_local_file_promote_handles( const uint64_t *handles, uint32_t count )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_batch batch;
    uint64_t mask;
    uint32_t i;

    if (!table || !handles) return 0;
    mask = nspa_enter();
    batch.count = batch.promoted = 0;
    for (i = 0; i < count; i++)
    {
        struct nspa_file *file = nspa_file_of( table, handles[i] );

        if (file) nspa_batch_add( table, &batch, file, nspa_kind_of( handles[i] ));
    }
    nspa_batch_flush( table, &batch );
    nspa_leave( mask );
    return batch.promoted;
}

int32_t nspa_local_file_pin( uint64_t handle, struct nspa_promotion *file )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *entry = nspa_file_of( table, handle );

    if (!entry || !file || !nspa_is_local_file( handle ) || !nspa_file_pin( entry, 0 )) return STATUS_NOT_SUPPORTED;
    nspa_file_describe( table, entry, file );
    return STATUS_SUCCESS;
}

void nspa_local_file_unpin( uint64_t handle )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );
    uint32_t state = file ? NSPA_LOAD( &file->state ) : 0;
    uint64_t mask;

    if (state < NSPA_STATE_USER || (state & NSPA_STATE_SECTION) != nspa_kind_of( handle )) return;
    mask = nspa_hold( &table->host );
    nspa_file_unpin( table, file );
    nspa_release( &table->host, mask );
}

int32_t nspa_local_file_close( uint64_t handle )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );
    uint64_t mask;
    int closed;

    if (!file || nspa_state_is_foreign( NSPA_LOAD( &file->state ), nspa_kind_of( handle ))) return STATUS_NOT_SUPPORTED;
    mask = nspa_hold( &table->host );
    closed = nspa_file_close( table, file, nspa_kind_of( handle ));
    nspa_release( &table->host, mask );
    return closed ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

void nspa_local_file_closed( uint64_t handle )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );

    if (file) nspa_file_closed( table, file, nspa_kind_of( handle ));
}

void nspa_get_stats( struct nspa_stats *stats, size_t size )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_stats all;
    uint64_t mask;

    if (!stats) return;
    memset( &all, 0, sizeof(all) );
    if (table)
    {
        mask = nspa_enter();
        nspaGoStats( all.opens, NSPA_REASON_COUNT );
        nspa_leave( mask );
        all.opens[NSPA_SERVED] += __atomic_load_n( &table->reopens, __ATOMIC_RELAXED );
        all.promotions   = __atomic_load_n( &table->promotions, __ATOMIC_RELAXED );
        all.local_closes = __atomic_load_n( &table->local_closes, __ATOMIC_RELAXED );
        all.handles      = __atomic_load_n( &table->used, __ATOMIC_RELAXED );
    }
    memcpy( stats, &all, size < sizeof(all) ? size : sizeof(all) );
}
