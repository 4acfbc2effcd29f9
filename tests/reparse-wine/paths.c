/*
 * Reparse points: paths by the rules of NT
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

void test_paths(void)
{
    char target[MAX_PATH], name[32], next[32];
    HANDLE handle;
    int i;

    make_dir( "p" );
    make_dir( "p\\Target" );
    make_file( "p\\Target\\File", "found" );

    /* another case, made later, at the end and on the way */
    lstrcpyA( target, in_top( "p\\tARGET" ) );
    make_junction( "p\\case", target );
    check( leads_to( in_top( "p\\case\\file" ), "found" ), "case" );
    make_symlink( "p\\caselink", "TARGET\\FILE", FALSE );
    check( leads_to( in_top( "p\\caselink" ), "found" ), "case" );
    lstrcpyA( target, in_top( "p\\Later" ) );
    make_junction( "p\\later1", target );
    make_symlink( "p\\later2", "LATER\\file", FALSE );
    check_status( nt_open( &handle, in_top( "p\\later1\\file" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_PATH_NOT_FOUND );
    make_dir( "p\\later" );
    make_file( "p\\later\\file", "late" );
    check( leads_to( in_top( "p\\later1\\file" ), "late" ), "later" );
    check( leads_to( in_top( "p\\LATER1\\FILE" ), "late" ), "later" );
    check( leads_to( in_top( "p\\later2" ), "late" ), "later" );

    /* creating through a link whose target is there in another case makes no second file */
    check_status( nt_open( &handle, in_top( "p\\later2" ), FILE_WRITE_DATA, FILE_OPEN_IF, 0 ), ST_OK );
    CloseHandle( handle );
    check( !strcmp( unix_ask( "list", "p/later" ), "file" ), "%s", unix_ask( "list", "p/later" ) );

    /* relative to the link, also if that is reached through another one */
    make_dir( "p\\deep" );
    make_dir( "p\\deep\\er" );
    make_symlink( "p\\deep\\er\\up", "..\\..\\target\\file", FALSE );
    make_symlink( "p\\er", "deep\\er", TRUE );
    check( leads_to( in_top( "p\\deep\\er\\up" ), "found" ), "relative" );
    check( leads_to( in_top( "p\\er\\up" ), "found" ), "relative" );

    /* ".." ends at the root of the drive */
    make_symlink( "p\\out", "..\\..\\..\\..\\..\\..\\..\\system.reg", FALSE );
    check_status( nt_open( &handle, in_top( "p\\out" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_DATA_INVALID );
    make_junction( "p\\out2", "C:\\..\\" );
    check_status( nt_open( &handle, in_top( "p\\out2\\system.reg" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_NAME_INVALID );

    /* chains that the kernel gives up on, and loops */
    make_file( "p\\end", "end" );
    lstrcpyA( next, "end" );
    for (i = 1; i <= 62; i++)
    {
        sprintf( name, "chain%d", i );
        snprintf( target, sizeof(target), "p\\%s", name );
        make_symlink( target, next, FALSE );
        lstrcpyA( next, name );
    }
    check( leads_to( in_top( "p\\chain30" ), "end" ), "30" );
    check( leads_to( in_top( "p\\chain41" ), "end" ), "41" );
    check( leads_to( in_top( "p\\chain62" ), "end" ), "62" );
    make_symlink( "p\\loop1", "loop2", FALSE );
    make_symlink( "p\\loop2", "loop1", FALSE );
    check_status( nt_open( &handle, in_top( "p\\loop1" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_NOT_RESOLVED );
    make_symlink( "p\\loop3", "loop4\\x", TRUE );
    make_symlink( "p\\loop4", "loop3\\y", TRUE );
    check_status( nt_open( &handle, in_top( "p\\loop3\\z" ), FILE_READ_DATA, FILE_OPEN, 0 ), ST_NOT_RESOLVED );

    /* below a handle */
    {
        OBJECT_ATTRIBUTES attr = { .Length = sizeof(attr), .Attributes = OBJ_CASE_INSENSITIVE };
        UNICODE_STRING str;
        IO_STATUS_BLOCK io;
        HANDLE root;

        check_status( nt_open( &root, in_top( "p" ), FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE ), ST_OK );
        RtlInitUnicodeString( &str, L"case\\file" );
        attr.RootDirectory = root;
        attr.ObjectName = &str;
        check_status( NtOpenFile( &handle, FILE_READ_DATA | SYNCHRONIZE, &attr, &io, 7, FILE_SYNCHRONOUS_IO_NONALERT ), ST_OK );
        CloseHandle( handle );
        CloseHandle( root );
    }
}

/* the form of upstream, for what a text cannot say */
void test_other_form(void)
{
    char buffer[4096], target[MAX_PATH], nt[MAX_PATH];
    WIN32_FIND_DATAA data;
    HANDLE find, handle;
    ULONG attr;

    make_dir( "x" );
    make_dir( "x\\target" );
    make_file( "x\\target\\file", "found" );
    make_dir( "x\\Titled" );
    lstrcpyA( target, in_top( "x\\target" ) );
    snprintf( nt, sizeof(nt), "\\??\\%s", target );
    check_status( set_point( in_top( "x\\Titled" ), buffer, make_point( buffer, TAG_MOUNT_POINT, 0, nt, "a title" ) ), ST_OK );
    check( !strcmp( unix_ask( "kind", "x/Titled?" ), "directory" ), "the other form" );
    check( leads_to( in_top( "x\\Titled\\file" ), "found" ), "through it" );
    check( leads_to( in_top( "x\\tITLED\\FILE" ), "found" ), "in another case" );
    check( (attr = GetFileAttributesA( in_top( "x\\titled" ) )) == 0x410, "%#lx", attr );
    find = FindFirstFileA( in_top( "x\\t?tled" ), &data );
    check( find != INVALID_HANDLE_VALUE && !strcmp( data.cFileName, "Titled" ) && data.dwFileAttributes == 0x410,
           "%s %#lx", data.cFileName, data.dwFileAttributes );
    FindClose( find );
    check_status( nt_open( &handle, in_top( "x\\titled" ), FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE ), ST_OK );
    CloseHandle( handle );
    check_status( delete_point( in_top( "x\\titled" ), TAG_MOUNT_POINT ), ST_OK );
    check( !strcmp( unix_ask( "kind", "x/Titled" ), "directory" ), "plain again" );
}

void test_unix_links(void)
{
    char buffer[256], out[256];
    ULONG_PTR information;
    HANDLE handle;
    ULONG attr, size;

    make_dir( "u" );
    make_file( "u\\file", "found" );
    make_dir( "u\\dir" );
    unix_ask( "symlink", "u/l file" );
    unix_ask( "symlink", "u/d dir" );
    unix_ask( "symlink", "u/gone nothing" );
    check( leads_to( in_top( "u\\l" ), "found" ), "followed" );
    check( (attr = GetFileAttributesA( in_top( "u\\l" ) )) == 0x420, "%#lx", attr );
    check( (attr = GetFileAttributesA( in_top( "u\\d" ) )) == 0x410, "%#lx", attr );
    check( (attr = GetFileAttributesA( in_top( "u\\gone" ) )) == 0x420, "%#lx", attr );
    handle = open_link( in_top( "u\\l" ), FILE_READ_ATTRIBUTES );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), &information ), ST_OK );
    size = make_lx( buffer, "file" );
    check( information == size && !memcmp( out, buffer, size ), "%llu", information );
    CloseHandle( handle );
    /* making one */
    make_file( "u\\made", "" );
    check_status( set_point( in_top( "u\\made" ), buffer, size ), ST_OK );
    check( !strcmp( unix_ask( "readlink", "u/made" ), "file" ), "made" );
    check( leads_to( in_top( "u\\made" ), "found" ), "made" );
    /* removing them */
    check_status( remove_at( in_top( "u\\l" ), OPEN_LINK | FILE_NON_DIRECTORY_FILE ), ST_OK );
    check_status( remove_at( in_top( "u\\d" ), OPEN_LINK | FILE_DIRECTORY_FILE ), ST_OK );
    check_status( remove_at( in_top( "u\\gone" ), OPEN_LINK | FILE_NON_DIRECTORY_FILE ), ST_OK );
    check( !strcmp( unix_ask( "list", "u" ), "dir file made" ), "left: %s", unix_ask( "list", "u" ) );
}

void test_known_folders(void)
{
    char profile[MAX_PATH], path[2 * MAX_PATH];
    HANDLE handle;
    ULONG attr;

    if (!GetEnvironmentVariableA( "USERPROFILE", profile, sizeof(profile) )) return;
    unix_ask( "known-folder", "" );
    snprintf( path, sizeof(path), "%s\\Music", profile );
    check( (attr = GetFileAttributesA( path )) == 0x10, "%#lx", attr );
    check_status( nt_open( &handle, path, FILE_READ_ATTRIBUTES, FILE_OPEN, OPEN_LINK | FILE_DIRECTORY_FILE ), ST_OK );
    check_status( fsctl( handle, FSCTL_GET_REPARSE_POINT, NULL, 0, path, sizeof(path), NULL ), ST_NOT_A_REPARSE_POINT );
    CloseHandle( handle );
    snprintf( path, sizeof(path), "%s\\Music\\made", profile );
    check( CreateDirectoryA( path, NULL ), "%lu", GetLastError() );
    check( !strcmp( unix_ask( "known-folder-list", "" ), "made" ), "in the home directory" );
    check( RemoveDirectoryA( path ), "%lu", GetLastError() );
    /* a link of the same name elsewhere is one */
    unix_ask( "symlink", "u/Music /usr/share" );
    check( (attr = GetFileAttributesA( in_top( "u\\Music" ) )) == 0x410, "%#lx", attr );
}

/* handles that are open when a reparse point is set and deleted */
void test_handles(void)
{
    struct { ULONG attributes, tag; } info;
    FILE_DISPOSITION_INFO disposition = { TRUE };
    char buffer[256], out[256];
    ULONG header[6] = { TAG_MOUNT_POINT };
    ULONG_PTR information;
    IO_STATUS_BLOCK io;
    HANDLE first, second;
    ULONG size;

    make_dir( "h" );
    make_dir( "h\\n" );
    first = open_link( in_top( "h\\n" ), FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES );
    second = open_link( in_top( "h\\n" ), FILE_READ_ATTRIBUTES | DELETE );
    check_status( NtQueryInformationFile( second, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)35 ), ST_OK );
    check( info.attributes == 0x10 && !info.tag, "%#lx %#lx", info.attributes, info.tag );
    size = make_point( buffer, TAG_MOUNT_POINT, 0, "\\??\\C:\\target", NULL );
    check_status( fsctl( first, FSCTL_SET_REPARSE_POINT, buffer, size, NULL, 0, NULL ), ST_OK );
    check_status( NtQueryInformationFile( first, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)35 ), ST_OK );
    check( info.attributes == 0x410 && info.tag == TAG_MOUNT_POINT, "%#lx %#lx", info.attributes, info.tag );
    check_status( NtQueryInformationFile( second, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)35 ), ST_OK );
    check( info.attributes == 0x410 && info.tag == TAG_MOUNT_POINT, "%#lx %#lx", info.attributes, info.tag );
    check_status( fsctl( second, FSCTL_GET_REPARSE_POINT, NULL, 0, out, sizeof(out), &information ), ST_OK );
    check( information == size && !memcmp( out, buffer, size ), "%llu", information );
    check_status( fsctl( first, FSCTL_DELETE_REPARSE_POINT, header, sizeof(header), NULL, 0, NULL ), ST_OK );
    check_status( NtQueryInformationFile( second, &io, &info, sizeof(info), (FILE_INFORMATION_CLASS)35 ), ST_OK );
    check( info.attributes == 0x10 && !info.tag, "%#lx %#lx", info.attributes, info.tag );
    check_status( fsctl( first, FSCTL_SET_REPARSE_POINT, buffer, size, NULL, 0, NULL ), ST_OK );
    /* and what was to be deleted goes */
    check_status( NtSetInformationFile( second, &io, &disposition, sizeof(disposition), (FILE_INFORMATION_CLASS)13 ), ST_OK );
    CloseHandle( second );
    check( !strcmp( unix_ask( "kind", "h/n" ), "link" ), "deleted too early" );
    CloseHandle( first );
    check( !strcmp( unix_ask( "kind", "h/n" ), "missing" ), "not deleted" );
}
