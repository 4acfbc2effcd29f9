/* Names under load: rename, create and delete, delete on close. */

#include "torture.h"

/* ---- rename: a file moves between two names while others open either -------- */

#define RENAMED 8

static void rename_set_up(void)
{
    char name[32];

    remove_files( "name" );
    for (int i = 0; i < RENAMED; i++)
    {
        snprintf( name, sizeof(name), "name%d-0", i );
        make_file( name, i, 3000 );
    }
}

static void rename_work( struct worker *worker )
{
    int file = worker->index % 12 == 0 ? worker->index / 12 : (int)below( worker, RENAMED ), i;
    struct model *model = &shared->model[file];
    char name[32], other[32];
    HANDLE handle;
    NTSTATUS status;
    ULONG done;

    if (worker->index % 12 == 0)  /* the one of each process that renames, a file of its own */
    {
        LONG from = model->name;

        snprintf( name, sizeof(name), "name%d-%ld", file, from );
        snprintf( other, sizeof(other), "name%d-%ld", file, 1 - from );
        expect( worker, open_file( name, DELETE, 7, FILE_OPEN, 0, &handle ), 0, return );
        status = rename_to( handle, other, 0 );
        if (status) report( worker, "rename %s: %08lx", name, status );
        else model->name = 1 - from;
        expect( worker, NtClose( handle ), 0 );
        return;
    }
    snprintf( name, sizeof(name), "name%d-%d", file, (int)below( worker, 2 ));
    status = open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle );
    /* ENOENT in the server, between lookup and open, is the second */
    if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_NO_SUCH_FILE) return;
    expect( worker, status, 0, return );
    expect( worker, read_at( handle, 100, worker->buffer, 1000, &done ), 0 );
    for (i = 0; i < 1000; i++)
        if (worker->buffer[i] != pattern( file, 100 + i ))
        {
            corrupt( worker, "%s leads to another file", name );
            break;
        }
    expect( worker, NtClose( handle ), 0 );
}

static void rename_check( struct worker *worker )
{
    char name[32];
    HANDLE handle;

    for (int i = 0; i < RENAMED; i++)
        for (int j = 0; j < 2; j++)
        {
            snprintf( name, sizeof(name), "name%d-%d", i, j );
            expect( worker, open_file( name, GENERIC_READ | DELETE, 0, FILE_OPEN, FILE_DELETE_ON_CLOSE, &handle ),
                    j == shared->model[i].name ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND, continue );
            if (j == shared->model[i].name) expect( worker, NtClose( handle ), 0 );
        }
}

const struct test rename_test = { "rename", 8, 12, rename_set_up, rename_work, NULL, rename_check };

/* ---- churn: files that live for a moment ------------------------------------ */

static void churn_set_up(void)
{
    remove_files( "churn" );
}

static void churn_work( struct worker *worker )
{
    uint32_t tag = below( worker, 256 ), size = 1 + below( worker, 5000 ), i;
    HANDLE handle, reader[3];
    char name[32];
    ULONG done;
    BYTE yes = 1;

    snprintf( name, sizeof(name), "churn%d", worker->index );
    for (i = 0; i < size; i++) worker->buffer[i] = pattern( tag, i );
    expect( worker, open_file( name, GENERIC_WRITE, 0, FILE_CREATE, 0, &handle ), 0, return );
    expect( worker, write_at( handle, 0, worker->buffer, size ), 0 );
    expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &reader[0] ), STATUS_SHARING_VIOLATION );
    expect( worker, NtClose( handle ), 0 );

    for (i = 0; i < 3; i++) expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &reader[i] ), 0, return );
    expect( worker, open_file( name, GENERIC_READ, 7, FILE_CREATE, 0, &handle ), STATUS_OBJECT_NAME_COLLISION );
    memset( worker->buffer, 0, size );
    expect( worker, read_at( reader[1], 0, worker->buffer, FILE_MAX, &done ), 0 );
    if (done != size) corrupt( worker, "%s has %lu bytes, not %u", name, done, size );
    for (i = 0; i < size; i++)
        if (worker->buffer[i] != pattern( tag, i ))
        {
            corrupt( worker, "%s differs at %u", name, i );
            break;
        }
    expect( worker, open_file( name, DELETE, 7, FILE_OPEN, 0, &handle ), 0, return );
    expect( worker, set_info( handle, 13, &yes, 1 ), 0 );
    expect( worker, NtClose( handle ), 0 );
    /* it stays as long as it is open, and no longer */
    for (i = 0; i < 3; i++)
    {
        expect( worker, open_file( name, FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &handle ), 0, continue );
        expect( worker, NtClose( handle ), 0 );
        expect( worker, NtClose( reader[i] ), 0 );
    }
    expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &handle ), STATUS_OBJECT_NAME_NOT_FOUND );
}

const struct test churn_test = { "churn", 8, 12, churn_set_up, churn_work, NULL, NULL };

/* ---- delete: delete on close while other processes read ---------------------- */

/* The opens of a file are counted under its lock; the file must be there for as
 * long as there is one, and gone when the last is closed. */
static __thread struct { HANDLE handle; int file; } kept[3];

static void delete_close( struct worker *worker, int i )
{
    struct model *model = &shared->model[kept[i].file];
    char name[32];
    HANDLE handle;

    snprintf( name, sizeof(name), "gone%d", kept[i].file );
    lock_model( model );
    expect( worker, NtClose( kept[i].handle ), 0 );
    kept[i].handle = NULL;
    if (!--model->readers && model->exists == 2)  /* it was to be deleted */
    {
        expect( worker, open_file( name, FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &handle ),
                STATUS_OBJECT_NAME_NOT_FOUND );
        model->exists = 0;
    }
    unlock_model( model );
}

static void delete_set_up(void)
{
    remove_files( "gone" );
}

static void delete_work( struct worker *worker )
{
    int i = below( worker, 3 ), file;
    struct model *model;
    char name[32];
    HANDLE handle;
    ULONG done;

    if (kept[i].handle)
    {
        delete_close( worker, i );
        return;
    }
    file = below( worker, 16 );
    model = &shared->model[file];
    snprintf( name, sizeof(name), "gone%d", file );
    lock_model( model );
    if (!model->exists)
    {
        for (int j = 0; j < 600; j++) worker->buffer[j] = pattern( file, j );
        expect( worker, open_file( name, GENERIC_WRITE, 7, FILE_CREATE, 0, &handle ), 0, goto done );
        expect( worker, write_at( handle, 0, worker->buffer, 600 ), 0 );
        expect( worker, NtClose( handle ), 0 );
        model->exists = 1;
    }
    else if (percent( worker, 15 ))
    {
        /* closed at once: the readers there are keep it */
        expect( worker, open_file( name, DELETE, 7, FILE_OPEN, FILE_DELETE_ON_CLOSE, &handle ), 0, goto done );
        expect( worker, NtClose( handle ), 0 );
        model->exists = model->readers ? 2 : 0;
        expect( worker, open_file( name, FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &handle ),
                model->readers ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND, goto done );
        if (model->readers) expect( worker, NtClose( handle ), 0 );
    }
    else
    {
        expect( worker, open_file( name, GENERIC_READ, 7, FILE_OPEN, 0, &kept[i].handle ), 0,
                kept[i].handle = NULL; goto done );
        kept[i].file = file;
        model->readers++;
        expect( worker, read_at( kept[i].handle, 0, worker->buffer, 700, &done ), 0 );
        if (done != 600 || worker->buffer[599] != pattern( file, 599 )) corrupt( worker, "%s is not what was written", name );
    }
done:
    unlock_model( model );
}

static void delete_finish( struct worker *worker )
{
    for (int i = 0; i < 3; i++) if (kept[i].handle) delete_close( worker, i );
}

const struct test delete_test = { "delete", 8, 12, delete_set_up, delete_work, delete_finish, NULL };
