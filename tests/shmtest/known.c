/*
 * wineserver unlinks a file while a process opens it as one that is known
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "test.h"
#include "suites.h"
#include "../../capi/server/private.h"
#include "../../core/open.h"
#include "../../core/thread.h"

struct known_file
{
    char        path[64];
    struct stat st;
};

static void add_fd( uint32_t handle, int fd, uint32_t access, uint32_t options, int directory )
{
    (void)handle; (void)fd; (void)access; (void)options; (void)directory;
}

static void known_child( void *arg )
{
    const struct known_file *file = arg;
    struct nspa_files *files = mmap( NULL, sizeof(*files), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    struct nspa_open open = { .unix_name = file->path, .nt_name = u"x", .nt_len = 2, .access = 0x80000000, .sharing = 7,
                              .disposition = 1, .options = 0x20, .attributes = 0x40 };
    struct nspa_opened opened;

    if (nspa_threads_init( 0 ) || !nspa_hold()) _exit( 1 );
    files->client = me->client;
    files->host.add_fd = add_fd;
    nspa_hints_init( &files->hints );
    nspa_files_init( files, 1, NULL, 0 );
    me->control->result = nspa_open_file( files, &open, &opened );
}

/* Between the open of a file and its publication wineserver finds that nobody has it,
 * unlinks it if it is to, and goes on. */
static void unlinked_meanwhile( int unlinks, uint32_t want )
{
    static const struct nspa_share none;
    struct known_file file = { .path = "/tmp/nspa-known.XXXXXX" };
    struct nspa_share clients;
    struct child *child;
    int fd = mkstemp( file.path );

    CHECK( fd != -1 && !fstat( fd, &file.st ), "%s", file.path );
    close( fd );
    child = spawn_armed( known_child, &file, STEP_lock, SIGSTOP );
    CHECK( await( child, 2000 ) == 1, "did not open" );
    CHECK( nspa_server_begin_remove( file.st.st_dev, file.st.st_ino ) == 0, "published already" );
    if (unlinks) unlink( file.path );
    nspa_server_end_remove( file.st.st_dev, file.st.st_ino, unlinks );
    kill( child->pid, SIGCONT );
    CHECK( await( child, 2000 ) == 0, "hangs" );
    CHECK( child->control->result == want, "%u, not %u", child->control->result, want );
    CHECK( nspa_server_count( file.st.st_dev, file.st.st_ino ) == !unlinks, "open" );
    reap( child );
    nspa_server_publish( file.st.st_dev, file.st.st_ino, &none, &clients );
    if (!unlinks) unlink( file.path );
    CHECK( !check_quiescent( 1, "unlinked meanwhile" ), "unlinked meanwhile" );
}

void run_known(void)
{
    unlinked_meanwhile( 1, NSPA_CHANGED );
    unlinked_meanwhile( 0, NSPA_SERVED );
}
