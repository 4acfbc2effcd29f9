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

/* How long another process may take to answer, in milliseconds: on a busy machine it
 * takes its turn to run several times. */
#define MAX_ANSWER_TIME 5000

/* The requests run with all signals blocked, and with nothing of the library on
 * the stack but C: a request may end the thread. */

static struct nspa_failure *get_failure(void)
{
    return &ntdll_get_thread_data()->nspa_failure;
}

static void note_failure( uint32_t handle, unsigned int status )
{
    struct nspa_failure *failure = get_failure();

    failure->handle = handle;
    failure->status = status;
}

static int32_t promote_section( const struct nspa_promotion *section )
{
    int32_t status = nspa_host_promote_section( section );

    if (status) note_failure( section->handle, status );
    return status;
}

int32_t nspa_host_promote( const struct nspa_promotion *file )
{
    unsigned int status;

    if (file->section.access) return promote_section( file );
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
    if (status) note_failure( file->handle, status );
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
    for (i = 0; i < count; i++)
    {
        if (status) statuses[i] = status;
        if (statuses[i]) note_failure( files[i].handle, statuses[i] );
    }
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


/* Handles that the server is about to be given; the array may be the program's. */
static void promote_handles( const HANDLE *handles, SIZE_T count )
{
    uint64_t local[64];
    unsigned int n = 0;
    SIZE_T i;

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

static void promote_inheritable(void)
{
    if (!nspa_lib.attached) return;
    nspa_lib.promote_inheritable();
    nspa_promote_listings();
}


/***********************************************************************
 *           nspa_promote
 *
 * Make the server know a local file by its handle.
 */
void nspa_promote( HANDLE handle )
{
    struct nspa_failure *failure;

    if (!nspa_lib.attached) return;
    failure = get_failure();
    if (failure->handle == (HandleToULong( handle ) & ~3)) failure->handle = 0;
    nspa_lib.promote( (ULONG_PTR)handle );
    nspa_promote_listing( handle );
}


/***********************************************************************
 *           nspa_names_failed
 *
 * Is a request about to name a file that the server could not take over? A program
 * gets the reason for that then, not that its handle is invalid.
 */
BOOL nspa_names_failed( const struct __server_request_info *req )
{
    obj_handle_t handle = get_failure()->handle;
    const unsigned int *words = (const unsigned int *)&req->u.req;
    unsigned int i, j;

    if (!handle) return FALSE;
    for (i = 0; i < sizeof(req->u.req) / sizeof(*words); i++) if ((words[i] & ~3) == handle) return TRUE;

    /* the handles of a wait, and the directory that a name is relative to; of other
     * requests the data may be the program's memory */
    if (req->u.req.request_header.req != REQ_select && req->u.req.request_header.req != REQ_create_file) return FALSE;
    for (i = 0; i < req->data_count; i++)
        for (words = req->data[i].ptr, j = 0; j < req->data[i].size / sizeof(*words); j++)
            if ((words[j] & ~3) == handle) return TRUE;
    return FALSE;
}


/***********************************************************************
 *           nspa_reply_status
 *
 * The status of a request of which nspa_names_failed() was the second argument.
 */
unsigned int nspa_reply_status( unsigned int status, BOOL failed )
{
    return failed && status == STATUS_INVALID_HANDLE ? get_failure()->status : status;
}


/***********************************************************************
 *           nspa_ask_promotion
 *
 * Have another process promote what it has under a handle that is about to be
 * duplicated, or all that a child may inherit if the handle is 0. One that is stopped is
 * not asked, and one that is frozen does not answer: the request that follows is made
 * in any case.
 */
void nspa_ask_promotion( HANDLE process, HANDLE handle )
{
    ULONG now, start = NtGetTickCount();
    union apc_result result;
    LARGE_INTEGER timeout;
    unsigned int status;
    HANDLE apc;

    if ((handle && !nspa_is_local( handle )) || process == NtCurrentProcess()) return;
    while ((now = NtGetTickCount() - start) < MAX_ANSWER_TIME)
    {
        SERVER_START_REQ( nspa_ask_promotion )
        {
            req->process = wine_server_obj_handle( process );
            req->handle  = HandleToULong( handle );
            wine_server_call( req );
            apc = wine_server_ptr_handle( reply->apc );
        }
        SERVER_END_REQ;
        if (!apc) return;

        timeout.QuadPart = -(LONGLONG)(MAX_ANSWER_TIME - now) * 10000;
        if (NtWaitForSingleObject( apc, FALSE, &timeout ) == STATUS_TIMEOUT)
        {
            NtClose( apc );
            return;
        }
        SERVER_START_REQ( get_apc_result )
        {
            req->handle = wine_server_obj_handle( apc );
            if (!(status = wine_server_call( req ))) result = reply->result;
        }
        SERVER_END_REQ;
        if (status || result.type != APC_NONE) return;  /* else the thread that was to do it has ended */
    }
}


/***********************************************************************
 *           nspa_asked_to_promote
 *
 * Called for an APC that duplicates a handle. One that does not close the source comes
 * from nspa_ask_promotion() in another process.
 */
BOOL nspa_asked_to_promote( const union apc_call *call )
{
    HANDLE handle = wine_server_ptr_handle( call->dup_handle.src_handle );

    if (call->dup_handle.options & DUPLICATE_CLOSE_SOURCE) return FALSE;
    if (handle) nspa_promote( handle );
    else promote_inheritable();
    return TRUE;
}


/***********************************************************************
 *           nspa_prepare_child
 *
 * A child of this process, or of the given one, is about to be created. What it gets
 * of local files the server must know. A file that could not be promoted is not left
 * out silently.
 */
unsigned int nspa_prepare_child( HANDLE parent, ULONG flags, const PS_ATTRIBUTE *handles,
                                 const RTL_USER_PROCESS_PARAMETERS *params )
{
    HANDLE std[] = { params->hStdInput, params->hStdOutput, params->hStdError };
    struct nspa_failure *failure = get_failure();
    BOOL inherit = !!(flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES);
    unsigned int i;

    if (parent && parent != NtCurrentProcess())
    {
        if (inherit) nspa_ask_promotion( parent, 0 );
        for (i = 0; i < ARRAY_SIZE(std); i++) if (std[i]) nspa_ask_promotion( parent, std[i] );
        return STATUS_SUCCESS;
    }
    if (!nspa_lib.attached) return STATUS_SUCCESS;
    failure->handle = 0;
    promote_handles( std, ARRAY_SIZE(std) );
    if (handles) promote_handles( handles->ValuePtr, handles->Size / sizeof(HANDLE) );
    else if (inherit) promote_inheritable();
    return failure->handle ? failure->status : STATUS_SUCCESS;
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
        promote_handles( handles, i );
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
void nspa_promote_all(void) { }
void nspa_ask_promotion( HANDLE process, HANDLE handle ) { }
BOOL nspa_asked_to_promote( const union apc_call *call ) { return FALSE; }
BOOL nspa_names_failed( const struct __server_request_info *req ) { return FALSE; }
unsigned int nspa_reply_status( unsigned int status, BOOL failed ) { return status; }
unsigned int nspa_prepare_child( HANDLE parent, ULONG flags, const PS_ATTRIBUTE *handles,
                                 const RTL_USER_PROCESS_PARAMETERS *params )
{
    return STATUS_SUCCESS;
}

#endif
