/* The native calls that the oracle makes, where the compiler's headers lack them. */

#ifndef ORACLE_NT_H
#define ORACLE_NT_H

#define WIN32_NO_STATUS
#include <windows.h>
#include <winternl.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>

typedef void (WINAPI *apc_routine)( void *, IO_STATUS_BLOCK *, ULONG );

NTSTATUS NTAPI NtReadFile( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, void *, ULONG,
                           LARGE_INTEGER *, ULONG * );
NTSTATUS NTAPI NtWriteFile( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, const void *, ULONG,
                            LARGE_INTEGER *, ULONG * );
NTSTATUS NTAPI NtReadFileScatter( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, void *, ULONG,
                                  LARGE_INTEGER *, ULONG * );
NTSTATUS NTAPI NtWriteFileGather( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, void *, ULONG,
                                  LARGE_INTEGER *, ULONG * );
NTSTATUS NTAPI NtFlushBuffersFile( HANDLE, IO_STATUS_BLOCK * );
NTSTATUS NTAPI NtFlushBuffersFileEx( HANDLE, ULONG, void *, ULONG, IO_STATUS_BLOCK * );
NTSTATUS NTAPI NtLockFile( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *,
                           ULONG *, BOOLEAN, BOOLEAN );
NTSTATUS NTAPI NtUnlockFile( HANDLE, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG * );
NTSTATUS NTAPI NtDuplicateObject( HANDLE, HANDLE, HANDLE, HANDLE *, ACCESS_MASK, ULONG, ULONG );
NTSTATUS NTAPI NtCompareObjects( HANDLE, HANDLE );
NTSTATUS NTAPI NtSetInformationObject( HANDLE, ULONG, void *, ULONG );
NTSTATUS NTAPI NtMakeTemporaryObject( HANDLE );
NTSTATUS NTAPI NtMakePermanentObject( HANDLE );
NTSTATUS NTAPI NtCancelIoFile( HANDLE, IO_STATUS_BLOCK * );
NTSTATUS NTAPI NtCancelIoFileEx( HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK * );
NTSTATUS NTAPI NtCancelSynchronousIoFile( HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK * );
NTSTATUS NTAPI NtDeleteFile( OBJECT_ATTRIBUTES * );
NTSTATUS NTAPI NtQueryAttributesFile( OBJECT_ATTRIBUTES *, void * );
NTSTATUS NTAPI NtQueryFullAttributesFile( OBJECT_ATTRIBUTES *, void * );
NTSTATUS NTAPI NtQueryEaFile( HANDLE, IO_STATUS_BLOCK *, void *, ULONG, BOOLEAN, void *, ULONG, ULONG *, BOOLEAN );
NTSTATUS NTAPI NtSetEaFile( HANDLE, IO_STATUS_BLOCK *, void *, ULONG );
NTSTATUS NTAPI NtQuerySecurityObject( HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG * );
NTSTATUS NTAPI NtSetSecurityObject( HANDLE, SECURITY_INFORMATION, void * );
NTSTATUS NTAPI NtQueryDirectoryFile( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, void *, ULONG, ULONG,
                                     BOOLEAN, UNICODE_STRING *, BOOLEAN );
NTSTATUS NTAPI NtNotifyChangeDirectoryFile( HANDLE, HANDLE, apc_routine, void *, IO_STATUS_BLOCK *, void *, ULONG,
                                            ULONG, BOOLEAN );
NTSTATUS NTAPI NtCreateSection( HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, const LARGE_INTEGER *, ULONG, ULONG,
                                HANDLE );
NTSTATUS NTAPI NtMapViewOfSection( HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, const LARGE_INTEGER *, SIZE_T *, ULONG,
                                   ULONG, ULONG );
NTSTATUS NTAPI NtUnmapViewOfSection( HANDLE, void * );
NTSTATUS NTAPI NtQuerySection( HANDLE, ULONG, void *, SIZE_T, SIZE_T * );
NTSTATUS NTAPI NtQueryVirtualMemory( HANDLE, const void *, ULONG, void *, SIZE_T, SIZE_T * );
NTSTATUS NTAPI NtReadVirtualMemory( HANDLE, const void *, void *, SIZE_T, SIZE_T * );
NTSTATUS NTAPI NtWriteVirtualMemory( HANDLE, void *, const void *, SIZE_T, SIZE_T * );
NTSTATUS NTAPI NtWaitForMultipleObjects( ULONG, const HANDLE *, ULONG, BOOLEAN, const LARGE_INTEGER * );
NTSTATUS NTAPI NtSignalAndWaitForSingleObject( HANDLE, HANDLE, BOOLEAN, const LARGE_INTEGER * );

#endif
