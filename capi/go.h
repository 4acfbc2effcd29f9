/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Entering Go.
 */

#ifndef __NSPA_CAPI_GO_H
#define __NSPA_CAPI_GO_H

#include <stddef.h>
#include <stdint.h>

#include "../core/thread.h"

/* How the host tells which stack it runs us on. */
extern void nspa_go_set_host( int (*stack_bounds)( const void *sp, void **low, size_t *size ));

/* What nspa_go_enter() changes and nspa_go_leave() puts back. */
struct nspa_go_call
{
    struct nspa_thread_record *self;
    uint64_t                   mask;
};

/* Around each call of a Go function.  The first starts the Go runtime.  All signals are
 * blocked in between: Wine suspends and ends threads by signals, and one stopped inside
 * would hold the runtime.  Zero: the runtime cannot run in this process, do not call. */
extern int nspa_go_enter( struct nspa_go_call *call );
extern void nspa_go_leave( struct nspa_go_call *call );

#endif  /* __NSPA_CAPI_GO_H */
