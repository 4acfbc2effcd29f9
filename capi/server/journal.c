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

void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum )
{
    struct nspa_journal_entry copy;
    unsigned int i, j, len;
    uint32_t state;

    memset( sum, 0, sizeof(*sum) );
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &nspa_table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0, len = nspa_journal_length( journal ); j < len; j++)
        {
            struct nspa_journal_entry *entry = &journal->entries[j];

            if ((state = nspa_entry_read( entry, &copy )) == NSPA_ENTRY_FREE) continue;
            if (copy.dev != dev || copy.ino != ino) continue;
            if (abort && state == NSPA_ENTRY_PENDING) state = abort_entry( entry, &copy );
            if (state == NSPA_ENTRY_HELD) nspa_share_change( sum, copy.access, copy.sharing, 1 );
        }
    }
}

uint32_t nspa_journals_count( uint64_t dev )
{
    struct nspa_journal_entry copy;
    unsigned int i, j, len, count = 0;

    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &nspa_table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0, len = nspa_journal_length( journal ); j < len; j++)
            if (nspa_entry_read( &journal->entries[j], &copy ) == NSPA_ENTRY_HELD && copy.dev == dev) count++;
    }
    return count;
}
