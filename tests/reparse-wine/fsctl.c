/*
 * FSCTL_SET_REPARSE_POINT, FSCTL_GET_REPARSE_POINT, FSCTL_DELETE_REPARSE_POINT
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

#include "points.h"

#include <string.h>

static void test_get(void)
{
    char buffer[4096], out[4096];
    ULONG_PTR information;
    ULONG size;
    HANDLE handle;

    make_dir( "plain" );
    handle = open_link( in_top( "plain" ), FILE_READ_ATTRIBUTES );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, NULL, 0, NULL ), ST_INVALID_USER_BUFFER );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, 0, NULL ), ST_INVALID_USER_BUFFER );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, 1, NULL ), ST_NOT_A_REPARSE_POINT );
    CloseHandle( handle );

    make_dir( "target" );
    make_file( "target\\file", "found" );
    make_dir( "j" );
    size = make_point( buffer, TAG_MOUNT_POINT, 0, "\\??\\C:\\target", NULL );
    check( size == 64, "%lu", size );
    check_status( set_point( in_top( "j" ), buffer, size ), ST_OK );
    handle = open_link( in_top( "j" ), FILE_READ_ATTRIBUTES );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, 27, &information ), ST_BUFFER_TOO_SMALL );
    check( information == 0xdeadbeef, "%#llx", information );
    memset( out, 0xcc, sizeof(out) );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, 28, &information ), ST_BUFFER_OVERFLOW );
    check( information == 28 && !memcmp( out, buffer, 28 ) && out[28] == (char)0xcc, "%#llx", information );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), &information ), ST_OK );
    check( information == size && !memcmp( out, buffer, size ), "%#llx", information );
    CloseHandle( handle );
    check( !strcmp( unix_ask( "kind", "j" ), "link" ), "no link" );
}

static void test_set(void)
{
    static const struct { const char *what; ULONG tag, flags; const char *sub, *print; } points[] =
    {
        { "junction", TAG_MOUNT_POINT, 0, "\\??\\C:\\target", NULL },
        { "junction to nothing", TAG_MOUNT_POINT, 0, "\\??\\C:\\nothing\\at\\all", NULL },
        { "junction to Z:", TAG_MOUNT_POINT, 0, "\\??\\Z:\\usr\\share", NULL },
        { "junction with print name", TAG_MOUNT_POINT, 0, "\\??\\C:\\target", "bogus" },
        { "foobar", TAG_MOUNT_POINT, 0, "foobar", NULL },
        { "device", TAG_MOUNT_POINT, 0, "\\Device\\NamedPipe\\", NULL },
        { "volume", TAG_MOUNT_POINT, 0, "\\??\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\\", "" },
        { "up and out", TAG_MOUNT_POINT, 0, "\\??\\C:\\..\\x", NULL },
        { "lower case", TAG_MOUNT_POINT, 0, "\\??\\c:\\target", NULL },
        { "unicode", TAG_MOUNT_POINT, 0, "\\??\\C:\\\xc3\xbc\xe6\x97\xa5\xf0\x9f\x99\x82", NULL },
        { "relative", TAG_SYMLINK, 1, "target", NULL },
        { "relative with dot", TAG_SYMLINK, 1, ".\\target", NULL },
        { "absolute", TAG_SYMLINK, 0, "\\??\\C:\\target", NULL },
    };
    char buffer[4096], out[4096], guid[64] = { 0 };
    ULONG_PTR information;
    unsigned int i, size;
    HANDLE handle;

    for (i = 0; i < sizeof(points) / sizeof(points[0]); i++)
    {
        make_dir( points[i].what );
        size = make_point( buffer, points[i].tag, points[i].flags, points[i].sub, points[i].print );
        check_status( set_point( in_top( points[i].what ), buffer, size ), ST_OK );
        handle = open_link( in_top( points[i].what ), FILE_READ_ATTRIBUTES );
        check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), &information ), ST_OK );
        check( information == size && !memcmp( out, buffer, size ), "%s: %llu bytes", points[i].what, information );
        CloseHandle( handle );
        check_status( delete_point( in_top( points[i].what ), points[i].tag ), ST_OK );
        handle = open_link( in_top( points[i].what ), FILE_READ_ATTRIBUTES );
        check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), NULL ), ST_NOT_A_REPARSE_POINT );
        CloseHandle( handle );
        check_status( remove_at( in_top( points[i].what ), FILE_DIRECTORY_FILE ), ST_OK );
    }

    /* what is refused, in Windows' order */
    make_file( "file", "data" );
    make_file( "empty", "" );
    make_dir( "full" );
    make_file( "full\\inside", "data" );
    size = make_point( buffer, TAG_MOUNT_POINT, 0, "\\??\\C:\\target", NULL );
    check_status( set_point( in_top( "file" ), buffer, 7 ), ST_DATA_INVALID );
    check_status( set_point( in_top( "full" ), buffer, size - 1 ), ST_DATA_INVALID );
    check_status( set_point( in_top( "file" ), buffer, size ), ST_NOT_A_DIRECTORY );
    check_status( set_point( in_top( "full" ), buffer, size ), ST_DIRECTORY_NOT_EMPTY );
    size = make_point( buffer, TAG_SYMLINK, 1, "target", NULL );
    check_status( set_point( in_top( "file" ), buffer, size ), ST_DATA_INVALID );
    check_status( set_point( in_top( "full" ), buffer, size ), ST_DIRECTORY_NOT_EMPTY );
    size = make_point( buffer, TAG_SYMLINK, 1, "", NULL );
    check_status( set_point( in_top( "empty" ), buffer, size ), ST_DATA_INVALID );
    check_status( set_point( in_top( "empty" ), guid, 24 ), ST_TAG_INVALID );
    handle = open_link( in_top( "empty" ), FILE_READ_ATTRIBUTES );
    check_status( fsctl( handle, FSCTL_SET_REPARSE_POINT, buffer, size, NULL, 0, NULL ), ST_ACCESS_DENIED );
    CloseHandle( handle );
    check( leads_to( in_top( "file" ), "data" ), "the file" );
    check( leads_to( in_top( "full\\inside" ), "data" ), "the directory" );

    /* in place, and of another kind */
    size = make_point( buffer, TAG_MOUNT_POINT, 0, "\\??\\C:\\elsewhere", NULL );
    check_status( set_point( in_top( "j" ), buffer, size ), ST_OK );
    size = make_point( buffer, TAG_SYMLINK, 1, "target", NULL );
    check_status( set_point( in_top( "j" ), buffer, size ), ST_TAG_MISMATCH );

    /* tags that nobody knows are kept whole, on files with data too */
    *(ULONG *)guid = 0xbeef;
    ((USHORT *)guid)[2] = 4;
    memcpy( guid + 8, "0123456789abcdefDATA", 20 );
    check_status( set_point( in_top( "file" ), guid, 28 ), ST_OK );
    handle = open_link( in_top( "file" ), FILE_READ_ATTRIBUTES );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), &information ), ST_OK );
    check( information == 28 && !memcmp( out, guid, 28 ), "%llu", information );
    CloseHandle( handle );
    check_status( nt_open( &handle, in_top( "file" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_TAG_NOT_HANDLED );
    handle = open_link( in_top( "file" ), FILE_WRITE_ATTRIBUTES );
    ((USHORT *)guid)[2] = 0;
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, guid, 24, NULL, 0, NULL ), ST_OK );
    CloseHandle( handle );
    check( leads_to( in_top( "file" ), "data" ), "the file" );
}

static void test_delete(void)
{
    ULONG header[16] = { TAG_MOUNT_POINT };
    HANDLE handle = open_link( in_top( "j" ), FILE_WRITE_ATTRIBUTES );

    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, NULL, 0, NULL, 0, NULL ), ST_INVALID_BUFFER_SIZE );
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 1, NULL, 0, NULL ), ST_DATA_INVALID );
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 28, NULL, 0, NULL ), ST_DATA_INVALID );
    header[0] = 0;
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 24, NULL, 0, NULL ), ST_TAG_INVALID );
    header[0] = TAG_SYMLINK;
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 24, NULL, 0, NULL ), ST_TAG_MISMATCH );
    header[0] = TAG_MOUNT_POINT;
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 8, NULL, 0, NULL ), ST_OK );
    check_status( fsctl( handle, FSCTL_DELETE_REPARSE_POINT, header, 24, NULL, 0, NULL ), ST_NOT_A_REPARSE_POINT );
    CloseHandle( handle );
    check( !strcmp( unix_ask( "kind", "j" ), "directory" ), "no directory" );
}

void test_fsctl(void)
{
    test_get();
    test_set();
    test_delete();
}
