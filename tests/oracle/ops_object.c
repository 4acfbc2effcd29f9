/* Handles as objects: duplicates, flags, waits, sections, inheritance. */

#include "oracle.h"

static ACCESS_MASK pick_access( struct ctx *ctx )
{
    static const ACCESS_MASK masks[] = { FILE_READ_DATA, GENERIC_READ, GENERIC_WRITE, GENERIC_ALL, SYNCHRONIZE, 0,
        MAXIMUM_ALLOWED, FILE_READ_ATTRIBUTES | SYNCHRONIZE, DELETE, FILE_WRITE_ATTRIBUTES };

    return PICK( ctx, masks );
}

static void duplicate( struct ctx *ctx, int from, int to )
{
    struct slot *source = pick_slot( ctx, from, percent( ctx, 85 ) ? FILE_HANDLE : SECTION_HANDLE );
    struct slot *dest = pick_empty( ctx, to );
    ULONG options = 0, attributes = 0, access = pick_access( ctx );
    HANDLE handle = STALE, value = slot_handle( source );
    int nowhere = percent( ctx, 3 );
    NTSTATUS status;
    HANDLE source_process = from == ctx->proc ? GetCurrentProcess() : shared->process[from];
    HANDLE dest_process = to == ctx->proc ? GetCurrentProcess() : shared->process[to];

    if (percent( ctx, 75 )) options |= DUPLICATE_SAME_ACCESS;
    if (percent( ctx, 25 )) options |= DUPLICATE_CLOSE_SOURCE;
    if (percent( ctx, 25 )) options |= 4;  /* DUPLICATE_SAME_ATTRIBUTES */
    if (percent( ctx, 25 )) attributes = OBJ_INHERIT;
    out_slot( ctx, from, source );
    if (!dest)
    {
        out( ctx, " full" );
        return;
    }
    out( ctx, " ->" );
    if (nowhere) out( ctx, " nowhere" );
    else out_slot( ctx, to, dest );
    out( ctx, " access %lx attr %lx opt %lx", access, attributes, options );
    status = NtDuplicateObject( source_process, value, nowhere ? NULL : dest_process, nowhere ? NULL : &handle, access,
                                attributes, options );
    out_status( ctx, status );
    if (status >= 0 && !nowhere)
    {
        set_slot( dest, handle, source->kind );
        dest->inherit = options & 4 ? source->inherit : !!attributes;
        if (options & 4) dest->protect = source->protect;
        if (!handle || handle == STALE) out( ctx, " no handle" );
    }
    else if (!nowhere) out( ctx, " handle %s", handle == STALE ? "untouched" : handle ? "set" : "0" );
    if ((options & DUPLICATE_CLOSE_SOURCE) && source->kind != EMPTY)
    {
        /* is it gone? */
        HANDLE probe = NULL;

        if (dest->kind != EMPTY && !nowhere && from == to && dest->handle == source->handle)
        {
            out( ctx, " same value" );
            source->kind = EMPTY;
            return;
        }
        status = NtDuplicateObject( source_process, value, GetCurrentProcess(), &probe, 0, 0, DUPLICATE_SAME_ACCESS );
        out( ctx, " source" );
        out_status( ctx, status );
        if (status >= 0) NtClose( probe );
        else source->kind = EMPTY;
    }
}

void op_duplicate( struct ctx *ctx )
{
    duplicate( ctx, ctx->proc, ctx->proc );
}

void op_foreign( struct ctx *ctx )
{
    int from = below( ctx, 2 );

    duplicate( ctx, from, 1 - from );
}

void op_object( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, percent( ctx, 85 ) ? FILE_HANDLE : SECTION_HANDLE );
    ULONG class = percent( ctx, 90 ) ? PICK( ctx, ((const uint8_t[]){ 0, 0, 1, 1, 2, 4 }) ) : below( ctx, 8 );
    ULONG size = percent( ctx, 85 ) ? (class == 0 ? 56 : class == 4 ? 2 : 1024) : below( ctx, 64 ), needed = 0;
    NTSTATUS status;

    if (class == 3) class = 5;  /* all types: long, and not about the handle */
    out_slot( ctx, ctx->proc, slot );
    out( ctx, " class %lu size %lu", class, size );
    memset( ctx->buffer, 0xaa, sizeof(ctx->buffer) );
    status = NtQueryObject( class == 1 ? slot_file_handle( slot ) : slot_handle( slot ), class, ctx->buffer, size, &needed );
    out_status( ctx, status );
    out( ctx, " needs %lu", needed );
    if (status < 0) return;
    if (class == 0)  /* attributes, granted access, handles, pointers */
    {
        ULONG *basic = (ULONG *)ctx->buffer;

        out( ctx, " %lx %lx %lu %lu", basic[0], basic[1], basic[2], basic[3] );
    }
    else if (class == 1 || class == 2)
    {
        UNICODE_STRING *name = (UNICODE_STRING *)ctx->buffer;

        if (name->Buffer) out_name( ctx, name->Buffer, name->Length / sizeof(WCHAR) );
        else out( ctx, " no name" );
        if (class == 2)
        {
            memset( ctx->buffer + 24, 0, 8 );  /* how many objects there are in the whole system */
            memset( ctx->buffer + 28, 0, 24 );
        }
    }
    else out_data( ctx, ctx->buffer, size );
}

void op_flags( struct ctx *ctx )
{
    struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    BOOLEAN flags[2] = { below( ctx, 2 ), percent( ctx, 15 ) };
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    switch (below( ctx, 8 ))
    {
    case 0:
        out( ctx, " temporary" );
        out_status( ctx, NtMakeTemporaryObject( slot_handle( slot )));
        return;
    case 1:
        out( ctx, " permanent" );
        out_status( ctx, NtMakePermanentObject( slot_handle( slot )));
        return;
    }
    out( ctx, " inherit %d protect %d", flags[0], flags[1] );
    status = NtSetInformationObject( slot_handle( slot ), 4, flags, sizeof(flags) );
    out_status( ctx, status );
    if (status < 0 || slot->kind == EMPTY) return;
    slot->inherit = flags[0];
    slot->protect = flags[1];
}

void op_compare( struct ctx *ctx )
{
    const struct slot *a = pick_slot( ctx, ctx->proc, FILE_HANDLE ), *b = pick_slot( ctx, ctx->proc, FILE_HANDLE );

    out_slot( ctx, ctx->proc, a );
    out_slot( ctx, ctx->proc, b );
    out_status( ctx, NtCompareObjects( slot_handle( a ), slot_handle( b )));
}

void op_wait( struct ctx *ctx )
{
    const struct slot *a = pick_slot( ctx, ctx->proc, FILE_HANDLE ), *b = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    LARGE_INTEGER timeout = { .QuadPart = 0 };
    HANDLE handles[3] = { slot_handle( a ), slot_handle( b ), CreateEventW( NULL, TRUE, percent( ctx, 50 ), NULL ) };

    out_slot( ctx, ctx->proc, a );
    out_slot( ctx, ctx->proc, b );
    switch (below( ctx, 5 ))
    {
    case 0: out( ctx, " one" ); out_status( ctx, NtWaitForSingleObject( handles[0], FALSE, &timeout )); break;
    case 1: out( ctx, " any" ); out_status( ctx, NtWaitForMultipleObjects( 3, handles, TRUE, FALSE, &timeout )); break;
    case 2: out( ctx, " all" ); out_status( ctx, NtWaitForMultipleObjects( 3, handles, FALSE, FALSE, &timeout )); break;
    case 3: out( ctx, " signal" );
        out_status( ctx, NtSignalAndWaitForSingleObject( handles[2], handles[0], FALSE, &timeout )); break;
    default: out( ctx, " signal it" );
        out_status( ctx, NtSignalAndWaitForSingleObject( handles[0], handles[2], FALSE, &timeout )); break;
    }
    CloseHandle( handles[2] );
}

/* Did the server find no headers that it likes? */
static int is_no_image( NTSTATUS status )
{
    switch ((ULONG)status)
    {
    case 0xc0000020:  /* STATUS_INVALID_FILE_FOR_SECTION */
    case 0xc000007b:  /* STATUS_INVALID_IMAGE_FORMAT */
    case 0xc000011b:  /* STATUS_INVALID_IMAGE_NE_FORMAT */
    case 0xc000012f:  /* STATUS_INVALID_IMAGE_NOT_MZ */
    case 0xc0000130:  /* STATUS_INVALID_IMAGE_PROTECT */
    case 0xc0000131:  /* STATUS_INVALID_IMAGE_WIN_16 */
        return 1;
    }
    return 0;
}

void op_section( struct ctx *ctx )
{
    static const ULONG protections[] = { PAGE_READONLY, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, PAGE_EXECUTE_READ,
        PAGE_EXECUTE_READWRITE, PAGE_NOACCESS, PAGE_EXECUTE };
    static const ACCESS_MASK masks[] = { SECTION_ALL_ACCESS, SECTION_ALL_ACCESS, SECTION_MAP_READ | SECTION_QUERY,
        SECTION_MAP_READ | SECTION_MAP_WRITE, STANDARD_RIGHTS_REQUIRED | SECTION_QUERY };
    const struct slot *file = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    struct slot *slot = pick_empty( ctx, ctx->proc );
    ULONG protection = PICK( ctx, protections );
    ULONG flags = percent( ctx, 20 ) ? SEC_IMAGE : percent( ctx, 10 ) ? SEC_RESERVE : SEC_COMMIT;
    ACCESS_MASK access = PICK( ctx, masks );
    LARGE_INTEGER size = { .QuadPart = below( ctx, 20000 ) };
    HANDLE handle = STALE;
    NTSTATUS status;
    int sized = percent( ctx, 20 );

    if (!slot)
    {
        out( ctx, " full" );
        return;
    }
    out_slot( ctx, ctx->proc, slot );
    out_slot( ctx, ctx->proc, file );
    out( ctx, " access %lx prot %lx flags %lx size %lld", access, protection, flags, sized ? (long long)size.QuadPart : -1 );
    status = NtCreateSection( &handle, access, NULL, sized ? &size : NULL, protection, flags, slot_handle( file ));
    /* Wine does not look whether it could read an image's headers: of a file that is open for writing
     * only it judges what its stack held */
    if (flags == SEC_IMAGE && is_no_image( status )) out( ctx, " no image" );
    else out_status( ctx, status );
    if (status < 0) return;
    set_slot( slot, handle, SECTION_HANDLE );
}

static void new_view( struct ctx *ctx, struct view *view )
{
    static const ULONG protections[] = { PAGE_READONLY, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY };
    const struct slot *slot = pick_slot( ctx, ctx->proc, SECTION_HANDLE );
    ULONG protection = PICK( ctx, protections );
    void *base = NULL;
    SIZE_T size = 0;
    uint64_t basic[3] = { 0 };
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    if (percent( ctx, 40 ))
    {
        status = NtQuerySection( slot_handle( slot ), 0, basic, sizeof(basic), NULL );
        out( ctx, " section" );
        out_status( ctx, status );
        out( ctx, " %llx %llx", (unsigned long long)(uint32_t)basic[1], (unsigned long long)basic[2] );
    }
    out( ctx, " map prot %lx", protection );
    status = NtMapViewOfSection( slot_handle( slot ), GetCurrentProcess(), &base, 0, 0, NULL, &size, 1, 0, protection );
    out_status( ctx, status );
    if (status < 0) return;
    out( ctx, " size %llx", (unsigned long long)size );
    view->base = base;
    view->size = size;
}

void op_view( struct ctx *ctx )
{
    int index = below( ctx, VIEWS );
    struct view *view = &shared->view[ctx->proc][index];
    uint32_t offset;
    SIZE_T done = 0, length;
    NTSTATUS status;

    out( ctx, " v%d%c", index, ctx->proc ? 'p' : 'm' );
    if (!view->base)
    {
        new_view( ctx, view );
        return;
    }
    offset = below( ctx, view->size );
    length = 1 + below( ctx, 64 );
    if (length > view->size - offset) length = view->size - offset;
    switch (below( ctx, 5 ))
    {
    case 0:
        out( ctx, " unmap" );
        out_status( ctx, NtUnmapViewOfSection( GetCurrentProcess(), view->base ));
        view->base = NULL;
        break;
    case 1:
        memset( ctx->buffer, ctx->state, length );
        out( ctx, " write %x+%x", offset, (unsigned)length );
        status = NtWriteVirtualMemory( GetCurrentProcess(), view->base + offset, ctx->buffer, length, &done );
        out_status( ctx, status );
        break;
    case 2:
        out( ctx, " name" );
        memset( ctx->buffer, 0, 1024 );
        status = NtQueryVirtualMemory( GetCurrentProcess(), view->base, 2, ctx->buffer, 1024, NULL );
        out_status( ctx, status );  /* not the name, see slot_file_handle() */
        break;
    default:
        memset( ctx->buffer, 0xaa, length );
        out( ctx, " read %x+%x", offset, (unsigned)length );
        status = NtReadVirtualMemory( GetCurrentProcess(), view->base + offset, ctx->buffer, length, &done );
        out_status( ctx, status );
        out_data( ctx, ctx->buffer, length );
    }
}

/* A child that inherits, all or a list, and looks at what it got. */
void op_inherit( struct ctx *ctx )
{
    STARTUPINFOEXA startup = { .StartupInfo.cb = sizeof(startup.StartupInfo) };
    static char attributes[256];
    char exe[MAX_PATH], line[900];
    PROCESS_INFORMATION info;
    HANDLE list[SLOTS];
    SIZE_T size = sizeof(attributes);
    int i, count = 0, flags = 0, inherit = percent( ctx, 85 ), listed = percent( ctx, 40 );

    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    snprintf( line, sizeof(line), "\"%s\" child %s %d", exe, map_name, ctx->proc );
    for (i = 0; i < SLOTS; i++)
    {
        const struct slot *slot = &shared->slot[ctx->proc][i];
        char number[16];

        if (slot->kind == EMPTY || !slot->inherit || !inherit) continue;
        if (listed && percent( ctx, 50 )) continue;
        snprintf( number, sizeof(number), " %d", i );  /* others may be the child's own by chance */
        strcat( line, number );
        list[count++] = slot->handle;
    }
    if (listed && count)
    {
        out( ctx, " list %d", count );
        startup.StartupInfo.cb = sizeof(startup);
        startup.lpAttributeList = (void *)attributes;
        if (!InitializeProcThreadAttributeList( startup.lpAttributeList, 1, 0, &size ) ||
            !UpdateProcThreadAttribute( startup.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, list,
                                        count * sizeof(HANDLE), NULL, NULL )) out( ctx, " no list" );
        flags = EXTENDED_STARTUPINFO_PRESENT;
    }
    shared->child[0] = 0;
    if (!CreateProcessA( exe, line, NULL, NULL, inherit, flags, NULL, NULL, &startup.StartupInfo, &info ))
    {
        out( ctx, " no child: %lu", GetLastError() );
        return;
    }
    if (WaitForSingleObject( info.hProcess, 20000 )) out( ctx, " stuck" );
    CloseHandle( info.hThread );
    CloseHandle( info.hProcess );
    out( ctx, " inherit %d%s", inherit, shared->child );
}

int inherit_child( int proc, int argc, char **argv )
{
    static struct ctx ctx;
    static const UNICODE_STRING empty;
    UNICODE_STRING string = empty;
    OBJECT_ATTRIBUTES attr;
    WCHAR path[300];
    HANDLE own;
    IO_STATUS_BLOCK io;
    int i;

    ctx.line = shared->child;
    _snwprintf( path, 300, L"%s\\a", root_name );
    RtlInitUnicodeString( &string, path );
    InitializeObjectAttributes( &attr, &string, OBJ_CASE_INSENSITIVE, NULL, NULL );
    if (NtOpenFile( &own, GENERIC_READ | SYNCHRONIZE, &attr, &io, 7, FILE_SYNCHRONOUS_IO_NONALERT )) own = NULL;
    for (i = 0; i < argc; i++)
    {
        const struct slot *slot = &shared->slot[proc][atoi( argv[i] ) % SLOTS];
        LARGE_INTEGER position = { .QuadPart = -7 };
        ULONG basic[14] = { 0 };

        if (own == slot->handle) out( &ctx, " COLLISION" );
        out( &ctx, " [%s", argv[i] );
        out_status( &ctx, NtQueryObject( slot->handle, ObjectBasicInformation, basic, sizeof(basic), NULL ));
        out( &ctx, " %lx %lx", basic[0], basic[1] );
        init_iosb( &io );
        out_status( &ctx, NtQueryInformationFile( slot->handle, &io, &position, sizeof(position), 14 ));
        out( &ctx, " %lld", (long long)position.QuadPart );
        memset( ctx.buffer, 0, 16 );
        init_iosb( &io );
        out_status( &ctx, NtReadFile( slot->handle, NULL, NULL, NULL, &io, ctx.buffer, 16, NULL, NULL ));
        out_data( &ctx, ctx.buffer, 16 );
        if (!slot->protect) out_status( &ctx, NtClose( slot->handle ));
        out( &ctx, "]" );
    }
    return 0;
}
