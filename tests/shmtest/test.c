/*
 * What the C programs of this folder share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "test.h"
#include "../../capi/server/private.h"

#define MAX_CHILDREN 4096

int passed, failed;
struct child *me;
static struct control *controls;
static unsigned int next_control;

int check( int ok, const char *file, int line, const char *cond, const char *fmt, ... )
{
    va_list args;

    if (ok)
    {
        passed++;
        return 1;
    }
    failed++;
    printf( "%s:%d: %s: ", file, line, cond );
    va_start( args, fmt );
    vprintf( fmt, args );
    va_end( args );
    printf( "\n" );
    return 0;
}

int summary(void)
{
    printf( "%d passed, %d failed\n", passed, failed );
    return failed != 0;
}

int64_t now_ns(void)
{
    return nspa_clock_ns( CLOCK_MONOTONIC );
}

const char *step_name( enum step step )
{
    static const char *const names[] =
    {
        "none", "lock", "locked", "announce", "announced", "found", "checked",
        "committed", "counted", "aborted", "uncounted", "unlock", "unlocked", "closed",
        "looked", "published", "added", "forgotten", "closing"
    };
    return names[step];
}

void test_step( enum step step )
{
    struct control *control;

    if (!me || (control = me->control)->armed != (uint32_t)step) return;
    control->armed = STEP_none;
    kill( getpid(), control->signal );
}

int table_fd, control_fd;

void start_server(void)
{
    if ((table_fd = nspa_server_create_table( &control_fd )) == -1)
    {
        perror( "nspa_server_create_table" );
        exit( 1 );
    }
    controls = mmap( NULL, MAX_CHILDREN * sizeof(*controls), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    setvbuf( stdout, NULL, _IOLBF, 0 );
}

struct child *spawn( void (*func)(void *), void *arg )
{
    return spawn_armed( func, arg, STEP_none, 0 );
}

struct child *attach_child(void)
{
    static uint32_t last_id = 0x20;
    struct child *child = calloc( 1, sizeof(*child) );
    struct control *control = &controls[next_control++ % MAX_CHILDREN];

    memset( control, 0, sizeof(*control) );
    child->control = control;
    child->id = last_id += 4;
    if ((child->journal_fd = nspa_server_attach( child->id, &child->client.owner )) < 0)
    {
        printf( "no journal\n" );
        exit( 1 );
    }
    child->client.table = nspa_table;
    child->client.control = nspa_control;
    child->client.journal = nspa_processes[nspa_process_count - 1]->journal;
    return child;
}

struct child *spawn_armed( void (*func)(void *), void *arg, enum step step, int signal )
{
    struct child *child = attach_child();
    pid_t parent = getpid();
    char why[128];

    child->control->armed = step;
    child->control->signal = signal;
    if (!(child->pid = fork()))
    {
        uint64_t owner = child->client.owner;

        prctl( PR_SET_PDEATHSIG, SIGKILL );
        if (getppid() != parent) _exit( 1 );
        if (nspa_client_attach( &child->client, table_fd, control_fd, child->journal_fd, owner, why, sizeof(why) ))
        {
            printf( "%s\n", why );
            _exit( 1 );
        }
        me = child;
        func( arg );
        _exit( 0 );
    }
    return child;
}

int await( struct child *child, int timeout_ms )
{
    int64_t end = now_ns() + timeout_ms * INT64_C(1000000);
    int status;

    if (!child->pid) return 0;
    do
    {
        if (waitpid( child->pid, &status, WNOHANG | WUNTRACED ) == child->pid)
        {
            if (WIFSTOPPED( status )) return 1;
            child->pid = 0;
            return 0;
        }
        usleep( 50 );
    } while (now_ns() < end);
    return -1;
}

void reap( struct child *child )
{
    nspa_server_retire( child->id, NULL );
    if (child->pid)
    {
        kill( child->pid, SIGKILL );
        waitpid( child->pid, NULL, 0 );
    }
    nspa_server_release( child->id, NULL );
    free( child );
}

int await_word( const uint32_t *word, uint32_t value, int timeout_ms )
{
    int64_t end = now_ns() + timeout_ms * INT64_C(1000000);

    while (NSPA_LOAD( word ) != value)
    {
        if (now_ns() > end) return 0;
        usleep( 50 );
    }
    return 1;
}

int publish( uint32_t index, uint64_t ino, uint32_t access, uint32_t sharing )
{
    int64_t start = now_ns();
    int ret = nspa_client_publish( &me->client, index, DEV, ino, access, sharing );

    me->control->ns = now_ns() - start;
    return me->control->result = ret;
}

int retract( uint32_t index, uint64_t ino, uint32_t access, uint32_t sharing )
{
    int64_t start = now_ns();
    int ret = nspa_client_retract( &me->client, index, DEV, ino, access, sharing );

    me->control->ns = now_ns() - start;
    return me->control->result = ret;
}

struct nspa_share one_open( uint32_t access, uint32_t sharing )
{
    struct nspa_share share;

    memset( &share, 0, sizeof(share) );
    nspa_share_change( &share, access, sharing, 1 );
    return share;
}

int server_open( uint64_t ino, struct nspa_share *own, uint32_t access, uint32_t sharing )
{
    uint32_t other_access = 0, other_sharing = NSPA_SHARE_ALL;
    struct nspa_share with = *own;

    nspa_share_masks( own, &other_access, &other_sharing );
    nspa_share_change( &with, access, sharing, 1 );
    nspa_server_check( DEV, ino, &with, access, sharing, &other_access, &other_sharing );
    if (nspa_masks_conflict( access, sharing, other_access, other_sharing ))
    {
        server_store( ino, own );
        return 0;
    }
    *own = with;
    return 1;
}

void server_store( uint64_t ino, const struct nspa_share *own )
{
    struct nspa_share clients;

    nspa_server_publish( DEV, ino, own, &clients );
}

void same_bucket( uint64_t *inodes, int count )
{
    uint64_t ino = 1000;
    int i;

    for (i = 0; i < count; ino++)
        if (!i || nspa_hash( DEV, ino ) == nspa_hash( DEV, inodes[0] )) inodes[i++] = ino;
}

struct nspa_bucket *bucket_of( uint64_t ino )
{
    return &nspa_table->bucket[nspa_hash( DEV, ino )];
}

struct nspa_server_bucket *server_bucket_of( uint64_t ino )
{
    return &nspa_control->bucket[nspa_hash( DEV, ino )];
}

int is_clean( uint64_t ino )
{
    return nspa_bucket_is_clean( nspa_control, nspa_table, nspa_hash( DEV, ino ));
}

static struct nspa_share share_of( uint64_t dev, uint64_t ino )
{
    struct nspa_slot copy;

    if (nspa_slot_find( nspa_control, nspa_table, nspa_hash( dev, ino ), dev, ino, &copy, NULL ) < 0)
        memset( &copy, 0, sizeof(copy) );
    return copy.clients;
}

struct nspa_share client_share( uint64_t ino )
{
    return share_of( DEV, ino );
}

static unsigned int check_journal( const struct nspa_process *process, const char *when, unsigned int number )
{
    const struct nspa_journal *journal = process->journal;
    unsigned int j, wrong = 0, cells = 0, entries = 0;

    for (j = 0; j < nspa_journal_length( journal ); j++)
    {
        const struct nspa_journal_entry *entry = &journal->entries[j];
        uint32_t hash = nspa_hash( entry->dev, entry->ino );
        struct nspa_share sum, share;
        nspa_cell *cell;

        if (entry->state == NSPA_ENTRY_FREE || entry->state == NSPA_ENTRY_CLOSED) continue;
        if (entry->state != NSPA_ENTRY_HELD)
        {
            printf( "%s: journal %u entry %u: stale, state %u\n", when, number, j, entry->state );
            wrong++;
            continue;
        }
        entries++;
        /* a process that died on its way out of the protocol may have kept its claim */
        if (!(cell = nspa_cell_find( (struct nspa_journal *)journal, j, hash )))
        {
            printf( "%s: journal %u entry %u: has no cell\n", when, number, j );
            wrong++;
        }
        if (!nspa_bucket_is_clean( nspa_control, nspa_table, hash )) continue;  /* not to be believed, and says so */
        if (nspa_table->bucket[hash].lock & FUTEX_OWNER_DIED) continue;         /* the next owner will say so */
        nspa_journals_sum( entry->dev, entry->ino, 0, &sum );
        share = share_of( entry->dev, entry->ino );
        if (!memcmp( &sum, &share, sizeof(sum) )) continue;
        printf( "%s: journal %u entry %u: the slot has %u handles, the journals %u\n", when, number, j,
                share.handles, sum.handles );
        wrong++;
    }
    for (j = 0; j < NSPA_GROUPS * NSPA_GROUP_CELLS; j++)
        cells += journal->cell[j / NSPA_GROUP_CELLS][j % NSPA_GROUP_CELLS] != 0;
    if (cells == entries || process->retired) return wrong;
    printf( "%s: journal %u: %u cells for %u entries\n", when, number, cells, entries );
    return wrong + 1;
}

int check_quiescent( int settle, const char *when )
{
    unsigned int i, k, wrong = 0;

    for (i = 0; settle && i < NSPA_BUCKETS; i++)
    {
        if (!nspa_table->bucket[i].lock && !nspa_control->bucket[i].poison &&
            nspa_bucket_is_clean( nspa_control, nspa_table, i )) continue;
        if (nspa_bucket_enter( i )) nspa_bucket_leave( i );
    }
    for (i = 0; i < nspa_process_count; i++) wrong += check_journal( nspa_processes[i], when, i );
    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &nspa_table->bucket[i];
        int clean = nspa_bucket_is_clean( nspa_control, nspa_table, i );

        if (settle && (bucket->lock || !clean))
        {
            printf( "%s: bucket %u: lock %08x, clean %d\n", when, i, bucket->lock, clean );
            wrong++;
        }
        if (!clean || (bucket->lock & FUTEX_OWNER_DIED)) continue;
        for (k = 0; k < NSPA_SLOTS; k++)
        {
            struct nspa_share sum;
            struct nspa_slot copy;
            int sound = nspa_slot_read( nspa_control, nspa_table, i, k, &copy );

            nspa_journals_sum( copy.dev, copy.ino, 0, &sum );
            if (sound && (!copy.clients.handles || !memcmp( &sum, &copy.clients, sizeof(sum) ))) continue;
            printf( "%s: bucket %u inode %u: sound %d, %u handles, %u readers, journals have %u, %u\n", when, i,
                    (unsigned int)copy.ino, sound, copy.clients.handles, copy.clients.readers, sum.handles, sum.readers );
            wrong++;
        }
    }
    return wrong;
}
