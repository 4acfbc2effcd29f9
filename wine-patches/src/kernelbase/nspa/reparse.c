/*
 * Symbolic links and mounted volumes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdarg.h>
#include <string.h>

#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winbase.h"
#include "winnls.h"
#include "winternl.h"
#include "winioctl.h"
#include "ddk/ntifs.h"

#include "kernelbase.h"
#include "nspa/reparse.h"
#include "wine/debug.h"

WINE_DEFAULT_DEBUG_CHANNEL(file);

static const WCHAR volume_prefix[] = L"\\??\\Volume{";
#define VOLUME_NAME_LEN 49      /* \??\Volume{guid}\ without the NUL */

static NTSTATUS open_link( OBJECT_ATTRIBUTES *attr, ACCESS_MASK access, ULONG options, HANDLE *handle )
{
    IO_STATUS_BLOCK io;

    return NtOpenFile( handle, access | SYNCHRONIZE, attr, &io, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       options | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT );
}

static NTSTATUS open_link_path( const WCHAR *path, ACCESS_MASK access, ULONG options, HANDLE *handle )
{
    OBJECT_ATTRIBUTES attr;
    UNICODE_STRING name;
    NTSTATUS status;

    if (!RtlDosPathNameToNtPathName_U( path, &name, NULL, NULL )) return STATUS_OBJECT_PATH_NOT_FOUND;
    InitializeObjectAttributes( &attr, &name, OBJ_CASE_INSENSITIVE, 0, NULL );
    status = open_link( &attr, access, options, handle );
    RtlFreeUnicodeString( &name );
    return status;
}

/* The reparse data of a handle; the caller frees it. */
static NTSTATUS get_reparse_data( HANDLE handle, REPARSE_DATA_BUFFER **data, ULONG *size )
{
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    if (!(*data = HeapAlloc( GetProcessHeap(), HEAP_ZERO_MEMORY, MAXIMUM_REPARSE_DATA_BUFFER_SIZE )))
        return STATUS_NO_MEMORY;
    status = NtFsControlFile( handle, NULL, NULL, NULL, &io, FSCTL_GET_REPARSE_POINT, NULL, 0,
                              *data, MAXIMUM_REPARSE_DATA_BUFFER_SIZE );
    if (!status && io.Information < offsetof( REPARSE_DATA_BUFFER, GenericReparseBuffer ))
        status = STATUS_IO_REPARSE_DATA_INVALID;
    if (!status)
    {
        *size = io.Information;
        return STATUS_SUCCESS;
    }
    HeapFree( GetProcessHeap(), 0, *data );
    *data = NULL;
    return status;
}

/* The substitute name of a junction or mounted volume, if it is within the data. */
static BOOL get_mount_target( const REPARSE_DATA_BUFFER *data, ULONG size, UNICODE_STRING *name )
{
    const ULONG start = offsetof( REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer );
    USHORT offset, len;

    if (data->ReparseTag != IO_REPARSE_TAG_MOUNT_POINT || size < start) return FALSE;
    offset = data->MountPointReparseBuffer.SubstituteNameOffset;
    len = data->MountPointReparseBuffer.SubstituteNameLength;
    if ((offset | len) % sizeof(WCHAR) || size - start < offset || size - start - offset < len) return FALSE;
    name->Buffer = (WCHAR *)((char *)data->MountPointReparseBuffer.PathBuffer + offset);
    name->Length = name->MaximumLength = len;
    return TRUE;
}

static BOOL is_volume_name( const UNICODE_STRING *name )
{
    ULONG len = name->Length / sizeof(WCHAR);

    return (len == VOLUME_NAME_LEN || len == VOLUME_NAME_LEN - 1) &&
           !wcsnicmp( name->Buffer, volume_prefix, ARRAY_SIZE( volume_prefix ) - 1 ) &&
           name->Buffer[VOLUME_NAME_LEN - 2] == '}' && (len < VOLUME_NAME_LEN || name->Buffer[VOLUME_NAME_LEN - 1] == '\\');
}

/* The volume that is mounted at a directory, in name, which has 50 characters. */
static NTSTATUS get_mounted_volume( HANDLE handle, WCHAR *name )
{
    REPARSE_DATA_BUFFER *data;
    UNICODE_STRING target;
    NTSTATUS status;
    ULONG size;

    if ((status = get_reparse_data( handle, &data, &size ))) return status;
    if (get_mount_target( data, size, &target ) && is_volume_name( &target ))
    {
        memcpy( name, target.Buffer, (VOLUME_NAME_LEN - 1) * sizeof(WCHAR) );
        wcscpy( name + VOLUME_NAME_LEN - 1, L"\\" );
        name[1] = '\\';  /* a name of Win32's */
    }
    else status = STATUS_INVALID_PARAMETER;  /* a junction */
    HeapFree( GetProcessHeap(), 0, data );
    return status;
}

/* The data of a symbolic link; its names are as they are stored. */
static NTSTATUS make_symlink_data( const UNICODE_STRING *subst, const UNICODE_STRING *print, ULONG flags,
                                   REPARSE_DATA_BUFFER **data, ULONG *size )
{
    const ULONG start = offsetof( REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer );
    char *names;

    *size = start + subst->Length + sizeof(WCHAR) + print->Length + sizeof(WCHAR);
    if (*size > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) return STATUS_IO_REPARSE_DATA_INVALID;
    if (!(*data = HeapAlloc( GetProcessHeap(), HEAP_ZERO_MEMORY, *size ))) return STATUS_NO_MEMORY;
    (*data)->ReparseTag = IO_REPARSE_TAG_SYMLINK;
    (*data)->ReparseDataLength = *size - offsetof( REPARSE_DATA_BUFFER, GenericReparseBuffer );
    (*data)->SymbolicLinkReparseBuffer.SubstituteNameLength = subst->Length;
    (*data)->SymbolicLinkReparseBuffer.PrintNameOffset = subst->Length + sizeof(WCHAR);
    (*data)->SymbolicLinkReparseBuffer.PrintNameLength = print->Length;
    (*data)->SymbolicLinkReparseBuffer.Flags = flags;
    names = (char *)(*data)->SymbolicLinkReparseBuffer.PathBuffer;
    memcpy( names, subst->Buffer, subst->Length );
    memcpy( names + subst->Length + sizeof(WCHAR), print->Buffer, print->Length );
    return STATUS_SUCCESS;
}

/* Create a link of this data. What was made for it goes again if it cannot be one. */
static NTSTATUS create_link( UNICODE_STRING *name, BOOL directory, const REPARSE_DATA_BUFFER *data, ULONG size )
{
    FILE_DISPOSITION_INFORMATION disposition = { TRUE };
    OBJECT_ATTRIBUTES attr;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    HANDLE handle;

    InitializeObjectAttributes( &attr, name, OBJ_CASE_INSENSITIVE, 0, NULL );
    status = NtCreateFile( &handle, GENERIC_WRITE | DELETE | SYNCHRONIZE, &attr, &io, NULL, FILE_ATTRIBUTE_NORMAL, 0,
                           FILE_CREATE, FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT |
                           FILE_OPEN_FOR_BACKUP_INTENT | (directory ? FILE_DIRECTORY_FILE : FILE_NON_DIRECTORY_FILE),
                           NULL, 0 );
    if (status) return status;
    status = NtFsControlFile( handle, NULL, NULL, NULL, &io, FSCTL_SET_REPARSE_POINT, (void *)data, size, NULL, 0 );
    if (status) NtSetInformationFile( handle, &io, &disposition, sizeof(disposition), FileDispositionInformation );
    NtClose( handle );
    return status;
}

/* What a link to target holds: a relative name as it is, also one from the volume's root;
 * any other as the NT name it stands for. */
static NTSTATUS get_link_names( const WCHAR *target, UNICODE_STRING *subst, UNICODE_STRING *print, ULONG *flags )
{
    ULONG len = wcslen( target );
    WCHAR *full;

    *flags = 0;
    if (!len) return STATUS_INVALID_PARAMETER;
    if (len > MAXIMUM_REPARSE_DATA_BUFFER_SIZE / sizeof(WCHAR)) return STATUS_NAME_TOO_LONG;
    switch (RtlDetermineDosPathNameType_U( target ))
    {
    case RELATIVE_PATH:
    case ABSOLUTE_PATH:
        *flags = SYMLINK_FLAG_RELATIVE;
        if (!RtlCreateUnicodeString( subst, target ) || !RtlCreateUnicodeString( print, target )) return STATUS_NO_MEMORY;
        return STATUS_SUCCESS;

    case RELATIVE_DRIVE_PATH:  /* c:name, which depends on this process */
        len = GetFullPathNameW( target, 0, NULL, NULL );
        if (!len || !(full = HeapAlloc( GetProcessHeap(), 0, len * sizeof(WCHAR) ))) return STATUS_NO_MEMORY;
        GetFullPathNameW( target, len, full, NULL );
        RtlCreateUnicodeString( print, full );
        HeapFree( GetProcessHeap(), 0, full );
        break;

    default:
        RtlCreateUnicodeString( print, target );
        break;
    }
    if (!print->Buffer) return STATUS_NO_MEMORY;
    return RtlDosPathNameToNtPathName_U_WithStatus( target, subst, NULL, NULL );
}

BOOLEAN nspa_create_symbolic_link( const WCHAR *link, const WCHAR *target, DWORD flags )
{
    UNICODE_STRING subst = { 0 }, print = { 0 }, name = { 0 };
    REPARSE_DATA_BUFFER *data = NULL;
    ULONG size, link_flags;
    NTSTATUS status;

    TRACE( "%s %s %#lx\n", debugstr_w( link ), debugstr_w( target ), flags );

    if (!link || !target || flags & ~(SYMBOLIC_LINK_FLAG_DIRECTORY | SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE))
    {
        SetLastError( ERROR_INVALID_PARAMETER );
        return FALSE;
    }
    if (!(status = RtlDosPathNameToNtPathName_U_WithStatus( link, &name, NULL, NULL )) &&
        !(flags & SYMBOLIC_LINK_FLAG_DIRECTORY) && name.Length && name.Buffer[name.Length / sizeof(WCHAR) - 1] == '\\')
        status = STATUS_OBJECT_NAME_INVALID;
    if (!status) status = get_link_names( target, &subst, &print, &link_flags );
    if (!status) status = make_symlink_data( &subst, &print, link_flags, &data, &size );
    if (!status) status = create_link( &name, flags & SYMBOLIC_LINK_FLAG_DIRECTORY, data, size );
    HeapFree( GetProcessHeap(), 0, data );
    RtlFreeUnicodeString( &name );
    RtlFreeUnicodeString( &subst );
    RtlFreeUnicodeString( &print );
    if (!status) SetLastError( 0 );
    return set_ntstatus( status );
}

BOOL nspa_copy_symbolic_link( const WCHAR *source, const WCHAR *dest, DWORD *flags, BOOL *ret )
{
    FILE_ATTRIBUTE_TAG_INFORMATION info;
    REPARSE_DATA_BUFFER *data = NULL;
    UNICODE_STRING name;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    HANDLE handle;
    ULONG size;

    if (!(*flags & COPY_FILE_COPY_SYMLINK) || !source || !dest || !nspa_reparse()) return FALSE;
    *flags &= ~COPY_FILE_COPY_SYMLINK;
    if (open_link_path( source, FILE_READ_ATTRIBUTES, FILE_NON_DIRECTORY_FILE, &handle )) return FALSE;
    status = NtQueryInformationFile( handle, &io, &info, sizeof(info), FileAttributeTagInformation );
    if (status || !(info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) || !IsReparseTagNameSurrogate( info.ReparseTag ) ||
        get_reparse_data( handle, &data, &size ))
    {
        NtClose( handle );
        return FALSE;
    }
    NtClose( handle );

    status = RtlDosPathNameToNtPathName_U_WithStatus( dest, &name, NULL, NULL );
    if (!status)
    {
        status = create_link( &name, FALSE, data, size );
        if (status == STATUS_OBJECT_NAME_COLLISION && !(*flags & COPY_FILE_FAIL_IF_EXISTS) && DeleteFileW( dest ))
            status = create_link( &name, FALSE, data, size );
        RtlFreeUnicodeString( &name );
    }
    HeapFree( GetProcessHeap(), 0, data );
    *ret = set_ntstatus( status );
    return TRUE;
}

BOOL nspa_get_mounted_volume( const WCHAR *path, WCHAR *volume, DWORD size )
{
    WCHAR name[VOLUME_NAME_LEN + 1];
    UNICODE_STRING given;
    NTSTATUS status;
    HANDLE handle;

    /* a volume by its own name, \\?\Volume{guid}\ */
    if (!wcsncmp( path, L"\\\\?\\", 4 ) && wcslen( path ) == VOLUME_NAME_LEN)
    {
        wcscpy( name, path );
        name[1] = '?';
        RtlInitUnicodeString( &given, name );
        if (is_volume_name( &given ))
        {
            lstrcpynW( volume, path, size );
            return TRUE;
        }
    }
    if (!(status = open_link_path( path, FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE, &handle )))
    {
        if (!(status = get_mounted_volume( handle, name ))) lstrcpynW( volume, name, size );
        NtClose( handle );
    }
    return set_ntstatus( status );
}

BOOL nspa_delete_mount_point( const WCHAR *path )
{
    REPARSE_DATA_BUFFER data = { .ReparseTag = IO_REPARSE_TAG_MOUNT_POINT };
    WCHAR name[VOLUME_NAME_LEN + 1];
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    HANDLE handle;

    if (!path || !*path || path[wcslen( path ) - 1] != '\\')
    {
        SetLastError( ERROR_INVALID_NAME );
        return FALSE;
    }
    if (!(status = open_link_path( path, FILE_READ_ATTRIBUTES | FILE_WRITE_DATA, FILE_DIRECTORY_FILE, &handle )))
    {
        if (!(status = get_mounted_volume( handle, name )))
            status = NtFsControlFile( handle, NULL, NULL, NULL, &io, FSCTL_DELETE_REPARSE_POINT, &data,
                                      REPARSE_GUID_DATA_BUFFER_HEADER_SIZE, NULL, 0 );
        NtClose( handle );
    }
    return set_ntstatus( status );
}

BOOL nspa_is_volume_root( OBJECT_ATTRIBUTES *attr, DWORD tag )
{
    WCHAR name[VOLUME_NAME_LEN + 1];
    NTSTATUS status;
    HANDLE handle;

    if (tag != IO_REPARSE_TAG_MOUNT_POINT) return FALSE;
    if (!nspa_reparse()) return TRUE;
    if (open_link( attr, FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE, &handle )) return TRUE;
    status = get_mounted_volume( handle, name );
    NtClose( handle );
    return status != STATUS_INVALID_PARAMETER;  /* a file system mounted by Unix has no data */
}

void nspa_add_volume_flags( OBJECT_ATTRIBUTES *root, DWORD *flags )
{
    char buffer[sizeof(FILE_FS_ATTRIBUTE_INFORMATION) + MAX_PATH * sizeof(WCHAR)];
    FILE_FS_ATTRIBUTE_INFORMATION *info = (FILE_FS_ATTRIBUTE_INFORMATION *)buffer;
    IO_STATUS_BLOCK io;
    HANDLE handle;

    if (!nspa_reparse() || (*flags & FILE_SUPPORTS_REPARSE_POINTS)) return;
    if (NtOpenFile( &handle, SYNCHRONIZE, root, &io, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT )) return;
    if (!NtQueryVolumeInformationFile( handle, &io, info, sizeof(buffer), FileFsAttributeInformation ))
        *flags |= info->FileSystemAttributes & FILE_SUPPORTS_REPARSE_POINTS;
    NtClose( handle );
}
