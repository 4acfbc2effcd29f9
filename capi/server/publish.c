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

#include "private.h"

static void store_own( struct nspa_slot *slot, const struct nspa_share *own )
{
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

NSPA_EXPORT void nspa_server_publish( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                                      struct nspa_share *clients )
{
    struct nspa_bucket *bucket;
    struct nspa_slot *slot, *unused;
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    slot = nspa_slot_find( bucket, dev, ino, &unused );
    if (entered && !slot && own->handles && (slot = unused)) nspa_slot_claim( slot, dev, ino );

    if (slot) store_own( slot, own );
    if (slot || !own->handles) nspa_overflow_remove( dev, ino );
    else nspa_overflow_add( dev, ino );

    if (entered)
    {
        if (slot) *clients = slot->clients;
        nspa_bucket_leave( bucket );
    }
    else
    {
        NSPA_FENCE();  /* pairs with the one after an announcement */
        nspa_journals_sum( dev, ino, 1, clients );
    }
}

NSPA_EXPORT void nspa_server_verify( uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    struct nspa_bucket *bucket;
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    if (entered) nspa_bucket_rebuild( bucket );
    nspa_journals_sum( dev, ino, !entered, clients );
    if (entered) nspa_bucket_leave( bucket );
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

NSPA_EXPORT uint32_t nspa_server_watch( uint64_t dev, uint64_t ino )
{
    struct nspa_bucket *bucket;
    struct nspa_slot *slot;
    struct nspa_share clients;
    int entered;

    if (!nspa_table) return 0;
    bucket = nspa_bucket_of( nspa_table, dev, ino );
    entered = nspa_bucket_enter( bucket );
    /* asked for first: a close without the lock that the sum misses sees it */
    if ((slot = nspa_slot_find( bucket, dev, ino, NULL )))
        __atomic_or_fetch( &slot->server.flags, NSPA_SHARE_NOTIFY, __ATOMIC_SEQ_CST );
    nspa_journals_sum( dev, ino, !entered, &clients );
    if (entered) nspa_bucket_leave( bucket );
    return clients.handles;
}

NSPA_EXPORT uint32_t nspa_server_count_device( uint64_t dev )
{
    uint32_t count = 0;
    unsigned int i, j, len;

    if (!nspa_table) return 0;
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &nspa_table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0, len = nspa_journal_length( journal ); j < len; j++)
            if (NSPA_LOAD( &journal->entries[j].state ) == NSPA_ENTRY_HELD &&
                NSPA_LOAD( &journal->entries[j].dev ) == dev) count++;
    }
    return count;
}
