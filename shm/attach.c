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

/* What is wrong with a descriptor, NULL if it is one whose size cannot change under us. */
static const char *find_fault( int fd, size_t size, int seals )
{
    struct stat st;
    int have;

    if (fstat( fd, &st )) return "has no descriptor";
    if (!S_ISREG( st.st_mode )) return "is no file";
    /* the seals first: without them the size could change after it was looked at */
    if ((have = fcntl( fd, F_GET_SEALS )) == -1 || ~have & seals) return "is not sealed";
    if (fstat( fd, &st ) || (uint64_t)st.st_size != size) return "has the wrong size";
    return NULL;
}

static void *map( const char *what, int fd, size_t size, int writable, char *why, size_t why_size )
{
    const char *fault = find_fault( fd, size, F_SEAL_SHRINK | F_SEAL_GROW | (writable ? 0 : F_SEAL_FUTURE_WRITE) );
    void *memory = MAP_FAILED;

    if (!fault)
    {
        memory = mmap( NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0 );
        if (memory == MAP_FAILED) fault = "cannot be mapped";
    }
    if (!fault) return memory;
    refuse( 0, why, why_size, "the shared %s %s", what, fault );
    return NULL;
}

static const char *find_bad_field( const struct nspa_control *control )
{
    if (control->magic != NSPA_SHM_MAGIC) return "magic number";
    if (control->version != NSPA_SHM_VERSION) return "version";
    if (control->size != sizeof(*control)) return "size";
    if (control->buckets != NSPA_BUCKETS) return "number of buckets";
    if (control->slots != NSPA_SLOTS) return "number of slots";
    if (control->handle_cap != NSPA_HANDLE_CAP) return "number of handles";
    return NULL;
}

static int is_own_namespace( const char *path, uint64_t dev, uint64_t ino )
{
    struct stat st;

    return !stat( path, &st ) && st.st_dev == dev && st.st_ino == ino;
}

static int32_t validate( const struct nspa_client *client, char *why, size_t why_size )
{
    const struct nspa_control *control = client->control;
    const char *field;

    if ((field = find_bad_field( control )))
        return refuse( NSPA_ATTACH_INVALID, why, why_size, "the shared table has another %s", field );
    if (!is_own_namespace( "/proc/self/ns/pid", control->pid_ns_dev, control->pid_ns_ino ))
        return refuse( NSPA_ATTACH_INVALID, why, why_size, "wineserver runs in another PID namespace" );
    if (!is_own_namespace( "/proc/self/ns/mnt", control->mnt_ns_dev, control->mnt_ns_ino ))
        return refuse( NSPA_ATTACH_OTHER_MOUNTS, why, why_size, "wineserver runs in another mount namespace" );
    if (!client->owner || !nspa_client_attached( client ))
        return refuse( NSPA_ATTACH_UNKNOWN, why, why_size, "wineserver does not know this process" );
    return 0;
}

static void unmap( const void *memory, size_t size )
{
    if (memory) munmap( (void *)memory, size );
}

int32_t nspa_client_attach( struct nspa_client *client, int table_fd, int control_fd, int journal_fd,
                            uint64_t owner, char *why, size_t why_size )
{
    int32_t status = NSPA_ATTACH_INVALID;

    memset( client, 0, sizeof(*client) );
    client->owner = owner;
    if ((client->control = map( "control page", control_fd, sizeof(*client->control), 0, why, why_size )) &&
        (client->table = map( "table", table_fd, sizeof(*client->table), 1, why, why_size )) &&
        (client->journal = map( "journal", journal_fd, sizeof(*client->journal), 1, why, why_size )))
        status = validate( client, why, why_size );
    if (!status) return 0;
    unmap( client->control, sizeof(*client->control) );
    unmap( client->table, sizeof(*client->table) );
    unmap( client->journal, sizeof(*client->journal) );
    memset( client, 0, sizeof(*client) );
    return status;
}
