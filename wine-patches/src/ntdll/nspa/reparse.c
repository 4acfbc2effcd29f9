/*
 * Reparse points: what links are
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

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "winioctl.h"
#include "ddk/ntifs.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifndef NSPA_HAS_REPARSE

#include "reparse_private.h"

#define MAX_TEXT NSPA_LINK_MAX_TEXT
#define XATTR_REPARSE "user.WINEREPARSE"  /* as Wine 10.19 and later has it */

/***********************************************************************
 *           nspa_reparse_enabled
 */
BOOL nspa_reparse_enabled(void)
{
    static int cache = -1;
    int enabled = __atomic_load_n( &cache, __ATOMIC_RELAXED );

    if (enabled < 0)
    {
        const char *env = getenv( "NSPA_REPARSE" );
        enabled = env && !strcmp( env, "1" );
        __atomic_store_n( &cache, enabled, __ATOMIC_RELAXED );
    }
    return enabled;
}


/* Where the drives lead. What was read holds until the directory with the links changes,
 * and is never freed: somebody may be reading it. */
struct drives
{
    struct nspa_link_prefix prefix;
    LONGLONG                mtime;
    char                    names[26][PATH_MAX];
};

/* the prefix by the name that the kernel has for it */
const char *nspa_get_prefix_dir(void)
{
    static char *dir;
    char *real = __atomic_load_n( &dir, __ATOMIC_ACQUIRE ), *none = NULL;

    if (real) return real;
    if (!(real = realpath( config_dir, NULL ))) return config_dir;
    if (__atomic_compare_exchange_n( &dir, &none, real, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE )) return real;
    free( real );
    return none;
}

static void read_drives( struct drives *drives )
{
    char path[PATH_MAX], *name;
    int i, len;

    drives->prefix.dir = nspa_get_prefix_dir();
    drives->prefix.dir_len = strlen( drives->prefix.dir );
    for (i = 0; i < 26; i++)
    {
        drives->prefix.roots[i] = NULL;
        name = drives->names[i];
        if (snprintf( path, sizeof(path), "%s/dosdevices/%c:", config_dir, 'a' + i ) >= sizeof(path)) continue;
        if ((len = readlink( path, name, PATH_MAX - 1 )) <= 0) continue;
        name[len] = 0;
        /* an absolute link is taken at its word: what it names may be a dead network */
        if (name[0] != '/' || strstr( name, "//" ) || strstr( name, "/." ))
        {
            char *real = realpath( path, NULL );
            if (!real) continue;
            len = snprintf( name, PATH_MAX, "%s", real );
            free( real );
            if (len >= PATH_MAX) continue;
        }
        while (len && name[len - 1] == '/') name[--len] = 0;
        drives->prefix.roots[i] = name;
        drives->prefix.root_lens[i] = len;
    }
}

const struct nspa_link_prefix *nspa_get_link_prefix(void)
{
    static struct drives *current;
    struct drives *drives = __atomic_load_n( &current, __ATOMIC_ACQUIRE ), *fresh;
    char path[PATH_MAX];
    struct timespec now;
    struct stat st;

    memset( &st, 0, sizeof(st) );
    snprintf( path, sizeof(path), "%s/dosdevices", config_dir );
    stat( path, &st );
    if (drives && drives->mtime == st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec) return &drives->prefix;

    if (!(fresh = calloc( 1, sizeof(*fresh) ))) return drives ? &drives->prefix : NULL;
    clock_gettime( CLOCK_REALTIME, &now );
    /* a change in the same tick of the clock would not be seen */
    if (now.tv_sec - st.st_mtim.tv_sec >= 2) fresh->mtime = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
    read_drives( fresh );
    if (drives && !memcmp( drives->names, fresh->names, sizeof(drives->names) ))
    {
        __atomic_store_n( &drives->mtime, fresh->mtime, __ATOMIC_RELAXED );
        free( fresh );
        return &drives->prefix;
    }
    __atomic_store_n( &current, fresh, __ATOMIC_RELEASE );
    return &fresh->prefix;
}


/* whether a marker for another place in a link in this directory means that the prefix has moved */
BOOL nspa_is_moved_link( const char *dir, const struct stat *st )
{
    const char *prefix = nspa_get_prefix_dir();

    return st->st_uid == geteuid() && nspa_link_is_under( dir, strlen( dir ), prefix, strlen( prefix ));
}


/* The header of a buffer in base64, as links of wine-staging 7.18 to 10.18 have it. */
static BOOL read_legacy( struct reparse_info *info )
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *end = info->data + info->len, *digit;
    const char *p = memchr( info->data + sizeof(NSPA_LINK_LEGACY) - 1, '/', info->len - (sizeof(NSPA_LINK_LEGACY) - 1) );
    ULONGLONG bits = 0;
    int i, directory;

    if (!p++ || (directory = nspa_link_token( &p, end )) == -1 || end - p < 8) return FALSE;
    for (i = 0; i < 6; i++)
    {
        if (!p[i] || !(digit = strchr( digits, p[i] ))) return FALSE;
        bits = bits << 6 | (digit - digits);
    }
    bits >>= 4;
    info->tag = (bits >> 24 & 0xff) | (bits >> 16 & 0xff) << 8 | (bits >> 8 & 0xff) << 16 | (ULONG)(bits & 0xff) << 24;
    info->directory = directory;
    return info->tag > 2;
}


/***********************************************************************
 *           nspa_read_link
 */
BOOL nspa_read_link( int dirfd, const char *name, struct reparse_info *info )
{
    struct nspa_link link;
    struct stat st;
    int len;

    if ((len = readlinkat( dirfd, name, info->data, MAX_TEXT + 1 )) <= 0 || len > MAX_TEXT) return FALSE;
    info->data[len] = 0;
    info->len = len;
    info->is_link = TRUE;
    if (nspa_link_is_legacy( info->data, len ) && read_legacy( info )) return TRUE;

    nspa_link_parse( info->data, len, &link );
    info->tag = link.tag;
    info->directory = link.directory;
    if (link.tag == NSPA_TAG_LX_SYMLINK)
    {
        char path[PATH_MAX], proc[32];

        if (!*name)
        {
            sprintf( proc, "/proc/self/fd/%d", dirfd );
            if ((len = readlink( proc, path, sizeof(path) - 1 )) <= 0) return TRUE;
            path[len] = 0;
            name = path;
            dirfd = AT_FDCWD;
        }
        info->directory = !fstatat( dirfd, name, &st, 0 ) && S_ISDIR( st.st_mode );
    }
    return TRUE;
}


static BOOL check_carrier( struct reparse_info *info, int size, const struct stat *st )
{
    if (size < 8) return FALSE;
    memcpy( &info->tag, info->data, sizeof(info->tag) );
    info->len = size;
    info->is_link = FALSE;
    info->directory = S_ISDIR( st->st_mode );
    return info->tag > 2;
}

static BOOL is_carrier_name( const char *path )
{
    size_t len = strlen( path );
    return len > 1 && path[len - 1] == '?' && path[len - 2] != '/';
}

/***********************************************************************
 *           nspa_read_carrier
 *
 * The reparse point of a file "name?" with a buffer in an attribute.
 */
BOOL nspa_read_carrier( const char *path, struct reparse_info *info )
{
    struct stat st;

    if (!is_carrier_name( path ) || lstat( path, &st ) || S_ISLNK( st.st_mode )) return FALSE;
    return check_carrier( info, lgetxattr( path, XATTR_REPARSE, info->data, NSPA_LINK_MAX_BUFFER ), &st );
}

/* the same of an open file */
static BOOL read_fd_carrier( int fd, const struct stat *st, struct reparse_info *info )
{
    char proc[32], path[PATH_MAX];
    int len;

    if (!check_carrier( info, fgetxattr( fd, XATTR_REPARSE, info->data, NSPA_LINK_MAX_BUFFER ), st )) return FALSE;
    sprintf( proc, "/proc/self/fd/%d", fd );
    if ((len = readlink( proc, path, sizeof(path) - 1 )) <= 0) return FALSE;
    path[len] = 0;
    return is_carrier_name( path );
}

/* what an fd is open on; FALSE if it is no reparse point */
BOOL nspa_read_fd( int fd, unsigned int options, const struct stat *st, struct reparse_info *info )
{
    if (S_ISLNK( st->st_mode )) return nspa_read_link( fd, "", info );
    return (options & FILE_OPEN_REPARSE_POINT) && read_fd_carrier( fd, st, info );
}


/***********************************************************************
 *           nspa_is_known_folder
 *
 * shell32 makes links from the folders of a profile to those in the home directory.
 * Programs know them as plain directories. They are told by where they are, by their
 * names, and by being plain links with an absolute target, which no reparse point is.
 */
BOOL nspa_is_known_folder( const char *path )
{
    static const char * const names[] =
    {
        "Desktop", "Documents", "Downloads", "Music", "Pictures", "Videos", "Templates",
        "My Documents", "My Music", "My Pictures", "My Videos"
    };
    const char *base = strrchr( path, '/' ), *p;
    char dir[PATH_MAX], text[MAX_TEXT + 1], *real;
    struct nspa_link link;
    unsigned int i;
    BOOL ret = FALSE;
    int len;

    base = base ? base + 1 : path;
    for (i = 0; i < ARRAY_SIZE(names); i++) if (!strcmp( base, names[i] )) break;
    if (i == ARRAY_SIZE(names)) return FALSE;
    if ((len = readlink( path, text, sizeof(text) )) <= 0 || len > MAX_TEXT || text[0] != '/') return FALSE;
    nspa_link_parse( text, len, &link );
    if (link.tag != NSPA_TAG_LX_SYMLINK) return FALSE;

    if (snprintf( dir, sizeof(dir), "%.*s.", (int)(base - path), path ) >= sizeof(dir)) return FALSE;
    if (!(real = realpath( dir, NULL ))) return FALSE;
    len = strlen( nspa_get_prefix_dir() );
    if (!strncmp( real, nspa_get_prefix_dir(), len ) && !strncmp( real + len, "/drive_c/users/", 15 ))
    {
        p = strchr( real + len + 15, '/' );
        ret = !p || !strcmp( p, "/AppData/Roaming/Microsoft/Windows" );
    }
    free( real );
    return ret;
}


/* what Windows sees in place of a link */
static void set_point_info( const struct reparse_info *info, struct stat *st, ULONG *attr )
{
    if (info->is_link)
    {
        st->st_mode = info->directory ? S_IFDIR | 0777 : S_IFREG | 0666;
        st->st_size = 0;
        st->st_blocks = 0;
        *attr = info->directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
    }
    *attr |= FILE_ATTRIBUTE_REPARSE_POINT;
}


/***********************************************************************
 *           nspa_trim_link
 *
 * The length of a link's name without the slashes at its end, by which the kernel would
 * follow it; 0 if there are none, or it is no link.
 */
size_t nspa_trim_link( const char *path )
{
    char trimmed[PATH_MAX];
    size_t len = strlen( path );
    struct stat st;

    if (len < 2 || path[len - 1] != '/') return 0;
    while (len > 1 && path[len - 1] == '/') len--;
    if (len >= sizeof(trimmed)) return 0;
    memcpy( trimmed, path, len );
    trimmed[len] = 0;
    if (lstat( trimmed, &st ) == -1 || !S_ISLNK( st.st_mode )) return 0;
    return len;
}


/***********************************************************************
 *           nspa_get_link_info
 *
 * Attributes by name, of what lstat() was called for. FALSE if it is no reparse point.
 */
BOOL nspa_get_link_info( const char *path, struct stat *st, ULONG *attr, int *ret )
{
    struct reparse_info info;
    char trimmed[PATH_MAX];
    size_t len;

    if (S_ISDIR( st->st_mode ) && nspa_reparse_enabled() && (len = nspa_trim_link( path )))
    {
        memcpy( trimmed, path, len );
        trimmed[len] = 0;
        path = trimmed;
        if (lstat( path, st ) == -1) return FALSE;
    }
    if (!S_ISLNK( st->st_mode ))
    {
        if (!is_carrier_name( path ) || !nspa_reparse_enabled() || !nspa_read_carrier( path, &info )) return FALSE;
        *attr = S_ISDIR( st->st_mode ) ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
    }
    else
    {
        if (!nspa_reparse_enabled()) return FALSE;
        if (nspa_is_known_folder( path ))
        {
            if ((*ret = stat( path, st )) != -1)
                *attr = S_ISDIR( st->st_mode ) ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
            return TRUE;
        }
        if (!nspa_read_link( AT_FDCWD, path, &info )) return FALSE;
    }
    set_point_info( &info, st, attr );
    *ret = 0;
    return TRUE;
}


/***********************************************************************
 *           nspa_get_fd_info
 *
 * The same for an open file.
 */
void nspa_get_fd_info( int fd, unsigned int options, struct stat *st, ULONG *attr )
{
    struct reparse_info info;

    if (!S_ISLNK( st->st_mode ) && (!(options & FILE_OPEN_REPARSE_POINT) || !nspa_reparse_enabled())) return;
    if (nspa_read_fd( fd, options, st, &info )) set_point_info( &info, st, attr );
}


/***********************************************************************
 *           nspa_get_fd_tag
 */
ULONG nspa_get_fd_tag( int fd, unsigned int options )
{
    struct reparse_info info;
    struct stat st;

    if (!(options & FILE_OPEN_REPARSE_POINT) || !nspa_reparse_enabled() || fstat( fd, &st )) return 0;
    return nspa_read_fd( fd, options, &st, &info ) ? info.tag : 0;
}


/***********************************************************************
 *           nspa_get_name_tag
 *
 * What a listing has in place of the size of the extended attributes.
 */
ULONG nspa_get_name_tag( const char *name, ULONG attr )
{
    struct reparse_info info;

    if (!(attr & FILE_ATTRIBUTE_REPARSE_POINT) || !nspa_reparse_enabled()) return 0;
    if (nspa_read_link( AT_FDCWD, name, &info ) || nspa_read_carrier( name, &info )) return info.tag;
    return 0;
}


/***********************************************************************
 *           nspa_is_link_fd
 */
BOOL nspa_is_link_fd( int fd, unsigned int options )
{
    struct stat st;

    return (options & FILE_OPEN_REPARSE_POINT) && nspa_reparse_enabled() && !fstat( fd, &st ) && S_ISLNK( st.st_mode );
}


/***********************************************************************
 *           nspa_refresh_fd
 *
 * When a reparse point is set or deleted, another object takes the place of the one that is
 * open, and the server's descriptor becomes one of that. Ours is stale then, and becomes one
 * too, under the number that it has: others may be using it.
 */
void nspa_refresh_fd( HANDLE handle, int fd, unsigned int options )
{
    int fresh, needs_close;
    struct stat st;
    HANDLE copy;

    if (!(options & FILE_OPEN_REPARSE_POINT) || !nspa_reparse_enabled()) return;
    if (fstat( fd, &st ) || st.st_nlink) return;
    if (NtDuplicateObject( NtCurrentProcess(), handle, NtCurrentProcess(), &copy, 0, 0, DUPLICATE_SAME_ACCESS )) return;
    if (!server_get_unix_fd( copy, 0, &fresh, &needs_close, NULL, NULL ))
    {
        dup3( fresh, fd, O_CLOEXEC );
        if (needs_close) close( fresh );
    }
    NtClose( copy );
}


/* the time since 1970 of a time since 1601; 0 leaves what is there */
static struct timespec get_timespec( const LARGE_INTEGER *time )
{
    struct timespec ts = { 0, UTIME_OMIT };

    if (time->QuadPart)
    {
        ts.tv_sec  = time->QuadPart / 10000000 - 11644473600LL;
        ts.tv_nsec = time->QuadPart % 10000000 * 100;
    }
    return ts;
}

/***********************************************************************
 *           nspa_set_link_times
 */
BOOL nspa_set_link_times( int fd, const LARGE_INTEGER *mtime, const LARGE_INTEGER *atime, NTSTATUS *status )
{
    struct timespec times[2] = { get_timespec( atime ), get_timespec( mtime ) };

    if (!nspa_is_link_fd( fd, FILE_OPEN_REPARSE_POINT )) return FALSE;
    *status = utimensat( fd, "", times, AT_EMPTY_PATH ) ? errno_to_status( errno ) : STATUS_SUCCESS;
    return TRUE;
}


/***********************************************************************
 *           nspa_fchdir
 *
 * A link that is open as such lists as an empty directory, wherever we are.
 */
int nspa_fchdir( int fd )
{
    int ret = fchdir( fd );

    if (ret == -1 && nspa_is_link_fd( fd, FILE_OPEN_REPARSE_POINT )) ret = chdir( "/" );
    return ret;
}


/***********************************************************************
 *           nspa_entry_name
 *
 * The length of the name that Windows sees of an entry of the current directory, -1 for an
 * entry that it does not see.
 */
int nspa_entry_name( const char *name, WCHAR *nameW, int len )
{
    struct reparse_info info;
    struct stat st;
    char plain[256];

    if (name[0] == '.' && !strncmp( name, ".winelink.", 10 ) && nspa_reparse_enabled())
    {
        size_t digits = strspn( name + 10, "0123456789abcdef" );
        if (digits == 32 && (!name[42] || !strcmp( name + 42, ".name" ))) return -1;
    }
    if (len > 1 && nameW[len - 1] == '?' && nspa_reparse_enabled() && nspa_read_carrier( name, &info ))
    {
        snprintf( plain, sizeof(plain), "%.*s", (int)strlen( name ) - 1, name );
        if (!lstat( plain, &st )) return -1;  /* "n" wins over "n?" */
        nameW[--len] = 0;
    }
    else if (name[0] == '.' && !strcmp( name, ".REPARSE_POINT" ) && nspa_reparse_enabled()) return -1;
    return len;
}


/***********************************************************************
 *           nspa_is_carrier
 *
 * Whether an entry "name?" of a directory is a reparse point "name".
 */
BOOL nspa_is_carrier( int dirfd, const char *entry )
{
    char path[PATH_MAX];
    struct reparse_info info;

    if (!nspa_reparse_enabled()) return FALSE;
    if (snprintf( path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, entry ) >= sizeof(path)) return FALSE;
    return nspa_read_carrier( path, &info );
}


/***********************************************************************
 *           nspa_is_link_open
 *
 * Whether an open may be that of a link itself, which is the server's. An empty name is one
 * that was not looked up.
 */
BOOL nspa_is_link_open( const char *unix_name, unsigned int options )
{
    struct stat st;

    if (!(options & FILE_OPEN_REPARSE_POINT) || !nspa_reparse_enabled()) return FALSE;
    return !*unix_name || is_carrier_name( unix_name ) || lstat( unix_name, &st ) || S_ISLNK( st.st_mode );
}


/***********************************************************************
 *           nspa_open_options
 *
 * The options of an open, for the server.
 */
unsigned int nspa_open_options( const char *unix_name, unsigned int options )
{
    if (!(options & FILE_OPEN_REPARSE_POINT) || !nspa_reparse_enabled() || nspa_is_known_folder( unix_name ))
        return options;
    return options | NSPA_OPEN_LINK;
}


/***********************************************************************
 *           nspa_rename_flags
 */
unsigned int nspa_rename_flags( unsigned int flags )
{
    return nspa_reparse_enabled() ? flags | NSPA_RENAME_LINK : flags;
}

#endif  /* NSPA_HAS_REPARSE */
