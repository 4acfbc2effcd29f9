/*
 * Questions about a file that was opened for reading.  A local handle answers
 * what a promoted one does, byte for byte, and wineserver does not get to know
 * it by that.
 */

#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>
#include <winternl.h>
#include <ntstatus.h>

#include "smoke.h"

NTSYSAPI NTSTATUS NTAPI NtFlushBuffersFileEx( HANDLE, ULONG, void *, ULONG, IO_STATUS_BLOCK * );

struct answer
{
    NTSTATUS  status, io_status;
    ULONG_PTR used;
    ULONGLONG data[256];
};

static NTSTATUS query_file( HANDLE file, ULONG class, void *data, ULONG size, struct answer *answer )
{
    IO_STATUS_BLOCK io = { .Status = 0xdead, .Information = 0xdead };
    NTSTATUS status = NtQueryInformationFile( file, &io, data, size, class );

    answer->io_status = io.Status;
    answer->used = io.Information;
    return status;
}

static NTSTATUS query_volume( HANDLE file, ULONG class, void *data, ULONG size, struct answer *answer )
{
    IO_STATUS_BLOCK io = { .Status = 0xdead, .Information = 0xdead };
    NTSTATUS status = NtQueryVolumeInformationFile( file, &io, data, size, class );

    answer->io_status = io.Status;
    answer->used = io.Information;
    return status;
}

static NTSTATUS query_object( HANDLE file, ULONG class, void *data, ULONG size, struct answer *answer )
{
    ULONG used = 0xdead;
    NTSTATUS status = NtQueryObject( file, class, data, size, &used );

    answer->used = used;
    return status;
}

enum { SERVED, PROMOTED };  /* what becomes of a local handle */

static const struct query
{
    NTSTATUS (*query)( HANDLE, ULONG, void *, ULONG, struct answer * );
    ULONG    class, size;
    NTSTATUS status;
    ULONG    fixed;  /* bytes of the answer that do not change by themselves; 0: all */
    int      fate;
} queries[] =
{
    { query_file, 4, 40, STATUS_SUCCESS, 0, SERVED },             /* basic */
    { query_file, 5, 24, STATUS_SUCCESS, 0, SERVED },             /* standard */
    { query_file, 6, 8, STATUS_SUCCESS, 0, SERVED },              /* internal */
    { query_file, 7, 4, STATUS_SUCCESS, 0, SERVED },              /* ea */
    { query_file, 8, 4, STATUS_SUCCESS, 0, SERVED },              /* access */
    { query_file, 9, 1024, STATUS_SUCCESS, 0, SERVED },           /* name */
    { query_file, 14, 8, STATUS_SUCCESS, 0, SERVED },             /* position */
    { query_file, 16, 4, STATUS_SUCCESS, 0, SERVED },             /* mode */
    { query_file, 17, 4, STATUS_NOT_IMPLEMENTED, 0, SERVED },     /* alignment */
    { query_file, 18, 1024, STATUS_SUCCESS, 0, SERVED },          /* all */
    { query_file, 20, 8, STATUS_SUCCESS, 0, SERVED },             /* end of file */
    { query_file, 21, 1024, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* alternate name */
    { query_file, 22, 1024, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* streams */
    { query_file, 28, 16, STATUS_NOT_IMPLEMENTED, 0, SERVED },    /* compression */
    { query_file, 34, 56, STATUS_SUCCESS, 0, SERVED },            /* network open */
    { query_file, 35, 8, STATUS_SUCCESS, 0, SERVED },             /* attribute tag */
    { query_file, 41, 4, STATUS_SUCCESS, 0, SERVED },             /* completion notification */
    { query_file, 43, 4, STATUS_NOT_IMPLEMENTED, 0, SERVED },     /* priority hint */
    { query_file, 46, 1024, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* hard links */
    { query_file, 48, 1024, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* normalized name */
    { query_file, 59, 24, STATUS_SUCCESS, 0, SERVED },            /* id */
    { query_file, 68, 72, STATUS_SUCCESS, 0, SERVED },            /* stat */
    { query_file, 9999, 8, STATUS_INVALID_INFO_CLASS, 0, SERVED },
    { query_volume, 1, 512, STATUS_SUCCESS, 0, SERVED },          /* volume */
    { query_volume, 2, 512, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* label */
    { query_volume, 3, 24, STATUS_SUCCESS, 8, SERVED },           /* size, then what is free */
    { query_volume, 4, 8, STATUS_SUCCESS, 0, SERVED },            /* device */
    { query_volume, 5, 512, STATUS_SUCCESS, 0, SERVED },          /* attributes */
    { query_volume, 6, 512, STATUS_NOT_IMPLEMENTED, 0, SERVED },  /* control */
    { query_volume, 7, 32, STATUS_SUCCESS, 8, SERVED },           /* full size, likewise */
    { query_volume, 8, 64, STATUS_NOT_IMPLEMENTED, 0, SERVED },   /* object id */
    { query_object, 0, 56, STATUS_SUCCESS, 0, SERVED },           /* basic */
    { query_object, 1, 1024, STATUS_SUCCESS, 0, SERVED },         /* name */
    { query_object, 2, 1024, STATUS_SUCCESS, 24, PROMOTED },      /* type, then how many there are */
    { query_object, 4, 2, STATUS_SUCCESS, 0, SERVED },            /* handle flags */
};

/* Different answers, and all of them local. */
static const struct open
{
    DWORD access, flags;
    BOOL  inherit;
} opens[] =
{
    { GENERIC_READ, 0, FALSE },
    { GENERIC_READ | GENERIC_EXECUTE, FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_NO_BUFFERING, TRUE },
    { FILE_READ_ATTRIBUTES, FILE_FLAG_WRITE_THROUGH, FALSE },
};

static const char *path;
static DWORD path_flags;

static HANDLE open_as( const struct open *open )
{
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, open->inherit };
    HANDLE file = CreateFileA( path, open->access, FILE_SHARE_READ, &sa, OPEN_EXISTING, open->flags | path_flags, NULL );

    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    return file;
}

static void ask( HANDLE file, const struct query *query, ULONG size, struct answer *answer )
{
    static ULONGLONG data[256];  /* some answers point into themselves */

    memset( answer, 0, sizeof(*answer) );
    memset( data, 0xcc, sizeof(data) );
    answer->status = query->query( file, query->class, data, size, answer );
    memcpy( answer->data, data, answer->status || !query->fixed ? sizeof(data) : query->fixed );
}

static void compare( const struct query *query, const struct open *open, ULONG size )
{
    HANDLE file = open_as( open ), other = open_as( open );
    struct answer local, promoted;

    WaitForSingleObject( other, 0 );
    check( server_knows( other ));
    ask( file, query, size, &local );
    ask( other, query, size, &promoted );
    if (!check( !memcmp( &local, &promoted, sizeof(local) )) ||
        (size == query->size && !check( local.status == query->status )) ||
        (query->fate == SERVED && !check( server_knows( file ) != smoke_bypass() )))
        printf( "%s class %lu size %lu: status %lx, promoted %lx\n", query->query == query_file ? "file" :
                query->query == query_volume ? "volume" : "object", query->class, size,
                (unsigned long)local.status, (unsigned long)promoted.status );
    CloseHandle( other );
    CloseHandle( file );
}

static void compare_all(void)
{
    unsigned int i, j;

    for (i = 0; i < ARRAYSIZE(queries); i++)
    {
        for (j = 0; j < ARRAYSIZE(opens); j++) compare( &queries[i], &opens[j], queries[i].size );
        compare( &queries[i], &opens[0], 0 );
        compare( &queries[i], &opens[0], queries[i].size - 1 );
        compare( &queries[i], &opens[0], queries[i].size / 2 );
        compare( &queries[i], &opens[0], queries[i].size + 100 );
    }
}

static void test_answers(void)
{
    HANDLE file = open_as( &opens[1] ), section;
    struct answer answer;
    unsigned int i;
    DWORD flags;

    compare_all();

    /* a section does not count as a user of the file object */
    section = CreateFileMappingA( file, NULL, PAGE_READONLY, 0, 0, NULL );
    check( section != NULL );
    query_object( file, 0, answer.data, 56, &answer );
    check( ((ULONG *)answer.data)[1] == (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE) );
    check( ((ULONG *)answer.data)[2] == 1 && ((ULONG *)answer.data)[3] == 2 );
    CloseHandle( section );

    /* the answers follow what the program changes */
    check( SetHandleInformation( file, HANDLE_FLAG_INHERIT, 0 ));
    check( GetHandleInformation( file, &flags ) && !flags );
    CloseHandle( file );

    /* and end with the handle */
    for (i = 0; i < ARRAYSIZE(queries); i++)
        if (!queries[i].status) check( queries[i].query( file, queries[i].class, answer.data, queries[i].size, &answer ) ==
                                       STATUS_INVALID_HANDLE );
}

static void test_changes(void)
{
    FILE_BASIC_INFO basic = { .FileAttributes = FILE_ATTRIBUTE_READONLY };
    LARGE_INTEGER position = { .QuadPart = 50 };
    HANDLE file = open_as( &opens[0] );
    IO_STATUS_BLOCK io;

    check( !NtSetInformationFile( file, &io, &position, sizeof(position), 14 ));
    check( SetFilePointer( file, 0, NULL, FILE_CURRENT ) == 50 );
    check( NtSetInformationFile( file, &io, &position, 4, 14 ) == STATUS_INVALID_PARAMETER_3 );
    position.QuadPart = -1;
    check( NtSetInformationFile( file, &io, &position, sizeof(position), 14 ) == STATUS_INVALID_PARAMETER );

    /* Wine asks for no access here */
    basic.LastWriteTime.QuadPart = 125000000000000000;
    check( !NtSetInformationFile( file, &io, &basic, sizeof(basic), 4 ));
    memset( &basic, 0, sizeof(basic) );
    check( GetFileInformationByHandleEx( file, FileBasicInfo, &basic, sizeof(basic) ));
    check( basic.LastWriteTime.QuadPart == 125000000000000000 && (basic.FileAttributes & FILE_ATTRIBUTE_READONLY) );
    memset( &basic, 0, sizeof(basic) );
    basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    check( !NtSetInformationFile( file, &io, &basic, sizeof(basic), 4 ));
    check( !(GetFileAttributesA( path ) & FILE_ATTRIBUTE_READONLY) );

    check( NtFlushBuffersFileEx( file, 0, NULL, 0, &io ) == STATUS_ACCESS_DENIED );
    check( NtFlushBuffersFileEx( file, 0, NULL, 0, NULL ) == STATUS_ACCESS_VIOLATION );
    check( server_knows( file ) != smoke_bypass() );
    CloseHandle( file );
}

/* What a file is depends on what is in it.  Tried with an answer that was kept for
 * the file whatever was written to it: it stayed the same. */
static void test_device(void)
{
    static const char *const contents[] = { "Just some text, not for devices", "Wine device placeholder, really" };
    char *name = temp_path( "device" );
    struct { ULONG type, characteristics; } info;
    struct answer answer;
    HANDLE file, writer;
    unsigned int i;
    DWORD done;

    make_file( name, 1000 );
    writer = CreateFileA( name, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL );
    file = open_read( name, 7 );
    check_local( file );
    for (i = 0; i < 6; i++)
    {
        Sleep( 20 );  /* more than a clock tick of the file system */
        SetFilePointer( writer, 0, NULL, FILE_BEGIN );
        check( WriteFile( writer, contents[i % 2], strlen( contents[i % 2] ), &done, NULL ));
        check( !query_volume( file, 4, &info, sizeof(info), &answer ));
        check( info.type == (i % 2 ? 7u : 8u) );  /* FILE_DEVICE_DISK, FILE_DEVICE_DISK_FILE_SYSTEM */
        info.type = 0;
        check( !query_volume( file, 4, &info, sizeof(info), &answer ));
        check( info.type == (i % 2 ? 7u : 8u) );
        check( GetFileType( file ) == FILE_TYPE_DISK );
    }
    CloseHandle( file );
    CloseHandle( writer );
    check( DeleteFileA( name ));
}

/* ---- what programs call, none of which may cost a request ------------------ */

static BOOL file_type( HANDLE file ) { return GetFileType( file ) == FILE_TYPE_DISK; }
static BOOL file_size( HANDLE file ) { LARGE_INTEGER size; return GetFileSizeEx( file, &size ) && size.QuadPart == 1000; }
static BOOL file_time( HANDLE file ) { FILETIME a, b, c; return GetFileTime( file, &a, &b, &c ); }
static BOOL handle_flags( HANDLE file ) { DWORD flags; return GetHandleInformation( file, &flags ) && !flags; }
static BOOL no_flush( HANDLE file ) { return !FlushFileBuffers( file ) && GetLastError() == ERROR_ACCESS_DENIED; }

static BOOL file_information( HANDLE file )
{
    BY_HANDLE_FILE_INFORMATION info;

    return GetFileInformationByHandle( file, &info ) && info.nFileSizeLow == 1000;
}

static BOOL file_pointer( HANDLE file )
{
    LARGE_INTEGER offset = { .QuadPart = -10 }, position;

    return SetFilePointerEx( file, offset, &position, FILE_END ) && position.QuadPart == 990 &&
           SetFilePointerEx( file, offset, &position, FILE_CURRENT ) && position.QuadPart == 980 &&
           SetFilePointer( file, 5, NULL, FILE_BEGIN ) == 5;
}

static BOOL file_information_ex( HANDLE file )
{
    static const int classes[] = { FileBasicInfo, FileStandardInfo, FileNameInfo, FileAttributeTagInfo, FileIdInfo };
    static const int missing[] = { FileStreamInfo, FileCompressionInfo, FileAlignmentInfo };
    ULONGLONG buffer[256];
    unsigned int i;

    for (i = 0; i < ARRAYSIZE(classes); i++)
        if (!GetFileInformationByHandleEx( file, classes[i], buffer, sizeof(buffer) )) return FALSE;
    for (i = 0; i < ARRAYSIZE(missing); i++)
        if (GetFileInformationByHandleEx( file, missing[i], buffer, sizeof(buffer) )) return FALSE;
    return TRUE;
}

static BOOL final_path( HANDLE file )
{
    WCHAR name[MAX_PATH];

    return GetFinalPathNameByHandleW( file, name, MAX_PATH, VOLUME_NAME_DOS ) > 10 &&
           GetFinalPathNameByHandleW( file, name, MAX_PATH, VOLUME_NAME_NONE ) > 10;
}

static BOOL volume_information( HANDLE file )
{
    WCHAR label[64], type[64];
    DWORD serial, length, flags;

    return GetVolumeInformationByHandleW( file, label, 64, &serial, &length, &flags, type, 64 );
}

/* the file gets a C run-time descriptor, which takes a handle of its own */
static BOOL crt_fstat( HANDLE file )
{
    HANDLE own = open_read( path, FILE_SHARE_READ );
    struct _stat64 st;
    int fd = _open_osfhandle( (intptr_t)own, _O_RDONLY | _O_BINARY ), ret;

    (void)file;
    if (fd == -1) return FALSE;
    ret = _fstat64( fd, &st );
    return !_close( fd ) && !ret && st.st_size == 1000;
}

/* fstat() of libuv */
static BOOL uv_fstat( HANDLE file )
{
    struct answer answer;

    return !query_volume( file, 4, answer.data, 8, &answer ) && !query_file( file, 18, answer.data, 1024, &answer ) &&
           !query_volume( file, 1, answer.data, 512, &answer );
}

static BOOL nt_queries( HANDLE file )
{
    struct answer answer;
    unsigned int i;

    for (i = 0; i < ARRAYSIZE(queries); i++)
        if (queries[i].fate == SERVED &&
            queries[i].query( file, queries[i].class, answer.data, queries[i].size, &answer ) != queries[i].status)
            return FALSE;
    return TRUE;
}

static BOOL nt_changes( HANDLE file )
{
    LARGE_INTEGER position = { .QuadPart = 50 };
    FILE_BASIC_INFO basic = { .FileAttributes = 0 };
    IO_STATUS_BLOCK io;

    return !NtSetInformationFile( file, &io, &position, sizeof(position), 14 ) &&
           !NtSetInformationFile( file, &io, &basic, sizeof(basic), 4 );
}

static const struct { const char *name; BOOL (*call)( HANDLE ); } calls[] =
{
    { "GetFileType", file_type },
    { "GetFileSizeEx", file_size },
    { "SetFilePointerEx", file_pointer },
    { "GetFileInformationByHandle", file_information },
    { "GetFileInformationByHandleEx", file_information_ex },
    { "GetFinalPathNameByHandle", final_path },
    { "GetFileTime", file_time },
    { "GetHandleInformation", handle_flags },
    { "GetVolumeInformationByHandle", volume_information },
    { "FlushFileBuffers", no_flush },
    { "_fstat", crt_fstat },
    { "fstat of libuv", uv_fstat },
    { "NtQuery*", nt_queries },
    { "NtSetInformationFile", nt_changes },
};

/* Every one of them on count fresh handles; wineserver's profile shows what it cost. */
int follow_up( unsigned int count )
{
    unsigned int i, j;
    HANDLE file;

    path = temp_path( "follow-up" );
    make_file( path, 1000 );
    for (i = 0; i < ARRAYSIZE(calls); i++)
        for (j = 0; j < count; j++)
        {
            file = open_read( path, FILE_SHARE_READ );
            if (!calls[i].call( file ))
            {
                printf( "%s: error %lu\n", calls[i].name, GetLastError() );
                return 1;
            }
            CloseHandle( file );
        }
    return !DeleteFileA( path );
}

void test_queries(void)
{
    path = temp_path( "queries" );
    make_file( path, 1000 );
    test_answers();
    test_changes();
    test_device();
    check( DeleteFileA( path ));

    check( CreateDirectoryA( path, NULL ));
    path_flags = FILE_FLAG_BACKUP_SEMANTICS;
    compare_all();
    path_flags = 0;
    check( RemoveDirectoryA( path ));
}
