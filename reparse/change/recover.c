/*
 * libnspa: changes of reparse points: recovery
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
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
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change.h"

struct recovery
{
    int                    dir;
    struct timespec        newest;
    struct nspa_recovered *counts;
};

/* an object that nobody works on any more */
static int is_old( const struct recovery *r, int dir, const char *name, struct stat *st )
{
    if (sys_lstat( dir, name, st )) return 0;
    if (st->st_ctim.tv_sec != r->newest.tv_sec) return st->st_ctim.tv_sec < r->newest.tv_sec;
    return st->st_ctim.tv_nsec <= r->newest.tv_nsec;
}

/* finish the replacement that was announced under this name */
static void recover_intent( struct recovery *r, const char *name )
{
    char target[NSPA_LINK_MAX_TEXT + 1], tmp[TEMP_SIZE];
    struct stat st;
    uint32_t len;

    if (!is_old( r, r->dir, name, &st ) || !S_ISLNK( st.st_mode )) return;
    if (sys_readlink( r->dir, name, target, &len )) return;
    snprintf( tmp, sizeof(tmp), "%.*s", (int)(sizeof(TEMP_PREFIX) - 1 + TEMP_DIGITS), name );
    if (!sys_lstat( r->dir, tmp, &st ) && is_valid_name( target ) &&
        !sys_rename_noreplace( r->dir, tmp, target, S_ISDIR( st.st_mode )))
        r->counts->finished++;
    if (!sys_remove( r->dir, name, 0 )) r->counts->removed++;
}

/* remove an object if nothing is lost with it */
static void recover_leftover( struct recovery *r, int dir, const char *name )
{
    struct stat st;
    int err = ENOTEMPTY;

    if (!is_old( r, dir, name, &st )) return;
    if (S_ISLNK( st.st_mode ) || (S_ISREG( st.st_mode ) && (!st.st_size || st.st_nlink > 1)))
        err = sys_remove( dir, name, 0 );
    else if (S_ISDIR( st.st_mode ))
        err = sys_remove( dir, name, 1 );
    if (err) r->counts->kept++;
    else r->counts->removed++;
}

/* remove an "n?" that lost to "n" */
static void recover_shadow( struct recovery *r, const char *name )
{
    char seen[NAME_MAX + 1];
    struct place at = { r->dir, seen, 0, 0 };
    struct point point;
    struct stat st;

    if (!is_old( r, r->dir, name, &st )) return;
    snprintf( seen, sizeof(seen), "%.*s", (int)strlen( name ) - 1, name );
    if (is_valid_name( seen ) && !look( &at, &point ) && drop_shadow( &at, &point )) r->counts->removed++;
}

/* The temporary directories of RFC v3: mkdtemp()'s name, and one of two objects in it.
 * Nothing tells them from a user's but that, so only those that are nothing else go. */
static void recover_rfc3( struct recovery *r, const char *name )
{
    static const char * const inside[] = { "tmplink", "tmpfile" };
    struct stat st;
    unsigned int i;
    int fd;

    if (!is_old( r, r->dir, name, &st ) || !S_ISDIR( st.st_mode )) return;
    if (sys_open( r->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &fd )) return;
    for (i = 0; i < 2; i++) if (!sys_lstat( fd, inside[i], &st ))
    {
        recover_leftover( r, fd, inside[i] );
        break;
    }
    close( fd );
    if (i == 2) return;
    if (!sys_remove( r->dir, name, 1 )) r->counts->removed++;
    else r->counts->kept++;
}

static int is_rfc3_name( const char *name )
{
    return !strncmp( name, TEMP_PREFIX, sizeof(TEMP_PREFIX) - 1 ) && strlen( name ) == sizeof(TEMP_PREFIX) - 1 + 6;
}

/* Intents come first: they still name what is a leftover without them.  Shadows come last:
 * to remove one touches what may have a temporary name as well. */
static void recover_names( struct recovery *r, DIR *dir, int pass )
{
    struct dirent *de;
    int temp;

    rewinddir( dir );
    while ((de = readdir( dir )))
    {
        size_t len = strlen( de->d_name );

        temp = is_temp_name( de->d_name );
        if (pass == 0 && temp == 2) recover_intent( r, de->d_name );
        if (pass == 1 && temp == 1) recover_leftover( r, r->dir, de->d_name );
        if (pass == 1 && is_rfc3_name( de->d_name )) recover_rfc3( r, de->d_name );
        if (pass == 2 && len > 1 && de->d_name[len - 1] == '?') recover_shadow( r, de->d_name );
    }
}

EXPORT int32_t nspa_server_recover( int dirfd, uint32_t age, struct nspa_recovered *recovered )
{
    struct recovery r = { dirfd, { 0, 0 }, recovered };
    DIR *dir;
    int fd, err, pass;

    memset( recovered, 0, sizeof(*recovered) );
    clock_gettime( CLOCK_REALTIME, &r.newest );
    r.newest.tv_sec -= age;
    if ((err = sys_open( dirfd, ".", O_RDONLY | O_DIRECTORY, &fd ))) return status_of( err );
    if (!(dir = fdopendir( fd )))
    {
        close( fd );
        return STATUS_NO_MEMORY;
    }
    for (pass = 0; pass < 3; pass++) recover_names( &r, dir, pass );
    closedir( dir );
    return STATUS_SUCCESS;
}
