/*
 * Making local files known to the server
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
#include <stdlib.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifdef __x86_64__

/* The requests run with all signals blocked, and with nothing of the library on
 * the stack but C: a request may end the thread. */

int32_t nspa_host_promote( const struct nspa_promotion *file )
{
    unsigned int status;

    if (file->section.access) return nspa_host_promote_section( file );
    wine_server_send_fd( file->fd );
    SERVER_START_REQ( nspa_create_file_from_unix_fd )
    {
        req->handle     = file->handle;
        req->fd         = file->fd;
        req->access     = file->access;
        req->sharing    = file->sharing;
        req->options    = file->options;
        req->attributes = file->attributes;
        req->nt_len     = file->nt_len;
        wine_server_add_data( req, file->nt_name, file->nt_len );
        wine_server_add_data( req, file->unix_name, strlen(file->unix_name) );
        status = wine_server_call( req );
    }
    SERVER_END_REQ;
    NSPA_TRACE( "nspa: %04x: promote %#x %s: status %#x\n", (int)GetCurrentThreadId(),
                (int)file->handle, file->unix_name, status );
    return status;
}

void nspa_host_promote_many( const struct nspa_promotion *files, uint32_t count, int32_t *statuses )
{
    struct nspa_file_info info[NSPA_PROMOTE_MAX];
    unsigned int i, status;
    size_t size = 0;
    char *names, *ptr;

    for (i = 0; i < count; i++)
    {
        info[i].handle     = files[i].handle;
        info[i].fd         = files[i].fd;
        info[i].access     = files[i].access;
        info[i].sharing    = files[i].sharing;
        info[i].options    = files[i].options;
        info[i].attributes = files[i].attributes;
        info[i].nt_len     = files[i].nt_len;
        info[i].unix_len   = strlen( files[i].unix_name );
        size += (info[i].nt_len + info[i].unix_len + 1) & ~1;
    }
    if (!(names = ptr = malloc( size )))
    {
        for (i = 0; i < count; i++) statuses[i] = nspa_host_promote( &files[i] );
        return;
    }
    for (i = 0; i < count; i++)
    {
        memcpy( ptr, files[i].nt_name, info[i].nt_len );
        memcpy( ptr + info[i].nt_len, files[i].unix_name, info[i].unix_len );
        ptr += (info[i].nt_len + info[i].unix_len + 1) & ~1;
        wine_server_send_fd( files[i].fd );
    }

    SERVER_START_REQ( nspa_promote_local_handles )
    {
        req->count = count;
        wine_server_add_data( req, info, count * sizeof(*info) );
        wine_server_add_data( req, names, size );
        wine_server_set_reply( req, statuses, count * sizeof(*statuses) );
        status = wine_server_call( req );
        if (!status && wine_server_reply_size( reply ) != count * sizeof(*statuses)) status = STATUS_INTERNAL_ERROR;
    }
    SERVER_END_REQ;
    if (status) for (i = 0; i < count; i++) statuses[i] = status;
    free( names );
    NSPA_TRACE( "nspa: %04x: promote %u files: status %#x\n", (int)GetCurrentThreadId(), (int)count, status );
}

int32_t nspa_host_close_handle( uint32_t handle )
{
    unsigned int status;

    SERVER_START_REQ( close_handle )
    {
        req->handle = handle;
        status = wine_server_call( req );
    }
    SERVER_END_REQ;
    return status;
}

void nspa_host_drained( uint64_t dev, uint64_t ino )
{
    SERVER_START_REQ( nspa_inode_drained )
    {
        req->dev = dev;
        req->ino = ino;
        wine_server_call( req );
    }
    SERVER_END_REQ;
}


/***********************************************************************
 *           nspa_promote
 *
 * Make the server know a local file by its handle.
 */
void nspa_promote( HANDLE handle )
{
    if (!nspa_lib.attached) return;
    nspa_lib.promote( (ULONG_PTR)handle );
    nspa_promote_listing( handle );
}


/***********************************************************************
 *           nspa_promote_inheritable
 *
 * A child of this process, or of the given one, is about to be created. Another
 * process is made to promote its own files by asking it to duplicate a handle that
 * stands for them.
 */
void nspa_promote_inheritable( HANDLE parent )
{
    union apc_result result;
    union apc_call call;

    if (!nspa_lib.attached) return;
    if (!parent || parent == NtCurrentProcess())
    {
        nspa_lib.promote_inheritable();
        nspa_promote_listings();
        return;
    }
    memset( &call, 0, sizeof(call) );
    call.dup_handle.type        = APC_DUP_HANDLE;
    call.dup_handle.src_handle  = NSPA_LF_HANDLE_LAST;
    call.dup_handle.dst_process = wine_server_obj_handle( NtCurrentProcess() );
    call.dup_handle.options     = DUPLICATE_SAME_ACCESS;
    server_queue_process_apc( parent, &call, &result );  /* never succeeds; that is not the point */
}


/***********************************************************************
 *           nspa_promote_handles
 *
 * Handles that a process is about to be created with; the array is the program's.
 */
void nspa_promote_handles( const HANDLE *handles, SIZE_T count )
{
    uint64_t local[64];
    unsigned int n = 0;
    SIZE_T i;

    if (!nspa_lib.attached) return;
    for (i = 0; i < count; i++)
    {
        if (nspa_is_local( handles[i] )) local[n++] = (ULONG_PTR)handles[i];
        if (n == ARRAY_SIZE(local) || (n && i == count - 1))
        {
            nspa_lib.promote_handles( local, n );
            while (n) nspa_promote_listing( ULongToHandle( local[--n] ));
        }
    }
}


/***********************************************************************
 *           nspa_promote_all
 *
 * The handles of this process, among others, are about to be listed.
 */
void nspa_promote_all(void)
{
    HANDLE handles[64];
    unsigned int handle = NSPA_SECTION_HANDLE_BASE, i;

    while (nspa_lib.attached && handle < NSPA_LF_HANDLE_LAST)
    {
        for (i = 0; i < ARRAY_SIZE(handles); i++, handle += 4) handles[i] = ULongToHandle( handle );
        nspa_promote_handles( handles, i );
    }
}


/***********************************************************************
 *           nspa_closed
 *
 * The server was asked to close this handle.
 */
void nspa_closed( HANDLE handle, NTSTATUS status )
{
    if (status || !nspa_is_local( handle ) || !nspa_lib.attached) return;
    nspa_close_listing( handle );
    nspa_lib.closed( (ULONG_PTR)handle );
}


/***********************************************************************
 *           nspa_duplicated
 *
 * The server was asked to duplicate this handle. Closing the source goes with
 * it even when duplicating fails, unless the source itself was the result.
 */
void nspa_duplicated( HANDLE source, const HANDLE *dest, ULONG options )
{
    unsigned int status;

    if (!(options & DUPLICATE_CLOSE_SOURCE) || !nspa_is_local( source ) || !nspa_lib.attached) return;
    if (dest && *dest == source) return;
    SERVER_START_REQ( set_handle_info )  /* changes nothing: a protected handle stays open */
    {
        req->handle = HandleToULong( source );
        req->flags  = 0;
        req->mask   = 0;
        status = wine_server_call( req );
    }
    SERVER_END_REQ;
    if (status == STATUS_INVALID_HANDLE) nspa_closed( source, STATUS_SUCCESS );
}

#else  /* __x86_64__ */

void nspa_closed( HANDLE handle, NTSTATUS status ) { }
void nspa_duplicated( HANDLE source, const HANDLE *dest, ULONG options ) { }
void nspa_promote( HANDLE handle ) { }
void nspa_promote_inheritable( HANDLE parent ) { }
void nspa_promote_handles( const HANDLE *handles, SIZE_T count ) { }
void nspa_promote_all(void) { }

#endif
