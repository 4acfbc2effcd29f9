/*
 * libnspa_server: buckets seen from wineserver
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

#include "private.h"

/* A lock owner that did not let go in time, by bucket.  While the word names
 * it, there is no point in waiting for it again. */
static uint32_t stuck[NSPA_BUCKETS];

struct overflow
{
    struct overflow *next;
    uint64_t dev, ino;
};

static struct overflow *overflows[NSPA_BUCKETS];
static uint8_t overflow_lost[NSPA_BUCKETS];  /* out of memory: poisoned for good */

int nspa_bucket_enter( struct nspa_bucket *bucket )
{
    uint32_t *was_stuck = &stuck[bucket - nspa_table->bucket];
    struct nspa_thread *self = nspa_thread_self();
    uint32_t owner = NSPA_LOAD( &bucket->lock ) & FUTEX_TID_MASK;

    if (*was_stuck && owner == *was_stuck) return 0;

    switch (nspa_lock( &bucket->lock, self, NSPA_SERVER_WAIT_NS ))
    {
    case NSPA_LOCK_BUSY:
        *was_stuck = NSPA_LOAD( &bucket->lock ) & FUTEX_TID_MASK;
        nspa_bucket_flag( bucket, NSPA_BUCKET_POISON );
        return 0;
    case NSPA_LOCKED_DIED:
        nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
        break;
    case NSPA_LOCKED:
        break;
    }
    if (*was_stuck)
    {
        *was_stuck = 0;
        nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
    }
    if (NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_REBUILD) nspa_bucket_rebuild( bucket );
    return 1;
}

void nspa_bucket_leave( struct nspa_bucket *bucket )
{
    if (nspa_overflow_empty( bucket ))
    {
        if (NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_POISON)
            __atomic_and_fetch( &bucket->flags, ~NSPA_BUCKET_POISON, __ATOMIC_SEQ_CST );
    }
    else nspa_bucket_flag( bucket, NSPA_BUCKET_POISON );
    nspa_unlock( &bucket->lock, nspa_thread_self() );
}

uint32_t nspa_journal_length( const struct nspa_journal *journal )
{
    uint32_t len = NSPA_LOAD( &journal->high_water );

    return len < NSPA_HANDLE_CAP ? len : NSPA_HANDLE_CAP;
}

void nspa_bucket_rebuild( struct nspa_bucket *bucket )
{
    unsigned int i, j, len, homeless = 0;

    /* cleared first: a close without the lock that we miss raises it again */
    __atomic_and_fetch( &bucket->flags, ~NSPA_BUCKET_REBUILD, __ATOMIC_SEQ_CST );
    for (i = 0; i < NSPA_SLOTS; i++) memset( &bucket->slots[i].clients, 0, sizeof(struct nspa_share) );

    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &nspa_table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0, len = nspa_journal_length( journal ); j < len; j++)
        {
            struct nspa_journal_entry *entry = &journal->entries[j];
            struct nspa_slot *slot, *unused;
            uint64_t dev, ino;

            if (NSPA_LOAD( &entry->state ) != NSPA_ENTRY_HELD) continue;
            dev = NSPA_LOAD( &entry->dev );
            ino = NSPA_LOAD( &entry->ino );
            if (nspa_bucket_of( nspa_table, dev, ino ) != bucket) continue;
            if (!(slot = nspa_slot_find( bucket, dev, ino, &unused )) && (slot = unused))
                nspa_slot_claim( slot, dev, ino );
            if (slot) nspa_share_change( &slot->clients, NSPA_LOAD( &entry->access ),
                                         NSPA_LOAD( &entry->sharing ), 1 );
            else homeless = 1;
        }
    }
    /* more inodes than slots: no client could have done that by the rules */
    if (homeless) nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
}

void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum )
{
    unsigned int i, j, len;

    memset( sum, 0, sizeof(*sum) );
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &nspa_table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0, len = nspa_journal_length( journal ); j < len; j++)
        {
            struct nspa_journal_entry *entry = &journal->entries[j];
            uint32_t state = NSPA_LOAD( &entry->state );

            if (state != NSPA_ENTRY_HELD && state != NSPA_ENTRY_PENDING) continue;
            if (NSPA_LOAD( &entry->dev ) != dev || NSPA_LOAD( &entry->ino ) != ino) continue;
            if (state == NSPA_ENTRY_PENDING)
            {
                if (!abort) continue;
                __atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_ABORTED, 0,
                                             __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST );
                if (state != NSPA_ENTRY_HELD) continue;  /* else it committed first */
            }
            nspa_share_change( sum, NSPA_LOAD( &entry->access ), NSPA_LOAD( &entry->sharing ), 1 );
        }
    }
}

void nspa_overflow_add( uint64_t dev, uint64_t ino )
{
    unsigned int hash = nspa_hash( dev, ino );
    struct overflow *ptr;

    for (ptr = overflows[hash]; ptr; ptr = ptr->next)
        if (ptr->dev == dev && ptr->ino == ino) return;
    if ((ptr = malloc( sizeof(*ptr) )))
    {
        ptr->dev  = dev;
        ptr->ino  = ino;
        ptr->next = overflows[hash];
        overflows[hash] = ptr;
    }
    else overflow_lost[hash] = 1;
}

void nspa_overflow_remove( uint64_t dev, uint64_t ino )
{
    struct overflow **prev, *ptr;

    for (prev = &overflows[nspa_hash( dev, ino )]; (ptr = *prev); prev = &ptr->next)
    {
        if (ptr->dev != dev || ptr->ino != ino) continue;
        *prev = ptr->next;
        free( ptr );
        return;
    }
}

int nspa_overflow_empty( const struct nspa_bucket *bucket )
{
    unsigned int i = bucket - nspa_table->bucket;

    return !overflows[i] && !overflow_lost[i];
}
