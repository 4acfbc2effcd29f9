/*
 * libnspa_server: wineserver's opens against the processes'
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

/* What the processes have open of an inode; abort what is only announced if the
 * bucket could not be entered. */
static void sum_clients( struct nspa_bucket *bucket, int entered, uint64_t dev, uint64_t ino,
                         struct nspa_share *clients )
{
    NSPA_FENCE();  /* pairs with the one after an announcement */
    nspa_journals_sum( dev, ino, !entered, clients );
    if (entered)
    {
        static const struct nspa_share none;
        struct nspa_slot *slot = nspa_slot_find( bucket, dev, ino, NULL );

        if (memcmp( slot ? &slot->clients : &none, clients, sizeof(none) )) nspa_bucket_rebuild( bucket );
    }
}

/* The bucket that the last count left poisoned.  What it was asked for is done when
 * wineserver calls again; without this, each file that it deletes would cost an
 * open of another one in that bucket. */
static struct nspa_bucket *held_off;

static void settle(void)
{
    struct nspa_bucket *bucket = held_off;

    held_off = NULL;
    if (bucket && nspa_bucket_enter( bucket )) nspa_bucket_leave( bucket, 0 );
}

NSPA_EXPORT void nspa_server_publish( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                                      struct nspa_share *clients )
{
    struct nspa_bucket *bucket;
    struct nspa_slot *slot, *unused;
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    settle();
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    slot = nspa_slot_find( bucket, dev, ino, &unused );
    if (entered && !slot && own->handles && (slot = unused)) nspa_slot_claim( slot, dev, ino );

    if (slot) nspa_slot_store( slot, own );
    if (slot || !own->handles) nspa_overflow_remove( dev, ino );
    else nspa_overflow_add( dev, ino, own );

    if (!entered || (NSPA_LOAD( &bucket->flags ) & NSPA_BUCKET_REBUILD))
        sum_clients( bucket, entered, dev, ino, clients );
    else if (slot) *clients = slot->clients;
    if (entered) nspa_bucket_leave( bucket, 0 );
}

NSPA_EXPORT void nspa_server_verify( uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    struct nspa_bucket *bucket;
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    sum_clients( bucket, entered, dev, ino, clients );
    if (entered) nspa_bucket_leave( bucket, 0 );
}

NSPA_EXPORT void nspa_server_check( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                                    uint32_t access, uint32_t sharing,
                                    uint32_t *other_access, uint32_t *other_sharing )
{
    struct nspa_share clients;
    uint32_t client_access = 0, client_sharing = NSPA_SHARE_ALL;

    nspa_server_publish( dev, ino, own, &clients );
    nspa_share_masks( &clients, &client_access, &client_sharing );
    /* mappings matter to rules that nspa_masks_conflict() leaves out */
    if (nspa_masks_conflict( access, sharing, client_access, client_sharing ) ||
        (client_access & (NSPA_MAP_ACCESS | NSPA_MAP_IMAGE)))
    {
        nspa_server_verify( dev, ino, &clients );
        client_access = 0;
        client_sharing = NSPA_SHARE_ALL;
        nspa_share_masks( &clients, &client_access, &client_sharing );
    }
    *other_access |= client_access;
    *other_sharing &= client_sharing;
}

NSPA_EXPORT uint32_t nspa_server_count( uint64_t dev, uint64_t ino )
{
    struct nspa_bucket *bucket;
    struct nspa_share clients;
    int entered;

    if (!nspa_table) return 0;
    settle();
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    sum_clients( bucket, entered, dev, ino, &clients );
    if (entered) nspa_bucket_leave( bucket, !clients.handles );
    if (entered && !clients.handles) held_off = bucket;
    return clients.handles;
}

/* The inodes that are watched, by bucket: notify is up for as long as there are
 * any.  If clients took it down, one that closes another inode could take it from
 * a last close that comes before its message. */
static struct watched
{
    struct watched *next;
    uint64_t        dev, ino;
} *watched[NSPA_BUCKETS];

static void watch_inode( struct nspa_bucket *bucket, uint64_t dev, uint64_t ino )
{
    struct watched **list = &watched[bucket - nspa_table->bucket], *ptr;

    __atomic_store_n( &bucket->notify, 1, __ATOMIC_SEQ_CST );
    for (ptr = *list; ptr; ptr = ptr->next) if (ptr->dev == dev && ptr->ino == ino) return;
    if (!(ptr = malloc( sizeof(*ptr) ))) return;
    ptr->dev  = dev;
    ptr->ino  = ino;
    ptr->next = *list;
    *list = ptr;
}

static void unwatch_inode( struct nspa_bucket *bucket, uint64_t dev, uint64_t ino )
{
    struct watched **list = &watched[bucket - nspa_table->bucket], **prev, *ptr;

    for (prev = list; (ptr = *prev); prev = &ptr->next)
    {
        if (ptr->dev != dev || ptr->ino != ino) continue;
        *prev = ptr->next;
        free( ptr );
        if (!*list) __atomic_store_n( &bucket->notify, 0, __ATOMIC_SEQ_CST );
        return;
    }
}

NSPA_EXPORT uint32_t nspa_server_watch( uint64_t dev, uint64_t ino )
{
    struct nspa_bucket *bucket;
    uint32_t count;

    if (!nspa_table) return 0;
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    if ((count = nspa_server_count( dev, ino )))
    {
        /* asked for, then looked again: who closes later sees it */
        watch_inode( bucket, dev, ino );
        count = nspa_server_count( dev, ino );
    }
    if (!count) unwatch_inode( bucket, dev, ino );
    return count;
}

NSPA_EXPORT uint32_t nspa_server_count_device( uint64_t dev )
{
    return nspa_table ? nspa_journals_count( dev ) : 0;
}
