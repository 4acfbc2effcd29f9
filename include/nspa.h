/*
 * libnspa: local files for Wine's ntdll
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
 * The client ABI.  The caller is the glue in ntdll's Unix library
 * (dlls/ntdll/unix/nspa/), which loads this library when NSPA_LOCAL_FILES=1.
 *
 * Threads.  Every function may be called on any thread at any time after
 * nspa_init() succeeded, unless it says otherwise, also on SCHED_FIFO threads.
 * Functions of this header never enter Go; those of nspa_reparse.h do.
 *
 * Signals.  Every function may be called with any signal mask.  While it runs, no
 * signal suspends or ends the thread: see NSPA_INIT_HOLDS_SIGNALS.
 *
 * Memory.  No function keeps a pointer it was given, and none hands over
 * memory.  None reads or writes memory of the Windows program: arguments are
 * the caller's own copies, so that no page fault happens inside.
 *
 * Errors.  An NTSTATUS below zero means that nothing was done and that the
 * caller should take the path of unmodified Wine.  No open is ever refused
 * here: a conflict in the shared table sends it to wineserver, which decides.
 */

#ifndef __NSPA_H
#define __NSPA_H

#include <stddef.h>
#include <stdint.h>

#include "nspa_reparse.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NSPA_ABI_VERSION 5

/* Handles of local sections are [NSPA_SECTION_HANDLE_BASE, NSPA_LF_HANDLE_BASE),
 * those of local files [NSPA_LF_HANDLE_BASE, 0x80000000), in steps of four.  The
 * last one is never given out: with tag bits it is 0x7fffffff, the pseudo handle
 * of the current process. */
#define NSPA_LF_HANDLE_CAP        4096u
#define NSPA_SECTION_HANDLE_BASE  0x7fff8000u
#define NSPA_LF_HANDLE_BASE       0x7fffc000u
#define NSPA_LF_HANDLE_LAST       0x7ffffffcu

/* Is this value in a local range?  Says nothing about whether it is open.
 * NT ignores the two low bits of a handle, and so do we. */
static inline int nspa_is_local_section( uint64_t handle )
{
    return handle >= NSPA_SECTION_HANDLE_BASE && handle < NSPA_LF_HANDLE_BASE;
}

static inline int nspa_is_local_file( uint64_t handle )
{
    return handle >= NSPA_LF_HANDLE_BASE && handle < NSPA_LF_HANDLE_LAST;
}

static inline int nspa_is_local_handle( uint64_t handle )
{
    return nspa_is_local_section( handle ) || nspa_is_local_file( handle );
}

/* The same, exported. */
extern int nspa_local_file_is_local_handle( uint64_t handle );

/* A section of a local file, without a name, that cannot be inherited. */
struct nspa_section
{
    uint64_t size;         /* in bytes; of the whole file if it is zero on creation */
    uint32_t access;       /* SECTION_*, all granted */
    uint32_t file_access;  /* what the section's protection needs of the file */
};

/* One file or section, as wineserver must know it to hold it under the same handle. */
struct nspa_promotion
{
    uint32_t        handle;
    int32_t         fd;          /* stays the library's */
    uint32_t        access;      /* generic rights mapped */
    uint32_t        sharing;
    uint32_t        options;
    uint32_t        attributes;  /* OBJ_* */
    const uint16_t *nt_name;     /* not terminated */
    uint32_t        nt_len;      /* in bytes */
    const char     *unix_name;   /* as it was opened, terminated */
    struct nspa_section section; /* if the handle is a section's; all of the above describe its file */
};

/* What the library needs of its host.  Called on the thread that entered the
 * library, with signals held back and no lock held, so a host function may end the
 * thread.  Only warn may be NULL. */
#define NSPA_PROMOTE_MAX 15u   /* wineserver keeps 16 descriptors in flight per thread */

struct nspa_host
{
    /* Put a descriptor into ntdll's fd cache: from here on reads find it.  Which entries
     * of the cache the local handles have is filled, is for the library alone to change.
     * The handle has no entry. */
    void     (*add_fd)( uint32_t handle, int fd, uint32_t access, uint32_t options, int directory );
    /* Take the handle out of the cache; return the fd it had, or -1. */
    int      (*forget_fd)( uint32_t handle );
    /* Send request nspa_create_file_from_unix_fd, or for a section
     * nspa_create_mapping_from_unix_fd; return its status. */
    int32_t  (*promote)( const struct nspa_promotion *file );
    /* The same for several files, at most NSPA_PROMOTE_MAX, with one request
     * nspa_promote_local_handles; fills a status for each. */
    void     (*promote_many)( const struct nspa_promotion *files, uint32_t count, int32_t *statuses );
    /* Close a handle that wineserver holds, and leave its fd cached; return the status. */
    int32_t  (*close_handle)( uint32_t handle );
    /* Tell wineserver that an inode's last local open is gone. */
    void     (*drained)( uint64_t dev, uint64_t ino );
    /* Bounds of the stack that holds sp, if the host knows them better than
     * libpthread; return zero if not. */
    int      (*stack_bounds)( const void *sp, void **low, size_t *size );
    /* Print one line, given without newline. */
    void     (*warn)( const char *line );
};

struct nspa_init
{
    uint32_t        size;           /* of this structure */
    uint32_t        abi;            /* NSPA_ABI_VERSION */
    uint32_t        flags;          /* NSPA_INIT_* */
    int32_t         table_fd;       /* what request nspa_attach handed over; the descriptors stay */
    int32_t         control_fd;     /* the caller's, and may be closed afterwards */
    int32_t         journal_fd;
    uint64_t        owner;
    const uint32_t *inherited;      /* handles in the local range that came from the parent */
    uint32_t        inherited_count;
    const char     *prefix;         /* the directory that drives' names start with, absolute; may be NULL.
                                     * Kept open: the way there is not walked at each open. */
    struct nspa_host host;
};
/* The host's handlers of signals that suspend or end a thread ask nspa_hold_signal()
 * first.  Without this flag the library blocks all signals, two system calls each time. */
#define NSPA_INIT_HOLDS_SIGNALS  1u
/* Only reparse points are wanted: no table, and of host only stack_bounds and warn. */
#define NSPA_INIT_NO_TABLE       2u

/* The ABI this library was built with.  Any state. */
extern uint32_t nspa_version(void);

/* Attach the process.  Once, before any other call but nspa_version().
 *   STATUS_SUCCESS            attached
 *   STATUS_REVISION_MISMATCH  size or abi differ
 *   STATUS_INVALID_PARAMETER  a pointer, owner or handle that cannot be
 *   STATUS_FILE_INVALID       the table is not one, or of another geometry
 *   STATUS_NOT_SAME_DEVICE    wineserver is in another mount namespace
 *   STATUS_NO_MEMORY          no memory for the handle table
 *   STATUS_ALREADY_INITIALIZED
 * On failure one line was given to warn, and all other functions decline. */
extern int32_t nspa_init( const struct nspa_init *init );

/* Why an open was, or was not, served. */
enum nspa_reason
{
    NSPA_SERVED,
    NSPA_NOT_ATTACHED,        /* not initialised, or switched off after an error */
    NSPA_BAD_REQUEST,         /* a pointer or length that cannot be */
    NSPA_ROOT_DIRECTORY,
    NSPA_SECURITY_DESCRIPTOR,
    NSPA_DISPOSITION,
    NSPA_OPTIONS,             /* by id, delete on close, unknown, or against what the name leads to */
    NSPA_ASYNCHRONOUS,
    NSPA_ACCESS,              /* asks for more than reading */
    NSPA_ATTRIBUTES,          /* OBJ_* other than inherit and case */
    NSPA_NAME_TOO_LONG,
    NSPA_LOADER,              /* .dll, .drv, .sys, .exe */
    NSPA_NOT_REGULAR,         /* nor a directory */
    NSPA_SERVER_DEVICE,       /* removable media, where vanilla caches no fd either, and procfs */
    NSPA_UNIX_ERROR,          /* stat or open failed */
    NSPA_CHANGED,             /* replaced or unlinked while it was opened */
    NSPA_NO_HANDLE,           /* all local handles are in use */
    NSPA_SHARING,             /* the table shows a conflict */
    NSPA_TABLE_FULL,
    NSPA_TABLE_DECLINED,      /* also directories, while a tree of them is watched */
    NSPA_TABLE_BUSY,
    NSPA_DETACHED_BY_SERVER,  /* wineserver ended, or considers this process ended */
    NSPA_REASON_COUNT
};

/* The reason in words, for a trace; never NULL. */
extern const char *nspa_reason_string( uint32_t reason );

/* NtCreateFile's arguments, and what its name lookup comes to.  If unix_name does not
 * exist the open is declined, so it may also be tried before the lookup, with the name
 * that this gives to a path that exists as it is written. */
struct nspa_open
{
    const char     *unix_name;    /* absolute, terminated */
    const uint16_t *nt_name;
    uint32_t        nt_len;       /* in bytes */
    uint32_t        access;
    uint32_t        sharing;
    uint32_t        disposition;
    uint32_t        options;
    uint32_t        attributes;   /* OBJ_* */
    uint32_t        flags;        /* NSPA_OPEN_* */
};
#define NSPA_OPEN_HAS_ROOT  1u    /* RootDirectory was given */
#define NSPA_OPEN_HAS_SD    2u    /* SecurityDescriptor was given */

struct nspa_opened
{
    uint32_t handle;
    uint32_t access;              /* generic rights mapped */
    uint32_t reason;              /* enum nspa_reason, also on failure */
    uint32_t directory;           /* nonzero if it is one; else a regular file */
};

/* Open an existing regular file or directory for reading inside this process.
 *   STATUS_SUCCESS        *opened is filled; NtCreateFile succeeds with FILE_OPENED
 *   STATUS_NOT_SUPPORTED  the open belongs to wineserver; opened->reason says why */
extern int32_t nspa_local_file_try_bypass( const struct nspa_open *open, struct nspa_opened *opened );

/* A listing of the directory dir, as a name lookup names it, has shown name, which is
 * what lstat() says in st_mode.  Saves a look at it, should it be opened.  Takes no lock. */
extern void nspa_local_file_listed( const char *dir, const char *name, uint32_t mode );

/* Give wineserver a local file or section under the handle it has, so that any request
 * may name it.  Returns handle in every case: what is not local, not open or
 * could not be promoted is wineserver's to judge.  One round trip the first
 * time, none after. */
extern uint64_t nspa_promote_if_local( uint64_t handle );

/* The same, and what became of it: STATUS_SUCCESS if the handle is for wineserver to
 * judge now, else why it could not be promoted.  It is local still then. */
extern int32_t nspa_local_file_promote( uint64_t handle );

/* Promote every local file that was opened with OBJ_INHERIT, before a process
 * is created.  One round trip for each NSPA_PROMOTE_MAX files.  Returns how many
 * were promoted. */
extern uint32_t nspa_local_file_promote_inheritable(void);

/* Promote those of these handles that are local files, likewise. */
extern uint32_t nspa_local_file_promote_handles( const uint64_t *handles, uint32_t count );

/* Call use with the description of a local file, which is not closed or promoted away
 * meanwhile: a close takes effect afterwards.  *result is what use returned.
 *   STATUS_SUCCESS, STATUS_NOT_SUPPORTED (not a local file; use was not called) */
extern int32_t nspa_local_file_lend( uint64_t handle, int32_t (*use)( const struct nspa_promotion *file, void *arg ),
                                     void *arg, int32_t *result );

/* Close a handle.
 *   STATUS_SUCCESS        it was local and is closed, or is when the last thread
 *                         that hands it to wineserver just now is done
 *   STATUS_NOT_SUPPORTED  it is wineserver's; close it there, then say so
 *                         with nspa_local_file_closed() */
extern int32_t nspa_local_file_close( uint64_t handle );

/* wineserver closed this handle: its value may be used again, and what the fd cache has
 * of it is closed.  Ignores handles that wineserver did not hold. */
extern void nspa_local_file_closed( uint64_t handle );

/* What a local file was opened with. */
struct nspa_opened_file
{
    uint32_t access;              /* generic rights mapped */
    uint32_t sharing;
    uint32_t options;
    uint32_t attributes;          /* OBJ_* */
    uint32_t directory;           /* nonzero if it is one */
};

/*   STATUS_SUCCESS, STATUS_NOT_SUPPORTED (not a local file; wineserver knows) */
extern int32_t nspa_local_file_query( uint64_t handle, struct nspa_opened_file *info );

/* The Unix name of a local file, absolute and without symbolic links: where it is now, or
 * was when it was deleted.  *size is the buffer's in bytes, and becomes the name's with
 * its terminator.
 *   STATUS_SUCCESS
 *   STATUS_BUFFER_OVERFLOW  *size says how much is needed
 *   STATUS_NOT_SUPPORTED    not a local file; wineserver knows */
extern int32_t nspa_local_file_unix_name( uint64_t handle, char *name, size_t *size );

/* The NT name it was opened by: not terminated, sizes in bytes; the rest as above. */
extern int32_t nspa_local_file_nt_name( uint64_t handle, uint16_t *name, uint32_t *size );

/* Nonzero if this was the size in bytes of a file that was opened here, when it was opened. */
extern int nspa_local_file_had_size( uint64_t handle, uint64_t size );

/* Create a section of a local file.  It has a descriptor of its own.  Decides nothing
 * against the program:
 *   STATUS_SUCCESS        *opened is filled, opened->handle is the section's
 *   STATUS_NOT_SUPPORTED  the section belongs to wineserver: not a local file,
 *                         more access than it has, larger than the file, empty,
 *                         no handle or descriptor left, or the table declined */
extern int32_t nspa_local_section_create( uint64_t file, const struct nspa_section *section,
                                          struct nspa_opened *opened );

/* Describe a local section.
 *   STATUS_SUCCESS, STATUS_NOT_SUPPORTED (not a local section; wineserver knows) */
extern int32_t nspa_local_section_query( uint64_t handle, struct nspa_section *section );

/* A view of a local section is about to be mapped.  It counts as a mapping of the
 * file until nspa_local_view_remove(), whatever becomes of the section.
 *   STATUS_SUCCESS        *view names it to the functions below
 *   STATUS_NOT_SUPPORTED  the view belongs to wineserver */
extern int32_t nspa_local_view_add( uint64_t section, uint32_t *view );
extern void nspa_local_view_remove( uint32_t view );

/* The NT name of a view's file: not terminated, sizes in bytes.  *size is the
 * buffer's and becomes the name's.
 *   STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW, STATUS_NOT_SUPPORTED (no view) */
extern int32_t nspa_local_view_name( uint32_t view, uint16_t *name, uint32_t *size );

/* A word that changes whenever a drive link or a volume's label may have:
 * answers of the mount manager are good while it stays.  Zero while not
 * attached, or when wineserver is gone: nothing may be kept then. */
extern uint64_t nspa_volume_epoch(void);

/* A handler of a signal that suspends or ends the thread calls this first.  Nonzero: the
 * thread is in the middle of the library's work; return, the signal is sent again when
 * that is done.  Any state, any thread; async-signal-safe. */
extern int nspa_hold_signal( int sig );

struct nspa_stats
{
    uint64_t opens[NSPA_REASON_COUNT];  /* by reason; opens[NSPA_SERVED] were local */
    uint64_t promotions;
    uint64_t local_closes;
    uint32_t handles;                   /* local and promoted handles open now, and views */
    uint32_t local_handles;             /* of files and sections that wineserver does not know */
};

/* Count what happened so far.  size is sizeof(struct nspa_stats) of the caller;
 * no more than that is written. */
extern void nspa_get_stats( struct nspa_stats *stats, size_t size );

#ifdef __cplusplus
}
#endif

#endif  /* __NSPA_H */
