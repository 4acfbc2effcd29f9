/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A wineserver that has no descriptor left cannot take a file over. What the program
 * did not lose by that it has afterwards, and the errors say what is wrong. In a
 * process of its own, for which run.sh has started a server with few descriptors. */

#include "smoke.h"

/* STATUS_TOO_MANY_OPENED_FILES */
#define check_full(x) (SetLastError( 0 ), check( x ), check( GetLastError() == ERROR_TOO_MANY_OPEN_FILES ))

static BOOL reads( HANDLE file, DWORD offset )
{
    char data[10];
    DWORD read;

    return ReadFile( file, data, sizeof(data), &read, NULL ) && read == sizeof(data) && is_pattern( data, offset, read );
}

int descriptors_child(void)
{
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };
    HANDLE file, other, inheritable, dup, handles[2], held[4000];
    char path[MAX_PATH], held_path[MAX_PATH];
    unsigned int i, count;
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    char exe[MAX_PATH];

    snprintf( path, sizeof(path), "%s", temp_path( "descriptors" ));
    snprintf( held_path, sizeof(held_path), "%s", temp_path( "descriptors-held" ));
    make_file( path, 1000 );
    make_file( held_path, 10 );
    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    file = open_read( path, FILE_SHARE_READ );
    other = open_read( path, FILE_SHARE_READ );
    inheritable = CreateFileA( path, GENERIC_READ, FILE_SHARE_READ, &sa, OPEN_EXISTING, 0, NULL );
    check_local( file );
    check_local( other );
    check_local( inheritable );
    handles[0] = CreateEventA( NULL, TRUE, FALSE, NULL );
    handles[1] = other;

    for (count = 0; count < ARRAYSIZE(held); count++)
    {
        held[count] = CreateFileA( held_path, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
        if (held[count] == INVALID_HANDLE_VALUE) break;
    }
    check( GetLastError() == ERROR_TOO_MANY_OPEN_FILES );
    check( count > 10 && count < ARRAYSIZE(held) );

    if (smoke_bypass())
    {
        check_full( !SetHandleInformation( file, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ));
        check_full( !DuplicateHandle( GetCurrentProcess(), file, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
        check_full( WaitForSingleObject( file, 0 ) == WAIT_FAILED );
        check_full( WaitForMultipleObjects( 2, handles, FALSE, 0 ) == WAIT_FAILED );
        check_full( !LockFile( file, 0, 0, 10, 0 ));
        check_full( !CreateProcessA( exe, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info ));
        /* another handle is not to blame */
        check( !SetHandleInformation( (HANDLE)0x4444440, HANDLE_FLAG_INHERIT, 0 ));
        check( GetLastError() == ERROR_INVALID_HANDLE );
        check( !SetHandleInformation( (HANDLE)((ULONG_PTR)file + 0x400), HANDLE_FLAG_INHERIT, 0 ));
        check( GetLastError() == ERROR_INVALID_HANDLE );
        check_local( file );
    }
    check( reads( file, 0 ));
    check( reads( other, 0 ));
    for (i = 0; i < count; i++) check( CloseHandle( held[i] ));

    /* there is room again */
    check( SetHandleInformation( file, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT ));
    check( WaitForMultipleObjects( 2, handles, FALSE, 0 ) == WAIT_OBJECT_0 + 1 );
    check( DuplicateHandle( GetCurrentProcess(), file, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check( reads( dup, 10 ));
    check( run_child( TRUE, "handle %Ix 0", (ULONG_PTR)inheritable ) == 0 );
    check( CloseHandle( dup ));
    check( CloseHandle( file ));
    check( CloseHandle( other ));
    check( CloseHandle( inheritable ));
    CloseHandle( handles[0] );
    check( DeleteFileA( path ));
    check( DeleteFileA( held_path ));
    return smoke_failed;
}
