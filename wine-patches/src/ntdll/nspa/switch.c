/*
 * What tells that reparse points are switched on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#if 0
#pragma makedep unix
#endif

#include "config.h"

#include <stdarg.h>
#include <string.h>
#include <sys/statfs.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "../unix_private.h"
#include "reparse.h"
#include "switch.h"

void nspa_add_version_string( char *info, ULONG size, ULONG *len )
{
    static const char text[] = "nspa-reparse";

    if (!nspa_reparse_enabled()) return;
    /* who asked with less room than this gets what there was before */
    if (size < *len || size - *len < sizeof(text)) return;
    memcpy( info + *len, text, sizeof(text) );
    *len += sizeof(text);
}

ULONG nspa_volume_flags( int fd )
{
    struct statfs stfs;

    if (!nspa_reparse_enabled() || fstatfs( fd, &stfs )) return 0;
    switch ((ULONG)stfs.f_type)
    {
    case 0x00004d44:  /* FAT */
    case 0x2011bab0:  /* exFAT */
    case 0x00009660:  /* ISO 9660 */
    case 0x15013346:  /* UDF */
        return 0;     /* no symbolic links */
    default:
        return FILE_SUPPORTS_REPARSE_POINTS;
    }
}
