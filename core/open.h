/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The open path.
 */

#ifndef __NSPA_OPEN_H
#define __NSPA_OPEN_H

#include "table.h"

/* Serve an open, or decline it and leave no trace.  Returns enum nspa_reason; with
 * NSPA_SERVED, *opened is filled.  Signals held. */
extern uint32_t nspa_open_file( struct nspa_files *files, const struct nspa_open *open, struct nspa_opened *opened );

#endif  /* __NSPA_OPEN_H */
