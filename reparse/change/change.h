/*
 * libnspa: changes of reparse points on disk
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

#ifndef __NSPA_CHANGE_H
#define __NSPA_CHANGE_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../../include/nspa_change.h"
#include "../../include/nspa_link.h"

/* Each step gives 0, an errno, or an NTSTATUS (negative), or this: the name no longer
 * holds what it held.  Nothing was changed then. */
#define NSPA_RACED  (-1)

#define STATUS_SUCCESS                     0
#define STATUS_DEVICE_BUSY                 ((int32_t)0x80000011)
#define STATUS_INVALID_HANDLE              ((int32_t)0xc0000008)
#define STATUS_INVALID_PARAMETER           ((int32_t)0xc000000d)
#define STATUS_INVALID_DEVICE_REQUEST      ((int32_t)0xc0000010)
#define STATUS_NO_MEMORY                   ((int32_t)0xc0000017)
#define STATUS_ACCESS_DENIED               ((int32_t)0xc0000022)
#define STATUS_OBJECT_NAME_INVALID         ((int32_t)0xc0000033)
#define STATUS_OBJECT_NAME_NOT_FOUND       ((int32_t)0xc0000034)
#define STATUS_OBJECT_NAME_COLLISION       ((int32_t)0xc0000035)
#define STATUS_DISK_FULL                   ((int32_t)0xc000007f)
#define STATUS_MEDIA_WRITE_PROTECTED       ((int32_t)0xc00000a2)
#define STATUS_FILE_IS_A_DIRECTORY         ((int32_t)0xc00000ba)
#define STATUS_NOT_SAME_DEVICE             ((int32_t)0xc00000d4)
#define STATUS_INTERNAL_ERROR              ((int32_t)0xc00000e5)
#define STATUS_DIRECTORY_NOT_EMPTY         ((int32_t)0xc0000101)
#define STATUS_NOT_A_DIRECTORY             ((int32_t)0xc0000103)
#define STATUS_NAME_TOO_LONG               ((int32_t)0xc0000106)
#define STATUS_TOO_MANY_OPENED_FILES       ((int32_t)0xc000011f)
#define STATUS_IO_DEVICE_ERROR             ((int32_t)0xc0000185)
#define STATUS_INVALID_BUFFER_SIZE         ((int32_t)0xc0000206)
#define STATUS_RETRY                       ((int32_t)0xc000022d)
#define STATUS_NOT_A_REPARSE_POINT         ((int32_t)0xc0000275)
#define STATUS_IO_REPARSE_TAG_INVALID      ((int32_t)0xc0000276)
#define STATUS_IO_REPARSE_TAG_MISMATCH     ((int32_t)0xc0000277)
#define STATUS_IO_REPARSE_DATA_INVALID     ((int32_t)0xc0000278)
#define STATUS_REPARSE_POINT_NOT_RESOLVED  ((int32_t)0xc0000280)
#define STATUS_VOLUME_NOT_UPGRADED         ((int32_t)0xc000029c)
#define STATUS_REPARSE_ATTRIBUTE_CONFLICT  ((int32_t)0xc00002b2)

/* A name in an open directory, and the object that it must hold; no object is any. */
struct place
{
    int         dir;
    const char *name;   /* as Windows sees it */
    uint64_t    dev, ino;
};

/* What a name holds. */
struct point
{
    uint32_t    form;       /* enum nspa_point_form */
    uint32_t    tag;        /* 0 if it is no reparse point */
    int         directory;
    struct stat st;         /* of the object on disk */
    char        disk[NAME_MAX + 2];
    uint32_t    len;        /* of data: the link's text, or the buffer of an attribute */
    char        data[NSPA_LINK_MAX_BUFFER + 1];
};

/* What wineserver calls; Go's build has it for itself. */
#ifdef NSPA_CHANGE_STEPS
#define EXPORT
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* sys.c: system calls.  Those that change something are where the tests interfere. */
extern int sys_open( int dir, const char *name, int flags, int *fd );
extern int sys_lstat( int dir, const char *name, struct stat *st );
extern int sys_readlink( int dir, const char *name, char *text, uint32_t *len );
extern int sys_symlink( const char *text, int dir, const char *name );
extern int sys_mkdir( int dir, const char *name, mode_t mode );
extern int sys_mkfile( int dir, const char *name, mode_t mode );
extern int sys_chmod( int dir, const char *name, mode_t mode );
extern int sys_link( int dir, const char *from, const char *to );
extern int sys_remove( int dir, const char *name, int directory );
extern int sys_rename( int dir, const char *from, const char *to );
extern int sys_exchange( int dir, const char *a, const char *b );
extern int sys_rename_noreplace( int dir, const char *from, const char *to, int directory );
extern int sys_getxattr( int fd, const char *attr, void *value, uint32_t size, uint32_t *len );
extern int sys_setxattr( int fd, const void *value, uint32_t len );
extern int sys_removexattr( int fd );
extern int sys_set_times( int dir, const char *name, const struct stat *st );
extern int sys_sync( int dir, const char *name );
extern void sys_warn( const char *name, const char *what, const char *where );
extern mode_t sys_umask(void);

extern int same_object( const struct stat *a, const struct stat *b );
extern int32_t status_of( int error );

/* temp.c: temporary names */
#define TEMP_PREFIX   ".winelink."
#define TEMP_DIGITS   32
#define INTENT_SUFFIX ".name"
#define TEMP_SIZE     (sizeof(TEMP_PREFIX) + TEMP_DIGITS + sizeof(INTENT_SUFFIX))
extern int is_temp_name( const char *name );
extern int new_temp_name( char *name );

/* look.c */
extern int is_valid_name( const char *name );
extern int look( const struct place *at, struct point *point );
extern int look_xattr( int dir, const char *disk, struct point *point );
extern int recheck_empty( int dir, const char *name );
extern int check_empty_dir( int dir, const char *name );

/* swap.c */
extern int new_link( int dir, const char *text, char *tmp, struct stat *st );
extern int new_object( int dir, int directory, char *tmp, struct stat *st );
extern int swap( const struct place *at, const char *tmp, const struct stat *old, const struct stat *new );

/* set.c: the checks of a buffer that need no look at its data: size, the form that goes
 * with the tag, reserved tags */
extern int32_t nspa_check_buffer( const void *raw, uint32_t len, uint32_t *tag );

/* xattr.c */
extern int set_xattr( const struct place *at, const struct point *point, const void *raw, uint32_t len, int sync );
extern int xattr_to_text( const struct place *at, const struct point *point, const char *text );
extern int delete_xattr( const struct place *at, const struct point *point );
extern int remove_link( const struct place *at, const struct point *point );
extern int remove_xattr( const struct place *at, const struct point *point );
extern int drop_shadow( const struct place *at, const struct point *point );

#endif  /* __NSPA_CHANGE_H */
