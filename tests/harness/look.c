/*
 * Looking at the shared table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>
#include <string.h>

#include "world.h"

static int busy_slot( const struct nspa_slot *slot )
{
    static const struct nspa_share none;

    return memcmp( &slot->server, &none, sizeof(none) ) || memcmp( &slot->clients, &none, sizeof(none) );
}

void check_table_empty(void)
{
    char text[100];
    unsigned int i, j, len;

    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &table->bucket[i];

        snprintf( text, sizeof(text), "lock of bucket %u", i );
        if (bucket->lock) CHECK_FOR( text, bucket->lock, 0 );
        snprintf( text, sizeof(text), "flags of bucket %u", i );
        if (bucket->flags) CHECK_FOR( text, bucket->flags, 0 );
        snprintf( text, sizeof(text), "a slot of bucket %u", i );
        for (j = 0; j < NSPA_SLOTS; j++)
            if (busy_slot( &bucket->slots[j] )) CHECK_FOR( text, 1, 0 );
    }
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &table->journal[i];

        len = journal->high_water < NSPA_HANDLE_CAP ? journal->high_water : NSPA_HANDLE_CAP;
        snprintf( text, sizeof(text), "state of an entry of journal %u", i );
        for (j = 0; j < len; j++)
            if (journal->entries[j].state) CHECK_FOR( text, journal->entries[j].state, NSPA_ENTRY_FREE );
    }
    CHECK( 1 );
}

static struct nspa_slot *slot_of( const char *path )
{
    uint64_t dev, ino;

    file_id( path, &dev, &ino );
    return nspa_slot_find( nspa_bucket_of( table, dev, ino ), dev, ino, NULL );
}

struct nspa_share client_share( const char *path )
{
    static const struct nspa_share none;
    struct nspa_slot *slot = slot_of( path );

    return slot ? slot->clients : none;
}

struct nspa_share server_share( const char *path )
{
    static const struct nspa_share none;
    struct nspa_slot *slot = slot_of( path );

    return slot ? slot->server : none;
}
