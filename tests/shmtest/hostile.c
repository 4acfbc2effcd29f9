/*
 * A table that somebody has written to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <signal.h>
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

/* Lock words that no owner wrote: both sides answer in time. */
static void lock_words(void)
{
    struct nspa_bucket *bucket = nspa_bucket_of( nspa_table, DEV, 1000 );
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

        NSPA_STORE( &bucket->lock, words[i] );
        child = spawn( open_child, &open );
        CHECK( await_word( &child->control->phase, 1, 2000 ), "%08x: client hangs", words[i] );
        if (child->control->ns > slowest_client) slowest_client = child->control->ns;
        reap( child );

        NSPA_STORE( &bucket->lock, words[i] );
        start = now_ns();
        CHECK( server_open( 1000, &own, READ, 0 ), "%08x: refused", words[i] );
        if (now_ns() - start > slowest_server) slowest_server = now_ns() - start;

        NSPA_STORE( &bucket->lock, 0 );
        own.handles = 0;
        server_store( 1000, &own );
        CHECK( !check_quiescent( nspa_table, 1, "lock word" ), "%08x", words[i] );
    }
    printf( "%u lock words: client at most %.1f ms, wineserver %.1f ms\n", n, slowest_client / 1e6, slowest_server / 1e6 );
    CHECK( slowest_client < NSPA_CLIENT_WAIT_NS + 200000000, "client" );
    CHECK( slowest_server < 2 * NSPA_SERVER_WAIT_NS + 200000000, "wineserver" );

    /* a word that heals: the owner is dead or was never there */
    {
        struct open open = { 1000, 0 };
        struct child *child;
        uint32_t result = 0;
        int tries;

        NSPA_STORE( &bucket->lock, dead );
        for (tries = 0; tries < 3; tries++)
        {
            struct nspa_share none;

            memset( &none, 0, sizeof(none) );
            child = spawn( open_child, &open );
            await_word( &child->control->phase, 1, 2000 );
            result = child->control->result;
            reap( child );
            server_store( 1000, &none );
        }
        CHECK( result == NSPA_PUBLISHED, "%u", result );
    }
}

/* What a hostile process left above its high-water mark is not the next one's. */
static void high_water(void)
{
    struct open open = { 1000, 20 };
    struct child *child = spawn( open_child, &open );
    struct nspa_share sum;
    int journal = child->journal;

    await_word( &child->control->phase, 1, 2000 );
    NSPA_STORE( &nspa_table->journal[journal].high_water, 0 );
    reap( child );

    open.ino = 2000;
    open.index = 30;
    child = spawn( open_child, &open );
    CHECK( child->journal == journal, "journal %d", child->journal );
    await_word( &child->control->phase, 1, 2000 );
    nspa_server_verify( DEV, 1000, &sum );
    CHECK( sum.handles == 0, "%u handles came back to life", sum.handles );
    reap( child );
    nspa_server_verify( DEV, 1000, &sum );
    CHECK( sum.handles == 0, "%u handles are left", sum.handles );
    CHECK( !check_quiescent( nspa_table, 1, "high water" ), "high water" );
}

static void fill( void *start, size_t size, unsigned int *seed )
{
    unsigned int *word = start;
    size_t i;

    for (i = 0; i < size / sizeof(*word); i++) word[i] = rand_r( seed ) ^ (unsigned int)rand_r( seed ) << 16;
}

/* Full journals of nonsense: what wineserver does with them takes a bounded time. */
static void full_journals(void)
{
    static struct child *child[NSPA_MAX_PROCESSES];
    unsigned int i, seed = 1;
    int64_t start, retire, checked;
    struct nspa_share own = { .handles = 0 };

    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        child[i] = calloc( 1, sizeof(*child[i]) );
        child[i]->journal = nspa_server_attach( 0x100000 + 4 * i, &child[i]->client.owner );
        CHECK( child[i]->journal >= 0, "journal %u", i );
        fill( &nspa_table->journal[child[i]->journal].high_water, sizeof(struct nspa_journal) - 8, &seed );
        if (i % 2)
        {
            unsigned int j;
            for (j = 0; j < NSPA_HANDLE_CAP; j++)
                nspa_table->journal[child[i]->journal].entries[j].state = NSPA_ENTRY_HELD;
        }
    }
    CHECK( nspa_server_attach( 0x200000, &child[0]->client.owner ) == -1, "a journal too many" );

    nspa_bucket_flag( nspa_bucket_of( nspa_table, DEV, 1000 ), NSPA_BUCKET_REBUILD );
    start = now_ns();
    server_open( 1000, &own, READ, 0 );
    checked = now_ns() - start;
    start = now_ns();
    nspa_server_retire( child[1]->journal );
    retire = now_ns() - start;
    for (i = 0; i < NSPA_MAX_PROCESSES; i++)
    {
        nspa_server_release( child[i]->journal );
        free( child[i] );
    }
    printf( "512 journals of 4096 entries of nonsense: a check %.1f ms, a retirement %.1f ms\n",
            checked / 1e6, retire / 1e6 );
    CHECK( checked < 2000000000, "%.1f ms", checked / 1e6 );
    CHECK( retire < 5000000000, "%.1f ms", retire / 1e6 );
    own.handles = 0;
    server_store( 1000, &own );
    CHECK( !check_quiescent( nspa_table, 1, "full journals" ), "full journals" );
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
    for (end = now_ns() + 200000000; now_ns() < end;)
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
    lock_words();
    high_water();
    torn_entries();
    full_journals();
}
