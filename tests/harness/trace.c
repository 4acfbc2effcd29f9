/*
 * The system calls of another process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#include "trace.h"

#define MARK SYS_getppid

void trace_mark(void)
{
    syscall( MARK );
}

static void note( struct system_calls *calls, uint64_t number )
{
    calls->total++;
    switch (number)
    {
    case SYS_stat: case SYS_lstat: case SYS_fstat: case SYS_newfstatat: case SYS_statx: calls->looks++; break;
    case SYS_open: case SYS_openat: calls->opens++; break;
    case SYS_close: calls->closes++; break;
    case SYS_rt_sigprocmask: calls->masks++; break;
    }
}

/* Until the second mark, or until the process is gone. */
static void follow( pid_t pid, struct system_calls *calls )
{
    struct __ptrace_syscall_info info;
    int status, marks = 0, sig = 0;

    while (marks < 2)
    {
        if (ptrace( PTRACE_SYSCALL, pid, NULL, sig ) || waitpid( pid, &status, 0 ) != pid || !WIFSTOPPED( status )) return;
        sig = 0;
        if (WSTOPSIG( status ) != (SIGTRAP | 0x80))
        {
            if (!(status >> 16)) sig = WSTOPSIG( status );
            continue;
        }
        if (ptrace( PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info ) <= 0) return;
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
        if (info.entry.nr == MARK) marks++;
        else if (marks) note( calls, info.entry.nr );
    }
}

int trace_call( struct process *process, remote_func func, void *arg, size_t size, struct system_calls *calls )
{
    int status;

    memset( calls, 0, sizeof(*calls) );
    if (ptrace( PTRACE_SEIZE, process->pid, NULL, PTRACE_O_TRACESYSGOOD )) return 0;
    if (ptrace( PTRACE_INTERRUPT, process->pid, NULL, NULL ) || waitpid( process->pid, &status, 0 ) != process->pid)
        return 0;
    call_begin( process, func, arg, size );
    follow( process->pid, calls );
    ptrace( PTRACE_DETACH, process->pid, NULL, NULL );
    call_end( process, arg, size );
    return 1;
}
