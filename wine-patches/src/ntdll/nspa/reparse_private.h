/*
 * Reparse points: what the files share
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
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin St, Fifth Floor, Boston, MA 02110-1301, USA
 */

#ifndef __NTDLL_UNIX_NSPA_REPARSE_PRIVATE_H
#define __NTDLL_UNIX_NSPA_REPARSE_PRIVATE_H

#include <nspa_link.h>
#include "reparse.h"

/* What a link, or a file with a reparse point of the other form, is. */
struct reparse_info
{
    ULONG        tag;
    BOOL         directory;
    BOOL         is_link;
    unsigned int len;                           /* of data: a link's text, or a buffer */
    char         data[NSPA_LINK_MAX_BUFFER + 1];
};

/* dirfd and name as for the *at() functions; an empty name is dirfd itself */
extern BOOL nspa_read_link( int dirfd, const char *name, struct reparse_info *info );
extern BOOL nspa_read_fd( int fd, unsigned int options, const struct stat *st, struct reparse_info *info );
extern BOOL nspa_read_carrier( const char *path, struct reparse_info *info );
extern BOOL nspa_is_known_folder( const char *path );
extern const char *nspa_get_prefix_dir(void);
extern const struct nspa_link_prefix *nspa_get_link_prefix(void);
extern BOOL nspa_is_moved_link( const char *dir, const struct stat *st );

#endif /* __NTDLL_UNIX_NSPA_REPARSE_PRIVATE_H */
