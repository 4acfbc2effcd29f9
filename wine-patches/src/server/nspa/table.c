/*
 * The table of open files, and the clients attached to it
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

#include "config.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "winioctl.h"

#include "file.h"
#include "handle.h"
#include "process.h"
#include "request.h"
#include "thread.h"
#include "unicode.h"
#include "nspa/nspa.h"

#ifndef NSPA_DEBUG
#define NSPA_DEBUG 1
#endif

#if NSPA_DEBUG
static int trace_enabled(void)
{
    static int cache = -1;

    if (cache < 0)
    {
        const char *env = getenv( "NSPA_LF_TRACE_SRV" );
        cache = env && *env && *env != '0';
    }
    return cache;
}
#define NSPA_TRACE(...) do { if (trace_enabled()) fprintf( stderr, __VA_ARGS__ ); } while (0)
#else
#define NSPA_TRACE(...) do { } while (0)
#endif

const struct nspa_lib *nspa_lib;

static int table_fd, control_fd;  /* what clients map, and journals besides */

/* a library cut short would load and then fault; dlopen() does not look */
static int is_complete_library( const char *path )
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    struct stat st;
    int i, fd, ret = 0;

    if ((fd = open( path, O_RDONLY | O_CLOEXEC )) == -1) return 0;
    if (!fstat( fd, &st ) && pread( fd, &header, sizeof(header), 0 ) == sizeof(header) &&
        !memcmp( header.e_ident, ELFMAG, SELFMAG ) && header.e_phentsize == sizeof(segment))
    {
        ret = 1;
        for (i = 0; ret && i < header.e_phnum; i++)
        {
            if (pread( fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment) ) != sizeof(segment))
                ret = 0;
            else if (segment.p_type == PT_LOAD)
                ret = segment.p_offset <= st.st_size && segment.p_filesz <= st.st_size - segment.p_offset;
        }
    }
    close( fd );
    return ret;
}

static int get_library_path( char *path, size_t size )
{
    const char *env = getenv( "NSPA_SERVER_LIBRARY" );
    char exe[PATH_MAX + 1], *end;
    ssize_t len;

    if (env && *env) return snprintf( path, size, "%s", env ) < size;
    if ((len = readlink( "/proc/self/exe", exe, sizeof(exe) - 1 )) <= 0) return 0;
    exe[len] = 0;
    if (!(end = strrchr( exe, '/' ))) return 0;
    *end = 0;
    return snprintf( path, size, "%s/libnspa_server.so", exe ) < size;
}

static int load_functions( void *module, struct nspa_lib *lib )
{
#define LOAD(name) (lib->name = dlsym( module, "nspa_server_" #name ))
    return LOAD( abi ) && LOAD( create_table ) && LOAD( attach ) && LOAD( retire ) && LOAD( release ) &&
           LOAD( publish ) && LOAD( check ) && LOAD( begin_remove ) && LOAD( end_remove ) && LOAD( watch ) &&
           LOAD( bump_volumes ) && LOAD( bump_names ) && LOAD( watch_trees );
#undef LOAD
}

/* NULL, once with a line on stderr, if it is missing or damaged */
void *nspa_open_library(void)
{
    static void *module;
    static int tried;
    char path[PATH_MAX + 1];

    if (tried++) return module;
    if (!get_library_path( path, sizeof(path) ))
        fprintf( stderr, "wineserver: the path of libnspa_server.so is too long\n" );
    else if (!is_complete_library( path ))
        fprintf( stderr, "wineserver: %s is missing or damaged\n", path );
    else if (!(module = dlopen( path, RTLD_NOW | RTLD_LOCAL )))
        fprintf( stderr, "wineserver: %s\n", dlerror() );
    return module;
}

/* load the library and make the table, once */
static int init_table(void)
{
    static struct nspa_lib lib;
    static int tried;
    char path[PATH_MAX + 1];
    void *module;

    if (nspa_lib) return 1;
    if (tried++) return 0;
    if (!get_library_path( path, sizeof(path) ))
        fprintf( stderr, "wineserver: the path of libnspa_server.so is too long; local files are off\n" );
    else if (!is_complete_library( path ))
        fprintf( stderr, "wineserver: %s is missing or damaged; local files are off\n", path );
    else if (!(module = dlopen( path, RTLD_NOW | RTLD_LOCAL )))
        fprintf( stderr, "wineserver: %s; local files are off\n", dlerror() );
    else if (!load_functions( module, &lib ) || lib.abi() != NSPA_SERVER_ABI)
        fprintf( stderr, "wineserver: %s has another ABI; local files are off\n", path );
    else if ((table_fd = lib.create_table( &control_fd )) == -1)
        fprintf( stderr, "wineserver: cannot create the table of open files: %s; local files are off\n", strerror( errno ));
    else
    {
        nspa_lib = &lib;
        nspa_publish_all();
        nspa_watch_tree( 0 );
        NSPA_TRACE( "wineserver: table of open files created\n" );
    }
    return nspa_lib != NULL;
}

/* a client wants to open files by itself */
DECL_HANDLER(nspa_attach)
{
    struct process *process = current->process;
    unsigned int count, *handles = NULL;
    uint64_t owner;
    int journal_fd;

    if (req->version != NSPA_SHM_VERSION)
    {
        set_error( STATUS_REVISION_MISMATCH );
        return;
    }
    if (!init_table())
    {
        set_error( STATUS_NOT_SUPPORTED );
        return;
    }
    count = nspa_get_local_handles( process, NULL, 0 );
    if (get_reply_max_size() < count * sizeof(*handles))
    {
        set_error( STATUS_BUFFER_TOO_SMALL );
        return;
    }
    if (count && !(handles = set_reply_data_size( count * sizeof(*handles) ))) return;
    if ((journal_fd = nspa_lib->attach( process->id, &owner )) == -1)
    {
        set_error( STATUS_INSUFFICIENT_RESOURCES );
        return;
    }
    if (count) nspa_get_local_handles( process, handles, count );
    reply->owner_lo = owner;
    reply->owner_hi = owner >> 32;
    /* when nothing can fail any more: with the reply the client receives them */
    if (!send_client_fd( process, table_fd, NSPA_TABLE_FD ) &&
        !send_client_fd( process, control_fd, NSPA_CONTROL_FD ))
        send_client_fd( process, journal_fd, NSPA_JOURNAL_FD );
    NSPA_TRACE( "wineserver: process %04x: attached, %u inherited\n", process->id, count );
}

/* a client closed a file while the server waits for the last close of one */
DECL_HANDLER(nspa_inode_drained)
{
    NSPA_TRACE( "wineserver: inode %lx:%lx drained\n", (unsigned long)req->dev, (unsigned long)req->ino );
    if (nspa_lib) nspa_inode_drained( req->dev, req->ino );
}

/* May a process have this local handle, or any if it is zero, that the server does not know? */
int nspa_may_promote( struct process *process, obj_handle_t handle )
{
    return nspa_lib && !(handle && nspa_has_local_handle( process, handle ));
}

/* The last thread of a process is gone: what it has open is closed. Its Unix
 * threads may run a little longer; they find their journal retired. */
void nspa_process_killed( struct process *process )
{
    if (nspa_lib) nspa_lib->retire( process->id, nspa_inode_drained );
}

/* the Unix process is gone: nobody can have a lock for it any more */
void nspa_process_died( struct process *process )
{
    if (nspa_lib) nspa_lib->release( process->id, nspa_inode_drained );
}

/* A file was renamed or replaced: what clients know of its names is void. */
void nspa_names_changed(void)
{
    if (nspa_lib) nspa_lib->bump_names();
}

/* a drive link has changed: what clients keep of the mount manager's answers is void */
void nspa_volumes_changed(void)
{
    if (nspa_lib) nspa_lib->bump_volumes();
}

/* The watch of a directory and all below it begins or ends. Meanwhile clients open no
 * directories: those that the server opens get to be watched with it. */
void nspa_watch_tree( int change )
{
    static unsigned int count;

    count += change;
    if (nspa_lib) nspa_lib->watch_trees( count );
}

/* A driver has finished a request. The mount manager changes drives and volumes
 * when it gets a control code of its type ('m') that asks for write access. */
void nspa_irp_finished( const union irp_params *params )
{
    if (!nspa_lib || params->type != IRP_CALL_IOCTL) return;
    if (params->ioctl.code >> 16 == 'm' && (params->ioctl.code & (FILE_WRITE_ACCESS << 14)))
        nspa_lib->bump_volumes();
}
