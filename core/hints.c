/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names that need no stat() before they are opened.
 */

#include <string.h>
#include <sys/auxv.h>

#include "hints.h"

/* Wherever a name is cut in two, both parts come to the same: dir with its slash is
 * hashed first, then the last component onto it. */
static uint64_t hash( uint64_t seed, const char *text, size_t len )
{
    uint64_t word, sum = seed ^ len * UINT64_C(0x9e3779b97f4a7c15);

    for (; len >= sizeof(word); len -= sizeof(word), text += sizeof(word))
    {
        memcpy( &word, text, sizeof(word) );
        sum = (sum ^ word) * UINT64_C(0xd6e8feb86659fd93);
        sum ^= sum >> 32;
    }
    word = 0;
    memcpy( &word, text, len );
    sum = (sum ^ word) * UINT64_C(0xd6e8feb86659fd93);
    return sum ^ sum >> 29;
}

/* The kernel gives each process 16 random bytes. */
void nspa_hints_init( struct nspa_hints *hints )
{
    const void *random = (const void *)getauxval( AT_RANDOM );

    hints->key = (uintptr_t)hints;
    if (random) memcpy( &hints->key, random, sizeof(hints->key) );
}

uint64_t nspa_hint_of( const struct nspa_hints *hints, const char *name )
{
    const char *base = strrchr( name, '/' );

    base = base ? base + 1 : name;
    return hash( hash( hints->key, name, base - name ), base, strlen( base )) | 1;
}

uint64_t nspa_hint_in( const struct nspa_hints *hints, const char *dir, const char *name )
{
    size_t len = strlen( dir );
    char path[2048];

    if (!len || len + 1 >= sizeof(path)) return 0;
    memcpy( path, dir, len );
    if (path[len - 1] != '/') path[len++] = '/';
    return hash( hash( hints->key, path, len ), name, strlen( name )) | 1;
}

static uint64_t *set_of( struct nspa_hints *hints, uint64_t hint )
{
    return hints->set[(hint >> 32) % NSPA_HINT_SETS];
}

int nspa_hint_known( struct nspa_hints *hints, uint64_t hint )
{
    uint64_t *set = set_of( hints, hint );
    unsigned int i;

    for (i = 0; i < NSPA_HINT_WAYS; i++) if (__atomic_load_n( &set[i], __ATOMIC_RELAXED ) == hint) return 1;
    return 0;
}

/* In a full set another one goes, which one is as good as random. */
void nspa_hint_add( struct nspa_hints *hints, uint64_t hint )
{
    uint64_t *set = set_of( hints, hint );
    unsigned int i, at = hint >> 8 & (NSPA_HINT_WAYS - 1);

    if (!hint) return;
    for (i = 0; i < NSPA_HINT_WAYS; i++)
    {
        uint64_t word = __atomic_load_n( &set[i], __ATOMIC_RELAXED );

        if (word == hint) return;
        if (word) continue;
        at = i;
        break;
    }
    __atomic_store_n( &set[at], hint, __ATOMIC_RELAXED );
}

void nspa_hint_drop( struct nspa_hints *hints, uint64_t hint )
{
    uint64_t *set = set_of( hints, hint );
    unsigned int i;

    for (i = 0; i < NSPA_HINT_WAYS; i++)
        if (__atomic_load_n( &set[i], __ATOMIC_RELAXED ) == hint) __atomic_store_n( &set[i], 0, __ATOMIC_RELAXED );
}
