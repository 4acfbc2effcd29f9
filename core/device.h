/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File systems whose files wineserver has to open.
 */

#ifndef __NSPA_DEVICE_H
#define __NSPA_DEVICE_H

#include <stdint.h>

/* Is fd on a file system that is left to wineserver?  dev is its st_dev.
 *   removable media   wineserver lets no client cache an fd there, so that they can be
 *                     unmounted: is_device_removable() in Wine's server/fd.c
 *   procfs            what it shows depends on who opens it */
extern int nspa_is_server_device( int fd, uint64_t dev );

#endif  /* __NSPA_DEVICE_H */
