/*
 * libnspa: changes of reparse points: temporary names
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "change.h"

/* Temporary objects are named TEMP_PREFIX and TEMP_DIGITS random digits.  For the moments
 * in which a name holds nothing, a symlink of that name and INTENT_SUFFIX tells which name
 * the temporary object is meant for.  Any other name is somebody else's. */

static int count_digits( const char *name )
{
    return strspn( name, "0123456789abcdef" );
}

/* 1 for a temporary object, 2 for an intent */
int is_temp_name( const char *name )
{
    const size_t len = sizeof(TEMP_PREFIX) - 1;

    if (strncmp( name, TEMP_PREFIX, len ) || count_digits( name + len ) != TEMP_DIGITS) return 0;
    name += len + TEMP_DIGITS;
    if (!*name) return 1;
    return strcmp( name, INTENT_SUFFIX ) ? 0 : 2;
}

/* name has TEMP_SIZE bytes */
int new_temp_name( char *name )
{
    static const char digits[] = "0123456789abcdef";
    unsigned char id[TEMP_DIGITS / 2];
    size_t i, pos = sizeof(TEMP_PREFIX) - 1;

    if (getrandom( id, sizeof(id), 0 ) != sizeof(id)) return errno ? errno : EIO;
    memcpy( name, TEMP_PREFIX, pos );
    for (i = 0; i < sizeof(id); i++)
    {
        name[pos++] = digits[id[i] >> 4];
        name[pos++] = digits[id[i] & 15];
    }
    name[pos] = 0;
    return 0;
}
