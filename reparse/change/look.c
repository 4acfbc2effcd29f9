/*
 * libnspa: changes of reparse points: what a name holds
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

#define RACE_RETRIES 4
#define LEFTOVER_AGE 60

int is_valid_name( const char *name )
{
    return name[0] && strcmp( name, "." ) && strcmp( name, ".." ) && !strchr( name, '/' ) &&
           strlen( name ) <= NAME_MAX && !is_temp_name( name );
}

static int base64_digit( char c )
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The header of the buffer that a link of the Legacy form spells: tag, size and GUID are
 * all that a change looks at. */
static void look_legacy( struct point *point )
{
    const char *p = point->data + sizeof(NSPA_LINK_LEGACY) - 1;
    unsigned char header[24];
    unsigned int bits = 0, count = 0, n = 0;
    int digit, directory;

    if (!*p || *p == '/' || !(p = strchr( p, '/' ))) return;
    p++;
    if ((directory = nspa_link_token( &p, point->data + point->len )) == -1) return;
    for (; n < sizeof(header) && (digit = base64_digit( *p )) != -1; p++)
    {
        bits = bits << 6 | digit;
        if ((count += 6) < 8) continue;
        count -= 8;
        header[n++] = bits >> count;
    }
    if (n < 8 || !header[3] || (!(header[3] & 0x80) && n < sizeof(header))) return;
    point->form = NSPA_POINT_LEGACY;
    point->directory = directory;
    point->tag = header[0] | header[1] << 8 | header[2] << 16 | (uint32_t)header[3] << 24;
    memcpy( point->data, header, n );
    point->len = n;
}

static int look_text( int dir, struct point *point )
{
    struct nspa_link link;
    struct stat st;
    int err;

    if ((err = sys_readlink( dir, point->disk, point->data, &point->len )))
        return err == EINVAL || err == ENOENT ? NSPA_RACED : err;
    if (nspa_link_is_legacy( point->data, point->len ))
    {
        look_legacy( point );
        if (point->form) return 0;  /* what is damaged is at least a symlink */
    }
    nspa_link_parse( point->data, point->len, &link );
    point->form = NSPA_POINT_TEXT;
    point->tag = link.tag;
    point->directory = link.directory;
    if (link.tag == NSPA_TAG_LX_SYMLINK)
        point->directory = !fstatat( dir, point->disk, &st, 0 ) && S_ISDIR( st.st_mode );
    return 0;
}

/* The Xattr form of the object at exactly this name; no form if it has none. */
int look_xattr( int dir, const char *disk, struct point *point )
{
    int fd, err;

    point->form = point->tag = point->len = 0;
    if (strlen( disk ) > NAME_MAX) return ENOENT;
    strcpy( point->disk, disk );
    if ((err = sys_open( dir, disk, O_PATH | O_NOFOLLOW, &fd ))) return err;
    if (fstat( fd, &point->st )) err = errno;
    point->directory = !err && S_ISDIR( point->st.st_mode );
    if (!err && (point->directory || S_ISREG( point->st.st_mode )))
    {
        err = sys_getxattr( fd, NULL, point->data, NSPA_LINK_MAX_BUFFER, &point->len );
        if (err == ENODATA || err == EOPNOTSUPP || err == ERANGE || err == E2BIG) err = 0;
        else if (!err && !nspa_check_buffer( point->data, point->len, &point->tag ))
            point->form = NSPA_POINT_XATTR;
    }
    close( fd );
    return err;
}

static int check_object( const struct place *at, const struct point *point )
{
    if (!at->dev && !at->ino) return 0;
    return point->st.st_dev == at->dev && point->st.st_ino == at->ino ? 0 : ENOENT;
}

/* NSPA_RACED where the object changed between two calls, or may have been renamed from
 * "n?" to "n" behind our back */
static int look_once( const struct place *at, struct point *point )
{
    char other[NAME_MAX + 2];
    struct stat st;
    int err;

    point->form = point->tag = point->len = 0;
    if ((err = sys_lstat( at->dir, at->name, &point->st )) == ENOENT)
    {
        snprintf( other, sizeof(other), "%s?", at->name );
        if ((err = look_xattr( at->dir, other, point )) == ENOENT)
            return sys_lstat( at->dir, at->name, &st ) == ENOENT ? ENOENT : NSPA_RACED;
        if (err) return err;
        return point->form ? check_object( at, point ) : ENOENT;
    }
    if (err) return err;
    strcpy( point->disk, at->name );
    point->directory = S_ISDIR( point->st.st_mode );
    if ((err = check_object( at, point )) || !S_ISLNK( point->st.st_mode )) return err;
    return look_text( at->dir, point );
}

/* "n" wins over "n?" */
int look( const struct place *at, struct point *point )
{
    int i, err;

    for (i = 0; i < RACE_RETRIES; i++)
        if ((err = look_once( at, point )) != NSPA_RACED) return err;
    return ENOENT;
}

/* Refuse to throw away a file that has got data.  Other objects pass: other calls see to
 * their being empty. */
int recheck_empty( int dir, const char *name )
{
    struct stat st;
    int err;

    if ((err = sys_lstat( dir, name, &st ))) return err;
    return S_ISREG( st.st_mode ) && st.st_size ? STATUS_IO_REPARSE_DATA_INVALID : 0;
}

static int count_entries( int fd, int *temps )
{
    int copy = openat( fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC ), count = 0;
    struct dirent *de;
    DIR *dir;

    *temps = 0;
    if (copy == -1) return -errno;
    if (!(dir = fdopendir( copy )))
    {
        close( copy );
        return -ENOMEM;
    }
    while (count == *temps && (de = readdir( dir )))
    {
        if (!strcmp( de->d_name, "." ) || !strcmp( de->d_name, ".." )) continue;
        count++;
        *temps += is_temp_name( de->d_name ) != 0;
    }
    closedir( dir );
    return count;
}

/* Refuse a directory with entries other than old leftovers, which are cleared away. */
int check_empty_dir( int dir, const char *name )
{
    struct nspa_recovered recovered;
    int fd, err, count, temps;

    if ((err = sys_open( dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &fd )))
        return err == ENOENT || err == ENOTDIR || err == ELOOP ? NSPA_RACED : err;
    if ((count = count_entries( fd, &temps )) > 0 && count == temps)
    {
        nspa_server_recover( fd, LEFTOVER_AGE, &recovered );
        count = count_entries( fd, &temps );
    }
    close( fd );
    if (count < 0) return -count;
    return count ? STATUS_DIRECTORY_NOT_EMPTY : 0;
}
