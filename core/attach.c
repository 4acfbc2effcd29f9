/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attaching the process.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"

/* Open the directory that drives' names start with. */
static void open_prefix( struct nspa_files *files, const char *prefix )
{
    size_t len = prefix ? strlen( prefix ) : 0;

    if (!len || len + 2 > sizeof(files->prefix) || prefix[0] != '/' || prefix[len - 1] == '/') return;
    if ((files->prefix_fd = open( prefix, O_PATH | O_DIRECTORY | O_CLOEXEC )) == -1) return;
    memcpy( files->prefix, prefix, len );
    files->prefix[len] = '/';
    files->prefix_len = len + 1;
}

/* Of the 16 random bytes that the kernel gives each process, the half that the hints
 * do not use. */
static uint32_t random_word(void)
{
    const char *random = (const char *)getauxval( AT_RANDOM );
    uint32_t word = getpid();

    if (random) memcpy( &word, random + 8, sizeof(word) );
    return word;
}

int32_t nspa_attach( const struct nspa_init *init, char *line, size_t size )
{
    static const char prefix[] = "nspa: ";
    struct nspa_files *files;
    int32_t status;

    files = mmap( NULL, sizeof(*files), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
    if (files == MAP_FAILED)
    {
        snprintf( line, size, "%sno memory for the handle table; files are opened by wineserver", prefix );
        return STATUS_NO_MEMORY;
    }
    strcpy( line, prefix );
    if ((status = nspa_client_attach( &files->client, init->table_fd, init->control_fd, init->journal_fd,
                                      init->owner, line + sizeof(prefix) - 1, size - sizeof(prefix) + 1 )))
    {
        strncat( line, "; files are opened by wineserver", size - strlen( line ) - 1 );
        munmap( files, sizeof(*files) );
        return status;
    }
    files->host = init->host;
    nspa_hints_init( &files->hints );
    nspa_files_init( files, random_word(), init->inherited, init->inherited_count );
    open_prefix( files, init->prefix );
    __atomic_store_n( &nspa_files, files, __ATOMIC_RELEASE );
    return STATUS_SUCCESS;
}
