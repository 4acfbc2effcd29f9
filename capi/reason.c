/*
 * libnspa: reasons in words
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

#include "../include/nspa.h"

const char *nspa_reason_string( uint32_t reason )
{
    static const char *const text[] =
    {
        [NSPA_SERVED]              = "served",
        [NSPA_NOT_ATTACHED]        = "not attached",
        [NSPA_BAD_REQUEST]         = "invalid name or sharing mode",
        [NSPA_ROOT_DIRECTORY]      = "relative to a directory handle",
        [NSPA_SECURITY_DESCRIPTOR] = "security descriptor given",
        [NSPA_DISPOSITION]         = "may create or truncate",
        [NSPA_OPTIONS]             = "by id, delete on close, or not what it asks for",
        [NSPA_ASYNCHRONOUS]        = "overlapped I/O",
        [NSPA_ACCESS]              = "more than read access",
        [NSPA_ATTRIBUTES]          = "object attributes",
        [NSPA_NAME_TOO_LONG]       = "name too long",
        [NSPA_LOADER]              = "module",
        [NSPA_NOT_REGULAR]         = "neither a regular file nor a directory",
        [NSPA_SERVER_DEVICE]       = "removable medium or procfs",
        [NSPA_UNIX_ERROR]          = "stat or open failed",
        [NSPA_CHANGED]             = "replaced while it was opened",
        [NSPA_NO_HANDLE]           = "all local handles in use",
        [NSPA_SHARING]             = "conflict in the shared table",
        [NSPA_TABLE_FULL]          = "bucket of the shared table full",
        [NSPA_TABLE_DECLINED]      = "bucket of the shared table set aside",
        [NSPA_TABLE_BUSY]          = "bucket of the shared table locked",
        [NSPA_DETACHED_BY_SERVER]  = "detached by wineserver",
    };

    return reason < NSPA_REASON_COUNT && text[reason] ? text[reason] : "unknown";
}
