/*
 * libnspa_server: files that are to be removed
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

/* Local handles of an inode.  "None" is the bucket's word, for that costs the same
 * however many there are elsewhere; "some" is the journals', for it keeps a file from
 * being removed. */
static uint32_t count_handles( uint64_t dev, uint64_t ino )
{
    uint32_t hash = nspa_hash( dev, ino );
    struct nspa_share clients;
    int entered = nspa_bucket_enter( hash );

    nspa_bucket_clients( hash, entered, dev, ino, &clients );
    if (entered && clients.handles) nspa_bucket_verify( hash, entered, dev, ino, &clients );
    nspa_bucket_answer( hash, entered, dev, ino, &clients );
    return clients.handles;
}

NSPA_EXPORT uint32_t nspa_server_count( uint64_t dev, uint64_t ino )
{
    return nspa_table ? count_handles( dev, ino ) : 0;
}

NSPA_EXPORT uint32_t nspa_server_begin_remove( uint64_t dev, uint64_t ino )
{
    if (!nspa_table) return 0;
    nspa_bucket_hold( nspa_hash( dev, ino ));
    return count_handles( dev, ino );
}

NSPA_EXPORT void nspa_server_end_remove( uint64_t dev, uint64_t ino, int removed )
{
    if (!nspa_table) return;
    if (removed) nspa_server_bump_names();
    nspa_bucket_let_go( nspa_hash( dev, ino ));
}

/* The inodes that are watched, by bucket: notify is up for as long as there are
 * any.  If clients took it down, one that closes another inode could take it from
 * a last close that comes before its message. */
static struct watched
{
    struct watched *next;
    uint64_t        dev, ino;
} *watched[NSPA_BUCKETS];

static struct watched **find_watched( uint64_t dev, uint64_t ino )
{
    struct watched **prev, *ptr;

    for (prev = &watched[nspa_hash( dev, ino )]; (ptr = *prev); prev = &ptr->next)
        if (ptr->dev == dev && ptr->ino == ino) break;
    return prev;
}

int nspa_is_watched( uint64_t dev, uint64_t ino )
{
    return *find_watched( dev, ino ) != NULL;
}

static void set_notify( uint32_t hash, uint32_t notify )
{
    __atomic_store_n( &nspa_control->bucket[hash].notify, notify, __ATOMIC_SEQ_CST );
}

static void watch_inode( uint64_t dev, uint64_t ino )
{
    struct watched **prev, *ptr;

    set_notify( nspa_hash( dev, ino ), 1 );
    if (*(prev = find_watched( dev, ino )) || !(ptr = malloc( sizeof(*ptr) ))) return;
    ptr->next = NULL;
    ptr->dev  = dev;
    ptr->ino  = ino;
    *prev = ptr;
}

static void unwatch_inode( uint64_t dev, uint64_t ino )
{
    struct watched **prev = find_watched( dev, ino ), *ptr = *prev;
    uint32_t hash = nspa_hash( dev, ino );

    if (!ptr) return;
    *prev = ptr->next;
    free( ptr );
    if (!watched[hash]) set_notify( hash, 0 );
}

NSPA_EXPORT uint32_t nspa_server_watch( uint64_t dev, uint64_t ino )
{
    uint32_t count;

    if (!nspa_table) return 0;
    if ((count = count_handles( dev, ino )) && !nspa_is_watched( dev, ino ))
    {
        /* asked for, then looked again: who closes later sees it */
        watch_inode( dev, ino );
        count = count_handles( dev, ino );
    }
    if (!count) unwatch_inode( dev, ino );
    return count;
}
