/*
 * What the C programs of this folder share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __SHMTEST_TEST_H
#define __SHMTEST_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "../../include/nspa_server.h"

/* ---- results ---- */

extern int passed, failed;

#define CHECK(cond, ...) check( !!(cond), __FILE__, __LINE__, #cond, __VA_ARGS__ )
extern int check( int ok, const char *file, int line, const char *cond, const char *fmt, ... )
    __attribute__((format( printf, 5, 6 )));
extern int summary(void);

/* ---- processes ---- */

/* What parent and children share, one per child. */
struct control
{
    uint32_t armed;          /* enum step */
    uint32_t signal;         /* sent to oneself there */
    uint32_t result;         /* last enum nspa_publish_result, or retract's answer */
    uint32_t phase;          /* how far the child has come */
    int64_t  ns;             /* how long its last operation took */
};

struct child
{
    pid_t           pid;
    uint32_t        id;
    int             journal_fd;
    struct control *control;
    struct nspa_client client;  /* as wineserver has it mapped; in the child, as it has */
};

extern int table_fd, control_fd;

/* The child's own, in the child. */
extern struct child *me;

/* Create the table and become the server. */
extern void start_server(void);

/* Attach without a process. */
extern struct child *attach_child(void);

/* Attach a process and fork it; it runs func and exits.  With a step, it sends
 * itself the signal when it comes there. */
extern struct child *spawn( void (*func)(void *), void *arg );
extern struct child *spawn_armed( void (*func)(void *), void *arg, enum step step, int signal );

/* Wait until the child has stopped or ended; 0 ended, 1 stopped, -1 neither in time. */
extern int await( struct child *child, int timeout_ms );

/* Kill it if it lives; then what wineserver does when a process has ended. */
extern void reap( struct child *child );

/* Wait for a value in shared memory; zero when it does not come. */
extern int await_word( const uint32_t *word, uint32_t value, int timeout_ms );

extern int64_t now_ns(void);
extern const char *step_name( enum step step );

/* publish and retract for the child, timed */
extern int publish( uint32_t index, uint64_t ino, uint32_t access, uint32_t sharing );
extern int retract( uint32_t index, uint64_t ino, uint32_t access, uint32_t sharing );

#define DEV 7
#define READ   1u
#define WRITE  2u
#define DELETE NSPA_DELETE_ACCESS

/* ---- the table ---- */

/* What one open is, as counters. */
extern struct nspa_share one_open( uint32_t access, uint32_t sharing );

/* The server opens an inode if it may; own is what it had, and has afterwards. */
extern int server_open( uint64_t ino, struct nspa_share *own, uint32_t access, uint32_t sharing );
extern void server_store( uint64_t ino, const struct nspa_share *own );

/* With nobody at work: counters are the sums of the journals, locks are free,
 * nothing belongs to a journal that is not attached.  settle: visit each bucket
 * first, as the next open there would.  Prints what is wrong; returns how much. */
extern int check_quiescent( int settle, const char *when );

/* What a slot has of an inode; all zero if there is none. */
extern struct nspa_share client_share( uint64_t ino );

/* The bucket of an inode. */
extern struct nspa_bucket *bucket_of( uint64_t ino );
extern struct nspa_server_bucket *server_bucket_of( uint64_t ino );
extern int is_clean( uint64_t ino );

/* Inodes that share a bucket. */
extern void same_bucket( uint64_t *inodes, int count );

#endif
