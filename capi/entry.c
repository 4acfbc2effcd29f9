/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The exports for local files; include/nspa.h says what they do.
 *
 * Each looks over its arguments, holds signals back, and calls core.
 */

#include <string.h>

#include "../core/attach.h"
#include "../core/name.h"
#include "../core/open.h"
#include "../core/promote.h"
#include "../core/section.h"
#include "go.h"

uint32_t nspa_version(void)
{
    return NSPA_ABI_VERSION;
}

static int is_sound( const struct nspa_init *init )
{
    const struct nspa_host *host = &init->host;

    if (!host->stack_bounds) return 0;
    if (init->flags & NSPA_INIT_NO_TABLE) return 1;
    return host->add_fd && host->forget_fd && host->promote && host->promote_many && host->close_handle &&
           host->drained && (!init->inherited_count || init->inherited) &&
           init->inherited_count <= NSPA_LF_HANDLE_CAP;
}

int32_t nspa_init( const struct nspa_init *init )
{
    static int busy;
    char line[256] = "nspa: the host gave invalid arguments; files are opened by wineserver";
    int32_t status = STATUS_INVALID_PARAMETER;

    if (!init) return STATUS_INVALID_PARAMETER;
    if (init->size != sizeof(*init) || init->abi != NSPA_ABI_VERSION) return STATUS_REVISION_MISMATCH;
    if (__atomic_exchange_n( &busy, 1, __ATOMIC_ACQ_REL )) return STATUS_ALREADY_INITIALIZED;

    if (is_sound( init ))
    {
        nspa_go_set_host( init->host.stack_bounds );
        if (nspa_threads_init( (init->flags & NSPA_INIT_HOLDS_SIGNALS) != 0 ))
        {
            strcpy( line, "nspa: no thread key left; files are opened by wineserver" );
            status = STATUS_NO_MEMORY;
        }
        else if (init->flags & NSPA_INIT_NO_TABLE) status = STATUS_SUCCESS;
        else status = nspa_attach( init, line, sizeof(line) );
    }
    if (!status) return STATUS_SUCCESS;
    if (init->host.warn) init->host.warn( line );
    __atomic_store_n( &busy, 0, __ATOMIC_RELEASE );
    return status;
}

int nspa_local_file_is_local_handle( uint64_t handle )
{
    return nspa_is_local_handle( handle );
}

/* ---- opening --------------------------------------------------------------- */

int32_t nspa_local_file_try_bypass( const struct nspa_open *open, struct nspa_opened *opened )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;

    if (!opened) return STATUS_NOT_SUPPORTED;
    memset( opened, 0, sizeof(*opened) );
    opened->reason = !open || !open->unix_name || !open->nt_name ? NSPA_BAD_REQUEST : NSPA_NOT_ATTACHED;
    if (opened->reason == NSPA_BAD_REQUEST || !files || !(self = nspa_hold())) return STATUS_NOT_SUPPORTED;
    opened->reason = nspa_open_file( files, open, opened );
    self->opens[opened->reason]++;
    nspa_release( self );
    return opened->reason == NSPA_SERVED ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

void nspa_local_file_listed( const char *dir, const char *name, uint32_t mode )
{
    const uint32_t kind = 0170000, regular = 0100000, directory = 0040000;  /* S_IF* */
    struct nspa_files *files = nspa_get_files();

    if (!files || !dir || !name || ((mode & kind) != regular && (mode & kind) != directory)) return;
    nspa_hint_add( &files->hints, nspa_hint_in( &files->hints, dir, name ));
}

/* ---- closing ---------------------------------------------------------------- */

int32_t nspa_local_file_close( uint64_t handle )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_file *file = nspa_file_of( files, handle );
    struct nspa_thread_record *self;
    int closed;

    if (!file || !NSPA_LOAD( &file->state ) || !(self = nspa_hold())) return STATUS_NOT_SUPPORTED;
    closed = nspa_file_close( files, file, nspa_kind_of( handle ));
    nspa_release( self );
    return closed ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

void nspa_local_file_closed( uint64_t handle )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_file *file = nspa_file_of( files, handle );
    struct nspa_thread_record *self;

    if (!file || !(self = nspa_hold())) return;
    nspa_file_closed( files, file, nspa_kind_of( handle ));
    nspa_release( self );
}

/* ---- promotion -------------------------------------------------------------- */

int32_t nspa_local_file_promote( uint64_t handle )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_file *file = nspa_file_of( files, handle );
    struct nspa_thread_record *self;
    int32_t status;

    /* most handles in the range are wineserver's by the second call */
    if (!file || !nspa_file_is_local( file, nspa_kind_of( handle ))) return STATUS_SUCCESS;
    if (!(self = nspa_hold())) return STATUS_NO_MEMORY;
    nspa_promote_handles( files, &handle, 1, &status );
    nspa_release( self );
    return status;
}

uint64_t nspa_promote_if_local( uint64_t handle )
{
    nspa_local_file_promote( handle );
    return handle;
}

uint32_t nspa_local_file_promote_inheritable(void)
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    uint32_t count;

    if (!files || !(self = nspa_hold())) return 0;
    count = nspa_promote_inheritable( files );
    nspa_release( self );
    return count;
}

uint32_t nspa_local_file_promote_handles( const uint64_t *handles, uint32_t count )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    uint32_t promoted;

    if (!files || !handles || !(self = nspa_hold())) return 0;
    promoted = nspa_promote_handles( files, handles, count, NULL );
    nspa_release( self );
    return promoted;
}

int32_t nspa_local_file_lend( uint64_t handle, int32_t (*use)( const struct nspa_promotion *file, void *arg ),
                              void *arg, int32_t *result )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_file *file = nspa_file_of( files, handle );
    struct nspa_promotion promotion;
    struct nspa_thread_record *self;
    char name[PATH_MAX];
    int pinned;

    if (!file || !use || !result || !nspa_is_local_file( handle ) || !(self = nspa_hold())) return STATUS_NOT_SUPPORTED;
    if ((pinned = nspa_file_pin( file, 0 )))
    {
        nspa_file_describe( files, file, &promotion, name );
        *result = use( &promotion, arg );
        nspa_file_unpin( files, file );
    }
    nspa_release( self );
    return pinned ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/* ---- questions -------------------------------------------------------------- */

/* A file or section, pinned, with signals held; NULL if it is not local. */
static struct nspa_file *pin( struct nspa_files *files, uint64_t handle, struct nspa_thread_record **self )
{
    struct nspa_file *file = nspa_file_of( files, handle );

    if (!file || !nspa_file_is_local( file, nspa_kind_of( handle )) || !(*self = nspa_hold())) return NULL;
    if (nspa_file_pin( file, nspa_kind_of( handle ))) return file;
    nspa_release( *self );
    return NULL;
}

static void unpin( struct nspa_files *files, struct nspa_file *file, struct nspa_thread_record *self )
{
    nspa_file_unpin( files, file );
    nspa_release( self );
}

int32_t nspa_local_file_query( uint64_t handle, struct nspa_opened_file *info )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;

    if (!info || !nspa_is_local_file( handle ) || !(file = pin( files, handle, &self ))) return STATUS_NOT_SUPPORTED;
    info->access     = file->access;
    info->sharing    = file->sharing;
    info->options    = file->options;
    info->attributes = file->attributes;
    info->directory  = file->directory;
    unpin( files, file, self );
    return STATUS_SUCCESS;
}

int32_t nspa_local_file_unix_name( uint64_t handle, char *name, size_t *size )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;
    char path[PATH_MAX];
    size_t len, max;

    if (!name || !size || !nspa_is_local_file( handle ) || !(file = pin( files, handle, &self )))
        return STATUS_NOT_SUPPORTED;
    nspa_file_name( file, path );
    unpin( files, file, self );
    max = *size;
    *size = len = strlen( path ) + 1;
    if (len > max) return STATUS_BUFFER_OVERFLOW;
    memcpy( name, path, len );
    return STATUS_SUCCESS;
}

static int32_t copy_nt_name( const struct nspa_file *file, uint16_t *name, uint32_t *size )
{
    uint32_t max = *size;

    *size = file->nt_len;
    if (file->nt_len > max) return STATUS_BUFFER_OVERFLOW;
    memcpy( name, file->names, file->nt_len );
    return STATUS_SUCCESS;
}

int32_t nspa_local_file_nt_name( uint64_t handle, uint16_t *name, uint32_t *size )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;
    int32_t status;

    if (!name || !size || !nspa_is_local_file( handle ) || !(file = pin( files, handle, &self )))
        return STATUS_NOT_SUPPORTED;
    status = copy_nt_name( file, name, size );
    unpin( files, file, self );
    return status;
}

int nspa_local_file_had_size( uint64_t handle, uint64_t size )
{
    struct nspa_file *file = nspa_file_of( nspa_get_files(), handle );

    return file && nspa_is_local_file( handle ) && NSPA_LOAD( &file->state ) && !file->directory && file->size == size;
}

/* ---- sections and views ------------------------------------------------------ */

int32_t nspa_local_section_create( uint64_t handle, const struct nspa_section *section, struct nspa_opened *opened )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;
    int created;

    if (!section || !opened || !nspa_is_local_file( handle ) || !(file = pin( files, handle, &self )))
        return STATUS_NOT_SUPPORTED;
    memset( opened, 0, sizeof(*opened) );
    created = nspa_section_create( files, file, section, opened );
    if (created) self->sections++;
    unpin( files, file, self );
    return created ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

int32_t nspa_local_section_query( uint64_t handle, struct nspa_section *section )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;

    if (!section || !nspa_is_local_section( handle ) || !(file = pin( files, handle, &self )))
        return STATUS_NOT_SUPPORTED;
    *section = file->section;
    unpin( files, file, self );
    return STATUS_SUCCESS;
}

int32_t nspa_local_view_add( uint64_t section, uint32_t *view )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_thread_record *self;
    struct nspa_file *file;
    int32_t index;

    if (!view || !nspa_is_local_section( section ) || !(file = pin( files, section, &self )))
        return STATUS_NOT_SUPPORTED;
    index = nspa_view_add( files, file );
    unpin( files, file, self );
    if (index == -1) return STATUS_NOT_SUPPORTED;
    *view = index;
    return STATUS_SUCCESS;
}

void nspa_local_view_remove( uint32_t view )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_file *file = nspa_view_of( files, view );
    struct nspa_thread_record *self;

    if (!file || !(self = nspa_hold())) return;
    nspa_view_remove( files, file );
    nspa_release( self );
}

int32_t nspa_local_view_name( uint32_t view, uint16_t *name, uint32_t *size )
{
    struct nspa_file *file = nspa_view_of( nspa_get_files(), view );

    return file && name && size ? copy_nt_name( file, name, size ) : STATUS_NOT_SUPPORTED;
}

/* ---- the rest ---------------------------------------------------------------- */

uint64_t nspa_volume_epoch(void)
{
    struct nspa_files *files = nspa_get_files();

    if (!files || !nspa_client_attached( &files->client )) return 0;
    return UINT64_C(1) << 32 | nspa_client_volume_epoch( &files->client );
}

void nspa_get_stats( struct nspa_stats *stats, size_t size )
{
    struct nspa_files *files = nspa_get_files();
    struct nspa_stats all;
    uint64_t sections = 0;

    if (!stats) return;
    memset( &all, 0, sizeof(all) );
    if (files)
    {
        nspa_threads_sum( all.opens, &sections, &all.promotions, &all.local_closes );
        all.handles = __atomic_load_n( &files->used, __ATOMIC_RELAXED );
        all.local_handles = all.opens[NSPA_SERVED] + sections - all.promotions - all.local_closes;
    }
    memcpy( stats, &all, size < sizeof(all) ? size : sizeof(all) );
}
