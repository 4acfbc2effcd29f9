/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sections of local files, and their views.
 */

#ifndef __NSPA_SECTION_H
#define __NSPA_SECTION_H

#include "table.h"

/* Create a section of a pinned file.  Zero if that is wineserver's. */
extern int nspa_section_create( struct nspa_files *files, const struct nspa_file *file,
                                const struct nspa_section *section, struct nspa_opened *opened );

/* Add a view of a pinned section: its number, or -1. */
extern int32_t nspa_view_add( struct nspa_files *files, const struct nspa_file *section );

#endif  /* __NSPA_SECTION_H */
