/* Torture under Wine: many workers, full shadow models, nothing swallowed. See
 * docs/torture.md. */

#ifndef TORTURE_H
#define TORTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../oracle/nt.h"

#define MAX_PROCESSES  16
#define MAX_WORKERS    128
#define FILES          24
#define FILE_MAX       49152    /* bytes of one file in the chaos test */
#define OPENS          256      /* of one file in the share test */
#define ERRORS         16
/* Workers that do nothing for this long are stuck; starting ten processes on a
 * busy machine may take half of it. */
#define STUCK_SECONDS  60

/* One open that the share test knows of. */
struct open
{
    uint16_t used, access, sharing;  /* FILE_SHARE_* bits for both */
};

struct model
{
    volatile LONG lock;
    LONG          exclusive, readers;   /* race test */
    int           exists;
    int           name;                 /* rename and chaos: which of its names it has */
    uint32_t      size;
    uint8_t       data[FILE_MAX];
    struct open   open[OPENS];
};

/* What all processes of a test map. */
struct shared
{
    uint64_t      seed;
    volatile LONG stop;
    volatile LONG ready;
    volatile LONG errors;
    volatile LONG integrity;
    char          error[ERRORS][240];
    volatile LONG beat[MAX_WORKERS];    /* operations each worker has done */
    struct model  model[FILES];
};

extern struct shared *shared;
extern char map_name[64];

/* One worker: a thread with random numbers of its own. */
struct worker
{
    uint64_t state;
    int      index;
    uint8_t  buffer[FILE_MAX] __attribute__((aligned(16)));
};

extern uint64_t rnd( struct worker *worker );
extern uint32_t below( struct worker *worker, uint32_t n );
static inline int percent( struct worker *worker, uint32_t n ) { return below( worker, 100 ) < n; }

/* Note an error; the first ones are printed. */
extern void report( struct worker *worker, const char *format, ... ) __attribute__((format(gnu_printf, 2, 3)));
/* The same, for contents that are not what they have to be. */
extern void corrupt( struct worker *worker, const char *format, ... ) __attribute__((format(gnu_printf, 2, 3)));
#define expect(w,status,want,...) \
    do { NTSTATUS s_ = (status); if (s_ != (NTSTATUS)(want)) { \
        report( w, "%s:%d: %08lx, not %08lx", __FILE__, __LINE__, (unsigned long)s_, (unsigned long)(want) ); \
        __VA_ARGS__; } } while (0)

extern void lock_model( struct model *model );
extern void unlock_model( struct model *model );

/* Files of the test's directory. */
extern NTSTATUS open_file( const char *name, ACCESS_MASK access, ULONG sharing, ULONG disposition, ULONG options,
                           HANDLE *handle );
extern NTSTATUS read_at( HANDLE handle, uint64_t offset, void *data, ULONG size, ULONG *done );
extern NTSTATUS write_at( HANDLE handle, uint64_t offset, const void *data, ULONG size );
extern NTSTATUS set_info( HANDLE handle, ULONG class, void *data, ULONG size );
extern NTSTATUS rename_to( HANDLE handle, const char *name, int replace );
extern uint8_t pattern( uint32_t file, uint32_t offset );
extern void remove_files( const char *prefix );
extern void make_file( const char *name, uint32_t file, uint32_t size );
/* Several, by number behind the prefix; and whether nobody has any of them open. */
extern void make_files( const char *prefix, int count, uint32_t size );
extern void check_closed( struct worker *worker, const char *prefix, int count );

extern void sha256( const void *data, size_t size, uint8_t digest[32] );

/* A test: set_up and check run in the first process, work again and again in
 * each worker until it is told to stop. */
struct test
{
    const char *name;
    int         processes, threads;
    void      (*set_up)(void);
    void      (*work)( struct worker *worker );
    void      (*finish)( struct worker *worker );   /* worker's own open files */
    void      (*check)( struct worker *worker );
};

extern const struct test share_test, race_test, rename_test, churn_test, delete_test, chaos_test, kill_test;
extern int run_terminate( int argc, char **argv );
extern int run_suspend( int argc, char **argv );

#endif
