/*
 * The stand-in server: what wineserver does for local files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_SERVER_H
#define __HARNESS_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* The server's process; does not return before the test ends. */
extern void server_main( int sock );

/* world.c: answer one call of the test.  Zero when the test has ended. */
extern int serve_call( int sock, void *buffer, size_t size );

/* ---- to be called in the server's process ---- */

/* An open by wineserver itself.  Gives a status; *handle closes it. */
struct server_open
{
    char     path[400];
    uint32_t access, sharing;
    uint32_t handle;
};
extern int64_t server_open( void *arg );
extern int64_t server_close( void *handle );      /* uint32_t * */

/* A process, named by its pid, ends: its journal is retired and its promoted
 * files are closed; then its journal is released. */
extern int64_t server_retire( void *pid );         /* uint32_t * */
extern int64_t server_release( void *pid );        /* uint32_t * */

/* Straight to the library. */
struct server_inode
{
    uint64_t          dev, ino;
    struct nspa_share share;                       /* in: own opens; out: the clients' */
};
extern int64_t server_publish( void *inode );
extern int64_t server_verify( void *inode );
extern int64_t server_count( void *inode );
extern int64_t server_begin_remove( void *inode );
extern int64_t server_end_remove( void *inode );
extern int64_t server_watch( void *inode );
extern int64_t server_bump_volumes( void *unused );
extern int64_t server_bump_names( void *unused );
extern int64_t server_watch_trees( void *count );  /* uint32_t * */

/* Publish that count other inodes are open, all in this one's bucket. */
struct server_crowd
{
    uint64_t dev, ino;
    uint32_t count;
    uint32_t leave;                                /* take it back instead */
};
extern int64_t server_crowd( void *crowd );

/* What came in so far. */
struct server_seen
{
    uint32_t promoted;                             /* files received */
    uint32_t promoted_again;                       /* that it had already */
    uint32_t packets;                              /* promotion requests */
    uint32_t wrong;                                /* that did not describe the file they carried */
    uint32_t drained;
    uint32_t closed;                               /* promoted files */
    uint32_t held;                                 /* promoted files open now */
    uint32_t tasks;                                /* threads of the process */
};
extern int64_t server_seen( void *seen );

/* From now on: wait so long before each answer to a promotion, in
 * microseconds, and refuse this many of them. */
struct server_behaviour
{
    uint32_t delay_us;
    uint32_t refuse;
    uint32_t no_descriptors;                       /* none left for a journal */
};
extern int64_t server_behave( void *behaviour );

#endif  /* __HARNESS_SERVER_H */
