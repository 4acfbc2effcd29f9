/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * More processes at once than any table has places for: each opens its files as one
 * that is alone does. */

#include <stdlib.h>

#include "smoke.h"

int crowd_member( const char *path, const char *name )
{
    char semaphore_name[80], data[100];
    HANDLE file = open_read( path, FILE_SHARE_READ ), semaphore, done;
    DWORD read;
    int ret = 0;

    snprintf( semaphore_name, sizeof(semaphore_name), "%s-here", name );
    semaphore = OpenSemaphoreA( SEMAPHORE_MODIFY_STATE, FALSE, semaphore_name );
    done = OpenEventA( SYNCHRONIZE, FALSE, name );
    if (file == INVALID_HANDLE_VALUE) ret = 1;
    else if (is_local( file ) != smoke_bypass()) ret = 2;
    else if (!ReadFile( file, data, sizeof(data), &read, NULL ) || !is_pattern( data, 0, read ) || read != 100) ret = 3;
    if (!ReleaseSemaphore( semaphore, 1, NULL )) return 4;
    if (WaitForSingleObject( done, 300000 )) return 5;
    return ret;
}

int crowd( unsigned int count )
{
    char name[64], semaphore_name[80], path[MAX_PATH];
    HANDLE *members = calloc( count, sizeof(*members) ), semaphore, done;
    DWORD code, codes[8] = { 0 };
    unsigned int i;

    snprintf( path, sizeof(path), "%s", temp_path( "crowd" ));
    make_file( path, 1000 );
    snprintf( name, sizeof(name), "nspa-crowd-%lu", GetCurrentProcessId() );
    snprintf( semaphore_name, sizeof(semaphore_name), "%s-here", name );
    semaphore = CreateSemaphoreA( NULL, 0, count, semaphore_name );
    done = CreateEventA( NULL, TRUE, FALSE, name );
    for (i = 0; i < count; i++) members[i] = start_child( FALSE, "crowd-member %s %s", path, name );
    for (i = 0; i < count; i++) if (!check( !WaitForSingleObject( semaphore, 60000 ))) break;
    SetEvent( done );
    for (i = 0; i < count; i++)
    {
        WaitForSingleObject( members[i], 60000 );
        if (!GetExitCodeProcess( members[i], &code ) || code > 7) code = 7;
        codes[code]++;
        CloseHandle( members[i] );
    }
    if (!check( codes[0] == count ))
        for (i = 1; i < ARRAYSIZE(codes); i++) if (codes[i]) printf( "%lu of %u: exit code %u\n", codes[i], count, i );
    CloseHandle( semaphore );
    CloseHandle( done );
    free( members );
    check( DeleteFileA( path ));
    return smoke_failed;
}
