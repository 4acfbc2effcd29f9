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

#ifdef __x86_64__

#define MAX_NT_NAME 2000  /* in bytes; the library declines longer names anyway */

/* access that is never granted locally */
#define MAY_WRITE (GENERIC_WRITE | GENERIC_ALL | MAXIMUM_ALLOWED | DELETE | FILE_WRITE_DATA | FILE_APPEND_DATA)

/* What the name lookup's last stat() on this thread found, to save another one. The
 * hash tells a name from an older one in the same memory. */
static __thread struct
{
    const char  *name;
    ULONG64      hash;
    dev_t        dev;
    ino_t        ino;
    unsigned int mode;
    BOOL         fresh;  /* the name lookup that follows need not look again */
} seen __attribute__((tls_model("initial-exec")));

/***********************************************************************
 *           nspa_stat
 *
 * stat() for the name lookup, which only wants to know whether there is such a file.
 */
int nspa_stat( const char *name, struct stat *st )
{
    BOOL fresh = seen.fresh;
    ULONG64 hash;

    seen.fresh = FALSE;
    if (!nspa_lib.attached) return stat( name, st );

    hash = nspa_hash_name( name );
    if (!fresh || hash != seen.hash)
    {
        if (stat( name, st )) return -1;
        seen.hash = hash;
        seen.dev  = st->st_dev;
        seen.ino  = st->st_ino;
        seen.mode = st->st_mode;
    }
    seen.name = name;
    return 0;
}


static BOOL is_seen( const char *name )
{
    return seen.name == name && seen.hash == nspa_hash_name( name );
}

/* The file that this thread has opened last, and its size then, in bytes. */
static __thread struct
{
    HANDLE  handle;
    ULONG64 size;
} last_opened __attribute__((tls_model("initial-exec")));

const char *nspa_listed_dir;

/* The Unix name that the name lookup makes of the path of a drive when that exists
 * as it is written. What it would not accept is no name that it ever gave. */
static BOOL get_plain_name( const WCHAR *name, ULONG len, char *unix_name, size_t size )
{
    static const char dosdevices[] = "/dosdevices/";
    size_t dir_len = strlen( config_dir );
    char *dst = unix_name;
    ULONG i;

    if (len < 8 || name[0] != '\\' || name[1] != '?' || name[2] != '?' || name[3] != '\\') return FALSE;
    if (name[5] != ':' || name[6] != '\\' || dir_len + sizeof(dosdevices) + len > size) return FALSE;

    memcpy( dst, config_dir, dir_len );
    dst += dir_len;
    memcpy( dst, dosdevices, sizeof(dosdevices) - 1 );
    dst += sizeof(dosdevices) - 1;
    *dst++ = name[4] >= 'A' && name[4] <= 'Z' ? name[4] + 'a' - 'A' : name[4];
    for (i = 5; i < len; i++)
    {
        if (name[i] < ' ' || name[i] > '~' || name[i] == '/') return FALSE;
        *dst++ = name[i] == '\\' ? '/' : name[i];
    }
    *dst = 0;
    return TRUE;
}

/* Does the name lookup accept such a name, and look no further if it exists? */
static BOOL is_good_plain_name( const char *unix_name )
{
    const char *p = unix_name + strlen( config_dir ) + sizeof("/dosdevices/") - 1;

    if (*p < 'a' || *p > 'z') return FALSE;
    for (p += 2; *p; p++)
    {
        if (*p == '/')
        {
            if (!p[1] || p[1] == '/') return FALSE;
            if (p[1] == '.' && (!p[2] || p[2] == '/')) return FALSE;
            if (p[1] == '.' && p[2] == '.' && (!p[3] || p[3] == '/')) return FALSE;
        }
        else if (*p == '*' || *p == '?' || *p == '<' || *p == '>' || *p == '|' || *p == '"') return FALSE;
    }
    return TRUE;
}

/* Take over what the last stat() on this thread found, of this name. */
static void use_seen( struct nspa_open *open )
{
    open->flags |= NSPA_OPEN_HAS_STAT;
    open->mode = seen.mode;
    open->dev  = seen.dev;
    open->ino  = seen.ino;
}

static void opened_locally( HANDLE *handle, const struct nspa_open *open, const struct nspa_opened *opened )
{
    NSPA_TRACE( "nspa: %04x: open %s: local, handle %#x\n", (int)GetCurrentThreadId(), open->unix_name, opened->handle );
    nspa_fd_cache_add( ULongToHandle( opened->handle ), opened->fd, opened->directory ? FD_TYPE_DIR : FD_TYPE_FILE,
                       opened->access, open->options );
    *handle = ULongToHandle( opened->handle );
    last_opened.handle = *handle;
    last_opened.size   = opened->size;
}

/* NtCreateFile()'s arguments, with the NT name in memory that is not the program's:
 * there the library must not look. */
static BOOL get_open( struct nspa_open *open, WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)], const char *unix_name,
                      ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    if (!nspa_lib.attached) return FALSE;
    if (attr->Length != sizeof(*attr) || attr->ObjectName->Length > MAX_NT_NAME) return FALSE;
    memcpy( nt_name, attr->ObjectName->Buffer, attr->ObjectName->Length );

    open->unix_name   = unix_name;
    open->nt_name     = nt_name;
    open->nt_len      = attr->ObjectName->Length;
    open->access      = access;
    open->sharing     = sharing;
    open->disposition = disposition;
    open->options     = options;
    open->attributes  = attr->Attributes;
    open->flags       = (attr->RootDirectory ? NSPA_OPEN_HAS_ROOT : 0) |
                        (attr->SecurityDescriptor ? NSPA_OPEN_HAS_SD : 0);
    return TRUE;
}


/***********************************************************************
 *           nspa_get_plain_name
 *
 * The name that a lookup of a local file's NT name comes to if that exists as it is
 * written, or an empty one. FALSE if the file is not local.
 */
BOOL nspa_get_plain_name( HANDLE handle, char *name, size_t size )
{
    struct nspa_promotion file;
    sigset_t old;
    int32_t ret;

    if (!nspa_is_local_file( (ULONG_PTR)handle )) return FALSE;

    nspa_block_signals( &old );
    if (!(ret = nspa_lib.pin( (ULONG_PTR)handle, &file )))
    {
        if (!get_plain_name( file.nt_name, file.nt_len / sizeof(WCHAR), name, size )) name[0] = 0;
        nspa_lib.unpin( (ULONG_PTR)handle );
    }
    nspa_restore_signals( &old );
    return !ret;
}


/***********************************************************************
 *           nspa_listed
 *
 * A name in nspa_listed_dir is being listed. The program may open it next.
 */
void nspa_listed( const char *name, const struct stat *st )
{
    char path[MAX_NT_NAME];
    size_t dir_len, len;

    if (!nspa_listed_dir || !(dir_len = strlen( nspa_listed_dir ))) return;
    if (!strcmp( name, "." ) || !strcmp( name, ".." )) return;
    len = strlen( name ) + 1;
    if (dir_len + 1 + len > sizeof(path)) return;
    memcpy( path, nspa_listed_dir, dir_len );
    if (path[dir_len - 1] != '/') path[dir_len++] = '/';
    memcpy( path + dir_len, name, len );
    nspa_lib.listed( path, st->st_mode, st->st_dev );
}


/***********************************************************************
 *           nspa_create_known_file
 *
 * Try to open a file that was opened locally before, or that exists under the name as
 * it is written. When it returns FALSE, the name has to be looked up.
 */
BOOL nspa_create_known_file( HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, IO_STATUS_BLOCK *io,
                             ULONG sharing, ULONG disposition, ULONG options, UNICODE_STRING *redirected )
{
    WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)];
    char unix_name[MAX_NT_NAME];
    struct nspa_open open;
    struct nspa_opened opened;
    struct stat st;

    seen.fresh = FALSE;
    unix_name[0] = 0;
    if (!get_open( &open, nt_name, unix_name, access, attr, sharing, disposition, options )) return FALSE;
    if (!get_plain_name( nt_name, open.nt_len / sizeof(WCHAR), unix_name, sizeof(unix_name) )) return FALSE;
    if (nspa_lib.reopen( &open, &opened ))
    {
        if (opened.reason != NSPA_NOT_KNOWN || (access & MAY_WRITE) || disposition != FILE_OPEN) return FALSE;
        if (!is_good_plain_name( unix_name ) || nspa_stat( unix_name, &st )) return FALSE;
        use_seen( &open );
        seen.fresh = TRUE;
        if (nspa_lib.reopen( &open, &opened )) return FALSE;
        seen.fresh = FALSE;
    }

    opened_locally( handle, &open, &opened );
    free( redirected->Buffer );
    io->Information = FILE_OPENED;
    io->Status = STATUS_SUCCESS;
    return TRUE;
}


/***********************************************************************
 *           nspa_create_file
 *
 * Try to open an existing file locally. When it returns FALSE, the open
 * belongs to the server.
 */
BOOL nspa_create_file( HANDLE *handle, const char *unix_name, ACCESS_MASK access,
                       const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    WCHAR nt_name[MAX_NT_NAME / sizeof(WCHAR)];
    struct nspa_open open;
    struct nspa_opened opened;
    struct stat st;

    if (!get_open( &open, nt_name, unix_name, access, attr, sharing, disposition, options )) return FALSE;
    if (is_seen( unix_name ) || !nspa_stat( unix_name, &st ))
        use_seen( &open );
    seen.name = NULL;

    nspa_entry_stack = ntdll_get_thread_data()->kernel_stack;
    if (nspa_lib.try_bypass( &open, &opened ))
    {
        NSPA_TRACE( "nspa: %04x: open %s: server, %s (access %#x sharing %#x disposition %u options %#x)\n",
                    (int)GetCurrentThreadId(), unix_name, nspa_lib.reason_string( opened.reason ),
                    (int)access, (int)sharing, (int)disposition, (int)options );
        return FALSE;
    }
    opened_locally( handle, &open, &opened );
    return TRUE;
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
    return total && handle == last_opened.handle && total == last_opened.size &&
           type == FD_TYPE_FILE && (ULONG_PTR)(buffer + total) % page_size;
}


/***********************************************************************
 *           nspa_close
 *
 * Close a handle if it is a local file's.
 */
BOOL nspa_close( HANDLE handle )
{
    if (!nspa_is_local( handle ) || !nspa_lib.attached) return FALSE;
    if (handle == last_opened.handle) last_opened.handle = 0;
    if (nspa_lib.close( (ULONG_PTR)handle )) return FALSE;
    NSPA_TRACE( "nspa: %04x: close %#x: local\n", (int)GetCurrentThreadId(), HandleToULong( handle ));
    return TRUE;
}

#else  /* __x86_64__ */

int nspa_stat( const char *name, struct stat *st ) { return stat( name, st ); }
BOOL nspa_create_file( HANDLE *handle, const char *unix_name, ACCESS_MASK access,
                       const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options )
{
    return FALSE;
}
BOOL nspa_create_known_file( HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr, IO_STATUS_BLOCK *io,
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
