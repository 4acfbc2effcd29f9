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

/* An inode that wineserver has open and that found no slot. */
struct overflow
{
    struct overflow  *next;
    uint64_t          dev, ino;
    struct nspa_share own;
};

/* What wineserver remembers of a bucket. */
static struct
{
    struct overflow *overflows;
    uint32_t         stuck;   /* a lock owner that did not let go in time: not waited for again */
    uint16_t         holds;   /* reasons to keep POISON up */
    uint8_t          lost;    /* out of memory: poisoned for good */
} buckets[NSPA_BUCKETS];

/* A lock word that no process claims was written by none that keeps to the protocol. */
static int seize( uint32_t hash )
{
    uint32_t *word = &nspa_table->bucket[hash].lock, value = NSPA_LOAD( word ), tid = nspa_server_thread()->tid;

    if (nspa_bucket_claimed( hash )) return 0;
    if (!__atomic_compare_exchange_n( word, &value, tid, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST )) return 0;
    nspa_bucket_spoil( nspa_table, hash );
    if (!nspa_bucket_claimed( hash )) return 1;
    /* the owner let go and took it again while we looked: what it does meanwhile it takes
     * back when it finds that the word is not its own */
    __atomic_compare_exchange_n( word, &tid, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST );
    return 0;
}

int nspa_bucket_lock( uint32_t hash, int64_t wait_ns )
{
    switch (nspa_lock( &nspa_table->bucket[hash].lock, nspa_server_thread(), wait_ns ))
    {
    case NSPA_LOCK_BUSY:
        return 0;
    case NSPA_LOCKED_DIED:
        nspa_bucket_spoil( nspa_table, hash );
        break;
    case NSPA_LOCKED:
        break;
    }
    buckets[hash].stuck = 0;
    return 1;
}

int nspa_bucket_unlock( uint32_t hash )
{
    uint32_t *word = &nspa_table->bucket[hash].lock, tid = nspa_server_thread()->tid, value;

    if (nspa_unlock( word, nspa_server_thread() )) return 1;
    nspa_bucket_spoil( nspa_table, hash );
    /* seized from one whose waiters the kernel keeps: they look again when their time is up */
    value = NSPA_LOAD( word );
    if ((value & FUTEX_TID_MASK) == tid)
        __atomic_compare_exchange_n( word, &value, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST );
    return 0;
}

static void set_poison( uint32_t hash, int poison )
{
    uint32_t *word = &nspa_control->bucket[hash].poison;

    if (NSPA_LOAD( word ) != (uint32_t)poison) __atomic_store_n( word, poison, __ATOMIC_SEQ_CST );
}

static uint32_t owner_of( uint32_t hash )
{
    return NSPA_LOAD( &nspa_table->bucket[hash].lock ) & FUTEX_TID_MASK;
}

int nspa_bucket_enter( uint32_t hash )
{
    uint32_t was_stuck = buckets[hash].stuck;

    if (!nspa_bucket_lock( hash, 0 ) && !seize( hash ) &&
        ((was_stuck && owner_of( hash ) == was_stuck) || !nspa_bucket_lock( hash, NSPA_SERVER_WAIT_NS )))
    {
        buckets[hash].stuck = owner_of( hash );
        set_poison( hash, 1 );
        return 0;
    }
    if (!nspa_bucket_is_clean( nspa_control, nspa_table, hash )) nspa_bucket_rebuild( hash );
    return 1;
}

static void store_slot( struct nspa_server_slot *slot, uint64_t dev, uint64_t ino, const struct nspa_share *own )
{
    static const struct nspa_share none;

    if (!own->handles) own = &none;
    NSPA_STORE( &slot->dev, dev );
    NSPA_STORE( &slot->ino, ino );
    NSPA_STORE( &slot->opens.opens, own->opens );
    NSPA_STORE( &slot->opens.readers, own->readers );
    NSPA_STORE( &slot->opens.writers, own->writers );
    NSPA_STORE( &slot->opens.deleters, own->deleters );
    NSPA_STORE( &slot->opens.shared_read, own->shared_read );
    NSPA_STORE( &slot->opens.shared_write, own->shared_write );
    NSPA_STORE( &slot->opens.shared_delete, own->shared_delete );
    NSPA_STORE( &slot->opens.map_write, own->map_write );
    NSPA_STORE( &slot->opens.map_image, own->map_image );
    NSPA_STORE( &slot->opens.map_access, own->map_access );
    NSPA_STORE( &slot->opens.handles, own->handles );
}

static void remember_overflow( uint32_t hash, uint64_t dev, uint64_t ino, const struct nspa_share *own )
{
    struct overflow **prev, *ptr;

    for (prev = &buckets[hash].overflows; (ptr = *prev); prev = &ptr->next)
        if (ptr->dev == dev && ptr->ino == ino) break;
    if (!own->handles)
    {
        if (!ptr) return;
        *prev = ptr->next;
        free( ptr );
        return;
    }
    if (!ptr)
    {
        if (!(ptr = calloc( 1, sizeof(*ptr) )))
        {
            buckets[hash].lost = 1;
            return;
        }
        ptr->dev = dev;
        ptr->ino = ino;
        *prev = ptr;
    }
    ptr->own = *own;
}

void nspa_server_store( uint64_t dev, uint64_t ino, const struct nspa_share *own )
{
    uint32_t hash = nspa_hash( dev, ino );
    struct nspa_server_bucket *bucket = &nspa_control->bucket[hash];
    static const struct nspa_share none;
    int slot, unused;

    slot = nspa_server_slot_find( bucket, dev, ino, &unused );
    if (slot < 0 && own->handles) slot = unused;
    if (slot >= 0) store_slot( &bucket->slots[slot], dev, ino, own );
    else if (own->handles) set_poison( hash, 1 );
    remember_overflow( hash, dev, ino, slot < 0 ? own : &none );
}

/* Give slots that have become free to inodes that found none. */
static void place_overflows( uint32_t hash )
{
    struct nspa_server_bucket *bucket = &nspa_control->bucket[hash];
    struct overflow *ptr;
    int unused;

    while ((ptr = buckets[hash].overflows))
    {
        nspa_server_slot_find( bucket, 0, 0, &unused );
        if (unused < 0) return;
        store_slot( &bucket->slots[unused], ptr->dev, ptr->ino, &ptr->own );
        buckets[hash].overflows = ptr->next;
        free( ptr );
    }
}

int nspa_bucket_leave( uint32_t hash )
{
    place_overflows( hash );
    set_poison( hash, buckets[hash].overflows || buckets[hash].lost || buckets[hash].holds );
    return nspa_bucket_unlock( hash );
}

void nspa_bucket_answer( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    if (!entered || nspa_bucket_leave( hash )) return;
    set_poison( hash, 1 );
    NSPA_FENCE();
    nspa_journals_sum( dev, ino, 1, clients );
}

void nspa_bucket_hold( uint32_t hash )
{
    if (++buckets[hash].holds == 0) buckets[hash].lost = 1;  /* never taken down then */
    set_poison( hash, 1 );
    NSPA_FENCE();
}

void nspa_bucket_let_go( uint32_t hash )
{
    if (buckets[hash].holds && --buckets[hash].holds) return;
    if (nspa_bucket_enter( hash )) nspa_bucket_leave( hash );
}

void nspa_bucket_rebuild( uint32_t hash )
{
    struct nspa_slot slots[NSPA_SLOTS];
    struct nspa_journal_entry entry;
    uint32_t i, j, homeless = 0;
    int index;

    /* first: a close without the lock that we miss spoils it again */
    __atomic_store_n( &nspa_table->bucket[hash].clean, nspa_clean_word( nspa_control, hash ), __ATOMIC_SEQ_CST );
    NSPA_FENCE();
    memset( slots, 0, sizeof(slots) );
    for (i = 0; i < nspa_process_count; i++)
    {
        struct nspa_journal *journal = nspa_processes[i]->journal;
        struct nspa_walk walk = { .hash = hash };

        while ((index = nspa_walk_next( journal, &walk )) >= 0)
        {
            if (nspa_entry_read( &journal->entries[index], &entry ) != NSPA_ENTRY_HELD) continue;
            if (nspa_hash( entry.dev, entry.ino ) != hash) continue;
            for (j = 0; j < NSPA_SLOTS && slots[j].clients.handles; j++)
                if (slots[j].dev == entry.dev && slots[j].ino == entry.ino) break;
            if (j == NSPA_SLOTS)
            {
                homeless = 1;
                continue;
            }
            slots[j].dev = entry.dev;
            slots[j].ino = entry.ino;
            nspa_share_change( &slots[j].clients, entry.access, entry.sharing, 1 );
        }
    }
    for (j = 0; j < NSPA_SLOTS; j++) nspa_slot_write( nspa_control, nspa_table, hash, j, &slots[j] );
    /* more inodes than slots: no client could have done that by the rules */
    if (homeless) nspa_bucket_spoil( nspa_table, hash );
}

void nspa_bucket_clients( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    struct nspa_slot copy;
    int slot;

    NSPA_FENCE();  /* pairs with the one after an announcement */
    if (entered && nspa_bucket_is_clean( nspa_control, nspa_table, hash ))
    {
        if ((slot = nspa_slot_find( nspa_control, nspa_table, hash, dev, ino, &copy, NULL )) >= 0)
        {
            *clients = copy.clients;
            return;
        }
        if (slot == NSPA_SLOT_NONE)
        {
            memset( clients, 0, sizeof(*clients) );
            return;
        }
        nspa_bucket_rebuild( hash );
    }
    nspa_journals_sum( dev, ino, !entered, clients );
}

void nspa_bucket_verify( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    struct nspa_slot copy;
    int slot;

    NSPA_FENCE();
    nspa_journals_sum( dev, ino, !entered, clients );
    if (!entered) return;
    slot = nspa_slot_find( nspa_control, nspa_table, hash, dev, ino, &copy, NULL );
    if (slot == NSPA_SLOT_NONE) memset( &copy.clients, 0, sizeof(copy.clients) );
    if (slot == NSPA_SLOT_DAMAGED || memcmp( &copy.clients, clients, sizeof(*clients) )) nspa_bucket_rebuild( hash );
}
