/*
 * libnspa_server: what its files share
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

#ifndef __NSPA_SERVER_PRIVATE_H
#define __NSPA_SERVER_PRIVATE_H

#include "../../include/nspa_server.h"

#define NSPA_EXPORT __attribute__((visibility("default")))

/* The table, NULL until nspa_server_create_table() succeeded. */
extern struct nspa_table *nspa_table;

/* Journals that may hold entries: those of attached processes and of retired
 * ones that were not swept for the last time. */
struct nspa_process
{
    uint32_t id;
    uint8_t  in_use;
    uint8_t  retired;
};
extern struct nspa_process nspa_processes[NSPA_MAX_PROCESSES];

/* Entries of this journal that may be in use, whatever the journal says. */
extern uint32_t nspa_journal_length( const struct nspa_journal *journal );

/* Lock a bucket; recount and settle its flags where they ask for it.  Returns
 * zero when its owner does not let go: POISON is up then, and the caller may
 * only store slot.server and read journals. */
extern int nspa_bucket_enter( struct nspa_bucket *bucket );
extern void nspa_bucket_leave( struct nspa_bucket *bucket );

/* Bring slot.clients in line with the journals; bucket entered. */
extern void nspa_bucket_rebuild( struct nspa_bucket *bucket );

/* Sum up the journals' entries of one inode.  With abort, entries that are
 * only announced are aborted; needed when the bucket is not entered. */
extern void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum );

/* Inodes that wineserver has open and that no slot shows.  While a bucket has
 * any, it stays poisoned. */
extern void nspa_overflow_add( uint64_t dev, uint64_t ino );
extern void nspa_overflow_remove( uint64_t dev, uint64_t ino );
extern int nspa_overflow_empty( const struct nspa_bucket *bucket );

#endif  /* __NSPA_SERVER_PRIVATE_H */
