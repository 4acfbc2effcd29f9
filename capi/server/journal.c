/*
 * libnspa_server: reading the journals
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

uint32_t nspa_journal_length( const struct nspa_journal *journal )
{
    uint32_t len = NSPA_LOAD( &journal->high_water );

    return len < NSPA_HANDLE_CAP ? len : NSPA_HANDLE_CAP;
}

uint32_t nspa_entry_read( const struct nspa_journal_entry *entry, struct nspa_journal_entry *copy )
{
    int tries;

    if ((copy->state = NSPA_LOAD( &entry->state )) == NSPA_ENTRY_FREE) return NSPA_ENTRY_FREE;
    /* once is the rule, twice if the entry was used again meanwhile; a process
     * that makes it more often does not keep to the rules */
    for (tries = 0; tries < 100; tries++)
    {
        copy->seq     = NSPA_LOAD( &entry->seq );
        copy->state   = NSPA_LOAD( &entry->state );
        copy->dev     = NSPA_LOAD( &entry->dev );
        copy->ino     = NSPA_LOAD( &entry->ino );
        copy->access  = NSPA_LOAD( &entry->access );
        copy->sharing = NSPA_LOAD( &entry->sharing );
        if (NSPA_LOAD( &entry->seq ) == copy->seq) return copy->state;
    }
    return copy->state = NSPA_ENTRY_FREE;
}

/* Abort an announcement.  Returns the state that its process will find, FREE if
 * the entry is another open by now: that one sees POISON. */
static uint32_t abort_entry( struct nspa_journal_entry *entry, const struct nspa_journal_entry *copy )
{
    uint32_t state = NSPA_ENTRY_PENDING;

    if (__atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_ABORTED, 0,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST )) return NSPA_ENTRY_ABORTED;
    return NSPA_LOAD( &entry->seq ) == copy->seq ? state : NSPA_ENTRY_FREE;
}

/* One group is copied out at a time: most are empty. */
int nspa_walk_next( const struct nspa_journal *journal, struct nspa_walk *walk )
{
    uint32_t first = walk->hash % NSPA_GROUPS, index;

    for (;;)
    {
        if (walk->next % NSPA_GROUP_CELLS == 0)
        {
            uint32_t group = (first + walk->groups) % NSPA_GROUPS;

            if (walk->groups == NSPA_GROUPS || (walk->groups && !NSPA_LOAD( &journal->spill[(group + NSPA_GROUPS - 1) % NSPA_GROUPS] )))
                return -1;
            memcpy( walk->cell, journal->cell[group], sizeof(walk->cell) );
            __asm__ __volatile__( "" ::: "memory" );
            walk->groups++;
        }
        walk->found = walk->cell[walk->next++ % NSPA_GROUP_CELLS];
        index = walk->found & NSPA_CELL_INDEX;
        if (index && index <= NSPA_HANDLE_CAP) return index - 1;
    }
}

void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum )
{
    struct nspa_journal_entry copy;
    uint32_t i, state;
    int index;

    memset( sum, 0, sizeof(*sum) );
    for (i = 0; i < nspa_process_count; i++)
    {
        struct nspa_journal *journal = nspa_processes[i]->journal;
        struct nspa_walk walk = { .hash = nspa_hash( dev, ino ) };

        while ((index = nspa_walk_next( journal, &walk )) >= 0)
        {
            struct nspa_journal_entry *entry = &journal->entries[index];

            if ((state = nspa_entry_read( entry, &copy )) == NSPA_ENTRY_FREE) continue;
            if (copy.dev != dev || copy.ino != ino) continue;
            if (abort && state == NSPA_ENTRY_PENDING) state = abort_entry( entry, &copy );
            if (state == NSPA_ENTRY_HELD) nspa_share_change( sum, copy.access, copy.sharing, 1 );
        }
    }
}

int nspa_bucket_claimed( uint32_t hash )
{
    uint32_t i;
    int index;

    for (i = 0; i < nspa_process_count; i++)
    {
        struct nspa_journal *journal = nspa_processes[i]->journal;
        struct nspa_walk walk = { .hash = hash };

        while ((index = nspa_walk_next( journal, &walk )) >= 0)
        {
            const struct nspa_journal_entry *entry = &journal->entries[index];

            if ((walk.found & NSPA_CELL_CLAIM) &&
                nspa_hash( NSPA_LOAD( &entry->dev ), NSPA_LOAD( &entry->ino )) == hash) return 1;
        }
    }
    return 0;
}
