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
#include "../../../capi/server/remove.c"

int diff_start( int *fd, int *control )
{
    return (*fd = nspa_server_create_table( control )) != -1;
}

uint32_t diff_check_table( int settle )
{
    struct nspa_share sum;
    uint32_t i, j, wrong = 0;

    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &nspa_table->bucket[i];
        int clean = nspa_bucket_is_clean( nspa_control, nspa_table, i );

        if (settle && (bucket->lock || !clean || nspa_control->bucket[i].poison) && nspa_bucket_enter( i ))
            nspa_bucket_leave( i );
        clean = nspa_bucket_is_clean( nspa_control, nspa_table, i );
        if (settle && (bucket->lock || !clean)) wrong++;
        if (bucket->lock || !clean) continue;
        for (j = 0; j < NSPA_SLOTS; j++)
        {
            struct nspa_slot copy;

            if (!nspa_slot_read( nspa_control, nspa_table, i, j, &copy ))
            {
                wrong++;
                continue;
            }
            if (!copy.clients.handles) continue;
            nspa_journals_sum( copy.dev, copy.ino, 0, &sum );
            if (memcmp( &sum, &copy.clients, sizeof(sum) )) wrong++;
        }
    }
    return wrong;
}
