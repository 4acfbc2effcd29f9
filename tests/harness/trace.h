/*
 * The system calls of another process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_TRACE_H
#define __HARNESS_TRACE_H

#include <stdint.h>

#include "world.h"

struct system_calls
{
    uint32_t total;
    uint32_t looks;      /* stat() of whatever kind */
    uint32_t opens;
    uint32_t closes;
    uint32_t masks;      /* changes of the signal mask */
};

/* call() in the process's main thread, and what system calls it made between the two
 * times that func called trace_mark(), or all after the first.  Zero if the machine
 * does not let processes be traced. */
extern int trace_call( struct process *process, remote_func func, void *arg, size_t size,
                       struct system_calls *calls );

/* In the process. */
extern void trace_mark(void);

#endif  /* __HARNESS_TRACE_H */
