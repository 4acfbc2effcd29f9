/* What the tests have other processes do. */

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "smoke.h"

static HANDLE to_handle( const char *text )
{
    return (HANDLE)(ULONG_PTR)strtoull( text, NULL, 16 );
}

/* Read 100 bytes; they must be the pattern from offset on. */
static int read_pattern( HANDLE file, DWORD offset )
{
    char data[100];
    DWORD read;

    if (!ReadFile( file, data, sizeof(data), &read, NULL )) return 100 + GetLastError();
    return read == sizeof(data) && is_pattern( data, offset, read ) ? 0 : 1;
}

int child_main( int argc, char **argv )
{
    const char *verb = argv[0];

    /* open PATH ACCESS SHARE: exit with the error */
    if (!strcmp( verb, "open" ) && argc == 4)
    {
        HANDLE file = CreateFileA( argv[1], strtoul( argv[2], NULL, 16 ), strtoul( argv[3], NULL, 16 ),
                                   NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL );
        return file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    }
    /* hold PATH ACCESS SHARE READY DONE: keep it open between two events */
    if (!strcmp( verb, "hold" ) && argc == 6)
    {
        HANDLE file = CreateFileA( argv[1], strtoul( argv[2], NULL, 16 ), strtoul( argv[3], NULL, 16 ),
                                   NULL, OPEN_EXISTING, 0, NULL );
        DWORD error = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        HANDLE ready = OpenEventA( EVENT_MODIFY_STATE, FALSE, argv[4] );
        HANDLE done = OpenEventA( SYNCHRONIZE, FALSE, argv[5] );

        SetEvent( ready );
        WaitForSingleObject( done, 30000 );
        return error;  /* with the file open */
    }
    /* section PATH: change a file that the parent has mapped */
    if (!strcmp( verb, "section" ) && argc == 2) return section_child( argv[1] );
    /* section-name PID ADDRESS LEAF: look at a view of the parent */
    if (!strcmp( verb, "section-name" ) && argc == 4)
        return section_name_child( strtoul( argv[1], NULL, 10 ), strtoull( argv[2], NULL, 10 ), argv[3] );
    /* section-use VALUE: map an inherited section */
    if (!strcmp( verb, "section-use" ) && argc == 2) return section_use_child( strtoull( argv[1], NULL, 10 ));
    /* watch PID NAME: say which handles of a process are listed */
    if (!strcmp( verb, "watch" ) && argc == 3) return watch_child( strtoul( argv[1], NULL, 10 ), argv[2] );
    /* volume PATH MAP: poll volume information */
    if (!strcmp( verb, "volume" ) && argc == 3) return volume_child( argv[1], argv[2] );
    /* move FROM TO */
    if (!strcmp( verb, "move" ) && argc == 3) return MoveFileA( argv[1], argv[2] ) ? 0 : GetLastError();
    /* sleep: until it is ended */
    if (!strcmp( verb, "sleep" ))
    {
        Sleep( 60000 );
        return 1;
    }
    /* handle VALUE OFFSET: read from an inherited handle */
    if (!strcmp( verb, "handle" ) && argc == 3)
    {
        HANDLE file = to_handle( argv[1] );
        HANDLE other;
        int ret = read_pattern( file, strtoul( argv[2], NULL, 0 ) );

        if (ret) return ret;
        /* a file of our own must not get the inherited value */
        other = open_read( argv[0][0] ? _pgmptr : "", FILE_SHARE_READ | FILE_SHARE_DELETE );
        if (other == file) return 2;
        CloseHandle( other );
        if (!CloseHandle( file )) return 3;
        return CloseHandle( file ) ? 4 : 0;
    }
    /* generation LEFT PASSED PATH KEPT RENEWED */
    if (!strcmp( verb, "generation" ) && argc == 6)
        return generation_child( atoi( argv[1] ), atoi( argv[2] ), argv[3], to_handle( argv[4] ), to_handle( argv[5] ));
    /* crt FD OFFSET: read from an inherited C run-time descriptor */
    if (!strcmp( verb, "crt" ) && argc == 3)
    {
        HANDLE file = (HANDLE)_get_osfhandle( atoi( argv[1] ) );

        return file == INVALID_HANDLE_VALUE ? 5 : read_pattern( file, strtoul( argv[2], NULL, 0 ) );
    }
    /* stdin OFFSET */
    if (!strcmp( verb, "stdin" ) && argc == 2)
        return read_pattern( GetStdHandle( STD_INPUT_HANDLE ), strtoul( argv[1], NULL, 0 ) );
    /* give PATH TOKEN READY DONE: open an inheritable file, put the handle where the parent
     * looks, wait for it to use it, and tell where it has left off */
    if (!strcmp( verb, "give" ) && argc == 5) return give_child( argv[1], argv[2], argv[3], argv[4] );
    /* directory PID VALUE: list a directory of that process, or an inherited one */
    if (!strcmp( verb, "directory" ) && argc == 3)
        return directory_child( strtoul( argv[1], NULL, 10 ), strtoull( argv[2], NULL, 10 ));
    /* switched-links DIR MILLISECONDS: open through a link that is being switched */
    if (!strcmp( verb, "switched-links" ) && argc == 3) return link_child( argv[1], atoi( argv[2] ));
    /* crowd COUNT: that many processes at once; crowd-member PATH NAME: one of them */
    if (!strcmp( verb, "crowd" ) && argc == 2) return crowd( atoi( argv[1] ));
    if (!strcmp( verb, "crowd-member" ) && argc == 3) return crowd_member( argv[1], argv[2] );
    /* descriptors: use up those of wineserver */
    if (!strcmp( verb, "descriptors" )) return descriptors_child();
    /* follow-up COUNT */
    if (!strcmp( verb, "follow-up" ) && argc == 2) return follow_up( atoi( argv[1] ));
    return 99;
}
