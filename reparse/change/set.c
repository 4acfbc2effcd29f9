/*
 * libnspa: changes of reparse points: setting, deleting, removing
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
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
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "change.h"

#define RACE_RETRIES 4
#define GUID_SIZE 24

static uint32_t get16( const void *raw, int pos )
{
    const unsigned char *p = (const unsigned char *)raw + pos;
    return p[0] | p[1] << 8;
}

static uint32_t get_tag( const void *raw )
{
    return get16( raw, 0 ) | get16( raw, 2 ) << 16;
}

static int is_microsoft( uint32_t tag )
{
    return tag >> 31;
}

int32_t nspa_check_buffer( const void *raw, uint32_t len, uint32_t *tag )
{
    if (len < 8 || len > NSPA_LINK_MAX_BUFFER) return STATUS_IO_REPARSE_DATA_INVALID;
    *tag = get_tag( raw );
    if (len != get16( raw, 4 ) + (is_microsoft( *tag ) ? 8 : GUID_SIZE)) return STATUS_IO_REPARSE_DATA_INVALID;
    return *tag <= 2 ? STATUS_IO_REPARSE_TAG_INVALID : STATUS_SUCCESS;
}

/* the tag, and the GUID if it has one, must be those of the point */
static int32_t check_same_kind( const struct point *point, uint32_t tag, const void *raw )
{
    if (point->tag != tag) return STATUS_IO_REPARSE_TAG_MISMATCH;
    if (!is_microsoft( tag ) && memcmp( point->data + 8, (const char *)raw + 8, GUID_SIZE - 8 ))
        return STATUS_REPARSE_ATTRIBUTE_CONFLICT;
    return STATUS_SUCCESS;
}

/* whether the plain object may become a point with this tag */
static int check_object( const struct place *at, const struct point *point, uint32_t tag )
{
    if (S_ISDIR( point->st.st_mode )) return tag & 0x10000000 ? 0 : check_empty_dir( at->dir, at->name );
    if (!S_ISREG( point->st.st_mode )) return STATUS_INVALID_DEVICE_REQUEST;
    if (tag == NSPA_TAG_SYMLINK || tag == NSPA_TAG_LX_SYMLINK) return recheck_empty( at->dir, at->name );
    return 0;
}

/* Whether a new object in this directory has the same mode and owner. */
static int is_default_mode( const struct place *at, const struct point *point )
{
    mode_t mask = sys_umask(), mode = point->st.st_mode & 0777;
    char tmp[TEMP_SIZE];
    struct stat st;

    if (point->st.st_uid == geteuid() &&
        (point->directory ? mode == (0777 & ~mask) : (mode & 0666) == (0666 & ~mask))) return 1;
    /* the file system may have a mind of its own */
    if (new_object( at->dir, point->directory, tmp, &st )) return 0;
    sys_remove( at->dir, tmp, point->directory );
    return st.st_mode == point->st.st_mode && st.st_uid == point->st.st_uid;
}

/* Whether a link in the object's place loses nothing: what is made when the point is
 * deleted has the usual mode and owner, no attributes and one name. */
static int is_plain_object( const struct place *at, const struct point *point )
{
    char value[16];
    uint32_t len;
    int fd, err;

    if (!point->directory && point->st.st_nlink > 1) return 0;
    if (sys_open( at->dir, at->name, O_PATH | O_NOFOLLOW, &fd )) return 0;
    err = sys_getxattr( fd, "user.DOSATTRIB", value, sizeof(value), &len );
    close( fd );
    /* ntdll writes 0x0 for a name that starts with a dot */
    if (!err && (len != 3 || memcmp( value, "0x0", 3 ))) return 0;
    return is_default_mode( at, point );
}

static int set_text( const struct place *at, const struct point *point, const char *text )
{
    char tmp[TEMP_SIZE];
    struct stat st;
    int err;

    if (point->form == NSPA_POINT_XATTR) return xattr_to_text( at, point, text );
    if ((err = new_link( at->dir, text, tmp, &st ))) return err;
    /* from here on an errno does not ask for another form */
    return (err = swap( at, tmp, &point->st, &st )) > 0 ? status_of( err ) : err;
}

/* tell an attribute that does not fit from a full file system */
static int has_space( int dir )
{
    struct statvfs st;
    int fd, ret;

    if (sys_open( dir, ".", O_RDONLY | O_DIRECTORY, &fd )) return 0;
    ret = !fstatvfs( fd, &st ) && (uint64_t)st.f_bavail * st.f_bsize > 1 << 20;
    close( fd );
    return ret;
}

static int set_once( const struct place *at, const struct point *point, const struct nspa_reparse_value *value,
                     uint32_t tag, const char *text )
{
    int32_t otherwise = value->otherwise < 0 ? value->otherwise : STATUS_IO_REPARSE_DATA_INVALID;
    int err;

    if (tag == NSPA_TAG_MOUNT_POINT && !point->directory) return STATUS_NOT_A_DIRECTORY;
    if (!point->form && (err = check_object( at, point, tag ))) return err;
    if (value->status) return value->status;
    if (point->form && (err = check_same_kind( point, tag, value->raw ))) return err;
    drop_shadow( at, point );

    if (text && (tag == NSPA_TAG_LX_SYMLINK || point->form || is_plain_object( at, point )))
    {
        err = set_text( at, point, text );
        if (err != EPERM && err != EOPNOTSUPP && err != ENOSYS && err != ENAMETOOLONG) return err;
        otherwise = err == ENAMETOOLONG ? STATUS_NAME_TOO_LONG : STATUS_VOLUME_NOT_UPGRADED;
    }
    if (tag == NSPA_TAG_LX_SYMLINK) return otherwise;
    err = set_xattr( at, point, value->raw, value->raw_len, value->flags & NSPA_CHANGE_SYNC );
    if (err == EOPNOTSUPP || err == E2BIG || err == ERANGE || (err == ENOSPC && has_space( at->dir ))) return otherwise;
    return err;
}

static int delete_once( const struct place *at, const struct point *point, const void *header, uint32_t len )
{
    char tmp[TEMP_SIZE];
    struct stat st;
    uint32_t tag;
    int err;

    if (!len) return STATUS_INVALID_BUFFER_SIZE;
    if (!point->form) return STATUS_NOT_A_REPARSE_POINT;
    if (len != 8 && len != GUID_SIZE) return STATUS_IO_REPARSE_DATA_INVALID;
    tag = get_tag( header );
    /* Windows' own tools send 8 bytes for a tag of Microsoft's, others 24 */
    if (get16( header, 4 ) || (len == 8 && !is_microsoft( tag ))) return STATUS_IO_REPARSE_DATA_INVALID;
    if (tag <= 2) return STATUS_IO_REPARSE_TAG_INVALID;
    if ((err = check_same_kind( point, tag, header ))) return err;
    drop_shadow( at, point );

    if (point->form == NSPA_POINT_XATTR) return delete_xattr( at, point );
    if ((err = new_object( at->dir, point->directory, tmp, &st ))) return err;
    return swap( at, tmp, &point->st, &st );
}

static int remove_once( const struct place *at, const struct point *point )
{
    if (!point->form) return STATUS_NOT_A_REPARSE_POINT;
    drop_shadow( at, point );
    return point->form == NSPA_POINT_XATTR ? remove_xattr( at, point ) : remove_link( at, point );
}

static int replace_once( const struct place *at, const struct point *point, const char *old, const char *text )
{
    char tmp[TEMP_SIZE];
    struct stat st;
    int err;

    if (point->form != NSPA_POINT_TEXT || strcmp( point->data, old )) return STATUS_NOT_A_REPARSE_POINT;
    if ((err = new_link( at->dir, text, tmp, &st ))) return err;
    sys_set_times( at->dir, tmp, &point->st );
    return swap( at, tmp, &point->st, &st );
}

/* Tell what the name holds now.  A change that was made is no failure, whatever happened to
 * the name since. */
static int32_t finish( const struct place *at, int err, uint32_t flags, struct nspa_changed *changed )
{
    struct place now = { at->dir, at->name, 0, 0 };
    struct point point;

    if (err) return status_of( err );
    if ((flags & NSPA_CHANGE_SYNC) && sys_sync( at->dir, "." )) sys_warn( at->name, "was changed, but", "not written out" );
    if (!changed) return STATUS_SUCCESS;
    memset( changed, 0, sizeof(*changed) );
    if (look( &now, &point )) return STATUS_SUCCESS;
    changed->form      = point.form;
    changed->tag       = point.tag;
    changed->directory = point.directory;
    changed->dev       = point.st.st_dev;
    changed->ino       = point.st.st_ino;
    strcpy( changed->disk, point.disk );
    return STATUS_SUCCESS;
}

/* run a change until it does not lose a race */
#define CHANGE(at, point, expr) ({ \
    int err_, try_; \
    for (try_ = 0; try_ < RACE_RETRIES; try_++) \
        if ((err_ = look( at, point )) || (err_ = (expr)) != NSPA_RACED) break; \
    err_; })

EXPORT int32_t nspa_server_set_reparse( int dir, const char *name, uint64_t dev, uint64_t ino,
                                        const struct nspa_reparse_value *value, struct nspa_changed *changed )
{
    struct place at = { dir, name, dev, ino };
    char text[NSPA_LINK_MAX_TEXT + 1];
    struct point point;
    int32_t status;
    uint32_t tag;

    if (!is_valid_name( name )) return STATUS_OBJECT_NAME_INVALID;
    if ((status = nspa_check_buffer( value->raw, value->raw_len, &tag ))) return status;
    if (value->text_len > NSPA_LINK_MAX_TEXT) return STATUS_NAME_TOO_LONG;
    if (value->text_len) memcpy( text, value->text, value->text_len );
    text[value->text_len] = 0;
    return finish( &at, CHANGE( &at, &point, set_once( &at, &point, value, tag, value->text_len ? text : NULL )),
                   value->flags, changed );
}

EXPORT int32_t nspa_server_delete_reparse( int dir, const char *name, uint64_t dev, uint64_t ino,
                                           const void *header, uint32_t header_len, uint32_t flags,
                                           struct nspa_changed *changed )
{
    struct place at = { dir, name, dev, ino };
    struct point point;

    if (!is_valid_name( name )) return STATUS_OBJECT_NAME_INVALID;
    return finish( &at, CHANGE( &at, &point, delete_once( &at, &point, header, header_len )), flags, changed );
}

EXPORT int32_t nspa_server_remove_reparse( int dir, const char *name, uint64_t dev, uint64_t ino )
{
    struct place at = { dir, name, dev, ino };
    struct point point;

    if (!is_valid_name( name )) return STATUS_OBJECT_NAME_INVALID;
    return finish( &at, CHANGE( &at, &point, remove_once( &at, &point )), 0, NULL );
}

EXPORT int32_t nspa_server_replace_text( int dir, const char *name, uint64_t dev, uint64_t ino,
                                         const char *old, const char *text, struct nspa_changed *changed )
{
    struct place at = { dir, name, dev, ino };
    struct point point;

    if (!is_valid_name( name )) return STATUS_OBJECT_NAME_INVALID;
    return finish( &at, CHANGE( &at, &point, replace_once( &at, &point, old, text )), 0, changed );
}

EXPORT void nspa_server_visible_name( int dir, const char *disk, char *name )
{
    size_t len = strlen( disk );
    struct point point;
    struct stat st;

    if (len > NAME_MAX) len = NAME_MAX;
    memcpy( name, disk, len );
    name[len] = 0;
    if (len < 2 || name[len - 1] != '?' || look_xattr( dir, disk, &point ) || point.form != NSPA_POINT_XATTR) return;
    name[len - 1] = 0;
    if (sys_lstat( dir, name, &st ) != ENOENT) name[len - 1] = '?';  /* it lost to "n" */
}
