/*
 * The Unix name of an open file
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
 * wineserver keeps, for each file, what realpath() gave for its name when it was
 * opened.  Here it is found when somebody first asks; what has happened to the file
 * and to the way there since then must not show.
 */

#ifndef __NSPA_NAME_H
#define __NSPA_NAME_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"

/* The name that the kernel has for an open file, or zero if that is none in this
 * file system tree.  One system call, where realpath() takes one for each directory. */
static inline int nspa_kernel_name( int fd, char name[PATH_MAX], int *deleted )
{
    static const char suffix[] = " (deleted)";
    char link[32];
    ssize_t len;

    snprintf( link, sizeof(link), "/proc/self/fd/%d", fd );
    len = readlink( link, name, PATH_MAX - 1 );
    if (len <= 0 || len >= PATH_MAX - 1 || name[0] != '/') return 0;
    name[len] = 0;
    *deleted = len >= (ssize_t)sizeof(suffix) && !strcmp( name + len - (sizeof(suffix) - 1), suffix );
    if (*deleted) name[len - (sizeof(suffix) - 1)] = 0;
    return 1;
}

/* The directory that name is in, resolved, with its last component. */
static inline char *nspa_resolve_parent( const char *name )
{
    const char *base = strrchr( name, '/' );
    char dir[PATH_MAX], *parent, *path;

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

/* Which directory led to which, and when, as one word. */
static inline uint64_t nspa_way( const char *name, const char *kernel, uint32_t drives )
{
    uint64_t when = (uint64_t)time( NULL ) << 32 | drives;

    return nspa_hash_text( nspa_hash_text( when, name, strrchr( name, '/' ) - name ), kernel, strrchr( kernel, '/' ) - kernel );
}

/* What realpath() gave for name when it was opened as fd, to be freed.  While the
 * name leads to the file that is what the kernel says, unless that is another link to
 * it.  If it does not, either the file was renamed or unlinked, and its directory is as
 * good as it was; or, if a drive has changed since, the way to the directory is another,
 * and the kernel knows the old one.
 *
 * drives is the volume epoch.  *last is the way to the last file for which name and
 * kernel agreed: a name in the same directory that the kernel has where that one was,
 * in the same second, need not be looked at.  (That the file was moved there since it
 * was opened is missed, if a link next to its name led there just before.) */
static inline char *nspa_resolve_name( const char *name, int fd, uint64_t dev, uint64_t ino,
                                       uint32_t drives, int drives_changed, uint64_t *last )
{
    const char *base = strrchr( name, '/' );
    char kernel[PATH_MAX];
    int deleted = 0, known;
    uint64_t way = 0;
    struct stat st;

    known = nspa_kernel_name( fd, kernel, &deleted ) && base && !strcmp( strrchr( kernel, '/' ), base );
    if (known && !deleted && !drives_changed)
    {
        way = nspa_way( name, kernel, drives );
        if (way == __atomic_load_n( last, __ATOMIC_RELAXED )) return strdup( kernel );
    }
    if (!stat( name, &st ) && st.st_dev == dev && st.st_ino == ino)
    {
        if (!known || deleted) return realpath( name, NULL );
        if (way) __atomic_store_n( last, way, __ATOMIC_RELAXED );
        return strdup( kernel );
    }
    if (known && drives_changed) return strdup( kernel );
    return nspa_resolve_parent( name );
}

#endif  /* __NSPA_NAME_H */
