/*
 * Processes that die or stop at any step, and what the others see of it
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

#define BOTH  NSPA_SHARE_READ | NSPA_SHARE_DELETE

struct work
{
    uint64_t ino;
    uint64_t other;          /* an inode of the same bucket */
    uint32_t access, sharing;
    int      then_retract;
};

/* Publish, and take back while the parent watches that step. */
static void work_child( void *arg )
{
    struct work *work = arg;
    uint32_t armed = me->control->armed;

    if (work->then_retract) me->control->armed = STEP_none;
    publish( 3, work->ino, work->access, work->sharing );
    NSPA_STORE( &me->control->phase, 1 );
    if (work->then_retract)
    {
        NSPA_STORE( &me->control->armed, armed );
        retract( 3, work->ino, work->access, work->sharing );
        NSPA_STORE( &me->control->phase, 2 );
    }
    while (work->then_retract != 2) pause();
}

static void open_child( void *arg )
{
    struct work *work = arg;

    publish( 0, work->ino, work->access, work->sharing );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

/* A bystander that holds an open of the inode and one of its neighbour: what
 * the dead process did must not touch them. */
static void holder_child( void *arg )
{
    struct work *work = arg;

    publish( 0, work->ino, READ, NSPA_SHARE_ALL );
    publish( 1, work->other, READ, NSPA_SHARE_READ );
    NSPA_STORE( &me->control->phase, 1 );
    pause();
}

/* After whatever happened: a fresh process gets the open that nobody conflicts
 * with, at the latest after wineserver has looked once. */
static void check_usable( uint64_t ino, const char *when, const char *step )
{
    struct work work = { .ino = ino, .access = READ, .sharing = NSPA_SHARE_READ };
    struct nspa_share own = { .handles = 0 };
    struct child *child;
    int tries;
    uint32_t result = ~0u;

    for (tries = 0; tries < 2; tries++)
    {
        child = spawn( open_child, &work );
        await_word( &child->control->phase, 1, 2000 );
        result = child->control->result;
        reap( child );
        if (result == NSPA_PUBLISHED) break;
        server_store( ino, &own );
    }
    /* in the smallest build the bystander's other inode may fill the bucket */
    CHECK( result == NSPA_PUBLISHED || NSPA_SLOTS < 3, "%s at %s: then %u", when, step, result );
}

static void kill_at_steps(void)
{
    static const enum step steps[] = { STEP_lock, STEP_locked, STEP_announce, STEP_announced, STEP_found,
        STEP_checked, STEP_committed, STEP_counted, STEP_aborted, STEP_uncounted, STEP_unlock, STEP_unlocked,
        STEP_closed };
    uint64_t ino[2];
    unsigned int i, then_retract, waiter;
    int64_t slowest = 0;

    same_bucket( ino, 2 );
    for (then_retract = 0; then_retract < 2; then_retract++)
    for (waiter = 0; waiter < 2; waiter++)
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
    {
        struct work work = { ino[0], ino[1], READ, NSPA_SHARE_ALL, then_retract };
        const char *when = then_retract ? (waiter ? "close, waited for" : "close") :
                                          (waiter ? "open, waited for" : "open");
        struct child *holder, *victim, *second = NULL;
        int in_publish = steps[i] != STEP_aborted && steps[i] != STEP_uncounted && steps[i] != STEP_closed;
        int in_retract = steps[i] < STEP_announce || steps[i] > STEP_counted;

        if (then_retract ? !in_retract : !in_publish) continue;

        holder = spawn( holder_child, &work );
        await_word( &holder->control->phase, 1, 2000 );
        victim = spawn_armed( work_child, &work, steps[i], waiter ? SIGSTOP : SIGKILL );
        if (waiter)
        {
            CHECK( await( victim, 2000 ) == 1, "%s at %s: did not stop", when, step_name( steps[i] ));
            second = spawn( open_child, &work );
            usleep( 2000 );
            kill( victim->pid, SIGKILL );
        }
        CHECK( await( victim, 2000 ) == 0, "%s at %s: did not die", when, step_name( steps[i] ));
        if (second)
        {
            CHECK( await_word( &second->control->phase, 1, 1000 ), "%s at %s: waiter hangs", when, step_name( steps[i] ));
            if (second->control->ns > slowest) slowest = second->control->ns;
        }
        reap( victim );
        CHECK( !check_quiescent( 0, when ), "%s at %s", when, step_name( steps[i] ));
        CHECK( !check_quiescent( 1, when ), "%s at %s, settled", when, step_name( steps[i] ));
        if (second) reap( second );
        reap( holder );
        CHECK( !check_quiescent( 1, when ), "%s at %s, all gone", when, step_name( steps[i] ));
        check_usable( ino[0], when, step_name( steps[i] ));
    }
    printf( "kill -9 at each step: slowest waiter %.1f ms\n", slowest / 1e6 );
}

/* While a client is stopped at any step, wineserver answers in time, and the
 * answer and what the client goes on to do never contradict each other. */
static void stop_at_steps(void)
{
    static const enum step steps[] = { STEP_lock, STEP_locked, STEP_announce, STEP_announced, STEP_found,
        STEP_checked, STEP_committed, STEP_counted, STEP_unlock, STEP_unlocked };
    static const enum step close_steps[] = { STEP_lock, STEP_locked, STEP_aborted, STEP_uncounted, STEP_unlock,
        STEP_unlocked, STEP_closed };
    uint64_t ino[2];
    unsigned int i;
    int64_t first = 0, again = 0, client = 0;

    same_bucket( ino, 2 );
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
    {
        struct work work = { ino[0], ino[1], READ, NSPA_SHARE_READ, 0 };
        struct nspa_share own = { .handles = 0 };
        struct child *victim = spawn_armed( work_child, &work, steps[i], SIGSTOP ), *other;
        int granted;
        int64_t start;

        CHECK( await( victim, 2000 ) == 1, "open at %s: did not stop", step_name( steps[i] ));

        start = now_ns();
        granted = server_open( ino[0], &own, WRITE, NSPA_SHARE_ALL );
        if (now_ns() - start > first) first = now_ns() - start;

        start = now_ns();
        server_store( ino[0], &own );
        if (now_ns() - start > again) again = now_ns() - start;

        other = spawn( open_child, &work );
        await_word( &other->control->phase, 1, 2000 );
        if (other->control->ns > client) client = other->control->ns;
        CHECK( !granted || other->control->result != NSPA_PUBLISHED,
               "open at %s: wineserver writes, another got %u", step_name( steps[i] ), other->control->result );

        kill( victim->pid, SIGCONT );
        CHECK( await_word( &victim->control->phase, 1, 2000 ), "open at %s: hangs", step_name( steps[i] ));
        CHECK( granted ^ (victim->control->result == NSPA_PUBLISHED),
               "open at %s: wineserver %d, client %u", step_name( steps[i] ), granted, victim->control->result );
        reap( other );
        reap( victim );
        memset( &own, 0, sizeof(own) );
        server_store( ino[0], &own );
        CHECK( !check_quiescent( 1, "stop" ), "open at %s", step_name( steps[i] ));
        check_usable( ino[0], "stopped open", step_name( steps[i] ));
    }
    for (i = 0; i < sizeof(close_steps) / sizeof(close_steps[0]); i++)
    {
        struct work work = { ino[0], ino[1], READ, NSPA_SHARE_READ, 1 };
        struct work both = { ino[0], ino[1], READ, NSPA_SHARE_READ, 2 };
        struct child *other = spawn_armed( work_child, &both, STEP_lock, SIGSTOP ), *victim;
        struct nspa_share own = { .handles = 0 };
        const char *step = step_name( close_steps[i] );
        int64_t start;
        int notified;

        CHECK( await( other, 2000 ) == 1, "did not stop" );
        victim = spawn_armed( work_child, &work, close_steps[i], SIGSTOP );
        CHECK( await( victim, 2000 ) == 1, "close at %s: did not stop", step );

        start = now_ns();
        server_open( ino[0], &own, WRITE, NSPA_SHARE_ALL );
        if (now_ns() - start > first) first = now_ns() - start;
        CHECK( !own.handles, "close at %s: another still reads", step );

        /* whoever closes last tells wineserver, stopped or not */
        CHECK( nspa_server_watch( DEV, ino[0] ) >= 1, "close at %s: nobody has it open", step );
        kill( other->pid, SIGCONT );
        CHECK( await( other, 2000 ) == 0, "close at %s: another's hangs", step );
        notified = other->control->result;
        if (notified && !nspa_server_watch( DEV, ino[0] )) notified = 2;
        kill( victim->pid, SIGCONT );
        await_word( &victim->control->phase, 2, 2000 );
        notified |= victim->control->result;
        CHECK( notified, "close at %s: nobody told wineserver", step );
        CHECK( !nspa_server_watch( DEV, ino[0] ), "close at %s: still open", step );
        reap( victim );
        reap( other );
        CHECK( !check_quiescent( 1, "stopped close" ), "close at %s", step );
        check_usable( ino[0], "stopped close", step );
    }
    printf( "SIGSTOP at each step: wineserver's first answer at most %.1f ms, second %.3f ms; "
            "another client's open %.1f ms\n", first / 1e6, again / 1e6, client / 1e6 );
    CHECK( first < 2 * NSPA_SERVER_WAIT_NS + 200000000, "wineserver waited %.1f ms", first / 1e6 );
    CHECK( again < 40000000, "wineserver waited again: %.1f ms", again / 1e6 );
    CHECK( client < NSPA_CLIENT_WAIT_NS + 200000000, "client waited %.1f ms", client / 1e6 );
}

static void exit_child( void *arg )
{
    uint64_t *ino = arg;

    publish( 0, ino[0], READ, NSPA_SHARE_ALL );
    publish( 1, ino[0], READ | DELETE, NSPA_SHARE_ALL );
    publish( 2, ino[1], READ, 0 );
    publish( 4000, ino[0] + 1, READ, 0 );
    NSPA_STORE( &me->control->phase, 1 );
}

static void exit_with_handles(void)
{
    uint64_t ino[2];
    struct child *child;
    struct nspa_share sum;

    same_bucket( ino, 2 );
    child = spawn( exit_child, ino );
    CHECK( await( child, 2000 ) == 0, "does not end" );
    nspa_server_verify( DEV, ino[0], &sum );
    CHECK( sum.handles == 2, "%u handles", sum.handles );
    nspa_server_retire( child->id, NULL );
    nspa_server_verify( DEV, ino[0], &sum );
    CHECK( sum.handles == 0, "%u handles", sum.handles );
    CHECK( !check_quiescent( 0, "exit" ), "after an exit" );
    reap( child );
}

/* wineserver dies, at rest and at each step of its own.  Before this process is
 * a server itself. */
struct hello
{
    uint64_t owner;
    int      fd[3];
};

static void server_dies(void)
{
    static const enum step steps[] = { STEP_none, STEP_lock, STEP_locked, STEP_unlock, STEP_unlocked };
    unsigned int i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
    {
        /* through a pipe: the table is the new server's own */
        struct nspa_client client;
        int fds[2], fd[3], status;
        pid_t server;

        if (pipe( fds )) exit( 1 );
        fflush( stdout );
        if (!(server = fork()))
        {
            struct control control = { .armed = steps[i], .signal = SIGKILL };
            struct child self = { .control = &control };
            struct nspa_share own = one_open( READ, NSPA_SHARE_ALL ), clients;
            struct hello hello;

            hello.fd[0] = nspa_server_create_table( &hello.fd[1] );
            hello.fd[2] = nspa_server_attach( 0x20, &hello.owner );
            if (write( fds[1], &hello, sizeof(hello) ) != sizeof(hello)) _exit( 1 );
            usleep( 20000 );
            me = &self;
            nspa_server_publish( 1, 1, &own, &clients );
            pause();
            _exit( 0 );
        }
        {
            struct hello hello;
            char path[64], why[128];
            int j;

            if (read( fds[0], &hello, sizeof(hello) ) != sizeof(hello)) exit( 1 );
            for (j = 0; j < 3; j++)
            {
                snprintf( path, sizeof(path), "/proc/%d/fd/%d", server, hello.fd[j] );
                if ((fd[j] = open( path, O_RDWR | O_CLOEXEC )) == -1) exit( 1 );
            }
            CHECK( !nspa_client_attach( &client, fd[0], fd[1], fd[2], hello.owner, why, sizeof(why) ), "%s", why );
            for (j = 0; j < 3; j++) close( fd[j] );
        }
        CHECK( nspa_client_attached( &client ), "not attached" );
        if (steps[i] == STEP_none)
        {
            usleep( 50000 );
            kill( server, SIGKILL );
        }
        waitpid( server, &status, 0 );
        CHECK( WIFSIGNALED( status ), "wineserver at %s: ended with %x", step_name( steps[i] ), status );
        CHECK( !nspa_client_attached( &client ), "wineserver died at %s, lease %08x", step_name( steps[i] ),
               client.control->lease );
        CHECK( nspa_client_publish( &client, 0, 1, 1, READ, NSPA_SHARE_ALL ) == NSPA_DETACHED, "still opens" );
        CHECK( nspa_client_retract( &client, 0, 1, 1, READ, NSPA_SHARE_ALL ) == 0, "still tells" );
        munmap( client.table, sizeof(*client.table) );
        munmap( (void *)client.control, sizeof(*client.control) );
        munmap( client.journal, sizeof(*client.journal) );
        close( fds[0] );
        close( fds[1] );
    }
}

static const struct part
{
    const char *name;
    void (*func)(void);
} parts[] =
{
    { "kill",    kill_at_steps },
    { "stop",    stop_at_steps },
    { "exit",    exit_with_handles },
    { "races",   run_races },
    { "hostile", run_hostile },
    { "known",   run_known },
    { "scale",   run_scale },
};

int main( int argc, char *argv[] )
{
    unsigned int i;

    printf( "%u buckets of %u slots\n", NSPA_BUCKETS, NSPA_SLOTS );
    if (argc < 2 || !strcmp( argv[1], "server" )) server_dies();
    start_server();
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (argc < 2 || !strcmp( argv[1], parts[i].name )) parts[i].func();
    return summary();
}
