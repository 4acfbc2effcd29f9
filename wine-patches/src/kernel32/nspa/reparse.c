/*
 * Links and mounted volumes
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

#include "kernel_private.h"
#include "nspa/reparse.h"

#define VOLUME_NAME_LEN 49      /* \\?\Volume{guid}\ without the NUL */

BOOLEAN nspa_create_symbolic_link_a( const char *link, const char *target, DWORD flags )
{
    WCHAR *linkW = NULL, *targetW = NULL;
    BOOLEAN ret = FALSE;

    if (link && !(linkW = FILE_name_AtoW( link, TRUE ))) return FALSE;
    if (!target || (targetW = FILE_name_AtoW( target, TRUE ))) ret = CreateSymbolicLinkW( linkW, targetW, flags );
    HeapFree( GetProcessHeap(), 0, linkW );
    HeapFree( GetProcessHeap(), 0, targetW );
    return ret;
}

/* Mount a volume on an empty directory, as a mount point with the volume's name. */
BOOL nspa_set_mount_point( const WCHAR *path, const WCHAR *volume )
{
    struct
    {
        REPARSE_DATA_BUFFER head;
        WCHAR names[2 * (VOLUME_NAME_LEN + 1)];
    } data = { .head = { .ReparseTag = IO_REPARSE_TAG_MOUNT_POINT } };
    const ULONG size = offsetof( REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer ) + 2 * (VOLUME_NAME_LEN + 1) * sizeof(WCHAR);
    FILE_ATTRIBUTE_TAG_INFO info;
    DWORD done;
    HANDLE dir;
    BOOL ret;

    if (!path || !volume)
    {
        SetLastError( ERROR_INVALID_PARAMETER );
        return FALSE;
    }
    if (!*path || path[wcslen( path ) - 1] != '\\')
    {
        SetLastError( ERROR_INVALID_NAME );
        return FALSE;
    }
    if (wcslen( volume ) != VOLUME_NAME_LEN || wcsnicmp( volume, L"\\\\?\\Volume{", 11 ) || wcscmp( volume + VOLUME_NAME_LEN - 2, L"}\\" ))
    {
        SetLastError( ERROR_INVALID_PARAMETER );
        return FALSE;
    }
    if (wcslen( path ) <= 3)  /* drive letters are the mount manager's */
    {
        SetLastError( ERROR_CALL_NOT_IMPLEMENTED );
        return FALSE;
    }
    dir = CreateFileW( path, FILE_READ_ATTRIBUTES | FILE_WRITE_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, 0 );
    if (dir == INVALID_HANDLE_VALUE) return FALSE;
    if ((ret = GetFileInformationByHandleEx( dir, FileAttributeTagInfo, &info, sizeof(info) )))
    {
        if (!(info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        {
            SetLastError( ERROR_DIRECTORY );
            ret = FALSE;
        }
        else if (info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        {
            SetLastError( ERROR_INVALID_PARAMETER );
            ret = FALSE;
        }
    }
    if (ret)
    {
        WCHAR *name = (WCHAR *)((char *)&data + offsetof( REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer ));

        /* Windows stores the NT name for showing as well */
        wcscpy( name, volume );
        name[1] = '?';
        wcscpy( name + VOLUME_NAME_LEN + 1, name );
        data.head.ReparseDataLength = size - offsetof( REPARSE_DATA_BUFFER, GenericReparseBuffer );
        data.head.MountPointReparseBuffer.SubstituteNameLength = VOLUME_NAME_LEN * sizeof(WCHAR);
        data.head.MountPointReparseBuffer.PrintNameOffset = (VOLUME_NAME_LEN + 1) * sizeof(WCHAR);
        data.head.MountPointReparseBuffer.PrintNameLength = VOLUME_NAME_LEN * sizeof(WCHAR);
        ret = DeviceIoControl( dir, FSCTL_SET_REPARSE_POINT, &data, size, NULL, 0, &done, NULL );
    }
    CloseHandle( dir );
    return ret;
}

BOOL nspa_set_mount_point_a( const char *path, const char *volume )
{
    WCHAR *pathW = NULL, *volumeW = NULL;
    BOOL ret = FALSE;

    if (path && !(pathW = FILE_name_AtoW( path, TRUE ))) return FALSE;
    if (!volume || (volumeW = FILE_name_AtoW( volume, TRUE ))) ret = nspa_set_mount_point( pathW, volumeW );
    HeapFree( GetProcessHeap(), 0, pathW );
    HeapFree( GetProcessHeap(), 0, volumeW );
    return ret;
}

BOOL nspa_delete_mount_point_a( const char *path )
{
    WCHAR *pathW = NULL;
    BOOL ret;

    if (path && !(pathW = FILE_name_AtoW( path, TRUE ))) return FALSE;
    ret = DeleteVolumeMountPointW( pathW );
    HeapFree( GetProcessHeap(), 0, pathW );
    return ret;
}
