/*
 * Reparse points: where they lead
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

#if 0
#pragma makedep unix
#endif

#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "winioctl.h"
#include "ddk/ntifs.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifndef NSPA_HAS_REPARSE

#include "reparse_private.h"


#define MAX_TEXT  NSPA_LINK_MAX_TEXT
#define MAX_HOPS  63
#define NAME_ROOM (2 * 256)  /* what the name lookup wants to have behind a directory */

static const WCHAR nt_prefixW[] = {'\\','?','?','\\'};

static BOOL has_prefix( const WCHAR *name, int len, const char *prefix )
{
    int i;

    for (i = 0; prefix[i]; i++)
        if (i >= len || (name[i] | (name[i] >= 'A' && name[i] <= 'Z' ? 0x20 : 0)) != prefix[i]) return FALSE;
    return TRUE;
}

/* Join a relative target to the NT name of the link's directory, by the rules of NT: ".."
 * takes a name away, and never the drive. */
static NTSTATUS join( const WCHAR *base, int base_len, const WCHAR *rel, int rel_len, WCHAR **target )
{
    int pos = 0, root, end, next;
    WCHAR *ret;

    if (!(ret = malloc( (base_len + rel_len + 3) * sizeof(WCHAR) ))) return STATUS_NO_MEMORY;
    memcpy( ret, base, base_len * sizeof(WCHAR) );
    for (root = ARRAY_SIZE(nt_prefixW); root < base_len && base[root] != '\\'; ) root++;
    for (pos = base_len; pos > root && ret[pos - 1] == '\\'; ) pos--;
    if (rel_len && rel[0] == '\\')  /* from the root of the volume */
    {
        pos = root;
        rel++;
        rel_len--;
    }
    for (end = 0; end < rel_len; end = next + 1)
    {
        for (next = end; next < rel_len && rel[next] != '\\'; ) if (rel[next++] == '/') goto invalid;
        if (next == end) goto invalid;  /* an empty name */
        if (next - end == 1 && rel[end] == '.') continue;
        if (next - end == 2 && rel[end] == '.' && rel[end + 1] == '.')
        {
            if (pos <= root)
            {
                free( ret );
                return STATUS_IO_REPARSE_DATA_INVALID;
            }
            while (ret[--pos] != '\\') { }
            continue;
        }
        ret[pos++] = '\\';
        memcpy( ret + pos, rel + end, (next - end) * sizeof(WCHAR) );
        pos += next - end;
    }
    if (pos == root) ret[pos++] = '\\';
    ret[pos] = 0;
    *target = ret;
    return STATUS_SUCCESS;

invalid:
    free( ret );
    return STATUS_OBJECT_NAME_INVALID;
}

/* the device that a symbolic link of the object manager leads to */
static BOOL get_device( const WCHAR *name, int len, WCHAR *device, int size )
{
    UNICODE_STRING str = { len * sizeof(WCHAR), len * sizeof(WCHAR), (WCHAR *)name };
    UNICODE_STRING target = { 0, size * sizeof(WCHAR), device };
    OBJECT_ATTRIBUTES attr = { sizeof(attr), 0, &str, OBJ_CASE_INSENSITIVE };
    NTSTATUS status;
    HANDLE handle;

    if (NtOpenSymbolicLinkObject( &handle, SYMBOLIC_LINK_QUERY, &attr )) return FALSE;
    status = NtQuerySymbolicLinkObject( handle, &target, NULL );
    NtClose( handle );
    if (status || target.Length / sizeof(WCHAR) >= size) return FALSE;
    device[target.Length / sizeof(WCHAR)] = 0;
    return TRUE;
}

/* Give the name of a volume the drive letter of the same device. */
static void replace_volume( WCHAR *name, int len )
{
    WCHAR volume[256], device[256], drive[] = {'\\','?','?','\\','A',':'};
    int i, end;

    if (!has_prefix( name, len, "\\??\\volume{" )) return;
    for (end = ARRAY_SIZE(nt_prefixW); end < len && name[end] != '\\'; ) end++;
    if (!get_device( name, end, volume, ARRAY_SIZE(volume) )) return;
    for (i = 0; i < 26; i++)
    {
        drive[4] = 'A' + i;
        if (!get_device( drive, ARRAY_SIZE(drive), device, ARRAY_SIZE(device) ) || wcsicmp( device, volume )) continue;
        memcpy( name, drive, sizeof(drive) );
        memmove( name + ARRAY_SIZE(drive), name + end, (len - end + 1) * sizeof(WCHAR) );
        return;
    }
}

static NTSTATUS copy_absolute( const WCHAR *name, int len, WCHAR **target )
{
    if (!(*target = malloc( (len + 2) * sizeof(WCHAR) ))) return STATUS_NO_MEMORY;
    memcpy( *target, name, len * sizeof(WCHAR) );
    (*target)[len] = 0;
    replace_volume( *target, len );
    len = wcslen( *target );
    /* a drive by itself is its root directory */
    if (len == 6 && (*target)[5] == ':')
    {
        (*target)[6] = '\\';
        (*target)[7] = 0;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS get_buffer_target( const struct reparse_info *info, const char *dir, WCHAR **target )
{
    const struct nspa_link_prefix *prefix = nspa_get_link_prefix();
    const REPARSE_DATA_BUFFER *buffer = (const REPARSE_DATA_BUFFER *)info->data;
    unsigned int base = offsetof( REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer );
    WCHAR name[NSPA_LINK_MAX_BUFFER / sizeof(WCHAR)], dirW[MAX_TEXT + 16];
    BOOL relative = FALSE;
    int len, dir_len;

    if (info->tag == IO_REPARSE_TAG_SYMLINK)
    {
        base = offsetof( REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer );
        if (info->len < base) return STATUS_IO_REPARSE_DATA_INVALID;
        relative = buffer->SymbolicLinkReparseBuffer.Flags & SYMLINK_FLAG_RELATIVE;
    }
    else if (info->tag != IO_REPARSE_TAG_MOUNT_POINT) return STATUS_IO_REPARSE_TAG_NOT_HANDLED;

    /* the two begin alike */
    if (info->len < base ||
        base + buffer->MountPointReparseBuffer.SubstituteNameOffset +
        buffer->MountPointReparseBuffer.SubstituteNameLength > info->len) return STATUS_IO_REPARSE_DATA_INVALID;
    len = buffer->MountPointReparseBuffer.SubstituteNameLength / sizeof(WCHAR);
    memcpy( name, info->data + base + buffer->MountPointReparseBuffer.SubstituteNameOffset, len * sizeof(WCHAR) );
    if (!relative)
    {
        if (!len || name[0] != '\\') return STATUS_IO_REPARSE_DATA_INVALID;
        return copy_absolute( name, len, target );
    }
    if (has_prefix( name, len, "\\??\\" )) return STATUS_OBJECT_NAME_INVALID;
    if (!prefix || (dir_len = nspa_link_nt_path( prefix, dir, strlen( dir ), dirW, ARRAY_SIZE(dirW) )) == -1)
        return STATUS_IO_REPARSE_DATA_INVALID;
    return join( dirW, dir_len, name, len, target );
}


/***********************************************************************
 *           nspa_get_link_target
 *
 * The NT name that a reparse point leads to. What has none is STATUS_OBJECT_NAME_NOT_FOUND:
 * where a plain link leads, the kernel says.
 */
NTSTATUS nspa_get_link_target( const char *path, WCHAR **target )
{
    const struct nspa_link_prefix *prefix = nspa_get_link_prefix();
    const char *slash = strrchr( path, '/' );
    WCHAR name[MAX_TEXT + 16], dirW[MAX_TEXT + 16];
    struct reparse_info info;
    struct nspa_link link;
    char *copy, *dir;
    NTSTATUS status;
    struct stat st;
    int len, dir_len;

    if (!prefix || lstat( path, &st )) return STATUS_OBJECT_NAME_NOT_FOUND;
    if (S_ISLNK( st.st_mode ) ? !nspa_read_link( AT_FDCWD, path, &info ) : !nspa_read_carrier( path, &info ))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (info.tag == NSPA_TAG_LX_SYMLINK && info.is_link) return STATUS_OBJECT_NAME_NOT_FOUND;
    if (info.is_link && nspa_link_is_legacy( info.data, info.len )) return STATUS_OBJECT_NAME_NOT_FOUND;

    if (!(copy = malloc( slash ? slash - path + 2 : 2 ))) return STATUS_NO_MEMORY;
    if (slash) sprintf( copy, "%.*s", (int)max( slash - path, 1 ), path );
    else strcpy( copy, "." );
    dir = realpath( copy, NULL );
    free( copy );
    if (!dir) return STATUS_OBJECT_NAME_NOT_FOUND;

    if (!info.is_link) status = get_buffer_target( &info, dir, target );
    else
    {
        nspa_link_parse( info.data, info.len, &link );
        len = nspa_link_target( prefix, &link, nspa_is_moved_link( dir, &st ), name, ARRAY_SIZE(name) );
        if (len == -1) status = STATUS_IO_REPARSE_DATA_INVALID;
        else if (!link.relative) status = copy_absolute( name, len, target );
        else if ((dir_len = nspa_link_nt_path( prefix, dir, strlen( dir ), dirW, ARRAY_SIZE(dirW) )) == -1)
            status = STATUS_IO_REPARSE_DATA_INVALID;
        else status = join( dirW, dir_len, name, len, target );
    }
    free( dir );
    return status;
}


/* whether the kernel does not follow what is at path */
static BOOL needs_resolving( const char *path )
{
    struct reparse_info info;
    size_t len = strlen( path );
    struct stat st;

    if (len && path[len - 1] == '?') return nspa_read_carrier( path, &info );
    if (!stat( path, &st ) || (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)) return FALSE;
    return !lstat( path, &st ) && S_ISLNK( st.st_mode );
}


/* Follow the reparse point at *path, which the kernel does not, by the rules of NT. The name
 * lookup finds names in another case and follows what lies on the way. *path is replaced; as
 * by the name lookup it is one for a file to create with STATUS_NO_SUCH_FILE. */
static NTSTATUS resolve( char **path, UINT disposition )
{
    unsigned int *depth = &ntdll_get_thread_data()->nspa_reparse_depth;
    OBJECT_ATTRIBUTES attr = { sizeof(attr) };
    UNICODE_STRING nameW;
    NTSTATUS status;
    WCHAR *target;
    char *next;
    int hop;

    if (*depth >= MAX_HOPS) return STATUS_REPARSE_POINT_NOT_RESOLVED;
    ++*depth;
    for (hop = 0; ; hop++)
    {
        if (hop > MAX_HOPS)
        {
            status = STATUS_REPARSE_POINT_NOT_RESOLVED;
            break;
        }
        if ((status = nspa_get_link_target( *path, &target ))) break;
        nameW.Buffer = target;
        nameW.Length = wcslen( target ) * sizeof(WCHAR);
        nameW.MaximumLength = nameW.Length + sizeof(WCHAR);
        attr.ObjectName = &nameW;
        status = nt_to_unix_file_name( &attr, &next, disposition );
        free( target );
        if (status == STATUS_BAD_DEVICE_TYPE) status = STATUS_OBJECT_NAME_NOT_FOUND;
        if (status && status != STATUS_NO_SUCH_FILE) break;
        free( *path );
        *path = next;
        if (status || !needs_resolving( next )) break;
    }
    --*depth;
    return status;
}


/* Make a path one that is relative to the current directory, as the lookup of a name below a
 * handle gives it. */
static char *make_relative( char *path )
{
    char cwd[PATH_MAX], *ret, *p;
    int depth = 0;

    if (!getcwd( cwd, sizeof(cwd) )) return NULL;
    for (p = cwd; *p; p++) depth += *p == '/' && p[1];
    if (!(ret = malloc( strlen( path ) + 3 * depth + 2 + NAME_ROOM ))) return NULL;
    for (p = stpcpy( ret, "." ); depth; depth--) p = stpcpy( p, "/.." );
    strcpy( p, path );
    return ret;
}


/* follow the directory in the name lookup's buffer, with what comes behind it */
static NTSTATUS follow_directory( char **buffer, int *unix_len )
{
    char *path = strdup( *buffer ), *ret;
    NTSTATUS status;
    struct stat st;

    if (!path) return STATUS_NO_MEMORY;
    if (!(status = resolve( &path, FILE_OPEN )))
    {
        if (stat( path, &st )) status = STATUS_OBJECT_PATH_NOT_FOUND;
        else if ((*buffer)[0] == '/') ret = realloc( path, strlen( path ) + 1 + NAME_ROOM );
        else
        {
            ret = make_relative( path );
            if (ret) free( path );
        }
    }
    else if (status == STATUS_OBJECT_NAME_NOT_FOUND) status = STATUS_OBJECT_PATH_NOT_FOUND;
    if (!status && !ret) status = STATUS_NO_MEMORY;
    if (status)
    {
        free( path );
        return status;
    }
    free( *buffer );
    *buffer = ret;
    *unix_len = strlen( ret ) + 1 + NAME_ROOM;
    return STATUS_SUCCESS;
}


/***********************************************************************
 *           nspa_find_component
 *
 * find_file_in_dir() for the name lookup: a link that the kernel does not follow is there;
 * if there is more to look up behind it, it is followed here. The name lookup's buffer may
 * be another one afterwards.
 */
NTSTATUS nspa_find_component( char *unix_name, int pos, const WCHAR *name, int length, BOOLEAN check_case,
                              char **buffer, int *unix_len, int rest, nspa_find_func find )
{
    NTSTATUS status;
    struct stat st;
    int ret;

    if (!nspa_reparse_enabled()) return find( unix_name, pos, name, length, check_case );

    unix_name[pos] = '/';
    ret = ntdll_wcstoumbs( name, length, unix_name + pos + 1, 256, TRUE );
    if (ret >= 0 && ret <= 255)
    {
        unix_name[pos + 1 + ret] = 0;
        if (!stat( unix_name, &st )) return STATUS_SUCCESS;
        if (!lstat( unix_name, &st ) && S_ISLNK( st.st_mode ))
            return rest ? follow_directory( buffer, unix_len ) : STATUS_SUCCESS;
    }
    if ((status = find( unix_name, pos, name, length, check_case ))) return status;
    return rest && needs_resolving( unix_name ) ? follow_directory( buffer, unix_len ) : STATUS_SUCCESS;
}


/***********************************************************************
 *           nspa_follow_name
 *
 * Called before an open. One that may create a file would have the kernel create it under
 * the name that a link has, while the file is there in another case.
 */
void nspa_follow_name( char **unix_name, unsigned int *status, UINT disposition, unsigned int options )
{
    size_t len;

    if (*status || !nspa_reparse_enabled()) return;
    if (options & FILE_OPEN_REPARSE_POINT)
    {
        /* "link/" is the link too */
        if (!(options & FILE_NON_DIRECTORY_FILE) && (len = nspa_trim_link( *unix_name ))) (*unix_name)[len] = 0;
        return;
    }
    len = strlen( *unix_name );
    if ((disposition == FILE_OPEN || disposition == FILE_OVERWRITE) && (*unix_name)[len - 1] != '?') return;
    if (!needs_resolving( *unix_name )) return;
    if ((*status = resolve( unix_name, disposition )) && *status != STATUS_NO_SUCH_FILE) free( *unix_name );
}


/***********************************************************************
 *           nspa_open_unix_file
 *
 * open_unix_file(), and again by the rules of NT if the kernel did not follow a link.
 */
NTSTATUS nspa_open_unix_file( HANDLE *handle, char **unix_name, ACCESS_MASK access, OBJECT_ATTRIBUTES *attr,
                              ULONG attributes, ULONG sharing, ULONG disposition, ULONG options,
                              void *ea_buffer, ULONG ea_length )
{
    NTSTATUS status = open_unix_file( handle, *unix_name, access, attr, attributes, sharing, disposition,
                                      options, ea_buffer, ea_length );
    char *path;

    if (status != STATUS_NO_SUCH_FILE && status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_OBJECT_PATH_NOT_FOUND &&
        status != STATUS_REPARSE_POINT_NOT_RESOLVED) return status;
    if ((options & FILE_OPEN_REPARSE_POINT) || attr->RootDirectory || !nspa_reparse_enabled()) return status;
    if (!needs_resolving( *unix_name ) || !(path = strdup( *unix_name ))) return status;
    if (!(status = resolve( &path, disposition )))
    {
        free( *unix_name );
        *unix_name = path;
        return open_unix_file( handle, path, access, attr, attributes, sharing, disposition,
                               options, ea_buffer, ea_length );
    }
    free( path );
    return status;
}

#endif  /* NSPA_HAS_REPARSE */
