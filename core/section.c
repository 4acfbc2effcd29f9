/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sections of local files, and their views.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "section.h"

/* A published entry for a section of a file, or a view of a section; nobody knows it yet. */
static struct nspa_file *reserve( struct nspa_files *files, const struct nspa_file *from,
                                  const struct nspa_section *section )
{
    struct nspa_file *file = nspa_file_reserve( files );
    size_t len = from->nt_len + strlen( nspa_file_unix_name( from )) + 1;

    if (!file) return NULL;
    file->access     = from->access;
    file->sharing    = from->sharing;
    file->options    = from->options;
    file->attributes = 0;
    file->directory  = 0;
    file->nt_len     = from->nt_len;
    file->dev        = from->dev;
    file->ino        = from->ino;
    file->size       = 0;
    file->section    = *section;
    memcpy( file->names, from->names, len );
    if (nspa_file_publish( files, file, NSPA_STATE_SECTION ) == NSPA_SERVED) return file;
    nspa_file_give_back( files, file );
    return NULL;
}

static void cancel( struct nspa_files *files, struct nspa_file *file, int fd )
{
    close( fd );
    nspa_file_retract( files, file, NSPA_STATE_SECTION );
    nspa_file_give_back( files, file );
}

/* The size is looked up after the mapping is published: from then on wineserver does not
 * truncate the file. */
int nspa_section_create( struct nspa_files *files, const struct nspa_file *file,
                         const struct nspa_section *section, struct nspa_opened *opened )
{
    struct nspa_file *entry;
    struct stat st;
    int fd;

    if (!section->access || (section->file_access & ~file->access)) return 0;
    if ((fd = fcntl( file->fd, F_DUPFD_CLOEXEC, 0 )) == -1) return 0;
    if (!(entry = reserve( files, file, section )))
    {
        close( fd );
        return 0;
    }
    if (fstat( fd, &st ) || !S_ISREG( st.st_mode ) || st.st_size <= 0 || section->size > (uint64_t)st.st_size)
    {
        cancel( files, entry, fd );
        return 0;
    }
    if (!section->size) entry->section.size = st.st_size;
    entry->access  = section->file_access;  /* of the file that wineserver makes for a moment to map it */
    entry->sharing = NSPA_SHARE_ALL;
    entry->options = FILE_SYNCHRONOUS_IO_NONALERT;
    opened->handle = nspa_file_commit( files, entry, fd, NSPA_STATE_SECTION );
    opened->access = section->access;
    opened->reason = NSPA_SERVED;
    return 1;
}

int32_t nspa_view_add( struct nspa_files *files, const struct nspa_file *section )
{
    struct nspa_file *view = reserve( files, section, &section->section );

    return view ? (int32_t)nspa_view_commit( files, view ) : -1;
}
