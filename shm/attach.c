/*
 * Attaching a process to the shared inode table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../include/nspa_shm.h"

__attribute__((format( printf, 4, 5 )))
static int32_t refuse( int32_t status, char *why, size_t why_size, const char *format, ... )
{
    va_list args;

    va_start( args, format );
    if (why && why_size) vsnprintf( why, why_size, format, args );
    va_end( args );
    return status;
}

/* Zero if the file is one that cannot change its size under us. */
static const char *find_fault( int fd, size_t size )
{
    struct stat st;
    int seals;

    if (fstat( fd, &st )) return "has no descriptor";
    if (!S_ISREG( st.st_mode )) return "is no file";
    /* the seals first: without them the size could change after it was looked at */
    if ((seals = fcntl( fd, F_GET_SEALS )) == -1 || ~seals & (F_SEAL_SHRINK | F_SEAL_GROW)) return "is not sealed";
    if (fstat( fd, &st ) || (uint64_t)st.st_size != size) return "has the wrong size";
    return NULL;
}

static const char *find_bad_field( const struct nspa_table *table )
{
    if (table->magic != NSPA_SHM_MAGIC) return "magic number";
    if (table->version != NSPA_SHM_VERSION) return "version";
    if (table->size != sizeof(*table)) return "size";
    if (table->buckets != NSPA_BUCKETS) return "number of buckets";
    if (table->slots != NSPA_SLOTS) return "number of slots";
    if (table->processes != NSPA_MAX_PROCESSES) return "number of processes";
    if (table->handle_cap != NSPA_HANDLE_CAP) return "number of handles";
    return NULL;
}

static int is_own_namespace( const char *path, uint64_t dev, uint64_t ino )
{
    struct stat st;

    return !stat( path, &st ) && st.st_dev == dev && st.st_ino == ino;
}

int32_t nspa_client_attach( struct nspa_client *client, int table_fd, int control_fd, int journal_fd,
                            uint64_t owner, char *why, size_t why_size )
{
    struct nspa_table *table;
    const char *fault;
    int32_t status;
    unsigned int i;

    (void)control_fd;
    (void)journal_fd;
    if ((fault = find_fault( table_fd, sizeof(*table) )))
        return refuse( NSPA_ATTACH_INVALID, why, why_size, "the shared table %s", fault );
    table = mmap( NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, table_fd, 0 );
    if (table == MAP_FAILED)
        return refuse( NSPA_ATTACH_INVALID, why, why_size, "the shared table cannot be mapped: %s", strerror( errno ));

    if ((fault = find_bad_field( table )))
        status = refuse( NSPA_ATTACH_INVALID, why, why_size, "the shared table has another %s", fault );
    else if (!is_own_namespace( "/proc/self/ns/pid", table->pid_ns_dev, table->pid_ns_ino ))
        status = refuse( NSPA_ATTACH_INVALID, why, why_size, "wineserver runs in another PID namespace" );
    else if (!is_own_namespace( "/proc/self/ns/mnt", table->mnt_ns_dev, table->mnt_ns_ino ))
        status = refuse( NSPA_ATTACH_OTHER_MOUNTS, why, why_size, "wineserver runs in another mount namespace" );
    else
    {
        for (i = 0; owner && i < NSPA_MAX_PROCESSES; i++) if (NSPA_LOAD( &table->journal[i].owner ) == owner) break;
        client->table   = table;
        client->journal = &table->journal[owner ? i : NSPA_MAX_PROCESSES];
        client->owner   = owner;
        if (owner && i < NSPA_MAX_PROCESSES && nspa_client_attached( client )) return 0;
        status = refuse( NSPA_ATTACH_UNKNOWN, why, why_size, "the shared table does not know this process" );
    }
    munmap( table, sizeof(*table) );
    return status;
}
