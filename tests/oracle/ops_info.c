/* Information classes. */

#include "oracle.h"

/* What differs between two runs in the answers, by class: times that are "now",
 * and file numbers. */
static const struct { uint8_t class, offset, size, is_time; } volatile_fields[] =
{
    { 4, 0, 32, 1 }, { 6, 0, 8, 0 }, { 18, 0, 32, 1 }, { 18, 64, 8, 0 }, { 34, 0, 32, 1 }, { 59, 0, 24, 0 },
    { 68, 0, 8, 0 }, { 68, 8, 32, 1 },
};

static const uint8_t query_sizes[] =
{
    [4] = 40, [5] = 24, [6] = 8, [7] = 4, [8] = 4, [9] = 255, [14] = 8, [16] = 4, [17] = 4, [18] = 255, [20] = 8,
    [22] = 64, [34] = 56, [35] = 8, [41] = 4, [43] = 4, [59] = 24, [68] = 72, [76] = 0,
};

static void normalise( ULONG class, uint8_t *data )
{
    for (size_t i = 0; i < sizeof(volatile_fields) / sizeof(volatile_fields[0]); i++)
    {
        if (volatile_fields[i].class != class) continue;
        if (!volatile_fields[i].is_time) memset( data + volatile_fields[i].offset, 0x22, volatile_fields[i].size );
        else
            for (int j = 0; j < volatile_fields[i].size; j += 8)
                normalise_time( data + volatile_fields[i].offset + j );
    }
}

void op_query( struct ctx *ctx )
{
    static const uint8_t common[] = { 4, 5, 6, 7, 8, 9, 14, 16, 17, 18, 34, 35, 59, 68, 14, 4, 5, 9, 18, 41 };
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ULONG class = percent( ctx, 85 ) ? PICK( ctx, common ) : below( ctx, 80 );
    ULONG size = class < sizeof(query_sizes) ? query_sizes[class] : 32;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    if (!size) size = 32;
    switch (below( ctx, 12 ))
    {
    case 0: size /= 2; break;
    case 1: size += 100; break;
    case 2: size = below( ctx, 300 ); break;
    }
    out_slot( ctx, ctx->proc, slot );
    out( ctx, " class %lu size %lu", class, size );
    memset( ctx->buffer, 0xaa, 512 );
    init_iosb( &io );
    status = NtQueryInformationFile( class == 9 || class == 14 || class == 18 || class == 48 ? slot_file_handle( slot ) : slot_handle( slot ),
                                     &io, ctx->buffer, size, class );
    out_status( ctx, status );
    out_iosb( ctx, &io );
    normalise( class, ctx->buffer );
    out_data( ctx, ctx->buffer, size );
}

/* A time of the trace's own. */
static void pick_time( struct ctx *ctx, uint8_t *field )
{
    int64_t time = percent( ctx, 50 ) ? 126000000000000000ll + (int64_t)below( ctx, 100 ) * 10000000
                                      : -(int64_t)below( ctx, 3 );

    memcpy( field, &time, sizeof(time) );
}

void op_set( struct ctx *ctx )
{
    static const uint8_t classes[] = { 4, 4, 4, 14, 14, 20, 20, 20, 19, 19, 13, 13, 64, 64, 39, 16, 41, 43, 18, 23, 30 };
    static const uint32_t attribute_list[] = { 0, FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_HIDDEN,
        FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_SYSTEM, FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_ARCHIVE };
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ULONG class = percent( ctx, 92 ) ? PICK( ctx, classes ) : below( ctx, 80 ), size = 8;
    IO_STATUS_BLOCK io;
    int64_t number;
    NTSTATUS status;

    if (class == 10 || class == 11 || class == 65 || class == 72) class = 4;  /* op_rename has those */
    memset( ctx->buffer, 0, 128 );
    number = percent( ctx, 10 ) ? (int64_t)rnd( ctx ) >> (24 + below( ctx, 40 )) : below( ctx, 12000 );
    if (number > 1000000) number %= 1000000;
    switch (class)
    {
    case 4:
        for (int i = 0; i < 32; i += 8) pick_time( ctx, ctx->buffer + i );
        memcpy( ctx->buffer + 32, &PICK( ctx, attribute_list ), 4 );
        size = 40;
        number = *(uint32_t *)(ctx->buffer + 32);
        break;
    case 13: number = below( ctx, 2 ); size = 1; memcpy( ctx->buffer, &number, 8 ); break;
    case 64: number = below( ctx, 32 ); size = 4; memcpy( ctx->buffer, &number, 8 ); break;
    case 16: case 41: case 43: number = below( ctx, 40 ); size = 4; memcpy( ctx->buffer, &number, 8 ); break;
    case 30: size = 16; number = 0; break;
    default: memcpy( ctx->buffer, &number, 8 ); break;
    }
    if (percent( ctx, 5 )) size = percent( ctx, 50 ) ? size / 2 : size + 8;
    out_slot( ctx, ctx->proc, slot );
    out( ctx, " class %lu size %lu value %lld", class, size, (long long)number );
    init_iosb( &io );
    status = NtSetInformationFile( class == 13 || class == 14 || class == 64 ? slot_file_handle( slot ) : slot_handle( slot ),
                                   &io, ctx->buffer, size, class );
    out_status( ctx, status );
    out_iosb( ctx, &io );
}

/* Rename and link, in both forms, also below a root. */
void op_rename( struct ctx *ctx )
{
    static const uint8_t classes[] = { 10, 10, 10, 11, 65, 65, 72 };
    struct rename
    {
        union { BOOLEAN replace; ULONG flags; };
        HANDLE root;
        ULONG  length;
        WCHAR  text[512];
    } *info = (struct rename *)ctx->buffer;
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ULONG class = PICK( ctx, classes );
    struct name name;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    out( ctx, " class %lu", class );
    pick_name( ctx, &name, 1 );
    memset( info, 0, sizeof(*info) );
    if (class < 60) info->replace = percent( ctx, 60 );
    else info->flags = below( ctx, 4 ) | (percent( ctx, 10 ) ? 0x40 : 0);
    out( ctx, " flags %lx", info->flags );
    info->root = name.attr.RootDirectory;
    info->length = name.string.Length;
    memcpy( info->text, name.text, name.string.Length );
    init_iosb( &io );
    status = NtSetInformationFile( slot_file_handle( slot ), &io, info,
                                   percent( ctx, 97 ) ? 24 + name.string.Length : 20, class );
    out_status( ctx, status );
    out_iosb( ctx, &io );
}

void op_volume( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    ULONG class = below( ctx, 14 ), size = percent( ctx, 80 ) ? 128 : below( ctx, 128 );
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    out( ctx, " class %lu size %lu", class, size );
    memset( ctx->buffer, 0xaa, 128 );
    init_iosb( &io );
    status = NtQueryVolumeInformationFile( slot_handle( slot ), &io, ctx->buffer, size, class );
    out_status( ctx, status );
    out_iosb( ctx, &io );
    switch (class)  /* serial number, creation time, what is free */
    {
    case 1: memset( ctx->buffer, 0x22, 12 ); break;
    case 3: memset( ctx->buffer, 0x22, 16 ); break;
    case 7: memset( ctx->buffer, 0x22, 24 ); break;
    }
    out_data( ctx, ctx->buffer, size );
}

void op_ea( struct ctx *ctx )
{
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    IO_STATUS_BLOCK io;

    out_slot( ctx, ctx->proc, slot );
    memset( ctx->buffer, 0, 256 );
    init_iosb( &io );
    if (percent( ctx, 60 ))
        out_status( ctx, NtQueryEaFile( slot_handle( slot ), &io, ctx->buffer, 256, percent( ctx, 50 ), NULL, 0, NULL, TRUE ));
    else
    {
        memcpy( ctx->buffer, "\0\0\0\0\0\1\1\0A\0x", 12 );
        out( ctx, " set" );
        out_status( ctx, NtSetEaFile( slot_handle( slot ), &io, ctx->buffer, 12 ));
    }
    out_iosb( ctx, &io );
}

void op_security( struct ctx *ctx )
{
    static SECURITY_DESCRIPTOR sd = { .Revision = SECURITY_DESCRIPTOR_REVISION, .Control = SE_DACL_PRESENT };
    const struct slot *slot = pick_slot( ctx, ctx->proc, FILE_HANDLE );
    SECURITY_INFORMATION info = 1 + below( ctx, 7 );
    ULONG size = percent( ctx, 80 ) ? 1024 : below( ctx, 64 ), needed = 0;
    NTSTATUS status;

    out_slot( ctx, ctx->proc, slot );
    out( ctx, " info %lx", info );
    memset( ctx->buffer, 0xaa, 1024 );
    if (percent( ctx, 70 ))
    {
        status = NtQuerySecurityObject( slot_handle( slot ), info, ctx->buffer, size, &needed );
        out_status( ctx, status );
        out( ctx, " needs %lu", needed );
        out_data( ctx, ctx->buffer, size );
        return;
    }
    out( ctx, " set" );
    out_status( ctx, NtSetSecurityObject( slot_handle( slot ), info, &sd ));
}
