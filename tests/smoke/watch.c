/* A process that says which handles of this one wineserver has. */

#include <stdlib.h>
#include <winternl.h>

#include "smoke.h"

struct question
{
    ULONG64 handle;
    BOOL    found;
};

static struct question *question;
static HANDLE asked, answered, watcher;

BOOL is_listed( DWORD pid, HANDLE handle )
{
    struct
    {
        ULONG count;
        struct { ULONG pid; BYTE type, flags; USHORT handle; void *object; ULONG access; } handle[1];
    } *info;
    ULONG i, size = 1 << 20, found = 0;

    info = malloc( size );
    if (NtQuerySystemInformation( 16 /* handles, in 16 bits */, info, size, NULL )) info->count = 0;
    for (i = 0; i < info->count; i++)
        if (info->handle[i].pid == pid && info->handle[i].handle == (USHORT)(ULONG_PTR)handle) found++;
    free( info );
    return found == 1;
}

/* Both sides open the same three objects. */
static BOOL connect_watcher( const char *name )
{
    char object[100];
    HANDLE map;

    snprintf( object, sizeof(object), "%s-map", name );
    map = CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*question), object );
    question = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*question) );
    snprintf( object, sizeof(object), "%s-asked", name );
    asked = CreateEventA( NULL, FALSE, FALSE, object );
    snprintf( object, sizeof(object), "%s-answered", name );
    answered = CreateEventA( NULL, FALSE, FALSE, object );
    return question && asked && answered;
}

/* Answer until nobody asks any more. */
int watch_child( DWORD pid, const char *name )
{
    if (!connect_watcher( name )) return 1;
    while (!WaitForSingleObject( asked, 60000 ))
    {
        question->found = is_listed( pid, (HANDLE)(ULONG_PTR)question->handle );
        SetEvent( answered );
    }
    return 0;
}

BOOL server_knows( HANDLE handle )
{
    if (!watcher)
    {
        char name[64];

        snprintf( name, sizeof(name), "nspa-watch-%lu", GetCurrentProcessId() );
        check( connect_watcher( name ));
        watcher = start_child( FALSE, "watch %lu %s", GetCurrentProcessId(), name );
    }
    question->handle = (ULONG_PTR)handle;
    SetEvent( asked );
    check( !WaitForSingleObject( answered, 30000 ));
    return question->found;
}

void stop_watcher(void)
{
    if (!watcher) return;
    TerminateProcess( watcher, 0 );
    finish_child( watcher );
}
