/*
 * libnspa: questions about local files
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

#include "../core/table.h"
#include "entry.h"
#include "files.h"

#define STATUS_SUCCESS          0
#define STATUS_BUFFER_OVERFLOW  ((int32_t)0x80000005)
#define STATUS_NO_MEMORY        ((int32_t)0xc0000017)
#define STATUS_NOT_SUPPORTED    ((int32_t)0xc00000bb)

int32_t nspa_local_file_unix_name( uint64_t handle, char *name, size_t *size, uint64_t *dev )
{
    struct nspa_files *table = nspa_get_files();
    struct nspa_file *file = nspa_file_of( table, handle );
    int32_t status = STATUS_NO_MEMORY;
    uint64_t mask;
    const char *path;
    size_t len;

    if (!file || !nspa_is_local_file( handle ) || !name || !size) return STATUS_NOT_SUPPORTED;
    mask = nspa_hold( &table->host );
    if (nspa_file_pin( file, 0 ))
    {
        if ((path = nspa_file_name( table, file )))
        {
            len = strlen( path ) + 1;
            status = len <= *size ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
            if (!status) memcpy( name, path, len );
            *size = len;
            if (dev) *dev = nspa_file_is_in_place( table, file ) ? file->dev : 0;
            nspa_release_name( file, path );
        }
        nspa_file_unpin( table, file );
    }
    else status = STATUS_NOT_SUPPORTED;
    nspa_release( &table->host, mask );
    return status;
}

uint64_t nspa_volume_epoch(void)
{
    struct nspa_files *table = nspa_get_files();

    if (!table || !nspa_client_attached( &table->client )) return 0;
    return UINT64_C(1) << 32 | nspa_client_volume_epoch( &table->client );
}
