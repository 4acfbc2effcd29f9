/*
 * Every NT API that can meet a file handle, on a file that was opened for
 * reading.  What is stated here is what Wine 10.0 answers; with the bypass on
 * the handle is local and nothing may change.  docs/nt-api-matrix.md names the
 * row that each block belongs to.
 */

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>
#include <winioctl.h>
#include <ntstatus.h>

#include "smoke.h"

#define FileLinkInformationClass     11
#define FileCompletionClass          30
#define FileCompletionNotifyClass    41
#define FileRenameClass              10
#define FileDispositionClass         13
#define FilePositionClass            14
#define FileEndOfFileClass           20
#define FileValidDataLengthClass     39
#define FileBasicClass               4

#define DECLARE(name, ...) static NTSTATUS (NTAPI *p##name)( __VA_ARGS__ )
DECLARE( NtReadFileScatter, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, FILE_SEGMENT_ELEMENT *, ULONG, LARGE_INTEGER *, ULONG * );
DECLARE( NtWriteFileGather, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, FILE_SEGMENT_ELEMENT *, ULONG, LARGE_INTEGER *, ULONG * );
DECLARE( NtSetInformationFile, HANDLE, IO_STATUS_BLOCK *, void *, ULONG, int );
DECLARE( NtFsControlFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, ULONG, void *, ULONG, void *, ULONG );
DECLARE( NtDeviceIoControlFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, ULONG, void *, ULONG, void *, ULONG );
DECLARE( NtFlushBuffersFile, HANDLE, IO_STATUS_BLOCK * );
DECLARE( NtCancelIoFile, HANDLE, IO_STATUS_BLOCK * );
DECLARE( NtCancelIoFileEx, HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK * );
DECLARE( NtCancelSynchronousIoFile, HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK * );
DECLARE( NtLockFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG *, BOOLEAN, BOOLEAN );
DECLARE( NtUnlockFile, HANDLE, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG * );
DECLARE( NtQueryEaFile, HANDLE, IO_STATUS_BLOCK *, void *, ULONG, BOOLEAN, void *, ULONG, ULONG *, BOOLEAN );
DECLARE( NtQueryDirectoryFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, int, BOOLEAN, UNICODE_STRING *, BOOLEAN );
DECLARE( NtNotifyChangeDirectoryFile, HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, ULONG, BOOLEAN );
DECLARE( NtQueryObject, HANDLE, int, void *, ULONG, ULONG * );
DECLARE( NtSetInformationObject, HANDLE, int, void *, ULONG );
DECLARE( NtQuerySecurityObject, HANDLE, ULONG, void *, ULONG, ULONG * );
DECLARE( NtSetSecurityObject, HANDLE, ULONG, void * );
DECLARE( NtMakePermanentObject, HANDLE );
DECLARE( NtMakeTemporaryObject, HANDLE );
DECLARE( NtCompareObjects, HANDLE, HANDLE );
DECLARE( NtSignalAndWaitForSingleObject, HANDLE, HANDLE, BOOLEAN, LARGE_INTEGER * );
DECLARE( NtCreateFile, HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, LARGE_INTEGER *, ULONG, ULONG, ULONG, ULONG, void *, ULONG );
DECLARE( NtOpenKey, HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES * );
DECLARE( NtOpenEvent, HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES * );
DECLARE( NtSaveKey, HANDLE, HANDLE );
DECLARE( NtSetEvent, HANDLE, LONG * );

static void load(void)
{
    HMODULE ntdll = GetModuleHandleA( "ntdll.dll" );

#define LOAD(name) check( (p##name = (void *)GetProcAddress( ntdll, #name )) != NULL )
    LOAD( NtReadFileScatter ); LOAD( NtWriteFileGather );
    LOAD( NtSetInformationFile ); LOAD( NtFsControlFile );
    LOAD( NtDeviceIoControlFile ); LOAD( NtFlushBuffersFile ); LOAD( NtCancelIoFile );
    LOAD( NtCancelIoFileEx ); LOAD( NtCancelSynchronousIoFile ); LOAD( NtLockFile ); LOAD( NtUnlockFile );
    LOAD( NtQueryEaFile ); LOAD( NtQueryDirectoryFile ); LOAD( NtNotifyChangeDirectoryFile );
    LOAD( NtQueryObject ); LOAD( NtSetInformationObject ); LOAD( NtQuerySecurityObject );
    LOAD( NtSetSecurityObject ); LOAD( NtMakePermanentObject ); LOAD( NtMakeTemporaryObject );
    LOAD( NtCompareObjects ); LOAD( NtSignalAndWaitForSingleObject ); LOAD( NtCreateFile );
    LOAD( NtOpenKey ); LOAD( NtOpenEvent ); LOAD( NtSaveKey ); LOAD( NtSetEvent );
}

static const char *path;

/* Each block gets a file of its own, so that each starts local. */
static HANDLE fresh(void)
{
    HANDLE file = open_read( path, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE );

    check( file != INVALID_HANDLE_VALUE );
    check_local( file );
    return file;
}

static void done( HANDLE file )
{
    check( CloseHandle( file ));
}

/* The status that a call gives; on failure the text shows it. */
#define check_status( call, want ) do { \
    NTSTATUS status_ = (call); \
    if (status_ != (NTSTATUS)(want)) printf( "%s:%d: status %lx, not %lx\n", __FILE__, __LINE__, \
                                   (unsigned long)status_, (unsigned long)(want) ); \
    check( status_ == (NTSTATUS)(want) ); } while (0)

static void test_data(void)
{
    HANDLE file = fresh(), event;
    FILE_SEGMENT_ELEMENT segment[2] = { { 0 } };
    LARGE_INTEGER offset = { .QuadPart = 0 }, length = { .QuadPart = 10 };
    IO_STATUS_BLOCK io;
    FILE_BASIC_INFO basic;
    char buffer[512];


    segment[0].Buffer = VirtualAlloc( NULL, 4096, MEM_COMMIT, PAGE_READWRITE );
    check_status( pNtReadFileScatter( file, 0, NULL, NULL, &io, segment, 4096, &offset, NULL ), STATUS_INVALID_PARAMETER );
    check_status( pNtWriteFileGather( file, 0, NULL, NULL, &io, segment, 4096, &offset, NULL ), STATUS_ACCESS_DENIED );
    VirtualFree( segment[0].Buffer, 0, MEM_RELEASE );
    check_status( pNtFlushBuffersFile( file, &io ), STATUS_ACCESS_DENIED );
    check_status( pNtQueryEaFile( file, &io, buffer, sizeof(buffer), TRUE, NULL, 0, NULL, FALSE ), STATUS_NO_EAS_ON_FILE );
    check_status( pNtQueryDirectoryFile( file, 0, NULL, NULL, &io, buffer, sizeof(buffer), 1, TRUE, NULL, TRUE ),
                  STATUS_INVALID_PARAMETER );
    done( file );

    file = fresh();
    check_status( pNtLockFile( file, 0, NULL, NULL, NULL, &offset, &length, NULL, TRUE, FALSE ), STATUS_SUCCESS );
    check_status( pNtUnlockFile( file, NULL, &offset, &length, NULL ), STATUS_SUCCESS );
    check_status( pNtUnlockFile( file, NULL, &offset, &length, NULL ), STATUS_FILE_LOCK_CONFLICT );
    done( file );

    file = fresh();
    check_status( pNtCancelIoFile( file, &io ), STATUS_SUCCESS );
    done( file );
    file = fresh();
    check_status( pNtCancelIoFileEx( file, NULL, &io ), STATUS_NOT_FOUND );
    done( file );
    file = fresh();
    check_status( pNtCancelSynchronousIoFile( file, NULL, &io ), STATUS_OBJECT_TYPE_MISMATCH );
    done( file );
    file = fresh();
    check_status( pNtNotifyChangeDirectoryFile( file, 0, NULL, NULL, &io, buffer, sizeof(buffer), 1, FALSE ),
                  STATUS_OBJECT_TYPE_MISMATCH );
    done( file );
    file = fresh();
    check_status( pNtFsControlFile( file, 0, NULL, NULL, &io, FSCTL_GET_REPARSE_POINT, NULL, 0, buffer, sizeof(buffer) ),
                  STATUS_NOT_A_REPARSE_POINT );
    check_status( pNtFsControlFile( file, 0, NULL, NULL, &io, FSCTL_REQUEST_OPLOCK_LEVEL_1, NULL, 0, NULL, 0 ),
                  STATUS_NOT_SUPPORTED );
    done( file );
    file = fresh();
    check( pNtDeviceIoControlFile( file, 0, NULL, NULL, &io, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, buffer, 512 ) < 0 );
    done( file );

    /* an event that a read sets, and a read that nobody waits for */
    file = fresh();
    event = CreateEventA( NULL, TRUE, FALSE, NULL );
    check_status( pNtSignalAndWaitForSingleObject( event, file, FALSE, NULL ), STATUS_SUCCESS );
    check( WaitForSingleObject( event, 0 ) == WAIT_OBJECT_0 );
    CloseHandle( event );
    done( file );
    file = fresh();
    check_status( pNtSetEvent( file, NULL ), STATUS_OBJECT_TYPE_MISMATCH );
    done( file );
    file = fresh();
    memset( &basic, 0, sizeof(basic) );
    check( GetFileInformationByHandleEx( file, FileBasicInfo, &basic, sizeof(basic) ) && basic.FileAttributes );
    done( file );
}

static void test_set(void)
{
    struct { FILE_RENAME_INFO info; WCHAR name[64]; } rename;
    IO_STATUS_BLOCK io;
    LARGE_INTEGER value;
    FILE_BASIC_INFO basic = { .FileAttributes = FILE_ATTRIBUTE_NORMAL };
    struct { HANDLE port; ULONG_PTR key; } completion;
    BOOLEAN flag = TRUE;
    ULONG flags;
    HANDLE file;

    file = fresh();
    value.QuadPart = 50;
    check_status( pNtSetInformationFile( file, &io, &value, sizeof(value), FilePositionClass ), STATUS_SUCCESS );
    check( SetFilePointer( file, 0, NULL, FILE_CURRENT ) == 50 );
    done( file );
    file = fresh();
    check( pNtSetInformationFile( file, &io, &value, sizeof(value), FileEndOfFileClass ) < 0 );
    done( file );
    file = fresh();
    check( pNtSetInformationFile( file, &io, &value, sizeof(value), FileValidDataLengthClass ) < 0 );
    done( file );
    file = fresh();
    check( pNtSetInformationFile( file, &io, &basic, sizeof(basic), FileBasicClass ) == STATUS_SUCCESS ||
           !"Wine asks for no access here" );
    done( file );
    file = fresh();
    completion.port = CreateIoCompletionPort( INVALID_HANDLE_VALUE, NULL, 0, 0 );
    completion.key = 1;
    check_status( pNtSetInformationFile( file, &io, &completion, sizeof(completion), FileCompletionClass ),
                  STATUS_INVALID_PARAMETER );
    CloseHandle( completion.port );
    done( file );
    file = fresh();
    flags = FILE_SKIP_SET_EVENT_ON_HANDLE;
    check( pNtSetInformationFile( file, &io, &flags, sizeof(flags), FileCompletionNotifyClass ) < 0 );
    done( file );
    file = fresh();  /* no DELETE access */
    check_status( pNtSetInformationFile( file, &io, &flag, sizeof(flag), FileDispositionClass ), STATUS_ACCESS_DENIED );
    done( file );

    /* rename asks for no access in Wine; a file as the directory of the new name is none */
    file = fresh();
    memset( &rename, 0, sizeof(rename) );
    rename.info.RootDirectory = file;
    wcscpy( rename.info.FileName, L"below" );
    rename.info.FileNameLength = 10;
    check( pNtSetInformationFile( file, &io, &rename, sizeof(rename), FileRenameClass ) < 0 );
    check( pNtSetInformationFile( file, &io, &rename, sizeof(rename), FileLinkInformationClass ) < 0 );
    done( file );
    check( GetFileAttributesA( path ) != INVALID_FILE_ATTRIBUTES );
}

static void init_name( OBJECT_ATTRIBUTES *attr, UNICODE_STRING *str, const WCHAR *name, HANDLE root )
{
    str->Buffer = (WCHAR *)name;
    str->Length = wcslen( name ) * sizeof(WCHAR);
    str->MaximumLength = str->Length;
    InitializeObjectAttributes( attr, str, 0, root, NULL );
}

static void test_roots(void)
{
    OBJECT_ATTRIBUTES attr;
    UNICODE_STRING str;
    IO_STATUS_BLOCK io;
    HANDLE file, other, key;

    /* ReOpenFile: an empty name below the file itself */
    file = fresh();
    init_name( &attr, &str, L"", file );
    check_status( pNtCreateFile( &other, GENERIC_READ | SYNCHRONIZE, &attr, &io, NULL, 0, 7, 1,
                                 0x20, NULL, 0 ), STATUS_SUCCESS );
    check( CloseHandle( other ));
    init_name( &attr, &str, L"below", file );
    check( pNtCreateFile( &other, GENERIC_READ | SYNCHRONIZE, &attr, &io, NULL, 0, 7, 1, 0x20, NULL, 0 ) < 0 );
    done( file );

    file = fresh();
    init_name( &attr, &str, L"below", file );
    check( pNtOpenEvent( &other, EVENT_ALL_ACCESS, &attr ) < 0 );
    done( file );
    file = fresh();
    init_name( &attr, &str, L"below", file );
    check( pNtOpenKey( &other, KEY_READ, &attr ) < 0 );
    done( file );
    file = fresh();
    check( !RegCreateKeyExA( HKEY_CURRENT_USER, "Software\\nspa-smoke", 0, NULL, 0, KEY_ALL_ACCESS, NULL, (HKEY *)&key, NULL ));
    check( pNtSaveKey( key, file ) < 0 );
    RegCloseKey( (HKEY)key );
    RegDeleteKeyA( HKEY_CURRENT_USER, "Software\\nspa-smoke" );
    done( file );
}

static void test_objects(void)
{
    struct { BOOLEAN inherit, protect; } flags;
    PUBLIC_OBJECT_BASIC_INFORMATION basic;
    union { UNICODE_STRING name; ULONGLONG data[512]; } buffer;
    SECURITY_DESCRIPTOR sd;
    HANDLE file, dup;
    ULONG len;

    file = fresh();
    check_status( pNtQueryObject( file, 0, &basic, sizeof(basic), &len ), STATUS_SUCCESS );
    check( basic.GrantedAccess == (FILE_GENERIC_READ) && basic.HandleCount == 1 );
    done( file );
    file = fresh();
    check_status( pNtQueryObject( file, 1, &buffer, sizeof(buffer), &len ), STATUS_SUCCESS );
    check( buffer.name.Length > 20 );
    done( file );
    file = fresh();
    check_status( pNtQueryObject( file, 2, &buffer, sizeof(buffer), &len ), STATUS_SUCCESS );
    check( !wcscmp( buffer.name.Buffer, L"File" ));
    done( file );
    file = fresh();
    check_status( pNtQueryObject( file, 4, &flags, sizeof(flags), &len ), STATUS_SUCCESS );
    check( !flags.inherit && !flags.protect );
    flags.inherit = flags.protect = TRUE;
    check_status( pNtSetInformationObject( file, 4, &flags, sizeof(flags) ), STATUS_SUCCESS );
    memset( &flags, 0, sizeof(flags) );
    check_status( pNtQueryObject( file, 4, &flags, sizeof(flags), &len ), STATUS_SUCCESS );
    check( flags.inherit && flags.protect );
    SetLastError( 0 );
    check( !CloseHandle( file ));
    flags.protect = FALSE;
    check_status( pNtSetInformationObject( file, 4, &flags, sizeof(flags) ), STATUS_SUCCESS );
    done( file );

    file = fresh();
    check_status( pNtQuerySecurityObject( file, OWNER_SECURITY_INFORMATION, &buffer, sizeof(buffer), &len ), STATUS_SUCCESS );
    done( file );
    file = fresh();
    InitializeSecurityDescriptor( &sd, SECURITY_DESCRIPTOR_REVISION );
    check_status( pNtSetSecurityObject( file, DACL_SECURITY_INFORMATION, &sd ), STATUS_ACCESS_DENIED );
    done( file );
    file = fresh();
    check_status( pNtMakeTemporaryObject( file ), STATUS_ACCESS_DENIED );
    done( file );
    file = fresh();
    check( pNtMakePermanentObject( file ) == STATUS_SUCCESS || GetLastError() != 0xdeadbeef );
    pNtMakeTemporaryObject( file );
    done( file );

    file = fresh();
    check( DuplicateHandle( GetCurrentProcess(), file, GetCurrentProcess(), &dup, 0, FALSE, DUPLICATE_SAME_ACCESS ));
    check_status( pNtCompareObjects( file, dup ), STATUS_SUCCESS );
    CloseHandle( dup );
    dup = fresh();
    check_status( pNtCompareObjects( file, dup ), 0xc00001ac /* STATUS_NOT_SAME_OBJECT */ );
    done( dup );
    done( file );

    file = fresh();
    check( server_knows( file ) != smoke_bypass() );
    check( is_listed( GetCurrentProcessId(), file ));  /* which promotes it */
    check( server_knows( file ));
    done( file );
}

void test_api(void)
{
    path = temp_path( "api" );
    make_file( path, 1000 );
    load();
    test_data();
    test_set();
    test_roots();
    test_objects();
    check( DeleteFileA( path ));
}
