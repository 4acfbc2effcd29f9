/*
 * What clients and the stand-in server say to each other
 *
 * One packet each way; descriptors go along as SCM_RIGHTS.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __HARNESS_WIRE_H
#define __HARNESS_WIRE_H

#include <stdint.h>

#include "../../include/nspa.h"
#include "../../include/nspa_server.h"

#define STATUS_SUCCESS             ((int32_t)0)
#define STATUS_BUFFER_OVERFLOW     ((int32_t)0x80000005)
#define STATUS_INVALID_HANDLE      ((int32_t)0xc0000008)
#define STATUS_INVALID_PARAMETER   ((int32_t)0xc000000d)
#define STATUS_SHARING_VIOLATION   ((int32_t)0xc0000043)
#define STATUS_REVISION_MISMATCH   ((int32_t)0xc0000059)
#define STATUS_FILE_INVALID        ((int32_t)0xc0000098)
#define STATUS_NOT_SUPPORTED       ((int32_t)0xc00000bb)
#define STATUS_ALREADY_INITIALIZED ((int32_t)0xc0000510)
#define STATUS_DIED                ((int32_t)0xe0000001)  /* of the harness: the peer has ended */

#define READ_DATA   0x00000001u
#define WRITE_DATA  0x00000002u
#define DELETE_RIGHT 0x00010000u
#define SHARE_ALL   7u
#define OPEN_SYNC   0x20u   /* FILE_SYNCHRONOUS_IO_NONALERT */
#define FILE_OPEN   1u
#define OBJ_INHERIT 2u
#define OBJ_CASE    0x40u   /* OBJ_CASE_INSENSITIVE */

enum wire_type
{
    WIRE_ATTACH,         /* -> descriptors of table, control and journal; owner */
    WIRE_TABLE,          /* -> descriptors of table and control */
    WIRE_PROMOTE,        /* files, a descriptor each -> statuses */
    WIRE_CLOSE_HANDLE,
    WIRE_DRAINED
};

#define WIRE_NAME 240

struct wire_file
{
    uint32_t handle, access, sharing, options, attributes, nt_len;
    char     unix_name[WIRE_NAME];
};

struct wire_request
{
    uint32_t type;
    uint32_t id;             /* of the process */
    uint32_t handle;
    uint32_t count;          /* of files */
    uint64_t dev, ino;
    struct wire_file files[NSPA_PROMOTE_MAX];
};

struct wire_reply
{
    int32_t  status;
    uint64_t owner;
    int32_t  statuses[NSPA_PROMOTE_MAX];
};

/* fds may be NULL; received descriptors are stored there, *fd_count of at most
 * that many.  Zero or more bytes, or -1. */
extern int wire_send( int sock, const void *data, size_t size, const int *fds, int fd_count );
extern int wire_receive( int sock, void *data, size_t size, int *fds, int *fd_count );

#endif  /* __HARNESS_WIRE_H */
