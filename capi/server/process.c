/*
 * libnspa_server: processes and their journals
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

#include <stdlib.h>
#include <sys/mman.h>

#include "private.h"

/* Buckets that a sweep recounts itself.  Others wait for whoever comes next, so
 * that what a hostile process left behind costs a bounded time. */
#define SWEEP_REBUILDS 4

#define ID_HASH 1024

struct nspa_process **nspa_processes;
uint32_t nspa_process_count;

static struct nspa_process *by_id[ID_HASH];
static uint32_t capacity;
static uint32_t generation;

static struct nspa_process **find_process( uint32_t id )
{
    struct nspa_process **prev;

    for (prev = &by_id[id / 4 % ID_HASH]; *prev; prev = &(*prev)->next) if ((*prev)->id == id) break;
    return prev;
}

static int make_room(void)
{
    uint32_t more = capacity ? 2 * capacity : 64;
    struct nspa_process **list;

    if (nspa_process_count < capacity) return 1;
    if (!(list = realloc( nspa_processes, more * sizeof(*list) ))) return 0;
    nspa_processes = list;
    capacity = more;
    return 1;
}

NSPA_EXPORT int nspa_server_attach( uint32_t id, uint64_t *owner )
{
    struct nspa_process **found, *process;
    void *memory;

    errno = EINVAL;
    if (!nspa_table || !id) return -1;
    if ((process = *(found = find_process( id ))))
    {
        errno = EBUSY;
        if (process->retired) return -1;
        *owner = process->owner;
        return process->fd;
    }
    errno = ENOMEM;
    if (!make_room() || !(process = calloc( 1, sizeof(*process) ))) return -1;
    if ((process->fd = nspa_create_memory( "wine_nspa_journal", sizeof(struct nspa_journal), &memory )) == -1)
    {
        free( process );
        return -1;
    }
    if (!++generation) generation = 1;
    process->journal = memory;
    process->owner   = (uint64_t)generation << 32 | id;
    process->id      = id;
    process->place   = nspa_process_count;
    NSPA_STORE( &process->journal->owner, process->owner );
    nspa_processes[nspa_process_count++] = process;
    *found = process;
    *owner = process->owner;
    return process->fd;
}

/* Take back one entry.  Returns its bucket if that needs a recount now, else -1. */
static int take_back( struct nspa_journal_entry *entry, const struct nspa_journal_entry *copy )
{
    uint32_t hash = nspa_hash( copy->dev, copy->ino ), state = NSPA_ENTRY_HELD;
    struct nspa_slot slot;
    int locked, number = NSPA_SLOT_NONE, recount = 0;

    /* not waited for: its owner may be a thread of this very process */
    locked = nspa_bucket_lock( hash, 0 );
    if (locked && nspa_bucket_is_clean( nspa_control, nspa_table, hash ))
        number = nspa_slot_find( nspa_control, nspa_table, hash, copy->dev, copy->ino, &slot, NULL );
    if (number >= 0 && __atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_FREE, 0,
                                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST ))
    {
        nspa_share_change( &slot.clients, copy->access, copy->sharing, 0 );
        nspa_slot_write( nspa_control, nspa_table, hash, number, &slot );
    }
    else
    {
        __atomic_store_n( &entry->state, NSPA_ENTRY_FREE, __ATOMIC_SEQ_CST );
        nspa_bucket_spoil( nspa_table, hash );
        recount = 1;
    }
    if (locked) nspa_bucket_unlock( hash );
    return recount ? (int)hash : -1;
}

static void recount( const int *hash, unsigned int count )
{
    unsigned int i;

    for (i = 0; i < count; i++)
    {
        if (!nspa_bucket_lock( hash[i], 0 )) continue;
        nspa_bucket_rebuild( hash[i] );
        nspa_bucket_leave( hash[i] );
    }
}

/* Inodes that the process had open and that are waited for. */
static struct
{
    uint64_t dev, ino;
} waited_for[NSPA_HANDLE_CAP];

/* Take back every entry.  Threads of the process may still run: they find the
 * entry gone when they commit it or close it.  Returns how many inodes it had that are
 * waited for. */
static unsigned int sweep( struct nspa_journal *journal )
{
    unsigned int i, j, count = 0, waits = 0, len = nspa_journal_length( journal );
    int hash, rebuild[SWEEP_REBUILDS];

    for (i = 0; i < len; i++)
    {
        struct nspa_journal_entry copy, *entry = &journal->entries[i];

        if (nspa_entry_read( entry, &copy ) == NSPA_ENTRY_FREE) continue;
        if (nspa_is_watched( copy.dev, copy.ino ))
        {
            waited_for[waits].dev   = copy.dev;
            waited_for[waits++].ino = copy.ino;
        }
        if (copy.state == NSPA_ENTRY_CLOSED) __atomic_store_n( &entry->state, NSPA_ENTRY_FREE, __ATOMIC_SEQ_CST );
        else if ((hash = take_back( entry, &copy )) != -1 && count < SWEEP_REBUILDS)
        {
            for (j = 0; j < count && rebuild[j] != hash; j++) /* nothing */;
            if (j == count) rebuild[count++] = hash;
        }
    }
    recount( rebuild, count );
    return waits;
}

static void retire( struct nspa_process *process, void (*drained)( uint64_t dev, uint64_t ino ) )
{
    unsigned int i, waits;

    process->retired = 1;
    NSPA_STORE( &process->journal->owner, 0 );
    NSPA_FENCE();
    waits = sweep( process->journal );
    if (drained) for (i = 0; i < waits; i++) drained( waited_for[i].dev, waited_for[i].ino );
}

NSPA_EXPORT void nspa_server_retire( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) )
{
    struct nspa_process *process = *find_process( id );

    if (process) retire( process, drained );
}

NSPA_EXPORT void nspa_server_release( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) )
{
    struct nspa_process **prev = find_process( id ), *process = *prev;

    if (!process) return;
    retire( process, drained );
    *prev = process->next;
    nspa_processes[process->place] = nspa_processes[--nspa_process_count];
    nspa_processes[process->place]->place = process->place;
    munmap( process->journal, sizeof(*process->journal) );
    close( process->fd );
    free( process );
}
