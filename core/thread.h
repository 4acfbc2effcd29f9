/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the library keeps of each thread that enters it.
 */

#ifndef __NSPA_THREAD_H
#define __NSPA_THREAD_H

#include "shm.h"

/* A thread that is suspended or ended in the middle of the library's work would keep
 * what it holds, so signals wait until nspa_release().  Where the host's handlers ask
 * nspa_hold_signal(), holding is a counter; else all signals are blocked. */
struct nspa_thread_record
{
    struct nspa_thread         id;
    uint32_t                   held;      /* depth of nspa_hold() */
    uint32_t                   pending;   /* bit by number: signals to send again */
    uint64_t                   mask;      /* the caller's, while all are blocked */
    struct nspa_thread_record *next;      /* of all records, for ever */
    uint32_t                   in_use;
    uint64_t                   opens[NSPA_REASON_COUNT];
    uint64_t                   sections;
    uint64_t                   promotions;
    uint64_t                   local_closes;
    void                      *stack;     /* while in Go, the stack it entered from, if the host knows */
    size_t                     stack_size;
};

/* Before any other function here.  Zero, or errno. */
extern int nspa_threads_init( int host_holds_signals );

/* The calling thread's, NULL if there is no memory for one.  Belongs to the thread
 * until it ends; what it has counted stays. */
extern struct nspa_thread_record *nspa_thread_record(void);

/* The same, but NULL if the thread has none yet. */
extern struct nspa_thread_record *nspa_thread_known(void);

/* From hold to release no signal suspends or ends the thread.  They nest.
 * NULL: not held, and nothing may be done. */
extern struct nspa_thread_record *nspa_hold(void);
extern void nspa_release( struct nspa_thread_record *self );

/* Sum up what all threads have counted. */
extern void nspa_threads_sum( uint64_t opens[NSPA_REASON_COUNT], uint64_t *sections, uint64_t *promotions,
                              uint64_t *local_closes );

#endif  /* __NSPA_THREAD_H */
