/*
 * Checks, and the list of tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_TEST_H
#define __HARNESS_TEST_H

#include <stdint.h>

/* A test runs in a process of its own, and fails when a check fails in it or in
 * a process it started, when it makes no check, and when it takes too long. */
struct test
{
    const char *name;
    void      (*func)(void);
};

#define T(func) { #func, func }

/* Each ends with an empty entry. */
extern const struct test entry_tests[], gate_tests[], share_tests[], handle_tests[], hint_tests[], promote_tests[],
                         query_tests[], init_tests[], death_tests[], thread_tests[], race_tests[];
extern const struct test stack_tests[], signal_tests[], memory_tests[], loading_tests[], runtime_tests[],
                         server_tests[], realtime_tests[];  /* the traps T1 to T7; T8 is with the handles */

/* Nonzero if the check holds.  On any thread of any process of the test. */
#define CHECK(cond)            check( !!(cond), __FILE__, __LINE__, #cond )
#define CHECK_EQ(got, want)    check_eq( (got), (want), __FILE__, __LINE__, #got )
#define CHECK_FOR(what, got, want) check_eq( (got), (want), __FILE__, __LINE__, (what) )

extern int check( int ok, const char *file, int line, const char *what );
extern int check_eq( int64_t got, int64_t want, const char *file, int line, const char *what );

/* This machine cannot run the test; say why, and return from it. */
extern void skip( const char *why );
#define ONE_SLOT (NSPA_BUCKETS * NSPA_SLOTS == 1)
/* The test has two files open locally; with one slot for all it is skipped. */
extern int one_slot(void);

extern int64_t now_ns(void);

#endif  /* __HARNESS_TEST_H */
