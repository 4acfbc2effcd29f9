/*
 * Reparse points; included by fd.c
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

#include <fcntl.h>
#include <sys/stat.h>
#include <nspa_change.h>
#include <nspa_link.h>

/* An option of create_file, which the client sets beside FILE_OPEN_REPARSE_POINT: open a
 * link itself. In struct fd it means that this is one. */
#define NSPA_OPEN_LINK    0x80000000
/* A flag of set_fd_name_info: a link at the new name is not followed. */
#define NSPA_RENAME_LINK  0x80000000

static struct inode *get_inode( dev_t dev, ino_t ino, int unix_fd );
static void remove_fd_locks( struct fd *fd );
static void nspa_publish_inode( struct inode *inode );
static struct fd *get_handle_fd_obj( struct process *process, obj_handle_t handle, unsigned int access );

struct nspa_reparse_lib
{
    int32_t (*set_reparse)( int dir, const char *name, uint64_t dev, uint64_t ino,
                            const struct nspa_reparse_value *value, struct nspa_changed *changed );
    int32_t (*delete_reparse)( int dir, const char *name, uint64_t dev, uint64_t ino,
                               const void *header, uint32_t header_len, uint32_t flags, struct nspa_changed *changed );
    int32_t (*replace_text)( int dir, const char *name, uint64_t dev, uint64_t ino,
                             const char *old, const char *text, struct nspa_changed *changed );
    void    (*visible_name)( int dir, const char *disk, char *name );
    int32_t (*recover)( int dir, uint32_t age, struct nspa_recovered *recovered );
    int32_t (*repair)( const char *prefix, uint32_t *changed );
};

/* NULL, and an error, if there is none */
static const struct nspa_reparse_lib *nspa_get_reparse_lib(void)
{
    static struct nspa_reparse_lib lib;
    static int loaded;
    void *module;

    if (loaded) return &lib;
#define LOAD(name) (lib.name = dlsym( module, "nspa_server_" #name ))
    if ((module = nspa_open_library()) && LOAD( set_reparse ) && LOAD( delete_reparse ) && LOAD( replace_text ) &&
        LOAD( visible_name ) && LOAD( recover ) && LOAD( repair )) loaded = 1;
#undef LOAD
    if (loaded) return &lib;
    set_error( STATUS_INVALID_DEVICE_REQUEST );
    return NULL;
}

/* Whoever is killed in the middle of a change leaves a temporary object at most. A link in
 * the prefix says in which directory. */
#define NSPA_PENDING ".nspa-pending"

static void nspa_begin_change( const char *unix_name )
{
    const char *slash = strrchr( unix_name, '/' );
    char *dir = strdup( unix_name );

    if (!dir) return;
    dir[slash == unix_name ? 1 : slash - unix_name] = 0;
    if (symlinkat( dir, config_dir_fd, NSPA_PENDING ) == -1 && errno == EEXIST)
    {
        unlinkat( config_dir_fd, NSPA_PENDING, 0 );
        symlinkat( dir, config_dir_fd, NSPA_PENDING );
    }
    free( dir );
}

static void nspa_end_change(void)
{
    unlinkat( config_dir_fd, NSPA_PENDING, 0 );
}

static void nspa_recover_change( const struct nspa_reparse_lib *lib )
{
    struct nspa_recovered recovered;
    char path[PATH_MAX];
    int dir, len;

    if ((len = readlinkat( config_dir_fd, NSPA_PENDING, path, sizeof(path) - 1 )) <= 0) return;
    path[len] = 0;
    if ((dir = open( path, O_RDONLY | O_DIRECTORY )) != -1)
    {
        lib->recover( dir, 0, &recovered );
        close( dir );
    }
    nspa_end_change();
}

/* The server starts. In a prefix that was moved or copied links lead to where it was: see
 * to them before anybody follows one. */
void nspa_repair_links(void)
{
    const char *env = getenv( "NSPA_REPARSE" );
    const struct nspa_reparse_lib *lib;
    char prefix[PATH_MAX];
    uint32_t changed;

    if (!env || strcmp( env, "1" ) || !(lib = nspa_get_reparse_lib())) return;
    nspa_recover_change( lib );
    if (fchdir( config_dir_fd ) == -1) return;
    if (getcwd( prefix, sizeof(prefix) ) && !lib->repair( prefix, &changed ) && changed)
        fprintf( stderr, "wineserver: the prefix was moved to %s, %u links repaired\n", prefix, changed );
    fchdir( server_dir_fd );
}

static inline int nspa_is_link( const struct fd *fd )
{
    return (fd->options & NSPA_OPEN_LINK) != 0;
}

/* whether Windows takes the link that unix_fd is open on for a directory */
static int nspa_is_link_to_directory( int unix_fd )
{
    char text[NSPA_LINK_MAX_TEXT + 1], path[32];
    const char *pos = text + sizeof(NSPA_LINK_LEGACY) - 1;
    struct nspa_link link;
    struct stat st;
    int len;

    if ((len = readlinkat( unix_fd, "", text, sizeof(text) )) <= 0 || len == sizeof(text)) return 0;
    if (nspa_link_is_legacy( text, len ) && (pos = memchr( pos, '/', text + len - pos )))
    {
        pos++;
        return nspa_link_token( &pos, text + len ) == 1;
    }
    nspa_link_parse( text, len, &link );
    if (link.tag != NSPA_TAG_LX_SYMLINK) return link.directory;
    /* a link is followed from its directory, which the kernel knows */
    snprintf( path, sizeof(path), "/proc/self/fd/%d", unix_fd );
    if ((len = readlink( path, text, sizeof(text) - 1 )) <= 0) return 0;
    text[len] = 0;
    return !stat( text, &st ) && S_ISDIR( st.st_mode );
}

/* open() for open_fd(); a link itself if the client wants that */
static int nspa_open_unix( struct fd *fd, const char *name, int flags, mode_t mode )
{
    struct stat st;
    int unix_fd;

    if (!nspa_is_link( fd )) return open( name, flags, mode );
    fd->options &= ~NSPA_OPEN_LINK;
    if ((unix_fd = open( name, flags | O_NOFOLLOW, mode )) != -1 || errno != ELOOP) return unix_fd;
    if ((unix_fd = open( name, O_PATH | O_NOFOLLOW )) == -1) return -1;
    if (!fstat( unix_fd, &st ) && S_ISLNK( st.st_mode ))
    {
        fd->options |= NSPA_OPEN_LINK;
        return unix_fd;
    }
    close( unix_fd );
    return open( name, flags, mode );
}

/* fstat(); a link is the empty file or directory that Windows sees */
static int nspa_fstat( const struct fd *fd, struct stat *st )
{
    int ret = fstat( fd->unix_fd, st );

    if (ret == -1 || !nspa_is_link( fd )) return ret;
    st->st_mode = nspa_is_link_to_directory( fd->unix_fd ) ? S_IFDIR | 0777 : S_IFREG | 0666;
    st->st_size = 0;
    return ret;
}

/* fstat() for set_fd_disposition(): a link has no contents, whatever its kind */
static int nspa_fstat_disposition( const struct fd *fd, struct stat *st )
{
    int ret = fstat( fd->unix_fd, st );

    if (!ret && nspa_is_link( fd )) st->st_mode = S_IFREG | 0666;
    return ret;
}

/* stat() of a name that may be that of a link that was open */
static int nspa_stat_closed( const char *name, const struct inode *inode, struct stat *st )
{
    if (!lstat( name, st ) && S_ISLNK( st->st_mode ) &&
        st->st_dev == inode->device->dev && st->st_ino == inode->ino) return 0;
    return stat( name, st );
}

/* stat() of the new name of a file; a file link can be replaced, a directory link cannot */
static int nspa_stat_target( const char *name, unsigned int flags, struct stat *st )
{
    int fd, ret;

    if (!(flags & NSPA_RENAME_LINK)) return stat( name, st );
    if ((ret = lstat( name, st )) || !S_ISLNK( st->st_mode )) return ret;
    if ((fd = open( name, O_PATH | O_NOFOLLOW )) == -1) return 0;
    if (!nspa_is_link_to_directory( fd )) st->st_mode = S_IFREG | 0666;
    close( fd );
    return 0;
}

/* realpath(), but for a link itself */
static char *nspa_realpath( const struct fd *fd, const char *name )
{
    char *dir, *slash, *path, *ret = NULL;

    if (!nspa_is_link( fd )) return realpath( name, NULL );
    if (!(dir = strdup( name ))) return NULL;
    for (slash = dir + strlen( dir ); slash > dir + 1 && slash[-1] == '/'; ) *--slash = 0;
    if ((slash = strrchr( dir, '/' )))
    {
        *slash = 0;
        if ((path = realpath( slash == dir ? "/" : dir, NULL )))
        {
            if ((ret = malloc( strlen( path ) + strlen( slash + 1 ) + 2 )))
                sprintf( ret, "%s/%s", path[1] ? path : "", slash + 1 );
            free( path );
        }
    }
    free( dir );
    return ret;
}

/* open the directory of a file by its name; *base is the rest */
static int nspa_open_parent( const char *unix_name, const char **base )
{
    const char *slash = strrchr( unix_name, '/' );
    char *dir;
    int ret;

    if (!slash || !slash[1] || !(dir = strdup( unix_name ))) return -1;
    dir[slash == unix_name ? 1 : slash - unix_name] = 0;
    ret = open( dir, O_PATH | O_DIRECTORY );
    free( dir );
    *base = slash + 1;
    return ret;
}

/* the name that a file with a reparse point of the other form gets on disk */
static char *nspa_carrier_name( const struct fd *fd, char *name )
{
    const struct nspa_reparse_lib *lib;
    size_t len = strlen( fd->unix_name );
    char visible[256], *ret;
    const char *base;
    int dir;

    if (fd->unix_name[len - 1] != '?' || name[strlen( name ) - 1] == '?' || nspa_is_link( fd )) return name;
    if (!(lib = nspa_get_reparse_lib()))
    {
        clear_error();
        return name;
    }
    if ((dir = nspa_open_parent( fd->unix_name, &base )) == -1) return name;
    lib->visible_name( dir, base, visible );
    close( dir );
    if (!strcmp( base, visible ) || !(ret = realloc( name, strlen( name ) + 2 ))) return name;
    return strcat( ret, "?" );
}

/* Make an fd that was open on an object one of what has taken its place. The client's
 * cached descriptors find out by their link count. */
static void nspa_move_fd( struct fd *fd, int dir, const struct nspa_changed *changed, char *unix_name )
{
    static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
    int link = changed->form == NSPA_POINT_TEXT || changed->form == NSPA_POINT_LEGACY;
    struct inode *inode;
    int unix_fd;

    if (link) unix_fd = openat( dir, changed->disk, O_PATH | O_NOFOLLOW );
    else if (changed->directory) unix_fd = openat( dir, changed->disk, O_RDONLY | O_NOFOLLOW | O_NONBLOCK );
    else unix_fd = openat( dir, changed->disk, O_NOFOLLOW | O_NONBLOCK |
                           modes[!!(fd->access & FILE_UNIX_READ_ACCESS) + 2 * !!(fd->access & FILE_UNIX_WRITE_ACCESS)] );
    if (unix_fd == -1) return;
    if (!(inode = get_inode( changed->dev, changed->ino, unix_fd )))
    {
        close( unix_fd );
        return;
    }
    remove_fd_locks( fd );
    dup2( unix_fd, fd->unix_fd );
    close( unix_fd );
    list_remove( &fd->inode_entry );
    list_add_head( &inode->open, &fd->inode_entry );
    release_object( fd->inode );
    fd->inode = inode;
    free( fd->unix_name );
    fd->closed->unix_name = fd->unix_name = unix_name;
    if (link) fd->options |= NSPA_OPEN_LINK;
    else fd->options &= ~NSPA_OPEN_LINK;
}

/* A reparse point was set or deleted: another object, or one of another name, is there.
 * Who had the old one open has the new one. */
static void nspa_move_fds( struct fd *changed_fd, int dir, const struct nspa_changed *changed )
{
    struct inode *old = (struct inode *)grab_object( changed_fd->inode );
    int same = old->device->dev == changed->dev && old->ino == changed->ino;
    char *old_name = strdup( changed_fd->unix_name ), *name;
    struct closed_fd *closed, *next_closed;
    struct fd *fd, *next;
    int dir_len = strrchr( changed_fd->unix_name, '/' ) + 1 - changed_fd->unix_name;

    LIST_FOR_EACH_ENTRY_SAFE( fd, next, &old->open, struct fd, inode_entry )
    {
        if (!old_name || !fd->unix_name || strcmp( fd->unix_name, old_name )) continue;
        if (!(name = malloc( dir_len + strlen( changed->disk ) + 1 ))) continue;
        sprintf( name, "%.*s%s", dir_len, old_name, changed->disk );
        if (!same) nspa_move_fd( fd, dir, changed, name );
        else
        {
            free( fd->unix_name );
            fd->closed->unix_name = fd->unix_name = name;
        }
        if (fd->unix_name != name) free( name );
    }
    /* what is to be deleted when the last of them is closed */
    if (!same && changed_fd->inode != old)
        LIST_FOR_EACH_ENTRY_SAFE( closed, next_closed, &old->closed, struct closed_fd, entry )
        {
            if (!old_name || !closed->unix_name || strcmp( closed->unix_name, old_name )) continue;
            list_remove( &closed->entry );
            list_add_tail( &changed_fd->inode->closed, &closed->entry );
        }
    if (nspa_lib)
    {
        nspa_publish_inode( old );
        if (changed_fd->inode != old) nspa_publish_inode( changed_fd->inode );
    }
    release_object( old );
    free( old_name );
}

/* the fd of a handle that may change reparse points */
static struct fd *nspa_get_reparse_fd( obj_handle_t handle )
{
    struct fd *fd;

    if (!(fd = get_handle_fd_obj( current->process, handle, 0 ))) return NULL;
    if (!(get_handle_access( current->process, handle ) & (FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES)))
        set_error( STATUS_ACCESS_DENIED );
    else if (!fd->inode || !fd->unix_name || fd->unix_fd == -1)
        set_error( STATUS_INVALID_DEVICE_REQUEST );
    else return fd;
    release_object( fd );
    return NULL;
}

/* set a reparse point, or delete one if there is no value */
static void nspa_change_reparse( obj_handle_t handle, const struct nspa_reparse_value *value,
                                 const void *header, data_size_t header_len )
{
    const struct nspa_reparse_lib *lib;
    struct nspa_changed changed;
    char visible[256];
    const char *base;
    struct stat st;
    struct fd *fd;
    int32_t status;
    int dir;

    if (!(fd = nspa_get_reparse_fd( handle ))) return;
    if (!(lib = nspa_get_reparse_lib())) { }
    else if (fstat( fd->unix_fd, &st ) == -1 || (dir = nspa_open_parent( fd->unix_name, &base )) == -1)
        file_set_error();
    else
    {
        lib->visible_name( dir, base, visible );
        if (nspa_lib) nspa_lib->begin_remove( st.st_dev, st.st_ino );  /* open or not: clients look again */
        nspa_begin_change( fd->unix_name );
        if (value) status = lib->set_reparse( dir, visible, st.st_dev, st.st_ino, value, &changed );
        else status = lib->delete_reparse( dir, visible, st.st_dev, st.st_ino, header, header_len, 0, &changed );
        nspa_end_change();
        if (status) set_error( status );
        else
        {
            nspa_names_changed();
            if (changed.ino) nspa_move_fds( fd, dir, &changed );
        }
        if (nspa_lib) nspa_lib->end_remove( st.st_dev, st.st_ino, 0 );
        close( dir );
    }
    release_object( fd );
}

/* set a reparse point */
DECL_HANDLER(nspa_set_reparse_point)
{
    struct nspa_reparse_value value;
    data_size_t size = get_req_data_size();

    if (req->text_len > size)
    {
        set_error( STATUS_INVALID_PARAMETER );
        return;
    }
    memset( &value, 0, sizeof(value) );
    value.text      = get_req_data();
    value.text_len  = req->text_len;
    value.raw       = (const char *)get_req_data() + req->text_len;
    value.raw_len   = size - req->text_len;
    value.status    = req->status;
    value.otherwise = req->otherwise;
    nspa_change_reparse( req->handle, &value, NULL, 0 );
}

/* delete a reparse point */
DECL_HANDLER(nspa_delete_reparse_point)
{
    nspa_change_reparse( req->handle, NULL, get_req_data(), get_req_data_size() );
}
