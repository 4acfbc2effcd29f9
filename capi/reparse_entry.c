/*
 * libnspa: the exported functions for reparse points
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
 * ---------------------------------------------------------------------------
 */

#include <dirent.h>
#include <string.h>

#include "../core/nt.h"
#include "go.h"
#include "reparse_frame.h"

#define STATUS_INSUFFICIENT_RESOURCES ((int32_t)0xc000009a)
#define STATUS_BUFFER_TOO_SMALL     ((int32_t)0xc0000023)
#define STATUS_OBJECT_NAME_INVALID  ((int32_t)0xc0000033)
#define STATUS_INVALID_USER_BUFFER  ((int32_t)0xc00000e8)
#define STATUS_IO_REPARSE_DATA_INVALID ((int32_t)0xc0000278)

/* Go, in reparse_exports.go */
extern int32_t nspaGoReparse( uint32_t call, struct nspa_reparse_frame *frame );

static int32_t enter( enum nspa_reparse_call call, struct nspa_reparse_frame *frame )
{
    struct nspa_go_call go;
    int32_t status;

    if (!nspa_go_enter( &go )) return STATUS_INSUFFICIENT_RESOURCES;
    status = nspaGoReparse( call, frame );
    nspa_go_leave( &go );
    return status;
}

/* The arrays are large: clear what stands before them. */
static void init_frame( struct nspa_reparse_frame *frame )
{
    memset( frame, 0, offsetof( struct nspa_reparse_frame, config ));
    frame->dirfd = -1;
}

static int32_t copy_prefix( struct nspa_reparse_frame *frame, const struct nspa_reparse_prefix *prefix )
{
    struct nspa_reparse_prefix p;

    if (!prefix || prefix->size != sizeof(*prefix)) return STATUS_INVALID_PARAMETER;
    p = *prefix;
    if (!p.config_dir || p.config_dir_len > NSPA_REPARSE_MAX_TEXT) return STATUS_INVALID_PARAMETER;
    if (p.drives && p.drives_len > NSPA_REPARSE_MAX_DRIVES) return STATUS_INVALID_PARAMETER;
    memcpy( frame->config, p.config_dir, p.config_dir_len );
    frame->config_len = p.config_dir_len;
    if (p.drives)
    {
        memcpy( frame->drives, p.drives, p.drives_len );
        frame->drives_len = p.drives_len;
        frame->has_drives = 1;
    }
    frame->flags = p.flags;
    return STATUS_SUCCESS;
}

static int32_t copy_name( struct nspa_reparse_frame *frame, int dirfd, const char *name, uint32_t len )
{
    if (len && !name) return STATUS_INVALID_PARAMETER;
    if (len > NSPA_REPARSE_MAX_NAME) return STATUS_OBJECT_NAME_INVALID;
    if (len) memcpy( frame->name, name, len );
    frame->name_len = len;
    frame->dirfd = dirfd;
    return STATUS_SUCCESS;
}

static int32_t copy_in( struct nspa_reparse_frame *frame, const void *in, uint32_t len, uint32_t max,
                        int32_t too_long )
{
    if (len && !in) return STATUS_INVALID_PARAMETER;
    if (len > max) return too_long;
    if (len) memcpy( frame->in, in, len );
    frame->in_len = len;
    return STATUS_SUCCESS;
}

static void set_out_size( struct nspa_reparse_frame *frame, uint32_t size )
{
    frame->out_size = size < sizeof(frame->out) ? size : sizeof(frame->out);
}

/* Give back out and its length; too little room is an error without output. */
static int32_t copy_out( const struct nspa_reparse_frame *frame, void *out, uint32_t size, uint32_t *len )
{
    *len = frame->out_len;
    if (frame->out_len > size) return STATUS_BUFFER_TOO_SMALL;
    if (frame->out_len) memcpy( out, frame->out, frame->out_len );
    return STATUS_SUCCESS;
}

int32_t nspa_reparse_encode( const struct nspa_reparse_prefix *prefix, int dirfd, int directory,
                             const void *buffer, uint32_t buffer_len,
                             char *text, uint32_t text_size, uint32_t *text_len, uint32_t *form )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!text_len || !form || (text_size && !text)) return STATUS_INVALID_PARAMETER;
    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_in( &frame, buffer, buffer_len, NSPA_REPARSE_MAX_BUFFER,
                           STATUS_IO_REPARSE_DATA_INVALID ))) return status;
    frame.dirfd = dirfd;
    frame.directory = directory != 0;
    if ((status = enter( NSPA_CALL_ENCODE, &frame ))) return status;
    *form = frame.form;
    return copy_out( &frame, text, text_size, text_len );
}

int32_t nspa_reparse_decode( const struct nspa_reparse_prefix *prefix, const char *text, uint32_t text_len,
                             void *buffer, uint32_t buffer_size, uint32_t *buffer_len,
                             struct nspa_reparse_info *info )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!buffer_len || (buffer_size && !buffer)) return STATUS_INVALID_PARAMETER;
    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_in( &frame, text, text_len, NSPA_REPARSE_MAX_TEXT, STATUS_INVALID_PARAMETER )))
        return status;
    if ((status = enter( NSPA_CALL_DECODE, &frame ))) return status;
    if (info) *info = frame.info;
    return copy_out( &frame, buffer, buffer_size, buffer_len );
}

int32_t nspa_reparse_relocate_text( const struct nspa_reparse_prefix *prefix, const char *text,
                                    uint32_t text_len, char *new_text, uint32_t new_size,
                                    uint32_t *new_len, int *moved )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!new_len || !moved || (new_size && !new_text)) return STATUS_INVALID_PARAMETER;
    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_in( &frame, text, text_len, NSPA_REPARSE_MAX_TEXT, STATUS_INVALID_PARAMETER )))
        return status;
    if ((status = enter( NSPA_CALL_RELOCATE_TEXT, &frame ))) return status;
    *moved = frame.directory;
    return copy_out( &frame, new_text, new_size, new_len );
}

int32_t nspa_reparse_classify( int dirfd, const char *name, uint32_t name_len,
                               struct nspa_reparse_info *info )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!info) return STATUS_INVALID_PARAMETER;
    init_frame( &frame );
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    if ((status = enter( NSPA_CALL_CLASSIFY, &frame ))) return status;
    *info = frame.info;
    return STATUS_SUCCESS;
}

int32_t nspa_reparse_entry( int dirfd, const char *name, uint32_t name_len, uint32_t d_type,
                            struct nspa_reparse_info *info )
{
    static const char temp_prefix[] = ".winelink.";  /* as in reparse/temp.go */
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!info || (name_len && !name)) return STATUS_INVALID_PARAMETER;
    /* Nearly every entry of nearly every directory ends here. */
    if (name_len && name_len <= NSPA_REPARSE_MAX_NAME && (d_type == DT_REG || d_type == DT_DIR) &&
        name[name_len - 1] != '?' &&
        (name_len < sizeof(temp_prefix) - 1 || memcmp( name, temp_prefix, sizeof(temp_prefix) - 1 )))
    {
        memset( info, 0, sizeof(*info) );
        info->directory = d_type == DT_DIR;
        info->length = name_len;
        return STATUS_SUCCESS;
    }
    init_frame( &frame );
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    if ((status = enter( NSPA_CALL_ENTRY, &frame ))) return status;
    *info = frame.info;
    return STATUS_SUCCESS;
}

int32_t nspa_reparse_get( const struct nspa_reparse_prefix *prefix, int dirfd, const char *name,
                          uint32_t name_len, void *buffer, uint32_t buffer_size, uint32_t *information )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!information) return STATUS_INVALID_PARAMETER;
    if (!buffer || !buffer_size) return STATUS_INVALID_USER_BUFFER;
    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    set_out_size( &frame, buffer_size );
    status = enter( NSPA_CALL_GET, &frame );
    if (status && status != STATUS_BUFFER_OVERFLOW) return status;
    memcpy( buffer, frame.out, frame.out_len );
    *information = frame.out_len;
    return status;
}

static int32_t change( enum nspa_reparse_call call, const struct nspa_reparse_prefix *prefix, int dirfd,
                       const char *name, uint32_t name_len, uint64_t dev, uint64_t ino,
                       const void *buffer, uint32_t buffer_len, struct nspa_reparse_info *info )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    if ((status = copy_in( &frame, buffer, buffer_len, NSPA_REPARSE_MAX_BUFFER,
                           STATUS_IO_REPARSE_DATA_INVALID ))) return status;
    frame.dev = dev;
    frame.ino = ino;
    if ((status = enter( call, &frame ))) return status;
    if (info) *info = frame.info;
    return STATUS_SUCCESS;
}

int32_t nspa_reparse_set( const struct nspa_reparse_prefix *prefix, int dirfd, const char *name,
                          uint32_t name_len, uint64_t dev, uint64_t ino, const void *buffer,
                          uint32_t buffer_len, struct nspa_reparse_info *info )
{
    return change( NSPA_CALL_SET, prefix, dirfd, name, name_len, dev, ino, buffer, buffer_len, info );
}

int32_t nspa_reparse_delete( const struct nspa_reparse_prefix *prefix, int dirfd, const char *name,
                             uint32_t name_len, uint64_t dev, uint64_t ino, const void *buffer,
                             uint32_t buffer_len, struct nspa_reparse_info *info )
{
    return change( NSPA_CALL_DELETE, prefix, dirfd, name, name_len, dev, ino, buffer, buffer_len, info );
}

int32_t nspa_reparse_remove( int dirfd, const char *name, uint32_t name_len, uint64_t dev, uint64_t ino )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    init_frame( &frame );
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    frame.dev = dev;
    frame.ino = ino;
    return enter( NSPA_CALL_REMOVE, &frame );
}

int32_t nspa_reparse_relocate( const struct nspa_reparse_prefix *prefix, int dirfd, const char *name,
                               uint32_t name_len, uint64_t dev, uint64_t ino, char *text,
                               uint32_t text_size, uint32_t *text_len, int *moved,
                               struct nspa_reparse_info *info )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    if (!text_len || !moved || (text_size && !text)) return STATUS_INVALID_PARAMETER;
    init_frame( &frame );
    if ((status = copy_prefix( &frame, prefix ))) return status;
    if ((status = copy_name( &frame, dirfd, name, name_len ))) return status;
    frame.dev = dev;
    frame.ino = ino;
    if ((status = enter( NSPA_CALL_RELOCATE, &frame ))) return status;
    *moved = frame.directory;
    if (info) *info = frame.info;
    return copy_out( &frame, text, text_size, text_len );
}

int32_t nspa_reparse_recover( int dirfd, uint32_t age, uint32_t *kept )
{
    struct nspa_reparse_frame frame;
    int32_t status;

    init_frame( &frame );
    frame.dirfd = dirfd;
    frame.age = age;
    if ((status = enter( NSPA_CALL_RECOVER, &frame ))) return status;
    if (kept) *kept = frame.age;
    return STATUS_SUCCESS;
}
