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

#include "private.h"

struct nspa_process nspa_processes[NSPA_MAX_PROCESSES];
static uint32_t generation;

NSPA_EXPORT int nspa_server_attach( uint32_t id, uint64_t *owner )
{
    struct nspa_journal *journal;
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
            *owner = NSPA_LOAD( &nspa_table->journal[i].owner );
            return i;
        }
    }
    if (free_index == NSPA_MAX_PROCESSES) return -1;

    journal = &nspa_table->journal[free_index];
    memset( journal->entries, 0, nspa_journal_length( journal ) * sizeof(journal->entries[0]) );
    NSPA_STORE( &journal->high_water, 0 );
    if (!++generation) generation = 1;
    *owner = (uint64_t)generation << 32 | id;
    NSPA_STORE( &journal->owner, *owner );
    nspa_processes[free_index].id      = id;
    nspa_processes[free_index].retired = 0;
    nspa_processes[free_index].in_use  = 1;
    return free_index;
}

/* Take back every entry.  The journal still counts while this runs, so that a
 * recount in the middle agrees with what is left to take back. */
static void sweep( struct nspa_journal *journal )
{
    unsigned int i, len = nspa_journal_length( journal );

    for (i = 0; i < len; i++)
    {
        struct nspa_journal_entry *entry = &journal->entries[i];
        struct nspa_bucket *bucket;
        struct nspa_slot *slot;
        uint64_t dev, ino;
        int entered;

        if (NSPA_LOAD( &entry->state ) == NSPA_ENTRY_FREE) continue;
        dev = NSPA_LOAD( &entry->dev );
        ino = NSPA_LOAD( &entry->ino );
        bucket = nspa_bucket_of( nspa_table, dev, ino );
        entered = nspa_bucket_enter( bucket );
        slot = nspa_slot_find( bucket, dev, ino, NULL );
        if (entered && slot && NSPA_LOAD( &entry->state ) == NSPA_ENTRY_HELD)
        {
            nspa_share_change( &slot->clients, NSPA_LOAD( &entry->access ), NSPA_LOAD( &entry->sharing ), 0 );
            NSPA_STORE( &entry->state, NSPA_ENTRY_FREE );
        }
        else  /* died on its way in or out */
        {
            NSPA_STORE( &entry->state, NSPA_ENTRY_FREE );
            NSPA_FENCE();
            nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
        }
        if (entered) nspa_bucket_leave( bucket );
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
    nspa_processes[journal].in_use = 0;
}
