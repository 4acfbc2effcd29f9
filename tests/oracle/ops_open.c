/* Opening, closing and naming files. */

#include "oracle.h"

static const WCHAR *const names[] =
{
    L"a", L"a", L"a", L"b", L"b", L"c.txt", L"c.txt", L"sub\\e", L"sub\\f", L"d.dll", L"empty", L"ro", L"hid",
    L"image.bin", L"A", L"C.TXT", L"SUB\\E", L"new1", L"new1", L"new2", L"new3", L"sub\\new4", L"sub2\\new5", L"sub",
    L"sub2", L"sub\\", L"missing\\x", L"a\\x", L"a\\", L"sub\\..\\b", L".\\a", L"bad?name", L"bad*", L"trail.", L"b ",
    L"\x00fcml\x00e4ut \x4e2d", L"a:stream", L"", L"sub\\sub3", L"new1\\deep", L"\\a", L"sub\\\\e", L"image.EXE",
};

static const ACCESS_MASK reads[] =
{
    GENERIC_READ, GENERIC_READ | SYNCHRONIZE, GENERIC_READ | SYNCHRONIZE, FILE_READ_DATA | SYNCHRONIZE,
    FILE_READ_ATTRIBUTES | SYNCHRONIZE, FILE_READ_ATTRIBUTES, SYNCHRONIZE, GENERIC_EXECUTE | SYNCHRONIZE,
    FILE_EXECUTE | SYNCHRONIZE, READ_CONTROL | SYNCHRONIZE, FILE_READ_EA | SYNCHRONIZE, FILE_READ_DATA,
    GENERIC_READ | GENERIC_EXECUTE,
};
static const ACCESS_MASK writes[] =
{
    GENERIC_WRITE | SYNCHRONIZE, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE,
    DELETE | SYNCHRONIZE, FILE_APPEND_DATA | SYNCHRONIZE, FILE_WRITE_ATTRIBUTES | SYNCHRONIZE, MAXIMUM_ALLOWED | SYNCHRONIZE,
    GENERIC_ALL, FILE_WRITE_DATA | SYNCHRONIZE, WRITE_DAC | WRITE_OWNER | READ_CONTROL | SYNCHRONIZE, FILE_WRITE_EA | SYNCHRONIZE,
    GENERIC_READ | DELETE | SYNCHRONIZE, FILE_READ_DATA | FILE_APPEND_DATA | SYNCHRONIZE, MAXIMUM_ALLOWED, 0,
    ACCESS_SYSTEM_SECURITY | GENERIC_READ,
};

static ULONG pick_sharing( struct ctx *ctx )
{
    static const ULONG all[] = { 7, 7, 7, 7, 7, 7, 1, 1, 3, 5, 5, 0, 2, 4, 6 };

    return percent( ctx, 1 ) ? below( ctx, 256 ) : PICK( ctx, all );
}

void pick_name( struct ctx *ctx, struct name *name, int allow_root )
{
    const WCHAR *chosen = PICK( ctx, names );
    HANDLE root = NULL;

    name->text[0] = 0;
    if (allow_root && percent( ctx, 8 ))
    {
        const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );

        root = slot_file_handle( slot );
        out( ctx, " root" );
        out_slot( ctx, ctx->proc, slot );
        if (percent( ctx, 30 )) chosen = L"";
    }
    else if (percent( ctx, 1 ))  /* longer than a component can be */
    {
        static WCHAR longer[400];

        for (int i = 0; i < 399; i++) longer[i] = 'x';
        longer[below( ctx, 300 )] = '\\';
        _snwprintf( name->text, 512, L"%s\\", root_name );
        chosen = longer;
    }
    else if (percent( ctx, 1 )) _snwprintf( name->text, 512, L"%s", *chosen == 'a' ? L"\\??\\NUL" : L"\\??\\Q:\\" );
    else _snwprintf( name->text, 512, *chosen ? L"%s\\" : L"%s", root_name );
    wcscat( name->text, chosen );
    name->string.Buffer = name->text;
    name->string.Length = wcslen( name->text ) * sizeof(WCHAR);
    name->string.MaximumLength = name->string.Length + sizeof(WCHAR);
    if (percent( ctx, 1 ) && name->string.Length) name->string.Length--;
    InitializeObjectAttributes( &name->attr, &name->string, percent( ctx, 70 ) ? OBJ_CASE_INSENSITIVE : 0, root, NULL );
    out_name( ctx, name->text, wcslen( name->text ));
    if (name->string.Length & 1) out( ctx, " odd" );
}

/* Ask for the file and put it into a slot. */
static void create( struct ctx *ctx, ACCESS_MASK access, struct name *name, ULONG attributes, ULONG sharing,
                    ULONG disposition, ULONG options )
{
    struct slot *slot = pick_empty( ctx, ctx->proc );
    HANDLE handle = STALE;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    int simple = percent( ctx, 10 );

    if (!slot)  /* make room */
    {
        slot = &shared->slot[ctx->proc][below( ctx, SLOTS )];
        out( ctx, " full" );
        out_slot( ctx, ctx->proc, slot );
        status = NtClose( slot->handle );
        out_status( ctx, status );
        if (status >= 0) slot->kind = EMPTY;
        return;
    }
    out_slot( ctx, ctx->proc, slot );
    out( ctx, " access %lx share %lx disp %lu opt %lx obj %lx", access, sharing, disposition, options,
         name->attr.Attributes );
    init_iosb( &io );
    if (simple && disposition == FILE_OPEN && !attributes)
    {
        out( ctx, " NtOpenFile" );
        status = NtOpenFile( &handle, access, &name->attr, &io, sharing, options );
    }
    else
    {
        out( ctx, " attr %lx", attributes );
        status = NtCreateFile( &handle, access, &name->attr, &io, NULL, attributes, sharing, disposition, options,
                               NULL, 0 );
    }
    out_status( ctx, status );
    out_iosb( ctx, &io );
    if (status >= 0)
    {
        set_slot( slot, handle, FILE_HANDLE );
        slot->inherit = !!(name->attr.Attributes & OBJ_INHERIT);
        if (!handle || handle == STALE) out( ctx, " no handle" );
    }
    else out( ctx, " handle %s", handle == STALE ? "untouched" : handle ? "set" : "0" );
}

/* Any combination. */
void op_create( struct ctx *ctx )
{
    static const ULONG dispositions[] = { 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 5 };
    static const ULONG attribute_list[] = { 0, 0, 0, FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_READONLY,
        FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_SYSTEM, FILE_ATTRIBUTE_ARCHIVE, FILE_ATTRIBUTE_TEMPORARY };
    static const ULONG extra[] = { FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE,
        FILE_WRITE_THROUGH, FILE_SEQUENTIAL_ONLY, FILE_RANDOM_ACCESS, FILE_NO_INTERMEDIATE_BUFFERING,
        FILE_DELETE_ON_CLOSE, FILE_DELETE_ON_CLOSE, FILE_OPEN_REPARSE_POINT, FILE_OPEN_FOR_BACKUP_INTENT,
        FILE_NO_EA_KNOWLEDGE, FILE_COMPLETE_IF_OPLOCKED, FILE_OPEN_NO_RECALL, FILE_SYNCHRONOUS_IO_ALERT,
        FILE_CREATE_TREE_CONNECTION, 0x01000000, 0x80000000 };
    static SECURITY_DESCRIPTOR sd = { .Revision = SECURITY_DESCRIPTOR_REVISION };
    ACCESS_MASK access = percent( ctx, 45 ) ? PICK( ctx, reads ) : PICK( ctx, writes );
    ULONG disposition = percent( ctx, 2 ) ? below( ctx, 20 ) : PICK( ctx, dispositions );
    ULONG options = percent( ctx, 85 ) ? FILE_SYNCHRONOUS_IO_NONALERT : 0;
    ULONG sharing = pick_sharing( ctx ), attributes = PICK( ctx, attribute_list );
    struct name name;

    if (percent( ctx, 5 )) access = rnd( ctx ) & 0xff1f01ff;
    if (options && percent( ctx, 10 )) options = FILE_SYNCHRONOUS_IO_ALERT;
    while (percent( ctx, 25 )) options |= PICK( ctx, extra );
    pick_name( ctx, &name, 1 );
    if (percent( ctx, 25 )) name.attr.Attributes |= OBJ_INHERIT;
    if (percent( ctx, 2 )) name.attr.Attributes |= 1u << below( ctx, 13 );
    if (percent( ctx, 4 ))
    {
        name.attr.SecurityDescriptor = &sd;
        out( ctx, " sd" );
    }
    if (percent( ctx, 1 ))
    {
        name.attr.Length--;
        out( ctx, " short" );
    }
    create( ctx, access, &name, attributes, sharing, disposition, options );
}

/* What is likely to be served inside the process. */
void op_open_local( struct ctx *ctx )
{
    static const ULONG extra[] = { 0, FILE_NON_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_SEQUENTIAL_ONLY,
        FILE_RANDOM_ACCESS, FILE_OPEN_FOR_BACKUP_INTENT, FILE_NO_INTERMEDIATE_BUFFERING, FILE_WRITE_THROUGH };
    static const WCHAR *const few[] = { L"a", L"b", L"c.txt", L"sub\\e", L"ro", L"empty", L"A", L"image.bin", L"new1" };
    ACCESS_MASK access = PICK( ctx, reads );
    ULONG sharing = pick_sharing( ctx ), disposition = percent( ctx, 90 ) ? FILE_OPEN : FILE_OPEN_IF;
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT | PICK( ctx, extra );
    struct name name;

    _snwprintf( name.text, 512, L"%s\\%s", root_name, PICK( ctx, few ));
    RtlInitUnicodeString( &name.string, name.text );
    InitializeObjectAttributes( &name.attr, &name.string, OBJ_CASE_INSENSITIVE | (percent( ctx, 30 ) ? OBJ_INHERIT : 0),
                                NULL, NULL );
    out_name( ctx, name.text, wcslen( name.text ));
    create( ctx, access, &name, 0, sharing, disposition, options );
}

/* A directory, to list it. */
void op_open_directory( struct ctx *ctx )
{
    static const ACCESS_MASK accesses[] = { 0x100001, 0x100081, 0x100081, 0x100080, 0x100020, GENERIC_READ, 0x100083, 0x110081 };
    static const ULONG extra[] = { 0, FILE_OPEN_FOR_BACKUP_INTENT, FILE_OPEN_FOR_BACKUP_INTENT, FILE_DIRECTORY_FILE,
        FILE_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT, FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT,
        FILE_NON_DIRECTORY_FILE };
    static const WCHAR *const few[] = { L"", L"\\", L"\\sub", L"\\SUB", L"\\sub\\", L"\\a", L"\\new1" };
    ACCESS_MASK access = PICK( ctx, accesses );
    ULONG sharing = pick_sharing( ctx ), disposition = percent( ctx, 90 ) ? FILE_OPEN : FILE_OPEN_IF;
    ULONG options = (percent( ctx, 90 ) ? FILE_SYNCHRONOUS_IO_NONALERT : 0) | PICK( ctx, extra );
    const WCHAR *chosen = PICK( ctx, few );
    struct name name;

    if (wcslen( chosen ) < 2) sharing = 7;  /* the end of a trace looks there */
    _snwprintf( name.text, 512, L"%s%s", root_name, chosen );
    RtlInitUnicodeString( &name.string, name.text );
    InitializeObjectAttributes( &name.attr, &name.string, OBJ_CASE_INSENSITIVE | (percent( ctx, 30 ) ? OBJ_INHERIT : 0),
                                NULL, NULL );
    out_name( ctx, name.text, wcslen( name.text ));
    create( ctx, access, &name, 0, sharing, disposition, options );
}

/* As ReOpenFile does: an empty name below the file itself. */
void op_reopen( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ACCESS_MASK access = percent( ctx, 60 ) ? PICK( ctx, reads ) : PICK( ctx, writes );
    ULONG sharing = pick_sharing( ctx );
    struct name name = { .text = L"" };

    RtlInitUnicodeString( &name.string, name.text );
    InitializeObjectAttributes( &name.attr, &name.string, 0, slot_file_handle( slot ), NULL );
    out_slot( ctx, ctx->proc, slot );
    create( ctx, access, &name, 0, sharing, percent( ctx, 90 ) ? FILE_OPEN : FILE_OVERWRITE,
            FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE );
}

void op_open_by_id( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ACCESS_MASK access = PICK( ctx, reads );
    struct name name = { .text = L"" };
    IO_STATUS_BLOCK io;
    LARGE_INTEGER id = { .QuadPart = 0 };
    NTSTATUS status;

    init_iosb( &io );
    out_slot( ctx, ctx->proc, slot );
    status = NtQueryInformationFile( slot_handle( slot ), &io, &id, sizeof(id), 6 /* FileInternalInformation */ );
    out_status( ctx, status );
    name.string.Buffer = (WCHAR *)&id;
    name.string.Length = name.string.MaximumLength = sizeof(id);
    InitializeObjectAttributes( &name.attr, &name.string, 0, slot_file_handle( slot ), NULL );
    create( ctx, access, &name, 0, pick_sharing( ctx ), FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_BY_FILE_ID );
}

/* Calls that take a name and no handle, but for a root. */
void op_by_name( struct ctx *ctx )
{
    uint32_t choice = below( ctx, 4 );
    struct name name;
    NTSTATUS status;
    size_t size;
    int i;

    pick_name( ctx, &name, 1 );
    switch (choice)
    {
    case 0:
        out( ctx, " NtDeleteFile" );
        out_status( ctx, NtDeleteFile( &name.attr ));
        return;
    case 1: size = 40; status = NtQueryAttributesFile( &name.attr, ctx->buffer ); break;
    default: size = 56; status = NtQueryFullAttributesFile( &name.attr, ctx->buffer ); break;
    }
    out( ctx, " attributes" );
    out_status( ctx, status );
    for (i = 0; i < 32; i += 8) normalise_time( ctx->buffer + i );
    out_data( ctx, ctx->buffer, size );
}

static void dos_name( struct ctx *ctx, WCHAR *path )
{
    _snwprintf( path, 512, L"%s\\%s", root_name + 4, PICK( ctx, names ));
    out_name( ctx, path, wcslen( path ));
}

/* Compositions of kernel32. */
void op_win32( struct ctx *ctx )
{
    WCHAR path[512], other[512], backup[100];
    WIN32_FILE_ATTRIBUTE_DATA data;
    DWORD attributes;
    BOOL ret;

    dos_name( ctx, path );
    SetLastError( 0xbad );
    switch (below( ctx, 9 ))
    {
    case 0:
        out( ctx, " DeleteFile" );
        ret = DeleteFileW( path );
        break;
    case 1:
        out( ctx, " MoveFileEx" );
        dos_name( ctx, other );
        attributes = below( ctx, 4 );
        ret = MoveFileExW( path, other, attributes );
        break;
    case 2:
        out( ctx, " CopyFile" );
        dos_name( ctx, other );
        ret = CopyFileW( path, other, percent( ctx, 50 ));
        break;
    case 3:
        out( ctx, " CreateHardLink" );
        dos_name( ctx, other );
        ret = CreateHardLinkW( other, path, NULL );
        break;
    case 4:
        attributes = below( ctx, 2 ) | (below( ctx, 2 ) ? FILE_ATTRIBUTE_HIDDEN : FILE_ATTRIBUTE_NORMAL);
        out( ctx, " SetFileAttributes %lx", attributes );
        ret = SetFileAttributesW( path, attributes );
        break;
    case 5:
        out( ctx, " GetFileAttributesEx" );
        ret = GetFileAttributesExW( path, GetFileExInfoStandard, &data );
        if (ret) out( ctx, " %lx %lx%08lx", data.dwFileAttributes, data.nFileSizeHigh, data.nFileSizeLow );
        break;
    case 6:
        out( ctx, " ReplaceFile" );
        dos_name( ctx, other );
        _snwprintf( backup, 100, L"%s\\backup", root_name + 4 );  /* else one of a random name may stay */
        ret = ReplaceFileW( path, other, backup, 0, NULL, NULL );
        break;
    case 7:
        out( ctx, " CreateDirectory" );
        ret = CreateDirectoryW( path, NULL );
        break;
    default:
        out( ctx, " RemoveDirectory" );
        ret = RemoveDirectoryW( path );
        break;
    }
    out( ctx, " = %d error %lu", ret, ret ? 0 : GetLastError() );
}

void op_close( struct ctx *ctx )
{
    struct slot *slot = pick_slot( ctx, ctx->proc, percent( ctx, 90 ) ? FILE_HANDLE : SECTION_HANDLE );
    HANDLE handle = slot_handle( slot );
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    if (slot->kind != EMPTY && percent( ctx, 5 ))  /* the low bits belong to the program */
    {
        handle = (HANDLE)((ULONG_PTR)handle | (1 + below( ctx, 3 )));
        out( ctx, " tagged" );
    }
    status = NtClose( handle );
    out_status( ctx, status );
    if (status < 0) return;
    slot->kind = EMPTY;
    if (percent( ctx, 8 ))  /* and now it is no handle any more */
    {
        IO_STATUS_BLOCK io;

        out( ctx, " again" );
        init_iosb( &io );
        switch (below( ctx, 5 ))
        {
        case 0: status = NtClose( handle ); break;
        case 1: status = NtReadFile( handle, NULL, NULL, NULL, &io, ctx->buffer, 10, NULL, NULL ); break;
        case 2: status = NtQueryInformationFile( handle, &io, ctx->buffer, 64, below( ctx, 40 )); break;
        case 3: status = NtQueryObject( handle, ObjectBasicInformation, ctx->buffer, 56, NULL ); break;
        default:
            status = NtDuplicateObject( GetCurrentProcess(), handle, GetCurrentProcess(), &handle, 0, 0,
                                        DUPLICATE_SAME_ACCESS );
        }
        out_status( ctx, status );
        out_iosb( ctx, &io );
    }
}
