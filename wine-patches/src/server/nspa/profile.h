/*
 * Counting and timing requests
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
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin St, Fifth Floor, Boston, MA 02110-1301, USA
 */

#ifndef __WINE_SERVER_NSPA_PROFILE_H
#define __WINE_SERVER_NSPA_PROFILE_H

/* With NSPA_PROFILE=1 the server counts requests by type and measures their
 * handlers. It prints a table to stderr when it ends and on SIGUSR2; with
 * NSPA_PROFILE_FILE, an absolute path, it writes JSON there instead. */

extern int nspa_profiling;
extern void nspa_profile_init(void);
extern void nspa_profile_request_begin(void);
extern void nspa_profile_request_end( unsigned int req );

/* trace.c */
extern const char *nspa_request_name( unsigned int req );

static inline void nspa_profile_begin(void)
{
    if (nspa_profiling) nspa_profile_request_begin();
}

static inline void nspa_profile_end( unsigned int req )
{
    if (nspa_profiling) nspa_profile_request_end( req );
}

#endif  /* __WINE_SERVER_NSPA_PROFILE_H */
