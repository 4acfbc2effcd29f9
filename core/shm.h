/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shared table as libnspa uses it: its threads are those of thread.c.
 */

#ifndef __NSPA_CORE_SHM_H
#define __NSPA_CORE_SHM_H

#define NSPA_OWN_THREAD_SELF

#include "../include/nspa.h"
#include "../include/nspa_shm.h"

#endif  /* __NSPA_CORE_SHM_H */
