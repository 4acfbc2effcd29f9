/*
 * libnspa: NT reparse points kept as Unix symlinks
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
 * What the hooks in ntdll's Unix library need for FSCTL_SET_REPARSE_POINT,
 * FSCTL_GET_REPARSE_POINT, FSCTL_DELETE_REPARSE_POINT, directory enumeration
 * and relocated prefixes.  docs/reparse.md describes the formats on disk.
 *
 * State.  Every function may be called on any thread at any time, also before
 * nspa_init() and without it.  None keeps anything between calls, save which
 * devices lack an atomic exchange.
 *
 * Signals.  Every function may be called with any signal mask.  It blocks all
 * signals while it is inside Go and restores the caller's mask.
 *
 * Memory.  Every buffer is the caller's, with its length in bytes; strings
 * need no terminator.  Arguments are copied before signals are blocked and
 * results are copied after the mask is restored, so a fault on a bad pointer
 * happens in C, in the caller's own context, with nothing held.  No function
 * needs more than 128 KiB of stack.
 *
 * Descriptors.  A dirfd is a directory, opened in any way (O_PATH will do), and
 * stays the caller's.  A name is one path component as Windows sees it, without
 * the '?' that upstream's form adds.  An empty name stands for what dirfd
 * itself is open on, which is then a link opened with O_PATH|O_NOFOLLOW, or a
 * file or directory.
 *
 * Results.  NTSTATUS.  Below zero means that nothing was done, except
 * STATUS_BUFFER_OVERFLOW where it is named.  Every function can give:
 *   STATUS_INVALID_PARAMETER    a NULL where there must be none, a length out
 *                               of bounds, a structure of another size
 *   STATUS_INVALID_HANDLE       dirfd is not open
 *   STATUS_OBJECT_NAME_INVALID  a name that cannot be one component
 *   STATUS_OBJECT_NAME_NOT_FOUND  nothing there, or not the wanted object
 *   STATUS_INTERNAL_ERROR       a bug; the caller goes on as unmodified Wine
 *   what the errno of a failed system call means
 */

#ifndef __NSPA_REPARSE_H
#define __NSPA_REPARSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NSPA_REPARSE_MAX_BUFFER  16384u  /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */
#define NSPA_REPARSE_MAX_TEXT    4095u   /* link text, without NUL */
#define NSPA_REPARSE_MAX_DRIVES  8192u

/* The Wine prefix. */
struct nspa_reparse_prefix
{
    uint32_t    size;            /* of this structure */
    uint32_t    flags;           /* NSPA_REPARSE_* */
    const char *config_dir;      /* canonical, absolute, without trailing slash */
    uint32_t    config_dir_len;  /* at most NSPA_REPARSE_MAX_TEXT */
    uint32_t    drives_len;      /* at most NSPA_REPARSE_MAX_DRIVES */
    const char *drives;          /* "c:/unix/dir", NUL, "z:/", NUL, ...; or NULL
                                    to read config_dir/dosdevices as needed */
};
#define NSPA_REPARSE_RFC_ALWAYS  1u  /* write link text also where print name or case are lost */
#define NSPA_REPARSE_FIX_CASE    2u  /* correct new targets to the names on disk */
#define NSPA_REPARSE_SYNC        4u  /* make changes durable before returning */
#define NSPA_REPARSE_MOVED       8u  /* nspa_reparse_decode(): the link lies in this prefix,
                                        so a marker for another place means it has moved */

/* How a reparse point is kept. */
enum nspa_reparse_form
{
    NSPA_REPARSE_NONE,    /* no reparse point */
    NSPA_REPARSE_TEXT,    /* symlink with RFC v3 text, or any plain symlink */
    NSPA_REPARSE_XATTR,   /* user.WINEREPARSE on "name?" */
    NSPA_REPARSE_LEGACY   /* symlink through .REPARSE_POINT, read only */
};

struct nspa_reparse_info
{
    uint32_t form;       /* enum nspa_reparse_form */
    uint32_t tag;        /* 0 for NSPA_REPARSE_NONE */
    uint32_t directory;  /* nonzero if Windows shall see a directory */
    uint32_t length;     /* nspa_reparse_entry(): bytes of the name that Windows sees */
    uint32_t entry;      /* nspa_reparse_entry(): NSPA_REPARSE_ENTRY_* */
    uint32_t reserved;   /* 0 */
    uint64_t dev, ino;   /* the object on disk: a link, not its target */
};
#define NSPA_REPARSE_ENTRY_HIDDEN    1u  /* do not show this entry */
#define NSPA_REPARSE_ENTRY_LEFTOVER  2u  /* hidden, and perhaps from a killed process:
                                            call nspa_reparse_recover() some time */

/* ---- Pure functions: no file system, except to read drives and case ---- */

/* Link text for a REPARSE_DATA_BUFFER that is put on a file, or a directory if
 * directory is not zero.  dirfd is the directory of the link, for
 * NSPA_REPARSE_FIX_CASE; -1 for none.
 *   STATUS_SUCCESS  *form is NSPA_REPARSE_TEXT: text holds *text_len bytes.
 *                   *form is NSPA_REPARSE_XATTR: no text keeps the buffer, use
 *                   an attribute; *text_len is 0
 *   STATUS_BUFFER_TOO_SMALL  *text_len is what is needed
 *   STATUS_IO_REPARSE_DATA_INVALID, STATUS_IO_REPARSE_TAG_INVALID
 *   STATUS_NAME_TOO_LONG  a WSL link that is too long */
extern int32_t nspa_reparse_encode( const struct nspa_reparse_prefix *prefix, int dirfd, int directory,
                                    const void *buffer, uint32_t buffer_len,
                                    char *text, uint32_t text_size, uint32_t *text_len, uint32_t *form );

/* The REPARSE_DATA_BUFFER of a link text.  Any text that is not of a junction
 * or symbolic link is a WSL link.  Text of the Legacy form needs the link's
 * directory; use nspa_reparse_get().  info, which may be NULL, gets form, tag
 * and directory.
 *   STATUS_BUFFER_TOO_SMALL  *buffer_len is what is needed
 *   STATUS_IO_REPARSE_DATA_INVALID  the target has no NT name */
extern int32_t nspa_reparse_decode( const struct nspa_reparse_prefix *prefix,
                                    const char *text, uint32_t text_len,
                                    void *buffer, uint32_t buffer_size, uint32_t *buffer_len,
                                    struct nspa_reparse_info *info );

/* The text that a link lying in this prefix must have.  *moved tells whether it
 * differs from text.  Purely textual.
 *   STATUS_BUFFER_TOO_SMALL  *new_len is what is needed */
extern int32_t nspa_reparse_relocate_text( const struct nspa_reparse_prefix *prefix,
                                           const char *text, uint32_t text_len,
                                           char *new_text, uint32_t new_size, uint32_t *new_len,
                                           int *moved );

/* ---- Names in directories ---- */

/* What a name holds.  A dangling link is there.
 * A name that holds no reparse point is STATUS_SUCCESS with NSPA_REPARSE_NONE. */
extern int32_t nspa_reparse_classify( int dirfd, const char *name, uint32_t name_len,
                                      struct nspa_reparse_info *info );

/* A directory entry by its name on disk, for enumeration.  d_type is that of
 * readdir(), DT_UNKNOWN will do: with DT_REG or DT_DIR a name that can be no
 * reparse point is answered without entering Go or the kernel, and dev and ino
 * are 0. */
extern int32_t nspa_reparse_entry( int dirfd, const char *name, uint32_t name_len, uint32_t d_type,
                                   struct nspa_reparse_info *info );

/* FSCTL_GET_REPARSE_POINT.  *information is IO_STATUS_BLOCK.Information; it is
 * not written when Windows does not.
 *   STATUS_INVALID_USER_BUFFER   no output buffer
 *   STATUS_NOT_A_REPARSE_POINT
 *   STATUS_BUFFER_TOO_SMALL      buffer_size below 28
 *   STATUS_BUFFER_OVERFLOW       buffer_size bytes were written
 *   STATUS_IO_REPARSE_DATA_INVALID  the target has no NT name */
extern int32_t nspa_reparse_get( const struct nspa_reparse_prefix *prefix,
                                 int dirfd, const char *name, uint32_t name_len,
                                 void *buffer, uint32_t buffer_size, uint32_t *information );

/* FSCTL_SET_REPARSE_POINT.  dev and ino, if not both zero, identify the object
 * that the name must hold.  *info, which may be NULL, tells what it holds now:
 * in the Text form another object, so descriptors open on the old one are
 * stale.  Whoever is killed in here leaves the old object or the new point.
 *   STATUS_IO_REPARSE_DATA_INVALID  buffer malformed; symbolic or WSL link on a
 *                                   file with data; no form can keep it
 *   STATUS_IO_REPARSE_TAG_INVALID   tag 0, 1 or 2
 *   STATUS_NOT_A_DIRECTORY          junction on a file
 *   STATUS_DIRECTORY_NOT_EMPTY
 *   STATUS_IO_REPARSE_TAG_MISMATCH  another point is there
 *   STATUS_REPARSE_ATTRIBUTE_CONFLICT  with another GUID
 *   STATUS_NAME_TOO_LONG            the link text
 *   STATUS_VOLUME_NOT_UPGRADED      neither symlinks nor user attributes there
 *   STATUS_OBJECT_NAME_COLLISION    "name?" is taken
 *   STATUS_INVALID_DEVICE_REQUEST   neither file nor directory
 *   STATUS_DEVICE_BUSY              a mount point
 *   STATUS_NOT_SAME_DEVICE          an overlay's lower directory, Xattr form
 *   STATUS_SHARING_VIOLATION        somebody locks the directory for a second
 *   STATUS_RETRY                    others keep changing the name */
extern int32_t nspa_reparse_set( const struct nspa_reparse_prefix *prefix,
                                 int dirfd, const char *name, uint32_t name_len,
                                 uint64_t dev, uint64_t ino,
                                 const void *buffer, uint32_t buffer_len,
                                 struct nspa_reparse_info *info );

/* FSCTL_DELETE_REPARSE_POINT with its input buffer.  The rest as above.
 *   STATUS_INVALID_BUFFER_SIZE      no input
 *   STATUS_NOT_A_REPARSE_POINT
 *   STATUS_IO_REPARSE_DATA_INVALID  neither 8 nor 24 bytes, or with data
 *   STATUS_IO_REPARSE_TAG_INVALID, STATUS_IO_REPARSE_TAG_MISMATCH
 *   STATUS_REPARSE_ATTRIBUTE_CONFLICT */
extern int32_t nspa_reparse_delete( const struct nspa_reparse_prefix *prefix,
                                    int dirfd, const char *name, uint32_t name_len,
                                    uint64_t dev, uint64_t ino,
                                    const void *buffer, uint32_t buffer_len,
                                    struct nspa_reparse_info *info );

/* Remove a reparse point altogether, as closing a file that is to be deleted
 * does.  Never touches the target.
 *   STATUS_NOT_A_REPARSE_POINT */
extern int32_t nspa_reparse_remove( int dirfd, const char *name, uint32_t name_len,
                                    uint64_t dev, uint64_t ino );

/* Repair a link after its prefix has moved: only a link that lies inside the
 * prefix and that we own is changed.  text gets what the link says, or must
 * say.  *moved is 1 if that differs from what it said and the link was
 * replaced, 2 if it could not be replaced, for instance on a read-only file
 * system: then use text.  0 also for what is no link; *text_len is 0 then.
 *   STATUS_BUFFER_TOO_SMALL  *text_len is what is needed; *moved is right */
extern int32_t nspa_reparse_relocate( const struct nspa_reparse_prefix *prefix,
                                      int dirfd, const char *name, uint32_t name_len,
                                      uint64_t dev, uint64_t ino,
                                      char *text, uint32_t text_size, uint32_t *text_len,
                                      int *moved, struct nspa_reparse_info *info );

/* Clear away what killed processes left in a directory at least age seconds
 * ago.  Contents of files and directories are never removed; *kept, which may
 * be NULL, counts leftovers that have some. */
extern int32_t nspa_reparse_recover( int dirfd, uint32_t age, uint32_t *kept );

#ifdef __cplusplus
}
#endif

#endif  /* __NSPA_REPARSE_H */
