/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NT's names for what the library deals with.
 * Values from Wine's winnt.h, winternl.h, ntdef.h and ntstatus.h.
 */

#ifndef __NSPA_NT_H
#define __NSPA_NT_H

#include <stdint.h>

#define STATUS_SUCCESS              0
#define STATUS_BUFFER_OVERFLOW      ((int32_t)0x80000005)
#define STATUS_INVALID_PARAMETER    ((int32_t)0xc000000d)
#define STATUS_NO_MEMORY            ((int32_t)0xc0000017)
#define STATUS_REVISION_MISMATCH    ((int32_t)0xc0000059)
#define STATUS_FILE_INVALID         ((int32_t)0xc0000098)
#define STATUS_NOT_SUPPORTED        ((int32_t)0xc00000bb)
#define STATUS_HANDLE_NOT_CLOSABLE  ((int32_t)0xc0000235)
#define STATUS_ALREADY_INITIALIZED  ((int32_t)0xc0000510)

#define FILE_READ_DATA              0x00000001u
#define FILE_READ_EA                0x00000008u
#define FILE_EXECUTE                0x00000020u
#define FILE_READ_ATTRIBUTES        0x00000080u
#define READ_CONTROL                0x00020000u
#define SYNCHRONIZE                 0x00100000u
#define GENERIC_EXECUTE             0x20000000u
#define GENERIC_READ                0x80000000u
#define FILE_GENERIC_READ    (READ_CONTROL | SYNCHRONIZE | FILE_READ_DATA | FILE_READ_EA | FILE_READ_ATTRIBUTES)
#define FILE_GENERIC_EXECUTE (READ_CONTROL | SYNCHRONIZE | FILE_EXECUTE | FILE_READ_ATTRIBUTES)

#define FILE_SHARE_ALL              7u  /* READ, WRITE and DELETE */

#define FILE_OPEN                   1u
#define FILE_OPEN_IF                3u

#define FILE_DIRECTORY_FILE             0x00000001u
#define FILE_SEQUENTIAL_ONLY            0x00000004u
#define FILE_SYNCHRONOUS_IO_ALERT       0x00000010u
#define FILE_SYNCHRONOUS_IO_NONALERT    0x00000020u
#define FILE_NON_DIRECTORY_FILE         0x00000040u
#define FILE_RANDOM_ACCESS              0x00000800u
#define FILE_DELETE_ON_CLOSE            0x00001000u
#define FILE_OPEN_BY_FILE_ID            0x00002000u

#define OBJ_INHERIT                 0x00000002u
#define OBJ_CASE_INSENSITIVE        0x00000040u

#endif  /* __NSPA_NT_H */
