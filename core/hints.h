/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names that need no stat() before they are opened.
 */

#ifndef __NSPA_HINTS_H
#define __NSPA_HINTS_H

#include <stdint.h>

/* An open looks at a name before it opens it, since opening a device or a FIFO has
 * effects.  That look is saved where this process has seen a regular file or a directory
 * under the name: it has opened or listed one.
 *
 * That is all a hint says.  What is opened is always the name that was asked for, and
 * what came of it is told by fstat(), so that a hint may be outdated, and hashes of two
 * names may even agree: a look was saved where one was due, no more.  The hash is keyed,
 * so that nobody makes them agree on purpose.
 *
 * A word is one hint, read and written by any thread.  The set is of a fixed size. */
#define NSPA_HINT_SETS  2048u
#define NSPA_HINT_WAYS  8u     /* a cache line */

struct nspa_hints
{
    uint64_t key;
    uint64_t set[NSPA_HINT_SETS][NSPA_HINT_WAYS] __attribute__((aligned(64)));
};

extern void nspa_hints_init( struct nspa_hints *hints );

/* What a name is known by, never zero.  The second form is that of dir, a slash (unless
 * dir ends in one), and name. */
extern uint64_t nspa_hint_of( const struct nspa_hints *hints, const char *name );
extern uint64_t nspa_hint_in( const struct nspa_hints *hints, const char *dir, const char *name );

extern int nspa_hint_known( struct nspa_hints *hints, uint64_t hint );
extern void nspa_hint_add( struct nspa_hints *hints, uint64_t hint );
extern void nspa_hint_drop( struct nspa_hints *hints, uint64_t hint );

#endif  /* __NSPA_HINTS_H */
