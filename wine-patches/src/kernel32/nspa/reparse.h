/*
 * Links and mounted volumes, for the functions of kernel32
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef NSPA_REPARSE_H
#define NSPA_REPARSE_H

#include "../kernelbase/nspa/switch.h"

BOOLEAN nspa_create_symbolic_link_a( const char *link, const char *target, DWORD flags );
BOOL nspa_set_mount_point( const WCHAR *path, const WCHAR *volume );
BOOL nspa_set_mount_point_a( const char *path, const char *volume );
BOOL nspa_delete_mount_point_a( const char *path );

#endif
