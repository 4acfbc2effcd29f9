/*
 * The bracket around every entry into the library
 *
 * Copyright 2026 the nspa authors
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * ---------------------------------------------------------------------------
 */

#ifndef __NSPA_ENTRY_H
#define __NSPA_ENTRY_H

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../include/nspa.h"

/* Block all signals and return the mask to go back to.  Wine suspends a thread
 * with SIGUSR1 and ends it with SIGQUIT; inside Go or under a lock either would
 * stop the whole process.  The raw system call, because libc keeps its own
 * signals out of the full set, and because Go changes the mask behind libc. */
static inline uint64_t nspa_enter(void)
{
    uint64_t all = ~UINT64_C(0), old = 0;

    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old) );
    return old;
}

static inline void nspa_leave( uint64_t old )
{
    syscall( SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old) );
}

/* The same where there is no Go: the host may know a cheaper way. */
static inline uint64_t nspa_hold( const struct nspa_host *host )
{
    if (!host->hold_signals) return nspa_enter();
    host->hold_signals();
    return 0;
}

static inline void nspa_release( const struct nspa_host *host, uint64_t old )
{
    if (!host->hold_signals) nspa_leave( old );
    else host->release_signals();
}

#endif  /* __NSPA_ENTRY_H */
