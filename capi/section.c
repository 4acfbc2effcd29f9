/*
 * libnspa: sections of local files, and their views
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
 * ---------------------------------------------------------------------------
 */

#include <fcntl.h>
#include <sys/stat.h>

#include "../core/table.h"
#include "entry.h"
#include "files.h"

#define STATUS_SUCCESS          0
#define STATUS_BUFFER_OVERFLOW  ((int32_t)0x80000005)
#define STATUS_NOT_SUPPORTED    ((int32_t)0xc00000bb)

#define FILE_SYNCHRONOUS_IO_NONALERT  0x20

/* Make a section of a pinned file.  The size is looked up after the mapping is
 * published: from then on wineserver does not truncate the file. */
static int32_t create_section( struct nspa_files *table, const struct nspa_file *file,
                               const struct nspa_section *section, struct nspa_opened *opened )
{
    struct nspa_file *entry;
    struct stat st;
    int32_t index;
    int fd;

    if (!section->access || (section->file_access & ~file->access)) return STATUS_NOT_SUPPORTED;
    if ((fd = fcntl( file->fd, F_DUPFD_CLOEXEC, 0 )) == -1) return STATUS_NOT_SUPPORTED;
    if ((index = nspa_section_reserve( table, file, section )) == -1)
    {
        close( fd );
        return STATUS_NOT_SUPPORTED;
    }
    entry = &table->file[index];
    if (fstat( fd, &st ) == -1 || !S_ISREG( st.st_mode ) ||
        st.st_size <= 0 || section->size > (uint64_t)st.st_size)
    {
        close( fd );
        nspa_section_release( table, entry );
        return STATUS_NOT_SUPPORTED;
    }
    if (!section->size) entry->section.size = st.st_size;
    entry->access  = section->file_access;  /* of the file that wineserver makes for a moment to map it */
    entry->sharing = NSPA_SHARE_ALL;
    entry->options = FILE_SYNCHRONOUS_IO_NONALERT;
    entry->fd = fd;
    NSPA_STORE( &entry->state, NSPA_STATE_LOCAL | NSPA_STATE_SECTION );

    opened->handle = nspa_handle_of( index, NSPA_STATE_SECTION );
    opened->fd     = fd;
    opened->access = section->access;
    opened->reason = NSPA_SERVED;
    return STATUS_SUCCESS;
}

int32_t nspa_local_section_create( uint64_t file, const struct nspa_section *section, struct nspa_opened *opened )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *entry = nspa_file_of( table, file );
    int32_t status = STATUS_NOT_SUPPORTED;
    uint64_t mask;

    if (!entry || !nspa_is_local_file( file ) || !section || !opened) return STATUS_NOT_SUPPORTED;
    mask = nspa_enter();
    if (nspa_file_pin( entry, 0 ))
    {
        status = create_section( table, entry, section, opened );
        nspa_file_unpin( table, entry );
    }
    nspa_leave( mask );
    return status;
}

/* The entry of a local section, pinned, or NULL. */
static struct nspa_file *pin_section( struct nspa_files *table, uint64_t handle )
{
    struct nspa_file *entry = nspa_file_of( table, handle );

    if (!entry || !nspa_is_local_section( handle ) || !nspa_file_pin( entry, NSPA_STATE_SECTION )) return NULL;
    return entry;
}

int32_t nspa_local_section_query( uint64_t handle, struct nspa_section *section )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *entry;
    uint64_t mask;

    if (!section) return STATUS_NOT_SUPPORTED;
    mask = nspa_enter();
    if ((entry = pin_section( table, handle )))
    {
        *section = entry->section;
        nspa_file_unpin( table, entry );
    }
    nspa_leave( mask );
    return entry ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

int32_t nspa_local_view_add( uint64_t section, uint32_t *view )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *entry;
    int32_t index = -1;
    uint64_t mask;

    if (!view) return STATUS_NOT_SUPPORTED;
    mask = nspa_enter();
    if ((entry = pin_section( table, section )))
    {
        if ((index = nspa_section_reserve( table, entry, &entry->section )) != -1)
        {
            NSPA_STORE( &table->file[index].state, NSPA_STATE_VIEW | NSPA_STATE_SECTION );
            *view = index;
        }
        nspa_file_unpin( table, entry );
    }
    nspa_leave( mask );
    return index == -1 ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

/* The entry of a view, or NULL. */
static struct nspa_file *view_of( struct nspa_files *table, uint32_t view )
{
    if (!table || view >= NSPA_LF_HANDLE_CAP) return NULL;
    return (NSPA_LOAD( &table->file[view].state ) & NSPA_STATE_MASK) == NSPA_STATE_VIEW ? &table->file[view] : NULL;
}

void nspa_local_view_remove( uint32_t view )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *entry = view_of( table, view );
    uint32_t state = NSPA_STATE_VIEW | NSPA_STATE_SECTION;
    uint64_t mask;

    if (!entry) return;
    mask = nspa_enter();
    if (__atomic_compare_exchange_n( &entry->state, &state, NSPA_STATE_FREE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE ))
        nspa_section_release( table, entry );
    nspa_leave( mask );
}

int32_t nspa_local_view_name( uint32_t view, uint16_t *name, uint32_t *size )
{
    struct nspa_file *entry = view_of( nspa_get_files(), view );
    uint32_t len, max;

    if (!entry || !name || !size) return STATUS_NOT_SUPPORTED;
    len = entry->nt_len;
    max = *size;
    *size = len;
    if (len > max) return STATUS_BUFFER_OVERFLOW;
    memcpy( name, entry->names, len );
    return STATUS_SUCCESS;
}
