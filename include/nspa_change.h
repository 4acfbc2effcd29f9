/*
 * libnspa: changes of reparse points, for wineserver
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
 *
 * ---------------------------------------------------------------------------
 *
 * Setting, deleting and removing reparse points.  docs/reparse.md describes the
 * forms on disk and what a killed process leaves.
 *
 * Threads and signals: any thread, any signal mask; nothing is locked and nothing
 * kept between calls.  Two changes of one name at the same time are settled by the
 * kernel's renames: one of them finds another object than it was given and fails
 * with STATUS_OBJECT_NAME_NOT_FOUND or STATUS_RETRY.
 *
 * Memory: all is the caller's; a function needs 64 KiB of stack.
 *
 * Descriptors: dir is a directory, opened in any way (O_PATH will do).  A name is one
 * path component as Windows sees it, without the '?' of the Xattr form, ended by NUL.
 *
 * dev and ino, if not both zero, identify the object that the name must hold.  The
 * text of a link cannot change while its inode lives, so for a link that is a
 * comparison of the text as well.
 *
 * Results: NTSTATUS.  Below zero means that the name holds what it held.  Every
 * function can give:
 *   STATUS_OBJECT_NAME_INVALID    a name that cannot be one component, or a temporary one
 *   STATUS_OBJECT_NAME_NOT_FOUND  nothing there, or not that object
 *   STATUS_RETRY                  others keep changing the name
 *   what the errno of a failed system call means
 */

#ifndef __NSPA_CHANGE_API_H
#define __NSPA_CHANGE_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a reparse point is kept. */
enum nspa_point_form
{
    NSPA_POINT_NONE,     /* no reparse point */
    NSPA_POINT_TEXT,     /* a symlink with the text of RFC v3, or any plain one */
    NSPA_POINT_XATTR,    /* user.WINEREPARSE on "name?" */
    NSPA_POINT_LEGACY    /* a symlink through .REPARSE_POINT; read and replaced, not written */
};

/* What a name holds after a change. */
struct nspa_changed
{
    uint32_t form;       /* enum nspa_point_form */
    uint32_t tag;        /* 0 for NSPA_POINT_NONE */
    uint32_t directory;  /* nonzero if Windows shall see a directory */
    uint32_t unused;
    uint64_t dev, ino;   /* the object on disk */
    char     disk[257];  /* its name on disk */
};

/* What recovery did. */
struct nspa_recovered
{
    uint32_t finished;   /* names given back what was meant for them */
    uint32_t removed;    /* leftovers removed */
    uint32_t kept;       /* leftovers with contents: those stay */
};

#define NSPA_CHANGE_SYNC  1u  /* make the change durable before returning */

/* What is to be set. */
struct nspa_reparse_value
{
    const void *raw;       /* the whole REPARSE_DATA_BUFFER */
    uint32_t    raw_len;
    uint32_t    text_len;  /* of text; 0 to use the Xattr form */
    const char *text;      /* what says the same as a link text */
    int32_t     status;    /* what was found wrong with the data behind the header; it has
                              its place in the order of the checks */
    int32_t     otherwise; /* what to answer if the Xattr form does not fit either */
    uint32_t    flags;     /* NSPA_CHANGE_* */
    uint32_t    unused;
};

/* FSCTL_SET_REPARSE_POINT: make the object a reparse point, or replace the data of one
 * with the same tag.  In the Text form another object takes its place.  An object whose
 * mode, owner or attributes a link cannot keep gets the Xattr form.
 *   STATUS_IO_REPARSE_DATA_INVALID  malformed; symbolic or WSL link on a file with data;
 *                                   no form can keep it
 *   STATUS_IO_REPARSE_TAG_INVALID   tag 0, 1 or 2
 *   STATUS_NOT_A_DIRECTORY          mount point on a file
 *   STATUS_DIRECTORY_NOT_EMPTY
 *   STATUS_IO_REPARSE_TAG_MISMATCH  another point is there
 *   STATUS_REPARSE_ATTRIBUTE_CONFLICT  with another GUID
 *   STATUS_NAME_TOO_LONG            the text, or no room for the '?'
 *   STATUS_VOLUME_NOT_UPGRADED      neither symlinks nor user attributes there
 *   STATUS_OBJECT_NAME_COLLISION    "name?" is taken
 *   STATUS_INVALID_DEVICE_REQUEST   neither file nor directory
 *   STATUS_DEVICE_BUSY              a mount point of the system */
extern int32_t nspa_server_set_reparse( int dir, const char *name, uint64_t dev, uint64_t ino,
                                        const struct nspa_reparse_value *value, struct nspa_changed *changed );

/* FSCTL_DELETE_REPARSE_POINT with its input buffer: make the point a plain object again.
 *   STATUS_INVALID_BUFFER_SIZE      no input
 *   STATUS_NOT_A_REPARSE_POINT
 *   STATUS_IO_REPARSE_DATA_INVALID  neither 8 nor 24 bytes, or with data
 *   STATUS_IO_REPARSE_TAG_INVALID, STATUS_IO_REPARSE_TAG_MISMATCH
 *   STATUS_REPARSE_ATTRIBUTE_CONFLICT */
extern int32_t nspa_server_delete_reparse( int dir, const char *name, uint64_t dev, uint64_t ino,
                                           const void *header, uint32_t header_len, uint32_t flags,
                                           struct nspa_changed *changed );

/* Remove the point altogether, and never what it leads to.
 *   STATUS_NOT_A_REPARSE_POINT */
extern int32_t nspa_server_remove_reparse( int dir, const char *name, uint64_t dev, uint64_t ino );

/* Give a link that has the text old another one, and the times that it had.
 *   STATUS_NOT_A_REPARSE_POINT    no link, or of another text */
extern int32_t nspa_server_replace_text( int dir, const char *name, uint64_t dev, uint64_t ino,
                                         const char *old, const char *text, struct nspa_changed *changed );

/* The name that Windows sees of an object whose name on disk is disk: without the '?' of
 * the Xattr form.  name has 256 bytes. */
extern void nspa_server_visible_name( int dir, const char *disk, char *name );

/* Clear away what killed processes left in a directory at least age seconds ago.
 * Under temporary names, and only those that nspa makes, it removes links, empty files,
 * files with another name and empty directories; it finishes a replacement that was
 * announced; and removes the "n?" that lost to "n" in a change.  What has contents stays. */
extern int32_t nspa_server_recover( int dir, uint32_t age, struct nspa_recovered *recovered );

/* Repair the links in a Wine prefix that was moved or copied: those of its drive C: that
 * belong to us and have a marker for another place.  prefix is its canonical path, without
 * trailing slash.  When the prefix was last used at that place, this is the reading of one
 * file; a file in the prefix remembers it.  changed counts links. */
extern int32_t nspa_server_repair( const char *prefix, uint32_t *changed );

#ifdef __cplusplus
}
#endif

#endif  /* __NSPA_CHANGE_API_H */
