/*
 * Handles that a client chose; included by handle.c
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

#include "nspa/nspa.h"

/* A file or section that a client made by itself keeps its handle when the server
 * gets to know it, so that the value may be inherited, waited for and passed around.
 * Such handles live in a table of their own, which hangs off the process's
 * handle table and is indexed from LOCAL_BASE. Only these two kinds live there. */

#define LOCAL_BASE  0x7fff8000u
#define LOCAL_LAST  0x7ffffffcu  /* with tag bits the pseudo handle 0x7fffffff; never used */

static inline int nspa_is_local_handle( obj_handle_t handle )
{
    return handle >= LOCAL_BASE && handle < LOCAL_LAST;
}

static inline int nspa_local_index( obj_handle_t handle )
{
    return (handle - LOCAL_BASE) >> 2;
}

static inline obj_handle_t nspa_index_to_handle( const struct handle_table *table, int index )
{
    return table->local == table ? LOCAL_BASE + (index << 2) : index_to_handle( index );
}

/* the entry of a local handle, or NULL if it is invalid */
static struct handle_entry *nspa_get_handle( struct handle_table *table, obj_handle_t handle )
{
    int index = nspa_local_index( handle );

    if (!(table = table->local) || index > table->last || !table->entries[index].ptr) return NULL;
    return &table->entries[index];
}

static void shrink_handle_table( struct handle_table *table );

/* close a local handle, as its object agreed to */
static unsigned int nspa_close_handle( struct process *process, struct handle_entry *entry )
{
    struct handle_table *table = process->handles->local;
    struct object *obj = entry->ptr;

    entry->ptr = NULL;
    if (entry == table->entries + table->last) shrink_handle_table( table );
    release_object_from_handle( obj );
    return STATUS_SUCCESS;
}

/* make room for the entry of a local handle */
static struct handle_entry *nspa_reserve_entry( struct handle_table *table, obj_handle_t handle )
{
    int index = nspa_local_index( handle );

    if (!table->local)
    {
        if (!(table->local = alloc_handle_table( table->process, 0 ))) return NULL;
        table->local->local = table->local;
    }
    table = table->local;
    while (index >= table->count) if (!grow_handle_table( table )) return NULL;
    while (table->last < index) table->entries[++table->last].ptr = NULL;
    return &table->entries[index];
}

/* give an object the handle that the client chose; the access rights are granted */
int nspa_alloc_handle( struct process *process, struct object *obj, unsigned int access,
                       unsigned int attr, obj_handle_t handle )
{
    struct handle_entry *entry;

    if (!nspa_is_local_handle( handle ))
    {
        set_error( STATUS_INVALID_PARAMETER );
        return 0;
    }
    if (!process->handles)
    {
        set_error( STATUS_PROCESS_IS_TERMINATING );
        return 0;
    }
    if (nspa_get_handle( process->handles, handle ))
    {
        set_error( STATUS_OBJECT_NAME_COLLISION );
        return 0;
    }
    if (!(entry = nspa_reserve_entry( process->handles, handle ))) return 0;
    access &= ~RESERVED_ALL;
    if (attr & OBJ_INHERIT) access |= RESERVED_INHERIT;
    entry->ptr    = grab_object_for_handle( obj );
    entry->access = access;
    return 1;
}

/* does the server know this local handle of a process? */
int nspa_has_local_handle( struct process *process, obj_handle_t handle )
{
    return process->handles && nspa_is_local_handle( handle ) && nspa_get_handle( process->handles, handle );
}

/* the local handles of a process; returns how many there are */
unsigned int nspa_get_local_handles( struct process *process, unsigned int *handles, unsigned int max )
{
    struct handle_table *table = process->handles ? process->handles->local : NULL;
    unsigned int count = 0;
    int i;

    if (!table) return 0;
    for (i = 0; i <= table->last; i++)
    {
        if (!table->entries[i].ptr) continue;
        if (count < max) handles[count] = nspa_index_to_handle( table, i );
        count++;
    }
    return count;
}

/* copy an inheritable entry to its place in the child's table; nonzero if the handle is local */
static int nspa_inherit_handle( struct process *parent, obj_handle_t handle, struct handle_table *table )
{
    struct handle_entry *dst, *src;

    if (!nspa_is_local_handle( handle )) return 0;
    if (!(src = nspa_get_handle( parent->handles, handle )) || !(src->access & RESERVED_INHERIT)) return 1;
    if (!(dst = nspa_reserve_entry( table, handle )) || dst->ptr) return 1;
    grab_object_for_handle( src->ptr );
    *dst = *src;
    return 1;
}

/* copy all inheritable local entries of the parent */
static void nspa_inherit_handles( struct process *parent, struct handle_table *table )
{
    struct handle_table *local = parent->handles->local;
    int i;

    if (!local) return;
    for (i = 0; i <= local->last; i++) nspa_inherit_handle( parent, nspa_index_to_handle( local, i ), table );
}

/* call a function that walks the handles of a process on the local ones too */
static int nspa_enum_local( struct process *process, int (*func)( struct process *, void * ), void *user )
{
    struct handle_table *table = process->handles;
    int ret;

    if (!table->local || table->local == table) return 0;
    process->handles = table->local;
    ret = func( process, user );
    process->handles = table;
    return ret;
}
