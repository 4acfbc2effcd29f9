/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Giving local handles to wineserver.
 */

#ifndef __NSPA_PROMOTE_H
#define __NSPA_PROMOTE_H

#include "table.h"

/* What the host must know of a pinned entry.  unix_name is the caller's memory, and has
 * PATH_MAX bytes. */
extern void nspa_file_describe( struct nspa_files *files, const struct nspa_file *file,
                                struct nspa_promotion *promotion, char *unix_name );

/* Give wineserver these entries, as far as they are local; kinds as nspa_kind_of() has
 * them.  One round trip for each NSPA_PROMOTE_MAX files, and for each section.  Returns how
 * many were promoted; *status, unless it is NULL, is the last failure's or zero. */
extern uint32_t nspa_promote_handles( struct nspa_files *files, const uint64_t *handles, uint32_t count,
                                      int32_t *status );

/* All that were opened with OBJ_INHERIT. */
extern uint32_t nspa_promote_inheritable( struct nspa_files *files );

#endif  /* __NSPA_PROMOTE_H */
