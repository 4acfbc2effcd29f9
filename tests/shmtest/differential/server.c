/*
 * The server library, compiled in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "diff.h"
#include "../../../capi/server/table.c"
#include "../../../capi/server/process.c"
#include "../../../capi/server/bucket.c"
#include "../../../capi/server/journal.c"
#include "../../../capi/server/publish.c"

struct nspa_table *diff_start( int *fd )
{
    *fd = nspa_server_create_table();
    return nspa_table;
}

uint32_t diff_check_table( int settle )
{
    struct nspa_share sum;
    uint32_t i, j, wrong = 0;

    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &nspa_table->bucket[i];

        if (settle && (bucket->lock || bucket->flags) && nspa_bucket_enter( bucket )) nspa_bucket_leave( bucket, 0 );
        if (settle && (bucket->lock || (bucket->flags & NSPA_BUCKET_REBUILD))) wrong++;
        if (bucket->lock || (bucket->flags & NSPA_BUCKET_REBUILD)) continue;
        for (j = 0; j < NSPA_SLOTS; j++)
        {
            struct nspa_slot *slot = &bucket->slots[j];

            if (!slot->clients.handles && !slot->server.handles) continue;
            nspa_journals_sum( slot->dev, slot->ino, 0, &sum );
            if (memcmp( &sum, &slot->clients, sizeof(sum) )) wrong++;
        }
    }
    return wrong;
}
