/*
 * Sections of local files, and views of them
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
#include <stdlib.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "wine/rbtree.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifdef __x86_64__

/* Have the server make a section of a local file, which it does not keep. With a
 * local handle, the section gets that. */
static unsigned int request_section( const struct nspa_promotion *file, obj_handle_t file_handle,
                                     const struct nspa_section *section, ULONG flags, obj_handle_t local,
                                     const struct object_attributes *objattr, data_size_t len, HANDLE *handle )
{
    static const struct object_attributes no_attributes;
    unsigned int status;

    if (!len)  /* the names come after the attributes, so there must be some */
    {
        objattr = &no_attributes;
        len = sizeof(no_attributes);
    }
    wine_server_send_fd( file->fd );
    SERVER_START_REQ( nspa_create_mapping_from_unix_fd )
    {
        req->access      = section->access;
        req->flags       = flags;
        req->file_access = section->file_access;
        req->fd          = file->fd;
        req->size        = section->size;
        req->granted     = file->access;
        req->sharing     = file->sharing;
        req->options     = file->options;
        req->file_handle = file_handle;
        req->section     = local;
        req->nt_len      = file->nt_len;
        req->unix_len    = strlen( file->unix_name );
        wine_server_add_data( req, objattr, len );
        wine_server_add_data( req, file->nt_name, file->nt_len );
        wine_server_add_data( req, file->unix_name, strlen( file->unix_name ));
        status = wine_server_call( req );
        *handle = wine_server_ptr_handle( reply->handle );
    }
    SERVER_END_REQ;
    return status;
}


/* What the library asks for when a local section is promoted. No file has the
 * handle that goes with it: a handle and a section never share an entry. */
int32_t nspa_host_promote_section( const struct nspa_promotion *file )
{
    obj_handle_t file_handle = file->handle - NSPA_SECTION_HANDLE_BASE + NSPA_LF_HANDLE_BASE;
    unsigned int status;
    HANDLE handle;

    status = request_section( file, file_handle, &file->section, SEC_COMMIT, file->handle, NULL, 0, &handle );
    NSPA_TRACE( "nspa: %04x: promote section %#x %s: status %#x\n", (int)GetCurrentThreadId(),
                (int)file->handle, file->unix_name, status );
    return status;
}


/* A section that only this process knows: one without name, for reading. */
static BOOL create_local_section( HANDLE *handle, const struct nspa_section *section, ULONG flags,
                                  const struct object_attributes *objattr, data_size_t len, HANDLE file )
{
    const unsigned int harmless = OBJ_CASE_INSENSITIVE | OBJ_OPENIF;
    struct nspa_opened opened;

    if (flags != SEC_COMMIT || section->file_access != FILE_READ_DATA) return FALSE;
    if (!section->access || (section->access & ~SECTION_ALL_ACCESS)) return FALSE;
    if (len && (objattr->rootdir || objattr->sd_len || objattr->name_len || (objattr->attributes & ~harmless)))
        return FALSE;
    if (nspa_lib.section_create( (ULONG_PTR)file, section, &opened )) return FALSE;

    *handle = ULongToHandle( opened.handle );
    return TRUE;
}


/* what request_section() is called with by way of the library */
struct section_request
{
    const struct nspa_section      *section;
    const struct object_attributes *objattr;
    data_size_t                     len;
    ULONG                           flags;
    HANDLE                          handle;
};

static int32_t use_file( const struct nspa_promotion *file, void *arg )
{
    struct section_request *req = arg;

    return request_section( file, file->handle, req->section, req->flags, 0, req->objattr, req->len, &req->handle );
}


/***********************************************************************
 *           nspa_create_section
 *
 * Create a section of a local file, here or with one request. When it returns
 * FALSE, the file is not local.
 */
BOOL nspa_create_section( HANDLE *handle, ACCESS_MASK access, const struct object_attributes *objattr,
                          data_size_t len, const LARGE_INTEGER *size, ULONG flags, unsigned int file_access,
                          HANDLE file, unsigned int *status )
{
    struct nspa_section section = { size ? size->QuadPart : 0, access, file_access };
    struct section_request request = { &section, objattr, len, flags };
    int32_t result;

    if (!nspa_is_local( file ) || !nspa_lib.attached) return FALSE;

    if (create_local_section( handle, &section, flags, objattr, len, file ))
    {
        NSPA_TRACE( "nspa: %04x: section of %#x: local, handle %#x\n", (int)GetCurrentThreadId(),
                    HandleToULong( file ), HandleToULong( *handle ));
        *status = STATUS_SUCCESS;
        return TRUE;
    }

    if (nspa_lib.lend( (ULONG_PTR)file, use_file, &request, &result )) return FALSE;
    *status = result;
    *handle = request.handle;
    NSPA_TRACE( "nspa: %04x: section of %#x: server, status %#x\n", (int)GetCurrentThreadId(),
                HandleToULong( file ), *status );
    return TRUE;
}


/* the section a handle names, and whether the handle has the access rights */
static BOOL get_section( HANDLE handle, ACCESS_MASK access, struct nspa_section *section, unsigned int *status )
{
    if (!nspa_is_local( handle ) || !nspa_lib.attached) return FALSE;
    if (nspa_lib.section_query( (ULONG_PTR)handle, section )) return FALSE;
    *status = (access & ~section->access) ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
    return TRUE;
}


/***********************************************************************
 *           nspa_get_mapping_info
 */
BOOL nspa_get_mapping_info( HANDLE handle, ACCESS_MASK access, unsigned int *flags, mem_size_t *size,
                            unsigned int *status )
{
    struct nspa_section section;

    if (!get_section( handle, access, &section, status )) return FALSE;
    *flags = SEC_FILE;
    *size  = section.size;
    return TRUE;
}


/***********************************************************************
 *           nspa_query_section
 */
BOOL nspa_query_section( HANDLE handle, SECTION_INFORMATION_CLASS class, void *ptr, SIZE_T *ret_size,
                         unsigned int *status )
{
    SECTION_BASIC_INFORMATION *info = ptr;
    struct nspa_section section;

    if (!get_section( handle, SECTION_QUERY, &section, status )) return FALSE;
    if (*status) return TRUE;
    if (class != SectionBasicInformation)
    {
        *status = STATUS_SECTION_NOT_IMAGE;
        return TRUE;
    }
    info->Attributes    = SEC_FILE;
    info->BaseAddress   = NULL;
    info->Size.QuadPart = section.size;
    if (ret_size) *ret_size = sizeof(*info);
    return TRUE;
}


/* Views of local sections, by their addresses. The server learns of one only when
 * somebody asks for its name. */
struct view
{
    struct rb_entry entry;
    const char     *base;
    SIZE_T          size;
    uint32_t        id;     /* to the library */
    BOOL            named;  /* the server knows it, or will */
};

static int compare_view( const void *addr, const struct rb_entry *entry )
{
    const struct view *view = RB_ENTRY_VALUE( entry, struct view, entry );

    if ((const char *)addr < view->base) return -1;
    return (const char *)addr >= view->base + view->size;
}

static struct rb_tree views = { compare_view };
static pthread_mutex_t views_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct view *find_view( const void *addr )
{
    struct rb_entry *entry = rb_get( &views, addr );

    return entry ? RB_ENTRY_VALUE( entry, struct view, entry ) : NULL;
}


/***********************************************************************
 *           nspa_map_view
 *
 * A section was mapped. When it returns FALSE, the server must know the view.
 */
BOOL nspa_map_view( HANDLE section, void *base, SIZE_T size )
{
    struct view *view;
    sigset_t sigset;
    BOOL added;

    if (!nspa_is_local_section( (ULONG_PTR)section ) || !nspa_lib.attached) return FALSE;
    if (!(view = malloc( sizeof(*view) ))) return FALSE;
    if (nspa_lib.view_add( (ULONG_PTR)section, &view->id ))
    {
        free( view );
        return FALSE;
    }
    view->base  = base;
    view->size  = size;
    view->named = FALSE;
    nspa_lock_mutex( &views_mutex, &sigset );
    added = !rb_put( &views, base, &view->entry );
    nspa_unlock_mutex( &views_mutex, &sigset );
    if (added) return TRUE;
    nspa_lib.view_remove( view->id );
    free( view );
    return FALSE;
}


static unsigned int server_unmap_view( const void *base )
{
    unsigned int status;

    SERVER_START_REQ( unmap_view )
    {
        req->base = wine_server_client_ptr( base );
        status = wine_server_call( req );
    }
    SERVER_END_REQ;
    return status;
}


/***********************************************************************
 *           nspa_unmap_view
 *
 * A view is about to be unmapped. When it returns FALSE, it is the server's.
 */
BOOL nspa_unmap_view( void *base, unsigned int *status )
{
    struct view *view;
    sigset_t sigset;

    if (!nspa_lib.attached) return FALSE;
    nspa_lock_mutex( &views_mutex, &sigset );
    if ((view = find_view( base ))) rb_remove( &views, &view->entry );
    nspa_unlock_mutex( &views_mutex, &sigset );
    if (!view) return FALSE;

    if (view->named) server_unmap_view( base );
    nspa_lib.view_remove( view->id );
    free( view );
    *status = STATUS_SUCCESS;
    return TRUE;
}


/* tell the server the name of the view at an address, once */
static void name_local_view( const void *addr )
{
    WCHAR name[1024];  /* the library declines longer names */
    uint32_t id, size = sizeof(name);
    struct view *view;
    const char *base;
    SIZE_T view_size;
    sigset_t sigset;
    BOOL gone;

    nspa_lock_mutex( &views_mutex, &sigset );
    if ((view = find_view( addr )) &&
        (view->named || nspa_lib.view_name( view->id, name, &size ))) view = NULL;
    if (view)
    {
        view->named = TRUE;
        id          = view->id;
        base        = view->base;
        view_size   = view->size;
    }
    nspa_unlock_mutex( &views_mutex, &sigset );
    if (!view) return;

    SERVER_START_REQ( nspa_name_view )
    {
        req->base = wine_server_client_ptr( base );
        req->size = view_size;
        wine_server_add_data( req, name, size );
        wine_server_call( req );
    }
    SERVER_END_REQ;

    /* not while the lock is held: the request may end the thread */
    nspa_lock_mutex( &views_mutex, &sigset );
    gone = !(view = find_view( base )) || view->id != id;
    nspa_unlock_mutex( &views_mutex, &sigset );
    if (gone) server_unmap_view( base );
}


/***********************************************************************
 *           nspa_name_view
 *
 * The server is about to be asked for the name of the file mapped at an address.
 * Another process is made to tell it by asking about its memory.
 */
void nspa_name_view( HANDLE process, const void *addr )
{
    MEMORY_BASIC_INFORMATION info;
    unsigned int status;

    if (process == NtCurrentProcess())
    {
        if (nspa_lib.attached) name_local_view( addr );
        return;
    }
    SERVER_START_REQ( get_mapping_filename )
    {
        req->process = wine_server_obj_handle( process );
        req->addr    = wine_server_client_ptr( addr );
        status = wine_server_call( req );
    }
    SERVER_END_REQ;
    if (status == STATUS_INVALID_ADDRESS)
        NtQueryVirtualMemory( process, addr, MemoryBasicInformation, &info, sizeof(info), NULL );
}


/***********************************************************************
 *           nspa_name_views
 */
void nspa_name_views( const void *addr1, const void *addr2 )
{
    nspa_name_view( NtCurrentProcess(), addr1 );
    nspa_name_view( NtCurrentProcess(), addr2 );
}

#else  /* __x86_64__ */

BOOL nspa_create_section( HANDLE *handle, ACCESS_MASK access, const struct object_attributes *objattr,
                          data_size_t len, const LARGE_INTEGER *size, ULONG flags, unsigned int file_access,
                          HANDLE file, unsigned int *status )
{
    return FALSE;
}
BOOL nspa_get_mapping_info( HANDLE handle, ACCESS_MASK access, unsigned int *flags, mem_size_t *size,
                            unsigned int *status )
{
    return FALSE;
}
BOOL nspa_query_section( HANDLE handle, SECTION_INFORMATION_CLASS class, void *ptr, SIZE_T *ret_size,
                         unsigned int *status )
{
    return FALSE;
}
BOOL nspa_map_view( HANDLE section, void *base, SIZE_T size ) { return FALSE; }
BOOL nspa_unmap_view( void *base, unsigned int *status ) { return FALSE; }
void nspa_name_view( HANDLE process, const void *addr ) { }
void nspa_name_views( const void *addr1, const void *addr2 ) { }

#endif
