/*
 * Links and mounted volumes, for the functions of kernelbase
 *
 * All of it does nothing where reparse points are switched off.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef NSPA_REPARSE_H
#define NSPA_REPARSE_H

#include "nspa/switch.h"

/* The option that opens a link rather than what it leads to, for functions that Windows
 * documents to work on the link. */
static inline ULONG nspa_open_link(void)
{
    return nspa_reparse() ? FILE_OPEN_REPARSE_POINT : 0;
}

/* The same for CreateFile's attributes and flags. */
static inline ULONG nspa_open_option( DWORD attributes )
{
    return attributes & FILE_FLAG_OPEN_REPARSE_POINT ? nspa_open_link() : 0;
}

/* Flags of CopyFileEx when a move comes down to a copy: a link is moved itself. */
static inline DWORD nspa_move_flags(void)
{
    return nspa_reparse() ? COPY_FILE_COPY_SYMLINK : 0;
}

/* CreateSymbolicLinkW. */
BOOLEAN nspa_create_symbolic_link( const WCHAR *link, const WCHAR *target, DWORD flags );

/* CopyFileEx with COPY_FILE_COPY_SYMLINK: TRUE if the source is a link to a file; it has
 * been copied then, or *ret is FALSE and the last error set. Takes the flag away, which
 * needs no more attention. */
BOOL nspa_copy_symbolic_link( const WCHAR *source, const WCHAR *dest, DWORD *flags, BOOL *ret );

/* GetVolumeNameForVolumeMountPointW and DeleteVolumeMountPointW for a directory. */
BOOL nspa_get_mounted_volume( const WCHAR *path, WCHAR *volume, DWORD size );
BOOL nspa_delete_mount_point( const WCHAR *path );

/* GetVolumeInformation: the flags of what is mounted, which the mount manager does not know. */
void nspa_add_volume_flags( OBJECT_ATTRIBUTES *root, DWORD *flags );

/* Whether a directory with this tag is the root of a volume, as opposed to a junction
 * or symbolic link to a directory. */
BOOL nspa_is_volume_root( OBJECT_ATTRIBUTES *attr, DWORD tag );

#endif
