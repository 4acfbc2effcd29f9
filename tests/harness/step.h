/*
 * A look at the protocol between two of its steps
 *
 * Included before everything else.  The table calls NSPA_STEP() between its accesses; a
 * test hooks it and does there what another thread could.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_STEP_H
#define __HARNESS_STEP_H

extern void (*step_hook)( const char *step );

#define NSPA_STEP(name) do { if (step_hook) step_hook( #name ); } while (0)

#endif  /* __HARNESS_STEP_H */
