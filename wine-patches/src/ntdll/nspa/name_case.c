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

struct found_name
{
    ULONG           version;  /* odd while it is written */
    ULONG64         hash;     /* of the directory's name and the one that was looked for */
    dev_t           dev;
    ino_t           ino;
    struct timespec changed;
    char            name[128];
};
static struct found_name found_names[1024];

/* When this thread began to look, and for what. */
static __thread struct
{
    ULONG64 hash;
    time_t  second;
} looking __attribute__((tls_model("initial-exec")));

static ULONG64 hash_lookup( const char *dir, int dir_len, const WCHAR *name, int length )
{
    ULONG64 hash = nspa_hash_chars( dir, dir_len );

    return hash * 31 ^ nspa_hash_chars( (const char *)name, length * sizeof(*name) );
}

static BOOL read_found_name( const struct found_name *from, ULONG64 hash, struct found_name *to )
{
    ULONG version = __atomic_load_n( &from->version, __ATOMIC_ACQUIRE );

    if ((version & 1) || from->hash != hash) return FALSE;
    *to = *from;
    __atomic_thread_fence( __ATOMIC_ACQUIRE );
    return __atomic_load_n( &from->version, __ATOMIC_RELAXED ) == version;
}

static void write_found_name( struct found_name *to, const struct found_name *from )
{
    ULONG version = __atomic_load_n( &to->version, __ATOMIC_RELAXED );

    if ((version & 1) || !__atomic_compare_exchange_n( &to->version, &version, version + 1, 0,
                                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED )) return;
    __atomic_thread_fence( __ATOMIC_RELEASE );
    to->hash    = from->hash;
    to->dev     = from->dev;
    to->ino     = from->ino;
    to->changed = from->changed;
    strcpy( to->name, from->name );
    __atomic_store_n( &to->version, version + 2, __ATOMIC_RELEASE );
}

static struct found_name *entry_of( ULONG64 hash )
{
    return &found_names[hash >> 32 & (ARRAY_SIZE(found_names) - 1)];
}


/***********************************************************************
 *           nspa_find_in_dir
 *
 * Complete the name of a directory, which is pos long, by one that was found there
 * before. If it returns FALSE, the name has to be looked for.
 */
BOOL nspa_find_in_dir( char *unix_name, int pos, const WCHAR *name, int length )
{
    struct found_name found;
    struct stat st;
    char end;

    if (!nspa_lib.attached) return FALSE;
    looking.second = time( NULL );
    looking.hash   = hash_lookup( unix_name, pos, name, length );
    if (!read_found_name( entry_of( looking.hash ), looking.hash, &found )) return FALSE;

    end = unix_name[pos];
    unix_name[pos] = 0;
    if (stat( pos ? unix_name : "/", &st ) || st.st_dev != found.dev || st.st_ino != found.ino ||
        st.st_ctim.tv_sec != found.changed.tv_sec || st.st_ctim.tv_nsec != found.changed.tv_nsec)
    {
        unix_name[pos] = end;
        return FALSE;
    }
    unix_name[pos] = '/';
    strcpy( unix_name + pos + 1, found.name );
    return TRUE;
}


/***********************************************************************
 *           nspa_found_in_dir
 *
 * The last name that this thread looked for was found by reading the directory.
 */
void nspa_found_in_dir( int dir_fd, const char *name )
{
    struct found_name found;
    struct statfs fs;
    struct stat st;
    unsigned int i;

    if (!nspa_lib.attached || strlen( name ) >= sizeof(found.name)) return;
    if (fstat( dir_fd, &st ) || fstatfs( dir_fd, &fs )) return;
    if (st.st_ctim.tv_sec + CTIME_AGE >= looking.second) return;
    for (i = 0; i < ARRAY_SIZE(trusted); i++) if ((unsigned int)fs.f_type == trusted[i]) break;
    if (i == ARRAY_SIZE(trusted)) return;
    found.hash    = looking.hash;
    found.dev     = st.st_dev;
    found.ino     = st.st_ino;
    found.changed = st.st_ctim;
    strcpy( found.name, name );
    write_found_name( entry_of( found.hash ), &found );
}

#else  /* __x86_64__ */

BOOL nspa_find_in_dir( char *unix_name, int pos, const WCHAR *name, int length ) { return FALSE; }
void nspa_found_in_dir( int dir_fd, const char *name ) { }

#endif
