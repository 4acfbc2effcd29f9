/*
 * libnspa: changes of reparse points: a prefix that was moved or copied
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"

/* The kernel follows a link to where its prefix was: to nothing after a move, and into the
 * original after a copy.  So all links are looked at when the prefix is found at another
 * place than the one it was last used at, which a file in it tells. */

#define RECORD   ".nspa-prefix"
#define MAX_DEPTH 200  /* directories, each with an open descriptor */

struct repair
{
    const char *prefix;
    size_t      prefix_len;
    dev_t       dev;
    uint32_t    changed;
    uint32_t    failed;
};

/* whether the prefix was last used at this place */
static int is_at_home( int dir, const struct repair *r )
{
    char buffer[PATH_MAX];
    ssize_t n;
    int fd;

    if (sys_open( dir, RECORD, O_RDONLY | O_NOFOLLOW, &fd )) return 0;
    n = read( fd, buffer, sizeof(buffer) );
    close( fd );
    return n == (ssize_t)r->prefix_len && !memcmp( buffer, r->prefix, n );
}

/* written anew and renamed, so that it is whole */
static void record_home( int dir, const struct repair *r )
{
    char tmp[TEMP_SIZE];
    int fd;

    if (new_temp_name( tmp )) return;
    if ((fd = openat( dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666 )) == -1) return;
    if (write( fd, r->prefix, r->prefix_len ) != (ssize_t)r->prefix_len || sys_rename( dir, tmp, RECORD ))
        unlinkat( dir, tmp, 0 );
    close( fd );
}

static void repair_link( struct repair *r, int dir, const char *name )
{
    char text[NSPA_LINK_MAX_TEXT + 1], new[2 * NSPA_LINK_MAX_TEXT];
    struct nspa_link link;
    struct stat st;
    uint32_t len, head;

    if (sys_lstat( dir, name, &st ) || !S_ISLNK( st.st_mode ) || st.st_uid != geteuid()) return;
    if (sys_readlink( dir, name, text, &len )) return;
    nspa_link_parse( text, len, &link );
    if (!link.inside) return;
    head = link.inside - NSPA_LINK_MARKER_LEN - link.path;
    if (head == r->prefix_len && !memcmp( link.path, r->prefix, head )) return;
    snprintf( new, sizeof(new), "%.*s%s%s%s", (int)(link.path - text), text, r->prefix, NSPA_LINK_MARKER, link.inside );
    if (strlen( new ) <= NSPA_LINK_MAX_TEXT &&
        !nspa_server_replace_text( dir, name, st.st_dev, st.st_ino, text, new, NULL )) r->changed++;
    else r->failed++;
}

/* takes fd over */
static void repair_dir( struct repair *r, int fd, int depth )
{
    struct dirent *de;
    struct stat st;
    DIR *dir;
    int sub;

    if (fstat( fd, &st ) || st.st_dev != r->dev || depth > MAX_DEPTH || !(dir = fdopendir( fd )))
    {
        close( fd );
        return;
    }
    while ((de = readdir( dir )))
    {
        if (!strcmp( de->d_name, "." ) || !strcmp( de->d_name, ".." )) continue;
        if (de->d_type == DT_LNK || de->d_type == DT_UNKNOWN) repair_link( r, fd, de->d_name );
        if (de->d_type != DT_DIR && de->d_type != DT_UNKNOWN) continue;
        if (!sys_open( fd, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &sub )) repair_dir( r, sub, depth + 1 );
    }
    closedir( dir );
}

EXPORT int32_t nspa_server_repair( const char *prefix, uint32_t *changed )
{
    struct repair r = { prefix, strlen( prefix ), 0, 0, 0 };
    struct stat st;
    int dir, fd, err;

    *changed = 0;
    if ((err = sys_open( AT_FDCWD, prefix, O_RDONLY | O_DIRECTORY, &dir ))) return status_of( err );
    if (!is_at_home( dir, &r ) && !fstat( dir, &st ))
    {
        r.dev = st.st_dev;
        if (!sys_open( dir, "drive_c", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &fd )) repair_dir( &r, fd, 0 );
        if (!r.failed) record_home( dir, &r );
        *changed = r.changed;
    }
    close( dir );
    return STATUS_SUCCESS;
}
