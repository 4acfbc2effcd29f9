/*
 * Loading libnspa
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

#if 0
#pragma makedep unix
#endif

#include "config.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "wine/server.h"
#include "../unix_private.h"
#include "library.h"
#include <nspa_shm.h>

#ifdef __x86_64__

struct nspa_library nspa_lib;

#if NSPA_DEBUG
BOOL nspa_trace_enabled(void)
{
    static int cache = -1;
    int enabled = __atomic_load_n( &cache, __ATOMIC_RELAXED );

    if (enabled < 0)
    {
        const char *env = getenv( "NSPA_LF_TRACE" );
        enabled = env && *env && *env != '0';
        __atomic_store_n( &cache, enabled, __ATOMIC_RELAXED );
    }
    return enabled;
}
#endif

static void warn( const char *line )
{
    fprintf( stderr, "%s\n", line );
}

/* A library cut short would load and then fault; dlopen() does not look. */
static BOOL is_complete_library( const char *path )
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    struct stat st;
    BOOL ret = FALSE;
    int i, fd;

    if ((fd = open( path, O_RDONLY | O_CLOEXEC )) == -1) return FALSE;
    if (!fstat( fd, &st ) && pread( fd, &header, sizeof(header), 0 ) == sizeof(header) &&
        !memcmp( header.e_ident, ELFMAG, SELFMAG ) && header.e_phentsize == sizeof(segment))
    {
        ret = TRUE;
        for (i = 0; ret && i < header.e_phnum; i++)
        {
            if (pread( fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment) ) != sizeof(segment))
                ret = FALSE;
            else if (segment.p_type == PT_LOAD)
                ret = segment.p_offset <= st.st_size && segment.p_filesz <= st.st_size - segment.p_offset;
        }
    }
    close( fd );
    return ret;
}

static BOOL get_library_path( char *path, size_t size )
{
    const char *env = getenv( "NSPA_LIBRARY" ), *end;
    Dl_info info;

    if (env && *env) return snprintf( path, size, "%s", env ) < size;
    if (!dladdr( nspa_init_process, &info ) || !info.dli_fname) return FALSE;
    if (!(end = strrchr( info.dli_fname, '/' ))) return FALSE;
    return snprintf( path, size, "%.*s/libnspa.so", (int)(end - info.dli_fname), info.dli_fname ) < size;
}

static BOOL load_functions( void *module )
{
#define LOAD(field,name) (nspa_lib.field = dlsym( module, name ))
    return LOAD( version, "nspa_version" ) &&
           LOAD( init, "nspa_init" ) &&
           LOAD( hold_signal, "nspa_hold_signal" ) &&
           LOAD( reason_string, "nspa_reason_string" ) &&
           LOAD( try_bypass, "nspa_local_file_try_bypass" ) &&
           LOAD( listed, "nspa_local_file_listed" ) &&
           LOAD( promote, "nspa_local_file_promote" ) &&
           LOAD( promote_inheritable, "nspa_local_file_promote_inheritable" ) &&
           LOAD( promote_handles, "nspa_local_file_promote_handles" ) &&
           LOAD( lend, "nspa_local_file_lend" ) &&
           LOAD( close, "nspa_local_file_close" ) &&
           LOAD( closed, "nspa_local_file_closed" ) &&
           LOAD( query, "nspa_local_file_query" ) &&
           LOAD( unix_name, "nspa_local_file_unix_name" ) &&
           LOAD( nt_name, "nspa_local_file_nt_name" ) &&
           LOAD( had_size, "nspa_local_file_had_size" ) &&
           LOAD( volume_epoch, "nspa_volume_epoch" ) &&
           LOAD( section_create, "nspa_local_section_create" ) &&
           LOAD( section_query, "nspa_local_section_query" ) &&
           LOAD( view_add, "nspa_local_view_add" ) &&
           LOAD( view_remove, "nspa_local_view_remove" ) &&
           LOAD( view_name, "nspa_local_view_name" ) &&
           LOAD( get_stats, "nspa_get_stats" );
#undef LOAD
}

static BOOL load_library(void)
{
    char path[4096], line[4352];
    void *module = NULL;

    if (!get_library_path( path, sizeof(path) )) return FALSE;
    if (!is_complete_library( path ))
        snprintf( line, sizeof(line), "nspa: %s is missing or damaged; files are opened by wineserver", path );
    else if (!(module = dlopen( path, RTLD_NOW | RTLD_LOCAL )))
        snprintf( line, sizeof(line), "nspa: %s; files are opened by wineserver", dlerror() );
    else
    {
        if (!load_functions( module ))
            snprintf( line, sizeof(line), "nspa: %s lacks a function; files are opened by wineserver", path );
        else if (nspa_lib.version() != NSPA_ABI_VERSION)
            snprintf( line, sizeof(line), "nspa: %s has ABI %u, not %u; files are opened by wineserver",
                      path, nspa_lib.version(), NSPA_ABI_VERSION );
        else return TRUE;
    }
    warn( line );
    return FALSE;
}

/* Ask the server for a journal, and for the handles that came from the parent. */
static unsigned int attach_process( struct nspa_init *init, obj_handle_t *inherited )
{
    unsigned int status;

    SERVER_START_REQ( nspa_attach )
    {
        req->version = NSPA_SHM_VERSION;
        wine_server_set_reply( req, inherited, NSPA_LF_HANDLE_CAP * sizeof(*inherited) );
        if (!(status = wine_server_call( req )))
        {
            init->owner = (uint64_t)reply->owner_hi << 32 | reply->owner_lo;
            init->inherited = inherited;
            init->inherited_count = wine_server_reply_size( reply ) / sizeof(*inherited);
        }
    }
    SERVER_END_REQ;
    return status;
}

/* What the server has sent with that: the table, what only the server writes, and the
 * process's journal. */
static BOOL receive_table( struct nspa_init *init )
{
    unsigned int what;

    init->table_fd   = nspa_receive_fd( &what );
    if (what != NSPA_TABLE_FD) return FALSE;
    init->control_fd = nspa_receive_fd( &what );
    if (what != NSPA_CONTROL_FD) return FALSE;
    init->journal_fd = nspa_receive_fd( &what );
    return what == NSPA_JOURNAL_FD;
}

static void close_table( const struct nspa_init *init )
{
    if (init->table_fd != -1) close( init->table_fd );
    if (init->control_fd != -1) close( init->control_fd );
    if (init->journal_fd != -1) close( init->journal_fd );
}

/* There may be room for another process later; nothing else gets better by itself. */
static BOOL is_passing( unsigned int status )
{
    return status == STATUS_INSUFFICIENT_RESOURCES || status == STATUS_NO_MEMORY;
}

/* The kernel stack of the main thread is not the stack that libpthread knows. Called on
 * threads that have a TEB. */
static int stack_bounds( const void *sp, void **low, size_t *size )
{
    char *stack = nspa_kernel_stack();

    if ((const char *)sp < stack || (const char *)sp >= stack + kernel_stack_size) return 0;
    *low  = stack;
    *size = kernel_stack_size;
    return 1;
}

static void add_fd( uint32_t handle, int fd, uint32_t access, uint32_t options, int directory )
{
    nspa_fd_cache_add( ULongToHandle( handle ), fd, directory ? FD_TYPE_DIR : FD_TYPE_FILE, access, options );
}

static int forget_fd( uint32_t handle )
{
    nspa_close_listing( ULongToHandle( handle ));
    return nspa_fd_cache_remove( ULongToHandle( handle ));
}

/***********************************************************************
 *           nspa_hold_signal
 *
 * Called by the handlers of the signals that suspend or end a thread, which would keep
 * what it holds in the middle of the library's work. When it returns TRUE, the signal
 * has to wait: it is sent again.
 */
BOOL nspa_hold_signal( int sig )
{
    return nspa_lib.attached && nspa_lib.hold_signal( sig );
}

static unsigned int attach_library(void)
{
    struct nspa_init init =
    {
        .size = sizeof(init),
        .abi = NSPA_ABI_VERSION,
        .flags = NSPA_INIT_HOLDS_SIGNALS,
        .table_fd = -1,
        .control_fd = -1,
        .journal_fd = -1,
        .prefix = config_dir,
        .host = { add_fd, forget_fd, nspa_host_promote, nspa_host_promote_many, nspa_host_close_handle,
                  nspa_host_drained, stack_bounds, warn }
    };
    obj_handle_t *inherited;
    unsigned int status;

    if (!(inherited = malloc( NSPA_LF_HANDLE_CAP * sizeof(*inherited) ))) return STATUS_NO_MEMORY;
    if ((status = attach_process( &init, inherited )))
        fprintf( stderr, "nspa: wineserver has no %s (status %#x); files are opened by wineserver\n",
                 is_passing( status ) ? "journal left" : "inode table", status );
    else if (!receive_table( &init ))
        fprintf( stderr, "nspa: wineserver sent other descriptors (status %#x); files are opened by wineserver\n",
                 status = STATUS_INTERNAL_ERROR );
    else status = nspa_lib.init( &init );
    close_table( &init );
    free( inherited );
    return status;
}

/* Drivers hand file handles to requests of their own, past wine_server_obj_handle(). */
static BOOL is_driver_host(void)
{
    static const char name[] = "winedevice.exe";
    size_t len;

    if (main_argc < 2) return FALSE;
    len = strlen( main_argv[1] );
    return len >= sizeof(name) - 1 && !strcasecmp( main_argv[1] + len - (sizeof(name) - 1), name );
}

/***********************************************************************
 *           nspa_init_process
 *
 * Called on the main thread, connected to the server, before Wine's signal
 * handlers are installed.
 */
void nspa_init_process(void)
{
    const char *env = getenv( "NSPA_LOCAL_FILES" );
    unsigned int status = STATUS_NOT_SUPPORTED;

    if (!env || strcmp( env, "1" ) || is_driver_host()) return;
    if (nspa_fd_cache_init() && load_library()) status = attach_library();
    nspa_lib.attached = !status;
    /* the children need not say it again */
    if (status && !is_passing( status )) setenv( "NSPA_LOCAL_FILES", "0", 1 );
}

#else  /* __x86_64__ */

void nspa_init_process(void) { }
BOOL nspa_hold_signal( int sig ) { return FALSE; }

#endif
