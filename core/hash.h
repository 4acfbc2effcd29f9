/*
 * Telling names apart
 *
 * Copyright 2026 the nspa authors
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
 *
 * ---------------------------------------------------------------------------
 */

#ifndef __NSPA_HASH_H
#define __NSPA_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t nspa_hash_word( uint64_t hash, uint64_t word )
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static inline uint64_t nspa_hash_text( uint64_t hash, const char *text, size_t len )
{
    uint64_t word;

    for (hash += len; len >= sizeof(word); len -= sizeof(word), text += sizeof(word))
    {
        memcpy( &word, text, sizeof(word) );
        hash = nspa_hash_word( hash, word );
    }
    word = 0;
    memcpy( &word, text, len );
    return nspa_hash_word( hash, word );
}

#endif  /* __NSPA_HASH_H */
