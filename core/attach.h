/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attaching the process.
 */

#ifndef __NSPA_ATTACH_H
#define __NSPA_ATTACH_H

#include "table.h"

/* nspa_init(), which has checked init, once no other thread can be in here.  On failure
 * line says why. */
extern int32_t nspa_attach( const struct nspa_init *init, char *line, size_t size );

#endif  /* __NSPA_ATTACH_H */
