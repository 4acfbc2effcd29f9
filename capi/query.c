/*
 * libnspa: questions about local files
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

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../core/table.h"
#include "entry.h"
#include "files.h"

#define STATUS_SUCCESS          0
#define STATUS_BUFFER_OVERFLOW  ((int32_t)0x80000005)
#define STATUS_NO_MEMORY        ((int32_t)0xc0000017)
#define STATUS_NOT_SUPPORTED    ((int32_t)0xc00000bb)

/* The name the kernel has for an open file, or NULL if that is none in this
 * file system tree.  One system call, where realpath() takes one for each
 * directory. */
static char *kernel_name( int fd )
{
    static const char deleted[] = " (deleted)";
    char link[32], name[PATH_MAX];
    ssize_t len;

    snprintf( link, sizeof(link), "/proc/self/fd/%d", fd );
    len = readlink( link, name, sizeof(name) - 1 );
    if (len <= 0 || len >= (ssize_t)sizeof(name) - 1 || name[0] != '/') return NULL;
    name[len] = 0;
    if (len >= (ssize_t)sizeof(deleted) && !strcmp( name + len - (sizeof(deleted) - 1), deleted )) return NULL;
    return strdup( name );
}

/* What realpath() gave for name when the file was opened.  While name still
 * leads to the file that is what it gives now; if not, the file was renamed or
 * unlinked, and the directory is still as good as it was. */
static char *resolve( const char *name, int fd, uint64_t dev, uint64_t ino )
{
    const char *base = strrchr( name, '/' );
    char dir[PATH_MAX], *parent, *path = NULL;
    struct stat st;

    if (!stat( name, &st ) && st.st_dev == dev && st.st_ino == ino)
        return (path = kernel_name( fd )) ? path : realpath( name, NULL );
    if (!base || (size_t)(base - name) >= sizeof(dir)) return strdup( name );
    memcpy( dir, name, base - name );
    dir[base - name] = 0;
    if (!(parent = realpath( base == name ? "/" : dir, NULL ))) return strdup( name );
    if ((path = malloc( strlen( parent ) + strlen( base ) + 1 )))
    {
        strcpy( path, parent[1] ? parent : "" );
        strcat( path, base );
    }
    free( parent );
    return path;
}

int32_t nspa_local_file_unix_name( uint64_t handle, char *name, size_t *size )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );
    int32_t status = STATUS_NO_MEMORY;
    uint64_t mask;
    size_t len;
    char *path;

    if (!file || !nspa_is_local_file( handle ) || !name || !size) return STATUS_NOT_SUPPORTED;
    mask = nspa_enter();
    if (nspa_file_pin( file, 0 ))
    {
        if ((path = resolve( (const char *)file->names + file->nt_len, file->fd, file->dev, file->ino )))
        {
            len = strlen( path ) + 1;
            status = len <= *size ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
            if (!status) memcpy( name, path, len );
            *size = len;
            free( path );
        }
        nspa_file_unpin( table, file );
    }
    else status = STATUS_NOT_SUPPORTED;
    nspa_leave( mask );
    return status;
}

uint64_t nspa_volume_epoch(void)
{
    struct nspa_files *table = nspa_get_files();

    if (!table || !nspa_client_attached( &table->client )) return 0;
    return UINT64_C(1) << 32 | NSPA_LOAD( &table->client.table->volume_epoch );
}
