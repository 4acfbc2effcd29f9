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
 * Terms: an inode is named by st_dev and st_ino of its file; a journal is the
 * place of one process in the table, an index below NSPA_MAX_PROCESSES.
 */

#ifndef __NSPA_SERVER_H
#define __NSPA_SERVER_H

#include <stdint.h>
#include "nspa_shm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSPA_SERVER_ABI 3

/* The ABI this library was built with.  Callers compare with NSPA_SERVER_ABI. */
extern uint32_t nspa_server_abi(void);

/* Create the table and take its lease.  Returns a file descriptor for it, a
 * memfd sealed against shrinking and growing that the caller owns, or -1 with
 * errno.  A second call answers -1 with EALREADY.  Must be called on the
 * thread that makes all other calls and lives as long as wineserver does: the
 * kernel gives the lease up when that thread ends.  The thread must not use
 * robust or priority-inheriting mutexes of its own: libpthread would drop the
 * lease until the next call. */
extern int nspa_server_create_table(void);

/* A process starts to open files locally.  id is wineserver's id for it.
 * Returns its journal and stores the owner word it must find there, or -1 when
 * all journals are taken. */
extern int nspa_server_attach( uint32_t id, uint64_t *owner );

/* A process's handles have been closed: take back all it had published.  Does
 * not wait for anybody.  Threads of it that still run find their journal
 * retired and decline.  The journal stays reserved until nspa_server_release(). */
extern void nspa_server_retire( int journal );

/* The process's unix process is gone: sweep again, and free its journal.  Only
 * when no thread of it can run any more: it would write to another's journal. */
extern void nspa_server_release( int journal );

/* Store what wineserver itself has open of an inode: own is the sum of its
 * opens (own->flags is ignored), all zero when it has none.  In the same atomic
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

/* Local handles that exist for an inode, recounted.  When there are none, local
 * opens of it are declined until the next call that names an inode: the caller may
 * unlink or replace the file. */
extern uint32_t nspa_server_count( uint64_t dev, uint64_t ino );

/* The same, and when there are any, the client that closes the last one is
 * asked to tell wineserver.  Asked once: when told, call this again for every
 * inode that is waited for.  A client that dies tells nothing, so do the same
 * after each retirement and release. */
extern uint32_t nspa_server_watch( uint64_t dev, uint64_t ino );

/* Local handles on one device, recounted: does a process hold a file there? */
extern uint32_t nspa_server_count_device( uint64_t dev );

/* Drive links or volumes changed: what processes have cached of them is void. */
extern void nspa_server_bump_volumes(void);

/* A file was renamed, replaced or unlinked.  To be called after that and before the
 * next call that names an inode: who opened the file in between must learn of it. */
extern void nspa_server_bump_names(void);

/* So many directories are watched for changes with all that are below them.  While
 * there are any, processes open no directory by themselves. */
extern void nspa_server_watch_trees( uint32_t count );

#ifdef __cplusplus
}
#endif

#endif  /* __NSPA_SERVER_H */
