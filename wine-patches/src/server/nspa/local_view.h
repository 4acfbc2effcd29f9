/*
 * Views that clients mapped; included by mapping.c
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

/* A client maps its own sections without the server. Somebody wants to know the
 * name of such a view, so from now on the server knows it too. */
DECL_HANDLER(nspa_name_view)
{
    data_size_t len = get_req_data_size() & ~(sizeof(WCHAR) - 1);
    struct memory_view *view;

    if (!len || !is_valid_view_addr( current->process, req->base, req->size ))
    {
        set_error( STATUS_INVALID_PARAMETER );
        return;
    }
    if (!(view = mem_alloc( sizeof(*view) + len ))) return;
    memset( view, 0, sizeof(*view) );
    view->base    = req->base;
    view->size    = req->size;
    view->flags   = SEC_FILE;
    view->namelen = len;
    memcpy( view->name, get_req_data(), len );
    add_process_view( current, view );
}
