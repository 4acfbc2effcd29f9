/*
 * libnspa: changes of reparse points: system calls
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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "change.h"

#ifdef NSPA_CHANGE_STEPS
/* The tests stop the process here, let somebody else act, or make the call fail. */
extern int nspa_change_step( const char *call );
#define STEP(call) do { int e = nspa_change_step( call ); if (e) return e; } while (0)
#else
#define STEP(call) do { } while (0)
#endif

/* the result of a system call, repeated while a signal interrupts it */
#define RETRY(expr) ({ long r; while ((r = (expr)) == -1 && errno == EINTR) { } r == -1 ? errno : 0; })

#define RENAME_NOREPLACE_FLAG  1u
#define RENAME_EXCHANGE_FLAG   2u
#define XATTR_NAME             "user.WINEREPARSE"  /* of Wine 10.19 and later */

int sys_open( int dir, const char *name, int flags, int *fd )
{
    return RETRY( *fd = openat( dir, name, flags | O_CLOEXEC ));
}

int sys_lstat( int dir, const char *name, struct stat *st )
{
    return RETRY( fstatat( dir, name, st, AT_SYMLINK_NOFOLLOW ));
}

/* text has NSPA_LINK_MAX_TEXT + 1 bytes and gets a NUL */
int sys_readlink( int dir, const char *name, char *text, uint32_t *len )
{
    ssize_t n = 0;
    int err = RETRY( n = readlinkat( dir, name, text, NSPA_LINK_MAX_TEXT + 1 ));

    if (err) return err;
    if (n > NSPA_LINK_MAX_TEXT) return ENAMETOOLONG;
    text[n] = 0;
    *len = n;
    return 0;
}

int sys_symlink( const char *text, int dir, const char *name )
{
    STEP( "symlinkat" );
    return RETRY( symlinkat( text, dir, name ));
}

int sys_mkdir( int dir, const char *name, mode_t mode )
{
    STEP( "mkdirat" );
    return RETRY( mkdirat( dir, name, mode ));
}

/* without opening it */
int sys_mkfile( int dir, const char *name, mode_t mode )
{
    STEP( "mknodat" );
    return RETRY( mknodat( dir, name, S_IFREG | mode, 0 ));
}

int sys_chmod( int dir, const char *name, mode_t mode )
{
    STEP( "fchmodat" );
    return RETRY( fchmodat( dir, name, mode, 0 ));
}

int sys_link( int dir, const char *from, const char *to )
{
    STEP( "linkat" );
    return RETRY( linkat( dir, from, dir, to, 0 ));
}

/* a directory with entries is ENOTEMPTY */
int sys_remove( int dir, const char *name, int directory )
{
    int err;

    if (!directory)
    {
        STEP( "unlinkat" );
        return RETRY( unlinkat( dir, name, 0 ));
    }
    STEP( "rmdirat" );
    err = RETRY( unlinkat( dir, name, AT_REMOVEDIR ));
    return err == EEXIST ? ENOTEMPTY : err;
}

int sys_rename( int dir, const char *from, const char *to )
{
    STEP( "renameat" );
    return RETRY( renameat( dir, from, dir, to ));
}

int sys_exchange( int dir, const char *a, const char *b )
{
    STEP( "renameat2 exchange" );
    return RETRY( syscall( SYS_renameat2, dir, a, dir, b, RENAME_EXCHANGE_FLAG ));
}

static int rename_noreplace( int dir, const char *from, const char *to )
{
    STEP( "renameat2 noreplace" );
    return RETRY( syscall( SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE_FLAG ));
}

/* EEXIST if the new name exists.  A file system that cannot promise that gets the nearest
 * thing: a link for what is no directory, which is as good, and a plain rename for a
 * directory, which replaces nothing but an empty one. */
int sys_rename_noreplace( int dir, const char *from, const char *to, int directory )
{
    struct stat st;
    int err = rename_noreplace( dir, from, to );

    if (err != EINVAL && err != ENOSYS && err != EOPNOTSUPP) return err;
    if (!directory)
    {
        if (!(err = sys_link( dir, from, to )))
        {
            sys_remove( dir, from, 0 );  /* a second name is no failure */
            return 0;
        }
        if (err != EPERM && err != EOPNOTSUPP && err != ENOSYS && err != EMLINK) return err;
    }
    if (!(err = sys_lstat( dir, to, &st ))) return EEXIST;
    if (err != ENOENT) return err;
    return sys_rename( dir, from, to );
}

static const char *proc_path( int fd, char buffer[32] )
{
    snprintf( buffer, 32, "/proc/self/fd/%d", fd );
    return buffer;
}

/* fd may be O_PATH; attr NULL is the one of reparse points */
int sys_getxattr( int fd, const char *attr, void *value, uint32_t size, uint32_t *len )
{
    char path[32];
    ssize_t n = 0;
    int err = RETRY( n = getxattr( proc_path( fd, path ), attr ? attr : XATTR_NAME, value, size ));

    *len = err ? 0 : n;
    return err;
}

int sys_setxattr( int fd, const void *value, uint32_t len )
{
    char path[32];

    STEP( "setxattr" );
    return RETRY( setxattr( proc_path( fd, path ), XATTR_NAME, value, len, 0 ));
}

int sys_removexattr( int fd )
{
    char path[32];

    STEP( "removexattr" );
    return RETRY( removexattr( proc_path( fd, path ), XATTR_NAME ));
}

int sys_set_times( int dir, const char *name, const struct stat *st )
{
    struct timespec times[2] = { st->st_atim, st->st_mtim };

    STEP( "utimensat" );
    return RETRY( utimensat( dir, name, times, AT_SYMLINK_NOFOLLOW ));
}

/* write a file or directory out */
int sys_sync( int dir, const char *name )
{
    int fd, err;

    if ((err = sys_open( dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, &fd ))) return err;
#ifdef NSPA_CHANGE_STEPS
    err = nspa_change_step( "fsync" );
#endif
    if (!err) err = RETRY( fsync( fd ));
    close( fd );
    return err;
}

void sys_warn( const char *name, const char *what, const char *where )
{
    dprintf( 2, "nspa: reparse point %s: %s %s\n", name, what, where );
}

/* without changing it for a moment, as umask() would, also for other threads */
mode_t sys_umask(void)
{
    char buffer[4096], *p;
    mode_t mask = 022;
    ssize_t n;
    int fd;

    if (sys_open( AT_FDCWD, "/proc/self/status", O_RDONLY, &fd )) return mask;
    if ((n = read( fd, buffer, sizeof(buffer) - 1 )) > 0)
    {
        buffer[n] = 0;
        if ((p = strstr( buffer, "\nUmask:" ))) mask = strtoul( p + 7, NULL, 8 );
    }
    close( fd );
    return mask;
}

int same_object( const struct stat *a, const struct stat *b )
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int32_t status_of( int error )
{
    if (error == NSPA_RACED) return STATUS_RETRY;
    if (error <= 0) return error;
    switch (error)
    {
    case EBADF:        return STATUS_INVALID_HANDLE;
    case EINVAL:       return STATUS_INVALID_PARAMETER;
    case EACCES:
    case EPERM:        return STATUS_ACCESS_DENIED;
    case EROFS:        return STATUS_MEDIA_WRITE_PROTECTED;
    case ENOENT:       return STATUS_OBJECT_NAME_NOT_FOUND;
    case EEXIST:       return STATUS_OBJECT_NAME_COLLISION;
    case ENOTDIR:      return STATUS_NOT_A_DIRECTORY;
    case EISDIR:       return STATUS_FILE_IS_A_DIRECTORY;
    case ENOTEMPTY:    return STATUS_DIRECTORY_NOT_EMPTY;
    case EXDEV:        return STATUS_NOT_SAME_DEVICE;
    case EBUSY:
    case ETXTBSY:      return STATUS_DEVICE_BUSY;
    case ENOSPC:
    case EDQUOT:       return STATUS_DISK_FULL;
    case ENAMETOOLONG: return STATUS_NAME_TOO_LONG;
    case ELOOP:        return STATUS_REPARSE_POINT_NOT_RESOLVED;
    case EMFILE:
    case ENFILE:       return STATUS_TOO_MANY_OPENED_FILES;
    case ENOMEM:       return STATUS_NO_MEMORY;
    case EIO:          return STATUS_IO_DEVICE_ERROR;
    case EOPNOTSUPP:
    case ENOSYS:       return STATUS_INVALID_DEVICE_REQUEST;
    default:           return STATUS_INTERNAL_ERROR;
    }
}
