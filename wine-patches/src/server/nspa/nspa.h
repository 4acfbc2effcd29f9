/*
 * Files that clients open by themselves
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

#ifndef __WINE_SERVER_NSPA_H
#define __WINE_SERVER_NSPA_H

#include <nspa_server.h>

struct process;
struct object;
struct fd;
struct closed_fd;
struct inode;
struct unicode_str;
union irp_params;

/* libnspa_server, or NULL while no client has attached */
struct nspa_lib
{
    uint32_t (*abi)(void);
    int      (*create_table)( int *control_fd );
    int      (*attach)( uint32_t id, uint64_t *owner );
    void     (*retire)( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) );
    void     (*release)( uint32_t id, void (*drained)( uint64_t dev, uint64_t ino ) );
    void     (*publish)( uint64_t dev, uint64_t ino, const struct nspa_share *own, struct nspa_share *clients );
    void     (*check)( uint64_t dev, uint64_t ino, const struct nspa_share *own, uint32_t access, uint32_t sharing,
                       uint32_t *other_access, uint32_t *other_sharing );
    uint32_t (*begin_remove)( uint64_t dev, uint64_t ino );
    void     (*end_remove)( uint64_t dev, uint64_t ino, int removed );
    uint32_t (*watch)( uint64_t dev, uint64_t ino );
    void     (*bump_volumes)(void);
    void     (*bump_names)(void);
    void     (*watch_trees)( uint32_t count );
};
extern const struct nspa_lib *nspa_lib;

/* table.c */
extern void *nspa_open_library(void);
extern void nspa_process_killed( struct process *process );
extern void nspa_process_died( struct process *process );
extern int nspa_may_promote( struct process *process, obj_handle_t handle );
extern void nspa_names_changed(void);
extern void nspa_volumes_changed(void);
extern void nspa_watch_tree( int change );
extern void nspa_irp_finished( const union irp_params *params );

/* local_file.h */
extern int nspa_promoting;

/* local_handle.h */
extern int nspa_alloc_handle( struct process *process, struct object *obj, unsigned int access,
                              unsigned int attr, obj_handle_t handle );
extern int nspa_has_local_handle( struct process *process, obj_handle_t handle );
extern unsigned int nspa_get_local_handles( struct process *process, unsigned int *handles, unsigned int max );

/* reparse.h */
extern void nspa_repair_links(void);

/* local_fd.h */
extern void nspa_publish_all(void);
extern void nspa_inode_drained( uint64_t dev, uint64_t ino );
extern int nspa_begin_unlink( struct inode *inode, struct closed_fd *fd );
extern void nspa_end_unlink( struct inode *inode );
extern void nspa_close_client_fd( int unix_fd );
extern struct fd *nspa_create_fd( int unix_fd, const char *name, struct unicode_str nt_name, mode_t *mode,
                                  unsigned int access, unsigned int sharing, unsigned int options );

#endif  /* __WINE_SERVER_NSPA_H */
