/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which opens may be served in the process, by their arguments alone.
 */

#ifndef __NSPA_GATE_H
#define __NSPA_GATE_H

#include "../include/nspa.h"

/* Returns enum nspa_reason; with NSPA_SERVED, *access has generic rights mapped. */
extern uint32_t nspa_gate( const struct nspa_open *open, uint32_t *access );

#endif  /* __NSPA_GATE_H */
