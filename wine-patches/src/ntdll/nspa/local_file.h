/*
 * Local files: what the rest of ntdll calls
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

#ifndef __NTDLL_UNIX_NSPA_LOCAL_FILE_H
#define __NTDLL_UNIX_NSPA_LOCAL_FILE_H

#include <sys/stat.h>
#include <nspa.h>
#include "wine/nspa_compat.h"

extern void nspa_init_process(void);
extern BOOL nspa_hold_signal( int sig );
extern BOOL nspa_create_file( HANDLE *handle, const char *unix_name, ACCESS_MASK access,
                              const OBJECT_ATTRIBUTES *attr, ULONG sharing, ULONG disposition, ULONG options );
extern BOOL nspa_create_plain_file( HANDLE *handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attr,
                                    IO_STATUS_BLOCK *io, ULONG sharing, ULONG disposition, ULONG options,
                                    UNICODE_STRING *redirected );
extern BOOL nspa_find_in_dir( char *unix_name, int pos, const WCHAR *name, int length );
extern void nspa_found_in_dir( int dir_fd, const char *dir, int dir_len, const WCHAR *name, int length,
                               const char *found );
extern BOOL nspa_get_unix_name( HANDLE handle, char **unix_name, unsigned int *status );
extern BOOL nspa_get_file_info( HANDLE handle, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                FILE_INFORMATION_CLASS info_class );
extern BOOL nspa_query_object( HANDLE handle, OBJECT_INFORMATION_CLASS info_class, void *ptr, ULONG len, ULONG *used_len );
extern BOOL nspa_is_whole_file( HANDLE handle, enum server_fd_type type, const char *buffer, UINT total );
extern BOOL nspa_close( HANDLE handle );
extern void nspa_closed( HANDLE handle, NTSTATUS status );
extern void nspa_duplicated( HANDLE source, const HANDLE *dest, ULONG options );
extern void nspa_promote( HANDLE handle );
extern void nspa_promote_all(void);
extern void nspa_ask_promotion( HANDLE process, HANDLE handle );
extern BOOL nspa_asked_to_promote( const union apc_call *call );
extern unsigned int nspa_prepare_child( HANDLE parent, ULONG flags, const PS_ATTRIBUTE *handles,
                                        const RTL_USER_PROCESS_PARAMETERS *params );
extern BOOL nspa_names_failed( const struct __server_request_info *req );
extern unsigned int nspa_reply_status( unsigned int status, BOOL failed );
extern BOOL nspa_create_section( HANDLE *handle, ACCESS_MASK access, const struct object_attributes *objattr,
                                 data_size_t len, const LARGE_INTEGER *size, ULONG flags, unsigned int file_access,
                                 HANDLE file, unsigned int *status );
extern BOOL nspa_get_mapping_info( HANDLE handle, ACCESS_MASK access, unsigned int *flags, mem_size_t *size,
                                   unsigned int *status );
extern BOOL nspa_query_section( HANDLE handle, SECTION_INFORMATION_CLASS class, void *ptr, SIZE_T *ret_size,
                                unsigned int *status );
extern BOOL nspa_map_view( HANDLE section, void *base, SIZE_T size );
extern BOOL nspa_unmap_view( void *base, unsigned int *status );
extern void nspa_name_view( HANDLE process, const void *addr );
extern void nspa_name_views( const void *addr1, const void *addr2 );
/* the directory whose listing is being read, if it is local; with dir_mutex held */
extern const char *nspa_listed_dir;
extern void nspa_listed( const char *name, const struct stat *st );
extern BOOL nspa_get_plain_name( HANDLE handle, char *name, size_t size );

/* in file.c, by way of dir_data.h */
extern void nspa_close_listing( HANDLE handle );
extern void nspa_promote_listing( HANDLE handle );
extern void nspa_promote_listings(void);

/* the drive that a path is on, as find finds it */
struct file_identity;
extern int nspa_find_dos_device( HANDLE handle, int fd, const char *path, int (*find)( const char *path ),
                                 unsigned int (*get_drives)( struct file_identity *info ));
extern NTSTATUS nspa_find_drive_root( const char **path, unsigned int len, int *drive,
                                      NTSTATUS (*find)( const char **path, unsigned int len, int *drive ),
                                      unsigned int (*get_drives)( struct file_identity *info ));

/* what the mount manager is asked, and when */
struct nspa_volume_query
{
    ULONGLONG unix_dev;
    WCHAR     letter;
    ULONG64   epoch;
};
struct mountmgr_unix_drive;
extern BOOL nspa_get_volume( struct mountmgr_unix_drive *drive, ULONG size, struct nspa_volume_query *query );
extern void nspa_put_volume( const struct mountmgr_unix_drive *drive, ULONG size, const struct nspa_volume_query *query );

/* in server.c, by way of fd_cache.h */
extern BOOL nspa_fd_cache_init(void);
extern int nspa_receive_fd( unsigned int *what );
extern void nspa_fd_cache_add( HANDLE handle, int fd, enum server_fd_type type, unsigned int access,
                               unsigned int options );
extern int nspa_fd_cache_remove( HANDLE handle );

static inline BOOL nspa_is_local( HANDLE handle )
{
    return nspa_is_local_handle( (ULONG_PTR)handle );
}

/* the fd cache's index of a handle; local sections and files have the last entries */
static inline unsigned int nspa_fd_cache_index( HANDLE handle, unsigned int count )
{
    unsigned int idx = (wine_server_obj_handle( handle ) >> 2) - 1;

    if (nspa_is_local( handle )) return count - 2 * NSPA_LF_HANDLE_CAP + idx - ((NSPA_SECTION_HANDLE_BASE >> 2) - 1);
    return idx < count - 2 * NSPA_LF_HANDLE_CAP ? idx : ~0u;
}

/* the last local file of a thread that the server could not take over, and why */
struct nspa_failure
{
    obj_handle_t handle;
    unsigned int status;
};

/* whatever handle is about to be sent to the server, the server must know it */
static inline obj_handle_t nspa_server_obj_handle( HANDLE handle )
{
    if (nspa_is_local( handle )) nspa_promote( handle );
    return wine_server_obj_handle( handle );
}
#define wine_server_obj_handle(handle) nspa_server_obj_handle(handle)

#endif /* __NTDLL_UNIX_NSPA_LOCAL_FILE_H */
