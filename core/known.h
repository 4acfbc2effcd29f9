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
 * What Go has let pass once (gate.go, open.go) is kept here and repeated in C, where
 * a real-time thread may go too.  There are entries of two kinds:
 *
 *   by device  these arguments were served for a file, or for a directory, on this
 *              device.  So they are for any other whose name Wine has just looked up,
 *              if it is no module's.
 *   by name    and this name led to one.  So the next open of it, with these
 *              arguments, needs no lookup of the name either.  Programs open the same
 *              files over and over.
 *
 * And a third table holds names that a listing has shown: programs list a directory
 * and then open what is in it.  Such an open needs no lookup either if its arguments
 * are known by device.
 *
 * Which file a name led to is not kept, since an inode number may be another file's by
 * now, and to publish an open of that one would keep it from being deleted.  So the
 * file is opened first and published then, the other way round than in open.go.
 * wineserver may have unlinked or replaced it in between.  It does so with POISON up,
 * under which nothing is published, and bumps name_epoch before it lets go: if that is
 * what it was, the file is there.  If not, its count of links says so, unless it has
 * another one: then its name is gone while it is open.
 *
 * A device or FIFO that has taken the place of a file is opened before that shows,
 * and once: the entry is dropped.
 *
 * An entry is written and read by any thread without a lock.  Its check word tells
 * a mix of two, which is none.
 */

#ifndef __NSPA_KNOWN_H
#define __NSPA_KNOWN_H

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "table.h"

/* winternl.h */
#define NSPA_FILE_OPEN             1u
#define NSPA_FILE_OPEN_IF          3u
#define NSPA_FILE_SEQUENTIAL_ONLY  0x00000004u
#define NSPA_FILE_RANDOM_ACCESS    0x00000800u

/* Does the name end like that of a module?  Wine's loader opens those and maps them as
 * images, which wineserver must see. */
static inline int nspa_is_loader_name( const uint16_t *name, uint32_t len )
{
    static const char modules[][4] = { "dll", "drv", "exe", "sys" };
    const uint16_t *end;
    unsigned int i, j;

    if (!name || len < 4 * sizeof(*name) || *(end = name + len / sizeof(*name) - 4) != '.') return 0;
    for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
    {
        for (j = 0; j < 3; j++) if (end[j + 1] != modules[i][j] && end[j + 1] != modules[i][j] + 'A' - 'a') break;
        if (j == 3) return 1;
    }
    return 0;
}

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

/* What an entry is found by: the name, */
static inline uint64_t nspa_name_hash( const char *unix_name )
{
    return nspa_hash_text( 0, unix_name, strlen( unix_name ) );
}

/* or the device, with the kind of what the name is known to lead to; zero if it is not. */
static inline uint64_t nspa_device_hash( const struct nspa_open *open )
{
    if (!(open->flags & NSPA_OPEN_HAS_STAT) || (!S_ISREG( open->mode ) && !S_ISDIR( open->mode ))) return 0;
    if (nspa_is_loader_name( open->nt_name, open->nt_len )) return 0;
    return nspa_hash_word( ~(uint64_t)(open->mode & S_IFMT), open->dev ) | 1;
}

static inline struct nspa_known *nspa_known_set( struct nspa_files *files, uint64_t hash )
{
    return files->known[hash >> 32 & (NSPA_KNOWN_SETS - 1)];
}

static inline uint64_t nspa_known_check( const struct nspa_known *known, uint64_t hash )
{
    hash = nspa_hash_word( hash, known->dev );
    hash = nspa_hash_word( hash, known->arguments );
    return nspa_hash_word( hash, known->granted ) | 1;
}

static inline struct nspa_known nspa_known_load( struct nspa_known *entry )
{
    struct nspa_known known;

    known.check     = __atomic_load_n( &entry->check, __ATOMIC_RELAXED );
    known.dev       = __atomic_load_n( &entry->dev, __ATOMIC_RELAXED );
    known.arguments = __atomic_load_n( &entry->arguments, __ATOMIC_RELAXED );
    known.granted   = __atomic_load_n( &entry->granted, __ATOMIC_RELAXED );
    return known;
}

static inline void nspa_known_store( struct nspa_known *entry, const struct nspa_known *known )
{
    __atomic_store_n( &entry->check, known->check, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->dev, known->dev, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->arguments, known->arguments, __ATOMIC_RELAXED );
    __atomic_store_n( &entry->granted, known->granted, __ATOMIC_RELAXED );
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

/* What was granted: the mapped access, and of what. */
static inline uint64_t nspa_known_granted( uint32_t access, uint32_t mode )
{
    return (uint64_t)(mode & S_IFMT) << 32 | access;
}

static inline uint32_t nspa_known_kind( const struct nspa_known *known )
{
    return known->granted >> 32;
}

/* Remember an open that was served.  Of a set the entry goes that came first. */
static inline void nspa_known_add( struct nspa_files *files, const struct nspa_open *open, uint64_t hash,
                                   uint64_t granted, uint64_t dev )
{
    struct nspa_known *set = nspa_known_set( files, hash ), known, first;

    if (nspa_known_find( files, open, hash, &known ) && known.dev == dev && known.granted == granted) return;
    if (!(known.arguments = nspa_known_arguments( open ))) return;
    known.dev     = dev;
    known.granted = granted;
    known.check   = nspa_known_check( &known, hash );
    first = nspa_known_load( &set[0] );
    nspa_known_store( &set[1], &first );
    nspa_known_store( &set[0], &known );
}

static inline void nspa_known_drop( struct nspa_known *entry )
{
    const struct nspa_known none = { 0 };

    nspa_known_store( entry, &none );
}

/* ---- names that a listing has shown ---------------------------------------- */

static inline struct nspa_listed *nspa_listed_entry( struct nspa_files *files, uint64_t hash )
{
    return &files->listed[hash >> 32 & (NSPA_LISTED_CAP - 1)];
}

static inline uint64_t nspa_listed_check( uint64_t hash, uint64_t dev, uint32_t kind )
{
    return nspa_hash_word( hash, dev ) << 2 | (kind == S_IFDIR ? 2 : 1);
}

static inline void nspa_listed_add( struct nspa_files *files, uint64_t hash, uint32_t mode, uint64_t dev )
{
    struct nspa_listed *entry = nspa_listed_entry( files, hash );

    if (!S_ISREG( mode ) && !S_ISDIR( mode )) return;
    __atomic_store_n( &entry->check, nspa_listed_check( hash, dev, mode & S_IFMT ), __ATOMIC_RELAXED );
    __atomic_store_n( &entry->dev, dev, __ATOMIC_RELAXED );
}

/* Complete an open of this name as if it had been looked up.  Zero if it was not listed. */
static inline int nspa_listed_find( struct nspa_files *files, uint64_t hash, struct nspa_open *open )
{
    struct nspa_listed *entry = nspa_listed_entry( files, hash );
    uint64_t check = __atomic_load_n( &entry->check, __ATOMIC_RELAXED );

    open->dev   = __atomic_load_n( &entry->dev, __ATOMIC_RELAXED );
    open->mode  = check & 2 ? S_IFDIR : S_IFREG;
    open->flags |= NSPA_OPEN_HAS_STAT;
    return check == nspa_listed_check( hash, open->dev, open->mode );
}

static inline void nspa_listed_drop( struct nspa_files *files, uint64_t hash )
{
    __atomic_store_n( &nspa_listed_entry( files, hash )->check, 0, __ATOMIC_RELAXED );
}

/* ---- opening --------------------------------------------------------------- */

/* Open what the name leads to, if it is what it was, and there, on a device that is
 * known not to be removable. */
static inline uint32_t nspa_known_open( const struct nspa_files *files, const char *name,
                                        const struct nspa_known *known, int *fd, struct stat *st, int *link )
{
    const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

    *link = (*fd = nspa_open_name( files, name, flags | O_NOFOLLOW )) == -1 && errno == ELOOP;
    if (*link) *fd = nspa_open_name( files, name, flags );
    if (*fd == -1) return NSPA_UNIX_ERROR;
    if (fstat( *fd, st )) return NSPA_UNIX_ERROR;
    if (st->st_dev != known->dev || (st->st_mode & S_IFMT) != nspa_known_kind( known )) return NSPA_CHANGED;
    return st->st_nlink ? NSPA_SERVED : NSPA_CHANGED;
}

/* May wineserver have unlinked a file after it was opened and before it was published? */
static inline int nspa_is_unlinked( struct nspa_files *files, uint32_t epoch, int fd )
{
    struct stat st;

    return nspa_name_epoch( files ) != epoch && (fstat( fd, &st ) || !st.st_nlink);
}

/* Open a file as one that is known.  Returns enum nspa_reason.  If drained is set to an
 * inode, wineserver must be told that its last local open is gone. */
static inline uint32_t nspa_file_open_known( struct nspa_files *files, const struct nspa_open *open,
                                             const struct nspa_known *known, struct nspa_opened *opened,
                                             struct nspa_inode *drained )
{
    int is_dir = nspa_known_kind( known ) == S_IFDIR;
    uint32_t epoch = nspa_name_epoch( files );
    struct stat st;
    int32_t index;
    uint32_t reason;
    int fd, link;

    if (is_dir && nspa_trees_watched( files )) return NSPA_TABLE_DECLINED;
    if ((reason = nspa_known_open( files, open->unix_name, known, &fd, &st, &link )) != NSPA_SERVED)
    {
        if (fd != -1) close( fd );
        return reason;
    }
    NSPA_STEP( opened );
    if ((index = nspa_file_reserve( files, open, known->granted, st.st_dev, st.st_ino )) < 0)
    {
        close( fd );
        return -1 - index;
    }
    if (nspa_is_unlinked( files, epoch, fd ))
    {
        if (nspa_file_cancel( files, index )) *drained = (struct nspa_inode){ st.st_dev, st.st_ino };
        close( fd );
        return NSPA_CHANGED;
    }
    if (open->options & NSPA_FILE_SEQUENTIAL_ONLY) posix_fadvise( fd, 0, 0, POSIX_FADV_SEQUENTIAL );
    else if (open->options & NSPA_FILE_RANDOM_ACCESS) posix_fadvise( fd, 0, 0, POSIX_FADV_RANDOM );
    if (!link && !is_dir)
    {
        files->file[index].direct = time( NULL );
        files->file[index].name_epoch = epoch;
    }
    opened->handle    = nspa_file_commit( files, index, fd, is_dir );
    opened->fd        = fd;
    opened->access    = known->granted;
    opened->directory = is_dir;
    opened->size      = st.st_size;
    __atomic_add_fetch( &files->reopens, 1, __ATOMIC_RELAXED );
    return NSPA_SERVED;
}

#endif  /* __NSPA_KNOWN_H */
