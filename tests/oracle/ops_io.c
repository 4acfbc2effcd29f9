/* Reading, writing and what else moves data. */

#include "oracle.h"

#include <winioctl.h>

static LARGE_INTEGER *pick_offset( struct ctx *ctx, LARGE_INTEGER *offset )
{
    switch (below( ctx, 10 ))
    {
    case 0: offset->QuadPart = -1; break;                    /* the end, in writes */
    case 1: offset->QuadPart = -2; break;                    /* the current position */
    case 2:  /* of any size below zero, but not so far above that disks fill */
        offset->QuadPart = (int64_t)rnd( ctx ) >> below( ctx, 64 );
        if (offset->QuadPart > 100000) offset->QuadPart %= 100000;
        break;
    case 3: offset->QuadPart = 0; break;
    case 4: case 5: offset->QuadPart = below( ctx, 6000 ); break;
    default: return NULL;
    }
    out( ctx, " at %lld", (long long)offset->QuadPart );
    return offset;
}

static ULONG pick_length( struct ctx *ctx )
{
    static const ULONG lengths[] = { 0, 1, 10, 100, 511, 512, 1000, 4096, 8192 };

    return PICK( ctx, lengths );
}

static void out_position( struct ctx *ctx, HANDLE handle )
{
    LARGE_INTEGER position = { .QuadPart = -7 };
    IO_STATUS_BLOCK io;

    if (!percent( ctx, 40 )) return;
    init_iosb( &io );
    out( ctx, " position" );
    out_status( ctx, NtQueryInformationFile( handle, &io, &position, sizeof(position), 14 ));
    out( ctx, " %lld", (long long)position.QuadPart );
}

void op_read( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    HANDLE handle = slot_file_handle( slot ), event = NULL;
    LARGE_INTEGER offset, *where;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    ULONG length;

    out_slot( ctx, ctx->proc, slot );
    where = pick_offset( ctx, &offset );
    length = pick_length( ctx );
    out( ctx, " length %lu", length );
    memset( ctx->buffer, 0xaa, sizeof(ctx->buffer) );
    init_iosb( &io );
    if (percent( ctx, 15 )) event = CreateEventW( NULL, TRUE, FALSE, NULL );
    if (percent( ctx, 2 ))
    {
        out( ctx, " nowhere" );
        status = NtReadFile( handle, event, NULL, NULL, &io, NULL, length, where, NULL );
        status = settle( ctx, status, event ? event : handle, &io );
    }
    else
    {
        status = NtReadFile( handle, event, NULL, NULL, &io, ctx->buffer, length, where, NULL );
        status = settle( ctx, status, event ? event : handle, &io );
    }
    out_status( ctx, status );
    out_iosb( ctx, &io );
    if (event)
    {
        out( ctx, " event %lu", WaitForSingleObject( event, 0 ));
        CloseHandle( event );
    }
    out_data( ctx, ctx->buffer, length );
    out_position( ctx, handle );
}

void op_write( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    HANDLE handle = slot_file_handle( slot );
    LARGE_INTEGER offset, *where;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    ULONG length, i;

    out_slot( ctx, ctx->proc, slot );
    where = pick_offset( ctx, &offset );
    length = pick_length( ctx );
    for (i = 0; i < length; i++) ctx->buffer[i] = (i + ctx->state) * 37;
    out( ctx, " length %lu", length );
    init_iosb( &io );
    status = NtWriteFile( handle, NULL, NULL, NULL, &io, percent( ctx, 1 ) ? NULL : ctx->buffer, length, where, NULL );
    status = settle( ctx, status, handle, &io );
    out_status( ctx, status );
    out_iosb( ctx, &io );
    out_position( ctx, handle );
}

void op_scatter( struct ctx *ctx )
{
    char *page = VirtualAlloc( NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE );
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    HANDLE handle = slot_file_handle( slot );
    FILE_SEGMENT_ELEMENT segments[2];
    LARGE_INTEGER offset = { .QuadPart = 4096 * below( ctx, 3 ) };
    HANDLE event = CreateEventW( NULL, TRUE, FALSE, NULL );
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    memset( segments, 0, sizeof(segments) );
    segments[0].Buffer = page;
    memset( page, ctx->state, 4096 );
    out_slot( ctx, ctx->proc, slot );
    init_iosb( &io );
    if (percent( ctx, 60 )) status = NtReadFileScatter( handle, event, NULL, NULL, &io, segments, 4096, &offset, NULL );
    else
    {
        out( ctx, " gather" );
        status = NtWriteFileGather( handle, event, NULL, NULL, &io, segments, 4096, &offset, NULL );
    }
    status = settle( ctx, status, event, &io );
    out_status( ctx, status );
    out_iosb( ctx, &io );
    out_data( ctx, page, 4096 );
    VirtualFree( page, 0, MEM_RELEASE );
    CloseHandle( event );
}

void op_flush( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    IO_STATUS_BLOCK io;

    out_slot( ctx, ctx->proc, slot );
    init_iosb( &io );
    if (percent( ctx, 50 )) out_status( ctx, NtFlushBuffersFile( slot_handle( slot ), &io ));
    else out_status( ctx, NtFlushBuffersFileEx( slot_handle( slot ), below( ctx, 4 ), NULL, 0, &io ));
    out_iosb( ctx, &io );
}

void op_lock( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    LARGE_INTEGER offset = { .QuadPart = below( ctx, 4 ) * 100 }, length = { .QuadPart = below( ctx, 3 ) * 100 };
    ULONG key = 0;
    IO_STATUS_BLOCK io;

    out_slot( ctx, ctx->proc, slot );
    init_iosb( &io );
    out( ctx, " %lld+%lld", (long long)offset.QuadPart, (long long)length.QuadPart );
    if (percent( ctx, 60 ))
        out_status( ctx, NtLockFile( slot_handle( slot ), NULL, NULL, NULL, &io, &offset, &length, &key, TRUE,
                                     percent( ctx, 50 )));
    else
    {
        out( ctx, " unlock" );
        out_status( ctx, NtUnlockFile( slot_handle( slot ), &io, &offset, &length, &key ));
    }
    out_iosb( ctx, &io );
}

void op_cancel( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    IO_STATUS_BLOCK io, other;

    out_slot( ctx, ctx->proc, slot );
    init_iosb( &io );
    init_iosb( &other );
    switch (below( ctx, 4 ))
    {
    case 0: out_status( ctx, NtCancelIoFile( slot_handle( slot ), &io )); break;
    case 1: out_status( ctx, NtCancelIoFileEx( slot_handle( slot ), NULL, &io )); break;
    case 2: out_status( ctx, NtCancelIoFileEx( slot_handle( slot ), &other, &io )); break;
    default: out( ctx, " sync" );
        out_status( ctx, NtCancelSynchronousIoFile( percent( ctx, 50 ) ? GetCurrentThread() : slot_handle( slot ), NULL, &io ));
    }
    out_iosb( ctx, &io );
}

void op_control( struct ctx *ctx )
{
    static const ULONG codes[] = { FSCTL_GET_REPARSE_POINT, FSCTL_DELETE_REPARSE_POINT, FSCTL_SET_SPARSE,
        FSCTL_GET_OBJECT_ID, FSCTL_CREATE_OR_GET_OBJECT_ID, FSCTL_REQUEST_OPLOCK_LEVEL_1, FSCTL_REQUEST_BATCH_OPLOCK,
        FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, FSCTL_IS_VOLUME_MOUNTED, FSCTL_GET_COMPRESSION, FSCTL_SET_COMPRESSION,
        FSCTL_SET_ZERO_DATA, FSCTL_QUERY_ALLOCATED_RANGES, FSCTL_GET_RETRIEVAL_POINTERS, FSCTL_FILESYSTEM_GET_STATISTICS,
        0x11400c /* FSCTL_PIPE_PEEK */, 0x110008 /* _LISTEN */, 0x110004 /* _DISCONNECT */ };
    /* none of those that cdrom.c takes: its answers depend on a cache of inode numbers */
    static const ULONG device_codes[] = { 0x500016,
        0x4d0008, 0x120003, 0x222000 };
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    HANDLE event = CreateEventW( NULL, TRUE, FALSE, NULL );
    ULONG code, in = below( ctx, 2 ) * 16, size = below( ctx, 3 ) * 40;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    memset( ctx->buffer, 0, 16 );
    memset( ctx->buffer + 64, 0xaa, 128 );
    init_iosb( &io );
    if (percent( ctx, 75 ))
    {
        code = PICK( ctx, codes );
        out( ctx, " fsctl %lx %lu %lu", code, in, size );
        status = NtFsControlFile( slot_handle( slot ), event, NULL, NULL, &io, code, ctx->buffer, in, ctx->buffer + 64, size );
    }
    else
    {
        code = PICK( ctx, device_codes );
        out( ctx, " ioctl %lx %lu %lu", code, in, size );
        status = NtDeviceIoControlFile( slot_handle( slot ), event, NULL, NULL, &io, code, ctx->buffer, in, ctx->buffer + 64, size );
    }
    status = settle( ctx, status, event, &io );
    out_status( ctx, status );
    out_iosb( ctx, &io );
    /* object ids are made of device and inode */
    if (code != FSCTL_GET_OBJECT_ID && code != FSCTL_CREATE_OR_GET_OBJECT_ID) out_data( ctx, ctx->buffer + 64, size );
    CloseHandle( event );
}

void op_directory( struct ctx *ctx )
{
    static const ULONG classes[] = { 1, 2, 3, 12, 12, 12, 37, 38, 50, 0, 29, 33 };
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ULONG class = PICK( ctx, classes );
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    memset( ctx->buffer, 0, sizeof(ctx->buffer) );
    init_iosb( &io );
    if (percent( ctx, 10 ))
    {
        HANDLE event = CreateEventW( NULL, TRUE, FALSE, NULL );

        out( ctx, " notify" );
        status = NtNotifyChangeDirectoryFile( slot_handle( slot ), event, NULL, NULL, &io, ctx->buffer, 512,
                                              FILE_NOTIFY_CHANGE_FILE_NAME, FALSE );
        if (status == STATUS_PENDING)
        {
            NtCancelIoFile( slot_handle( slot ), (IO_STATUS_BLOCK *)(ctx->buffer + 1024) );
            status = settle( ctx, status, event, &io );
        }
        out_status( ctx, status );
        out_iosb( ctx, &io );
        CloseHandle( event );
        return;
    }
    out( ctx, " class %lu", class );
    status = NtQueryDirectoryFile( slot_handle( slot ), NULL, NULL, NULL, &io, ctx->buffer, sizeof(ctx->buffer), class,
                                   percent( ctx, 30 ), NULL, percent( ctx, 50 ));
    out_status( ctx, status );
    out_iosb( ctx, &io );
    if (class == 12 && !status) out_data( ctx, ctx->buffer, io.Information );  /* the others have times and ids */
}
