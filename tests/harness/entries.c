/*
 * The handle table from inside: each transition, and what other threads may do between
 * two of its steps
 *
 * core's own C, without the library, on a table of this process alone.  The host is
 * below, and looks at every call whether the descriptor and the fd cache are what
 * table.h promises.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "../../core/open.h"
#include "../../core/promote.h"
#include "../../core/section.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define NO_STATUS 1

void (*step_hook)( const char *step );

static struct nspa_files *files;
static struct nspa_table *shared;
static struct nspa_control *shared_control;
static struct nspa_journal *journal;
static int cached[2 * NSPA_HANDLE_CAP];       /* descriptor + 1, of sections, then of files */
static uint32_t closed_by_host, promoted_by_host;
static int32_t close_status, promote_status;
static void (*in_promote)( uint32_t handle );  /* another thread, while the request is on its way */
static struct nspa_promotion last_promotion;
static char last_name[PATH_MAX];

static int is_open( int fd )
{
    return fcntl( fd, F_GETFD ) != -1;
}

static int *cache_of( uint32_t handle )
{
    return &cached[(handle - NSPA_SECTION_HANDLE_BASE) / 4];
}

static void add_fd( uint32_t handle, int fd, uint32_t access, uint32_t options, int directory )
{
    (void)access; (void)options; (void)directory;
    CHECK_FOR( "a descriptor cached before", *cache_of( handle ), 0 );
    CHECK( is_open( fd ));
    *cache_of( handle ) = fd + 1;
}

static int forget_fd( uint32_t handle )
{
    int fd = *cache_of( handle ) - 1;

    CHECK( fd == -1 || is_open( fd ));
    *cache_of( handle ) = 0;
    return fd;
}

static int32_t promote_one( const struct nspa_promotion *file )
{
    CHECK( is_open( file->fd ));
    promoted_by_host++;
    last_promotion = *file;
    snprintf( last_name, sizeof(last_name), "%s", file->unix_name );
    if (in_promote) in_promote( file->handle );
    return promote_status;
}

static void promote_many( const struct nspa_promotion *list, uint32_t count, int32_t *statuses )
{
    CHECK( count <= NSPA_PROMOTE_MAX );
    while (count--) *statuses++ = promote_one( list++ );
}

static int32_t close_handle( uint32_t handle )
{
    (void)handle;
    closed_by_host++;
    return close_status;
}

static void drained( uint64_t dev, uint64_t ino )
{
    (void)dev; (void)ino;
}

static void *map( size_t size )
{
    return mmap( NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 );
}

/* A table whose wineserver is this very thread, with signals held as by the callers. */
static void make_table_with( const uint32_t *inherited, uint32_t count )
{
    struct nspa_slot unused = { 0 };
    uint32_t hash, i;

    CHECK( !nspa_threads_init( 1 ) && nspa_hold() );
    shared = map( sizeof(*shared) );
    shared_control = map( sizeof(*shared_control) );
    journal = map( sizeof(*journal) );
    files = map( sizeof(*files) );
    shared_control->lease = nspa_thread_self()->tid;
    for (hash = 0; hash < NSPA_BUCKETS; hash++)
    {
        for (i = 0; i < NSPA_SLOTS; i++) nspa_slot_write( shared_control, shared, hash, i, &unused );
        shared->bucket[hash].clean = nspa_clean_word( shared_control, hash );
    }
    journal->owner = UINT64_C(1) << 32 | 1;
    files->client = (struct nspa_client){ shared, shared_control, journal, journal->owner };
    files->host = (struct nspa_host){ .add_fd = add_fd, .forget_fd = forget_fd, .promote = promote_one,
                                      .promote_many = promote_many, .close_handle = close_handle, .drained = drained };
    nspa_files_init( files, getpid() * 37, inherited, count );
}

static void make_table(void)
{
    make_table_with( NULL, 0 );
}

/* As open.c does, of an inode that no file has. */
static struct nspa_file *reserve_inode( uint64_t ino )
{
    static const uint16_t name[] = { 'a' };
    struct nspa_file *file = nspa_file_reserve( files );

    if (!file) return NULL;
    file->access = 1;
    file->sharing = 7;
    file->options = 0x20;
    file->attributes = 0;
    file->directory = 0;
    file->dev = 1;
    file->ino = ino;
    file->size = 0;
    file->nt_len = sizeof(name);
    memset( &file->section, 0, sizeof(file->section) );
    memcpy( file->names, name, sizeof(name) );
    strcpy( (char *)file->names + sizeof(name), "/a" );
    return file;
}

static struct nspa_file *open_inode( uint64_t ino )
{
    struct nspa_file *file = reserve_inode( ino );

    if (!file || !CHECK_EQ( nspa_file_publish( files, file, 0 ), NSPA_SERVED )) return NULL;
    nspa_file_commit( files, file, fcntl( 0, F_DUPFD_CLOEXEC, 0 ), 0 );
    return file;
}

static uint32_t counted( uint64_t ino )
{
    struct nspa_slot copy;

    return nspa_slot_find( shared_control, shared, nspa_hash( 1, ino ), 1, ino, &copy, NULL ) < 0 ? 0 : copy.clients.handles;
}

static uint32_t journal_state( const struct nspa_file *file )
{
    return journal->entries[file - files->file].state;
}

static int cached_fd( const struct nspa_file *file, uint32_t kind )
{
    return *cache_of( nspa_handle_of( files, file, kind )) - 1;
}

/* Where an entry stands: its state, without the kind, and what goes with it. */
static void check_state( const char *what, const struct nspa_file *file, uint32_t state, uint32_t published )
{
    uint32_t kind = file->state & NSPA_STATE_SECTION;
    int fd = cached_fd( file, kind );

    CHECK_FOR( what, file->state & ~NSPA_STATE_SECTION, state );
    CHECK_FOR( what, journal_state( file ), published ? NSPA_ENTRY_HELD : NSPA_ENTRY_FREE );
    CHECK_FOR( what, nspa_file_is_local( file, kind ), (state & NSPA_STATE_MASK) == NSPA_STATE_LOCAL );
    CHECK_FOR( what, nspa_file_is_servers( file, kind ), (state & NSPA_STATE_MASK) == NSPA_STATE_SERVER );
    switch (state & NSPA_STATE_MASK)
    {
    case NSPA_STATE_FREE:   CHECK_FOR( what, fd, -1 ); break;
    case NSPA_STATE_LOCAL:  CHECK_FOR( what, fd != -1 && fd == file->fd && is_open( fd ), 1 ); break;
    case NSPA_STATE_SERVER: CHECK_FOR( what, fd == -1 || is_open( fd ), 1 ); break;
    }
}

/* Everything is as before the first open. */
static void check_all_closed(void)
{
    uint32_t i;

    CHECK_EQ( files->used, 0 );
    for (i = 0; i < NSPA_HANDLE_CAP / 64; i++) if (files->inheritable[i]) CHECK_EQ( files->inheritable[i], 0 );
    for (i = 0; i < 2 * NSPA_HANDLE_CAP; i++) if (cached[i]) CHECK_EQ( cached[i], 0 );
    for (i = 0; i < NSPA_HANDLE_CAP; i++) if (files->file[i].state) CHECK_EQ( files->file[i].state, 0 );
}

/* ---- opened and closed ---- */

static void entries_reuse(void)
{
    struct nspa_file *first, *second, *third;

    if (one_slot()) return;
    make_table();
    first = open_inode( 1 );
    second = open_inode( 2 );
    CHECK( first && second && first != second );
    CHECK( nspa_file_close( files, first, 0 ));
    CHECK( !nspa_file_close( files, first, 0 ));
    CHECK_EQ( counted( 1 ), 0 );
    check_state( "closed", first, NSPA_STATE_FREE, 0 );
    third = open_inode( 3 );
    CHECK( third == first );            /* last used first: its memory is warm */
    CHECK_EQ( counted( 2 ) + counted( 3 ), 2 );
    CHECK_EQ( files->used, 2 );
    CHECK( nspa_file_close( files, second, 0 ) && nspa_file_close( files, third, 0 ));
    check_all_closed();
}

/* Reserved, and given back: before it was published, and after. */
static void entries_cancel(void)
{
    struct nspa_file *file;
    int i;

    make_table();
    for (i = 0; i < 2; i++)
    {
        file = reserve_inode( 1 );
        CHECK_EQ( files->used, 1 );
        CHECK_EQ( file->fd, -1 );
        check_state( "reserved", file, NSPA_STATE_FREE, 0 );
        if (i)
        {
            CHECK_EQ( nspa_file_publish( files, file, 0 ), NSPA_SERVED );
            check_state( "published", file, NSPA_STATE_FREE, 1 );
            /* no handle yet, so nobody can do anything with it */
            CHECK( !nspa_file_pin( file, 0 ) && !nspa_file_close( files, file, 0 ));
            nspa_file_closed( files, file, 0 );
            nspa_file_retract( files, file, 0 );
        }
        nspa_file_give_back( files, file );
        check_state( "given back", file, NSPA_STATE_FREE, 0 );
        CHECK( reserve_inode( 1 ) == file );
        nspa_file_give_back( files, file );
    }
    CHECK_EQ( counted( 1 ), 0 );
    check_all_closed();
}

/* All entries, and no more. */
static void entries_all(void)
{
    static struct nspa_file *list[NSPA_HANDLE_CAP];
    uint32_t i, count;

    make_table();
    for (count = 0; count < NSPA_HANDLE_CAP && (list[count] = nspa_file_reserve( files )); count++)
        CHECK( nspa_handle_of( files, list[count], 0 ) != NSPA_LF_HANDLE_LAST );
    CHECK_EQ( count, NSPA_HANDLE_CAP - 1 );
    for (i = 0; i < count; i++) nspa_file_give_back( files, list[i] );
    check_all_closed();
    for (i = 0; i < count; i++) CHECK( nspa_file_reserve( files ) == list[count - 1 - i] );
    CHECK( !nspa_file_reserve( files ));
}

/* Handles and entries, wherever in the range the first one is. */
static void entries_values(void)
{
    static const uint32_t firsts[] = { 0, 1, 2048, 4094, 4095, 4096, ~0u };
    static const uint32_t inherited[] = { 0x7fffc000 };
    struct nspa_file *file;
    unsigned int i, j;

    make_table();
    for (i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
    {
        memset( files->file, 0, sizeof(files->file[0]) );
        nspa_files_init( files, firsts[i], NULL, 0 );
        for (j = 0; j < NSPA_HANDLE_CAP; j += 5)
        {
            file = &files->file[j];
            if (nspa_handle_of( files, file, 0 ) == NSPA_LF_HANDLE_LAST) continue;
            CHECK( nspa_file_of( files, nspa_handle_of( files, file, 0 )) == file );
            CHECK( nspa_file_of( files, nspa_handle_of( files, file, 0 ) | 3 ) == file );
            CHECK( nspa_file_of( files, nspa_handle_of( files, file, NSPA_STATE_SECTION )) == file );
            CHECK( nspa_is_local_file( nspa_handle_of( files, file, 0 )));
            CHECK( nspa_is_local_section( nspa_handle_of( files, file, NSPA_STATE_SECTION )));
        }
        /* what the parent handed down is found by its value alone */
        nspa_files_init( files, firsts[i], inherited, 1 );
        file = nspa_file_of( files, 0x7fffc000 );
        CHECK_EQ( file->state, NSPA_STATE_SERVER );
        memset( file, 0, sizeof(*file) );
    }
    CHECK( !nspa_file_of( NULL, 0x7fffc000 ) && !nspa_file_of( files, 0x7ffffffc ) && !nspa_file_of( files, 0x44 ));
}

/* ---- the descriptor, the fd cache and the state change in this order ---- */

static struct nspa_file *watched;
static uint32_t steps, watched_kind;
static int watched_fd;

static void watch_steps( const char *step )
{
    if (!strcmp( step, "added" ))       /* cached, and not open for anybody yet */
    {
        steps++;
        CHECK_EQ( watched->state, NSPA_STATE_FREE );
        CHECK( cached_fd( watched, watched_kind ) != -1 && is_open( cached_fd( watched, watched_kind )));
        CHECK_EQ( journal_state( watched ), NSPA_ENTRY_HELD );
    }
    if (!strcmp( step, "closing" ))     /* open for nobody any more, but still cached */
    {
        steps++;
        CHECK_EQ( watched->state, NSPA_STATE_FREE );
        CHECK_EQ( cached_fd( watched, watched_kind ), watched_fd );
        CHECK( is_open( watched_fd ));
        CHECK( nspa_file_reserve( files ) != watched );
    }
    if (!strcmp( step, "forgotten" ))   /* nobody finds it, so it can be closed next */
    {
        steps++;
        CHECK_EQ( cached_fd( watched, watched_kind ), -1 );
        CHECK( is_open( watched_fd ));
        CHECK_EQ( journal_state( watched ), NSPA_ENTRY_HELD );
        CHECK( nspa_file_reserve( files ) != watched );
    }
}

static void entries_order(void)
{
    make_table();
    for (watched_kind = 0; watched_kind <= NSPA_STATE_SECTION; watched_kind += NSPA_STATE_SECTION)
    {
        watched = reserve_inode( 1 );
        CHECK_EQ( nspa_file_publish( files, watched, watched_kind ), NSPA_SERVED );
        watched_fd = fcntl( 0, F_DUPFD_CLOEXEC, 0 );
        steps = 0;
        step_hook = watch_steps;
        nspa_file_commit( files, watched, watched_fd, watched_kind );
        CHECK_EQ( watched->state, NSPA_STATE_LOCAL | watched_kind );
        CHECK( nspa_file_close( files, watched, watched_kind ));
        step_hook = NULL;
        CHECK_EQ( steps, 3 );
        CHECK( !is_open( watched_fd ));
        check_state( "closed", watched, NSPA_STATE_FREE, 0 );
        CHECK( nspa_file_reserve( files ) == watched );
    }
}

/* ---- pinned ---- */

static void entries_pins(void)
{
    struct nspa_file *file;
    int fd;

    make_table();
    file = open_inode( 1 );
    fd = file->fd;
    CHECK( nspa_file_pin( file, 0 ) && nspa_file_pin( file, 0 ));
    check_state( "pinned", file, NSPA_STATE_LOCAL | 2 * NSPA_STATE_USER, 1 );
    nspa_file_unpin( files, file );
    CHECK( nspa_file_close( files, file, 0 ));
    check_state( "closed while pinned", file, NSPA_STATE_LOCAL | NSPA_STATE_CLOSE | NSPA_STATE_USER, 1 );
    CHECK( !nspa_file_pin( file, 0 ) && !nspa_file_close( files, file, 0 ));
    nspa_file_closed( files, file, 0 );  /* it is not wineserver's */
    CHECK( nspa_file_reserve( files ) != file );
    nspa_file_unpin( files, file );
    check_state( "unpinned", file, NSPA_STATE_FREE, 0 );
    CHECK( !is_open( fd ));
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( closed_by_host, 0 );
    CHECK( nspa_file_reserve( files ) == file );
}

/* ---- promoted ---- */

static int32_t promote( struct nspa_file *file, uint32_t kind )
{
    uint64_t handle = nspa_handle_of( files, file, kind );
    int32_t status = NO_STATUS;
    uint32_t count = nspa_promote_handles( files, &handle, 1, &status );

    CHECK_EQ( count, nspa_file_is_servers( file, kind ));
    return status;
}

static void entries_promote(void)
{
    struct nspa_file *file;
    int fd;

    make_table();
    file = open_inode( 1 );
    fd = file->fd;
    CHECK_EQ( promote( file, 0 ), STATUS_SUCCESS );
    CHECK_EQ( last_promotion.handle, nspa_handle_of( files, file, 0 ));
    CHECK_EQ( last_promotion.fd, fd );
    CHECK_EQ( last_promotion.access, 1 );
    CHECK_EQ( last_promotion.sharing, 7 );
    CHECK_EQ( last_promotion.options, 0x20 );
    CHECK_EQ( last_promotion.nt_len, 2 );
    CHECK_EQ( last_promotion.nt_name[0], 'a' );
    /* its descriptor goes on to be read from */
    check_state( "promoted", file, NSPA_STATE_SERVER, 0 );
    CHECK_EQ( cached_fd( file, 0 ), fd );
    CHECK_EQ( counted( 1 ), 0 );

    CHECK( !nspa_file_pin( file, 0 ) && !nspa_file_close( files, file, 0 ));
    check_state( "not closed here", file, NSPA_STATE_SERVER, 0 );
    CHECK( nspa_file_reserve( files ) != file );
    nspa_file_closed( files, file, 0 );
    check_state( "closed there", file, NSPA_STATE_FREE, 0 );
    CHECK( !is_open( fd ));
    nspa_file_closed( files, file, 0 );
    CHECK( nspa_file_reserve( files ) == file );
    CHECK_EQ( promoted_by_host, 1 );
    CHECK_EQ( closed_by_host, 0 );
}

static void entries_promote_fails(void)
{
    struct nspa_file *file;
    int fd;

    make_table();
    file = open_inode( 1 );
    fd = file->fd;
    promote_status = STATUS_INVALID_PARAMETER;
    CHECK_EQ( promote( file, 0 ), STATUS_INVALID_PARAMETER );
    check_state( "refused", file, NSPA_STATE_LOCAL, 1 );
    CHECK_EQ( counted( 1 ), 1 );
    CHECK( nspa_file_close( files, file, 0 ));
    CHECK( !is_open( fd ));
    CHECK_EQ( closed_by_host, 0 );
    check_all_closed();
}

/* Closed while the request is on its way: by this process, or by wineserver itself, after
 * another promoter was faster or before this one comes back.  Tried with an
 * nspa_file_closed() that knew no local entries: the value and the descriptor were lost. */
static uint32_t server_closes;
static struct nspa_file *in_flight;

static void close_in_flight( uint32_t handle )
{
    in_promote = NULL;
    CHECK_EQ( handle, nspa_handle_of( files, in_flight, 0 ));
    if (server_closes == 2)
    {
        nspa_file_closed( files, in_flight, NSPA_STATE_SECTION );  /* not that one */
        nspa_file_closed( files, in_flight, 0 );
        check_state( "closed too early", in_flight, NSPA_STATE_LOCAL | NSPA_STATE_CLOSE | NSPA_STATE_USER, 1 );
    }
    else if (server_closes)
    {
        CHECK( nspa_file_pin( in_flight, 0 ));
        nspa_file_promoted( files, in_flight, STATUS_SUCCESS );
        check_state( "promoted by another", in_flight, NSPA_STATE_SERVER | NSPA_STATE_USER, 0 );
        nspa_file_closed( files, in_flight, 0 );
        check_state( "closed by wineserver", in_flight, NSPA_STATE_SERVER | NSPA_STATE_CLOSE | NSPA_STATE_USER, 0 );
        nspa_file_closed( files, in_flight, 0 );
    }
    else CHECK( nspa_file_close( files, in_flight, 0 ));
    CHECK( is_open( last_promotion.fd ));
    CHECK( nspa_file_reserve( files ) != in_flight );
}

static void entries_closed_in_flight(void)
{
    static const struct { uint32_t server_closes; int32_t status; uint32_t closed_by_host; } cases[] =
    {
        { 0, STATUS_SUCCESS, 1 },           /* wineserver has it, so it is closed there */
        { 0, STATUS_INVALID_PARAMETER, 0 },
        { 1, STATUS_SUCCESS, 1 },           /* the second request may have made it once more */
        { 1, STATUS_INVALID_PARAMETER, 1 },
        { 2, STATUS_SUCCESS, 1 },           /* before this process knows that it was wineserver's */
        { 2, STATUS_INVALID_PARAMETER, 0 },
    };
    unsigned int i;
    int fd;

    make_table();
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    {
        uint64_t handle;

        closed_by_host = 0;
        server_closes = cases[i].server_closes;
        promote_status = cases[i].status;
        in_flight = open_inode( 1 );
        fd = in_flight->fd;
        in_promote = close_in_flight;
        handle = nspa_handle_of( files, in_flight, 0 );
        nspa_promote_handles( files, &handle, 1, NULL );
        CHECK_EQ( closed_by_host, cases[i].closed_by_host );
        check_state( "closed in flight", in_flight, NSPA_STATE_FREE, 0 );
        CHECK( !is_open( fd ));
        CHECK_EQ( counted( 1 ), 0 );
        CHECK( nspa_file_reserve( files ) == in_flight );
        nspa_file_give_back( files, in_flight );
    }
}

/* The other promoter is done, wineserver's handle is closed, and the next open
 * takes what is free. */
static struct nspa_file *promoted, *reused;

static void close_and_reuse( const char *step )
{
    if (strcmp( step, "lock" )) return;
    step_hook = NULL;
    nspa_file_promoted( files, promoted, 0 );
    if (!nspa_file_close( files, promoted, 0 )) nspa_file_closed( files, promoted, 0 );
    reused = open_inode( 2 );
}

/* The share is moved before the entry can be anybody else's.  Tried with the
 * share moved after the pin was given up: the new file had the entry already,
 * and lost its place in the journal. */
static void entries_promotion_against_close(void)
{
    if (one_slot()) return;
    make_table();
    promoted = open_inode( 1 );
    CHECK( nspa_file_pin( promoted, 0 ) && nspa_file_pin( promoted, 0 ));
    step_hook = close_and_reuse;
    nspa_file_promoted( files, promoted, 0 );

    CHECK( reused && reused != promoted );
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( counted( 2 ), 1 );
    check_state( "closed", promoted, NSPA_STATE_FREE, 0 );
    check_state( "opened meanwhile", reused, NSPA_STATE_LOCAL, 1 );
    CHECK_EQ( closed_by_host, 1 );
    CHECK_EQ( nspa_thread_record()->promotions, 1 );
    CHECK_EQ( files->used, 1 );
    CHECK( open_inode( 3 ) == promoted );
}

static void entries_refused_then_closed(void)
{
    struct nspa_file *file;

    make_table();
    file = open_inode( 1 );
    CHECK( nspa_file_pin( file, 0 ));
    CHECK( nspa_file_close( files, file, 0 ));
    CHECK( !nspa_file_pin( file, 0 ));
    CHECK_EQ( counted( 1 ), 1 );
    nspa_file_promoted( files, file, -1 );
    CHECK_EQ( counted( 1 ), 0 );
    CHECK_EQ( closed_by_host, 0 );
    CHECK_EQ( nspa_thread_record()->local_closes, 1 );
    check_all_closed();
}

/* ---- a close of a protected handle while another thread promotes it ---- */

/* The handle stays wineserver's, and its value is not given out.  Tried with the
 * entry freed whatever wineserver said: the next open got the value. */
static void entries_protected_stays(void)
{
    struct nspa_file *file, *other;
    int fd;

    make_table();
    file = open_inode( 1 );
    fd = file->fd;
    CHECK( nspa_file_pin( file, 0 ) && nspa_file_pin( file, 0 ));
    nspa_file_promoted( files, file, 0 );
    CHECK( nspa_file_close( files, file, 0 ));
    close_status = STATUS_HANDLE_NOT_CLOSABLE;
    nspa_file_unpin( files, file );
    close_status = 0;
    check_state( "protected", file, NSPA_STATE_SERVER, 0 );
    CHECK_EQ( cached_fd( file, 0 ), fd );
    other = open_inode( 1 );
    CHECK( other && other != file );
    nspa_file_closed( files, file, 0 );
    CHECK( open_inode( 1 ) == file );
}

/* ---- from the parent ---- */

static void entries_inherited(void)
{
    static const uint32_t inherited[] = { 0x7fffc010, 0x7fffc010 | 2, 0x7fff8020, 0x7ffffffc, 0x44 };
    static struct nspa_file *list[NSPA_HANDLE_CAP];
    struct nspa_file *file, *section;
    uint32_t i, count;

    make_table_with( inherited, sizeof(inherited) / sizeof(inherited[0]) );
    file = nspa_file_of( files, 0x7fffc010 );
    section = nspa_file_of( files, 0x7fff8020 );
    CHECK_EQ( files->used, 2 );
    check_state( "inherited", file, NSPA_STATE_SERVER, 0 );
    CHECK_EQ( section->state, NSPA_STATE_SERVER | NSPA_STATE_SECTION );
    CHECK( !nspa_file_pin( file, 0 ) && !nspa_file_close( files, file, 0 ));
    CHECK( !nspa_file_close( files, section, NSPA_STATE_SECTION ));
    for (count = 0; count < NSPA_HANDLE_CAP && (list[count] = nspa_file_reserve( files )); count++)
        CHECK( list[count] != file && list[count] != section );
    CHECK_EQ( count, NSPA_HANDLE_CAP - 3 );
    for (i = 0; i < count; i++) nspa_file_give_back( files, list[i] );

    /* ntdll may have asked wineserver for its descriptor meanwhile */
    *cache_of( 0x7fffc010 ) = fcntl( 0, F_DUPFD_CLOEXEC, 0 ) + 1;
    i = cached_fd( file, 0 );
    nspa_file_closed( files, file, NSPA_STATE_SECTION );  /* not that one */
    CHECK_EQ( file->state, NSPA_STATE_SERVER );
    nspa_file_closed( files, file, 0 );
    CHECK( !is_open( i ));
    nspa_file_closed( files, section, NSPA_STATE_SECTION );
    check_all_closed();
    CHECK( open_inode( 1 ) == section );
    CHECK( open_inode( 1 ) == file );
}

/* ---- files that children may inherit ---- */

static struct nspa_file *open_inheritable( uint64_t ino )
{
    struct nspa_file *file = reserve_inode( ino );

    file->attributes = OBJ_INHERIT;
    CHECK_EQ( nspa_file_publish( files, file, 0 ), NSPA_SERVED );
    nspa_file_commit( files, file, fcntl( 0, F_DUPFD_CLOEXEC, 0 ), 0 );
    return file;
}

static void entries_inheritable(void)
{
    struct nspa_file *list[40];
    unsigned int i;

    make_table();
    for (i = 0; i < 40; i++) list[i] = i % 2 ? open_inheritable( 1 ) : open_inode( 1 );
    CHECK( nspa_file_close( files, list[1], 0 ));
    CHECK_EQ( nspa_promote_inheritable( files ), 19 );
    for (i = 2; i < 40; i++) check_state( "inheritable", list[i], i % 2 ? NSPA_STATE_SERVER : NSPA_STATE_LOCAL, !(i % 2) );
    CHECK_EQ( nspa_promote_inheritable( files ), 0 );
    CHECK_EQ( promoted_by_host, 19 );
    for (i = 0; i < 40; i++)
    {
        if (i == 1) continue;
        if (i % 2) nspa_file_closed( files, list[i], 0 );
        else CHECK( nspa_file_close( files, list[i], 0 ));
    }
    check_all_closed();
}

/* ---- a section's handle and a file's never name the same entry ---- */

/* A section of a real file, since its size is looked up. */
static struct nspa_file *create_section( struct nspa_file *file, uint64_t size )
{
    struct nspa_section section = { size, 4, 1 };
    struct nspa_opened opened;

    return nspa_section_create( files, file, &section, &opened ) ? nspa_file_of( files, opened.handle ) : NULL;
}

static struct nspa_file *open_memory( uint64_t ino )
{
    struct nspa_file *file = reserve_inode( ino );
    int fd = memfd_create( "file", MFD_CLOEXEC );

    CHECK_EQ( write( fd, "data", 4 ), 4 );
    CHECK_EQ( nspa_file_publish( files, file, 0 ), NSPA_SERVED );
    nspa_file_commit( files, file, fd, 0 );
    return file;
}

static void entries_kinds(void)
{
    const uint32_t kind = NSPA_STATE_SECTION;
    struct nspa_file *file, *section;
    struct nspa_server_slot *slot;

    make_table();
    file = open_memory( 1 );

    /* none while wineserver announces that it truncates the file */
    slot = &shared_control->bucket[nspa_hash( 1, 1 )].slots[0];
    slot->dev = slot->ino = 1;
    slot->opens.handles = slot->opens.map_write = 1;
    CHECK( !create_section( file, 0 ));
    CHECK_EQ( counted( 1 ), 1 );
    slot->opens.handles = slot->opens.map_write = 0;
    CHECK( !create_section( file, 5 ));     /* larger than the file */
    CHECK_EQ( counted( 1 ), 1 );
    CHECK_EQ( files->used, 1 );

    section = create_section( file, 0 );
    CHECK( section && section != file && section->fd != file->fd );
    CHECK_EQ( section->section.size, 4 );
    CHECK_EQ( counted( 1 ), 2 );
    check_state( "a section", section, NSPA_STATE_LOCAL, 1 );
    CHECK( nspa_file_of( files, nspa_handle_of( files, section, 0 )) == section );
    CHECK( !nspa_file_pin( section, 0 ) && !nspa_file_pin( file, kind ));
    CHECK( !nspa_file_close( files, section, 0 ) && !nspa_file_close( files, file, kind ));
    CHECK( nspa_file_close( files, section, kind ));
    CHECK_EQ( counted( 1 ), 1 );

    /* under its own handle, when it is wineserver's */
    section = create_section( file, 3 );
    CHECK_EQ( promote( section, kind ), STATUS_SUCCESS );
    CHECK_EQ( last_promotion.handle, nspa_handle_of( files, section, kind ));
    CHECK_EQ( last_promotion.section.size, 3 );
    CHECK_EQ( last_promotion.section.access, 4 );
    nspa_file_closed( files, section, 0 );
    CHECK_EQ( section->state, NSPA_STATE_SERVER | kind );
    nspa_file_closed( files, section, kind );
    CHECK( nspa_file_close( files, file, 0 ));
    check_all_closed();
}

/* A view is no handle's, and outlives its section and its file. */
static void entries_views(void)
{
    uint32_t kind = NSPA_STATE_SECTION;
    struct nspa_file *file, *section, *view;
    int32_t index, i;

    make_table();
    file = open_memory( 1 );
    section = create_section( file, 0 );
    index = nspa_view_add( files, section );
    CHECK( index >= 0 );
    view = nspa_view_of( files, index );
    CHECK( view && view != section );
    CHECK( !nspa_view_of( files, section - files->file ) && !nspa_view_of( files, NSPA_LF_HANDLE_CAP ) &&
           !nspa_view_of( NULL, index ));
    CHECK_EQ( counted( 1 ), 3 );
    CHECK( nspa_file_close( files, section, kind ) && nspa_file_close( files, file, 0 ));
    CHECK_EQ( counted( 1 ), 1 );
    for (i = 0; i < 2; i++, kind ^= NSPA_STATE_SECTION)
    {
        CHECK( !nspa_file_pin( view, kind ));
        CHECK( !nspa_file_close( files, view, kind ));
        nspa_file_closed( files, view, kind );
    }
    CHECK_EQ( view->state, NSPA_STATE_VIEW | NSPA_STATE_SECTION );
    nspa_view_remove( files, view );
    nspa_view_remove( files, view );
    nspa_view_remove( files, section );
    CHECK( !nspa_view_of( files, index ));
    CHECK_EQ( counted( 1 ), 0 );
    check_all_closed();
}

const struct test entry_tests[] =
{
    T( entries_reuse ), T( entries_cancel ), T( entries_all ), T( entries_values ), T( entries_order ), T( entries_pins ),
    T( entries_promote ), T( entries_promote_fails ), T( entries_closed_in_flight ),
    T( entries_promotion_against_close ), T( entries_refused_then_closed ), T( entries_protected_stays ),
    T( entries_inherited ), T( entries_inheritable ), T( entries_kinds ), T( entries_views ), { 0 }
};
