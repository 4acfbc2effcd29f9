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
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "private.h"

struct nspa_table *nspa_table;

_Static_assert( sizeof(pthread_mutex_t) <= sizeof(((struct nspa_table *)0)->lease), "lease size" );

NSPA_EXPORT uint32_t nspa_server_abi(void)
{
    return NSPA_SERVER_ABI;
}

/* A robust mutex that is never unlocked: when this thread ends the kernel sets
 * FUTEX_OWNER_DIED in it, which is how clients learn that wineserver died. */
static int take_lease( struct nspa_table *table )
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)table->lease;
    pthread_mutexattr_t attr;
    int err;

    if ((err = pthread_mutexattr_init( &attr ))) return err;
    err = pthread_mutexattr_setpshared( &attr, PTHREAD_PROCESS_SHARED );
    if (!err) err = pthread_mutexattr_setrobust( &attr, PTHREAD_MUTEX_ROBUST );
    if (!err) err = pthread_mutex_init( mutex, &attr );
    if (!err) err = pthread_mutex_lock( mutex );
    pthread_mutexattr_destroy( &attr );
    if (!err && !nspa_server_alive( table )) err = ENOTSUP;  /* a libc that keeps its owner elsewhere */
    return err;
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
