/*
 * Reparse points: FSCTL_*_REPARSE_POINT
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
#include <nspa_reparse.h>


static __typeof__( nspa_reparse_encode ) *p_encode;

/* The library that decides how a buffer is kept. Its Go runtime starts with the first call. */
static void load_encoder(void)
{
    const char *env = getenv( "NSPA_LIBRARY" ), *end;
    char path[PATH_MAX];
    void *module;
    Dl_info info;

    if (env && *env) snprintf( path, sizeof(path), "%s", env );
    else if (dladdr( load_encoder, &info ) && info.dli_fname && (end = strrchr( info.dli_fname, '/' )))
        snprintf( path, sizeof(path), "%.*s/libnspa.so", (int)(end - info.dli_fname), info.dli_fname );
    else return;

    if (!(module = dlopen( path, RTLD_NOW | RTLD_LOCAL )) || !(p_encode = dlsym( module, "nspa_reparse_encode" )))
        fprintf( stderr, "nspa: %s: no reparse points can be set\n", path );
}

static BOOL get_encoder(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once( &once, load_encoder );
    return p_encode != NULL;
}


static NTSTATUS set_point( HANDLE handle, const void *buffer, ULONG len,
                           unsigned int (*get_unix_name)( HANDLE handle, char **name ))
{
    struct nspa_reparse_prefix prefix = { sizeof(prefix), NSPA_REPARSE_FIX_CASE };
    char *text, *unix_name, *slash;
    uint32_t text_len = 0, form = 0;
    unsigned int status = STATUS_SUCCESS, ret, otherwise = 0;
    WCHAR *nt_name;
    struct stat st;
    int dir = -1;

    if (len > NSPA_LINK_MAX_BUFFER) return STATUS_IO_REPARSE_DATA_INVALID;
    if (!get_encoder()) return STATUS_INVALID_DEVICE_REQUEST;
    if ((ret = get_unix_name( handle, &unix_name )))
        return ret == STATUS_OBJECT_TYPE_MISMATCH ? STATUS_INVALID_DEVICE_REQUEST : ret;

    /* the root of a drive is never a reparse point */
    if (!unix_to_nt_file_name( unix_name, &nt_name ))
    {
        if (wcslen( nt_name ) <= 7 && wcslen( nt_name ) >= 6 && nt_name[5] == ':') status = STATUS_ACCESS_DENIED;
        free( nt_name );
    }
    if (!status && !(text = malloc( NSPA_REPARSE_MAX_TEXT ))) status = STATUS_NO_MEMORY;
    if (status)
    {
        free( unix_name );
        return status;
    }

    /* the object on disk says of which kind a link is */
    memset( &st, 0, sizeof(st) );
    lstat( unix_name, &st );
    if (S_ISLNK( st.st_mode ))
    {
        struct reparse_info info;
        if (nspa_read_link( AT_FDCWD, unix_name, &info ) && info.directory) st.st_mode = S_IFDIR;
    }
    if ((slash = strrchr( unix_name, '/' )))
    {
        *slash = 0;
        dir = open( slash == unix_name ? "/" : unix_name, O_PATH | O_DIRECTORY | O_CLOEXEC );
    }
    free( unix_name );

    prefix.config_dir = nspa_get_prefix_dir();
    prefix.config_dir_len = strlen( prefix.config_dir );
    status = p_encode( &prefix, dir, S_ISDIR( st.st_mode ), buffer, len, text, NSPA_REPARSE_MAX_TEXT, &text_len, &form );
    if (status || form != NSPA_REPARSE_TEXT) text_len = 0;
    if (dir != -1) close( dir );

    SERVER_START_REQ( nspa_set_reparse_point )
    {
        req->handle    = wine_server_obj_handle( handle );
        req->text_len  = text_len;
        req->status    = status;
        req->otherwise = otherwise;
        wine_server_add_data( req, text, text_len );
        wine_server_add_data( req, buffer, len );
        ret = wine_server_call( req );
    }
    SERVER_END_REQ;
    free( text );
    return ret;
}


static NTSTATUS delete_point( HANDLE handle, const void *buffer, ULONG len )
{
    unsigned int ret;

    if (len > NSPA_LINK_MAX_BUFFER) return STATUS_IO_REPARSE_DATA_INVALID;
    SERVER_START_REQ( nspa_delete_reparse_point )
    {
        req->handle = wine_server_obj_handle( handle );
        wine_server_add_data( req, buffer, len );
        ret = wine_server_call( req );
    }
    SERVER_END_REQ;
    return ret;
}


/* the directory of an open file, as the kernel knows it */
static BOOL get_fd_dir( int fd, char *dir, size_t size )
{
    char proc[32], *slash;
    ssize_t len;

    sprintf( proc, "/proc/self/fd/%d", fd );
    if ((len = readlink( proc, dir, size - 1 )) <= 0) return FALSE;
    dir[len] = 0;
    if (dir[0] != '/' || !(slash = strrchr( dir, '/' ))) return FALSE;
    *slash = 0;
    return TRUE;
}

static NTSTATUS get_point( HANDLE handle, unsigned int options, void *out, ULONG out_size, ULONG_PTR *size )
{
    unsigned char buffer[NSPA_LINK_MAX_BUFFER];
    const struct nspa_link_prefix *prefix;
    struct reparse_info info;
    int fd, needs_close, moved = 0;
    struct nspa_link link;
    char dir[PATH_MAX];
    unsigned int len;
    NTSTATUS status;
    struct stat st;

    if (!out || !out_size) return STATUS_INVALID_USER_BUFFER;
    if ((status = server_get_unix_fd( handle, 0, &fd, &needs_close, NULL, NULL ))) return status;
    if (!fstat( fd, &st ) && !st.st_nlink)
    {
        nspa_refresh_fd( handle, fd, options );
        fstat( fd, &st );
    }
    if (!nspa_read_fd( fd, options, &st, &info )) status = STATUS_NOT_A_REPARSE_POINT;
    else if (out_size < NSPA_LINK_MIN_OUTPUT) status = STATUS_BUFFER_TOO_SMALL;
    else if (!info.is_link)
    {
        len = info.len;
        memcpy( buffer, info.data, len );
    }
    else if (nspa_link_is_legacy( info.data, info.len )) status = STATUS_IO_REPARSE_DATA_INVALID;
    else
    {
        nspa_link_parse( info.data, info.len, &link );
        prefix = nspa_get_link_prefix();
        if (link.inside && prefix && (link.inside - NSPA_LINK_MARKER_LEN - link.path != prefix->dir_len ||
                                      memcmp( link.path, prefix->dir, prefix->dir_len )))
            moved = get_fd_dir( fd, dir, sizeof(dir) ) && nspa_is_moved_link( dir, &st );
        if (!prefix || !(len = nspa_link_decode( prefix, info.data, info.len, moved, buffer )))
            status = STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (needs_close) close( fd );
    if (status) return status;

    *size = min( len, out_size );
    memcpy( out, buffer, *size );
    return len > out_size ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}


/***********************************************************************
 *           nspa_reparse_fsctl
 *
 * FALSE for another control code.
 */
BOOL nspa_reparse_fsctl( HANDLE handle, unsigned int options, ULONG code, const void *in_buffer, ULONG in_size,
                         void *out_buffer, ULONG out_size, NTSTATUS *status, ULONG_PTR *size,
                         unsigned int (*get_unix_name)( HANDLE handle, char **name ))
{
    if (code != FSCTL_SET_REPARSE_POINT && code != FSCTL_GET_REPARSE_POINT && code != FSCTL_DELETE_REPARSE_POINT)
        return FALSE;
    if (!nspa_reparse_enabled()) return FALSE;

    switch (code)
    {
    case FSCTL_SET_REPARSE_POINT:
        *status = in_buffer ? set_point( handle, in_buffer, in_size, get_unix_name ) : STATUS_INVALID_BUFFER_SIZE;
        break;
    case FSCTL_DELETE_REPARSE_POINT:
        *status = in_buffer ? delete_point( handle, in_buffer, in_size ) : STATUS_INVALID_BUFFER_SIZE;
        break;
    default:
        *status = get_point( handle, options, out_buffer, out_size, size );
        break;
    }
    return TRUE;
}

#endif  /* NSPA_HAS_REPARSE */
