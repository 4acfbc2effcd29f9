/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which opens may be served in the process, by their arguments alone.
 *
 * The envelope is that of Wine-NSPA's local-file page.  What lies outside needs
 * wineserver's view of names, security or creation, or writes.
 */

#include "gate.h"
#include "nt.h"

#define SERVED_ACCESS  (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE)
#define KNOWN_OPTIONS  0x00ffffffu  /* what Wine's fd cache can hold */
#define SYNCHRONOUS    (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
#define MAX_NT_NAME    65534u       /* in bytes: wineserver counts request data in 16 bits */

/* wineserver does so before it looks at sharing. */
static uint32_t map_generic( uint32_t access )
{
    if (access & GENERIC_READ) access = (access & ~GENERIC_READ) | FILE_GENERIC_READ;
    if (access & GENERIC_EXECUTE) access = (access & ~GENERIC_EXECUTE) | FILE_GENERIC_EXECUTE;
    return access;
}

/* Does the name end like that of a module?  Wine's loader opens those and maps them as
 * images, which wineserver must see. */
static int is_module( const uint16_t *name, uint32_t len )
{
    static const char modules[][4] = { "dll", "drv", "exe", "sys" };
    const uint16_t *end;
    unsigned int i, j;

    if (len < 4 * sizeof(*name) || *(end = name + len / sizeof(*name) - 4) != '.') return 0;
    for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
    {
        for (j = 0; j < 3; j++) if (end[j + 1] != modules[i][j] && end[j + 1] != modules[i][j] + 'A' - 'a') break;
        if (j == 3) return 1;
    }
    return 0;
}

uint32_t nspa_gate( const struct nspa_open *open, uint32_t *access )
{
    uint32_t synchronous = open->options & SYNCHRONOUS;

    *access = map_generic( open->access );
    if (!open->nt_len || open->nt_len % 2 || open->nt_len >= MAX_NT_NAME) return NSPA_BAD_REQUEST;
    if (open->flags & NSPA_OPEN_HAS_ROOT) return NSPA_ROOT_DIRECTORY;
    if (open->flags & NSPA_OPEN_HAS_SD) return NSPA_SECURITY_DESCRIPTOR;
    if (open->disposition != FILE_OPEN && open->disposition != FILE_OPEN_IF) return NSPA_DISPOSITION;
    if (open->options & (FILE_DELETE_ON_CLOSE | FILE_OPEN_BY_FILE_ID | ~KNOWN_OPTIONS)) return NSPA_OPTIONS;
    if (!synchronous || synchronous == SYNCHRONOUS) return NSPA_ASYNCHRONOUS;
    if (!*access || (*access & ~SERVED_ACCESS)) return NSPA_ACCESS;
    if (open->sharing & ~FILE_SHARE_ALL) return NSPA_BAD_REQUEST;
    if (open->attributes & ~(OBJ_INHERIT | OBJ_CASE_INSENSITIVE)) return NSPA_ATTRIBUTES;
    if (is_module( open->nt_name, open->nt_len )) return NSPA_LOADER;
    return NSPA_SERVED;
}
