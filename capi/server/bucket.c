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

/* An inode that wineserver has open and that found no slot. */
struct overflow
{
    struct overflow  *next;
    uint64_t          dev, ino;
    struct nspa_share own;
};

static struct overflow *overflows[NSPA_BUCKETS];
static uint8_t overflow_lost[NSPA_BUCKETS];  /* out of memory: poisoned for good */

static unsigned int index_of( const struct nspa_bucket *bucket )
{
    return bucket - nspa_table->bucket;
}

int nspa_bucket_lock( struct nspa_bucket *bucket, int64_t wait_ns )
{
    switch (nspa_lock( &bucket->lock, nspa_server_thread(), wait_ns ))
    {
    case NSPA_LOCK_BUSY:
        return 0;
    case NSPA_LOCKED_DIED:
        nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
        break;
    case NSPA_LOCKED:
        break;
    }
    stuck[index_of( bucket )] = 0;
    return 1;
}

void nspa_bucket_unlock( struct nspa_bucket *bucket )
{
    nspa_unlock( &bucket->lock, nspa_server_thread() );
}

int nspa_bucket_enter( struct nspa_bucket *bucket )
{
    uint32_t *was_stuck = &stuck[index_of( bucket )];
    uint32_t owner = NSPA_LOAD( &bucket->lock ) & FUTEX_TID_MASK;

    if ((*was_stuck && owner == *was_stuck) || !nspa_bucket_lock( bucket, NSPA_SERVER_WAIT_NS ))
    {
        *was_stuck = NSPA_LOAD( &bucket->lock ) & FUTEX_TID_MASK;
        nspa_bucket_flag( bucket, NSPA_BUCKET_POISON );
        return 0;
    }
    if (NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_REBUILD) nspa_bucket_rebuild( bucket );
    return 1;
}

/* Give slots that have become free to inodes that found none. */
static void place_overflows( struct nspa_bucket *bucket )
{
    struct overflow **list = &overflows[index_of( bucket )], *ptr;
    struct nspa_slot *slot, *unused;

    while ((ptr = *list))
    {
        if (!(slot = nspa_slot_find( bucket, ptr->dev, ptr->ino, &unused )))
        {
            if (!(slot = unused)) return;
            nspa_slot_claim( slot, ptr->dev, ptr->ino );
        }
        nspa_slot_store( slot, &ptr->own );
        *list = ptr->next;
        free( ptr );
    }
}

void nspa_bucket_leave( struct nspa_bucket *bucket, int poison )
{
    unsigned int i = index_of( bucket );

    place_overflows( bucket );
    if (poison || overflows[i] || overflow_lost[i]) nspa_bucket_flag( bucket, NSPA_BUCKET_POISON );
    else if (NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_POISON)
        __atomic_and_fetch( &bucket->flags, ~NSPA_BUCKET_POISON, __ATOMIC_SEQ_CST );
    nspa_bucket_unlock( bucket );
}

void nspa_slot_store( struct nspa_slot *slot, const struct nspa_share *own )
{
    static const struct nspa_share none;

    if (!own->handles) own = &none;
    NSPA_STORE( &slot->server.handles, own->handles );
    NSPA_STORE( &slot->server.opens, own->opens );
    NSPA_STORE( &slot->server.readers, own->readers );
    NSPA_STORE( &slot->server.writers, own->writers );
    NSPA_STORE( &slot->server.deleters, own->deleters );
    NSPA_STORE( &slot->server.shared_read, own->shared_read );
    NSPA_STORE( &slot->server.shared_write, own->shared_write );
    NSPA_STORE( &slot->server.shared_delete, own->shared_delete );
    NSPA_STORE( &slot->server.map_write, own->map_write );
    NSPA_STORE( &slot->server.map_image, own->map_image );
    NSPA_STORE( &slot->server.map_access, own->map_access );
}

void nspa_bucket_rebuild( struct nspa_bucket *bucket )
{
    struct nspa_journal_entry entry;
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
            struct nspa_slot *slot, *unused;

            if (nspa_entry_read( &journal->entries[j], &entry ) != NSPA_ENTRY_HELD) continue;
            if (nspa_bucket_of( nspa_table, entry.dev, entry.ino ) != bucket) continue;
            if (!(slot = nspa_slot_find( bucket, entry.dev, entry.ino, &unused )) && (slot = unused))
                nspa_slot_claim( slot, entry.dev, entry.ino );
            if (slot) nspa_share_change( &slot->clients, entry.access, entry.sharing, 1 );
            else homeless = 1;
        }
    }
    /* more inodes than slots: no client could have done that by the rules */
    if (homeless) nspa_bucket_flag( bucket, NSPA_BUCKET_REBUILD );
}

void nspa_overflow_add( uint64_t dev, uint64_t ino, const struct nspa_share *own )
{
    unsigned int hash = nspa_hash( dev, ino );
    struct overflow *ptr;

    for (ptr = overflows[hash]; ptr; ptr = ptr->next)
        if (ptr->dev == dev && ptr->ino == ino) break;
    if (!ptr)
    {
        if (!(ptr = malloc( sizeof(*ptr) )))
        {
            overflow_lost[hash] = 1;
            return;
        }
        ptr->dev  = dev;
        ptr->ino  = ino;
        ptr->next = overflows[hash];
        overflows[hash] = ptr;
    }
    ptr->own = *own;
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
