/*
 * libnspa: changes of reparse points: one object in the place of another
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

#include "change.h"

/* A swap puts a new object, made under a temporary name, in the place of an old one and
 * removes the old one.  The kernel's exchange does it in one step: the name always holds
 * one of the two, and what was taken away can be looked at before it is removed, and put
 * back.
 *
 * Without exchange (NFS, FUSE file systems of the older kind) a rename still replaces one
 * non-directory by another in one step.  Where a directory is involved the name holds
 * nothing for a moment; an intent beside the new object lets recovery finish the job.
 *
 * On any error the name holds what it held, and the new object is gone. */

/* make a symlink under a temporary name */
int new_link( int dir, const char *text, char *tmp, struct stat *st )
{
    int err;

    if ((err = new_temp_name( tmp )) || (err = sys_symlink( text, dir, tmp ))) return err;
    if ((err = sys_lstat( dir, tmp, st ))) sys_remove( dir, tmp, 0 );
    return err;
}

/* make an empty file or directory under a temporary name */
int new_object( int dir, int directory, char *tmp, struct stat *st )
{
    int err;

    if ((err = new_temp_name( tmp ))) return err;
    if ((err = directory ? sys_mkdir( dir, tmp, 0777 ) : sys_mkfile( dir, tmp, 0666 ))) return err;
    if ((err = sys_lstat( dir, tmp, st ))) sys_remove( dir, tmp, directory );
    return err;
}

/* the error of a call that expected the old object at the name */
static int lost( int err )
{
    return err == ENOENT || err == EISDIR || err == ENOTDIR ? NSPA_RACED : err;
}

static int discard( const struct place *at, const char *tmp, const struct stat *new, int err )
{
    sys_remove( at->dir, tmp, S_ISDIR( new->st_mode ));
    return err;
}

/* Undo an exchange.  Should others have changed the name meanwhile, it gets what they put
 * there, and the object at tmp, which is not ours to remove, stays. */
static void undo_exchange( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    int err = sys_exchange( at->dir, tmp, at->name );
    struct stat st;

    if (err == ENOENT)
    {
        err = sys_rename_noreplace( at->dir, tmp, at->name, S_ISDIR( old->st_mode ));
        if (!err) return;
    }
    if (err)
    {
        sys_warn( at->name, "could not be put back from", tmp );
        return;
    }
    if (sys_lstat( at->dir, tmp, &st ) || !same_object( &st, new ))
    {
        if (!sys_exchange( at->dir, tmp, at->name ))
            sys_warn( at->name, "replaced by others; what was there is kept as", tmp );
        return;
    }
    discard( at, tmp, new, 0 );
}

/* remove the old object, which is at tmp now, or put it back */
static int settle( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    struct stat st;
    int err = sys_lstat( at->dir, tmp, &st );

    if (err == ENOENT) return 0;  /* somebody's recovery was faster */
    if (!err && !same_object( &st, old )) err = NSPA_RACED;
    if (!err) err = recheck_empty( at->dir, tmp );
    if (!err) err = sys_remove( at->dir, tmp, S_ISDIR( st.st_mode ));
    if (err) undo_exchange( at, tmp, old, new );
    return err;
}

/* Link the old file to a temporary name, so that it stays within reach until it is known
 * to be empty; none if the file system has no links. */
static int make_guard( const struct place *at, const struct stat *old, char *guard )
{
    struct stat st;
    int err;

    if ((err = new_temp_name( guard ))) return err;
    if ((err = sys_link( at->dir, at->name, guard )))
    {
        guard[0] = 0;
        return err == ENOENT ? NSPA_RACED : 0;
    }
    if (!sys_lstat( at->dir, guard, &st ) && same_object( &st, old )) return 0;
    sys_remove( at->dir, guard, 0 );
    return NSPA_RACED;
}

static int replace_by_rename( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    char guard[TEMP_SIZE] = "";
    int err;

    if (S_ISREG( old->st_mode ) && (err = make_guard( at, old, guard ))) return discard( at, tmp, new, err );
    if ((err = sys_rename( at->dir, tmp, at->name )))
    {
        if (guard[0]) sys_remove( at->dir, guard, 0 );
        return discard( at, tmp, new, lost( err ));
    }
    if (!guard[0]) return 0;
    if ((err = recheck_empty( at->dir, guard )))
    {
        if (sys_rename( at->dir, guard, at->name )) sys_warn( at->name, "is kept as", guard );
        return err;
    }
    sys_remove( at->dir, guard, 0 );
    return 0;
}

/* Remove the old directory, which the kernel does only if it is empty, and put the new
 * object there: for a directory that cannot be renamed. */
static int replace_dir_by_rmdir( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    int err;

    if ((err = sys_remove( at->dir, at->name, 1 ))) return lost( err );
    if (!(err = sys_rename_noreplace( at->dir, tmp, at->name, S_ISDIR( new->st_mode )))) return 0;
    if (!sys_mkdir( at->dir, at->name, old->st_mode & 07777 )) sys_chmod( at->dir, at->name, old->st_mode & 07777 );
    return err;
}

/* Set the old object aside, put the new one there, remove the old one. */
static int replace_by_aside( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    char aside[TEMP_SIZE];
    struct stat st;
    int err, put = 0;

    if ((err = new_temp_name( aside ))) return err;
    if ((err = sys_rename( at->dir, at->name, aside )))
    {
        if (err == EXDEV && S_ISDIR( old->st_mode )) return replace_dir_by_rmdir( at, tmp, old, new );
        return lost( err );
    }
    err = sys_lstat( at->dir, aside, &st );
    if (!err && !same_object( &st, old )) err = NSPA_RACED;
    if (!err)
    {
        err = sys_rename_noreplace( at->dir, tmp, at->name, S_ISDIR( new->st_mode ));
        put = !err;
    }
    if (!err) err = sys_remove( at->dir, aside, S_ISDIR( st.st_mode ));
    if (!err) return 0;
    if (put) sys_rename( at->dir, at->name, tmp );
    if (sys_rename_noreplace( at->dir, aside, at->name, S_ISDIR( st.st_mode )))
        sys_warn( at->name, "is kept as", aside );
    return err;
}

static int replace_by_intent( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    char intent[TEMP_SIZE];
    int err;

    snprintf( intent, sizeof(intent), "%s" INTENT_SUFFIX, tmp );
    if ((err = sys_symlink( at->name, at->dir, intent ))) return discard( at, tmp, new, err );
    if ((err = replace_by_aside( at, tmp, old, new ))) discard( at, tmp, new, 0 );
    sys_remove( at->dir, intent, 0 );
    return err;
}

static int swap_without_exchange( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    struct stat st;
    int err = sys_lstat( at->dir, at->name, &st );

    if (err == ENOENT || (!err && !same_object( &st, old ))) err = NSPA_RACED;
    if (!err) err = recheck_empty( at->dir, at->name );
    if (err) return discard( at, tmp, new, err );
    if (S_ISDIR( old->st_mode ) || S_ISDIR( new->st_mode )) return replace_by_intent( at, tmp, old, new );
    return replace_by_rename( at, tmp, old, new );
}

int swap( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new )
{
    int err = sys_exchange( at->dir, tmp, at->name );

    switch (err)
    {
    case 0:
        return settle( at, tmp, old, new );
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
    case EPERM:  /* not this object, as overlayfs says */
    case EXDEV:
        return swap_without_exchange( at, tmp, old, new );
    case ENOENT:
        return discard( at, tmp, new, NSPA_RACED );
    default:
        return discard( at, tmp, new, err );
    }
}
