/*
 * libnspa: changes of reparse points: the Xattr form
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
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "change.h"

/* The attribute is written before the object is renamed to "n?" and removed after it is
 * renamed back, so that at no time is there an "n?" without a buffer; an "n" with a stray
 * attribute is a plain object.
 *
 * A change between Text and Xattr goes through a state where both "n" and "n?" exist.
 * "n" wins there, for us as for Wine, and drop_shadow() removes the loser before the next
 * change. */

static int hidden_name( const struct place *at, char name[NAME_MAX + 1] )
{
    return snprintf( name, NAME_MAX + 1, "%s?", at->name ) > NAME_MAX ? STATUS_NAME_TOO_LONG : 0;
}

/* open the object by its name on disk, O_PATH */
static int open_object( int dir, const char *disk, const struct stat *object, int *fd )
{
    struct stat st;
    int err = sys_open( dir, disk, O_PATH | O_NOFOLLOW, fd );

    if (err) return err == ENOENT ? NSPA_RACED : err;
    if (fstat( *fd, &st )) err = errno;
    else if (!same_object( &st, object )) err = NSPA_RACED;
    if (err) close( *fd );
    return err;
}

/* Rename the object that fd is open on.  Another one that was put there just before gets
 * its name back. */
static int rename_object( const struct place *at, const char *from, const char *to, const struct point *point )
{
    int directory = S_ISDIR( point->st.st_mode );
    struct stat st;
    int err;

    if ((err = sys_rename_noreplace( at->dir, from, to, directory ))) return err == ENOENT ? NSPA_RACED : err;
    if (sys_lstat( at->dir, to, &st ) || same_object( &st, &point->st )) return 0;
    if (sys_rename_noreplace( at->dir, to, from, S_ISDIR( st.st_mode ))) sys_warn( from, "is kept as", to );
    return NSPA_RACED;
}

/* Take the attribute from the object at its plain name.  Somebody may just make it a point
 * again, with the attribute that goes: then it gets the plain name back. */
static void strip_attribute( const struct place *at, const char *hidden, const struct point *point, int fd )
{
    struct stat st;
    int err;

    if (sys_lstat( at->dir, at->name, &st ) || !same_object( &st, &point->st )) return;
    if ((err = sys_removexattr( fd ))) sys_warn( at->name, "keeps a stray attribute:", strerror( err ));
    else if (!sys_lstat( at->dir, hidden, &st ) && same_object( &st, &point->st ))
        rename_object( at, hidden, at->name, point );
}

/* make a plain file or directory a reparse point */
static int object_to_xattr( const struct place *at, const struct point *point, const void *raw, uint32_t len, int sync )
{
    char hidden[NAME_MAX + 1];
    uint32_t size;
    int fd, err;

    if ((err = hidden_name( at, hidden )) || (err = open_object( at->dir, at->name, &point->st, &fd ))) return err;
    if (!(err = sys_setxattr( fd, raw, len )))
    {
        if (sync) sys_sync( at->dir, at->name );
        if ((err = rename_object( at, at->name, hidden, point ))) strip_attribute( at, hidden, point, fd );
        else if (sys_getxattr( fd, NULL, NULL, 0, &size ) == ENODATA)
        {
            /* somebody was about to make it a plain object */
            if (!rename_object( at, hidden, at->name, point )) err = NSPA_RACED;
        }
    }
    close( fd );
    /* only the attribute's own errors may lead to another form */
    return err == ENOTSUP || err == E2BIG || err == ERANGE || err == ENOSPC ? err : err > 0 ? status_of( err ) : err;
}

static int holds( const struct place *at, const char *name, const struct stat *object )
{
    struct stat st;

    return !sys_lstat( at->dir, name, &st ) && same_object( &st, object );
}

static void put_back( const struct place *at, const char *aside, const char *name, int directory )
{
    if (sys_rename_noreplace( at->dir, aside, name, directory )) sys_warn( name, "is kept as", aside );
}

/* Move what is at name out of the way, and tell whether it was the object; if not it goes
 * back. */
static int set_aside( const struct place *at, const char *name, const struct stat *object, char *aside )
{
    struct stat st;
    int err;

    memset( &st, 0, sizeof(st) );
    if ((err = new_temp_name( aside ))) return err;
    if ((err = sys_rename( at->dir, name, aside ))) return err == ENOENT ? NSPA_RACED : err;
    if (!sys_lstat( at->dir, aside, &st ) && same_object( &st, object ) && !recheck_empty( at->dir, aside )) return 0;
    put_back( at, aside, name, S_ISDIR( st.st_mode ));
    return NSPA_RACED;
}

/* turn a link into an Xattr point */
static int link_to_xattr( const struct place *at, const struct point *point, const void *raw, uint32_t len, int sync )
{
    char tmp[TEMP_SIZE], hidden[NAME_MAX + 1];
    struct stat st;
    int fd, err;

    if ((err = hidden_name( at, hidden )) || (err = new_object( at->dir, point->directory, tmp, &st ))) return err;
    if (!(err = open_object( at->dir, tmp, &st, &fd )))
    {
        err = sys_setxattr( fd, raw, len );
        close( fd );
    }
    if (!err && sync) sys_sync( at->dir, tmp );
    if (!err && (err = sys_rename_noreplace( at->dir, tmp, hidden, point->directory ))) err = status_of( err );
    if (err)
    {
        sys_remove( at->dir, tmp, point->directory );
        return err;
    }
    /* From here on the new buffer is found as soon as the link is gone; if nobody takes it
     * for the leftover of a change. */
    if (!(err = set_aside( at, at->name, &point->st, tmp )))
    {
        if (holds( at, hidden, &st )) sys_remove( at->dir, tmp, 0 );
        else
        {
            put_back( at, tmp, at->name, 0 );
            err = NSPA_RACED;
        }
    }
    if (err && holds( at, hidden, &st )) sys_remove( at->dir, hidden, point->directory );
    return err;
}

int set_xattr( const struct place *at, const struct point *point, const void *raw, uint32_t len, int sync )
{
    int fd, err;

    switch (point->form)
    {
    case NSPA_POINT_NONE:
        return object_to_xattr( at, point, raw, len, sync );
    case NSPA_POINT_XATTR:
        if ((err = open_object( at->dir, point->disk, &point->st, &fd ))) return err;
        if (!(err = sys_setxattr( fd, raw, len )) && sync) sys_sync( at->dir, point->disk );
        close( fd );
        return err;
    default:
        return link_to_xattr( at, point, raw, len, sync );
    }
}

/* remove the link and nothing that took its name meanwhile */
int remove_link( const struct place *at, const struct point *point )
{
    char aside[TEMP_SIZE];
    int err = set_aside( at, at->name, &point->st, aside );

    if (!err) sys_remove( at->dir, aside, 0 );
    return err;
}

/* Remove the object of an Xattr point, unless it got contents, or the winner that makes it
 * superfluous went away. */
static int drop_object( const struct place *at, const struct point *point, const struct stat *winner )
{
    char aside[TEMP_SIZE];
    int err;

    if ((err = set_aside( at, point->disk, &point->st, aside ))) return err;
    if (winner && !holds( at, at->name, winner )) err = NSPA_RACED;
    if (!err) err = sys_remove( at->dir, aside, point->directory );
    if (err) put_back( at, aside, point->disk, point->directory );
    return err;
}

/* Remove an Xattr point for good; the data of a file goes with it. */
int remove_xattr( const struct place *at, const struct point *point )
{
    char aside[TEMP_SIZE];
    struct stat st;
    int err;

    if (point->directory) return drop_object( at, point, NULL );
    memset( &st, 0, sizeof(st) );
    if ((err = new_temp_name( aside ))) return err;
    if ((err = sys_rename( at->dir, point->disk, aside ))) return err == ENOENT ? NSPA_RACED : err;
    if (!sys_lstat( at->dir, aside, &st ) && same_object( &st, &point->st ))
        return sys_remove( at->dir, aside, 0 );
    if (sys_rename_noreplace( at->dir, aside, point->disk, S_ISDIR( st.st_mode )))
        sys_warn( point->disk, "is kept as", aside );
    return NSPA_RACED;
}

/* Turn an Xattr point into a Text one.  ENOTSUP if its object has contents: the buffer is
 * written to it then. */
int xattr_to_text( const struct place *at, const struct point *point, const char *text )
{
    char tmp[TEMP_SIZE];
    struct point link;
    int err;

    err = point->directory ? check_empty_dir( at->dir, point->disk ) : recheck_empty( at->dir, point->disk );
    if (err) return ENOTSUP;
    if ((err = new_link( at->dir, text, tmp, &link.st ))) return err;
    if ((err = sys_rename_noreplace( at->dir, tmp, at->name, 0 )))
    {
        sys_remove( at->dir, tmp, 0 );
        return err == EEXIST ? NSPA_RACED : status_of( err );
    }
    /* "n" is the new link and wins */
    if (!drop_object( at, point, &link.st )) return 0;
    if ((err = remove_link( at, &link ))) return err;
    return ENOTSUP;
}

/* make an Xattr point a plain object again */
int delete_xattr( const struct place *at, const struct point *point )
{
    int fd, err;

    if ((err = open_object( at->dir, point->disk, &point->st, &fd ))) return err;
    if (!(err = rename_object( at, point->disk, at->name, point ))) strip_attribute( at, point->disk, point, fd );
    close( fd );
    return err == EEXIST ? NSPA_RACED : err;
}

/* Remove the "n?" that a change left beside "n" when it was cut short: an empty one beside
 * a link that only Wine makes, or a second name of the file that "n" is; with the
 * attribute in either case.  1 if it did. */
int drop_shadow( const struct place *at, const struct point *point )
{
    int wines = point->form == NSPA_POINT_LEGACY || (point->form == NSPA_POINT_TEXT && point->tag != NSPA_TAG_LX_SYMLINK);
    int linked = point->form == NSPA_POINT_NONE && S_ISREG( point->st.st_mode ) && point->st.st_nlink > 1;
    char hidden[NAME_MAX + 1];
    struct point shadow;

    if ((!wines && !linked) || hidden_name( at, hidden )) return 0;
    if (look_xattr( at->dir, hidden, &shadow ) || shadow.form != NSPA_POINT_XATTR) return 0;
    if (linked) return same_object( &shadow.st, &point->st ) && !sys_remove( at->dir, hidden, 0 );
    return (shadow.directory || !shadow.st.st_size) && !drop_object( at, &shadow, &point->st );
}
