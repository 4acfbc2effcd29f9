/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The open path: gate, look, open, look again, publish, check, commit.
 *
 * The file is opened first and published then.  wineserver may unlink or replace it in
 * between.  It does so with POISON up, under which nothing is published, and bumps the
 * name epoch before it lets go.  So if the epoch is what it was before the open, what is
 * published is what the name leads to; if not, the name is looked at again.
 *
 * Which error a failure means is wineserver's to say, since it maps errno differently
 * from any client: everything that fails here is declined.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "gate.h"
#include "open.h"

/* Names of drives begin with the prefix, whose directory is kept open: the way there is
 * not walked at each open. */
static int dir_of( const struct nspa_files *files, const char **name )
{
    uint32_t len = files->prefix_len;

    if (!len || strncmp( *name, files->prefix, len ) || !(*name)[len] || (*name)[len] == '/') return AT_FDCWD;
    *name += len;
    return files->prefix_fd;
}

static int stat_name( const struct nspa_files *files, const char *name, struct stat *st )
{
    int dir = dir_of( files, &name );

    return fstatat( dir, name, st, 0 );
}

static int open_name( const struct nspa_files *files, const char *name )
{
    int dir = dir_of( files, &name );

    return openat( dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY );
}

/* May what a name leads to be served?  If it is not what the options ask for, wineserver
 * says so.  While a program watches a directory with all that are below it, wineserver has
 * to open every directory, to add it to what is watched. */
static uint32_t check_kind( struct nspa_files *files, const struct nspa_open *open, mode_t mode )
{
    if (S_ISREG( mode )) return open->options & FILE_DIRECTORY_FILE ? NSPA_OPTIONS : NSPA_SERVED;
    if (!S_ISDIR( mode )) return NSPA_NOT_REGULAR;
    if (open->options & FILE_NON_DIRECTORY_FILE) return NSPA_OPTIONS;
    return nspa_client_trees_watched( &files->client ) ? NSPA_TABLE_DECLINED : NSPA_SERVED;
}

/* Opening a device or a FIFO has effects, so what nobody has seen is looked at first. */
static uint32_t look_first( struct nspa_files *files, const struct nspa_open *open )
{
    struct stat st;

    if (stat_name( files, open->unix_name, &st )) return NSPA_UNIX_ERROR;
    return check_kind( files, open, st.st_mode );
}

static uint32_t look_at( struct nspa_files *files, const struct nspa_open *open, int fd, struct stat *st )
{
    uint32_t reason;

    if (fstat( fd, st )) return NSPA_UNIX_ERROR;
    if ((reason = check_kind( files, open, st->st_mode )) != NSPA_SERVED) return reason;
    if (!st->st_nlink) return NSPA_CHANGED;
    return nspa_is_server_device( fd, st->st_dev ) ? NSPA_SERVER_DEVICE : NSPA_SERVED;
}

/* as wineserver does */
static void advise( int fd, uint32_t options )
{
    switch (options & (FILE_SEQUENTIAL_ONLY | FILE_RANDOM_ACCESS))
    {
    case FILE_SEQUENTIAL_ONLY: posix_fadvise( fd, 0, 0, POSIX_FADV_SEQUENTIAL ); break;
    case FILE_RANDOM_ACCESS:   posix_fadvise( fd, 0, 0, POSIX_FADV_RANDOM ); break;
    }
}

static struct nspa_file *reserve( struct nspa_files *files, const struct nspa_open *open, uint32_t access,
                                  const struct stat *st, size_t unix_len )
{
    struct nspa_file *file = nspa_file_reserve( files );

    if (!file) return NULL;
    file->access     = access;
    file->sharing    = open->sharing;
    file->options    = open->options;
    file->attributes = open->attributes;
    file->directory  = S_ISDIR( st->st_mode );
    file->dev        = st->st_dev;
    file->ino        = st->st_ino;
    file->size       = file->directory ? 0 : st->st_size;
    file->nt_len     = open->nt_len;
    memset( &file->section, 0, sizeof(file->section) );
    memcpy( file->names, open->nt_name, open->nt_len );
    memcpy( file->names + open->nt_len, open->unix_name, unix_len );
    return file;
}

/* Does the name still lead to what was opened? */
static int is_in_place( const struct nspa_files *files, const char *name, const struct nspa_file *file )
{
    struct stat st;

    return !stat_name( files, name, &st ) && st.st_dev == file->dev && st.st_ino == file->ino;
}

/* Publish what was opened as fd, and make it a handle. */
static uint32_t commit( struct nspa_files *files, const struct nspa_open *open, uint32_t access, int fd,
                        const struct stat *st, uint32_t names, struct nspa_opened *opened )
{
    size_t unix_len = strlen( open->unix_name ) + 1;
    struct nspa_file *file;
    uint32_t reason;

    if (open->nt_len > sizeof(file->names) || unix_len > sizeof(file->names) - open->nt_len)
        return NSPA_NAME_TOO_LONG;
    if (!(file = reserve( files, open, access, st, unix_len ))) return NSPA_NO_HANDLE;
    if ((reason = nspa_file_publish( files, file, 0 )) != NSPA_SERVED)
    {
        nspa_file_give_back( files, file );
        return reason;
    }
    NSPA_STEP( published );
    if (nspa_client_name_epoch( &files->client ) != names && !is_in_place( files, open->unix_name, file ))
    {
        nspa_file_retract( files, file, 0 );
        nspa_file_give_back( files, file );
        return NSPA_CHANGED;
    }
    advise( fd, open->options );
    opened->access    = access;
    opened->directory = file->directory;
    opened->handle    = nspa_file_commit( files, file, fd, 0 );
    return NSPA_SERVED;
}

uint32_t nspa_open_file( struct nspa_files *files, const struct nspa_open *open, struct nspa_opened *opened )
{
    uint32_t access, reason, names;
    struct stat st;
    uint64_t hint;
    int fd, hinted;

    if ((reason = nspa_gate( open, &access )) != NSPA_SERVED) return reason;
    names = nspa_client_name_epoch( &files->client );
    hint = nspa_hint_of( &files->hints, open->unix_name );
    hinted = nspa_hint_known( &files->hints, hint );
    if (!hinted && (reason = look_first( files, open )) != NSPA_SERVED) return reason;

    NSPA_STEP( looked );
    if ((fd = open_name( files, open->unix_name )) == -1) reason = NSPA_UNIX_ERROR;
    else if ((reason = look_at( files, open, fd, &st )) == NSPA_SERVED)
        reason = commit( files, open, access, fd, &st, names, opened );

    if (reason == NSPA_SERVED)
    {
        if (!hinted) nspa_hint_add( &files->hints, hint );
        return NSPA_SERVED;
    }
    if (hinted && (reason == NSPA_UNIX_ERROR || reason == NSPA_NOT_REGULAR)) nspa_hint_drop( &files->hints, hint );
    if (fd != -1) close( fd );
    return reason;
}
