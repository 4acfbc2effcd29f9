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

#include "config.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"

#include "file.h"
#include "object.h"
#include "request.h"
#include "nspa/profile.h"

int nspa_profiling;

static struct counter
{
    unsigned int req;
    uint64_t     count;
    uint64_t     ns;
    uint64_t     max_ns;
} counters[REQ_NB_REQUESTS];

static uint64_t profile_start;
static uint64_t request_start;

static uint64_t now(void)
{
    struct timespec ts;

    clock_gettime( CLOCK_MONOTONIC, &ts );
    return ts.tv_sec * (uint64_t)1000000000 + ts.tv_nsec;
}

void nspa_profile_request_begin(void)
{
    request_start = now();
}

void nspa_profile_request_end( unsigned int req )
{
    uint64_t ns = now() - request_start;

    if (req >= REQ_NB_REQUESTS) return;
    counters[req].count++;
    counters[req].ns += ns;
    if (counters[req].max_ns < ns) counters[req].max_ns = ns;
}

static int compare_counters( const void *a, const void *b )
{
    const struct counter *x = a, *y = b;

    if (x->ns != y->ns) return x->ns < y->ns ? 1 : -1;
    return x->req < y->req ? -1 : 1;
}

/* sort what was counted; returns how many types there are, and the sum */
static unsigned int sort_counters( struct counter *sorted, struct counter *total )
{
    unsigned int i, n = 0;

    memset( total, 0, sizeof(*total) );
    for (i = 0; i < REQ_NB_REQUESTS; i++)
    {
        if (!counters[i].count) continue;
        sorted[n] = counters[i];
        sorted[n++].req = i;
        total->count += counters[i].count;
        total->ns    += counters[i].ns;
    }
    qsort( sorted, n, sizeof(*sorted), compare_counters );
    return n;
}

static void print_table( const struct counter *sorted, unsigned int n, const struct counter *total )
{
    unsigned int i;

    fprintf( stderr, "wineserver: %llu requests, %.3f ms in their handlers\n",
             (unsigned long long)total->count, total->ns / 1e6 );
    fprintf( stderr, "%-36s %10s %12s %9s %9s\n", "request", "count", "total us", "mean us", "max us" );
    for (i = 0; i < n; i++)
        fprintf( stderr, "%-36s %10llu %12.1f %9.2f %9.2f\n", nspa_request_name( sorted[i].req ),
                 (unsigned long long)sorted[i].count, sorted[i].ns / 1e3,
                 sorted[i].ns / 1e3 / sorted[i].count, sorted[i].max_ns / 1e3 );
}

static void write_json( const char *path, const struct counter *sorted, unsigned int n, const struct counter *total )
{
    char temp[PATH_MAX];
    unsigned int i;
    FILE *file;

    if (snprintf( temp, sizeof(temp), "%s.%u", path, (unsigned int)getpid() ) >= sizeof(temp)) return;
    if (!(file = fopen( temp, "w" )))
    {
        fprintf( stderr, "wineserver: cannot write %s\n", temp );
        return;
    }
    fprintf( file, "{\"schema\":1,\"pid\":%u,\"uptime_ns\":%llu,\"total\":{\"count\":%llu,\"ns\":%llu},\"requests\":[",
             (unsigned int)getpid(), (unsigned long long)(now() - profile_start),
             (unsigned long long)total->count, (unsigned long long)total->ns );
    for (i = 0; i < n; i++)
        fprintf( file, "%s\n{\"name\":\"%s\",\"count\":%llu,\"ns\":%llu,\"max_ns\":%llu}", i ? "," : "",
                 nspa_request_name( sorted[i].req ), (unsigned long long)sorted[i].count,
                 (unsigned long long)sorted[i].ns, (unsigned long long)sorted[i].max_ns );
    fprintf( file, "]}\n" );
    if (fclose( file ) || rename( temp, path ))
    {
        fprintf( stderr, "wineserver: cannot write %s\n", path );
        unlink( temp );
    }
}

static void dump_profile(void)
{
    const char *path = getenv( "NSPA_PROFILE_FILE" );
    struct counter sorted[REQ_NB_REQUESTS], total;
    unsigned int n = sort_counters( sorted, &total );

    if (path && *path) write_json( path, sorted, n, &total );
    else print_table( sorted, n, &total );
}

static void signal_poll_event( struct fd *fd, int event )
{
    struct signalfd_siginfo info;

    if (read( get_unix_fd( fd ), &info, sizeof(info) ) == sizeof(info)) dump_profile();
}

static const struct fd_ops signal_fd_ops =
{
    NULL,                         /* get_poll_events */
    signal_poll_event             /* poll_event */
};

void nspa_profile_init(void)
{
    const char *env = getenv( "NSPA_PROFILE" );
    sigset_t set;
    struct fd *fd;
    int unix_fd;

    if (!env || strcmp( env, "1" )) return;
    nspa_profiling = 1;
    profile_start = now();
    atexit( dump_profile );

    sigemptyset( &set );
    sigaddset( &set, SIGUSR2 );
    sigprocmask( SIG_BLOCK, &set, NULL );
    if ((unix_fd = signalfd( -1, &set, SFD_CLOEXEC | SFD_NONBLOCK )) == -1) return;
    if (!(fd = create_anonymous_fd( &signal_fd_ops, unix_fd, NULL, 0 ))) return;
    make_object_permanent( (struct object *)fd );
    set_fd_events( fd, POLLIN );
}
