/*
 * Whether reparse points are switched on in this process
 *
 * The Unix side decides, and says so behind the strings of Wine's version. An
 * environment variable would be another truth: programs change and replace
 * their environment.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef NSPA_SWITCH_H
#define NSPA_SWITCH_H

#include <string.h>
#include "winternl.h"

static inline BOOL nspa_reparse(void)
{
    static const char on[] = "nspa-reparse";
    static LONG state;  /* 0: not asked yet, 1: off, 2: on */
    char version[512], *p = version;
    ULONG len = 0;
    int i;

    if (!state)
    {
        if (NtQuerySystemInformation( SystemWineVersionInformation, version, sizeof(version), &len )) len = 0;
        /* version, build, system and its release come first */
        for (i = 0; i < 4 && len; i++)
        {
            size_t size = strnlen( p, len ) + 1;

            if (size > len) size = len;
            p += size;
            len -= size;
        }
        state = len == sizeof(on) && !memcmp( p, on, sizeof(on) ) ? 2 : 1;
    }
    return state == 2;
}

#endif
