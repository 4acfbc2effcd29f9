/*
 * Reparse points under Wine: what the tests share
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
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
 */

#ifndef POINTS_H
#define POINTS_H

#include <windows.h>
#include <winternl.h>
#include <stdio.h>

extern unsigned int passed, failed;
extern void check_( BOOL ok, const char *file, int line, const char *format, ... )
    __attribute__((format( gnu_printf, 4, 5 )));
#define check(ok, ...) do { BOOL ok_ = (ok); check_( ok_, __FILE__, __LINE__, __VA_ARGS__ ); } while (0)
/* status, which is printed, must be the one that is wanted */
#define check_status(call, want) do { NTSTATUS s_ = (call); \
    check( s_ == (NTSTATUS)(want), "%s: %08lx, want %08lx", #call, (unsigned long)s_, (unsigned long)(want) ); } while (0)

extern NTSTATUS NTAPI NtReadFile( HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG, LARGE_INTEGER *, ULONG * );
extern NTSTATUS NTAPI NtQueryDirectoryFile( HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG,
                                            FILE_INFORMATION_CLASS, BOOLEAN, UNICODE_STRING *, BOOLEAN );
extern NTSTATUS NTAPI NtWriteFile( HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, const void *, ULONG, LARGE_INTEGER *, ULONG * );

#define TAG_MOUNT_POINT 0xa0000003u
#define TAG_SYMLINK     0xa000000cu
#define TAG_LX          0xa000001du

#define ST_OK                     0
#define ST_BUFFER_OVERFLOW        0x80000005
#define ST_END_OF_FILE            0xc0000011
#define ST_ACCESS_DENIED          0xc0000022
#define ST_BUFFER_TOO_SMALL       0xc0000023
#define ST_NAME_INVALID           0xc0000033
#define ST_NAME_NOT_FOUND         0xc0000034
#define ST_NAME_COLLISION         0xc0000035
#define ST_PATH_NOT_FOUND         0xc000003a
#define ST_FILE_IS_A_DIRECTORY    0xc00000ba
#define ST_INVALID_USER_BUFFER    0xc00000e8
#define ST_DIRECTORY_NOT_EMPTY    0xc0000101
#define ST_NOT_A_DIRECTORY        0xc0000103
#define ST_INVALID_BUFFER_SIZE    0xc0000206
#define ST_NOT_A_REPARSE_POINT    0xc0000275
#define ST_TAG_INVALID            0xc0000276
#define ST_TAG_MISMATCH           0xc0000277
#define ST_DATA_INVALID           0xc0000278
#define ST_TAG_NOT_HANDLED        0xc0000279
#define ST_NOT_RESOLVED           0xc0000280
#define ST_NOT_FILE               0xc000000f

/* Where the tests work, "C:\\..."; and a name in there, in static storage, eight calls deep. */
extern char top[MAX_PATH];
extern const char *in_top( const char *name );

/* NtCreateFile() of a DOS path; an open that follows links unless options say otherwise */
#define OPEN_LINK FILE_OPEN_REPARSE_POINT
extern NTSTATUS nt_open( HANDLE *handle, const char *path, ACCESS_MASK access, ULONG disposition, ULONG options );
extern HANDLE open_link( const char *path, ACCESS_MASK access );
extern NTSTATUS fsctl( HANDLE handle, ULONG code, const void *in, ULONG in_size, void *out, ULONG out_size,
                       ULONG_PTR *information );

/* A REPARSE_DATA_BUFFER with these names; print NULL is the substitute name without \\??\\. */
extern ULONG make_point( void *buffer, ULONG tag, ULONG flags, const char *substitute, const char *print );
extern ULONG make_lx( void *buffer, const char *target );
extern NTSTATUS set_point( const char *path, const void *buffer, ULONG size );
extern NTSTATUS delete_point( const char *path, ULONG tag );

/* A new directory, or file with this content. */
extern void make_dir( const char *name );
extern void make_file( const char *name, const char *content );
extern void make_junction( const char *name, const char *target );
/* An NT symbolic link; one to a directory if dir. */
extern void make_symlink( const char *name, const char *target, BOOL dir );
/* Whether opening the path leads to a file with this content. */
extern BOOL leads_to( const char *path, const char *content );
extern NTSTATUS remove_at( const char *path, ULONG options );

/* The Unix side: what readlink() gives, or "" for what is no link; and whether a Unix path
 * in there is a link. These go through a helper that the script runs. */
extern const char *unix_ask( const char *verb, const char *name );

extern void test_fsctl(void);
extern void test_open(void);
extern void test_queries(void);
extern void test_listing(void);
extern void test_remove(void);
extern void test_paths(void);
extern void test_other_form(void);
extern void test_unix_links(void);
extern void test_known_folders(void);
extern void test_handles(void);

#endif /* POINTS_H */
