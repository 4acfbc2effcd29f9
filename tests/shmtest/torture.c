/*
 * Torture of the shared table: processes that open and close as fast as they
 * can, are stopped and killed at random instants and at chosen steps, next to
 * a wineserver that opens, watches and buries.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whoever has an open granted says so in a record of its own, and takes it out
 * before closing. So at any instant the records are a part of what is open:
 * two of them that conflict are two opens that the table granted against each
 * other. With everybody at rest the records are all that is open.
 */

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test.h"
#include "../../capi/server/private.h"

#define WORKERS  6
#define THREADS  2
#define OPENS    8           /* at once, of one thread */
#define INODES   24
#define CROWD    8           /* inodes of one bucket: more than it has slots */
#define SERVER   WORKERS     /* the server's records come after the workers' */

struct record
{
    uint32_t valid;          /* odd while the open is granted */
    uint32_t ino;
    uint32_t access;
    uint32_t sharing;
};

static struct shared
{
    struct record record[WORKERS + 1][THREADS * OPENS];
    uint32_t gone[WORKERS + 1];  /* retired, though it may still run: its records say nothing */
    uint32_t pause;
    uint32_t idle[WORKERS][THREADS];
    uint32_t drained[INODES];  /* wineserver was told */
    uint32_t visit[INODES];  /* declined, so that wineserver gets the open */
    uint32_t violations;
    uint32_t quit;
    uint64_t opens[WORKERS][THREADS], granted[WORKERS][THREADS];
    uint64_t results[NSPA_DETACHED + 1];
} *shared;

static uint64_t inodes[INODES];
static struct child *children[WORKERS];
static struct nspa_share server_own[INODES];
static uint8_t watched[INODES];
static unsigned int seed = 1, duration = 5, scribble, max_kills = ~0u;
static unsigned int kills, step_kills, stops, spawned, watches, told, server_opens, server_granted, rests, buried;
static int64_t slowest_server;

static uint32_t next_random( uint64_t *state )
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* the rule for two opens, said in another way than in the header */
static int incompatible( uint32_t access1, uint32_t sharing1, uint32_t access2, uint32_t sharing2 )
{
    static const uint32_t bits[3] = { NSPA_READ_ACCESS, NSPA_WRITE_ACCESS, NSPA_DELETE_ACCESS };
    int i, takes_part1 = 0, takes_part2 = 0;

    for (i = 0; i < 3; i++)
    {
        takes_part1 |= (access1 & bits[i]) != 0;
        takes_part2 |= (access2 & bits[i]) != 0;
    }
    for (i = 0; i < 3; i++)
    {
        if ((access1 & bits[i]) && takes_part2 && !(sharing2 >> i & 1)) return 1;
        if ((access2 & bits[i]) && takes_part1 && !(sharing1 >> i & 1)) return 1;
    }
    return 0;
}

/* Say that an open was granted; look for one that it conflicts with. */
static void enter_record( unsigned int worker, unsigned int index, uint32_t ino, uint32_t access, uint32_t sharing )
{
    struct record *own = &shared->record[worker][index];
    unsigned int i, j;

    NSPA_STORE( &own->ino, ino );
    NSPA_STORE( &own->access, access );
    NSPA_STORE( &own->sharing, sharing );
    __atomic_add_fetch( &own->valid, 1, __ATOMIC_SEQ_CST );
    if (scribble) return;
    for (i = 0; i <= WORKERS; i++) for (j = 0; j < THREADS * OPENS; j++)
    {
        struct record *other = &shared->record[i][j], copy;

        if (other == own) continue;
        copy.valid = __atomic_load_n( &other->valid, __ATOMIC_SEQ_CST );
        if (!(copy.valid & 1)) continue;
        copy.ino = NSPA_LOAD( &other->ino );
        copy.access = NSPA_LOAD( &other->access );
        copy.sharing = NSPA_LOAD( &other->sharing );
        if (copy.ino != ino || !incompatible( access, sharing, copy.access, copy.sharing )) continue;
        if (__atomic_load_n( &shared->gone[i], __ATOMIC_SEQ_CST )) continue;
        if (__atomic_load_n( &shared->gone[worker], __ATOMIC_SEQ_CST )) continue;
        if (__atomic_load_n( &other->valid, __ATOMIC_SEQ_CST ) != copy.valid) continue;
        __atomic_add_fetch( &shared->violations, 1, __ATOMIC_SEQ_CST );
        printf( "inode %u: access %x sharing %u granted to %u against access %x sharing %u of %u\n",
                ino, access, sharing, worker, copy.access, copy.sharing, i );
    }
}

static void leave_record( unsigned int worker, unsigned int index )
{
    __atomic_add_fetch( &shared->record[worker][index].valid, 1, __ATOMIC_SEQ_CST );
}

struct thread
{
    unsigned int worker, number;
    uint64_t random;
};

static const uint32_t accesses[] = { READ, READ, READ, READ, 0x80, WRITE, DELETE, READ | WRITE, 0x20, 4 };
static const uint32_t sharings[] = { 7, 7, 7, 1, 1, 3, 5, 0, 2, 4 };

static void *worker_thread( void *arg )
{
    struct thread *thread = arg;
    unsigned int first = thread->number * OPENS;
    struct record *record = &shared->record[thread->worker][first];
    uint32_t notify;

    while (!NSPA_LOAD( &shared->quit ))
    {
        unsigned int i = next_random( &thread->random ) % OPENS, index = first + i;

        if (NSPA_LOAD( &shared->pause ))
        {
            NSPA_STORE( &shared->idle[thread->worker][thread->number], 1 );
            while (NSPA_LOAD( &shared->pause )) usleep( 200 );
            NSPA_STORE( &shared->idle[thread->worker][thread->number], 0 );
        }
        if (record[i].valid & 1)
        {
            uint32_t ino = record[i].ino;

            leave_record( thread->worker, index );
            notify = nspa_client_retract( &me->client, index, DEV, inodes[ino],
                                          record[i].access, record[i].sharing );
            if (notify) __atomic_store_n( &shared->drained[ino], 1, __ATOMIC_SEQ_CST );
        }
        else
        {
            uint32_t ino = next_random( &thread->random ) % INODES;
            uint32_t access = accesses[next_random( &thread->random ) % 10];
            uint32_t sharing = sharings[next_random( &thread->random ) % 10];
            unsigned int ret = nspa_client_publish( &me->client, index, DEV, inodes[ino], access, sharing );

            shared->opens[thread->worker][thread->number]++;
            if (ret <= NSPA_DETACHED) __atomic_add_fetch( &shared->results[ret], 1, __ATOMIC_RELAXED );
            if (ret == NSPA_PUBLISHED)
            {
                shared->granted[thread->worker][thread->number]++;
                enter_record( thread->worker, index, ino, access, sharing );
            }
            else if (ret != NSPA_CONFLICT)
            {
                NSPA_STORE( &shared->visit[ino], 1 );
                usleep( 20 );
            }
        }
    }
    return NULL;
}

static void worker_child( void *arg )
{
    struct thread thread[THREADS];
    pthread_t id;
    unsigned int i;

    for (i = 0; i < THREADS; i++)
    {
        thread[i].worker = (uintptr_t)arg;
        thread[i].number = i;
        thread[i].random = (uint64_t)seed << 32 ^ (uint64_t)me->id << 8 ^ i;
        if (i && pthread_create( &id, NULL, worker_thread, &thread[i] )) _exit( 1 );
    }
    worker_thread( &thread[0] );
    pthread_join( id, NULL );
}

static void send( struct child *child, int signal )
{
    if (child->pid) kill( child->pid, signal );  /* zero would be all of us */
}

static void start_worker( unsigned int i )
{
    memset( shared->idle[i], 0, sizeof(shared->idle[i]) );
    children[i] = spawn( worker_child, (void *)(uintptr_t)i );
    spawned++;
}

/* wineserver's part when it is told of a last close, */
static void look_again( uint64_t dev, uint64_t ino )
{
    unsigned int i;

    for (i = 0; i < INODES; i++)
        if (inodes[i] == ino && watched[i] && !nspa_server_watch( dev, ino )) watched[i] = 0;
}

static void take_messages(void)
{
    unsigned int i;

    for (i = 0; i < INODES; i++)
    {
        if (!__atomic_exchange_n( &shared->drained[i], 0, __ATOMIC_SEQ_CST )) continue;
        told++;
        look_again( DEV, inodes[i] );
    }
}

/* or buries a process */
static void bury( unsigned int i )
{
    unsigned int j;

    /* its records are its own until it is dead: its threads go by them */
    __atomic_store_n( &shared->gone[i], 1, __ATOMIC_SEQ_CST );
    nspa_server_retire( children[i]->id, look_again );
    send( children[i], SIGKILL );
    if (children[i]->pid) waitpid( children[i]->pid, NULL, 0 );
    for (j = 0; j < THREADS * OPENS; j++)
        if (shared->record[i][j].valid & 1) leave_record( i, j );
    __atomic_store_n( &shared->gone[i], 0, __ATOMIC_SEQ_CST );
    nspa_server_release( children[i]->id, look_again );
    free( children[i] );
    children[i] = NULL;
    buried++;
}

static void server_opens_one( uint64_t *random )
{
    unsigned int index = next_random( random ) % (THREADS * OPENS), i, held = 0;
    struct record *record = &shared->record[SERVER][index];
    uint32_t ino, access, sharing;

    if (record->valid & 1)
    {
        leave_record( SERVER, index );
        nspa_share_change( &server_own[record->ino], record->access, record->sharing, 0 );
        server_store( inodes[record->ino], &server_own[record->ino] );
        return;
    }
    for (i = 0; i < THREADS * OPENS; i++) held += shared->record[SERVER][i].valid & 1;
    if (held > (NSPA_SLOTS > 1 ? 6 : 0)) return;  /* or there would be little to grant */
    ino = next_random( random ) % INODES;
    access = accesses[next_random( random ) % 10];
    sharing = sharings[next_random( random ) % 10];
    server_opens++;
    if (!server_open( inodes[ino], &server_own[ino], access, sharing )) return;
    server_granted++;
    enter_record( SERVER, index, ino, access, sharing );
}

/* Nobody at work: the records are exactly what journals and table have. */
static void rest( int settle )
{
    unsigned int i, j, wrong = 0;
    int64_t end = now_ns() + INT64_C(5000000000);

    NSPA_STORE( &shared->pause, 1 );
    for (i = 0; i < WORKERS; i++)
    {
        if (children[i]) children[i]->control->armed = STEP_none;
        for (j = 0; j < THREADS && children[i]; j++)
        {
            while (!NSPA_LOAD( &shared->idle[i][j] ) && now_ns() < end)
            {
                if (!await( children[i], 0 ))
                {
                    bury( i );
                    break;
                }
                send( children[i], SIGCONT );
                usleep( 100 );
            }
            if (children[i] && !NSPA_LOAD( &shared->idle[i][j] ))
                CHECK( 0, "worker %u thread %u is stuck", i, j );
        }
    }
    take_messages();
    rests++;
    wrong += check_quiescent( settle, "at rest" );
    for (i = 0; i < INODES; i++)
        if (watched[i] && !nspa_server_count( DEV, inodes[i] ))
        {
            printf( "inode %u was closed and wineserver not told\n", i );
            watched[i] = 0;
            wrong++;
        }
    for (i = 0; i < WORKERS; i++)
    {
        if (!children[i]) continue;
        for (j = 0; j < THREADS * OPENS; j++)
        {
            struct nspa_journal_entry *entry = &children[i]->client.journal->entries[j];
            struct record *record = &shared->record[i][j];
            uint32_t held = entry->state == NSPA_ENTRY_HELD;

            if ((record->valid & 1) == held &&
                (!held || (entry->ino == inodes[record->ino] && entry->access == record->access &&
                                   entry->sharing == record->sharing))) continue;
            printf( "worker %u entry %u: record %u, journal state %u\n", i, j, record->valid & 1, entry->state );
            wrong++;
        }
    }
    CHECK( !wrong, "seed %u, rest %u", seed, rests );
    NSPA_STORE( &shared->pause, 0 );
}

/* A process that writes nonsense: to what the others use, and at the end anywhere. */
static void scribble_child( void *arg )
{
    uint64_t random = seed * 77 + 1;
    int everywhere = arg != NULL;

    for (;;)
    {
        size_t offset;
        uint32_t value = next_random( &random ) ^ next_random( &random ) << 13;
        char *memory = (char *)me->client.table;

        if (next_random( &random ) % 4 == 0)
        {
            memory = (char *)me->client.journal;
            offset = next_random( &random ) % (everywhere ? sizeof(struct nspa_journal) : 4096 + 16384 + 32 * 64) / 4 * 4;
        }
        else if (everywhere) offset = (size_t)next_random( &random ) * 4 % sizeof(struct nspa_table);
        else offset = (char *)bucket_of( inodes[next_random( &random ) % INODES] ) - (char *)nspa_table +
                      next_random( &random ) % sizeof(struct nspa_bucket) / 4 * 4;
        if (next_random( &random ) % 2) value &= 3;            /* a state, a small count */
        else if (next_random( &random ) % 4 == 0) value = getpid();
        __atomic_store_n( (uint32_t *)(memory + offset), value, __ATOMIC_RELAXED );
        if (next_random( &random ) % 64 == 0) usleep( 1 );
    }
}

static void usage( const char *name )
{
    printf( "usage: %s [-s SEED] [-t SECONDS] [-k KILLS] [-x]\n"
            "  -k  end after so many processes were killed, however long it takes\n"
            "  -x  with a process that writes nonsense to the table\n", name );
    exit( 1 );
}

int main( int argc, char *argv[] )
{
    struct child *scribbler = NULL;
    uint64_t random, opens = 0, granted = 0, last_opens = 0;
    int64_t start, end, next_rest, next_heartbeat;
    unsigned int i, j, stalls = 0;
    int opt;

    while ((opt = getopt( argc, argv, "s:t:k:x" )) != -1)
    {
        if (opt == 's') seed = strtoul( optarg, NULL, 0 );
        else if (opt == 't') duration = strtoul( optarg, NULL, 0 );
        else if (opt == 'k') max_kills = strtoul( optarg, NULL, 0 );
        else if (opt == 'x') scribble = 1;
        else usage( argv[0] );
    }
    printf( "seed %u, %u buckets of %u slots%s\n", seed, NSPA_BUCKETS, NSPA_SLOTS, scribble ? ", with nonsense" : "" );
    start_server();
    shared = mmap( NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 );
    random = seed;
    /* few inodes in fewer buckets, so that they meet */
    for (i = 0; i < INODES; i += CROWD)
    {
        uint64_t first = 5000 + 977 * i, ino;

        for (j = 0, ino = first; j < CROWD; ino++)
            if (nspa_hash( DEV, ino ) == nspa_hash( DEV, first )) inodes[i + j++] = ino;
    }
    for (i = 0; i < WORKERS; i++) start_worker( i );
    if (scribble) scribbler = spawn( scribble_child, NULL );

    start = now_ns();
    end = max_kills == ~0u ? start + duration * INT64_C(1000000000) : INT64_MAX;
    next_rest = start + 100000000;
    next_heartbeat = start + 2000000000;
    while (now_ns() < end && kills + step_kills < max_kills && !shared->violations && failed < 20)
    {
        int64_t before, took;

        for (i = 0; i < WORKERS; i++)
        {
            if (children[i] && !await( children[i], 0 ))
            {
                if (children[i]->control->signal == SIGKILL) step_kills++;
                bury( i );
            }
            if (!children[i]) start_worker( i );
        }
        before = now_ns();
        i = next_random( &random ) % WORKERS;
        switch (next_random( &random ) % 32)
        {
        case 0:
            if (scribble) break;
            send( children[i], SIGKILL );
            kills++;
            break;
        case 1: case 2: case 10: case 11:
            if (!scribble && !NSPA_LOAD( &children[i]->control->armed ))
            {
                children[i]->control->signal = next_random( &random ) % 8 ? SIGKILL : SIGSTOP;
                NSPA_STORE( &children[i]->control->armed, 1 + next_random( &random ) % (STEP_COUNT - 1) );
            }
            break;
        case 3:
            if (next_random( &random ) % 8) break;
            send( children[i], SIGSTOP );
            stops++;
            break;
        case 4: case 5: case 6:
            send( children[i], SIGCONT );
            break;
        case 7: case 8:
            j = next_random( &random ) % INODES;
            if (!watched[j] && nspa_server_watch( DEV, inodes[j] ))
            {
                watched[j] = 1;
                watches++;
            }
            break;
        case 9:  /* wineserver ends a process whose threads still run */
            if (!scribble && next_random( &random ) % 8 == 0) bury( i );
            break;
        default:
            server_opens_one( &random );
        }
        for (i = 0; i < INODES; i++)
            if (__atomic_exchange_n( &shared->visit[i], 0, __ATOMIC_RELAXED )) server_store( inodes[i], &server_own[i] );
        if ((took = now_ns() - before) > slowest_server) slowest_server = took;

        take_messages();
        if (!scribble && now_ns() > next_rest)
        {
            rest( 0 );
            rest( 1 );
            next_rest = now_ns() + 100000000;
        }
        if (scribble && now_ns() > next_heartbeat)
        {
            uint64_t sum = 0;

            for (i = 0; i < WORKERS; i++)
            {
                send( children[i], SIGCONT );
                for (j = 0; j < THREADS; j++) sum += shared->opens[i][j];
            }
            if (sum == last_opens) stalls++;
            last_opens = sum;
            next_heartbeat = now_ns() + 1000000000;
            if (!nspa_server_alive( nspa_control ) || now_ns() > end - 2000000000)
            {
                reap( scribbler );
                scribbler = spawn( scribble_child, now_ns() > end - 2000000000 ? &random : NULL );
            }
        }
        if (next_random( &random ) % 4 == 0) usleep( 100 );
    }
    CHECK( !shared->violations, "%u opens granted against others", shared->violations );
    if (scribble)
    {
        reap( scribbler );
        CHECK( !stalls, "%u seconds without an open", stalls );
        NSPA_STORE( &shared->quit, 1 );
        for (i = 0; i < WORKERS; i++)
        {
            send( children[i], SIGCONT );
            CHECK( await( children[i], 5000 ) == 0, "worker %u hangs", i );
        }
    }
    else
    {
        rest( 0 );
        rest( 1 );
        for (i = 0; i < WORKERS; i++) if (children[i]) bury( i );
        memset( server_own, 0, sizeof(server_own) );
        for (i = 0; i < INODES; i++) server_store( inodes[i], &server_own[i] );
        CHECK( !check_quiescent( 1, "end" ), "at the end" );
        for (i = 0; i < NSPA_BUCKETS; i++)
        {
            for (j = 0; j < NSPA_SLOTS; j++)
                CHECK( !nspa_table->bucket[i].slots[j].clients.handles && !nspa_control->bucket[i].slots[j].opens.handles,
                       "slot %u.%u", i, j );
            CHECK( !nspa_table->bucket[i].lock && !nspa_control->bucket[i].poison, "bucket %u: lock %08x, poison %u",
                   i, nspa_table->bucket[i].lock, nspa_control->bucket[i].poison );
        }
        CHECK( !nspa_process_count, "%u processes", nspa_process_count );
    }
    for (i = 0; i < WORKERS; i++) for (j = 0; j < THREADS; j++)
    {
        opens += shared->opens[i][j];
        granted += shared->granted[i][j];
    }
    printf( "%.1f s: %llu opens, %llu granted, by %u processes; wineserver: %u opens, %u granted, at most %.1f ms\n",
            (now_ns() - start) / 1e9, (unsigned long long)opens, (unsigned long long)granted, spawned,
            server_opens, server_granted, slowest_server / 1e6 );
    printf( "granted %llu, conflict %llu, full %llu, declined %llu, busy %llu, detached %llu\n",
            (unsigned long long)shared->results[0], (unsigned long long)shared->results[1],
            (unsigned long long)shared->results[2], (unsigned long long)shared->results[3],
            (unsigned long long)shared->results[4], (unsigned long long)shared->results[5] );
    printf( "%u killed at random, %u at a step, %u stopped, %u buried; %u inodes watched, told %u times; %u rests\n",
            kills, step_kills, stops, buried, watches, told, rests );
    return summary();
}
