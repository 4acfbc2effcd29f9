/*
 * A process of the differential test
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <stdlib.h>

#include "diff.h"

static uint32_t kill_step;

void test_step( enum step step )
{
    if (kill_step && step == kill_step) kill( getpid(), SIGKILL );
}

uint64_t diff_inode( uint32_t ino )
{
    static uint64_t inodes[DIFF_INODES];
    uint32_t i, j;

    if (!inodes[0])  /* some of them to a bucket, more than it has slots */
    {
        for (i = 0; i < DIFF_INODES; i++) inodes[i] = 5000 + 977 * i;
        for (i = 0; i < 2 * DIFF_CROWD && DIFF_INODES > 2 * DIFF_CROWD; i += DIFF_CROWD)
        {
            uint64_t first = 5000 + 977 * i, next;

            for (j = 0, next = first; j < DIFF_CROWD; next++)
                if (nspa_hash( DIFF_DEV, next ) == nspa_hash( DIFF_DEV, first )) inodes[i + j++] = next;
        }
    }
    return inodes[ino];
}

static uint32_t next_random( uint64_t *state )
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

void diff_worker( struct nspa_client *client, struct diff_turn *turn, int in, int out )
{
    static const uint32_t bits[] = { 1, 2, 4, 0x20, 0x80, 0x100, 0x10000, 0x20000000, 0x40000000, 0x80000000 };
    struct diff_op held[DIFF_INDICES];
    uint32_t i;
    char byte;

    memset( held, 0, sizeof(held) );
    for (i = 0; i < DIFF_INDICES; i++) held[i].kind = DIFF_CLOSE;  /* closed */
    while (read( in, &byte, 1 ) == 1)
    {
        uint64_t random = turn->seed;

        kill_step = 0;
        if (turn->retract)
        {
            struct diff_op *op = &held[turn->retract - 1];

            nspa_client_retract( client, op->index, DIFF_DEV, diff_inode( op->ino ), op->access, op->sharing );
            op->kind = DIFF_CLOSE;
        }
        for (i = 0; i < turn->count; i++)
        {
            struct diff_op *op = &turn->ops[i];
            uint32_t index = next_random( &random ) % DIFF_INDICES;

            if (turn->kill_step && i == turn->kill_op) kill_step = turn->kill_step;
            if (held[index].kind == DIFF_OPEN)
            {
                *op = held[index];
                op->kind = DIFF_CLOSE;
                op->result = nspa_client_retract( client, index, DIFF_DEV, diff_inode( op->ino ), op->access, op->sharing );
                held[index].kind = DIFF_CLOSE;
            }
            else
            {
                op->kind = DIFF_OPEN;
                op->index = index;
                op->ino = next_random( &random ) % DIFF_INODES;
                if (next_random( &random ) % 4)  /* as programs do */
                {
                    op->access = next_random( &random ) % 8 ? 1 : 0x80;
                    op->sharing = next_random( &random ) % 4 ? 7 : 3;
                }
                else
                {
                    uint32_t some = next_random( &random ) % 4;

                    for (op->access = 0; some--;) op->access |= bits[next_random( &random ) % 10];
                    if (!op->access) op->access = 0x80;
                    op->sharing = next_random( &random ) % 8;
                }
                op->result = nspa_client_publish( client, index, DIFF_DEV, diff_inode( op->ino ), op->access, op->sharing );
                if (op->result == NSPA_PUBLISHED) held[index] = *op;
            }
            NSPA_STORE( &turn->done, i + 1 );
            /* what the table did not decide goes to wineserver at once */
            if (op->kind != DIFF_OPEN || op->result == NSPA_PUBLISHED) continue;
            if (op->result > NSPA_CONFLICT || next_random( &random ) % 16 == 0) break;
        }
        if (write( out, "", 1 ) != 1) break;
    }
    _exit( 0 );
}
