/*
 * The server's own opens in the table of open files; included by fd.c
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

#include "nspa/nspa.h"

static struct fd *alloc_fd_object(void);
static WCHAR *dup_nt_name( struct fd *root, struct unicode_str name, data_size_t *len );

/* Inodes of files that are to be unlinked when the last fd is closed, which a
 * client still has open. */
struct held_inode
{
    struct list   entry;
    struct inode *inode;
};
#define HELD_HASH_SIZE 1021
static struct list held_inodes[HELD_HASH_SIZE];

/* what the server itself has open of an inode */
static void nspa_sum_opens( struct inode *inode, struct nspa_share *own )
{
    struct fd *fd;

    memset( own, 0, sizeof(*own) );
    LIST_FOR_EACH_ENTRY( fd, &inode->open, struct fd, inode_entry )
        nspa_share_change( own, fd->access, fd->sharing, 1 );
}

static void nspa_publish_inode( struct inode *inode )
{
    struct nspa_share own, clients;

    if (list_empty( &inode->device->entry )) return;  /* unmounted: the numbers may be another inode's now */
    nspa_sum_opens( inode, &own );
    nspa_lib->publish( inode->device->dev, inode->ino, &own, &clients );
}

/* publish all inodes that the server has open; the first client attaches */
void nspa_publish_all(void)
{
    struct device *device;
    struct inode *inode;
    unsigned int i, j;

    for (i = 0; i < DEVICE_HASH_SIZE; i++)
    {
        if (!device_hash[i].next) continue;
        LIST_FOR_EACH_ENTRY( device, &device_hash[i], struct device, entry )
            for (j = 0; j < INODE_HASH_SIZE; j++)
                LIST_FOR_EACH_ENTRY( inode, &device->inode_hash[j], struct inode, entry )
                    nspa_publish_inode( inode );
    }
}

/* An open is about to be checked: publish the inode with it, and add what the
 * clients have open. If the check fails, fd_destroy() takes it back. */
static inline void nspa_check_sharing( struct fd *fd, int open_flags, unsigned int *existing_access,
                                       unsigned int *existing_sharing )
{
    struct nspa_share own;

    if (!nspa_lib || list_empty( &fd->inode->device->entry )) return;
    nspa_sum_opens( fd->inode, &own );
    if (open_flags & O_TRUNC) own.map_write++;  /* until nspa_truncated() */
    nspa_lib->check( fd->inode->device->dev, fd->inode->ino, &own, fd->access, fd->sharing,
                     existing_access, existing_sharing );
}

static struct list *held_list( ino_t ino )
{
    struct list *list = &held_inodes[ino % HELD_HASH_SIZE];

    if (!list->next) list_init( list );
    return list;
}

static struct held_inode *find_held_inode( dev_t dev, ino_t ino )
{
    struct held_inode *held;

    LIST_FOR_EACH_ENTRY( held, held_list( ino ), struct held_inode, entry )
        if (held->inode->ino == ino && held->inode->device->dev == dev) return held;
    return NULL;
}

/* let go of an inode that no client has open any more */
void nspa_inode_drained( uint64_t dev, uint64_t ino )
{
    struct held_inode *held = find_held_inode( dev, ino );

    if (!held || nspa_lib->watch( dev, ino )) return;
    list_remove( &held->entry );
    release_object( held->inode );
    free( held );
}

/* Keep an inode that is about to be destroyed, and with it a file to be unlinked,
 * while clients have the file open. */
static int nspa_hold_inode( struct inode *inode )
{
    struct held_inode *held;

    if (find_held_inode( inode->device->dev, inode->ino )) return 1;
    if (!nspa_lib->watch( inode->device->dev, inode->ino )) return 0;
    if (!(held = malloc( sizeof(*held) ))) return 0;
    held->inode = (struct inode *)grab_object( inode );
    list_add_tail( held_list( inode->ino ), &held->entry );
    return 1;
}

/* an fd has left its inode */
static inline void nspa_fd_closed( struct inode *inode )
{
    struct closed_fd *closed;

    if (!nspa_lib) return;
    nspa_publish_inode( inode );
    if (!list_empty( &inode->open ) || list_empty( &inode->device->entry )) return;
    LIST_FOR_EACH_ENTRY( closed, &inode->closed, struct closed_fd, entry )
    {
        if (!(closed->disp_flags & FILE_DISPOSITION_DELETE)) continue;
        nspa_hold_inode( inode );
        break;
    }
}

/* A client has opened a file that is just being unlinked: it is, but later. */
static int unlink_later( struct inode *inode, struct closed_fd *fd )
{
    struct closed_fd *closed;
    struct inode *later;
    int ret = 0;

    if (!(later = get_inode( inode->device->dev, inode->ino, -1 ))) return 0;
    if (later != inode && (closed = malloc( sizeof(*closed) )))
    {
        closed->unix_fd    = -1;
        closed->disp_flags = fd->disp_flags;
        if ((closed->unix_name = strdup( fd->unix_name )))
        {
            list_add_head( &later->closed, &closed->entry );
            nspa_hold_inode( later );
            ret = 1;
        }
        else free( closed );
    }
    release_object( later );
    return ret;
}

/* A file is about to be unlinked. Until that is done clients leave opens of it to the
 * server. Returns 1 if it is not to be unlinked now. */
int nspa_begin_unlink( struct inode *inode, struct closed_fd *fd )
{
    uint64_t dev = inode->device->dev;

    if (!nspa_lib || list_empty( &inode->device->entry )) return 0;
    if (!nspa_lib->begin_remove( dev, inode->ino )) return 0;
    if (fd->disp_flags & FILE_DISPOSITION_POSIX_SEMANTICS) return 0;  /* open or not */
    if (!unlink_later( inode, fd )) return 0;
    nspa_lib->end_remove( dev, inode->ino, 0 );
    return 1;
}

void nspa_end_unlink( struct inode *inode )
{
    if (!nspa_lib || list_empty( &inode->device->entry )) return;
    nspa_lib->end_remove( inode->device->dev, inode->ino, 1 );
}

/* A file is about to be replaced. Until nspa_end_replace() clients leave opens of it to
 * the server. One that a client has open cannot be replaced. */
static struct
{
    int      begun;
    uint64_t dev, ino;
} replacing;

static inline int nspa_refuse_replace( const struct stat *st )
{
    if (!nspa_lib) return 0;
    replacing.begun = 1;
    replacing.dev   = st->st_dev;
    replacing.ino   = st->st_ino;
    if (!nspa_lib->begin_remove( st->st_dev, st->st_ino )) return 0;
    set_error( STATUS_ACCESS_DENIED );
    return 1;
}

static inline void nspa_end_replace(void)
{
    if (replacing.begun) nspa_lib->end_remove( replacing.dev, replacing.ino, 0 );
    replacing.begun = 0;
}

/* A device is about to be unmounted. What the server has open there does not
 * stand against later opens. What clients have open stays with them, as it
 * does when the fds of server handles are cached, and keeps the device busy. */
static void nspa_unmount_device( struct device *device )
{
    static const struct nspa_share none;
    struct nspa_share clients;
    struct inode *inode;
    unsigned int i;

    if (!nspa_lib) return;
    for (i = 0; i < INODE_HASH_SIZE; i++)
        LIST_FOR_EACH_ENTRY( inode, &device->inode_hash[i], struct inode, entry )
            nspa_lib->publish( device->dev, inode->ino, &none, &clients );
}

/* A file that a client has mapped can be neither truncated nor deleted. While a
 * mapping for writing is announced clients make no sections of the file: that lasts
 * until nspa_truncated() if it is to be truncated. */
static inline int nspa_refuse_mapped( struct fd *fd, unsigned int status )
{
    unsigned int access = 0, sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    struct nspa_share own;

    if (!nspa_lib || list_empty( &fd->inode->device->entry )) return 0;
    nspa_sum_opens( fd->inode, &own );
    own.map_write++;
    nspa_lib->check( fd->inode->device->dev, fd->inode->ino, &own, 0, sharing, &access, &sharing );
    access &= FILE_MAPPING_ACCESS;
    if (access) set_error( status );
    if (access || status != STATUS_USER_MAPPED_FILE) nspa_publish_inode( fd->inode );
    return access != 0;
}

static inline void nspa_truncated( struct fd *fd )
{
    if (nspa_lib) nspa_publish_inode( fd->inode );
}

/* What realpath() gave for a name when a file was opened by it. While the name
 * still leads to the file that is what it gives now; if not, the file was renamed
 * or unlinked, and its directory is still as good as it was. */
static char *nspa_resolve_name( const char *name, const struct stat *st )
{
    const char *base = strrchr( name, '/' );
    char *dir, *parent = NULL, *path = NULL;
    struct stat st2;

    if (!stat( name, &st2 ) && st2.st_dev == st->st_dev && st2.st_ino == st->st_ino) return realpath( name, NULL );
    if (!base || !(dir = strdup( name ))) return strdup( name );
    dir[base == name ? 1 : base - name] = 0;
    if ((parent = realpath( dir, NULL )) && (path = malloc( strlen(parent) + strlen(base) + 1 )))
    {
        strcpy( path, parent[1] ? parent : "" );
        strcat( path, base );
    }
    free( parent );
    free( dir );
    return path ? path : strdup( name );
}

/* Close an fd that came from a client. The locks of a process on a file go with
 * any of its fds, so while the inode has locks the fd stays until they are gone. */
void nspa_close_client_fd( int unix_fd )
{
    struct closed_fd *closed;
    struct inode *inode;
    struct stat st;

    if (unix_fd == -1) return;
    if (nspa_lib && !fstat( unix_fd, &st ) && S_ISREG( st.st_mode ) && (inode = get_inode( st.st_dev, st.st_ino, -1 )))
    {
        if (!list_empty( &inode->locks ) && (closed = malloc( sizeof(*closed) )))
        {
            closed->unix_fd    = unix_fd;
            closed->unix_name  = NULL;
            closed->disp_flags = 0;
            inode_add_closed_fd( inode, closed );
            unix_fd = -1;
        }
        release_object( inode );
    }
    if (unix_fd != -1) close( unix_fd );
}

/* Make an fd of a file that a client opened, as open_fd() would have. Its sharing
 * was checked then; the client takes back its own part in the table when it knows
 * that the server has the file. The Unix fd is ours from here on. */
struct fd *nspa_create_fd( int unix_fd, const char *name, struct unicode_str nt_name, mode_t *mode,
                           unsigned int access, unsigned int sharing, unsigned int options )
{
    const unsigned int unmapped = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED;
    struct closed_fd *closed_fd;
    struct inode *inode;
    struct stat st;
    struct fd *fd;

    /* the generic bits would count as FILE_MAPPING_*; deleting is for the server alone */
    if ((access & unmapped) || (options & FILE_DELETE_ON_CLOSE) || fstat( unix_fd, &st ) == -1 ||
        !(S_ISREG( st.st_mode ) || S_ISDIR( st.st_mode )) ||
        (options & (S_ISDIR( st.st_mode ) ? FILE_NON_DIRECTORY_FILE : FILE_DIRECTORY_FILE)))
    {
        set_error( STATUS_INVALID_PARAMETER );
        nspa_close_client_fd( unix_fd );
        return NULL;
    }
    if (!(fd = alloc_fd_object()))
    {
        nspa_close_client_fd( unix_fd );
        return NULL;
    }
    if (!(closed_fd = mem_alloc( sizeof(*closed_fd) )) || !(inode = get_inode( st.st_dev, st.st_ino, unix_fd )))
    {
        release_object( fd );
        free( closed_fd );
        nspa_close_client_fd( unix_fd );
        return NULL;
    }

    *mode = st.st_mode;
    fd->unix_fd   = unix_fd;
    fd->options   = options;
    fd->access    = access;
    fd->sharing   = sharing;
    fd->cacheable = !inode->device->removable;
    fd->unix_name = nspa_resolve_name( name, &st );
    fd->nt_name   = dup_nt_name( NULL, nt_name, &fd->nt_namelen );
    fd->inode     = inode;
    fd->closed    = closed_fd;
    closed_fd->unix_fd    = unix_fd;
    closed_fd->unix_name  = fd->unix_name;
    closed_fd->disp_flags = 0;
    list_add_head( &inode->open, &fd->inode_entry );
    if (nspa_lib) nspa_publish_inode( inode );
    return fd;
}
