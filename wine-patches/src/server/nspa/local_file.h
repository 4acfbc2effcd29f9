/*
 * Files that clients opened; included by file.c
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

#include <limits.h>
#include "wine/nspa_compat.h"
#include "nspa/nspa.h"

DECL_HANDLER(create_mapping);

/* Take the fds that files came with, before anything else: what a request leaves
 * behind stays until the thread ends. Returns 0 if the thread ended meanwhile, and
 * with it the request's data. */
static int take_fds( const struct nspa_file_info *infos, unsigned int count, int *fds )
{
    unsigned int i;

    for (i = 0; i < count; i++)
    {
        fds[i] = thread_get_inflight_fd( current, infos[i].fd );
        if (current) continue;
        for (;;)
        {
            nspa_close_client_fd( fds[i] );
            if (!i--) return 0;
        }
    }
    return 1;
}

int nspa_promoting;  /* a directory that is being made was opened before: no watch takes note of it */

/* Make a file of an fd that a client opened, under the handle it has there. The
 * names lie at data, the NT name first; size is what there is of them. Sets an
 * error if it fails. */
static void create_local_file( const struct nspa_file_info *info, int unix_fd, const char *data, data_size_t size )
{
    struct unicode_str nt_name = { (const WCHAR *)data, info->nt_len };
    struct object *obj, *other;
    struct fd *fd, *other_fd;
    char *name = NULL;
    mode_t mode;

    clear_error();
    if (unix_fd == -1)  /* it was sent, but there was no room for it */
    {
        set_error( STATUS_TOO_MANY_OPENED_FILES );
        return;
    }
    if (info->nt_len > size || info->nt_len % sizeof(WCHAR) ||
        info->unix_len > size - info->nt_len || info->unix_len > PATH_MAX)
        set_error( STATUS_INVALID_PARAMETER );
    else if ((name = mem_alloc( info->unix_len + 1 )))
    {
        if (info->unix_len) memcpy( name, data + info->nt_len, info->unix_len );
        name[info->unix_len] = 0;
    }
    if (!name)
    {
        nspa_close_client_fd( unix_fd );
        return;
    }

    if ((fd = nspa_create_fd( unix_fd, name, nt_name, &mode, info->access, info->sharing, info->options )))
    {
        nspa_promoting = 1;
        obj = S_ISDIR( mode ) ? nspa_create_dir_obj( fd, info->access, mode ) : nspa_create_file_obj( fd, info->access, mode );
        nspa_promoting = 0;
        if (obj)
        {
            if (!nspa_alloc_handle( current->process, obj, info->access, info->attributes, info->handle ) &&
                get_error() == STATUS_OBJECT_NAME_COLLISION)
            {
                /* two threads promote a handle at once: the second finds it done */
                clear_error();
                if ((other = get_handle_obj( current->process, info->handle, 0, NULL )))
                {
                    if (!(other_fd = get_obj_fd( other )) || !is_same_file_fd( other_fd, fd ))
                        set_error( STATUS_OBJECT_NAME_COLLISION );
                    if (other_fd) release_object( other_fd );
                    release_object( other );
                }
            }
            release_object( obj );
        }
        release_object( fd );
    }
    free( name );
}

/* make a file of an fd that a client opened */
DECL_HANDLER(nspa_create_file_from_unix_fd)
{
    struct nspa_file_info info =
    {
        req->handle, req->fd, req->access, req->sharing, req->options, req->attributes, req->nt_len
    };
    int fd;

    if (!take_fds( &info, 1, &fd )) return;
    info.unix_len = get_req_data_size() - min( info.nt_len, get_req_data_size() );
    create_local_file( &info, fd, get_req_data(), get_req_data_size() );
}

/* the same for several */
DECL_HANDLER(nspa_promote_local_handles)
{
    unsigned int i, *statuses, count = req->count;
    struct nspa_file_info infos[MAX_INFLIGHT_FDS];
    int fds[MAX_INFLIGHT_FDS];
    data_size_t size, len;
    const char *data;

    if (!count || count > MAX_INFLIGHT_FDS || get_req_data_size() < count * sizeof(*infos) ||
        get_reply_max_size() < count * sizeof(*statuses))
    {
        set_error( STATUS_INVALID_PARAMETER );
        return;
    }
    memcpy( infos, get_req_data(), count * sizeof(*infos) );
    if (!take_fds( infos, count, fds )) return;
    data = (const char *)get_req_data() + count * sizeof(*infos);
    size = get_req_data_size() - count * sizeof(*infos);
    if (!(statuses = mem_alloc( count * sizeof(*statuses) )))
    {
        for (i = 0; i < count; i++) nspa_close_client_fd( fds[i] );
        return;
    }

    for (i = 0; i < count; i++)
    {
        create_local_file( &infos[i], fds[i], data, size );
        statuses[i] = get_error();
        len = min( infos[i].nt_len, size );
        len += min( infos[i].unix_len, size - len );
        len = min( (len + 1) & ~1, size );
        data += len;
        size -= len;
    }
    clear_error();
    set_reply_data_ptr( statuses, count * sizeof(*statuses) );
}

/* give an object the handle that the client has for it, in place of a new one */
static obj_handle_t move_handle( obj_handle_t handle, obj_handle_t local )
{
    unsigned int access = get_handle_access( current->process, handle );
    struct object *obj = get_handle_obj( current->process, handle, 0, NULL );

    /* two threads promote a handle at once: the second finds it done */
    if (obj && !nspa_alloc_handle( current->process, obj, access, 0, local ) &&
        get_error() == STATUS_OBJECT_NAME_COLLISION) clear_error();
    if (obj) release_object( obj );
    close_handle( current->process, handle );
    return local;
}

/* create a mapping of a file that a client opened, which goes on without the server */
DECL_HANDLER(nspa_create_mapping_from_unix_fd)
{
    struct nspa_file_info info =
    {
        req->file_handle, req->fd, req->granted, req->sharing, req->options, 0, req->nt_len, req->unix_len
    };
    struct create_mapping_request mapping_req;
    const struct object_attributes *objattr;
    const struct security_descriptor *sd;
    struct unicode_str name;
    struct object *root = NULL;
    data_size_t size;
    const char *data;
    struct file *file;  /* NULL unless the server has it already */
    int fd;

    memset( &mapping_req, 0, sizeof(mapping_req) );
    mapping_req.access      = req->access;
    mapping_req.flags       = req->flags;
    mapping_req.file_access = req->file_access;
    mapping_req.size        = req->size;
    mapping_req.file_handle = req->file_handle;

    if (!take_fds( &info, 1, &fd )) return;
    if ((file = get_file_obj( current->process, info.handle, 0 ))) release_object( file );

    /* the names follow the attributes, which create_mapping checks again */
    objattr = get_req_object_attributes( &sd, &name, &root );
    if (root) release_object( root );
    if (!objattr)
    {
        nspa_close_client_fd( fd );
        return;
    }
    data = get_req_data_after_objattr( objattr, &size );
    create_local_file( &info, fd, data, size );
    if (get_error()) return;

    req_create_mapping( &mapping_req, (struct create_mapping_reply *)reply );
    if (!file) close_handle( current->process, info.handle );
    if (req->section && !get_error()) reply->handle = move_handle( reply->handle, req->section );
}
