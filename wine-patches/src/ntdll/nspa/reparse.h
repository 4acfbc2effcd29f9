/*
 * Reparse points, kept as Unix symlinks
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

#ifndef __NTDLL_UNIX_NSPA_REPARSE_H
#define __NTDLL_UNIX_NSPA_REPARSE_H

#include <sys/stat.h>

/* as in server/nspa/reparse.h */
#define NSPA_OPEN_LINK    0x80000000
#define NSPA_RENAME_LINK  0x80000000

typedef NTSTATUS (*nspa_find_func)( char *unix_name, int pos, const WCHAR *name, int length, BOOLEAN check_case );

/* NSPA_REPARSE=1 */
extern BOOL nspa_reparse_enabled(void);

/* reparse.c: what links are */
extern BOOL nspa_get_link_info( const char *path, struct stat *st, ULONG *attr, int *ret );
extern size_t nspa_trim_link( const char *path );
extern void nspa_get_fd_info( int fd, unsigned int options, struct stat *st, ULONG *attr );
extern BOOL nspa_is_link_fd( int fd, unsigned int options );
extern ULONG nspa_get_fd_tag( int fd, unsigned int options );
extern ULONG nspa_get_name_tag( const char *name, ULONG attr );
extern void nspa_refresh_fd( HANDLE handle, int fd, unsigned int options );
extern BOOL nspa_set_link_times( int fd, const LARGE_INTEGER *mtime, const LARGE_INTEGER *atime, NTSTATUS *status );
extern int nspa_fchdir( int fd );
extern int nspa_entry_name( const char *name, WCHAR *nameW, int len );
extern BOOL nspa_is_carrier( int dirfd, const char *entry );
extern BOOL nspa_is_link_open( const char *unix_name, unsigned int options );
extern unsigned int nspa_open_options( const char *unix_name, unsigned int options );
extern unsigned int nspa_rename_flags( unsigned int flags );

/* reparse_path.c: where they lead */
extern NTSTATUS nspa_find_component( char *unix_name, int pos, const WCHAR *name, int length, BOOLEAN check_case,
                                     char **buffer, int *unix_len, int rest, nspa_find_func find );
extern NTSTATUS nspa_get_link_target( const char *path, WCHAR **target );
extern void nspa_follow_name( char **unix_name, unsigned int *status, UINT disposition, unsigned int options );
extern NTSTATUS nspa_open_unix_file( HANDLE *handle, char **unix_name, ACCESS_MASK access, OBJECT_ATTRIBUTES *attr,
                                     ULONG attributes, ULONG sharing, ULONG disposition, ULONG options,
                                     void *ea_buffer, ULONG ea_length );

/* reparse_fsctl.c */
extern BOOL nspa_reparse_fsctl( HANDLE handle, unsigned int options, ULONG code, const void *in_buffer, ULONG in_size,
                                void *out_buffer, ULONG out_size, NTSTATUS *status, ULONG_PTR *size,
                                unsigned int (*get_unix_name)( HANDLE handle, char **name ));

/* whether a directory entry is the file called name: under that name in another case, or
 * with the '?' of a reparse point of the other form */
static inline BOOL nspa_match_entry( const WCHAR *entry, int entry_len, const WCHAR *name, int len,
                                     int dirfd, const char *unix_entry )
{
    if (entry_len == len) return !wcsnicmp( entry, name, len );
    return entry_len == len + 1 && entry[len] == '?' && !wcsnicmp( entry, name, len ) &&
           nspa_is_carrier( dirfd, unix_entry );
}

#endif /* __NTDLL_UNIX_NSPA_REPARSE_H */
