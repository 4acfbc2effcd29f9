/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Giving local handles to wineserver.
 */

#include <stdlib.h>
#include <string.h>

#include "name.h"
#include "promote.h"

void nspa_file_describe( struct nspa_files *files, const struct nspa_file *file,
                         struct nspa_promotion *promotion, char *unix_name )
{
    nspa_file_name( file, unix_name );
    promotion->handle     = nspa_handle_of( files, file, NSPA_LOAD( &file->state ) & NSPA_STATE_SECTION );
    promotion->fd         = file->fd;
    promotion->access     = file->access;
    promotion->sharing    = file->sharing;
    promotion->options    = file->options;
    promotion->attributes = file->attributes;
    promotion->nt_name    = (const uint16_t *)file->names;
    promotion->nt_len     = file->nt_len;
    promotion->unix_name  = unix_name;
    promotion->section    = file->section;
}

/* Files on their way to wineserver, pinned.  Their names take memory, but for the first:
 * a file that is promoted alone needs none. */
struct batch
{
    struct nspa_files    *files;
    uint32_t              count;
    uint32_t              promoted;
    int32_t               status;
    struct nspa_file     *file[NSPA_PROMOTE_MAX];
    struct nspa_promotion promotion[NSPA_PROMOTE_MAX];
    char                  first_name[PATH_MAX];
};

static void end( struct batch *batch, struct nspa_file *file, int32_t status )
{
    nspa_file_promoted( batch->files, file, status );
    if (status >= 0) batch->promoted++;
    else batch->status = status;
}

static void flush( struct batch *batch )
{
    int32_t status[NSPA_PROMOTE_MAX];
    uint32_t i;

    if (batch->count == 1) status[0] = batch->files->host.promote( batch->promotion );
    else if (batch->count) batch->files->host.promote_many( batch->promotion, batch->count, status );
    for (i = 0; i < batch->count; i++)
    {
        if (i) free( (char *)batch->promotion[i].unix_name );
        end( batch, batch->file[i], status[i] );
    }
    batch->count = 0;
}

static void add( struct batch *batch, struct nspa_file *file, uint32_t kind )
{
    char *name = batch->first_name;

    if (!nspa_file_pin( file, kind )) return;
    /* sections go one by one, since only files are ever many */
    if (kind || batch->count == NSPA_PROMOTE_MAX || (batch->count && !(name = malloc( PATH_MAX )))) flush( batch );
    if (!batch->count) name = batch->first_name;
    nspa_file_describe( batch->files, file, &batch->promotion[batch->count], name );
    batch->file[batch->count++] = file;
    if (kind) flush( batch );
}

uint32_t nspa_promote_handles( struct nspa_files *files, const uint64_t *handles, uint32_t count, int32_t *status )
{
    struct batch batch;
    uint32_t i;

    batch.files = files;
    batch.count = batch.promoted = 0;
    batch.status = STATUS_SUCCESS;
    for (i = 0; i < count; i++)
    {
        struct nspa_file *file = nspa_file_of( files, handles[i] );

        if (file) add( &batch, file, nspa_kind_of( handles[i] ));
    }
    flush( &batch );
    if (status) *status = batch.status;
    return batch.promoted;
}

uint32_t nspa_promote_inheritable( struct nspa_files *files )
{
    struct batch batch;
    uint32_t i;

    batch.files = files;
    batch.count = batch.promoted = 0;
    for (i = 0; i < NSPA_HANDLE_CAP / 64; i++)
    {
        uint64_t bits = __atomic_load_n( &files->inheritable[i], __ATOMIC_SEQ_CST );

        for (; bits; bits &= bits - 1) add( &batch, &files->file[i * 64 + __builtin_ctzll( bits )], 0 );
    }
    flush( &batch );
    return batch.promoted;
}
