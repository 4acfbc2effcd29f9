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

/* NULL until nspa_server_create_table() succeeded. */
extern struct nspa_table *nspa_table;
extern struct nspa_control *nspa_control;

/* A memfd that can neither shrink nor grow, mapped; -1 with errno. */
extern int nspa_create_memory( const char *name, size_t size, void **memory );

/* wineserver's thread.  Its list_op_pending guards the lease and nothing else:
 * who holds a bucket's lock at its death does not matter, nobody uses the table
 * any more. */
extern struct nspa_thread *nspa_server_thread(void);

/* ---- process.c ---- */

/* Processes whose journals may hold entries: attached ones, and retired ones that
 * were not swept for the last time. */
struct nspa_process
{
    struct nspa_process *next;      /* of those with the same hash of the id */
    struct nspa_journal *journal;
    uint64_t             owner;
    uint32_t             id;
    uint32_t             place;     /* in nspa_processes */
    int                  fd;        /* of the journal */
    int                  retired;
};
extern struct nspa_process **nspa_processes;
extern uint32_t nspa_process_count;

/* ---- journal.c ---- */

/* Entries of this journal that may be in use, whatever the journal says. */
extern uint32_t nspa_journal_length( const struct nspa_journal *journal );

/* Copy an entry out, all of one announcement.  Returns its state. */
extern uint32_t nspa_entry_read( const struct nspa_journal_entry *entry, struct nspa_journal_entry *copy );

/* The entries that a journal has of a bucket, one by one; others may be among them.
 * Begin with { .hash = hash }.  Returns an index, or -1. */
struct nspa_walk
{
    uint32_t hash, groups, next;
    nspa_cell cell[NSPA_GROUP_CELLS];
    nspa_cell found;
};
extern int nspa_walk_next( const struct nspa_journal *journal, struct nspa_walk *walk );

/* Sum up the granted entries of one inode.  With abort, those only announced
 * are aborted; needed when the bucket is not entered. */
extern void nspa_journals_sum( uint64_t dev, uint64_t ino, int abort, struct nspa_share *sum );

/* Does a process have the lock of this bucket, or wait for it? */
extern int nspa_bucket_claimed( uint32_t hash );

/* ---- bucket.c ---- */

/* The lock alone; zero if it is not to be had.  The bucket is not clean after a dead
 * owner. */
extern int nspa_bucket_lock( uint32_t hash, int64_t wait_ns );
extern int nspa_bucket_unlock( uint32_t hash );

/* Lock a bucket, and recount it if it is not clean.  Returns zero when the owner does
 * not let go: POISON is up then, and the caller may only store wineserver's own slots,
 * and read journals. */
extern int nspa_bucket_enter( uint32_t hash );

/* Settle POISON and unlock.  Returns zero if somebody had written to the lock word, so that
 * another may have been inside. */
extern int nspa_bucket_leave( uint32_t hash );

/* Leave with an answer.  It is taken from the journals under POISON if another may have
 * been inside: what that one has announced is aborted. */
extern void nspa_bucket_answer( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients );

/* Bring the slots in line with the journals; bucket locked. */
extern void nspa_bucket_rebuild( uint32_t hash );

/* Keep POISON up, a number of times. */
extern void nspa_bucket_hold( uint32_t hash );
extern void nspa_bucket_let_go( uint32_t hash );

/* Store wineserver's opens of an inode: in a slot, or in a list that keeps POISON up.
 * Bucket locked, or poisoned. */
extern void nspa_server_store( uint64_t dev, uint64_t ino, const struct nspa_share *own );

/* What the processes have open of an inode, as the bucket has it if it was entered. */
extern void nspa_bucket_clients( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients );

/* The same from the journals; the bucket is put right if it says otherwise. */
extern void nspa_bucket_verify( uint32_t hash, int entered, uint64_t dev, uint64_t ino, struct nspa_share *clients );

/* ---- remove.c ---- */

/* Is this inode waited for? */
extern int nspa_is_watched( uint64_t dev, uint64_t ino );

#endif  /* __NSPA_SERVER_PRIVATE_H */
