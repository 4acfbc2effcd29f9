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
    X( nspa_version ) X( nspa_init ) X( nspa_reason_string ) X( nspa_hold_signal ) \
    X( nspa_local_file_is_local_handle ) X( nspa_local_file_try_bypass ) X( nspa_local_file_listed ) \
    X( nspa_promote_if_local ) X( nspa_local_file_promote ) X( nspa_local_file_promote_inheritable ) \
    X( nspa_local_file_promote_handles ) X( nspa_local_file_lend ) X( nspa_local_file_close ) \
    X( nspa_local_file_closed ) X( nspa_local_file_query ) X( nspa_local_file_unix_name ) \
    X( nspa_local_file_nt_name ) X( nspa_local_file_had_size ) X( nspa_local_section_create ) \
    X( nspa_local_section_query ) X( nspa_local_view_add ) X( nspa_local_view_remove ) X( nspa_local_view_name ) \
    X( nspa_volume_epoch ) X( nspa_get_stats ) X( nspa_reparse_decode )

#define X(name) __typeof__( &name ) name;
struct client_library { X_CLIENT_FUNCTIONS };
#undef X
extern struct client_library lib;

/* ---- in the client's process ---- */

/* Load a library.  With path NULL, the one to test. */
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
    int32_t  status;
    struct nspa_opened opened;
};
extern int32_t nt_open( struct client_open *open );
/* What ntdll asks for to read a file. */
extern struct client_open reading( const char *path );

/* The common case.  Gives the reason. */
extern uint32_t nt_open_read( const char *path, uint32_t access, uint32_t sharing, uint32_t *handle );

/* NtClose: local, or by the server. */
extern int32_t nt_close( uint32_t handle );

/* NtReadFile at an offset through the fd cache; -1 if there is no descriptor. */
extern long nt_read( uint32_t handle, void *buffer, size_t size, long offset );
extern int nt_cached_fd( uint32_t handle );

/* The descriptor plus one in the low half, and a count of changes in the other: while
 * it stays, so does the descriptor. */
extern uint64_t nt_cached( uint32_t handle );

/* What the library asked its host for. */
struct host_seen
{
    uint32_t add_fd, forget_fd, promote, promote_many, close_handle, drained, stack_bounds, warn;
    uint32_t unblocked;              /* with a signal not blocked */
    uint32_t locked;                 /* with a bucket lock held by the thread */
    uint32_t overwritten;            /* entries of the fd cache that had a descriptor when one was added */
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

/* Now and then the host takes its time with the fd cache, so that other threads see what
 * is between two steps. */
extern int host_dawdles;

/* Do the host's handlers ask nspa_hold_signal()?  To be set before client_attach(). */
extern int holds_signals;

/* A call that Go serves; its status. */
extern int32_t call_go(void);

extern uint64_t signal_mask(void);
extern uint32_t count_entries( const char *directory );  /* of /proc/self/fd and the like */

/* ---- to be called by the test ---- */

extern int64_t client_load( void *unused );              /* zero if it could not */
extern int64_t client_attach( void *unused );            /* load, connect, nspa_init() */
extern int64_t client_attach_holding( void *unused );    /* the same, with holds_signals */
extern int64_t client_open( void *open );                /* struct client_open: status */
extern int64_t client_close( void *handle );             /* uint32_t: status of NtClose */
extern int64_t client_close_local( void *handle );       /* uint32_t: nspa_local_file_close() alone */
extern int64_t client_promote( void *handle );           /* uint32_t */
extern int64_t client_read( void *handle );              /* uint32_t: does it read "data"? */
extern int64_t client_host_seen( void *seen );
extern int64_t client_stats( void *stats );              /* struct nspa_stats */
extern int64_t client_fds( void *unused );               /* descriptors open */
extern int64_t client_tasks( void *unused );             /* threads */
extern int64_t client_epoch( void *unused );
extern int64_t call_go_once( void *unused );             /* call_go() */

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
