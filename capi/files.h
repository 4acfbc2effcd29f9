/*
 * libnspa: the process's handle table
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
 * ---------------------------------------------------------------------------
 */

#ifndef __NSPA_FILES_H
#define __NSPA_FILES_H

struct nspa_files;

/* NULL until nspa_init() succeeded. */
__attribute__((visibility("hidden"))) extern struct nspa_files *nspa_get_files(void);

#endif  /* __NSPA_FILES_H */
