/*
 * libnspa, as loaded
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
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin St, Fifth Floor, Boston, MA 02110-1301, USA
 */

#ifndef __NTDLL_UNIX_NSPA_LIBRARY_H
#define __NTDLL_UNIX_NSPA_LIBRARY_H

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <nspa.h>

#ifndef NSPA_DEBUG
#define NSPA_DEBUG 1
#endif

/* the functions of the library; attached once they may be called */
struct nspa_library
{
    BOOL        attached;
    uint32_t    (*version)(void);
    int32_t     (*init)( const struct nspa_init *init );
    const char *(*reason_string)( uint32_t reason );
    int32_t     (*try_bypass)( const struct nspa_open *open, struct nspa_opened *opened );
    int32_t     (*reopen)( const struct nspa_open *open, struct nspa_opened *opened );
    void        (*listed)( const char *unix_name, uint32_t mode, uint64_t dev );
    uint64_t    (*promote)( uint64_t handle );
    uint32_t    (*promote_inheritable)(void);
    uint32_t    (*promote_handles)( const uint64_t *handles, uint32_t count );
    int32_t     (*pin)( uint64_t handle, struct nspa_promotion *file );
    void        (*unpin)( uint64_t handle );
    int32_t     (*close)( uint64_t handle );
    void        (*closed)( uint64_t handle );
    int32_t     (*unix_name)( uint64_t handle, char *name, size_t *size, uint64_t *dev );
    uint64_t    (*volume_epoch)(void);
    int32_t     (*section_create)( uint64_t file, const struct nspa_section *section, struct nspa_opened *opened );
    int32_t     (*section_query)( uint64_t handle, struct nspa_section *section );
    int32_t     (*view_add)( uint64_t section, uint32_t *view );
    void        (*view_remove)( uint32_t view );
    int32_t     (*view_name)( uint32_t view, uint16_t *name, uint32_t *size );
};
extern struct nspa_library nspa_lib;

/* the kernel stack that this thread entered the library on */
extern __thread const char *nspa_entry_stack __attribute__((tls_model("initial-exec")));

/* what the library calls, in promote.c and section.c */
extern int32_t nspa_host_promote( const struct nspa_promotion *file );
extern int32_t nspa_host_promote_section( const struct nspa_promotion *file );
extern void nspa_host_promote_many( const struct nspa_promotion *files, uint32_t count, int32_t *statuses );
extern int32_t nspa_host_close_handle( uint32_t handle );
extern void nspa_host_drained( uint64_t dev, uint64_t ino );

/* No signal may suspend or end a thread while it has a file pinned or holds a mutex
 * of ours: it would keep them. */
static inline void nspa_block_signals( sigset_t *old )
{
    sigset_t all;

    sigfillset( &all );
    pthread_sigmask( SIG_BLOCK, &all, old );
}

static inline void nspa_restore_signals( const sigset_t *old )
{
    pthread_sigmask( SIG_SETMASK, old, NULL );
}

static inline void nspa_lock_mutex( pthread_mutex_t *mutex, sigset_t *old )
{
    nspa_block_signals( old );
    mutex_lock( mutex );
}

static inline void nspa_unlock_mutex( pthread_mutex_t *mutex, const sigset_t *old )
{
    mutex_unlock( mutex );
    nspa_restore_signals( old );
}

/* What a local file was opened with, but for its names. It is not kept pinned while
 * the answer is written: that goes to the program's memory, and may fault. */
static inline BOOL nspa_get_local_file( HANDLE handle, struct nspa_promotion *file )
{
    sigset_t old;
    int32_t ret;

    if (!nspa_is_local_file( (ULONG_PTR)handle ) || !nspa_lib.attached) return FALSE;

    nspa_block_signals( &old );
    if (!(ret = nspa_lib.pin( (ULONG_PTR)handle, file ))) nspa_lib.unpin( (ULONG_PTR)handle );
    nspa_restore_signals( &old );
    return !ret;
}

/* tells one name from another */
static inline ULONG64 nspa_hash_chars( const char *name, size_t len )
{
    ULONG64 word, hash = len;

    for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word))
    {
        memcpy( &word, name, sizeof(word) );
        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy( &word, name, len );
    return (hash ^ word) * 0x9e3779b97f4a7c15;
}

static inline ULONG64 nspa_hash_name( const char *name )
{
    return nspa_hash_chars( name, strlen( name ));
}

#if NSPA_DEBUG
extern BOOL nspa_trace_enabled(void);
#define NSPA_TRACE(...) do { if (nspa_trace_enabled()) fprintf( stderr, __VA_ARGS__ ); } while (0)
#else
#define NSPA_TRACE(...) do { } while (0)
#endif

#endif /* __NTDLL_UNIX_NSPA_LIBRARY_H */
