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

/* The resolved name of the directory that a file was last found in.  It holds for what
 * was opened in the same second by a name in the same directory, as Wine's own list of
 * the drives' roots does.  version is odd while it is written. */
#define NSPA_WAY_MAX 1024

struct nspa_way
{
    uint32_t version;
    uint32_t second;
    uint32_t drives;         /* the volume epoch */
    uint32_t len;
    uint64_t hash;           /* of the directory as it was named */
    char     dir[NSPA_WAY_MAX];
};

static inline uint64_t nspa_hash_parent( const char *name, const char *base )
{
    return nspa_hash_text( 0, name, base - name );
}

static inline void nspa_way_set( struct nspa_way *way, const char *name, const char *resolved, uint32_t drives )
{
    uint32_t version = __atomic_load_n( &way->version, __ATOMIC_RELAXED );
    size_t len = strrchr( resolved, '/' ) - resolved;

    if ((version & 1) || len > sizeof(way->dir)) return;
    if (!__atomic_compare_exchange_n( &way->version, &version, version + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED ))
        return;
    __atomic_thread_fence( __ATOMIC_RELEASE );
    way->second = time( NULL );
    way->drives = drives;
    way->hash   = nspa_hash_parent( name, strrchr( name, '/' ));
    way->len    = len;
    memcpy( way->dir, resolved, len );
    __atomic_store_n( &way->version, version + 2, __ATOMIC_RELEASE );
}

/* The name that way leads to, to be freed, or NULL.  The file was opened in that second,
 * and its last component is no link. */
static inline char *nspa_way_name( struct nspa_way *way, const char *name, uint32_t drives, uint32_t second )
{
    uint32_t version = __atomic_load_n( &way->version, __ATOMIC_ACQUIRE ), len = way->len;
    const char *base = strrchr( name, '/' );
    char *path;

    if ((version & 1) || !base || way->second != second || way->drives != drives || len > sizeof(way->dir) ||
        way->hash != nspa_hash_parent( name, base ) || (uint32_t)time( NULL ) != second) return NULL;
    if (!(path = malloc( len + strlen( base ) + 1 ))) return NULL;
    memcpy( path, way->dir, len );
    strcpy( path + len, base );
    __atomic_thread_fence( __ATOMIC_ACQUIRE );
    if (__atomic_load_n( &way->version, __ATOMIC_RELAXED ) == version) return path;
    free( path );
    return NULL;
}

/* What realpath() gave for name when it was opened as fd, to be freed.  While the
 * name leads to the file that is what the kernel says, unless that is another link to
 * it.  If it does not, either the file was renamed or unlinked, and its directory is as
 * good as it was; or, if a drive has changed since, the way to the directory is another,
 * and the kernel knows the old one.  If the name's last component is no link, way is
 * set to where its directory is. */
static inline char *nspa_resolve_name( const char *name, int fd, uint64_t dev, uint64_t ino,
                                       uint32_t drives, int drives_changed, struct nspa_way *way )
{
    const char *base = strrchr( name, '/' );
    char kernel[PATH_MAX];
    int deleted = 0, known;
    struct stat st;

    known = nspa_kernel_name( fd, kernel, &deleted ) && base && !strcmp( strrchr( kernel, '/' ), base );
    if (!stat( name, &st ) && st.st_dev == dev && st.st_ino == ino)
    {
        if (!known || deleted) return realpath( name, NULL );
        if (way) nspa_way_set( way, name, kernel, drives );
        return strdup( kernel );
    }
    if (known && drives_changed) return strdup( kernel );
    return nspa_resolve_parent( name );
}

#endif  /* __NSPA_NAME_H */
