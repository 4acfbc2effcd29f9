/*
 * libnspa: how the C shims hand a call on reparse points to Go
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
 * ---------------------------------------------------------------------------
 */

#ifndef __NSPA_REPARSE_FRAME_H
#define __NSPA_REPARSE_FRAME_H

#include "../include/nspa_reparse.h"

#define NSPA_REPARSE_MAX_NAME 255

/* One call: copies of all arguments, and room for all results, on the stack of
 * the shim.  Go sees nothing else.  Only the first *_len bytes of an array are
 * initialised. */
struct nspa_reparse_frame
{
    uint32_t flags;       /* NSPA_REPARSE_* of the prefix */
    int32_t  dirfd;
    int32_t  directory;   /* in: encode.  out: moved, of the relocations */
    uint32_t has_drives;
    uint32_t age;         /* in: recover.  out: kept */
    uint32_t form;        /* out: encode */
    uint64_t dev, ino;
    uint32_t config_len, drives_len, name_len, in_len;
    uint32_t out_size;    /* of the caller's buffer, at most sizeof(out) */
    uint32_t out_len;     /* valid bytes in out, or bytes needed */
    struct nspa_reparse_info info;
    uint8_t  config[NSPA_REPARSE_MAX_TEXT + 1];
    uint8_t  name[NSPA_REPARSE_MAX_NAME + 1];
    uint8_t  drives[NSPA_REPARSE_MAX_DRIVES];
    uint8_t  in[NSPA_REPARSE_MAX_BUFFER];
    uint8_t  out[NSPA_REPARSE_MAX_BUFFER];
};

/* Go, in reparse_exports.go.  Each gives an NTSTATUS. */
enum nspa_reparse_call
{
    NSPA_CALL_ENCODE,
    NSPA_CALL_DECODE,
    NSPA_CALL_RELOCATE_TEXT,
    NSPA_CALL_CLASSIFY,
    NSPA_CALL_ENTRY,
    NSPA_CALL_GET,
    NSPA_CALL_SET,
    NSPA_CALL_DELETE,
    NSPA_CALL_REMOVE,
    NSPA_CALL_RELOCATE,
    NSPA_CALL_RECOVER
};

#endif  /* __NSPA_REPARSE_FRAME_H */
