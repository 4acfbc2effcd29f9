/*
 * A list of opens, walked as wineserver walks its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdlib.h>

#include "diff.h"

struct open
{
    struct open *next;
    uint32_t     id, access, sharing;
    int          server;
};

static struct open *opens[DIFF_INODES];

void list_add( uint32_t ino, uint32_t id, uint32_t access, uint32_t sharing, int server )
{
    struct open *open = malloc( sizeof(*open) );

    open->id      = id;
    open->access  = access;
    open->sharing = sharing;
    open->server  = server;
    open->next    = opens[ino];
    opens[ino] = open;
}

void list_remove( uint32_t ino, uint32_t id )
{
    struct open **prev, *open;

    for (prev = &opens[ino]; (open = *prev); prev = &open->next)
    {
        if (open->id != id) continue;
        *prev = open->next;
        free( open );
        return;
    }
    abort();
}

void list_promote( uint32_t ino, uint32_t id )
{
    struct open *open;

    for (open = opens[ino]; open; open = open->next) if (open->id == id) open->server = 1;
}

/* the rule of server/fd.c, given what the other opens do and allow */
static uint32_t judge( uint32_t others_do, uint32_t others_allow, uint32_t access, uint32_t sharing,
                       int truncate, int delete_on_close )
{
    static const struct { uint32_t access, share; } kinds[3] = { { 0x21, 1 }, { 0x06, 2 }, { 0x10000, 4 } };
    int i;

    for (i = 0; i < 3; i++) if ((access & kinds[i].access) && !(others_allow & kinds[i].share)) return 0xc0000043;
    if ((others_do & 0x40000000) && !(sharing & 2)) return 0xc0000043;
    if ((others_do & 0x80000000) && (access & 2)) return 0xc0000043;
    if ((others_do & 0x80000000) && delete_on_close) return 0xc0000121;
    if ((others_do & 0x20000000) && truncate) return 0xc0000243;
    if (!(access & 0x10027)) return 0;
    for (i = 0; i < 3; i++) if ((others_do & kinds[i].access) && !(sharing & kinds[i].share)) return 0xc0000043;
    return 0;
}

/* only: 0 all opens, 1 wineserver's own */
static void collect( uint32_t ino, int only, uint32_t except, uint32_t *others_do, uint32_t *others_allow )
{
    const struct open *open;

    *others_do = 0;
    *others_allow = 7;
    for (open = opens[ino]; open; open = open->next)
    {
        if (open->id == except || (only && !open->server)) continue;
        if (open->access & 0x10027) *others_allow &= open->sharing;
        *others_do |= open->access;
    }
}

uint32_t list_walk( uint32_t ino, uint32_t access, uint32_t sharing, int truncate, int delete_on_close )
{
    uint32_t others_do, others_allow;

    collect( ino, 0, ~0u, &others_do, &others_allow );
    return judge( others_do, others_allow, access, sharing, truncate, delete_on_close );
}

static void sum_own( uint32_t ino, struct nspa_share *own )
{
    const struct open *open;

    memset( own, 0, sizeof(*own) );
    for (open = opens[ino]; open; open = open->next)
        if (open->server) nspa_share_change( own, open->access, open->sharing, 1 );
}

void diff_server_publish( uint32_t ino )
{
    struct nspa_share own, clients;

    sum_own( ino, &own );
    nspa_server_publish( DIFF_DEV, diff_inode( ino ), &own, &clients );
}

uint32_t diff_server_open( uint32_t ino, uint32_t id, uint32_t access, uint32_t sharing,
                           int truncate, int delete_on_close )
{
    uint32_t others_do, others_allow, status;
    struct nspa_share own;

    list_add( ino, id, access, sharing, 1 );
    sum_own( ino, &own );
    collect( ino, 1, id, &others_do, &others_allow );
    nspa_server_check( DIFF_DEV, diff_inode( ino ), &own, access, sharing, &others_do, &others_allow );
    status = judge( others_do, others_allow, access, sharing, truncate, delete_on_close );
    if (status)
    {
        list_remove( ino, id );
        diff_server_publish( ino );
    }
    return status;
}
