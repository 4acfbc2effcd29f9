/*
 * T3: memory of the Windows program is not touched in the library
 *
 * Wine handles a fault on an address of the program by leaving all frames down
 * to the system call, with whatever locks they hold.  The division: ntdll's
 * glue copies names before it calls, data goes by read() from the kernel to
 * the program's buffer without the library, and the library reads of its
 * arguments exactly what their lengths say.
 *
 * Tried (tests/traps/run.sh) with the gate's look at the name's end moved before
 * its look at the length: the client died of the fault.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "world.h"

/* size bytes that end where memory ends. */
static char *at_the_edge( const void *data, size_t size )
{
    size_t pages = (size + 4095) / 4096 * 4096;
    char *base = mmap( NULL, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );

    mprotect( base + pages, 4096, PROT_NONE );
    return memcpy( base + pages - size, data, size );
}

static int64_t edges( void *path )
{
    static const uint16_t name[] = { '\\', 'f', '.', 't', 'x', 't' };
    struct nspa_open open =
    {
        .access = READ_DATA, .sharing = 7, .disposition = FILE_OPEN, .options = OPEN_SYNC
    }, *copy;
    static const struct nspa_opened nothing;
    struct nspa_opened *opened = (void *)at_the_edge( &nothing, sizeof(nothing) );
    void *nowhere = mmap( NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );
    char buffer[8];
    uint32_t len;

    /* nothing beyond the ends: names, structures */
    open.unix_name = at_the_edge( path, strlen( path ) + 1 );
    for (len = 2; len <= sizeof(name); len += 2)
    {
        open.nt_name = (void *)at_the_edge( name, len );
        open.nt_len = len;
        copy = (void *)at_the_edge( &open, sizeof(open) );
        CHECK_EQ( lib.nspa_local_file_try_bypass( copy, opened ), STATUS_SUCCESS );
        CHECK_EQ( lib.nspa_local_file_close( opened->handle ), STATUS_SUCCESS );
    }

    /* a length that is none is not believed */
    open.nt_name = nowhere;
    open.nt_len = 0;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &open, opened ), STATUS_NOT_SUPPORTED );
    open.nt_len = 9;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &open, opened ), STATUS_NOT_SUPPORTED );
    open.nt_len = 0xfffffffe;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &open, opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened->reason, NSPA_BAD_REQUEST );
    /* nor are names looked at that will not be served anyway */
    open.unix_name = nowhere;
    open.nt_len = 20;
    open.access = WRITE_DATA;
    CHECK_EQ( lib.nspa_local_file_try_bypass( &open, opened ), STATUS_NOT_SUPPORTED );
    CHECK_EQ( opened->reason, NSPA_ACCESS );


    /* a program's bad buffer is between it and the kernel */
    CHECK_EQ( nt_open_read( path, READ_DATA, 7, &len ), NSPA_SERVED );
    CHECK_EQ( nt_read( len, nowhere, 4, 0 ), -1 );
    CHECK_EQ( errno, EFAULT );
    CHECK_EQ( nt_read( len, buffer, 4, 0 ), 4 );
    CHECK_EQ( nt_close( len ), STATUS_SUCCESS );
    return 0;
}

static void trap_t3_memory(void)
{
    struct process *client;
    char path[400];

    strcpy( path, make_file( "file" ));
    start_server();
    client = start_client();
    CHECK_EQ( call( client, edges, path, sizeof(path) ), 0 );
    check_table_empty();
}

const struct test memory_tests[] = { T( trap_t3_memory ), { 0 } };
