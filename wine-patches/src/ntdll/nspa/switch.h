/*
 * What tells that reparse points are switched on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __NTDLL_UNIX_NSPA_SWITCH_H
#define __NTDLL_UNIX_NSPA_SWITCH_H

/* SystemWineVersionInformation: *len bytes of strings with room for size; one more if
 * reparse points are on, for the PE side.  In info only if it has room for all of it. */
extern void nspa_add_version_string( char *info, ULONG size, ULONG *len );

/* FileFsAttributeInformation: what a volume that is called NTFS can do beyond it. */
extern ULONG nspa_volume_flags( int fd );

#endif
