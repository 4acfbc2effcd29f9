/*
 * Asking a process for what only it knows; included by thread.c
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

/* Has Unix stopped a process, by a signal or for a debugger of its own? */
static int is_stopped( struct process *process )
{
    char path[64], buffer[512], *state;
    ssize_t len = 0;
    int fd;

    snprintf( path, sizeof(path), "/proc/%d/stat", process->unix_pid );
    if ((fd = open( path, O_RDONLY | O_CLOEXEC )) == -1) return 0;
    len = read( fd, buffer, sizeof(buffer) - 1 );
    close( fd );
    if (len <= 0) return 0;
    buffer[len] = 0;
    return (state = strrchr( buffer, ')' )) && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
}

/* A process may have a local file that the server does not know, and another process
 * wants a duplicate of it, or have a child inherit it. So let the process hand it over
 * first, unless it is stopped. It may be held up in other ways, so the caller waits for
 * it no longer than it likes, and then asks for what it wants in any case.
 *
 * The call is one to duplicate a handle that does not close the source: that is never
 * a client's. No handle stands for all that can be inherited. */
DECL_HANDLER(nspa_ask_promotion)
{
    struct process *process;
    struct thread_apc *apc;
    union apc_call call;

    if (!(process = get_process_from_handle( req->process, req->handle ? PROCESS_DUP_HANDLE : PROCESS_CREATE_PROCESS )))
        return;
    memset( &call, 0, sizeof(call) );
    call.dup_handle.type = APC_DUP_HANDLE;
    call.dup_handle.src_handle = req->handle;
    if (process != current->process && nspa_may_promote( process, req->handle ) &&
        !is_stopped( process ) && (apc = create_apc( NULL, &call )))
    {
        if ((reply->apc = alloc_handle( current->process, apc, SYNCHRONIZE, 0 )))
        {
            if (queue_apc( process, NULL, apc )) apc->caller = (struct thread *)grab_object( current );
            else
            {
                close_handle( current->process, reply->apc );
                reply->apc = 0;
            }
        }
        release_object( apc );
    }
    release_object( process );
}
