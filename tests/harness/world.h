/*
 * The processes of a test: a stand-in server and clients
 *
 * The test itself runs in a process of its own and tells the others what to do
 * by calling functions in them.  They all are forks of one program, so a
 * function has the same address everywhere.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_WORLD_H
#define __HARNESS_WORLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "test.h"
#include "wire.h"

struct process
{
    pid_t pid;
    int   sock;
};

typedef int64_t (*remote_func)( void *arg );

/* Call func in that process's main thread with a copy of size bytes at arg,
 * which are copied back.  STATUS_DIED, and a failed check, if it ended. */
extern int64_t call( struct process *process, remote_func func, void *arg, size_t size );

/* The same in two halves, to let several processes work at once. */
extern void call_begin( struct process *process, remote_func func, const void *arg, size_t size );
extern int64_t call_end( struct process *process, void *arg, size_t size );

#define CALL_MAX 8192

/* Start a server, and connect this process to its table. */
extern struct process *start_server(void);
extern struct nspa_table *table;    /* in the test's own process */
extern const struct nspa_control *control;
extern int table_fd;
extern pid_t server_pid;

/* Map the journals that the server has; how many of at most max. */
extern unsigned int map_journals( struct nspa_journal **journals, unsigned int max );

/* Start a client.  A plain one has not loaded the library yet. */
extern struct process *start_client(void);
extern struct process *start_plain_client(void);

/* End a process by SIGKILL and wait until it is gone. */
extern void kill_process( struct process *process );

/* A file of this test with four known bytes; the name is absolute. */
extern const char *make_file( const char *name );
extern void file_id( const char *path, uint64_t *dev, uint64_t *ino );
extern const char *test_dir(void);

/* That of all tests, which main() makes and removes. */
extern const char *all_tests_dir;
extern const char *make_dir( const char *base );
extern void remove_tree( const char *path );

/* The library to test, "libnspa.so" or "libnspa_server.so". */
extern const char *library_path( const char *name );

/* Where clients find the server, for its process and theirs. */
extern int server_listen(void);
extern int server_connect(void);

/* Check that nobody holds, announces or locks anything in the table.  Buckets that
 * are marked for a recount must have been visited by the server. */
extern void check_table_empty(void);

/* The clients' counters of an inode, all zero without a slot. */
extern struct nspa_share client_share( const char *path );
extern struct nspa_share server_share( const char *path );

#endif  /* __HARNESS_WORLD_H */
