/* Sharing between processes. share: each open's outcome is computed beforehand
 * from all opens there are; operations on one file take turns, those on
 * different files do not. race: opens at the same time as others, where only
 * what must never be is checked. */

#include "torture.h"

#define READ   FILE_SHARE_READ
#define WRITE  FILE_SHARE_WRITE
#define DELETE_ FILE_SHARE_DELETE

#define HELD 6

static __thread struct held { HANDLE handle; int file, open; } held[HELD];

static void set_up(void)
{
    make_files( "share", FILES, 4000 );
}

/* The rule of check_sharing() in Wine's server/fd.c. */
static int allowed( const struct model *model, uint16_t access, uint16_t sharing )
{
    uint16_t existing_access = 0, existing_sharing = 7;

    for (int i = 0; i < OPENS; i++)
    {
        const struct open *open = &model->open[i];

        if (!open->used) continue;
        existing_access |= open->access;
        if (open->access) existing_sharing &= open->sharing;
    }
    if (access & ~existing_sharing) return 0;
    return !access || !(existing_access & ~sharing);
}

static void promote( struct worker *worker, HANDLE handle )
{
    ULONG basic[14];
    HANDLE dup;

    switch (below( worker, 3 ))
    {
    case 0: expect( worker, NtQueryObject( handle, ObjectBasicInformation, basic, sizeof(basic), NULL ), 0 ); break;
    case 1:
        expect( worker, NtDuplicateObject( GetCurrentProcess(), handle, GetCurrentProcess(), &dup, 0, 0,
                                           DUPLICATE_SAME_ACCESS ), 0, return );
        expect( worker, NtClose( dup ), 0 );
        break;
    default: expect( worker, NtWaitForSingleObject( handle, FALSE, NULL ), 0 ); break;
    }
}

static void close_held( struct worker *worker, struct held *entry )
{
    struct model *model = &shared->model[entry->file];

    lock_model( model );
    expect( worker, NtClose( entry->handle ), 0 );
    model->open[entry->open].used = 0;
    unlock_model( model );
    entry->handle = NULL;
}

static void check_contents( struct worker *worker, HANDLE handle, int file )
{
    uint32_t offset = below( worker, 3000 ), i;
    ULONG done;

    expect( worker, read_at( handle, offset, worker->buffer, 500, &done ), 0, return );
    for (i = 0; i < done; i++)
        if (worker->buffer[i] != pattern( file, offset + i ))
        {
            corrupt( worker, "file %d differs at %u", file, offset + i );
            return;
        }
    if (done != 500) corrupt( worker, "file %d gave %lu bytes", file, done );
}

static void work( struct worker *worker )
{
    static const ACCESS_MASK bits[] = { 0, FILE_READ_DATA, FILE_WRITE_DATA, DELETE, FILE_EXECUTE, FILE_APPEND_DATA };
    static const uint16_t class[] = { 0, READ, WRITE, DELETE_, READ, WRITE };
    struct held *entry = &held[below( worker, HELD )];
    struct model *model;
    uint16_t access = 0, sharing;
    ACCESS_MASK mask = FILE_READ_ATTRIBUTES;
    char name[32];
    NTSTATUS status;
    int ok, i;

    if (entry->handle)
    {
        if (percent( worker, 30 )) promote( worker, entry->handle );
        else close_held( worker, entry );
        return;
    }
    do
    {
        i = percent( worker, 70 ) ? 1 : below( worker, 6 );
        mask |= bits[i];
        access |= class[i];
    } while (percent( worker, 20 ));
    sharing = percent( worker, 60 ) ? 7 : below( worker, 8 );
    entry->file = below( worker, FILES );
    model = &shared->model[entry->file];
    snprintf( name, sizeof(name), "share%d", entry->file );

    lock_model( model );
    for (i = 0; i < OPENS && model->open[i].used; i++) /* nothing */;
    if (i == OPENS)
    {
        unlock_model( model );
        return;
    }
    ok = allowed( model, access, sharing );
    status = open_file( name, mask, sharing, FILE_OPEN, 0, &entry->handle );
    if (status != (ok ? STATUS_SUCCESS : STATUS_SHARING_VIOLATION))
        report( worker, "open %s access %lx sharing %x: %08lx, should be %s", name, mask, sharing, status,
                ok ? "allowed" : "refused" );
    if (!status)
    {
        model->open[i].access = access;
        model->open[i].sharing = sharing;
        model->open[i].used = 1;
        entry->open = i;
        if (mask & FILE_READ_DATA) check_contents( worker, entry->handle, entry->file );
    }
    else entry->handle = NULL;
    unlock_model( model );
}

static void finish( struct worker *worker )
{
    for (int i = 0; i < HELD; i++) if (held[i].handle) close_held( worker, &held[i] );
}

static void check( struct worker *worker )
{
    check_closed( worker, "share", FILES );
}

const struct test share_test = { "share", 8, 12, set_up, work, finish, check };

/* Counted after the open and before the close, so never too many. */
static void race_work( struct worker *worker )
{
    int file = below( worker, 4 ), exclusive = percent( worker, 25 );
    struct model *model = &shared->model[file];
    char name[32];
    HANDLE handle;
    NTSTATUS status;
    LONG others;

    snprintf( name, sizeof(name), "share%d", file );
    status = open_file( name, exclusive && percent( worker, 50 ) ? FILE_WRITE_DATA : FILE_READ_DATA,
                        exclusive ? 0 : FILE_SHARE_READ, FILE_OPEN, 0, &handle );
    if (status == STATUS_SHARING_VIOLATION) return;
    expect( worker, status, 0, return );
    if (exclusive)
    {
        others = InterlockedIncrement( &model->exclusive ) - 1 + model->readers;
        if (others) report( worker, "%s is open to one alone and to %ld others", name, others );
        if (percent( worker, 30 )) promote( worker, handle );
        InterlockedDecrement( &model->exclusive );
    }
    else
    {
        InterlockedIncrement( &model->readers );
        others = model->exclusive;
        if (others) report( worker, "%s is open to read and to %ld alone", name, others );
        check_contents( worker, handle, file );
        InterlockedDecrement( &model->readers );
    }
    expect( worker, NtClose( handle ), 0 );
}

const struct test race_test = { "race", 8, 12, set_up, race_work, NULL, check };
