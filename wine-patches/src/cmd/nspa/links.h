/*
 * Links, for cmd's own commands
 *
 * What a listing says of a link's tag is said only where reparse points are
 * switched on.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef NSPA_LINKS_H
#define NSPA_LINKS_H

#include <shellapi.h>

#ifndef IO_REPARSE_TAG_LX_SYMLINK
#define IO_REPARSE_TAG_LX_SYMLINK 0xa000001d
#endif

/* A junction, mounted volume or symbolic link. */
static inline BOOL nspa_is_link( const WIN32_FIND_DATAW *fd )
{
    return (fd->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && IsReparseTagNameSurrogate( fd->dwReserved0 );
}

/* A directory to go down into with /S, which Windows does not do through links. */
static inline BOOL nspa_is_directory( const WIN32_FIND_DATAW *fd )
{
    return (fd->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !nspa_is_link( fd );
}

/* dir: how the line of an entry begins, for WCMD_output, and what follows its name. */
const WCHAR *nspa_dir_format( const WIN32_FIND_DATAW *fd, const WCHAR *plain );
void nspa_dir_target( const WCHAR *dir, const WIN32_FIND_DATAW *fd, BOOL wide );

/* mklink, where reparse points are switched on. */
BOOL nspa_mklink( WCHAR *args, RETURN_CODE *code );

/* rd /S: removes links, and nothing that they lead to. As SHFileOperation for one directory. */
int nspa_remove_tree( SHFILEOPSTRUCTW *operation );

/* copy: the function that copies a file; with /L a link itself. */
BOOL nspa_copy_file( const WCHAR *source, const WCHAR *dest, BOOL fail_if_exists );

#endif
