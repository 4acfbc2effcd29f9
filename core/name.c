/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Unix name of an open file.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "name.h"

static int leads_to( const char *name, const struct nspa_file *file )
{
    struct stat st;

    return !stat( name, &st ) && st.st_dev == file->dev && st.st_ino == file->ino;
}

void nspa_file_name( const struct nspa_file *file, char name[PATH_MAX] )
{
    static const char deleted[] = " (deleted)";
    size_t suffix = sizeof(deleted) - 1;
    char link[32];
    ssize_t len;

    snprintf( link, sizeof(link), "/proc/self/fd/%d", file->fd );
    len = readlink( link, name, PATH_MAX - 1 );
    if (len <= 0 || len >= PATH_MAX - 1 || name[0] != '/')  /* none, cut short, or out of reach */
    {
        strcpy( name, nspa_file_unix_name( file ));
        return;
    }
    name[len] = 0;
    if ((size_t)len > suffix && !strcmp( name + len - suffix, deleted ) && !leads_to( name, file ))
        name[len - suffix] = 0;
}
