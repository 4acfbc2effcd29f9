/* Processes that are killed from outside at any instruction while they open,
 * read, promote and close. Nothing they had open may stay. */

#include "torture.h"

static void set_up(void)
{
    make_files( "kill", FILES, 4000 );
}

static void work( struct worker *worker )
{
    static __thread HANDLE held[4];
    HANDLE *slot = &held[below( worker, 4 )];
    int file = below( worker, FILES ), i;
    char name[32];
    NTSTATUS status;
    ULONG done, basic[14];

    if (*slot)
    {
        if (percent( worker, 20 ))
            expect( worker, NtQueryObject( *slot, ObjectBasicInformation, basic, sizeof(basic), NULL ), 0 );
        expect( worker, NtClose( *slot ), 0 );
        *slot = NULL;
        return;
    }
    snprintf( name, sizeof(name), "kill%d", file );
    status = open_file( name, GENERIC_READ, percent( worker, 90 ) ? FILE_SHARE_READ : 0, FILE_OPEN, 0, slot );
    if (status == STATUS_SHARING_VIOLATION)
    {
        *slot = NULL;
        return;
    }
    expect( worker, status, 0, *slot = NULL; return );
    expect( worker, read_at( *slot, 50, worker->buffer, 500, &done ), 0, return );
    for (i = 0; i < 500; i++)
        if (worker->buffer[i] != pattern( file, 50 + i ))
        {
            corrupt( worker, "%s differs", name );
            break;
        }
}

static void check( struct worker *worker )
{
    check_closed( worker, "kill", FILES );
}

const struct test kill_test = { "kill", 10, 10, set_up, work, NULL, check };
