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

/* wineserver's thread.  Its list_op_pending guards the lease and nothing else:
 * who holds a bucket's lock at its death does not matter, nobody uses the table
 * any more. */
extern struct nspa_thread *nspa_server_thread(void);

/* Journals that may hold entries: those of attached processes and of retired
 * ones that were not swept for the last time. */
struct nspa_process
{
    uint64_t owner;
    uint32_t id;
    uint8_t  in_use;
    uint8_t  retired;
};
extern struct nspa_process nspa_processes[NSPA_MAX_PROCESSES];

/* ---- journal.c ---- */

/* Entries of this journal that may be in use, whatever the journal says. */
extern uint32_t nspa_journal_length( const struct nspa_journal *journal );

/* Copy an entry out, all of one announcement.  Returns its state. */
extern uint32_t nspa_entry_read( const struct nspa_journal_entry *entry, struct nspa_journal_entry *copy );

/* Sum up the granted entries of one inode.  With abort, those only announced
 * are aborted; needed when the bucket is not entered. */
extern void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum );

/* Granted entries on one device. */
extern uint32_t nspa_journals_count( uint64_t dev );

/* ---- bucket.c ---- */

/* The lock alone; zero if it is not to be had.  Raises REBUILD for a dead owner. */
extern int nspa_bucket_lock( struct nspa_bucket *bucket, int64_t wait_ns );
extern void nspa_bucket_unlock( struct nspa_bucket *bucket );

/* Lock a bucket, and recount it if it asks for it.  Returns zero when the owner
 * does not let go: POISON is up then, and the caller may only store slot.server
 * of slots in use, and read journals. */
extern int nspa_bucket_enter( struct nspa_bucket *bucket );

/* Settle POISON and unlock.  It stays up with poison nonzero, until left again. */
extern void nspa_bucket_leave( struct nspa_bucket *bucket, int poison );

/* Bring slot.clients in line with the journals; bucket locked. */
extern void nspa_bucket_rebuild( struct nspa_bucket *bucket );

/* Store wineserver's opens.  The slot is in use, or the bucket locked. */
extern void nspa_slot_store( struct nspa_slot *slot, const struct nspa_share *own );

/* Inodes that wineserver has open and that no slot shows.  While a bucket has
 * any, it stays poisoned. */
extern void nspa_overflow_add( uint64_t dev, uint64_t ino, const struct nspa_share *own );
extern void nspa_overflow_remove( uint64_t dev, uint64_t ino );

#endif  /* __NSPA_SERVER_PRIVATE_H */
