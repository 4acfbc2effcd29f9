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

#define _GNU_SOURCE
#include <sys/mman.h>

#include "private.h"

/* Buckets that a sweep recounts itself.  Others wait for whoever comes next, so
 * that what a hostile process left behind costs a bounded time. */
#define SWEEP_REBUILDS 4

struct nspa_process nspa_processes[NSPA_MAX_PROCESSES];
static uint32_t generation;

/* Whatever was written anywhere in the journal: it is all zero afterwards, and
 * takes no memory. */
static void clear_journal( struct nspa_journal *journal )
{
    if (madvise( journal, sizeof(*journal), MADV_REMOVE )) memset( journal, 0, sizeof(*journal) );
}

NSPA_EXPORT int nspa_server_attach( uint32_t id, uint64_t *owner )
{
    unsigned int i, free_index = NSPA_MAX_PROCESSES;

    if (!nspa_table || !id) return -1;
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        if (!nspa_processes[i].in_use)
        {
            if (free_index == NSPA_MAX_PROCESSES) free_index = i;
        }
        else if (nspa_processes[i].id == id && !nspa_processes[i].retired)
        {
            *owner = nspa_processes[i].owner;
            return i;
        }
    }
    if (free_index == NSPA_MAX_PROCESSES) return -1;

    clear_journal( &nspa_table->journal[free_index] );
    if (!++generation) generation = 1;
    *owner = (uint64_t)generation << 32 | id;
    NSPA_STORE( &nspa_table->journal[free_index].owner, *owner );
    nspa_processes[free_index].owner   = *owner;
    nspa_processes[free_index].id      = id;
    nspa_processes[free_index].retired = 0;
    nspa_processes[free_index].in_use  = 1;
    return free_index;
}

/* Take back one entry.  Returns its bucket if that needs a recount now. */
static struct nspa_bucket *take_back( struct nspa_journal_entry *entry )
{
    struct nspa_journal_entry copy;
    struct nspa_bucket *bucket;
    struct nspa_slot *slot = NULL;
    uint32_t state = NSPA_ENTRY_HELD;
    int locked, recount = 0;

    if (nspa_entry_read( entry, &copy ) == NSPA_ENTRY_FREE) return NULL;
    bucket = nspa_bucket_of( nspa_table, copy.dev, copy.ino );
    /* not waited for: its owner may be a thread of this very process */
    locked = nspa_bucket_lock( bucket, 0 );
    if (locked && !(NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_REBUILD))
        slot = nspa_slot_find( bucket, copy.dev, copy.ino, NULL );
    if (slot && __atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_FREE, 0,
                                             __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST ))
        nspa_share_change( &slot->clients, copy.access, copy.sharing, 0 );
    else
    {
        __atomic_store_n( &entry->state, NSPA_ENTRY_FREE, __ATOMIC_SEQ_CST );
        nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
        recount = 1;
    }
    if (locked) nspa_bucket_unlock( bucket );
    return recount ? bucket : NULL;
}

/* Take back every entry.  Threads of the process may still run: they find the
 * entry gone when they commit it or close it. */
static void sweep( struct nspa_journal *journal )
{
    struct nspa_bucket *bucket, *rebuild[SWEEP_REBUILDS];
    unsigned int i, j, count = 0, len = nspa_journal_length( journal );

    for (i = 0; i < len; i++)
    {
        if (!(bucket = take_back( &journal->entries[i] )) || count == SWEEP_REBUILDS) continue;
        for (j = 0; j < count && rebuild[j] != bucket; j++) /* nothing */;
        if (j == count) rebuild[count++] = bucket;
    }
    for (i = 0; i < count; i++)
    {
        if (!nspa_bucket_lock( rebuild[i], 0 )) continue;
        nspa_bucket_rebuild( rebuild[i] );
        nspa_bucket_leave( rebuild[i], 0 );
    }
}

NSPA_EXPORT void nspa_server_retire( int journal )
{
    if (!nspa_table || journal < 0 || journal >= NSPA_MAX_PROCESSES) return;
    if (!nspa_processes[journal].in_use) return;
    nspa_processes[journal].retired = 1;
    NSPA_STORE( &nspa_table->journal[journal].owner, 0 );
    NSPA_FENCE();
    sweep( &nspa_table->journal[journal] );
}

NSPA_EXPORT void nspa_server_release( int journal )
{
    if (!nspa_table || journal < 0 || journal >= NSPA_MAX_PROCESSES) return;
    if (!nspa_processes[journal].in_use) return;
    nspa_server_retire( journal );
    clear_journal( &nspa_table->journal[journal] );
    nspa_processes[journal].in_use = 0;
}
