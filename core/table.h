/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handle table of the process.
 *
 * One entry for each local handle, in memory of this process alone.  The entry owns
 * the file's descriptor until wineserver has the handle, and ntdll's fd cache, which is
 * what reads go by, shows the descriptor exactly while the entry's state says so.
 *
 *     FREE --reserve--> (reserved) --commit--> LOCAL --close--> (closing) --> FREE
 *                           |                    |
 *                           +--cancel--> FREE    +--promote--> SERVER --> FREE
 *     FREE --> VIEW --> FREE                     came from the parent: SERVER
 *
 * Reserved and closing entries read FREE, but are not on the list of free ones: they
 * belong to the one thread that has just taken them there by compare-and-swap, and it
 * alone touches the descriptor, the fd cache's word and the shared table.
 *
 * The state word also counts pins: threads that hand the entry to wineserver, or copy
 * from it.  A pinned entry stays what it is.  Who closes it then leaves CLOSE in the
 * word, and the last to unpin closes.
 *
 * An entry is a file's or a section's, which the word says too.  Its handle lies in the
 * range of its kind and names nothing in the other.
 *
 * Signals are held by the callers.  Nothing here allocates or waits, but for the bucket
 * lock (nspa_shm.h).
 */

#ifndef __NSPA_TABLE_H
#define __NSPA_TABLE_H

#include <stddef.h>
#include <sys/types.h>

#include "hints.h"
#include "nt.h"
#include "shm.h"
#include "thread.h"

_Static_assert( NSPA_LF_HANDLE_CAP == NSPA_HANDLE_CAP, "one journal entry per handle" );

#define NSPA_FILE_SIZE 2048

struct nspa_file
{
    uint32_t state;
    uint32_t next;           /* while free: index + 1 of the next free entry */
    int32_t  fd;
    uint32_t access;         /* generic rights mapped */
    uint32_t sharing;
    uint32_t options;
    uint32_t attributes;     /* OBJ_* */
    uint32_t nt_len;         /* bytes of NT name at the start of names; then the Unix name it was opened by */
    uint32_t inherited;      /* came from the parent: no fresh entry */
    uint32_t directory;
    uint64_t dev;
    uint64_t ino;
    uint64_t size;           /* in bytes, when it was opened */
    struct nspa_section section;  /* of a section; access, sharing and options are its file's */
    uint8_t  names[NSPA_FILE_SIZE - 80];
};

_Static_assert( sizeof(struct nspa_file) == NSPA_FILE_SIZE, "entry size" );

#define NSPA_STATE_FREE    0u
#define NSPA_STATE_LOCAL   1u
#define NSPA_STATE_SERVER  2u
#define NSPA_STATE_VIEW    3u
#define NSPA_STATE_MASK    3u
#define NSPA_STATE_CLOSE   4u      /* the last one to unpin closes */
#define NSPA_STATE_SECTION 8u      /* the kind of the entry: a section, or a view of one */
#define NSPA_STATE_USER    0x100u  /* one pin */

struct nspa_files
{
    struct nspa_client client;
    struct nspa_host   host;
    uint64_t free;           /* tag << 32 | index + 1 of the first free entry */
    uint32_t used;           /* entries that are not free */
    uint32_t fresh;          /* entries from here on were never given out; their memory is untouched */
    uint32_t first;          /* which handle of the range entry 0 has */
    int32_t  prefix_fd;
    uint32_t prefix_len;     /* of the prefix's name and a slash; zero without one */
    char     prefix[1024];
    uint64_t inheritable[NSPA_HANDLE_CAP / 64];  /* local entries with OBJ_INHERIT, by index */
    struct nspa_hints hints;
    struct nspa_file  file[NSPA_HANDLE_CAP];
};

/* The process's, NULL until nspa_init() succeeded. */
extern struct nspa_files *nspa_files;

static inline struct nspa_files *nspa_get_files(void)
{
    return __atomic_load_n( &nspa_files, __ATOMIC_ACQUIRE );
}

/* Before any other thread knows the table: which entries are the parent's handles.
 * first is any number; processes should differ in it, so that a value that a child did
 * not inherit names nothing there. */
extern void nspa_files_init( struct nspa_files *files, uint32_t first, const uint32_t *inherited, uint32_t count );

static inline uint32_t nspa_kind_of( uint64_t handle )
{
    return nspa_is_local_section( handle ) ? NSPA_STATE_SECTION : 0;
}

static inline const char *nspa_file_unix_name( const struct nspa_file *file )
{
    return (const char *)file->names + file->nt_len;
}

extern uint32_t nspa_handle_of( const struct nspa_files *files, const struct nspa_file *file, uint32_t kind );

/* The entry a handle names, NULL if it is not in a local range or files is NULL; whether
 * it is of the handle's kind is for the state to say. */
extern struct nspa_file *nspa_file_of( struct nspa_files *files, uint64_t handle );

/* Is an entry of that kind open here, or wineserver's? */
extern int nspa_file_is_local( const struct nspa_file *file, uint32_t kind );
extern int nspa_file_is_servers( const struct nspa_file *file, uint32_t kind );

/* A free entry, which is now the caller's, or NULL.  Fill it in, publish it and commit
 * it, or give it back. */
extern struct nspa_file *nspa_file_reserve( struct nspa_files *files );
extern void nspa_file_give_back( struct nspa_files *files, struct nspa_file *file );

/* Count a reserved entry in the shared table.  Returns enum nspa_reason. */
extern uint32_t nspa_file_publish( struct nspa_files *files, struct nspa_file *file, uint32_t kind );

/* Take it out again.  May tell wineserver so: the last thing a caller does but closing. */
extern void nspa_file_retract( struct nspa_files *files, struct nspa_file *file, uint32_t kind );

/* Open for all threads from here on: fd is the table's, and in the fd cache.
 * Returns the handle. */
extern uint32_t nspa_file_commit( struct nspa_files *files, struct nspa_file *file, int fd, uint32_t kind );

/* A view has no handle and no descriptor.  Removing one that is none does nothing. */
extern uint32_t nspa_view_commit( struct nspa_files *files, struct nspa_file *file );
extern struct nspa_file *nspa_view_of( struct nspa_files *files, uint32_t view );
extern void nspa_view_remove( struct nspa_files *files, struct nspa_file *file );

/* Nonzero if the handle is closed, or will be by the last one to unpin it.  Zero:
 * closing it is wineserver's business. */
extern int nspa_file_close( struct nspa_files *files, struct nspa_file *file, uint32_t kind );

/* wineserver has closed the handle. */
extern void nspa_file_closed( struct nspa_files *files, struct nspa_file *file, uint32_t kind );

/* Keep a local entry of this kind from being closed or forgotten.  Zero if there is none. */
extern int nspa_file_pin( struct nspa_file *file, uint32_t kind );
extern void nspa_file_unpin( struct nspa_files *files, struct nspa_file *file );

/* Unpin, after wineserver was given the entry and answered with status. */
extern void nspa_file_promoted( struct nspa_files *files, struct nspa_file *file, int32_t status );

#endif  /* __NSPA_TABLE_H */
