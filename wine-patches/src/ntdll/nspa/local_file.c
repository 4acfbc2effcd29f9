/*
 * Opening and closing local files
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

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"
#ifndef NSPA_HAS_REPARSE
#include "reparse.h"
#endif

#ifdef __x86_64__

#define MAX_NT_NAME 2000  /* in bytes; the library declines longer names anyway */

const char *nspa_listed_dir;

/* Characters that the name lookup refuses. */
static BOOL is_forbidden( WCHAR ch )
{
    return ch < ' ' || ch == '/' || ch == '*' || ch == '?' || ch == '<' || ch == '>' || ch == '|' || ch == '"';
}

/* Append a path of a drive, whose backslashes become slashes. FALSE if the name lookup
 * might refuse it or convert it otherwise: then it is for that to see. */
static BOOL append_path( char *dst, const WCHAR *name, ULONG len )
{
    ULONG i, start = 0;

    for (i = 0; i <= len; i++)
    {
        if (i == len || name[i] == '\\')
        {
            if (i == start && i) return FALSE;  /* an empty component, or one at the end */
            if (i > start && name[start] == '.' && (i == start + 1 || (i == start + 2 && name[start + 1] == '.')))
                return FALSE;
            start = i + 1;
            *dst++ = i < len ? '/' : 0;
        }
        else
        {
            if (name[i] > '~' || is_forbidden( name[i] )) return FALSE;
            *dst++ = name[i];
        }
    }
    return TRUE;
}

/* The Unix name that the name lookup makes of the path of a drive if that exists as it
 * is written. FALSE if it might make something else of it. */
static BOOL get_plain_name( const WCHAR *name, ULONG len, char *unix_name, size_t size )
{
    static const char dosdevices[] = "/dosdevices/";
    size_t dir_len = strlen( config_dir );
    char *dst = unix_name;
    WCHAR drive;

    if (len < 8 || name[0] != '\\' || name[1] != '?' || name[2] != '?' || name[3] != '\\') return FALSE;
    if (name[5] != ':' || name[6] != '\\' || dir_len + sizeof(dosdevices) + len > size) return FALSE;
    drive = name[4] | 0x20;
    if (drive < 'a' || drive > 'z') return FALSE;

    memcpy( dst, config_dir, dir_len );
    dst += dir_len;
    memcpy( dst, dosdevices, sizeof(dosdevices) - 1 );
    dst += sizeof(dosdevices) - 1;
    *dst++ = drive;
    *dst++ = ':';
    *dst++ = '/';
    return append_path( dst, name + 7, len - 7 );
}

/* NtCreateFile()'s arguments, with the NT name in memory that is not the program's: there
 * the library must not look, and another thread may change it at any time. */
static BOOL get_open( struct nspa_open *open, WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)], const char *unix_name,
                      ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    UNICODE_STRING name;

    if (!nspa_lib.attached || attr->Length != sizeof(*attr)) return FALSE;
    name.Length = *(volatile USHORT *)&attr->ObjectName->Length;
    name.Buffer = *(WCHAR * volatile *)&attr->ObjectName->Buffer;
    if (name.Length > MAX_NT_NAME) return FALSE;
    memcpy( nt_name, name.Buffer, name.Length );

    open->unix_name   = unix_name;
    open->nt_name     = nt_name;
    open->nt_len      = name.Length;
    open->access      = access;
    open->sharing     = sharing;
    open->disposition = disposition;
    open->options     = options;
    open->attributes  = attr->Attributes;
    open->flags       = (attr->RootDirectory ? NSPA_OPEN_HAS_ROOT : 0) |
                        (attr->SecurityDescriptor ? NSPA_OPEN_HAS_SD : 0);
    return TRUE;
}

static BOOL try_open( HANDLE *handle, const struct nspa_open *open )
{
    struct nspa_opened opened;

    if (nspa_is_link_open( open->unix_name, open->options )) return FALSE;
    if (nspa_lib.try_bypass( open, &opened ))
    {
        NSPA_TRACE( "nspa: %04x: open %s: server, %s (access %#x sharing %#x disposition %u options %#x)\n",
                    (int)GetCurrentThreadId(), open->unix_name, nspa_lib.reason_string( opened.reason ),
                    (int)open->access, (int)open->sharing, (int)open->disposition, (int)open->options );
        return FALSE;
    }
    NSPA_TRACE( "nspa: %04x: open %s: local, handle %#x\n", (int)GetCurrentThreadId(), open->unix_name, opened.handle );
    *handle = ULongToHandle( opened.handle );
    return TRUE;
}


/***********************************************************************
 *           nspa_create_plain_file
 *
 * Try to open a file locally that exists under its name as it is written. When it
 * returns FALSE, the name has to be looked up.
 */
BOOL nspa_create_plain_file( HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, IO_STATUS_BLOCK *io,
                             ULONG sharing, ULONG disposition, ULONG options, UNICODE_STRING *redirected )
{
    WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)];
    char unix_name[MAX_NT_NAME];
    struct nspa_open open;

    if (!get_open( &open, nt_name, unix_name, access, attr, sharing, disposition, options )) return FALSE;
    if (!get_plain_name( nt_name, open.nt_len / sizeof(WCHAR), unix_name, sizeof(unix_name) )) return FALSE;
    if (!try_open( handle, &open )) return FALSE;
    if (redirected) free( redirected->Buffer );
    io->Information = FILE_OPENED;
    io->Status = STATUS_SUCCESS;
    return TRUE;
}


/***********************************************************************
 *           nspa_create_file
 *
 * The same for a name that was looked up. When it returns FALSE, the open belongs to
 * the server.
 */
BOOL nspa_create_file( HANDLE *handle, const char *unix_name, ACCESS_MASK access,
                       const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)];
    struct nspa_open open;

    return get_open( &open, nt_name, unix_name, access, attr, sharing, disposition, options ) &&
           try_open( handle, &open );
}


/***********************************************************************
 *           nspa_get_plain_name
 *
 * The name that a lookup of a local file's NT name comes to if that exists as it is
 * written, or an empty one. FALSE if the file is not local.
 */
BOOL nspa_get_plain_name( HANDLE handle, char *name, size_t size )
{
    WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)];
    uint32_t len = sizeof(nt_name);

    if (!nspa_is_local_file( (ULONG_PTR)handle ) || nspa_lib.nt_name( (ULONG_PTR)handle, nt_name, &len )) return FALSE;
    if (!get_plain_name( nt_name, len / sizeof(WCHAR), name, size )) name[0] = 0;
    return TRUE;
}


/***********************************************************************
 *           nspa_listed
 *
 * A name in nspa_listed_dir is being listed. The program may open it next.
 */
void nspa_listed( const char *name, const struct stat *st )
{
    if (!nspa_listed_dir || !nspa_listed_dir[0] || !strcmp( name, "." ) || !strcmp( name, ".." )) return;
    nspa_lib.listed( nspa_listed_dir, name, st->st_mode );
}


/***********************************************************************
 *           nspa_is_whole_file
 *
 * Has a read that came to less than it was asked for come to all that the file had
 * when it was opened? Then there is no need to find the end by reading on. A read may
 * also stop short where the buffer faults, but only at the end of a page.
 */
BOOL nspa_is_whole_file( HANDLE handle, enum server_fd_type type, const char *buffer, UINT total )
{
    return total && type == FD_TYPE_FILE && nspa_is_local( handle ) && (ULONG_PTR)(buffer + total) % page_size &&
           nspa_lib.attached && nspa_lib.had_size( (ULONG_PTR)handle, total );
}


/***********************************************************************
 *           nspa_close
 *
 * Close a handle if it is a local file's.
 */
BOOL nspa_close( HANDLE handle )
{
    if (!nspa_is_local( handle ) || !nspa_lib.attached || nspa_lib.close( (ULONG_PTR)handle )) return FALSE;
    NSPA_TRACE( "nspa: %04x: close %#x: local\n", (int)GetCurrentThreadId(), HandleToULong( handle ));
    return TRUE;
}

#else  /* __x86_64__ */

BOOL nspa_create_file( HANDLE *handle, const char *unix_name, ACCESS_MASK access,
                       const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    return FALSE;
}
BOOL nspa_create_plain_file( HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, IO_STATUS_BLOCK *io,
                             ULONG sharing, ULONG disposition, ULONG options, UNICODE_STRING *redirected )
{
    return FALSE;
}
const char *nspa_listed_dir;
BOOL nspa_get_plain_name( HANDLE handle, char *name, size_t size ) { return FALSE; }
void nspa_listed( const char *name, const struct stat *st ) { }
BOOL nspa_is_whole_file( HANDLE handle, enum server_fd_type type, const char *buffer, UINT total ) { return FALSE; }
BOOL nspa_close( HANDLE handle ) { return FALSE; }

#endif
