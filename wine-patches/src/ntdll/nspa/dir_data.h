/*
 * Listings of local directories; included by file.c
 *
 * Copyright 2026 the nspa authors
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin St, Fifth Floor, Boston, MA 02110-1301, USA
 */

/* The server gives each directory that is listed an index in dir_data_cache, which all
 * its handles share. A local directory has one handle and needs no index. When the
 * server gets to know it, its listing moves to the index that it has from then on.
 *
 * A listing is only used with dir_mutex held. It may be closed or promoted at any time,
 * also in the middle of that and in a signal handler: then it is put aside, and whoever
 * has the mutex next sees to it. */

#ifdef __x86_64__

#include "library.h"

struct nspa_listing
{
    struct nspa_listing *next;
    struct dir_data     *data;   /* NULL until it is read */
    unsigned int         entry;  /* in dir_data_cache, once it is promoted */
    char                 name[1000]; /* the directory's, as a lookup has it; or empty */
};

static struct nspa_listing *local_listings[NSPA_LF_HANDLE_CAP];  /* by handle */
static struct nspa_listing *closed_listings;
static struct nspa_listing *promoted_listings;

/* Held from a request for an index until what the server says with it is done: that an
 * index is free must not be taken for one that another thread has just got. */
static pthread_mutex_t dir_entry_mutex = PTHREAD_MUTEX_INITIALIZER;
static sigset_t dir_entry_sigset;

static struct nspa_listing **listing_of( HANDLE handle )
{
    return &local_listings[(HandleToULong( handle ) - NSPA_LF_HANDLE_BASE) / 4];
}

static struct nspa_listing *take_listing( HANDLE handle )
{
    struct nspa_listing **listing = listing_of( handle );

    if (!__atomic_load_n( listing, __ATOMIC_SEQ_CST )) return NULL;
    return __atomic_exchange_n( listing, NULL, __ATOMIC_SEQ_CST );
}

/* The listing of a local directory, or NULL if the server knows it. Put in place before
 * looking whether it does: who promotes the directory looks for a listing after. */
static struct nspa_listing *get_listing( HANDLE handle )
{
    struct nspa_listing *listing = __atomic_load_n( listing_of( handle ), __ATOMIC_SEQ_CST );

    if (listing || !(listing = calloc( 1, sizeof(*listing) ))) return listing;
    __atomic_store_n( listing_of( handle ), listing, __ATOMIC_SEQ_CST );
    if (nspa_get_plain_name( handle, listing->name, sizeof(listing->name) )) return listing;
    free( take_listing( handle ));
    return NULL;
}

/* free what was closed */
static void free_listings(void)
{
    struct nspa_listing *listing, *next;

    if (!__atomic_load_n( &closed_listings, __ATOMIC_RELAXED )) return;
    for (listing = __atomic_exchange_n( &closed_listings, NULL, __ATOMIC_ACQUIRE ); listing; listing = next)
    {
        next = listing->next;
        free_dir_data( listing->data );
        free( listing );
    }
}

/* move what was promoted to where the server has it */
static void move_listings(void)
{
    struct nspa_listing *listing;

    while ((listing = promoted_listings))
    {
        promoted_listings = listing->next;
        if (listing->entry >= dir_data_cache_size)
        {
            unsigned int size = max( dir_data_cache_initial_size, max( dir_data_cache_size * 2, listing->entry + 1 ) );
            struct dir_data **new_cache = realloc( dir_data_cache, size * sizeof(*new_cache) );

            if (new_cache)
            {
                memset( new_cache + dir_data_cache_size, 0, (size - dir_data_cache_size) * sizeof(*new_cache) );
                dir_data_cache = new_cache;
                dir_data_cache_size = size;
            }
        }
        if (listing->entry < dir_data_cache_size)
        {
            struct dir_data *old = dir_data_cache[listing->entry];

            dir_data_cache[listing->entry] = listing->data;
            listing->data = old;
        }
        free_dir_data( listing->data );
        free( listing );
    }
}


/***********************************************************************
 *           nspa_get_dir_data
 *
 * The listing of a local directory. When it returns FALSE, the server has to be asked
 * for the index of a listing, and nspa_put_dir_data() follows. dir_mutex is held.
 * With restart it starts again, with the new mask if there is one.
 */
static BOOL nspa_get_dir_data( HANDLE handle, struct dir_data **data, int fd, const UNICODE_STRING *mask,
                               BOOL restart, unsigned int *status )
{
    struct nspa_listing *listing;
    BOOL first;

    nspa_listed_dir = NULL;
    if (!nspa_lib.attached) return FALSE;
    free_listings();
    if (nspa_is_local_file( (ULONG_PTR)handle ) && (listing = get_listing( handle )))
    {
        first = !listing->data;
        if (restart && mask && !first && !nspa_has_mask( listing->data, mask ))
        {
            free_dir_data( listing->data );
            listing->data = NULL;
        }
        *status = listing->data ? STATUS_SUCCESS : init_cached_dir_data( &listing->data, fd, mask );
        if (*status == STATUS_NO_SUCH_FILE && !first) *status = STATUS_NO_MORE_FILES;
        if (restart && listing->data) listing->data->pos = 0;
        *data = listing->data;
        nspa_listed_dir = listing->name;
        return TRUE;
    }
    nspa_lock_mutex( &dir_entry_mutex, &dir_entry_sigset );
    move_listings();
    return FALSE;
}


/***********************************************************************
 *           nspa_put_dir_data
 */
static void nspa_put_dir_data(void)
{
    sigset_t sigset = dir_entry_sigset;

    if (nspa_lib.attached) nspa_unlock_mutex( &dir_entry_mutex, &sigset );
}


/***********************************************************************
 *           nspa_close_listing
 *
 * A handle is being closed, and not free yet.
 */
void nspa_close_listing( HANDLE handle )
{
    struct nspa_listing *listing;

    if (!nspa_is_local_file( (ULONG_PTR)handle ) || !(listing = take_listing( handle ))) return;
    listing->next = __atomic_load_n( &closed_listings, __ATOMIC_RELAXED );
    while (!__atomic_compare_exchange_n( &closed_listings, &listing->next, listing, 0,
                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED )) /* nothing */;
}


/***********************************************************************
 *           nspa_promote_listing
 *
 * The server may know a directory now that was local before.
 */
void nspa_promote_listing( HANDLE handle )
{
    struct nspa_listing *listing;
    struct nspa_opened_file file;
    unsigned int entry, status;
    sigset_t sigset;

    if (!nspa_is_local_file( (ULONG_PTR)handle ) || !__atomic_load_n( listing_of( handle ), __ATOMIC_SEQ_CST )) return;
    if (!nspa_lib.query( (ULONG_PTR)handle, &file )) return;

    nspa_lock_mutex( &dir_entry_mutex, &sigset );
    SERVER_START_REQ( get_directory_cache_entry )  /* leaves it to others to hear what is free */
    {
        req->handle = HandleToULong( handle );
        status = wine_server_call( req );
        entry  = reply->entry;
    }
    SERVER_END_REQ;
    if (!status && (listing = take_listing( handle )))
    {
        listing->entry = entry;
        listing->next = promoted_listings;
        promoted_listings = listing;
    }
    nspa_unlock_mutex( &dir_entry_mutex, &sigset );
}


/***********************************************************************
 *           nspa_promote_listings
 *
 * The same for all handles.
 */
void nspa_promote_listings(void)
{
    unsigned int i;

    for (i = 0; i < NSPA_LF_HANDLE_CAP - 1; i++) nspa_promote_listing( ULongToHandle( NSPA_LF_HANDLE_BASE + i * 4 ));
}

#else  /* __x86_64__ */

static inline BOOL nspa_get_dir_data( HANDLE handle, struct dir_data **data, int fd, const UNICODE_STRING *mask,
                                      BOOL restart, unsigned int *status )
{
    return FALSE;
}
static inline void nspa_put_dir_data(void) { }

#endif
