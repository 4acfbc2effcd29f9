/* The differential oracle: one random trace of NT file operations, written down
 * in a form that does not depend on handle values, times or inode numbers.  See
 * docs/oracle.md. */

#ifndef ORACLE_H
#define ORACLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nt.h"

#define PROCESSES   2
#define THREADS     2      /* of each process */
#define SLOTS       10     /* handles of each process */
#define VIEWS       3
#define LINE_SIZE   65536
#define STALE       ((HANDLE)(ULONG_PTR)0x7fff7adc)  /* never a handle */

enum kind { EMPTY, FILE_HANDLE, SECTION_HANDLE, EVENT_HANDLE };

struct slot
{
    HANDLE    handle;
    enum kind kind;
    int       inherit;
    int       protect;
};

struct view
{
    char  *base;
    SIZE_T size;
};

/* One thread that carries out operations. */
struct executor
{
    HANDLE   start, done;   /* of the main process, or duplicated into the peer */
    HANDLE   peer_start, peer_done;
    uint64_t seed;
    uint32_t step;
    uint32_t command;
    uint32_t length;
    char     line[LINE_SIZE];
};

/* What both processes map. */
struct shared
{
    HANDLE          process[PROCESSES];  /* [i]: how process 1 - i names process i */
    HANDLE          ready;
    struct slot     slot[PROCESSES][SLOTS];
    struct view     view[PROCESSES][VIEWS];
    struct executor executor[PROCESSES][THREADS];
    char            child[LINE_SIZE];    /* what the last inheriting child found */
};

extern struct shared *shared;
extern char map_name[64];
extern const WCHAR root_name[];          /* of the directory that a trace lives in */

/* Commands beside a step. */
#define COMMAND_STEP   0
#define COMMAND_CLEAN  1
#define COMMAND_EXIT   2

/* The place an operation runs in, its random numbers and what it wrote. */
struct ctx
{
    uint64_t state;
    int      proc;
    char    *line;
    uint32_t length;
    uint8_t  buffer[8192] __attribute__((aligned(16)));
};

extern void out( struct ctx *ctx, const char *format, ... ) __attribute__((format(gnu_printf, 2, 3)));
extern void out_status( struct ctx *ctx, NTSTATUS status );
extern void out_iosb( struct ctx *ctx, const IO_STATUS_BLOCK *io );
extern void out_data( struct ctx *ctx, const void *data, size_t size );
extern void out_name( struct ctx *ctx, const WCHAR *name, size_t chars );
extern uint32_t hash_data( const void *data, size_t size );

extern uint64_t rnd( struct ctx *ctx );
extern uint32_t below( struct ctx *ctx, uint32_t n );
extern int percent( struct ctx *ctx, uint32_t n );
#define PICK(ctx,array) ((array)[below( ctx, sizeof(array) / sizeof((array)[0]) )])

/* A slot of a kind if there is one, else any; written down as what it is. */
extern struct slot *pick_slot( struct ctx *ctx, int proc, enum kind kind );
extern struct slot *pick_empty( struct ctx *ctx, int proc );
extern HANDLE slot_handle( const struct slot *slot );
/* The same for what looks at the file's name or position, but no section's: those are
 * the first one's of the sections that there are of the file just now, in any process,
 * which a local section has no part in. */
extern HANDLE slot_file_handle( const struct slot *slot );
extern void out_slot( struct ctx *ctx, int proc, const struct slot *slot );
extern void set_slot( struct slot *slot, HANDLE handle, enum kind kind );
/* An IO_STATUS_BLOCK that shows whether it was written to. */
extern void init_iosb( IO_STATUS_BLOCK *io );
/* Wait for what was left pending. */
extern NTSTATUS settle( struct ctx *ctx, NTSTATUS status, HANDLE event, IO_STATUS_BLOCK *io );
/* Take times and other numbers that no two runs have in common out of a buffer. */
extern void normalise_time( uint8_t *field );

/* A name in the trace's directory; sets attr with or without a RootDirectory. */
struct name
{
    WCHAR             text[512];
    UNICODE_STRING    string;
    OBJECT_ATTRIBUTES attr;
};
extern void pick_name( struct ctx *ctx, struct name *name, int allow_root );

extern void op_create( struct ctx *ctx );
extern void op_open_local( struct ctx *ctx );
extern void op_open_directory( struct ctx *ctx );
extern void op_reopen( struct ctx *ctx );
extern void op_open_by_id( struct ctx *ctx );
extern void op_by_name( struct ctx *ctx );
extern void op_win32( struct ctx *ctx );
extern void op_close( struct ctx *ctx );

extern void op_read( struct ctx *ctx );
extern void op_write( struct ctx *ctx );
extern void op_scatter( struct ctx *ctx );
extern void op_flush( struct ctx *ctx );
extern void op_lock( struct ctx *ctx );
extern void op_cancel( struct ctx *ctx );
extern void op_control( struct ctx *ctx );
extern void op_directory( struct ctx *ctx );

extern void op_query( struct ctx *ctx );
extern void op_set( struct ctx *ctx );
extern void op_rename( struct ctx *ctx );
extern void op_volume( struct ctx *ctx );
extern void op_ea( struct ctx *ctx );
extern void op_security( struct ctx *ctx );

extern void op_duplicate( struct ctx *ctx );
extern void op_foreign( struct ctx *ctx );
extern void op_object( struct ctx *ctx );
extern void op_flags( struct ctx *ctx );
extern void op_compare( struct ctx *ctx );
extern void op_wait( struct ctx *ctx );
extern void op_section( struct ctx *ctx );
extern void op_view( struct ctx *ctx );
extern void op_inherit( struct ctx *ctx );
extern int inherit_child( int proc, int argc, char **argv );

#endif
