/*
 * wineserver unlinks a file while a process opens it as one that is known
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "test.h"
#include "suites.h"
#include "../../capi/server/private.h"
#include "../../core/known.h"

struct known_file
{
    char        path[64];
    struct stat st;
};

static void known_child( void *arg )
{
    const struct known_file *file = arg;
    const struct nspa_known known =
    {
        .dev = file->st.st_dev,
        .granted = nspa_known_granted( READ, S_IFREG )
    };
    struct nspa_files *files = mmap( NULL, sizeof(*files), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    struct nspa_open open = { .unix_name = file->path, .nt_name = u"x", .nt_len = 2, .sharing = NSPA_SHARE_ALL };
    struct nspa_inode drained = { 0, 0 };
    struct nspa_opened opened;

    files->client = me->client;
    me->control->result = nspa_file_open_known( files, &open, &known, &opened, &drained );
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
    child = spawn_armed( known_child, &file, STEP_opened, SIGSTOP );
    CHECK( await( child, 2000 ) == 1, "did not open" );
    CHECK( nspa_server_count( file.st.st_dev, file.st.st_ino ) == 0, "published already" );
    if (unlinks) unlink( file.path );
    nspa_server_bump_names();
    nspa_server_publish( file.st.st_dev, file.st.st_ino, &none, &clients );
    kill( child->pid, SIGCONT );
    CHECK( await( child, 2000 ) == 0, "hangs" );
    CHECK( child->control->result == want, "%u, not %u", child->control->result, want );
    CHECK( nspa_server_count( file.st.st_dev, file.st.st_ino ) == !unlinks, "open" );
    reap( child );
    nspa_server_publish( file.st.st_dev, file.st.st_ino, &none, &clients );
    if (!unlinks) unlink( file.path );
    CHECK( !check_quiescent( nspa_table, 1, "unlinked meanwhile" ), "unlinked meanwhile" );
}

void run_known(void)
{
    unlinked_meanwhile( 1, NSPA_CHANGED );
    unlinked_meanwhile( 0, NSPA_SERVED );
}
