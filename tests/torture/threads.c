/* Threads that are ended or suspended at any instruction while they open, read
 * and close, and others that must get on regardless. */

#include "torture.h"

#ifdef _WIN64
#define CONTEXT_IP( context ) (context).Rip
#define CONTEXT_SP( context ) (context).Rsp
#else
#define CONTEXT_IP( context ) (context).Eip
#define CONTEXT_SP( context ) (context).Esp
#endif

#define VICTIMS 24

static HANDLE victims[VICTIMS];
static struct worker *workers[VICTIMS];
static LONG began[VICTIMS];  /* operations of earlier threads of that number */

static void one_open( struct worker *worker )
{
    char name[32];
    HANDLE handle;
    ULONG done;
    int file = below( worker, FILES ), i;

    snprintf( name, sizeof(name), "kill%d", file );
    expect( worker, open_file( name, GENERIC_READ, FILE_SHARE_READ, FILE_OPEN, 0, &handle ), 0, return );
    expect( worker, read_at( handle, 10, worker->buffer, 400, &done ), 0 );
    for (i = 0; i < 400; i++)
        if (worker->buffer[i] != pattern( file, 10 + i ))
        {
            corrupt( worker, "%s differs", name );
            break;
        }
    expect( worker, NtClose( handle ), 0 );
}

static DWORD WINAPI victim( void *arg )
{
    struct worker *worker = arg;

    while (!shared->stop)
    {
        one_open( worker );
        InterlockedIncrement( &shared->beat[worker->index] );
    }
    return 0;
}

static void start_victim( int i )
{
    began[i] = shared->beat[i];
    victims[i] = CreateThread( NULL, 0, victim, workers[i], 0, NULL );
}

static struct worker *start( uint64_t seed )
{
    struct worker *self = calloc( 1, sizeof(*self) );

    shared = VirtualAlloc( NULL, sizeof(*shared), MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE );
    shared->seed = seed;
    CreateDirectoryA( "C:\\torture", NULL );
    kill_test.set_up();
    for (int i = 0; i < VICTIMS; i++)
    {
        workers[i] = calloc( 1, sizeof(*workers[i]) );
        workers[i]->index = i;
        workers[i]->state = seed * 1000003 + i;
        start_victim( i );
    }
    self->index = VICTIMS;
    self->state = seed;
    return self;
}

static int64_t total(void)
{
    int64_t sum = 0;

    for (int i = 0; i < VICTIMS; i++) sum += shared->beat[i];
    return sum;
}

/* Do all victims still get on? */
static int count_stuck(void)
{
    LONG before[VICTIMS];
    int stuck = VICTIMS, i, tries;

    memcpy( before, (const void *)shared->beat, sizeof(before) );
    for (tries = 0; stuck && tries < 250; tries++)
    {
        Sleep( 100 );
        for (i = stuck = 0; i < VICTIMS; i++) if (shared->beat[i] == before[i]) stuck++;
    }
    return stuck;
}

static int finish( const char *name, int done, int stuck )
{
    for (int i = 0; i < ERRORS && i < shared->errors; i++) printf( "  %s\n", shared->error[i] );
    printf( "RESULT %s seed %llu workers %d operations %lld deaths %d errors %ld integrity %ld stuck %d\n", name,
            (unsigned long long)shared->seed, VICTIMS, (long long)total(), done, shared->errors, shared->integrity, stuck );
    fflush( stdout );
    /* threads that hang would hang ExitProcess as well */
    TerminateProcess( GetCurrentProcess(), shared->errors || stuck );
    return 1;
}

/* A thread that has done something: what Wine holds while it starts one is not
 * what is tested here. */
static int pick_victim( struct worker *self )
{
    int first = below( self, VICTIMS ), tries, i;

    for (tries = 0; tries < STUCK_SECONDS * 1000; tries++)
    {
        for (i = first; i < first + VICTIMS; i++)
            if (shared->beat[i % VICTIMS] != began[i % VICTIMS]) return i % VICTIMS;
        Sleep( 1 );
    }
    return -1;
}

/* terminate SEED SECONDS KILLS */
int run_terminate( int argc, char **argv )
{
    struct worker *self = start( strtoull( argv[0], NULL, 0 ));
    int kills = atoi( argv[2] ), done, i, stuck;

    (void)argc;
    for (done = 0; done < kills; done++)
    {
        if (percent( self, 50 )) Sleep( below( self, 3 ));
        if ((i = pick_victim( self )) == -1) break;
        if (!TerminateThread( victims[i], 7 )) report( self, "TerminateThread: %lu", GetLastError() );
        if (WaitForSingleObject( victims[i], STUCK_SECONDS * 1000 )) report( self, "thread %d does not end", i );
        CloseHandle( victims[i] );
        start_victim( i );
        if (done % 10 == 9) printf( "%d threads ended\n", done + 1 );
        if (done % 100 == 99 && (stuck = count_stuck())) return finish( "terminate", done, stuck );
    }
    return finish( "terminate", done, count_stuck() );
}

/* suspend SEED SECONDS OPEN: with OPEN, whoever suspends a thread also opens
 * files before it lets it go on */
int run_suspend( int argc, char **argv )
{
    struct worker *self = start( strtoull( argv[0], NULL, 0 ));
    ULONGLONG end = GetTickCount64() + atoi( argv[1] ) * 1000ull;
    static CONTEXT context;
    int open = atoi( argv[2] ), done = 0, i;

    (void)argc;
    while (GetTickCount64() < end)
    {
        i = below( self, VICTIMS );
        if (SuspendThread( victims[i] ) == ~0u) report( self, "SuspendThread: %lu", GetLastError() );
        context.ContextFlags = CONTEXT_FULL;
        if (!GetThreadContext( victims[i], &context )) report( self, "GetThreadContext: %lu", GetLastError() );
        if (!CONTEXT_IP( context ) || !CONTEXT_SP( context )) report( self, "no context" );
        if (open) one_open( self );
        if (percent( self, 20 )) Sleep( below( self, 3 ));
        if (ResumeThread( victims[i] ) != 1) report( self, "ResumeThread" );
        done++;
    }
    return finish( open ? "suspend-open" : "suspend", done, count_stuck() );
}
