/*
 * libnspa_server: making the table
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
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "private.h"

struct nspa_table *nspa_table;

NSPA_EXPORT uint32_t nspa_server_abi(void)
{
    return NSPA_SERVER_ABI;
}

/* glibc's list_op_pending of this thread, and what it shall be.  A word of the
 * robust list itself would have to keep its links in the table, where a client
 * could write to them. */
static void **pending;
static void *lease_entry;

struct nspa_thread *nspa_server_thread(void)
{
    static struct nspa_thread thread;

    if (!thread.tid) thread.tid = syscall( SYS_gettid );
    /* glibc clears it when it has taken a robust or PI mutex of its own */
    if (pending && *pending != lease_entry) *pending = lease_entry;
    return &thread;
}

/* A robust futex that is never unlocked: when this thread ends the kernel sets
 * FUTEX_OWNER_DIED in it, which is how clients learn that wineserver died. */
static int take_lease( struct nspa_table *table )
{
    struct nspa_thread *thread = nspa_thread_self();

    if (!thread->pending) return ENOTSUP;
    NSPA_STORE( &table->lease, thread->tid );
    lease_entry = (char *)&table->lease - thread->futex_offset;
    pending = thread->pending;
    *pending = lease_entry;
    return 0;
}

static void random_uuid( uint8_t id[16] )
{
    if (getrandom( id, 16, GRND_NONBLOCK ) != 16)
    {
        int64_t now = nspa_clock_ns( CLOCK_REALTIME );
        uint64_t pid = getpid();

        memcpy( id, &now, 8 );
        memcpy( id + 8, &pid, 8 );
    }
    id[6] = (id[6] & 0x0f) | 0x40;  /* RFC 9562: version 4, variant 1 */
    id[8] = (id[8] & 0x3f) | 0x80;
}

NSPA_EXPORT int nspa_server_create_table(void)
{
    struct nspa_table *table = MAP_FAILED;
    struct stat st;
    int fd, err;

    if (nspa_table)
    {
        errno = EALREADY;
        return -1;
    }
    if ((fd = memfd_create( "wine_nspa_inode_table", MFD_CLOEXEC | MFD_ALLOW_SEALING )) == -1) return -1;

    /* sealed, so that no client can make an access of ours fault */
    if (ftruncate( fd, sizeof(*table) ) == -1) goto failed;
    if (fcntl( fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL ) == -1) goto failed;
    table = mmap( NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0 );
    if (table == MAP_FAILED) goto failed;

    table->version    = NSPA_SHM_VERSION;
    table->size       = sizeof(*table);
    table->buckets    = NSPA_BUCKETS;
    table->slots      = NSPA_SLOTS;
    table->processes  = NSPA_MAX_PROCESSES;
    table->handle_cap = NSPA_HANDLE_CAP;
    random_uuid( table->instance );
    if (stat( "/proc/self/ns/pid", &st ) == -1) goto failed;
    table->pid_ns_dev = st.st_dev;
    table->pid_ns_ino = st.st_ino;
    if (stat( "/proc/self/ns/mnt", &st ) == -1) goto failed;
    table->mnt_ns_dev = st.st_dev;
    table->mnt_ns_ino = st.st_ino;
    if ((err = take_lease( table )))
    {
        errno = err;
        goto failed;
    }
    NSPA_STORE( &table->magic, NSPA_SHM_MAGIC );
    nspa_table = table;
    return fd;

failed:
    err = errno;
    if (table != MAP_FAILED) munmap( table, sizeof(*table) );
    close( fd );
    errno = err;
    return -1;
}

NSPA_EXPORT void nspa_server_bump_volumes(void)
{
    if (nspa_table) __atomic_add_fetch( &nspa_table->volume_epoch, 1, __ATOMIC_RELEASE );
}

NSPA_EXPORT void nspa_server_bump_names(void)
{
    if (nspa_table) __atomic_add_fetch( &nspa_table->name_epoch, 1, __ATOMIC_SEQ_CST );
}

NSPA_EXPORT void nspa_server_watch_trees( uint32_t count )
{
    if (nspa_table) NSPA_STORE( &nspa_table->watched_trees, count );
}
