/*
 * The parts of the deaths program
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __SHMTEST_SUITES_H
#define __SHMTEST_SUITES_H

extern void run_races(void);
extern void run_hostile(void);
extern void run_known(void);
extern void run_scale(void);

#endif
