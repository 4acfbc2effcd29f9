/*
 * A Windows program that reads a file, and waits if told to
 *
 * usage: traps.exe FILE [MILLISECONDS]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main( int argc, char **argv )
{
    char buffer[100];
    DWORD size = 0;
    HANDLE file;
    int i;

    if (argc < 2) return 2;
    for (i = 0; i < 3; i++)
    {
        file = CreateFileA( argv[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL );
        if (file == INVALID_HANDLE_VALUE || !ReadFile( file, buffer, sizeof(buffer), &size, NULL ))
        {
            printf( "error %lu\n", GetLastError() );
            return 1;
        }
        /* not into memory that is none, and none the worse for it (T3) */
        SetFilePointer( file, 0, NULL, FILE_BEGIN );
        if (ReadFile( file, (void *)1, 4, &size, NULL ) || GetLastError() != ERROR_NOACCESS)
        {
            printf( "bad buffer: error %lu\n", GetLastError() );
            return 1;
        }
        if (!ReadFile( file, buffer, sizeof(buffer), &size, NULL ) || !CloseHandle( file )) return 1;
    }
    printf( "%.*s\n", (int)size, buffer );
    fflush( stdout );
    if (argc > 2) Sleep( atoi( argv[2] ));
    return 0;
}
