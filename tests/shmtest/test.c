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
        "opened"
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

struct nspa_table *start_server(void)
{
    int fd = nspa_server_create_table();

    if (fd == -1)
    {
        perror( "nspa_server_create_table" );
        exit( 1 );
    }
    close( fd );
    controls = mmap( NULL, MAX_CHILDREN * sizeof(*controls), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    setvbuf( stdout, NULL, _IOLBF, 0 );
    return nspa_table;
}

struct child *spawn( void (*func)(void *), void *arg )
{
    return spawn_armed( func, arg, STEP_none, 0 );
}

struct child *spawn_armed( void (*func)(void *), void *arg, enum step step, int signal )
{
    static uint32_t last_id = 0x20;
    struct child *child = calloc( 1, sizeof(*child) );
    struct control *control = &controls[next_control++ % MAX_CHILDREN];
    pid_t parent = getpid();

    memset( control, 0, sizeof(*control) );
    control->armed = step;
    control->signal = signal;
    child->control = control;
    child->id = last_id += 4;
    child->journal = nspa_server_attach( child->id, &child->client.owner );
    if (child->journal < 0)
    {
        printf( "no journal\n" );
        exit( 1 );
    }
    child->client.table = nspa_table;
    child->client.journal = &nspa_table->journal[child->journal];
    if (!(child->pid = fork()))
    {
        prctl( PR_SET_PDEATHSIG, SIGKILL );
        if (getppid() != parent) _exit( 1 );
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
    nspa_server_retire( child->journal );
    if (child->pid)
    {
        kill( child->pid, SIGKILL );
        waitpid( child->pid, NULL, 0 );
    }
    nspa_server_release( child->journal );
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

int check_quiescent( struct nspa_table *table, int settle, const char *when )
{
    unsigned int i, j, k, wrong = 0;

    for (i = 0; settle && i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &table->bucket[i];

        if (!bucket->lock && !bucket->flags) continue;
        if (nspa_bucket_enter( bucket )) nspa_bucket_leave( bucket, 0 );
    }
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &table->journal[i];

        for (j = 0; j < nspa_journal_length( journal ); j++)
        {
            uint32_t state = journal->entries[j].state;

            if (state == NSPA_ENTRY_FREE || (state == NSPA_ENTRY_HELD && nspa_processes[i].in_use)) continue;
            printf( "%s: journal %u entry %u: stale, state %u\n", when, i, j, state );
            wrong++;
        }
    }
    for (i = 0; i < NSPA_BUCKETS; i++)
    {
        struct nspa_bucket *bucket = &table->bucket[i];

        if (bucket->lock && settle)
        {
            printf( "%s: bucket %u: lock %08x\n", when, i, bucket->lock );
            wrong++;
        }
        if (bucket->flags & NSPA_BUCKET_REBUILD)
        {
            if (settle)
            {
                printf( "%s: bucket %u: flags %u\n", when, i, bucket->flags );
                wrong++;
            }
            continue;  /* not to be believed, and says so */
        }
        if (bucket->lock & FUTEX_OWNER_DIED) continue;  /* the next owner will say so */
        for (k = 0; k < NSPA_SLOTS; k++)
        {
            struct nspa_slot *slot = &bucket->slots[k];
            struct nspa_share sum;

            if (!slot->clients.handles && !slot->server.handles) continue;
            nspa_journals_sum( slot->dev, slot->ino, 0, &sum );
            if (!memcmp( &sum, &slot->clients, sizeof(sum) )) continue;
            printf( "%s: bucket %u inode %u: %u handles, %u readers, journals have %u, %u\n", when, i,
                    (unsigned int)slot->ino, slot->clients.handles, slot->clients.readers, sum.handles, sum.readers );
            wrong++;
        }
    }
    /* each granted open has a slot that counts it */
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        struct nspa_journal *journal = &table->journal[i];

        if (!nspa_processes[i].in_use) continue;
        for (j = 0; j < nspa_journal_length( journal ); j++)
        {
            struct nspa_journal_entry *entry = &journal->entries[j];
            struct nspa_bucket *bucket = nspa_bucket_of( table, entry->dev, entry->ino );

            if (entry->state != NSPA_ENTRY_HELD || (bucket->flags & NSPA_BUCKET_REBUILD)) continue;
            if (nspa_slot_find( bucket, entry->dev, entry->ino, NULL )) continue;
            printf( "%s: journal %u entry %u: not counted anywhere\n", when, i, j );
            wrong++;
        }
    }
    return wrong;
}
