/*
 * Opening a file again
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
 * Programs open the same files over and over.  That an open of this name with these
 * arguments was served is kept here: the gate (gate.go) let it pass, and the name led
 * to a regular file.  The next one needs neither Wine's lookup of the name with its
 * stat() nor the gate, and so nothing but C.
 *
 * Which file the name leads to is not kept, since an inode number may be another
 * file's by now, and to publish an open of that one would keep it from being deleted.
 * So the file is opened first and published then, the other way round than in
 * open.go.  wineserver may have unlinked or replaced it in between; that shows in
 * its count of links.
 *
 * A device or FIFO that has taken the place of a regular file is opened before that
 * shows, and once: the entry is dropped.
 *
 * An entry is written and read by any thread without a lock.  Its check word tells
 * a mix of two, which is none.
 */

#ifndef __NSPA_KNOWN_H
#define __NSPA_KNOWN_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

/* winternl.h */
#define NSPA_FILE_OPEN             1u
#define NSPA_FILE_OPEN_IF          3u
#define NSPA_FILE_SEQUENTIAL_ONLY  0x00000004u
#define NSPA_FILE_RANDOM_ACCESS    0x00000800u

/* The arguments in one word; zero if they do not fit, since no such open is served. */
static inline uint64_t nspa_known_arguments( const struct nspa_open *open )
{
    const uint32_t inherit = 0x02, case_insensitive = 0x40;  /* OBJ_* */

    if (open->flags & (NSPA_OPEN_HAS_ROOT | NSPA_OPEN_HAS_SD) || !open->nt_len || open->nt_len % 2) return 0;
    if (open->disposition != NSPA_FILE_OPEN && open->disposition != NSPA_FILE_OPEN_IF) return 0;
    if (open->options >> 24 || open->sharing > 7 || open->attributes & ~(inherit | case_insensitive)) return 0;
    return (uint64_t)open->access << 32 | open->options << 8 | open->sharing << 2 |
           (open->attributes & inherit) | (open->attributes & case_insensitive) >> 6;
}

static inline uint64_t nspa_known_hash( const struct nspa_open *open )
{
    return nspa_hash_text( 0, open->unix_name, strlen( open->unix_name ) );
}

static inline struct nspa_known *nspa_known_set( struct nspa_files *files, uint64_t hash )
{
    return files->known[hash >> 32 & (NSPA_KNOWN_SETS - 1)];
}

static inline uint64_t nspa_known_check( const struct nspa_known *known, uint64_t hash )
{
    hash = nspa_hash_word( hash, known->dev );
    hash = nspa_hash_word( hash, known->arguments );
    return nspa_hash_word( hash, known->access ) | 1;
}

static inline struct nspa_known nspa_known_load( struct nspa_known *entry )
{
    struct nspa_known known;

    known.check     = __atomic_load_n( &entry->check, __ATOMIC_RELAXED );
    known.dev       = __atomic_load_n( &entry->dev, __ATOMIC_RELAXED );
    known.arguments = __atomic_load_n( &entry->arguments, __ATOMIC_RELAXED );
    known.access    = __atomic_load_n( &entry->access, __ATOMIC_RELAXED );
    return known;
}

static inline void nspa_known_store( struct nspa_known *entry, const struct nspa_known *known )
{
    __atomic_store_n( &entry->check, known->check, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->dev, known->dev, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->arguments, known->arguments, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->access, known->access, __ATOMIC_RELAXED );
}

/* Where the open is in its set, or NULL; *known is a copy of it. */
static inline struct nspa_known *nspa_known_find( struct nspa_files *files, const struct nspa_open *open,
                                                  uint64_t hash, struct nspa_known *known )
{
    struct nspa_known *entry = nspa_known_set( files, hash );
    uint64_t arguments = nspa_known_arguments( open );
    uint32_t i;

    for (i = 0; arguments && i < 2; i++, entry++)
    {
        *known = nspa_known_load( entry );
        if (known->arguments == arguments && known->check == nspa_known_check( known, hash )) return entry;
    }
    return NULL;
}

/* Remember an open that was served.  Of a set the entry goes that came first. */
static inline void nspa_known_add( struct nspa_files *files, const struct nspa_open *open, uint32_t access,
                                   uint64_t dev )
{
    uint64_t hash = nspa_known_hash( open );
    struct nspa_known *set = nspa_known_set( files, hash ), known, first;

    if (nspa_known_find( files, open, hash, &known ) && known.dev == dev) return;
    if (!(known.arguments = nspa_known_arguments( open ))) return;
    known.dev    = dev;
    known.access = access;
    known.check  = nspa_known_check( &known, hash );
    first = nspa_known_load( &set[0] );
    nspa_known_store( &set[1], &first );
    nspa_known_store( &set[0], &known );
}

/* Open what the name leads to, if it is a regular file on the device that is known
 * not to be removable. */
static inline uint32_t nspa_known_open( const char *name, uint64_t dev, int *fd, struct stat *st )
{
    if ((*fd = open( name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY )) == -1) return NSPA_UNIX_ERROR;
    if (fstat( *fd, st )) return NSPA_UNIX_ERROR;
    return st->st_dev == dev && S_ISREG( st->st_mode ) ? NSPA_SERVED : NSPA_CHANGED;
}

static inline int nspa_is_unlinked( int fd )
{
    struct stat st;

    return fstat( fd, &st ) || !st.st_nlink;
}

/* Repeat an open that was found.  Returns enum nspa_reason.  If drained is set to an
 * inode, wineserver must be told that its last local open is gone. */
static inline uint32_t nspa_file_reopen( struct nspa_files *files, const struct nspa_open *open,
                                         struct nspa_known *entry, const struct nspa_known *known,
                                         struct nspa_opened *opened, struct nspa_inode *drained )
{
    const struct nspa_known none = { 0 };
    struct stat st;
    int32_t index;
    uint32_t reason;
    int fd;

    if ((reason = nspa_known_open( open->unix_name, known->dev, &fd, &st )) != NSPA_SERVED)
    {
        nspa_known_store( entry, &none );
        if (fd != -1) close( fd );
        return reason;
    }
    if ((index = nspa_file_reserve( files, open, known->access, st.st_dev, st.st_ino )) < 0)
    {
        close( fd );
        return -1 - index;
    }
    if (nspa_is_unlinked( fd ))
    {
        if (nspa_file_cancel( files, index )) *drained = (struct nspa_inode){ st.st_dev, st.st_ino };
        close( fd );
        return NSPA_CHANGED;
    }
    if (open->options & NSPA_FILE_SEQUENTIAL_ONLY) posix_fadvise( fd, 0, 0, POSIX_FADV_SEQUENTIAL );
    else if (open->options & NSPA_FILE_RANDOM_ACCESS) posix_fadvise( fd, 0, 0, POSIX_FADV_RANDOM );
    opened->handle = nspa_file_commit( files, index, fd, false );
    opened->fd     = fd;
    opened->access = known->access;
    __atomic_add_fetch( &files->reopens, 1, __ATOMIC_RELAXED );
    return NSPA_SERVED;
}

#endif  /* __NSPA_KNOWN_H */
