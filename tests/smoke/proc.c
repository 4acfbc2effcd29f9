/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of which each process of Unix has its own: wineserver opens them, and so they
 * are wineserver's. */

#include <string.h>

#include "smoke.h"

void test_proc(void)
{
    static const char *names[] = { "Z:\\proc\\self\\comm", "Z:\\proc\\self\\status", "Z:\\proc\\thread-self\\comm" };
    char data[200];
    unsigned int i, j;
    HANDLE file;
    DWORD read;

    for (i = 0; i < ARRAYSIZE(names); i++)
    {
        for (j = 0; j < 2; j++)  /* once more by a name that was opened before */
        {
            file = open_read( names[i], 7 );
            if (!check( file != INVALID_HANDLE_VALUE )) continue;
            check_not_local( file );
            memset( data, 0, sizeof(data) );
            check( ReadFile( file, data, sizeof(data) - 1, &read, NULL ));
            check( strstr( data, "wineserver" ) != NULL );
            CloseHandle( file );
        }
    }
}
