/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Unix name of an open file.
 */

#ifndef __NSPA_NAME_H
#define __NSPA_NAME_H

#include <limits.h>

#include "table.h"

/* Where the file of a pinned entry is, absolute and without symbolic links: the kernel is
 * asked, since links on the way that the name took, and directories, may have been
 * switched, renamed or mounted over since.  Of a deleted file, where it was.  If the
 * kernel does not know, the name it was opened by. */
extern void nspa_file_name( const struct nspa_file *file, char name[PATH_MAX] );

#endif  /* __NSPA_NAME_H */
