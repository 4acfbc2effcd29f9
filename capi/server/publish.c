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

NSPA_EXPORT void nspa_server_publish( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                                      struct nspa_share *clients )
{
    uint32_t hash = nspa_hash( dev, ino );
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    entered = nspa_bucket_enter( hash );
    nspa_server_store( dev, ino, own );
    nspa_bucket_clients( hash, entered, dev, ino, clients );
    nspa_bucket_answer( hash, entered, dev, ino, clients );
}

NSPA_EXPORT void nspa_server_verify( uint64_t dev, uint64_t ino, struct nspa_share *clients )
{
    uint32_t hash = nspa_hash( dev, ino );
    int entered;

    memset( clients, 0, sizeof(*clients) );
    if (!nspa_table) return;
    entered = nspa_bucket_enter( hash );
    nspa_bucket_verify( hash, entered, dev, ino, clients );
    nspa_bucket_answer( hash, entered, dev, ino, clients );
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
