/* The oracle's frame: seeds, steps, the two processes and their threads. */

#include <stdarg.h>

#include "../random.h"
#include "oracle.h"

struct shared *shared;
char map_name[64];
const WCHAR root_name[] = L"\\??\\C:\\oracle\\w";
static const WCHAR root_dos[] = L"\\\\?\\C:\\oracle\\w";  /* also for names that Win32 would trim */
static int self;                      /* which process this is */
static FILE *log_file;
static int flush_lines;                /* so that a crash loses none */

static const struct
{
    const char *name;
    void      (*run)( struct ctx *ctx );
    unsigned    weight[3];            /* by the seed's temper: mixed, readers, writers */
} ops[] =
{
    { "create",     op_create,     { 60, 30, 60 } },
    { "local",      op_open_local, { 60, 120, 40 } },
    { "opendir",    op_open_directory, { 30, 50, 20 } },
    { "reopen",     op_reopen,     { 6, 6, 6 } },
    { "byid",       op_open_by_id, { 3, 3, 3 } },
    { "byname",     op_by_name,    { 12, 8, 12 } },
    { "win32",      op_win32,      { 10, 4, 12 } },
    { "close",      op_close,      { 70, 90, 60 } },
    { "read",       op_read,       { 50, 120, 40 } },
    { "write",      op_write,      { 40, 8, 90 } },
    { "scatter",    op_scatter,    { 3, 3, 3 } },
    { "flush",      op_flush,      { 5, 5, 8 } },
    { "lock",       op_lock,       { 12, 8, 12 } },
    { "cancel",     op_cancel,     { 4, 4, 4 } },
    { "control",    op_control,    { 8, 8, 8 } },
    { "directory",  op_directory,  { 30, 60, 20 } },
    { "query",      op_query,      { 50, 80, 40 } },
    { "set",        op_set,        { 40, 16, 50 } },
    { "rename",     op_rename,     { 16, 8, 16 } },
    { "volume",     op_volume,     { 5, 8, 5 } },
    { "ea",         op_ea,         { 3, 3, 3 } },
    { "security",   op_security,   { 5, 5, 5 } },
    { "duplicate",  op_duplicate,  { 16, 16, 12 } },
    { "foreign",    op_foreign,    { 12, 12, 8 } },
    { "object",     op_object,     { 10, 10, 8 } },
    { "flags",      op_flags,      { 8, 8, 6 } },
    { "compare",    op_compare,    { 5, 5, 5 } },
    { "wait",       op_wait,       { 8, 8, 6 } },
    { "section",    op_section,    { 14, 12, 14 } },
    { "view",       op_view,       { 20, 16, 20 } },
};
#define OPS (sizeof(ops) / sizeof(ops[0]))

/* ---- random numbers ------------------------------------------------------- */

uint64_t rnd( struct ctx *ctx )
{
    return splitmix64( &ctx->state );
}

uint32_t below( struct ctx *ctx, uint32_t n )
{
    return rnd( ctx ) % n;
}

int percent( struct ctx *ctx, uint32_t n )
{
    return below( ctx, 100 ) < n;
}

/* Each step has random numbers of its own, so that leaving out one changes no other. */
static void init_ctx( struct ctx *ctx, uint64_t seed, uint32_t step )
{
    memset( ctx, 0, sizeof(*ctx) );
    ctx->state = seed;
    ctx->state = rnd( ctx ) + step * 0xd1342543de82ef95ull;
    rnd( ctx );
}

/* ---- what is written down -------------------------------------------------- */

void out( struct ctx *ctx, const char *format, ... )
{
    va_list args;
    int ret;

    va_start( args, format );
    ret = vsnprintf( ctx->line + ctx->length, LINE_SIZE - ctx->length, format, args );
    va_end( args );
    if (ret > 0) ctx->length += ret;
    if (ctx->length >= LINE_SIZE) ctx->length = LINE_SIZE - 1;
}

void out_status( struct ctx *ctx, NTSTATUS status )
{
    out( ctx, " = %08lx", (unsigned long)status );
}

void init_iosb( IO_STATUS_BLOCK *io )
{
    io->Pointer = NULL;
    io->Status = 0x5a5a5a5a;
    io->Information = 0x5a5a5a5a;
}

void out_iosb( struct ctx *ctx, const IO_STATUS_BLOCK *io )
{
    out( ctx, " io" );
    if (io->Status == 0x5a5a5a5a) out( ctx, " -" );
    else out( ctx, " %08lx", (unsigned long)io->Status );
    if (io->Information == 0x5a5a5a5a) out( ctx, " -" );
    else out( ctx, " %llx", (unsigned long long)io->Information );
}

uint32_t hash_data( const void *data, size_t size )
{
    const uint8_t *byte = data;
    uint32_t hash = 2166136261u;

    while (size--) hash = (hash ^ *byte++) * 16777619u;
    return hash;
}

/* The start in full, all of it as a hash. */
void out_data( struct ctx *ctx, const void *data, size_t size )
{
    const uint8_t *byte = data;
    size_t i;

    out( ctx, " [%u:%08x", (unsigned)size, hash_data( data, size ));
    for (i = 0; i < size && i < 48; i++) out( ctx, "%s%02x", i % 8 ? "" : " ", byte[i] );
    out( ctx, "]" );
}

void out_name( struct ctx *ctx, const WCHAR *name, size_t chars )
{
    out( ctx, " \"" );
    for (size_t i = 0; i < chars; i++)
    {
        if (name[i] >= ' ' && name[i] < 127) out( ctx, "%c", name[i] );
        else out( ctx, "\\%x", name[i] );
        if (i == 60 && chars > 80)
        {
            out( ctx, "...%u", (unsigned)chars );
            break;
        }
    }
    out( ctx, "\"" );
}

/* Times that the trace has set lie before 2020, all others are "now". */
void normalise_time( uint8_t *field )
{
    int64_t time;

    memcpy( &time, field, sizeof(time) );
    if (time < 132223104000000000ll) return;
    time = 0x1111111111111111ll;
    memcpy( field, &time, sizeof(time) );
}

/* ---- slots ----------------------------------------------------------------- */

struct slot *pick_slot( struct ctx *ctx, int proc, enum kind kind )
{
    struct slot *slots = shared->slot[proc];
    uint32_t i, first = below( ctx, SLOTS );
    int other = percent( ctx, 4 );

    if (other) return &slots[first];  /* whatever it is */
    for (i = 0; i < SLOTS; i++)
        if (slots[(first + i) % SLOTS].kind == kind) return &slots[(first + i) % SLOTS];
    return &slots[first];
}

struct slot *pick_empty( struct ctx *ctx, int proc )
{
    struct slot *slots = shared->slot[proc];
    uint32_t i, first = below( ctx, SLOTS );

    for (i = 0; i < SLOTS; i++)
        if (slots[(first + i) % SLOTS].kind == EMPTY) return &slots[(first + i) % SLOTS];
    return NULL;
}

HANDLE slot_handle( const struct slot *slot )
{
    return slot->kind == EMPTY ? STALE : slot->handle;
}

HANDLE slot_file_handle( const struct slot *slot )
{
    return slot->kind == SECTION_HANDLE ? STALE : slot_handle( slot );
}

void out_slot( struct ctx *ctx, int proc, const struct slot *slot )
{
    out( ctx, " %c%d%c", "-fse"[slot->kind], (int)(slot - shared->slot[proc]), proc ? 'p' : 'm' );
}

void set_slot( struct slot *slot, HANDLE handle, enum kind kind )
{
    slot->handle = handle;
    slot->kind = kind;
    slot->inherit = slot->protect = 0;
}

NTSTATUS settle( struct ctx *ctx, NTSTATUS status, HANDLE event, IO_STATUS_BLOCK *io )
{
    if (status != STATUS_PENDING) return status;
    out( ctx, " pending" );
    if (!event || WaitForSingleObject( event, 5000 ))
    {
        out( ctx, " for ever" );
        return status;
    }
    return io->Status;
}

/* ---- steps ----------------------------------------------------------------- */

static void run_step( struct executor *executor, int proc )
{
    static __thread struct ctx ctx;
    unsigned temper = executor->seed % 3, total = 0, choice, i;

    init_ctx( &ctx, executor->seed, executor->step );
    ctx.proc = proc;
    ctx.line = executor->line;
    rnd( &ctx );  /* the thread's number, see choose_executor */
    if (below( &ctx, 1500 ) == 0)
    {
        out( &ctx, "inherit" );
        op_inherit( &ctx );
    }
    else
    {
        for (i = 0; i < OPS; i++) total += ops[i].weight[temper];
        choice = below( &ctx, total );
        for (i = 0; choice >= ops[i].weight[temper]; i++) choice -= ops[i].weight[temper];
        out( &ctx, "%s", ops[i].name );
        ops[i].run( &ctx );
    }
    executor->length = ctx.length;
}

static void choose_executor( uint64_t seed, uint32_t step, int *proc, int *thread )
{
    static struct ctx ctx;
    unsigned choice;

    init_ctx( &ctx, seed, step );
    choice = below( &ctx, 100 );
    *proc = choice >= 70;
    *thread = choice < 55 ? 0 : choice < 70 ? 1 : choice < 88 ? 0 : 1;
}

/* Close all that a trace left open. */
static void clean( int proc )
{
    static const ULONG flags_none[1];
    int i;

    for (i = 0; i < VIEWS; i++)
        if (shared->view[proc][i].base)
        {
            NtUnmapViewOfSection( GetCurrentProcess(), shared->view[proc][i].base );
            shared->view[proc][i].base = NULL;
        }
    for (i = 0; i < SLOTS; i++)
    {
        struct slot *slot = &shared->slot[proc][i];

        if (slot->kind == EMPTY) continue;
        if (NtClose( slot->handle ) == STATUS_HANDLE_NOT_CLOSABLE)
        {
            NtSetInformationObject( slot->handle, 4, (void *)flags_none, 2 );
            NtClose( slot->handle );
        }
        slot->kind = EMPTY;
    }
}

static void run_command( struct executor *executor, int proc )
{
    executor->length = 0;
    if (executor->command == COMMAND_STEP) run_step( executor, proc );
    else if (executor->command == COMMAND_CLEAN) clean( proc );
}

static DWORD WINAPI executor_thread( void *arg )
{
    struct executor *executor = arg;
    HANDLE start = self ? executor->peer_start : executor->start;
    HANDLE done = self ? executor->peer_done : executor->done;

    for (;;)
    {
        if (WaitForSingleObject( start, INFINITE )) return 1;
        if (executor->command == COMMAND_EXIT) return 0;
        run_command( executor, self );
        SetEvent( done );
    }
}

static void fail( const char *what )
{
    fprintf( stderr, "oracle: %s (error %lu)\n", what, GetLastError() );
    if (log_file) fclose( log_file );
    if (!self && shared && shared->process[1]) TerminateProcess( shared->process[1], 2 );
    TerminateProcess( GetCurrentProcess(), 2 );
}

static const char *dispatch( int proc, int thread, uint32_t command, uint64_t seed, uint32_t step )
{
    struct executor *executor = &shared->executor[proc][thread];
    HANDLE wait[2] = { executor->done, shared->process[1] };

    executor->command = command;
    executor->seed = seed;
    executor->step = step;
    executor->line[0] = 0;
    if (!proc && !thread) run_command( executor, 0 );
    else
    {
        SetEvent( executor->start );
        switch (WaitForMultipleObjects( 2, wait, FALSE, 30000 ))
        {
        case WAIT_OBJECT_0: break;
        case WAIT_TIMEOUT: return "STUCK";
        default: return "PEER DIED";
        }
    }
    executor->line[executor->length] = 0;
    return executor->line;
}

/* ---- the directory of a trace ----------------------------------------------- */

static void remove_tree( const WCHAR *dir, int top )
{
    WCHAR pattern[600], path[600];
    WIN32_FIND_DATAW data;
    HANDLE find;

    _snwprintf( pattern, 600, L"%s\\*", dir );
    if ((find = FindFirstFileW( pattern, &data )) == INVALID_HANDLE_VALUE) return;
    do
    {
        if (!wcscmp( data.cFileName, L"." ) || !wcscmp( data.cFileName, L".." )) continue;
        _snwprintf( path, 600, L"%s\\%s", dir, data.cFileName );
        if (data.dwFileAttributes & FILE_ATTRIBUTE_READONLY) SetFileAttributesW( path, FILE_ATTRIBUTE_NORMAL );
        if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        {
            if (!DeleteFileW( path )) fprintf( log_file, "left %ls: %lu\n", path, GetLastError() );
            continue;
        }
        remove_tree( path, 0 );
        if (!RemoveDirectoryW( path )) fprintf( log_file, "left %ls: %lu\n", path, GetLastError() );
    } while (FindNextFileW( find, &data ));
    FindClose( find );
    if (top) RemoveDirectoryW( dir );
}

static void put( const WCHAR *name, DWORD length, DWORD attributes )
{
    static char data[20000];
    WCHAR path[300];
    HANDLE file;
    DWORD i, written;

    for (i = 0; i < length; i++) data[i] = i * 31 + (i >> 8) + name[0];
    _snwprintf( path, 300, L"%s\\%s", root_dos, name );
    file = CreateFileW( path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, attributes, NULL );
    if (file == INVALID_HANDLE_VALUE || !WriteFile( file, data, length, &written, NULL )) fail( "cannot set up" );
    CloseHandle( file );
}

/* The smallest program that can be mapped as an image. */
static void put_image(void)
{
    static char image[1024];
    IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)image;
    IMAGE_NT_HEADERS64 *nt = (IMAGE_NT_HEADERS64 *)(image + 64);
    IMAGE_SECTION_HEADER *section = (IMAGE_SECTION_HEADER *)(nt + 1);
    WCHAR path[300];
    HANDLE file;
    DWORD written;

    dos->e_magic = IMAGE_DOS_SIGNATURE;
    dos->e_lfanew = 64;
    nt->Signature = IMAGE_NT_SIGNATURE;
    nt->FileHeader.Machine = IMAGE_FILE_MACHINE_AMD64;
    nt->FileHeader.NumberOfSections = 1;
    nt->FileHeader.SizeOfOptionalHeader = sizeof(nt->OptionalHeader);
    nt->FileHeader.Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_DLL;
    nt->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    nt->OptionalHeader.ImageBase = 0x10000000;
    nt->OptionalHeader.SectionAlignment = 4096;
    nt->OptionalHeader.FileAlignment = 512;
    nt->OptionalHeader.MajorSubsystemVersion = 5;
    nt->OptionalHeader.SizeOfImage = 8192;
    nt->OptionalHeader.SizeOfHeaders = 512;
    nt->OptionalHeader.Subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI;
    nt->OptionalHeader.NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
    memcpy( section->Name, ".data", 6 );
    section->Misc.VirtualSize = 512;
    section->VirtualAddress = 4096;
    section->SizeOfRawData = 512;
    section->PointerToRawData = 512;
    section->Characteristics = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE;
    _snwprintf( path, 300, L"%s\\image.bin", root_dos );
    file = CreateFileW( path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL );
    if (!WriteFile( file, image, sizeof(image), &written, NULL )) fail( "cannot set up" );
    CloseHandle( file );
}

static void set_up(void)
{
    static unsigned int left;
    WCHAR aside[100];

    remove_tree( root_dos, 1 );
    CreateDirectoryW( L"C:\\oracle", NULL );
    while (!CreateDirectoryW( root_dos, NULL ))  /* something in it is still open: that was noted */
    {
        _snwprintf( aside, 100, L"C:\\oracle\\left%u", left++ );
        if (left > 1000 || (!MoveFileW( root_dos, aside ) && GetLastError() != ERROR_ALREADY_EXISTS)) fail( "no directory" );
    }
    put( L"a", 5000, 0 );
    put( L"b", 300, 0 );
    put( L"c.txt", 17000, 0 );
    put( L"d.dll", 700, 0 );
    put( L"empty", 0, 0 );
    put( L"ro", 900, FILE_ATTRIBUTE_READONLY );
    put( L"hid", 1200, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM );
    if (!CreateDirectoryW( L"C:\\oracle\\w\\sub", NULL ) || !CreateDirectoryW( L"C:\\oracle\\w\\sub2", NULL ))
        fail( "cannot set up" );
    put( L"sub\\e", 4096, 0 );
    put( L"sub\\f", 8193, 0 );
    put_image();
}

static void list_tree( const WCHAR *dir )
{
    static char data[65536];
    WCHAR pattern[600], path[600];
    WIN32_FIND_DATAW found;
    HANDLE find, file;
    DWORD read;

    _snwprintf( pattern, 600, L"%s\\*", dir );
    if ((find = FindFirstFileW( pattern, &found )) == INVALID_HANDLE_VALUE)
    {
        fprintf( log_file, "end %ls: %lu\n", dir, GetLastError() );
        return;
    }
    do
    {
        if (!wcscmp( found.cFileName, L"." ) || !wcscmp( found.cFileName, L".." )) continue;
        _snwprintf( path, 600, L"%s\\%s", dir, found.cFileName );
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        {
            fprintf( log_file, "end %ls %lx\n", path, found.dwFileAttributes );
            list_tree( path );
            continue;
        }
        file = CreateFileW( path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL );
        fprintf( log_file, "end %ls %lx %lx%08lx", path, found.dwFileAttributes, found.nFileSizeHigh,
                 found.nFileSizeLow );
        if (file == INVALID_HANDLE_VALUE) fprintf( log_file, " error %lu\n", GetLastError() );
        else if (!ReadFile( file, data, sizeof(data), &read, NULL )) fprintf( log_file, " read %lu\n", GetLastError() );
        else fprintf( log_file, " %lu %08x\n", read, hash_data( data, read ));
        CloseHandle( file );
    } while (FindNextFileW( find, &found ));
    FindClose( find );
}

/* ---- seeds ------------------------------------------------------------------- */

static int run_seed( uint64_t seed, uint32_t steps, const uint8_t *keep )
{
    uint32_t step;
    int proc, thread;

    set_up();
    fprintf( log_file, "seed %llu\n", (unsigned long long)seed );
    for (step = 0; step < steps; step++)
    {
        const char *line;

        if (keep && !keep[step]) continue;
        choose_executor( seed, step, &proc, &thread );
        line = dispatch( proc, thread, COMMAND_STEP, seed, step );
        fprintf( log_file, "%u %c%d %s\n", step, proc ? 'p' : 'm', thread, line );
        if (flush_lines) fflush( log_file );
        if (line != shared->executor[proc][thread].line) return 0;
    }
    for (proc = 0; proc < PROCESSES; proc++) dispatch( proc, 0, COMMAND_CLEAN, seed, step );
    list_tree( root_dos );
    return 1;
}



static void start_peer( const char *exe )
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    char line[600];
    int i, j;

    snprintf( line, sizeof(line), "\"%s\" peer %s", exe, map_name );
    if (!CreateProcessA( exe, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &info ))
        fail( "no second process" );
    shared->process[1] = info.hProcess;
    DuplicateHandle( GetCurrentProcess(), GetCurrentProcess(), info.hProcess, &shared->process[0], 0, FALSE,
                     DUPLICATE_SAME_ACCESS );
    for (i = 0; i < PROCESSES; i++)
        for (j = 0; j < THREADS; j++)
        {
            struct executor *executor = &shared->executor[i][j];

            executor->start = CreateEventA( NULL, FALSE, FALSE, NULL );
            executor->done = CreateEventA( NULL, FALSE, FALSE, NULL );
            DuplicateHandle( GetCurrentProcess(), executor->start, info.hProcess, &executor->peer_start, 0, FALSE,
                             DUPLICATE_SAME_ACCESS );
            DuplicateHandle( GetCurrentProcess(), executor->done, info.hProcess, &executor->peer_done, 0, FALSE,
                             DUPLICATE_SAME_ACCESS );
            if (!i && j) CloseHandle( CreateThread( NULL, 0, executor_thread, executor, 0, NULL ));
        }
    ResumeThread( info.hThread );
    CloseHandle( info.hThread );
}

static void open_shared( int create )
{
    HANDLE map = create ? CreateFileMappingA( INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(*shared), map_name )
                        : OpenFileMappingA( FILE_MAP_WRITE, FALSE, map_name );

    shared = MapViewOfFile( map, FILE_MAP_WRITE, 0, 0, sizeof(*shared) );
    if (!shared) fail( "no shared memory" );
    /* the handle stays open, and with it the name */
}

static LONG WINAPI crash( EXCEPTION_POINTERS *info )
{
    if (log_file) fprintf( log_file, "CRASH %lx\n", info->ExceptionRecord->ExceptionCode );
    fail( "crashed" );
    return EXCEPTION_EXECUTE_HANDLER;
}

static const char usage[] =
    "usage: oracle.exe --seed N [--count N] [--ops N] [--only STEP,STEP...] [--log FILE] [--flush]\n";

int main( int argc, char **argv )
{
    uint64_t seed = 1, count = 1, i;
    uint32_t steps = 200;
    uint8_t *keep = NULL;
    const char *log = NULL;
    char exe[MAX_PATH];
    int arg;

    SetUnhandledExceptionFilter( crash );
    if (argc == 3 && !strcmp( argv[1], "peer" ))
    {
        self = 1;
        snprintf( map_name, sizeof(map_name), "%s", argv[2] );
        open_shared( 0 );
        CloseHandle( CreateThread( NULL, 0, executor_thread, &shared->executor[1][1], 0, NULL ));
        return executor_thread( &shared->executor[1][0] );
    }
    if (argc >= 4 && !strcmp( argv[1], "child" ))
    {
        snprintf( map_name, sizeof(map_name), "%s", argv[2] );
        open_shared( 0 );
        return inherit_child( atoi( argv[3] ), argc - 4, argv + 4 );
    }
    for (arg = 1; arg < argc; arg++)
    {
        if (!strcmp( argv[arg], "--flush" )) { flush_lines = 1; continue; }
        if (arg + 1 == argc) break;
        if (!strcmp( argv[arg], "--seed" )) seed = strtoull( argv[++arg], NULL, 0 );
        else if (!strcmp( argv[arg], "--count" )) count = strtoull( argv[++arg], NULL, 0 );
        else if (!strcmp( argv[arg], "--ops" )) steps = strtoul( argv[++arg], NULL, 0 );
        else if (!strcmp( argv[arg], "--log" )) log = argv[++arg];
        else if (!strcmp( argv[arg], "--only" ))
        {
            char *p = argv[++arg];

            if (!keep) keep = calloc( 1, 1 << 20 );
            while (*p)
            {
                uint32_t step = strtoul( p, &p, 10 );
                if (step < 1 << 20) keep[step] = 1;
                if (*p && *p++ != ',') break;
            }
        }
        else break;
    }
    if (arg < argc || steps > 1 << 20)
    {
        fputs( usage, stderr );
        return 2;
    }
    if (!(log_file = log ? fopen( log, "w" ) : stdout)) fail( "no log" );
    setvbuf( log_file, NULL, _IOFBF, 1 << 16 );

    snprintf( map_name, sizeof(map_name), "oracle-%lu", GetCurrentProcessId() );
    open_shared( 1 );
    GetModuleFileNameA( NULL, exe, sizeof(exe) );
    remove_tree( L"\\\\?\\C:\\oracle", 1 );  /* also what an earlier run could not */
    start_peer( exe );
    for (i = 0; i < count; i++) if (!run_seed( seed + i, steps, keep )) break;
    if (i == count)
    {
        fprintf( log_file, "done\n" );
        remove_tree( root_dos, 1 );
    }
    for (arg = 0; arg < THREADS; arg++)
    {
        shared->executor[1][arg].command = COMMAND_EXIT;
        SetEvent( shared->executor[1][arg].start );
    }
    if (WaitForSingleObject( shared->process[1], i == count ? 10000 : 100 )) TerminateProcess( shared->process[1], 1 );
    fclose( log_file );
    return i == count ? 0 : 3;
}
