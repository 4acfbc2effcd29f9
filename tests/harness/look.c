/*
 * Looking at the shared table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "world.h"

unsigned int map_journals( struct nspa_journal **journals, unsigned int max )
{
    char path[64], target[100];
    unsigned int count = 0;
    int i, fd;

    for (i = 0; i < 1024 && count < max; i++)
    {
        ssize_t len;

        snprintf( path, sizeof(path), "/proc/%d/fd/%d", server_pid, i );
        if ((len = readlink( path, target, sizeof(target) - 1 )) < 0) continue;
        target[len] = 0;
        if (!strstr( target, "wine_nspa_journal" ) || (fd = open( path, O_RDWR | O_CLOEXEC )) == -1) continue;
        journals[count] = mmap( NULL, sizeof(**journals), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0 );
        if (journals[count] != MAP_FAILED) count++;
        close( fd );
    }
    return count;
}

void check_table_empty(void)
{
    struct nspa_journal *journals[64];
    unsigned int i, j, len, count = map_journals( journals, 64 );
    char text[100];

    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        snprintf( text, sizeof(text), "lock of bucket %u", i );
        if (table->bucket[i].lock) CHECK_FOR( text, table->bucket[i].lock, 0 );
        snprintf( text, sizeof(text), "bucket %u is clean", i );
        if (!nspa_bucket_is_clean( control, table, i )) CHECK_FOR( text, 0, 1 );
        snprintf( text, sizeof(text), "bucket %u is poisoned", i );
        if (control->bucket[i].poison) CHECK_FOR( text, 1, 0 );
        snprintf( text, sizeof(text), "a slot of bucket %u", i );
        for (j = 0; j < NSPA_SLOTS; j++)
            if (table->bucket[i].slots[j].clients.handles || control->bucket[i].slots[j].opens.handles)
                CHECK_FOR( text, 1, 0 );
    }
    for (i = 0; i < count; i++)
    {
        len = journals[i]->high_water < NSPA_HANDLE_CAP ? journals[i]->high_water : NSPA_HANDLE_CAP;
        snprintf( text, sizeof(text), "state of an entry of journal %u", i );
        for (j = 0; j < len; j++)
        {
            uint32_t state = journals[i]->entries[j].state;

            if (state != NSPA_ENTRY_FREE && state != NSPA_ENTRY_CLOSED) CHECK_FOR( text, state, NSPA_ENTRY_FREE );
        }
        munmap( journals[i], sizeof(*journals[i]) );
    }
    CHECK( 1 );
}

struct nspa_share client_share( const char *path )
{
    struct nspa_slot copy;
    uint64_t dev, ino;

    file_id( path, &dev, &ino );
    if (nspa_slot_find( control, table, nspa_hash( dev, ino ), dev, ino, &copy, NULL ) < 0)
        memset( &copy, 0, sizeof(copy) );
    return copy.clients;
}

struct nspa_share server_share( const char *path )
{
    static const struct nspa_share none;
    uint64_t dev, ino;
    int slot;

    file_id( path, &dev, &ino );
    slot = nspa_server_slot_find( &control->bucket[nspa_hash( dev, ino )], dev, ino, NULL );
    return slot < 0 ? none : control->bucket[nspa_hash( dev, ino )].slots[slot].opens;
}
