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
    int         (*hold_signal)( int sig );
    const char *(*reason_string)( uint32_t reason );
    int32_t     (*try_bypass)( const struct nspa_open *open, struct nspa_opened *opened );
    void        (*listed)( const char *dir, const char *name, uint32_t mode );
    int32_t     (*promote)( uint64_t handle );
    uint32_t    (*promote_inheritable)(void);
    uint32_t    (*promote_handles)( const uint64_t *handles, uint32_t count );
    int32_t     (*lend)( uint64_t handle, int32_t (*use)( const struct nspa_promotion *file, void *arg ),
                         void *arg, int32_t *result );
    int32_t     (*close)( uint64_t handle );
    void        (*closed)( uint64_t handle );
    int32_t     (*query)( uint64_t handle, struct nspa_opened_file *info );
    int32_t     (*unix_name)( uint64_t handle, char *name, size_t *size );
    int32_t     (*nt_name)( uint64_t handle, uint16_t *name, uint32_t *size );
    int         (*had_size)( uint64_t handle, uint64_t size );
    uint64_t    (*volume_epoch)(void);
    int32_t     (*section_create)( uint64_t file, const struct nspa_section *section, struct nspa_opened *opened );
    int32_t     (*section_query)( uint64_t handle, struct nspa_section *section );
    int32_t     (*view_add)( uint64_t section, uint32_t *view );
    void        (*view_remove)( uint32_t view );
    int32_t     (*view_name)( uint32_t view, uint16_t *name, uint32_t *size );
    void        (*get_stats)( struct nspa_stats *stats, size_t size );
};
extern struct nspa_library nspa_lib;

/* what the library calls, in promote.c and section.c */
extern int32_t nspa_host_promote( const struct nspa_promotion *file );
extern int32_t nspa_host_promote_section( const struct nspa_promotion *file );
extern void nspa_host_promote_many( const struct nspa_promotion *files, uint32_t count, int32_t *statuses );
extern int32_t nspa_host_close_handle( uint32_t handle );
extern void nspa_host_drained( uint64_t dev, uint64_t ino );

/* No signal may suspend or end a thread while it holds a mutex of ours: it would keep it. */
static inline void nspa_lock_mutex( pthread_mutex_t *mutex, sigset_t *old )
{
    sigset_t all;

    sigfillset( &all );
    pthread_sigmask( SIG_BLOCK, &all, old );
    mutex_lock( mutex );
}

static inline void nspa_unlock_mutex( pthread_mutex_t *mutex, const sigset_t *old )
{
    mutex_unlock( mutex );
    pthread_sigmask( SIG_SETMASK, old, NULL );
}

#if NSPA_DEBUG
extern BOOL nspa_trace_enabled(void);
#define NSPA_TRACE(...) do { if (nspa_trace_enabled()) fprintf( stderr, __VA_ARGS__ ); } while (0)
#else
#define NSPA_TRACE(...) do { } while (0)
#endif

#endif /* __NTDLL_UNIX_NSPA_LIBRARY_H */
