/*
 * libnspa_server: the wineserver side of the shared inode table
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
 *
 * wineserver loads this library when the first process attaches and calls it
 * from its main loop, on one thread.  The library starts no thread, installs
 * no signal handler, opens no file and keeps none of the pointers it is given.
 * No function blocks for longer than NSPA_SERVER_WAIT_NS, whatever the clients
 * do or have written to the table.
 *
 * Terms: an inode is named by st_dev and st_ino of its file, a process by
 * wineserver's id for it, which is not zero.
 */

#ifndef __NSPA_SERVER_H
#define __NSPA_SERVER_H

#include <stdint.h>
#include "nspa_shm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSPA_SERVER_ABI 4

/* The ABI this library was built with.  Callers compare with NSPA_SERVER_ABI. */
extern uint32_t nspa_server_abi(void);

/* Create the table and take its lease.  Returns a file descriptor for the table and
 * stores another one, for what only wineserver writes; both are the caller's, and are
 * what clients are given.  -1 with errno if it fails; a second call answers -1 with
 * EALREADY.  Must be called on the thread that makes all other calls and lives as long
 * as wineserver does: the kernel gives the lease up when that thread ends.  The thread
 * must not use robust or priority-inheriting mutexes of its own: libpthread would drop
 * the lease until the next call. */
extern int nspa_server_create_table( int *control_fd );

/* A process starts to open files locally.  Returns a file descriptor for its journal,
 * which stays the library's until nspa_server_release(), and stores the owner word that
 * the process must find there; the same ones if it is asked again.  -1 with errno if
 * there is no memory or descriptor left: another time there may be. */
extern int nspa_server_attach( uint32_t id, uint64_t *owner );

/* A process's handles have been closed: take back all it had published.  Does
 * not wait for anybody.  Threads of it that still run find their journal
 * retired and decline.  Calls drained, unless it is NULL, for each inode that it had open
 * and that nspa_server_watch() waits for.  Takes a time that is bounded by what the
 * process had open at once. */
extern void nspa_server_retire( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) );

/* The unix process is gone: retire it, if that was not done, and forget it.  Only when no
 * thread of it can run any more: until then it may have a lock. */
extern void nspa_server_release( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) );

/* Store what wineserver itself has open of an inode: own is the sum of its
 * opens, all zero when it has none.  In the same atomic
 * step clients receives what the processes have open of it. */
extern void nspa_server_publish( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                                 struct nspa_share *clients );

/* What the processes have open of an inode, recounted from their journals. */
extern void nspa_server_verify( uint64_t dev, uint64_t ino, struct nspa_share *clients );

/* Publish, and when the result stands against an open with this access and
 * sharing, recount before believing it.  Adds the processes' opens to the
 * masks that check_sharing() collects (see nspa_share_masks). */
extern void nspa_server_check( uint64_t dev, uint64_t ino, const struct nspa_share *own,
                               uint32_t access, uint32_t sharing,
                               uint32_t *other_access, uint32_t *other_sharing );

/* Local handles that exist for an inode.  If the answer is not zero, it was counted in
 * the processes' journals. */
extern uint32_t nspa_server_count( uint64_t dev, uint64_t ino );

/* A name of the inode is about to be unlinked or replaced.  Local opens of it are
 * declined until nspa_server_end_remove(), which must follow.  Returns the local handles
 * that exist. */
extern uint32_t nspa_server_begin_remove( uint64_t dev, uint64_t ino );

/* It was, or was not.  Who opened the file in between learns of it. */
extern void nspa_server_end_remove( uint64_t dev, uint64_t ino, int removed );

/* As nspa_server_count(), and when there are any, the client that closes the last one
 * is asked to tell wineserver.  When told of this inode, or by nspa_server_retire() or
 * nspa_server_release(), call this again. */
extern uint32_t nspa_server_watch( uint64_t dev, uint64_t ino );

/* Drive links or volumes changed: what processes have cached of them is void. */
extern void nspa_server_bump_volumes(void);

/* A file was renamed. */
extern void nspa_server_bump_names(void);

/* So many directories are watched for changes with all that are below them.  While
 * there are any, processes open no directory by themselves. */
extern void nspa_server_watch_trees( uint32_t count );

#ifdef __cplusplus
}
#endif

#endif  /* __NSPA_SERVER_H */
