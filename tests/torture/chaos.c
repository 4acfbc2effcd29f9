/* Everything at once: each file's name, size and contents are known at all
 * times, and compared in full: bytes while it runs, SHA-256 at the end. */

#include "torture.h"

static void chaos_name( int file, int which, char *name )
{
    sprintf( name, "chaos%d-%d", file, which );
}

static void set_up(void)
{
    remove_files( "chaos" );
}

/* Read all of it through a handle, and compare. */
static void verify( struct worker *worker, int file, HANDLE handle )
{
    struct model *model = &shared->model[file];
    NTSTATUS status;
    ULONG done;

    status = read_at( handle, 0, worker->buffer, FILE_MAX, &done );
    if (!model->size)
    {
        expect( worker, status, STATUS_END_OF_FILE );
        return;
    }
    expect( worker, status, 0, return );
    if (done != model->size) corrupt( worker, "file %d has %lu bytes, not %u", file, done, model->size );
    else if (memcmp( worker->buffer, model->data, done )) corrupt( worker, "file %d has other contents", file );
}

static void change( struct worker *worker, struct model *model, HANDLE handle )
{
    uint32_t offset, size, i;
    int64_t end;

    switch (below( worker, 4 ))
    {
    case 0:  /* append */
        offset = model->size;
        size = 1 + below( worker, 3000 );
        break;
    case 1:  /* truncate or extend */
        end = below( worker, FILE_MAX );
        expect( worker, set_info( handle, 20, &end, sizeof(end) ), 0, return );
        if (end > model->size) memset( model->data + model->size, 0, end - model->size );
        model->size = end;
        return;
    default:
        offset = below( worker, model->size + 2000 );
        size = 1 + below( worker, 5000 );
        break;
    }
    if (offset >= FILE_MAX) return;
    if (size > FILE_MAX - offset) size = FILE_MAX - offset;
    for (i = 0; i < size; i++) worker->buffer[i] = rnd( worker );
    expect( worker, write_at( handle, offset, worker->buffer, size ), 0, return );
    if (offset > model->size) memset( model->data + model->size, 0, offset - model->size );
    memcpy( model->data + offset, worker->buffer, size );
    if (offset + size > model->size) model->size = offset + size;
}

static void read_section( struct worker *worker, int file, HANDLE handle )
{
    struct model *model = &shared->model[file];
    HANDLE section;
    void *base = NULL;
    SIZE_T size = 0;

    expect( worker, NtCreateSection( &section, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, handle ),
            model->size ? STATUS_SUCCESS : STATUS_MAPPED_FILE_SIZE_ZERO, return );
    if (!model->size) return;
    expect( worker, NtMapViewOfSection( section, GetCurrentProcess(), &base, 0, 0, NULL, &size, 1, 0, PAGE_READONLY ),
            0, NtClose( section ); return );
    if (memcmp( base, model->data, model->size )) corrupt( worker, "file %d is mapped with other contents", file );
    expect( worker, NtUnmapViewOfSection( GetCurrentProcess(), base ), 0 );
    expect( worker, NtClose( section ), 0 );
}

static void work( struct worker *worker )
{
    int file = below( worker, FILES );
    struct model *model = &shared->model[file];
    char name[32], other[32];
    HANDLE handle, dup;

    lock_model( model );
    chaos_name( file, model->name, name );
    if (!model->exists)
    {
        expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle ), STATUS_OBJECT_NAME_NOT_FOUND );
        expect( worker, open_file( name, GENERIC_READ | GENERIC_WRITE, 0, FILE_CREATE, 0, &handle ), 0, goto done );
        model->exists = 1;
        model->size = 0;
        change( worker, model, handle );
        verify( worker, file, handle );
        expect( worker, NtClose( handle ), 0 );
        goto done;
    }
    switch (below( worker, 10 ))
    {
    case 0: case 1:
        expect( worker, open_file( name, GENERIC_READ | GENERIC_WRITE, 7, FILE_OPEN, 0, &handle ), 0, goto done );
        change( worker, model, handle );
        verify( worker, file, handle );
        expect( worker, NtClose( handle ), 0 );
        break;
    case 2:
        expect( worker, open_file( name, GENERIC_WRITE, 0, FILE_OVERWRITE, 0, &handle ), 0, goto done );
        model->size = 0;
        change( worker, model, handle );
        expect( worker, NtClose( handle ), 0 );
        break;
    case 3:
        chaos_name( file, 1 - model->name, other );
        expect( worker, open_file( name, DELETE, 7, FILE_OPEN, 0, &handle ), 0, goto done );
        expect( worker, rename_to( handle, other, 0 ), 0, NtClose( handle ); goto done );
        model->name = 1 - model->name;
        expect( worker, NtClose( handle ), 0 );
        expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle ), STATUS_OBJECT_NAME_NOT_FOUND );
        break;
    case 4:
        expect( worker, open_file( name, DELETE, 7, FILE_OPEN, FILE_DELETE_ON_CLOSE, &handle ), 0, goto done );
        expect( worker, NtClose( handle ), 0 );
        model->exists = 0;
        break;
    case 5:
        expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle ), 0, goto done );
        read_section( worker, file, handle );
        expect( worker, NtClose( handle ), 0 );
        break;
    case 6:
        expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle ), 0, goto done );
        expect( worker, NtDuplicateObject( GetCurrentProcess(), handle, GetCurrentProcess(), &dup, 0, 0,
                                           DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE ), 0, goto done );
        verify( worker, file, dup );
        expect( worker, NtClose( dup ), 0 );
        break;
    default:
        expect( worker, open_file( name, GENERIC_READ, FILE_SHARE_READ, FILE_OPEN, 0, &handle ), 0, goto done );
        verify( worker, file, handle );
        expect( worker, NtClose( handle ), 0 );
        break;
    }
done:
    unlock_model( model );
}

static void check( struct worker *worker )
{
    uint8_t want[32], have[32];
    char name[32];
    HANDLE handle;
    ULONG done;

    for (int file = 0; file < FILES; file++)
    {
        struct model *model = &shared->model[file];

        chaos_name( file, model->name, name );
        expect( worker, open_file( name, GENERIC_READ | GENERIC_WRITE | DELETE, 0, FILE_OPEN, FILE_DELETE_ON_CLOSE, &handle ),
                model->exists ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND, continue );
        if (!model->exists) continue;
        done = 0;
        read_at( handle, 0, worker->buffer, FILE_MAX, &done );
        sha256( model->data, model->size, want );
        sha256( worker->buffer, done, have );
        if (memcmp( want, have, sizeof(want) )) corrupt( worker, "SHA-256 of %s differs", name );
        expect( worker, NtClose( handle ), 0 );
    }
}

const struct test chaos_test = { "chaos", 8, 12, set_up, work, NULL, check };
