/*
 * Questions about local files and volumes
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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "winioctl.h"
#define WINE_MOUNTMGR_EXTENSIONS
#include "ddk/mountmgr.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"

#ifdef __x86_64__

/***********************************************************************
 *           nspa_get_unix_name
 *
 * The name of a local file, as the server would know it.
 */
BOOL nspa_get_unix_name( HANDLE handle, char **unix_name, unsigned int *status )
{
    size_t size = 256;
    char *name = NULL;
    int32_t ret;

    if (!nspa_is_local( handle ) || !nspa_lib.attached) return FALSE;
    do
    {
        free( name );
        if (!(name = malloc( size ))) return FALSE;
        ret = nspa_lib.unix_name( (ULONG_PTR)handle, name, &size );
    } while (ret == STATUS_BUFFER_OVERFLOW);

    if (ret)
    {
        free( name );
        return FALSE;
    }
    *unix_name = name;
    *status = STATUS_SUCCESS;
    return TRUE;
}


/* what a local file was opened with */
static BOOL get_local_file( HANDLE handle, struct nspa_opened_file *file )
{
    return nspa_is_local_file( (ULONG_PTR)handle ) && nspa_lib.attached && !nspa_lib.query( (ULONG_PTR)handle, file );
}


/***********************************************************************
 *           nspa_get_file_info
 *
 * What the server's default_fd_get_file_info() says of a local file.
 */
BOOL nspa_get_file_info( HANDLE handle, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                         FILE_INFORMATION_CLASS info_class )
{
    struct nspa_opened_file file;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG info = 0;

    if (!get_local_file( handle, &file )) return FALSE;

    switch (info_class)
    {
    case FileAccessInformation:
        info = file.access;
        break;
    case FileModeInformation:
        info = file.options & (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |
                               FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT);
        break;
    case FileIoCompletionNotificationInformation:  /* none: setting it promotes */
        break;
    default:
        status = STATUS_NOT_IMPLEMENTED;
        break;
    }
    if (!status && length < sizeof(info)) status = STATUS_INFO_LENGTH_MISMATCH;
    if (!status) memcpy( buffer, &info, sizeof(info) );
    io->Status = status;
    io->Information = status ? 0 : sizeof(info);
    return TRUE;
}


/***********************************************************************
 *           nspa_query_object
 *
 * NtQueryObject() for what a local file's handle alone decides. Its name needs
 * nothing but nspa_get_unix_name(), its type counts what only the server knows.
 */
BOOL nspa_query_object( HANDLE handle, OBJECT_INFORMATION_CLASS info_class, void *ptr, ULONG len, ULONG *used_len )
{
    struct nspa_opened_file file;

    if (info_class == ObjectBasicInformation)
    {
        OBJECT_BASIC_INFORMATION *info = ptr;

        if (len < sizeof(*info) || !get_local_file( handle, &file )) return FALSE;
        memset( info, 0, sizeof(*info) );
        info->GrantedAccess = file.access;
        info->PointerCount  = 2;  /* the handle, and who is looking */
        info->HandleCount   = 1;
        if (used_len) *used_len = sizeof(*info);
        return TRUE;
    }
    if (info_class == ObjectHandleFlagInformation)
    {
        OBJECT_HANDLE_FLAG_INFORMATION *info = ptr;

        if (len < sizeof(*info) || !get_local_file( handle, &file )) return FALSE;
        info->Inherit          = (file.attributes & OBJ_INHERIT) != 0;
        info->ProtectFromClose = FALSE;  /* setting either promotes */
        if (used_len) *used_len = sizeof(*info);
        return TRUE;
    }
    return FALSE;
}


/* as file.c has them */
#define MAX_DOS_DRIVES 26
struct file_identity
{
    dev_t dev;
    ino_t ino;
};

/* Finding the drive of a path takes a stat() of each directory above it, up to a drive's
 * root. No directory on the way there was one, so for the next path only what is not
 * on that way has to be looked at. What was found holds while no drive changes, and for
 * no longer than the drives' own roots are kept (see get_drives_info), which is until the
 * next second. A drive's root that is renamed or replaced without the drive being defined
 * anew is therefore noticed in the next second, which is when get_drives_info() notices
 * what took its place. */
struct drive_of
{
    dev_t   dev;      /* of the directory */
    int     mount;    /* length of the highest name above it with nothing but that device in between */
    int     root;     /* length of the root's name, where / is 0 */
    int     drive;    /* -1 if no directory up to / is a drive's root */
    ULONG64 epoch;
    time_t  second;
};

/* Does the path have no component that leads elsewhere than down, and none that is empty? */
static BOOL is_straight( const char *path )
{
    const char *p;

    for (p = path; (p = strchr( p, '/' )); p++)
    {
        if (!p[1] || p[1] == '/') return FALSE;
        if (p[1] == '.' && (!p[2] || p[2] == '/' || (p[2] == '.' && (!p[3] || p[3] == '/')))) return FALSE;
    }
    return path[0] == '/';
}

/* How much of the first directory's name is that of a directory above the second, or its own? */
static int get_common_length( const char *a, const char *b )
{
    int i, ret = 0;

    for (i = 0; ; i++)
    {
        if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/')) ret = i;
        if (!a[i] || a[i] != b[i]) return ret;
    }
}

/* The last directory whose drive was found; version is odd while it is written. */
static struct
{
    ULONG           version;
    struct drive_of dir;
    char            name[1024];
} last_dir;

static BOOL read_last_dir( struct drive_of *dir, char name[sizeof(last_dir.name)] )
{
    ULONG version = __atomic_load_n( &last_dir.version, __ATOMIC_ACQUIRE );

    if (!version || (version & 1)) return FALSE;
    *dir = last_dir.dir;
    memcpy( name, last_dir.name, sizeof(last_dir.name) );
    __atomic_thread_fence( __ATOMIC_ACQUIRE );
    return __atomic_load_n( &last_dir.version, __ATOMIC_RELAXED ) == version;
}

static void write_last_dir( const struct drive_of *dir, const char *name )
{
    ULONG version = __atomic_load_n( &last_dir.version, __ATOMIC_RELAXED );

    if ((version & 1) || !__atomic_compare_exchange_n( &last_dir.version, &version, version + 1, 0,
                                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED )) return;
    __atomic_thread_fence( __ATOMIC_RELEASE );
    last_dir.dir = *dir;
    strcpy( last_dir.name, name );
    __atomic_store_n( &last_dir.version, version + 2, __ATOMIC_RELEASE );
}

/* As find_drive_rootA() and find_dos_device() do; FALSE if that is to be left to them. */
static BOOL find_drive( const char *path, BOOL is_dir, struct drive_of *dir,
                        unsigned int (*get_drives)( struct file_identity *info ))
{
    char name[sizeof(last_dir.name)], last_name[sizeof(last_dir.name)];
    struct file_identity info[MAX_DOS_DRIVES];
    int i, len = strlen( path ), known = -1, bottom = 0;
    BOOL kept, crossed = FALSE;
    struct drive_of last;
    struct stat st;

    memset( dir, 0, sizeof(*dir) );
    dir->mount = dir->drive = -1;
    if (!nspa_lib.attached || !(dir->epoch = nspa_lib.volume_epoch())) return FALSE;
    if (len >= sizeof(name) || !is_straight( path )) return FALSE;
    dir->second = time( NULL );
    kept = read_last_dir( &last, last_name ) && last.epoch == dir->epoch && last.second == dir->second;

    memcpy( name, path, len + 1 );
    if (!is_dir) name[len = strrchr( path, '/' ) - path] = 0;
    if (kept)
    {
        if (!strcmp( name, last_name ))
        {
            *dir = last;
            return TRUE;
        }
        known = get_common_length( name, last_name );
        if (known < last.mount) known = -1;
    }
    if (!get_drives( info )) return FALSE;

    for (; len > known; name[len = strrchr( name, '/' ) - name] = 0)
    {
        if (stat( len ? name : "/", &st )) return FALSE;
        if (S_ISDIR( st.st_mode ))
        {
            if (dir->mount == -1)
            {
                bottom = len;
                dir->dev = st.st_dev;
            }
            if (st.st_dev != dir->dev) crossed = TRUE;
            if (!crossed) dir->mount = len;

            for (i = MAX_DOS_DRIVES - 1; i >= 0; i--)
                if (info[i].dev == st.st_dev && info[i].ino == st.st_ino) dir->drive = i;
        }
        dir->root = len;
        if (dir->drive != -1 || !len) goto found;
    }
    if (dir->mount == -1)
    {
        *dir = last;
        return TRUE;
    }
    if (!crossed && dir->dev == last.dev) dir->mount = last.mount;
    dir->root  = last.root;
    dir->drive = last.drive;
found:
    memcpy( name, path, bottom );
    name[bottom] = 0;
    write_last_dir( dir, name );
    return TRUE;
}


/***********************************************************************
 *           nspa_find_dos_device
 *
 * The path is that of the handle. A local one's is where the file is now, so the fd tells
 * what the path leads to.
 */
int nspa_find_dos_device( HANDLE handle, int fd, const char *path, int (*find)( const char *path ),
                          unsigned int (*get_drives)( struct file_identity *info ))
{
    struct drive_of dir;
    struct stat st;

    /* a path that leads nowhere is on no device */
    if (nspa_is_local( handle ) ? fstat( fd, &st ) : stat( path, &st )) return find( path );
    if (!find_drive( path, S_ISDIR( st.st_mode ), &dir, get_drives )) return find( path );
    return dir.dev == st.st_dev && dir.mount == dir.root ? dir.drive : -1;
}


/***********************************************************************
 *           nspa_find_drive_root
 */
NTSTATUS nspa_find_drive_root( const char **path, unsigned int len, int *drive,
                               NTSTATUS (*find)( const char **path, unsigned int len, int *drive ),
                               unsigned int (*get_drives)( struct file_identity *info ))
{
    struct drive_of dir;

    if ((*path)[len] || !find_drive( *path, TRUE, &dir, get_drives )) return find( path, len, drive );
    if (dir.drive == -1) return STATUS_OBJECT_PATH_NOT_FOUND;
    *path += dir.root;
    *drive = dir.drive;
    return STATUS_SUCCESS;
}


/***********************************************************************
 *           nspa_get_volume
 *
 * The mount manager's answers, kept while no drive or volume changes. What the
 * caller asks for is in drive, the letter or the Unix device. Who reads takes no
 * lock: what changes meanwhile is not used.
 */
static struct volume
{
    ULONG     version;  /* odd while it is written */
    ULONGLONG unix_dev;
    WCHAR     letter;
    ULONG     size;
    ULONG64   epoch;
    char      data[512];
} volumes[32];
static unsigned int volume_next;
static pthread_mutex_t volume_mutex = PTHREAD_MUTEX_INITIALIZER;

BOOL nspa_get_volume( struct mountmgr_unix_drive *drive, ULONG size, struct nspa_volume_query *query )
{
    ULONG64 epoch = nspa_lib.attached ? nspa_lib.volume_epoch() : 0;
    char data[sizeof(volumes->data)];
    unsigned int i;
    ULONG version;

    query->unix_dev = drive->unix_dev;
    query->letter   = drive->letter;
    query->epoch    = epoch;
    if (!epoch) return FALSE;

    for (i = 0; i < ARRAY_SIZE(volumes); i++)
    {
        struct volume *volume = &volumes[i];

        version = __atomic_load_n( &volume->version, __ATOMIC_ACQUIRE );
        if ((version & 1) || volume->epoch != epoch || volume->size < size) continue;
        if (volume->letter != drive->letter || volume->unix_dev != drive->unix_dev) continue;
        memcpy( data, volume->data, size );
        __atomic_thread_fence( __ATOMIC_ACQUIRE );
        if (__atomic_load_n( &volume->version, __ATOMIC_RELAXED ) != version) continue;
        memcpy( drive, data, size );
        return TRUE;
    }
    return FALSE;
}


/***********************************************************************
 *           nspa_put_volume
 */
void nspa_put_volume( const struct mountmgr_unix_drive *drive, ULONG size, const struct nspa_volume_query *query )
{
    struct volume *volume;
    sigset_t sigset;
    unsigned int i;

    if (!query->epoch || size > sizeof(volume->data)) return;
    if (drive->type != DRIVE_FIXED && drive->type != DRIVE_REMOTE) return;  /* media may change by themselves */

    nspa_lock_mutex( &volume_mutex, &sigset );
    for (i = 0; i < ARRAY_SIZE(volumes); i++)
        if (volumes[i].letter == query->letter && volumes[i].unix_dev == query->unix_dev) break;
    volume = &volumes[i < ARRAY_SIZE(volumes) ? i : volume_next++ % ARRAY_SIZE(volumes)];
    if (volume->epoch != query->epoch || volume->size <= size)
    {
        __atomic_store_n( &volume->version, volume->version + 1, __ATOMIC_RELAXED );
        __atomic_thread_fence( __ATOMIC_RELEASE );
        volume->unix_dev = query->unix_dev;
        volume->letter   = query->letter;
        volume->epoch    = query->epoch;
        volume->size     = size;
        memcpy( volume->data, drive, size );
        __atomic_store_n( &volume->version, volume->version + 1, __ATOMIC_RELEASE );
    }
    nspa_unlock_mutex( &volume_mutex, &sigset );
}

#else  /* __x86_64__ */

BOOL nspa_get_unix_name( HANDLE handle, char **unix_name, unsigned int *status ) { return FALSE; }
BOOL nspa_get_file_info( HANDLE handle, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                         FILE_INFORMATION_CLASS info_class )
{
    return FALSE;
}
BOOL nspa_query_object( HANDLE handle, OBJECT_INFORMATION_CLASS info_class, void *ptr, ULONG len, ULONG *used_len )
{
    return FALSE;
}
int nspa_find_dos_device( HANDLE handle, int fd, const char *path, int (*find)( const char *path ),
                          unsigned int (*get_drives)( struct file_identity *info ))
{
    return find( path );
}
NTSTATUS nspa_find_drive_root( const char **path, unsigned int len, int *drive,
                               NTSTATUS (*find)( const char **path, unsigned int len, int *drive ),
                               unsigned int (*get_drives)( struct file_identity *info ))
{
    return find( path, len, drive );
}
BOOL nspa_get_volume( struct mountmgr_unix_drive *drive, ULONG size, struct nspa_volume_query *query ) { return FALSE; }
void nspa_put_volume( const struct mountmgr_unix_drive *drive, ULONG size, const struct nspa_volume_query *query ) { }

#endif
