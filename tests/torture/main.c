/* Runs one test: processes, threads, time, and what came out of it. */

#include "torture.h"

static const struct test *const tests[] =
{
    &share_test, &race_test, &rename_test, &churn_test, &delete_test, &chaos_test, &kill_test,
};
static const struct test *test;

static void open_shared( int create )
{
    HANDLE map = create ? CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*shared), map_name )
                        : OpenFileMappingA( FILE_MAP_WRITE, FALSE, map_name );

    shared = map ? MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*shared) ) : NULL;
    if (shared) return;
    fprintf( stderr, "torture: no shared memory (error %lu)\n", GetLastError() );
    ExitProcess( 2 );
}

static struct worker *new_worker( int index )
{
    struct worker *worker = calloc( 1, sizeof(*worker) );

    worker->index = index;
    worker->state = shared->seed * 1000003 + index;
    rnd( worker );
    return worker;
}

static DWORD WINAPI worker_thread( void *arg )
{
    struct worker *worker = new_worker( (int)(ULONG_PTR)arg );

    InterlockedIncrement( &shared->ready );
    while (!shared->stop)
    {
        test->work( worker );
        InterlockedIncrement( &shared->beat[worker->index] );
    }
    if (test->finish) test->finish( worker );
    free( worker );
    return 0;
}

static int worker_main( int process )
{
    HANDLE threads[MAX_WORKERS];
    int i;

    for (i = 0; i < test->threads; i++)
        threads[i] = CreateThread( NULL, 0, worker_thread, (void *)(ULONG_PTR)(process * test->threads + i), 0, NULL );
    WaitForMultipleObjects( test->threads, threads, TRUE, INFINITE );
    return 0;
}

/* NULL if the new process was killed before it was one. */
static HANDLE try_process( int index )
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    char exe[MAX_PATH], line[600];

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    snprintf( line, sizeof(line), "\"%s\" worker %s %s %d", exe, test->name, map_name, index );
    if (!CreateProcessA( exe, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info )) return NULL;
    CloseHandle( info.hThread );
    return info.hProcess;
}

/* With each death a new one; only the kill test has any. */
static HANDLE start_process( int index, int *deaths )
{
    HANDLE process;

    while (!(process = try_process( index )))
    {
        if (test != &kill_test || ++*deaths > 1000000)
        {
            report( NULL, "no process: %lu", GetLastError() );
            return NULL;
        }
    }
    return process;
}

static ULONGLONG pause;  /* longest time that a worker took for one operation, or to begin, in ms */

/* Run the processes until the time is over, or in the kill test for as many
 * deaths as were asked for; each process that ends is started again there. */
static int run_processes( int seconds, int kills, int *deaths )
{
    HANDLE process[MAX_PROCESSES];
    static LONG last[MAX_WORKERS];
    int i, count = test->processes * test->threads, stuck = 0, restart = test == &kill_test;
    ULONGLONG start = GetTickCount64(), look = start, quiet[MAX_WORKERS];

    for (i = 0; i < test->processes; i++) process[i] = start_process( i, deaths );
    for (i = 0; i < count; i++) quiet[i] = start;
    while (restart ? *deaths < kills : GetTickCount64() - start < seconds * 1000ull)
    {
        WaitForMultipleObjects( test->processes, process, FALSE, 200 );
        for (i = 0; i < test->processes; i++)  /* all, that none has to wait for the others */
        {
            DWORD code;
            int j;

            if (WaitForSingleObject( process[i], 0 )) continue;
            GetExitCodeProcess( process[i], &code );
            if (!restart)
            {
                report( NULL, "process %d ended by itself, code %lx", i, code );
                stuck++;
                break;
            }
            if (!(++*deaths % 100)) printf( "%d processes ended\n", *deaths );
            CloseHandle( process[i] );
            process[i] = start_process( i, deaths );
            for (j = 0; j < test->threads; j++) quiet[i * test->threads + j] = GetTickCount64();
        }
        if (stuck) break;
        if (GetTickCount64() - look < 1000) continue;
        look = GetTickCount64();
        for (i = 0; i < count; i++)
        {
            if (look - quiet[i] > pause) pause = look - quiet[i];
            if (shared->beat[i] != last[i]) quiet[i] = look;
            last[i] = shared->beat[i];
            if (look - quiet[i] > STUCK_SECONDS * 1000)
            {
                report( NULL, "worker %d is stuck after %ld operations, its process %s", i, last[i],
                        WaitForSingleObject( process[i / test->threads], 0 ) ? "lives" : "has ended" );
                stuck++;
            }
        }
        if (stuck) break;
    }
    shared->stop = 1;
    if (!stuck && WaitForMultipleObjects( test->processes, process, TRUE, STUCK_SECONDS * 1000 ) == WAIT_TIMEOUT)
    {
        report( NULL, "workers do not end" );
        stuck++;
    }
    for (i = 0; i < test->processes; i++)
    {
        if (stuck) TerminateProcess( process[i], 1 );
        CloseHandle( process[i] );
    }
    return stuck;
}

static int run_test( uint64_t seed, int seconds, int kills )
{
    int64_t done = 0;
    int i, stuck, deaths = 0;

    snprintf( map_name, sizeof(map_name), "torture-%lu", GetCurrentProcessId() );
    open_shared( 1 );
    shared->seed = seed;
    CreateDirectoryA( "C:\\torture", NULL );
    test->set_up();
    stuck = run_processes( seconds, kills, &deaths );
    if (!stuck && test->check) test->check( new_worker( MAX_WORKERS - 1 ));
    for (i = 0; i < MAX_WORKERS; i++) done += shared->beat[i];
    for (i = 0; i < ERRORS && i < shared->errors; i++) printf( "  %s\n", shared->error[i] );
    printf( "RESULT %s seed %llu workers %d operations %lld deaths %d errors %ld integrity %ld stuck %d "
            "pause %llu s\n", test->name, (unsigned long long)seed, test->processes * test->threads, (long long)done,
            deaths, shared->errors, shared->integrity, stuck, pause / 1000 );
    if (!done) printf( "  nothing was done\n" );
    return shared->errors || stuck || !done;
}

int main( int argc, char **argv )
{
    size_t i;

    if (argc == 5 && !strcmp( argv[1], "worker" ))
    {
        snprintf( map_name, sizeof(map_name), "%s", argv[3] );
        open_shared( 0 );
        for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
            if (!strcmp( argv[2], tests[i]->name )) test = tests[i];
        return test ? worker_main( atoi( argv[4] )) : 2;
    }
    if (argc == 5)
    {
        setvbuf( stdout, NULL, _IONBF, 0 );
        if (!strcmp( argv[1], "terminate" )) return run_terminate( argc - 2, argv + 2 );
        if (!strcmp( argv[1], "suspend" )) return run_suspend( argc - 2, argv + 2 );
        for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
            if (!strcmp( argv[1], tests[i]->name )) test = tests[i];
        if (test) return run_test( strtoull( argv[2], NULL, 0 ), atoi( argv[3] ), atoi( argv[4] ));
    }
    fprintf( stderr, "usage: torture.exe TEST SEED SECONDS KILLS\n" );
    return 2;
}
