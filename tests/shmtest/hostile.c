/*
 * A table that somebody has written to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test.h"
#include "suites.h"
#include "../../capi/server/private.h"

struct open
{
    uint64_t ino;
    uint32_t index;
};

static void open_child( void *arg )
{
    struct open *open = arg;

    publish( open->index, open->ino, READ, NSPA_SHARE_READ );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

static uint32_t try_open( uint64_t ino )
{
    struct open open = { ino, 0 };
    struct child *child = spawn( open_child, &open );
    uint32_t result;

    CHECK( await_word( &child->control->phase, 1, 2000 ), "client hangs" );
    result = child->control->result;
    reap( child );
    return result;
}

/* What becomes of a bucket after wineserver has been there once, as the next declined
 * open brings it. */
static void check_heals( uint64_t ino, const char *what )
{
    static const struct nspa_share none;
    uint32_t result;

    server_store( ino, &none );
    result = try_open( ino );
    CHECK( result == NSPA_PUBLISHED, "%s: then %u", what, result );
    CHECK( !check_quiescent( 1, what ), "%s", what );
}

/* ---- lock words ---- */

/* Words that no owner wrote: both sides answer in time, and nothing of them stays, be
 * the thread that they name alive or not. */
static void lock_words(void)
{
    struct nspa_bucket *bucket = bucket_of( 1000 );
    pid_t dead = fork();
    uint32_t words[10];
    int64_t slowest_client = 0, slowest_server = 0;
    unsigned int i, n = 0;

    if (!dead) _exit( 0 );
    waitpid( dead, NULL, 0 );
    words[n++] = dead;                       /* ESRCH */
    words[n++] = dead | FUTEX_WAITERS;
    words[n++] = dead | FUTEX_OWNER_DIED;
    words[n++] = getpid();                   /* wineserver's own: EDEADLK there */
    words[n++] = 1;                          /* lives for ever */
    words[n++] = 2;                          /* a kernel thread: EPERM */
    words[n++] = FUTEX_WAITERS;
    words[n++] = FUTEX_OWNER_DIED;
    words[n++] = ~0u;
    words[n++] = 0x3fffffff;
    for (i = 0; i < n; i++)
    {
        struct open open = { 1000, 0 };
        struct nspa_share own = { .handles = 0 };
        struct child *child;
        int64_t start;
        char what[40];

        snprintf( what, sizeof(what), "lock word %08x", words[i] );
        NSPA_STORE( &bucket->lock, words[i] );
        child = spawn( open_child, &open );
        CHECK( await_word( &child->control->phase, 1, 2000 ), "%s: client hangs", what );
        if (child->control->ns > slowest_client) slowest_client = child->control->ns;
        reap( child );

        NSPA_STORE( &bucket->lock, words[i] );
        start = now_ns();
        CHECK( server_open( 1000, &own, READ, 0 ), "%s: refused", what );
        if (now_ns() - start > slowest_server) slowest_server = now_ns() - start;
        CHECK( try_open( 1000 ) == NSPA_CONFLICT, "%s: overridden", what );
        check_heals( 1000, what );

        NSPA_STORE( &bucket->lock, words[i] );
        check_heals( 1000, what );
    }
    printf( "%u lock words: client at most %.1f ms, wineserver %.1f ms\n", n, slowest_client / 1e6, slowest_server / 1e6 );
    CHECK( slowest_client < NSPA_CLIENT_WAIT_NS + 200000000, "client" );
    CHECK( slowest_server < 2 * NSPA_SERVER_WAIT_NS + 200000000, "wineserver" );
}

/* The word is cleared while its owner is inside, and wineserver comes in: whatever the
 * owner then does, wineserver's exclusive open stands. */
static void lock_taken_away( enum step step )
{
    struct open open = { 1000, 0 };
    struct child *owner = spawn_armed( open_child, &open, step, SIGSTOP );
    struct nspa_share own = { .handles = 0 };
    int granted;

    CHECK( await( owner, 2000 ) == 1, "%s: did not stop", step_name( step ));
    NSPA_STORE( &bucket_of( 1000 )->lock, 0 );
    granted = server_open( 1000, &own, READ | WRITE, 0 );
    kill( owner->pid, SIGCONT );
    CHECK( await_word( &owner->control->phase, 1, 2000 ), "%s: hangs", step_name( step ));
    CHECK( !granted || owner->control->result != NSPA_PUBLISHED, "%s: both granted", step_name( step ));
    CHECK( granted || step == STEP_counted, "%s: wineserver refused", step_name( step ));
    if (granted) CHECK( try_open( 1000 ) != NSPA_PUBLISHED, "%s: overridden", step_name( step ));
    reap( owner );
    check_heals( 1000, step_name( step ));
}

/* The same between two processes: who finds the word changed takes its open back, and
 * the sums are counted again. */
static void lock_shared( enum step step )
{
    struct open open = { 1000, 0 };
    struct child *owner = spawn_armed( open_child, &open, step, SIGSTOP ), *other;
    struct nspa_share sum;

    CHECK( await( owner, 2000 ) == 1, "%s: did not stop", step_name( step ));
    NSPA_STORE( &bucket_of( 1000 )->lock, 0 );
    other = spawn( open_child, &open );
    CHECK( await_word( &other->control->phase, 1, 2000 ), "%s: hangs", step_name( step ));
    CHECK( other->control->result == NSPA_PUBLISHED, "%s: %u", step_name( step ), other->control->result );
    kill( owner->pid, SIGCONT );
    CHECK( await_word( &owner->control->phase, 1, 2000 ), "%s: hangs", step_name( step ));
    CHECK( owner->control->result != NSPA_PUBLISHED, "%s: granted", step_name( step ));
    CHECK( !is_clean( 1000 ), "%s: not noticed", step_name( step ));
    nspa_server_verify( DEV, 1000, &sum );
    CHECK( sum.handles == 1, "%s: %u handles", step_name( step ), sum.handles );
    CHECK( !check_quiescent( 1, "shared lock" ), "%s", step_name( step ));
    reap( owner );
    reap( other );
    check_heals( 1000, step_name( step ));
}

/* ---- the table: what is written to slots and flags ---- */

static void fill( void *start, size_t size, unsigned int *seed )
{
    unsigned int *word = start;
    size_t i;

    for (i = 0; i < size / sizeof(*word); i++) word[i] = rand_r( seed ) ^ (unsigned int)rand_r( seed ) << 16;
}

enum damage { WIPE_ALL, WIPE_SLOTS, WIPE_COUNTERS, WIPE_CHECKS, RANDOM_ALL, RANDOM_SLOTS, MOVE_SLOTS, PLANT, DAMAGES };

static void damage( struct nspa_table *table, enum damage how, uint64_t ino )
{
    struct nspa_bucket *bucket = &table->bucket[nspa_hash( DEV, ino )];
    unsigned int i, seed = how;

    switch (how)
    {
    case WIPE_ALL:
        memset( table, 0, sizeof(*table) );
        break;
    case WIPE_SLOTS:
        memset( bucket->slots, 0, sizeof(bucket->slots) );
        break;
    case RANDOM_ALL:
        fill( table, sizeof(*table), &seed );
        break;
    case RANDOM_SLOTS:
        fill( bucket->slots, sizeof(bucket->slots), &seed );
        break;
    default:
        for (i = 0; i < NSPA_SLOTS; i++)
        {
            if (how == WIPE_COUNTERS) memset( &bucket->slots[i].clients, 0, sizeof(bucket->slots[i].clients) );
            if (how == WIPE_CHECKS) bucket->slots[i].check = 0;
            if (how == MOVE_SLOTS) bucket->slots[i] = table->bucket[(nspa_hash( DEV, ino ) + 1) % NSPA_BUCKETS].slots[i];
            if (how != PLANT) continue;
            bucket->slots[i].dev = DEV;
            bucket->slots[i].ino = ino + i;
            bucket->slots[i].clients = one_open( READ | WRITE, 0 );
        }
    }
}

struct scribble
{
    enum damage how;
    uint64_t    ino;
};

/* A process that writes to the table as it is mapped in a process. */
static void scribbler_child( void *arg )
{
    struct scribble *scribble = arg;

    damage( me->client.table, scribble->how, scribble->ino );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

static struct child *scribble( enum damage how, uint64_t ino )
{
    struct scribble what = { how, ino };
    struct child *child = spawn( scribbler_child, &what );

    CHECK( await_word( &child->control->phase, 1, 2000 ), "%u: does not come to it", how );
    return child;
}

/* A process reads two files; another writes nonsense to what the table has of them. */
static void damaged_slots( enum damage how )
{
    struct open open = { 1000, 0 };
    struct nspa_share own = { .handles = 0 }, exclusive = one_open( READ | WRITE, 0 ), clients, none;
    struct child *holder = spawn( open_child, &open ), *scribbler;
    uint32_t result;
    char what[40];

    snprintf( what, sizeof(what), "damage %u", how );
    memset( &none, 0, sizeof(none) );
    CHECK( await_word( &holder->control->phase, 1, 2000 ) && holder->control->result == NSPA_PUBLISHED, "not open" );
    nspa_server_publish( DEV, 2000, &exclusive, &clients );

    /* wineserver's own open is never overridden, nor is a deletion blocked or let through */
    scribbler = scribble( how, 1000 );
    reap( scribble( how, 2000 ));
    CHECK( try_open( 2000 ) != NSPA_PUBLISHED, "%s: wineserver's open is overridden", what );
    CHECK( nspa_server_begin_remove( DEV, 1000 ) == 1, "%s: removed while open", what );
    nspa_server_end_remove( DEV, 1000, 0 );
    reap( scribble( how, 1001 ));
    CHECK( nspa_server_begin_remove( DEV, 1001 ) == 0, "%s: a deletion is blocked", what );
    nspa_server_end_remove( DEV, 1001, 0 );
    /* nor are other processes' */
    reap( scribbler );
    scribbler = scribble( how, 1000 );
    CHECK( !server_open( 1000, &own, WRITE, NSPA_SHARE_ALL ), "%s: wineserver writes what another reads", what );
    reap( scribbler );
    /* two more that it does not know of: a process comes first */
    scribbler = scribble( how, 1000 );
    result = try_open( 1000 );
    CHECK( result == NSPA_BUCKET_DECLINED, "%s: not noticed, %u", what, result );
    reap( scribbler );
    server_store( 2000, &none );
    check_heals( 1000, what );
    CHECK( client_share( 1000 ).handles == 1, "%s: %u handles", what, client_share( 1000 ).handles );
    reap( holder );
    CHECK( !check_quiescent( 1, what ), "%s, all gone", what );
}

static void forger_child( void *arg )
{
    struct nspa_slot slot = { .dev = DEV, .ino = *(uint64_t *)arg, .clients = one_open( READ | WRITE, 0 ) };

    nspa_slot_write( me->client.control, me->client.table, nspa_hash( DEV, slot.ino ), 0, &slot );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

/* A slot that says what is not so, with a check word that is right: it blocks nothing. */
static void forged_slot(void)
{
    uint64_t ino = 1000;
    struct child *child = spawn( forger_child, &ino );
    struct nspa_share own = { .handles = 0 };

    CHECK( await_word( &child->control->phase, 1, 2000 ), "does not come to it" );
    CHECK( client_share( ino ).handles == 1, "not forged" );
    CHECK( nspa_server_begin_remove( DEV, ino ) == 0, "a deletion is blocked" );
    nspa_server_end_remove( DEV, ino, 0 );
    reap( child );
    child = spawn( forger_child, &ino );
    CHECK( await_word( &child->control->phase, 1, 2000 ), "does not come to it" );
    CHECK( server_open( ino, &own, READ, NSPA_SHARE_ALL ), "wineserver is refused" );
    reap( child );
    check_heals( ino, "forged slot" );
}

/* ---- what wineserver writes ---- */

static void control_child( void *arg )
{
    static const char text[] = "nonsense";
    char path[64];
    int fd;

    (void)arg;
    snprintf( path, sizeof(path), "/proc/self/fd/%d", control_fd );
    fd = open( path, O_RDWR | O_CLOEXEC );
    if (mmap( NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0 ) != MAP_FAILED) _exit( 2 );
    if (mmap( NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0 ) != MAP_FAILED) _exit( 3 );
    if (!mprotect( (void *)me->client.control, 4096, PROT_READ | PROT_WRITE )) _exit( 4 );
    if (pwrite( fd, text, sizeof(text), 0 ) != -1) _exit( 5 );
    if (!ftruncate( fd, 0 )) _exit( 6 );
    if (!fallocate( fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096 )) _exit( 7 );
    if (!madvise( (void *)me->client.control, 4096, MADV_REMOVE )) _exit( 8 );
    me->control->phase = 1;
}

static void control_is_sealed(void)
{
    struct child *child = spawn( control_child, NULL );

    CHECK( await( child, 2000 ) == 0 && child->control->phase == 1, "wineserver's words can be written" );
    reap( child );
}

/* ---- journals ---- */

/* A process that claims to have a file open keeps it from being deleted for as long as it
 * lives, and no longer; what it has in its journal is nobody else's. */
static void planted_entry(void)
{
    struct open open = { 2000, 20 };
    struct child *child = spawn( open_child, &open );
    struct nspa_journal *journal = child->client.journal;

    await_word( &child->control->phase, 1, 2000 );
    journal->entries[21] = (struct nspa_journal_entry){ .dev = DEV, .ino = 1000, .access = READ, .sharing = 0,
                                                        .state = NSPA_ENTRY_HELD };
    journal->high_water = 30;
    nspa_cell_add( journal, 21, nspa_hash( DEV, 1000 ));
    nspa_bucket_spoil( nspa_table, nspa_hash( DEV, 1000 ));
    CHECK( nspa_server_watch( DEV, 1000 ) == 1, "not claimed" );
    reap( child );
    CHECK( nspa_server_watch( DEV, 1000 ) == 0, "it outlives the process" );
    check_heals( 1000, "planted entry" );
}

/* What a process has left above its high-water mark is gone with it. */
static void high_water(void)
{
    struct open open = { 1000, 20 };
    struct child *child = spawn( open_child, &open );
    struct nspa_share sum;

    await_word( &child->control->phase, 1, 2000 );
    NSPA_STORE( &child->client.journal->high_water, 0 );
    reap( child );
    nspa_server_verify( DEV, 1000, &sum );
    CHECK( sum.handles == 0, "%u handles are left", sum.handles );
    check_heals( 1000, "high water" );
}

#define MANY 600

/* Full journals of nonsense: what wineserver does with them takes a bounded time. */
static void full_journals(void)
{
    static struct child *child[MANY];
    unsigned int i, j, seed = 1;
    int64_t start, retire, checked;
    struct nspa_share own = { .handles = 0 };

    for (i = 0; i < MANY; i++)
    {
        child[i] = attach_child();
        fill( &child[i]->client.journal->high_water, sizeof(struct nspa_journal) - 8, &seed );
        for (j = 0; i % 2 && j < NSPA_HANDLE_CAP; j++) child[i]->client.journal->entries[j].state = NSPA_ENTRY_HELD;
    }
    nspa_bucket_spoil( nspa_table, nspa_hash( DEV, 1000 ));
    start = now_ns();
    server_open( 1000, &own, READ, 0 );
    checked = now_ns() - start;
    start = now_ns();
    nspa_server_retire( child[1]->id, NULL );
    retire = now_ns() - start;
    for (i = 0; i < MANY; i++)
    {
        nspa_server_release( child[i]->id, NULL );
        free( child[i] );
    }
    printf( "%u journals of 4096 entries of nonsense: a check %.1f ms, a retirement %.1f ms\n",
            MANY, checked / 1e6, retire / 1e6 );
    CHECK( checked < 2000000000, "%.1f ms", checked / 1e6 );
    CHECK( retire < 5000000000, "%.1f ms", retire / 1e6 );
    own.handles = 0;
    server_store( 1000, &own );
    CHECK( !nspa_process_count, "%u processes", nspa_process_count );
    CHECK( !check_quiescent( 1, "full journals" ), "full journals" );
}

/* An entry that is used again while wineserver reads it is never read as a
 * mixture of both opens. */
static void rewrite_child( void *arg )
{
    struct nspa_journal_entry *entry = &me->client.journal->entries[0];
    uint64_t i;

    (void)arg;
    nspa_journal_use( me->client.journal, 0 );
    NSPA_STORE( &me->control->phase, 1 );
    for (i = 1;; i++)  /* as nspa_client_publish() and nspa_client_retract() write it */
    {
        NSPA_STORE( &entry->seq, entry->seq + 1 );
        NSPA_STORE( &entry->dev, i );
        NSPA_STORE( &entry->ino, i );
        NSPA_STORE( &entry->access, (uint32_t)i );
        NSPA_STORE( &entry->sharing, (uint32_t)i );
        NSPA_STORE( &entry->state, NSPA_ENTRY_PENDING );
        NSPA_STORE( &entry->state, NSPA_ENTRY_HELD );
        NSPA_STORE( &entry->state, NSPA_ENTRY_FREE );
    }
}

static void torn_entries(void)
{
    struct child *child = spawn( rewrite_child, NULL );
    struct nspa_journal_entry copy;
    unsigned int mixed = 0, held = 0;
    int64_t end;

    await_word( &child->control->phase, 1, 2000 );
    for (end = now_ns() + INT64_C(5000000000); now_ns() < end && held < 20000;)
    {
        if (nspa_entry_read( &child->client.journal->entries[0], &copy ) != NSPA_ENTRY_HELD) continue;
        held++;
        if (copy.dev != copy.ino || (uint32_t)copy.dev != copy.access || copy.access != copy.sharing) mixed++;
    }
    CHECK( held > 0 && !mixed, "%u of %u entries read are a mixture", mixed, held );
    kill( child->pid, SIGKILL );
    waitpid( child->pid, NULL, 0 );
    child->pid = 0;
    memset( child->client.journal->entries, 0, sizeof(child->client.journal->entries[0]) );
    reap( child );
}

void run_hostile(void)
{
    static const enum step steps[] = { STEP_locked, STEP_announced, STEP_found, STEP_checked, STEP_committed, STEP_counted };
    unsigned int i;

    lock_words();
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) lock_taken_away( steps[i] );
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) lock_shared( steps[i] );
    for (i = 0; i < DAMAGES; i++) if (i != MOVE_SLOTS || NSPA_BUCKETS > 1) damaged_slots( i );
    forged_slot();
    control_is_sealed();
    planted_entry();
    high_water();
    torn_entries();
    full_journals();
}
