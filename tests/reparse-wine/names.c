/*
 * Reparse points: opening, asking, listing, removing
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

void test_open(void)
{
    char target[MAX_PATH], buffer[16];
    IO_STATUS_BLOCK io;
    HANDLE handle;
    NTSTATUS status;

    make_dir( "o" );
    make_dir( "o\\target" );
    make_file( "o\\target\\file", "found" );
    lstrcpyA( target, in_top( "o\\target" ) );
    make_junction( "o\\junction", target );
    make_symlink( "o\\dirlink", "target", TRUE );
    make_symlink( "o\\filelink", "target\\file", FALSE );
    make_symlink( "o\\dangling", "nothing", FALSE );
    check( leads_to( in_top( "o\\junction\\file" ), "found" ), "junction" );
    check( leads_to( in_top( "o\\dirlink\\file" ), "found" ), "dirlink" );
    check( leads_to( in_top( "o\\filelink" ), "found" ), "filelink" );
    check( !strcmp( unix_ask( "cat", "o/junction/file" ), "found" ), "by Unix" );
    check( !strcmp( unix_ask( "cat", "o/filelink" ), "found" ), "by Unix" );

    check_status( nt_open( &handle, in_top( "o\\dangling" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_NAME_NOT_FOUND );
    check_status( nt_open( &handle, in_top( "o\\dangling" ), FILE_WRITE_DATA, FILE_CREATE, 0 ), ST_NAME_COLLISION );
    /* a link itself, by kind */
    check_status( nt_open( &handle, in_top( "o\\junction" ), FILE_READ_ATTRIBUTES, FILE_OPEN, OPEN_LINK | FILE_NON_DIRECTORY_FILE ),
                  ST_FILE_IS_A_DIRECTORY );
    check_status( nt_open( &handle, in_top( "o\\filelink" ), FILE_READ_ATTRIBUTES, FILE_OPEN, OPEN_LINK | FILE_DIRECTORY_FILE ),
                  ST_NOT_A_DIRECTORY );
    check_status( nt_open( &handle, in_top( "o\\dangling" ), FILE_READ_ATTRIBUTES, FILE_OPEN, OPEN_LINK | FILE_DIRECTORY_FILE ),
                  ST_NOT_A_DIRECTORY );
    /* reading it gives nothing */
    check_status( nt_open( &handle, in_top( "o\\filelink" ), FILE_READ_DATA, FILE_OPEN, OPEN_LINK ), ST_OK );
    status = NtReadFile( handle, NULL, NULL, NULL, &io, buffer, sizeof(buffer), NULL, NULL );
    check( status == (NTSTATUS)ST_END_OF_FILE && !io.Information, "%08lx", (unsigned long)status );
    CloseHandle( handle );
    /* creating through it creates the target */
    check_status( nt_open( &handle, in_top( "o\\dangling" ), FILE_WRITE_DATA, FILE_OPEN_IF, 0 ), ST_OK );
    NtWriteFile( handle, NULL, NULL, NULL, &io, "new", 3, NULL, NULL );
    CloseHandle( handle );
    check( leads_to( in_top( "o\\nothing" ), "new" ), "created" );
    check( !strcmp( unix_ask( "kind", "o/dangling" ), "link" ), "still a link" );
}

static ULONG attributes_of( const char *path, ULONG options, ULONG *tag )
{
    struct { ULONG attributes, tag; } info = { 0, 0 };
    IO_STATUS_BLOCK io;
    HANDLE handle;

    if (nt_open( &handle, path, FILE_READ_ATTRIBUTES, FILE_OPEN, options )) return ~0u;
    NtQueryInformationFile( handle, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)35 /* FileAttributeTagInformation */ );
    CloseHandle( handle );
    if (tag) *tag = info.tag;
    return info.attributes;
}

void test_queries(void)
{
    struct { LARGE_INTEGER times[4]; ULONG attributes; } basic;
    FILE_STANDARD_INFO standard;
    IO_STATUS_BLOCK io;
    HANDLE handle;
    ULONG attr, tag;

    check( (attr = GetFileAttributesA( in_top( "o\\junction" ) )) == 0x410, "%#lx", attr );
    check( (attr = GetFileAttributesA( in_top( "o\\dirlink" ) )) == 0x410, "%#lx", attr );
    check( (attr = GetFileAttributesA( in_top( "o\\filelink" ) )) == 0x420, "%#lx", attr );
    check( (attr = GetFileAttributesA( in_top( "o\\target" ) )) == 0x10, "%#lx", attr );
    make_symlink( "o\\dangling2", "nothing2", TRUE );
    check( (attr = GetFileAttributesA( in_top( "o\\dangling2" ) )) == 0x410, "%#lx", attr );

    check( (attr = attributes_of( in_top( "o\\junction" ), OPEN_LINK, &tag )) == 0x410 && tag == TAG_MOUNT_POINT, "%#lx %#lx", attr, tag );
    check( (attr = attributes_of( in_top( "o\\dirlink" ), OPEN_LINK, &tag )) == 0x410 && tag == TAG_SYMLINK, "%#lx %#lx", attr, tag );
    check( (attr = attributes_of( in_top( "o\\filelink" ), OPEN_LINK, &tag )) == 0x420 && tag == TAG_SYMLINK, "%#lx %#lx", attr, tag );
    check( (attr = attributes_of( in_top( "o\\junction" ), 0, &tag )) == 0x10 && !tag, "%#lx %#lx", attr, tag );
    check( (attr = attributes_of( in_top( "o\\target" ), OPEN_LINK, &tag )) == 0x10 && !tag, "%#lx %#lx", attr, tag );

    handle = open_link( in_top( "o\\filelink" ), FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES );
    check_status( NtQueryInformationFile( handle, &io, &standard, sizeof(standard), (FILE_INFORMATION_CLASS)5 ), ST_OK );
    check( !standard.EndOfFile.QuadPart && !standard.AllocationSize.QuadPart && !standard.Directory &&
           standard.NumberOfLinks == 1, "standard" );
    /* times go to the link */
    memset( &basic, 0, sizeof(basic) );
    basic.times[2].QuadPart = 125911584000000000;  /* 2000 */
    check_status( NtSetInformationFile( handle, &io, &basic, sizeof(basic), (FILE_INFORMATION_CLASS)4 ), ST_OK );
    check_status( NtQueryInformationFile( handle, &io, &basic, sizeof(basic), (FILE_INFORMATION_CLASS)4 ), ST_OK );
    check( basic.times[2].QuadPart == 125911584000000000 && basic.attributes == 0x420, "%lld %#lx", basic.times[2].QuadPart, basic.attributes );
    CloseHandle( handle );
    check( !strcmp( unix_ask( "year", "o/filelink" ), "2000" ), "time of the link" );
    check( strcmp( unix_ask( "year", "o/target/file" ), "2000" ), "time of the target" );
}

void test_listing(void)
{
    static const struct { const char *name; ULONG attributes, tag; } want[] =
    {
        { "dangling", 0x420, TAG_SYMLINK }, { "dangling2", 0x410, TAG_SYMLINK }, { "dirlink", 0x410, TAG_SYMLINK },
        { "filelink", 0x420, TAG_SYMLINK }, { "junction", 0x410, TAG_MOUNT_POINT }, { "nothing", 0x20, 0 },
        { "target", 0x10, 0 },
    };
    WIN32_FIND_DATAA data;
    unsigned int i, seen = 0;
    UCHAR buffer[1024];
    IO_STATUS_BLOCK io;
    HANDLE find, handle;
    char name[MAX_PATH];
    ULONG *next;

    unix_ask( "leftover", "o" );
    lstrcpyA( name, in_top( "o\\*" ) );
    find = FindFirstFileA( name, &data );
    check( find != INVALID_HANDLE_VALUE, "%lu", GetLastError() );
    do
    {
        if (data.cFileName[0] == '.' && (!data.cFileName[1] || data.cFileName[1] == '.')) continue;
        for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) if (!strcmp( want[i].name, data.cFileName )) break;
        check( i < sizeof(want) / sizeof(want[0]), "listed: %s", data.cFileName );
        if (i == sizeof(want) / sizeof(want[0])) continue;
        seen |= 1 << i;
        check( data.dwFileAttributes == want[i].attributes, "%s: %#lx", want[i].name, data.dwFileAttributes );
        check( !want[i].tag || !data.nFileSizeLow, "%s: %lu", want[i].name, data.nFileSizeLow );
    } while (FindNextFileA( find, &data ));
    FindClose( find );
    check( seen == (1 << sizeof(want) / sizeof(want[0])) - 1, "%#x", seen );

    /* the tag in place of EaSize */
    check_status( nt_open( &handle, in_top( "o" ), FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE ), ST_OK );
    while (!NtQueryDirectoryFile( handle, NULL, NULL, NULL, &io, buffer, sizeof(buffer),
                                  (FILE_INFORMATION_CLASS)2 /* FileFullDirectoryInformation */, TRUE, NULL, FALSE ))
    {
        next = (ULONG *)buffer;
        WideCharToMultiByte( CP_ACP, 0, (WCHAR *)(buffer + 68), next[15] / 2, name, sizeof(name), NULL, NULL );
        name[next[15] / 2] = 0;
        for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
            if (!strcmp( want[i].name, name )) check( next[16] == want[i].tag, "%s: %#lx", name, next[16] );
    }
    CloseHandle( handle );

    /* a link itself lists as empty */
    handle = open_link( in_top( "o\\junction" ), FILE_LIST_DIRECTORY );
    for (seen = 0; !NtQueryDirectoryFile( handle, NULL, NULL, NULL, &io, buffer, sizeof(buffer), (FILE_INFORMATION_CLASS)2,
                                          TRUE, NULL, FALSE ); seen++)
        check( *(WCHAR *)(buffer + 68) == '.', "an entry" );
    check( seen == 2, "%u entries", seen );
    CloseHandle( handle );
}

static NTSTATUS rename_link( const char *from, const char *to, BOOL replace, int class )
{
    struct { ULONG replace; HANDLE root; ULONG len; WCHAR name[MAX_PATH]; } info;
    HANDLE handle = open_link( from, DELETE );
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    info.replace = replace;
    info.root = NULL;
    lstrcpyW( info.name, L"\\??\\" );
    MultiByteToWideChar( CP_ACP, 0, to, -1, info.name + 4, MAX_PATH - 4 );
    info.len = lstrlenW( info.name ) * sizeof(WCHAR);
    status = NtSetInformationFile( handle, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)class );
    CloseHandle( handle );
    return status;
}

void test_remove(void)
{
    char target[MAX_PATH];

    lstrcpyA( target, in_top( "o\\target" ) );
    make_dir( "r" );
    make_file( "r\\victim", "victim" );
    make_junction( "r\\j", target );
    make_symlink( "r\\f", "victim", FALSE );
    make_symlink( "r\\f2", "nothing", FALSE );
    make_symlink( "r\\d", "..\\o\\target", TRUE );

    /* renaming and linking */
    check_status( rename_link( in_top( "r\\j" ), in_top( "r\\j2" ), FALSE, 10 ), ST_OK );
    check( leads_to( in_top( "r\\j2\\file" ), "found" ), "renamed" );
    check_status( rename_link( in_top( "r\\f" ), in_top( "r\\j2" ), TRUE, 10 ), ST_ACCESS_DENIED );
    check_status( rename_link( in_top( "r\\f" ), in_top( "r\\f2" ), FALSE, 10 ), ST_NAME_COLLISION );
    check_status( rename_link( in_top( "r\\f" ), in_top( "r\\f2" ), TRUE, 10 ), ST_OK );
    check( leads_to( in_top( "r\\f2" ), "victim" ), "replaced" );
    check( !strcmp( unix_ask( "kind", "r/nothing" ), "missing" ), "the target was made" );
    check_status( rename_link( in_top( "r\\f2" ), in_top( "r\\f3" ), FALSE, 11 /* FileLinkInformation */ ), ST_OK );
    check( !strcmp( unix_ask( "kind", "r/f3" ), "link" ), "hard link" );

    /* removing, by kind, and never the target */
    check_status( remove_at( in_top( "r\\j2" ), OPEN_LINK | FILE_NON_DIRECTORY_FILE ), ST_FILE_IS_A_DIRECTORY );
    check_status( remove_at( in_top( "r\\f2" ), OPEN_LINK | FILE_DIRECTORY_FILE ), ST_NOT_A_DIRECTORY );
    check_status( remove_at( in_top( "r\\j2" ), OPEN_LINK | FILE_DIRECTORY_FILE ), ST_OK );
    check_status( remove_at( in_top( "r\\d" ), OPEN_LINK | FILE_DIRECTORY_FILE ), ST_OK );
    check_status( remove_at( in_top( "r\\f2" ), OPEN_LINK | FILE_NON_DIRECTORY_FILE ), ST_OK );
    check_status( remove_at( in_top( "r\\f3" ), OPEN_LINK | FILE_NON_DIRECTORY_FILE ), ST_OK );
    check( !strcmp( unix_ask( "list", "r" ), "victim" ), "left: %s", unix_ask( "list", "r" ) );
    check( leads_to( in_top( "r\\victim" ), "victim" ), "the target" );
    check( leads_to( in_top( "o\\target\\file" ), "found" ), "the target" );
    /* through a link it is the target */
    make_symlink( "r\\f", "victim", FALSE );
    check_status( remove_at( in_top( "r\\f" ), 0 ), ST_OK );
    check( !strcmp( unix_ask( "list", "r" ), "f" ), "left: %s", unix_ask( "list", "r" ) );
}
