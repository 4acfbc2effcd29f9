/*
 * The C parts of the differential test
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __DIFF_H
#define __DIFF_H

#include "../step.h"
#include "../../../include/nspa_server.h"

#define DIFF_DEV      7
#define DIFF_INODES   (NSPA_SLOTS > 1 ? 48 : 3)
#define DIFF_CROWD    (NSPA_SLOTS + 2)  /* inodes of one bucket */
#define DIFF_INDICES  24     /* opens of one process at once */
#define DIFF_TURN     4096   /* operations of one turn at most */

enum { DIFF_OPEN, DIFF_CLOSE };

struct diff_op
{
    uint32_t kind;
    uint32_t index;
    uint32_t ino;
    uint32_t access;
    uint32_t sharing;
    uint32_t result;
};

/* Shared by the coordinator and one worker. */
struct diff_turn
{
    uint64_t seed;
    uint32_t count;          /* operations to do */
    uint32_t retract;        /* index + 1 to take back first: wineserver holds it now */
    uint32_t kill_op;        /* operation at which to die, and where in it */
    uint32_t kill_step;
    uint32_t done;           /* operations in ops */
    struct diff_op ops[DIFF_TURN];
};

/* A worker process: a turn for each byte that can be read, a byte back. */
extern void diff_worker( struct nspa_client *client, struct diff_turn *turn, int in, int out );
extern uint64_t diff_inode( uint32_t ino );

/* wineserver's list of opens; those that are not its own are known to it here
 * only so that the walk can see all of them. */
extern void list_add( uint32_t ino, uint32_t id, uint32_t access, uint32_t sharing, int server );
extern void list_remove( uint32_t ino, uint32_t id );
extern void list_promote( uint32_t ino, uint32_t id );
extern uint32_t list_walk( uint32_t ino, uint32_t access, uint32_t sharing, int truncate, int delete_on_close );

/* Open as wineserver does: its own opens, and nspa_server_check() for the rest. */
extern uint32_t diff_server_open( uint32_t ino, uint32_t id, uint32_t access, uint32_t sharing,
                                  int truncate, int delete_on_close );
/* Tell the table of wineserver's opens. */
extern void diff_server_publish( uint32_t ino );
extern int diff_start( int *fd, int *control );
/* Counters, journals and locks agree; settle: after a visit to each bucket. */
extern uint32_t diff_check_table( int settle );

#endif
