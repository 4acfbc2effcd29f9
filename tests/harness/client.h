/*
 * A client: what ntdll does around libnspa
 *
 * All of this runs in the client's process; the functions that take a void
 * pointer can be called there by the test (see world.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_CLIENT_H
#define __HARNESS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define X_CLIENT_FUNCTIONS \
    X( nspa_version ) X( nspa_init ) X( nspa_reason_string ) X( nspa_local_file_is_local_handle ) \
    X( nspa_local_file_try_bypass ) X( nspa_local_file_reopen ) X( nspa_local_file_listed ) X( nspa_promote_if_local ) X( nspa_local_file_promote_inheritable ) \
    X( nspa_local_file_promote_handles ) X( nspa_local_file_pin ) X( nspa_local_file_unpin ) \
    X( nspa_local_file_close ) X( nspa_local_file_closed ) X( nspa_local_file_unix_name ) \
    X( nspa_volume_epoch ) X( nspa_get_stats )

#define X(name) __typeof__( &name ) name;
struct client_library { X_CLIENT_FUNCTIONS };
#undef X
extern struct client_library lib;

/* ---- in the client's process ---- */

/* Load the library as ntdll's glue does: all signals blocked, handlers saved
 * and put back.  With path NULL, the one to test. */
extern int load_library( const char *path );

/* Another function of the loaded library. */
extern void *find_symbol( const char *name );

/* What nspa_init() wants, from the server.  The table's descriptor is ours. */
extern int32_t get_init( struct nspa_init *init );

/* NtCreateFile for reading; names are made from path.  opened->reason says more. */
struct client_open
{
    char     path[400];
    uint32_t access, sharing, disposition, options, attributes, flags;
    uint32_t nt_len;                 /* 0: as the path needs */
    uint32_t mode;
    uint64_t dev, ino;
    int32_t  status;
    struct nspa_opened opened;
};
extern int32_t nt_open( struct client_open *open );
/* What ntdll asks for to read a file, with the stat() of its name lookup. */
extern struct client_open looked_up( const char *path );
extern int32_t nt_reopen( struct client_open *open );  /* without a name lookup */

/* The common case.  Gives the reason. */
extern uint32_t nt_open_read( const char *path, uint32_t access, uint32_t sharing, uint32_t *handle );

/* NtClose: local, or by the server. */
extern int32_t nt_close( uint32_t handle );

/* NtReadFile at an offset through the fd cache; -1 if there is no descriptor. */
extern long nt_read( uint32_t handle, void *buffer, size_t size, long offset );
extern int nt_cached_fd( uint32_t handle );

/* What the library asked its host for. */
struct host_seen
{
    uint32_t forget_fd, promote, promote_many, close_handle, drained, stack_bounds, warn, holds;
    uint32_t unblocked;              /* with a signal not blocked */
    uint32_t locked;                 /* with a bucket lock held by the thread */
    char     line[256];              /* the last one given to warn */
};
extern struct host_seen host_seen;

/* The stack that stack_bounds() knows for this thread; none while size is 0. */
extern __thread struct client_stack
{
    void    *low;
    size_t   size;
    uint32_t asked;                  /* calls of stack_bounds() on this thread */
} client_stack;

/* Does the host offer to hold signals back?  And how deep this thread is in it. */
extern int can_hold_signals;
extern __thread uint32_t client_holds;

extern uint64_t signal_mask(void);
extern uint32_t count_entries( const char *directory );  /* of /proc/self/fd and the like */

/* ---- to be called by the test ---- */

extern int64_t client_load( void *unused );              /* zero if it could not */
extern int64_t client_attach( void *unused );            /* load, connect, nspa_init() */
extern int64_t client_open( void *open );                /* struct client_open: status */
extern int64_t client_close( void *handle );             /* uint32_t: status of NtClose */
extern int64_t client_close_local( void *handle );       /* uint32_t: nspa_local_file_close() alone */
extern int64_t client_promote( void *handle );           /* uint32_t */
extern int64_t client_read( void *handle );              /* uint32_t: does it read "data"? */
extern int64_t client_host_seen( void *seen );
extern int64_t client_stats( void *stats );              /* struct nspa_stats */
extern int64_t client_fds( void *unused );               /* descriptors open */
extern int64_t client_epoch( void *unused );

/* ---- in the test ---- */

struct process;

/* Open path in the client; gives the reason, and checks that status agrees. */
extern uint32_t open_in( struct process *client, const char *path, uint32_t access, uint32_t sharing,
                         uint32_t *handle );
extern int32_t close_in( struct process *client, uint32_t handle );

/* The same in the server; gives the status. */
extern int32_t open_in_server( struct process *server, const char *path, uint32_t access, uint32_t sharing,
                               uint32_t *handle );
extern int32_t close_in_server( struct process *server, uint32_t handle );

#endif  /* __HARNESS_CLIENT_H */
