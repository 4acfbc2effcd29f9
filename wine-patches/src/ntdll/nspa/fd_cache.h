/*
 * Local files in the fd cache; included by server.c
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

/* The cache is what reads a local file: every user of server_get_unix_fd()
 * finds it there, without a lock. Its block is allocated beforehand, so that
 * adding an entry needs no fd_cache_mutex either. */
BOOL nspa_fd_cache_init(void)
{
    unsigned int last = FD_CACHE_ENTRIES - 1;
    sigset_t sigset;

    server_enter_uninterrupted_section( &fd_cache_mutex, &sigset );
    if (!fd_cache[last])
    {
        void *ptr = anon_mmap_alloc( FD_CACHE_BLOCK_SIZE * sizeof(union fd_cache_entry), PROT_READ | PROT_WRITE );
        if (ptr != MAP_FAILED) fd_cache[last] = ptr;
    }
    server_leave_uninterrupted_section( &fd_cache_mutex, &sigset );
    return fd_cache[last] != NULL;
}

/* Which entries local handles have is for the library alone to change, as part of what
 * it does with the handle: remove_fd_from_cache() leaves them. */
static union fd_cache_entry exchange_entry( HANDLE handle, union fd_cache_entry entry )
{
    unsigned int block, idx = handle_to_index( handle, &block );

    entry.data = interlocked_xchg64( &fd_cache[block][idx].data, entry.data );
    return entry;
}

void nspa_fd_cache_add( HANDLE handle, int fd, enum server_fd_type type, unsigned int access, unsigned int options )
{
    union fd_cache_entry entry = { .s = { .fd = fd + 1, .type = type, .access = access, .options = options } };

    exchange_entry( handle, entry );
}

int nspa_fd_cache_remove( HANDLE handle )
{
    union fd_cache_entry entry = { 0 };

    entry = exchange_entry( handle, entry );
    return entry.s.type != FD_TYPE_INVALID ? entry.s.fd - 1 : -1;
}

/* Receive a descriptor that the server sent with a reply, and what stands in the place of
 * its handle. */
int nspa_receive_fd( unsigned int *what )
{
    obj_handle_t handle;
    sigset_t sigset;
    int fd;

    server_enter_uninterrupted_section( &fd_cache_mutex, &sigset );
    fd = receive_fd( &handle );
    server_leave_uninterrupted_section( &fd_cache_mutex, &sigset );
    *what = handle;
    return fd;
}
