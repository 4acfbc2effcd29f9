#include <stdlib.h>

#include "smoke.h"

#define COUNT 5000  /* more than there are local handles */

static int compare( const void *a, const void *b )
{
    ULONG_PTR x = *(const ULONG_PTR *)a, y = *(const ULONG_PTR *)b;
    return x < y ? -1 : x > y;
}

void test_handles(void)
{
    const char *path = temp_path( "handles" );
    static HANDLE files[COUNT];
    int i, local = 0, wrong = 0, same = 0;
    char data[16];
    HANDLE file;
    DWORD read;

    make_file( path, 100 );
    for (i = 0; i < COUNT; i++)
    {
        files[i] = open_read( path, FILE_SHARE_READ );
        if (files[i] == INVALID_HANDLE_VALUE) break;
        if (is_local( files[i] )) local++;
    }
    check( i == COUNT );
    if (smoke_bypass()) check( local > 3900 && local < 4096 );
    else check( !local );
    for (i = 0; i < COUNT; i++)
    {
        if (!ReadFile( files[i], data, sizeof(data), &read, NULL ) || read != sizeof(data) ||
            !is_pattern( data, 0, read )) wrong++;
        if ((ULONG_PTR)files[i] == 0x7ffffffc) wrong++;
    }
    check( !wrong );
    qsort( files, COUNT, sizeof(files[0]), compare );
    for (i = 1; i < COUNT; i++) if (files[i] == files[i - 1]) same++;
    check( !same );
    for (i = 0; i < COUNT; i++) if (!CloseHandle( files[i] )) wrong++;
    check( !wrong );
    file = CreateFileA( path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL );
    check( file != INVALID_HANDLE_VALUE );
    CloseHandle( file );

    /* the low two bits of a handle are the program's */
    file = open_read( path, FILE_SHARE_READ );
    check_local( file );
    check( ReadFile( (HANDLE)((ULONG_PTR)file | 1), data, sizeof(data), &read, NULL ) && is_pattern( data, 0, read ));
    check( CloseHandle( (HANDLE)((ULONG_PTR)file | 2) ));
    check( !CloseHandle( file ));
    check( DeleteFileA( path ));
}
