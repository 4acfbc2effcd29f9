/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File systems whose files wineserver has to open.
 */

#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

#include "device.h"

#define FLOPPY_MAJOR      2
#define ISO9660_MAGIC     0x9660
#define SUPERMOUNT_MAGIC  0x9fa1
#define UDF_MAGIC         0x15013346
#define PROC_MAGIC        0x9fa0

static int look( int fd, uint64_t dev )
{
    struct statfs st;

    if (major( dev ) == FLOPPY_MAJOR) return 1;
    if (fstatfs( fd, &st )) return 1;
    return st.f_type == ISO9660_MAGIC || st.f_type == SUPERMOUNT_MAGIC || st.f_type == UDF_MAGIC ||
           st.f_type == PROC_MAGIC;
}

/* Answers by device, each one word: st_dev, the second it is good for, the answer.  A number
 * may be another file system's after an unmount, and Wine itself keeps what it knows of
 * drives for the rest of the second. */
static uint64_t answers[16];

int nspa_is_server_device( int fd, uint64_t dev )
{
    uint64_t *word = &answers[(dev ^ dev >> 8) % 16];
    uint64_t key = dev << 32 | ((uint64_t)time( NULL ) & 0x7fffffff) << 1;
    uint64_t known = __atomic_load_n( word, __ATOMIC_RELAXED );
    int answer;

    if (dev >> 32) return look( fd, dev );
    if ((known & ~UINT64_C(1)) == key) return known & 1;
    answer = look( fd, dev );
    __atomic_store_n( word, key | answer, __ATOMIC_RELAXED );
    return answer;
}
