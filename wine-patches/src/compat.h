/*
 * What differs between the versions of Wine that the hooks fit
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

/* The hooks define NSPA_HAS_x beside what they found. All of this is macros, as the
 * functions are declared after this header is read. */

#ifndef __WINE_NSPA_COMPAT_H
#define __WINE_NSPA_COMPAT_H

/* ntdll: the thread's stack in Unix code */
#ifdef NSPA_HAS_GET_KERNEL_STACK
#define nspa_kernel_stack() get_kernel_stack( get_thread_data() )
#else
#define nspa_kernel_stack() (ntdll_get_thread_data()->kernel_stack)
#endif

/* ntdll: does a file keep the NT name that it is opened by? Where the lookup makes that
 * name, it takes a backslash from its end. */
#define nspa_keeps_nt_name( attr, options ) \
    (!((options) & FILE_OPEN_BY_FILE_ID) && (attr)->ObjectName->Length && \
     (attr)->ObjectName->Buffer[(attr)->ObjectName->Length / sizeof(WCHAR) - 1] != '\\')

/* ntdll: reparse points are Wine's own where it has them */
#ifdef NSPA_HAS_REPARSE
#define nspa_is_link_open( name, options ) FALSE
#endif

/* ntdll: a listing that starts again may do so with another mask */
#ifdef NSPA_HAS_DIR_MASK
#define nspa_has_mask( data, other ) \
    ((data)->mask.Length == (other)->Length && !memcmp( (data)->mask.Buffer, (other)->Buffer, (other)->Length ))
#else
#define nspa_has_mask( data, other ) TRUE
#endif

/* server: new objects may have a security descriptor */
#ifdef NSPA_HAS_DIR_SECURITY
#define nspa_create_dir_obj( fd, access, mode ) create_dir_obj( fd, access, mode, NULL )
#else
#define nspa_create_dir_obj( fd, access, mode ) create_dir_obj( fd, access, mode )
#endif
#ifdef NSPA_HAS_FILE_SECURITY
#define nspa_create_file_obj( fd, access, mode ) create_file_obj( fd, access, mode, NULL )
#else
#define nspa_create_file_obj( fd, access, mode ) create_file_obj( fd, access, mode )
#endif

#endif  /* __WINE_NSPA_COMPAT_H */
