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
struct nspa_control *nspa_control;

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
static int take_lease( struct nspa_control *control )
{
    struct nspa_thread *thread = nspa_thread_self();

    if (!thread->pending) return ENOTSUP;
    NSPA_STORE( &control->lease, thread->tid );
    lease_entry = (char *)&control->lease - thread->futex_offset;
    pending = thread->pending;
    *pending = lease_entry;
    return 0;
}

static void random_bytes( void *bytes, size_t size )
{
    uint64_t parts[2] = { nspa_clock_ns( CLOCK_REALTIME ), getpid() };

    memcpy( bytes, parts, size );
    if (getrandom( bytes, size, GRND_NONBLOCK ) != (ssize_t)size) memcpy( bytes, parts, size );
}

static void random_uuid( uint8_t id[16] )
{
    random_bytes( id, 16 );
    id[6] = (id[6] & 0x0f) | 0x40;  /* RFC 9562: version 4, variant 1 */
    id[8] = (id[8] & 0x3f) | 0x80;
}

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#endif

int nspa_create_memory( const char *name, size_t size, void **memory )
{
    const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create( name, flags | MFD_NOEXEC_SEAL ), err;

    if (fd == -1 && errno == EINVAL) fd = memfd_create( name, flags );  /* before Linux 6.3 */
    if (fd == -1) return -1;
    /* sealed, so that no client can make an access of ours fault */
    if (ftruncate( fd, size ) == -1 || fcntl( fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW ) == -1 ||
        (*memory = mmap( NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0 )) == MAP_FAILED)
    {
        err = errno;
        close( fd );
        errno = err;
        return -1;
    }
    return fd;
}

static int get_namespace( const char *path, uint64_t *dev, uint64_t *ino )
{
    struct stat st;

    if (stat( path, &st ) == -1) return 0;
    *dev = st.st_dev;
    *ino = st.st_ino;
    return 1;
}

/* Every slot is written once, unused as it is, so that one that was wiped is not like
 * one that was never used. */
static void make_clean( const struct nspa_control *control, struct nspa_table *table )
{
    struct nspa_slot unused;
    uint32_t hash, i;

    memset( &unused, 0, sizeof(unused) );
    for (hash = 0; hash < NSPA_BUCKETS; hash++)
    {
        for (i = 0; i < NSPA_SLOTS; i++) nspa_slot_write( control, table, hash, i, &unused );
        table->bucket[hash].clean = nspa_clean_word( control, hash );
    }
}

static int fill_control( struct nspa_control *control )
{
    control->version    = NSPA_SHM_VERSION;
    control->size       = sizeof(*control);
    control->buckets    = NSPA_BUCKETS;
    control->slots      = NSPA_SLOTS;
    control->handle_cap = NSPA_HANDLE_CAP;
    random_uuid( control->instance );
    random_bytes( &control->salt, sizeof(control->salt) );
    return get_namespace( "/proc/self/ns/pid", &control->pid_ns_dev, &control->pid_ns_ino ) &&
           get_namespace( "/proc/self/ns/mnt", &control->mnt_ns_dev, &control->mnt_ns_ino );
}

NSPA_EXPORT int nspa_server_create_table( int *control_fd )
{
    struct nspa_control *control;
    struct nspa_table *table;
    int fd, err;

    if (nspa_table)
    {
        errno = EALREADY;
        return -1;
    }
    if ((fd = nspa_create_memory( "wine_nspa_inode_table", sizeof(*table), (void **)&table )) == -1) return -1;
    if ((*control_fd = nspa_create_memory( "wine_nspa_control", sizeof(*control), (void **)&control )) == -1)
    {
        control = MAP_FAILED;
        goto failed;
    }
    /* what is mapped already stays writable, by us alone */
    if (fcntl( *control_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE ) == -1 || !fill_control( control )) goto failed;
    if ((err = take_lease( control )))
    {
        errno = err;
        goto failed;
    }
    make_clean( control, table );
    NSPA_STORE( &control->magic, NSPA_SHM_MAGIC );
    nspa_control = control;
    nspa_table = table;
    return fd;

failed:
    err = errno;
    if (control != MAP_FAILED) munmap( control, sizeof(*control) );
    if (*control_fd != -1) close( *control_fd );
    munmap( table, sizeof(*table) );
    close( fd );
    errno = err;
    return -1;
}

NSPA_EXPORT void nspa_server_bump_volumes(void)
{
    if (nspa_control) __atomic_add_fetch( &nspa_control->volume_epoch, 1, __ATOMIC_RELEASE );
}

NSPA_EXPORT void nspa_server_bump_names(void)
{
    if (nspa_control) __atomic_add_fetch( &nspa_control->name_epoch, 1, __ATOMIC_SEQ_CST );
}

NSPA_EXPORT void nspa_server_watch_trees( uint32_t count )
{
    if (nspa_control) NSPA_STORE( &nspa_control->watched_trees, count );
}
