/*
 * Names found in another case
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

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifdef __x86_64__

/* A name that a directory has only in another case is found by reading the directory.
 * What was found holds for as long as that is the same directory and its ctime stays:
 * each name that comes or goes changes it, and nobody can set it. A change in the same
 * tick of the clock could leave it as it was, so it must have been old by then. Not
 * all file systems keep it that well; these do. */
#define CTIME_AGE 1  /* seconds */

static const unsigned int trusted[] =
{
    0xef53,      /* ext4 */
    0x58465342,  /* XFS */
    0x9123683e,  /* Btrfs */
    0xf2f52010,  /* F2FS */
    0x2fc12fc1,  /* ZFS */
    0xca451a4e,  /* bcachefs */
    0x01021994,  /* tmpfs */
    0x794c7630,  /* overlayfs */
};

#define MAX_NAME 255  /* of a Unix name in bytes, of an NT name in characters */

/* What was looked for in which directory, and what was found. All of it is compared before
 * it is used; the hash only says where it lies. */
struct found_name
{
    ULONG           version;  /* odd while it is written */
    ULONG64         hash;     /* tells most entries that are not meant without a look at the directory */
    int             length;   /* of wanted, in characters */
    dev_t           dev;      /* of the directory */
    ino_t           ino;
    struct timespec changed;
    WCHAR           wanted[MAX_NAME];
    char            name[MAX_NAME + 1];
};
static struct found_name found_names[512];

/* When this thread began to look. The one word of static thread-local storage that ntdll
 * takes for us: GL drivers need what there is of it. */
static __thread time_t looking_since __attribute__((tls_model("initial-exec")));

static ULONG64 hash_lookup( const char *dir, int dir_len, const WCHAR *name, int length )
{
    ULONG64 hash = 0x9e3779b97f4a7c15;
    int i;

    for (i = 0; i < dir_len; i++) hash = (hash ^ (unsigned char)dir[i]) * 0x100000001b3;
    for (i = 0; i < length; i++) hash = (hash ^ name[i] ^ 0x10000) * 0x100000001b3;
    return hash ^ hash >> 32;
}

static struct found_name *entry_of( ULONG64 hash )
{
    return &found_names[hash & (ARRAY_SIZE(found_names) - 1)];
}

/* Is this what the directory had for the name, and has it not changed since? */
static BOOL read_found_name( const struct found_name *from, const struct stat *dir, const WCHAR *name, int length,
                             char found[MAX_NAME + 1] )
{
    ULONG version = __atomic_load_n( &from->version, __ATOMIC_ACQUIRE );

    if (!version || (version & 1) || from->length != length || from->dev != dir->st_dev || from->ino != dir->st_ino ||
        from->changed.tv_sec != dir->st_ctim.tv_sec || from->changed.tv_nsec != dir->st_ctim.tv_nsec ||
        memcmp( from->wanted, name, length * sizeof(*name) )) return FALSE;
    memcpy( found, from->name, sizeof(from->name) );
    __atomic_thread_fence( __ATOMIC_ACQUIRE );
    return __atomic_load_n( &from->version, __ATOMIC_RELAXED ) == version;
}

static void write_found_name( struct found_name *to, ULONG64 hash, const struct stat *dir, const WCHAR *name,
                              int length, const char *found )
{
    ULONG version = __atomic_load_n( &to->version, __ATOMIC_RELAXED );

    if ((version & 1) || !__atomic_compare_exchange_n( &to->version, &version, version + 1, 0,
                                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED )) return;
    __atomic_thread_fence( __ATOMIC_RELEASE );
    to->hash    = hash;
    to->length  = length;
    to->dev     = dir->st_dev;
    to->ino     = dir->st_ino;
    to->changed = dir->st_ctim;
    memcpy( to->wanted, name, length * sizeof(*name) );
    strcpy( to->name, found );
    __atomic_store_n( &to->version, version + 2, __ATOMIC_RELEASE );
}


/***********************************************************************
 *           nspa_find_in_dir
 *
 * Complete the name of a directory, which is pos long, by one that was found there
 * before. If it returns FALSE, the name has to be looked for.
 */
BOOL nspa_find_in_dir( char *unix_name, int pos, const WCHAR *name, int length )
{
    char found[MAX_NAME + 1], end = unix_name[pos];
    const struct found_name *entry;
    struct stat st;
    ULONG64 hash;

    if (!nspa_lib.attached || length > MAX_NAME) return FALSE;
    looking_since = time( NULL );
    hash = hash_lookup( unix_name, pos, name, length );
    entry = entry_of( hash );
    if (__atomic_load_n( &entry->hash, __ATOMIC_RELAXED ) != hash) return FALSE;

    unix_name[pos] = 0;
    if (stat( pos ? unix_name : "/", &st ) || !read_found_name( entry, &st, name, length, found ))
    {
        unix_name[pos] = end;
        return FALSE;
    }
    unix_name[pos] = '/';
    strcpy( unix_name + pos + 1, found );
    return TRUE;
}


/***********************************************************************
 *           nspa_found_in_dir
 *
 * The last name that this thread looked for was found by reading the directory.
 */
void nspa_found_in_dir( int dir_fd, const char *dir, int dir_len, const WCHAR *name, int length, const char *found )
{
    ULONG64 hash = hash_lookup( dir, dir_len, name, length );
    struct statfs fs;
    struct stat st;
    unsigned int i;

    if (!nspa_lib.attached || length > MAX_NAME || strlen( found ) > MAX_NAME) return;
    if (fstat( dir_fd, &st ) || fstatfs( dir_fd, &fs )) return;
    if (st.st_ctim.tv_sec + CTIME_AGE >= looking_since) return;
    for (i = 0; i < ARRAY_SIZE(trusted); i++) if ((unsigned int)fs.f_type == trusted[i]) break;
    if (i == ARRAY_SIZE(trusted)) return;
    write_found_name( entry_of( hash ), hash, &st, name, length, found );
}

#else  /* __x86_64__ */

BOOL nspa_find_in_dir( char *unix_name, int pos, const WCHAR *name, int length ) { return FALSE; }
void nspa_found_in_dir( int dir_fd, const char *dir, int dir_len, const WCHAR *name, int length, const char *found )
{
}

#endif
