/*
 * Steps of the protocol at which a test can stop or kill a process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Included before everything else, so that the header and the server library
 * are compiled with it.
 */

#ifndef __SHMTEST_STEP_H
#define __SHMTEST_STEP_H

enum step
{
    STEP_none, STEP_lock, STEP_locked, STEP_announce, STEP_announced, STEP_found, STEP_checked,
    STEP_committed, STEP_counted, STEP_aborted, STEP_uncounted, STEP_unlock, STEP_unlocked, STEP_closed,
    STEP_COUNT,
    STEP_looked = STEP_COUNT, STEP_published, STEP_added, STEP_forgotten, STEP_closing  /* around the protocol, in core */
};

extern void test_step( enum step step );
#define NSPA_STEP(name) test_step( STEP_##name )

#endif
