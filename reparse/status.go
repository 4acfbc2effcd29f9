// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Status is an NTSTATUS.  Functions of this package return it as an error;
// success is the nil error.
type Status uint32

// The statuses that this package gives.
const (
	StatusSuccess                  Status = 0x00000000
	StatusBufferOverflow           Status = 0x80000005
	StatusDeviceBusy               Status = 0x80000011
	StatusInvalidHandle            Status = 0xC0000008
	StatusInvalidParameter         Status = 0xC000000D
	StatusInvalidDeviceRequest     Status = 0xC0000010
	StatusNoMemory                 Status = 0xC0000017
	StatusAccessDenied             Status = 0xC0000022
	StatusBufferTooSmall           Status = 0xC0000023
	StatusObjectNameInvalid        Status = 0xC0000033
	StatusObjectNameNotFound       Status = 0xC0000034
	StatusObjectNameCollision      Status = 0xC0000035
	StatusSharingViolation         Status = 0xC0000043
	StatusDiskFull                 Status = 0xC000007F
	StatusMediaWriteProtected      Status = 0xC00000A2
	StatusFileIsADirectory         Status = 0xC00000BA
	StatusNotSameDevice            Status = 0xC00000D4
	StatusInternalError            Status = 0xC00000E5
	StatusInvalidUserBuffer        Status = 0xC00000E8
	StatusDirectoryNotEmpty        Status = 0xC0000101
	StatusNotADirectory            Status = 0xC0000103
	StatusNameTooLong              Status = 0xC0000106
	StatusTooManyOpenedFiles       Status = 0xC000011F
	StatusIODeviceError            Status = 0xC0000185
	StatusInvalidBufferSize        Status = 0xC0000206
	StatusNotAReparsePoint         Status = 0xC0000275
	StatusIOReparseTagInvalid      Status = 0xC0000276
	StatusIOReparseTagMismatch     Status = 0xC0000277
	StatusIOReparseDataInvalid     Status = 0xC0000278
	StatusReparsePointNotResolved  Status = 0xC0000280
	StatusRetry                    Status = 0xC000022D
	StatusVolumeNotUpgraded        Status = 0xC000029C
	StatusReparseAttributeConflict Status = 0xC00002B2
)

var statusNames = map[Status]string{
	StatusSuccess:                  "SUCCESS",
	StatusBufferOverflow:           "BUFFER_OVERFLOW",
	StatusDeviceBusy:               "DEVICE_BUSY",
	StatusInvalidHandle:            "INVALID_HANDLE",
	StatusInvalidParameter:         "INVALID_PARAMETER",
	StatusInvalidDeviceRequest:     "INVALID_DEVICE_REQUEST",
	StatusNoMemory:                 "NO_MEMORY",
	StatusAccessDenied:             "ACCESS_DENIED",
	StatusBufferTooSmall:           "BUFFER_TOO_SMALL",
	StatusObjectNameInvalid:        "OBJECT_NAME_INVALID",
	StatusObjectNameNotFound:       "OBJECT_NAME_NOT_FOUND",
	StatusObjectNameCollision:      "OBJECT_NAME_COLLISION",
	StatusSharingViolation:         "SHARING_VIOLATION",
	StatusDiskFull:                 "DISK_FULL",
	StatusMediaWriteProtected:      "MEDIA_WRITE_PROTECTED",
	StatusFileIsADirectory:         "FILE_IS_A_DIRECTORY",
	StatusNotSameDevice:            "NOT_SAME_DEVICE",
	StatusInternalError:            "INTERNAL_ERROR",
	StatusInvalidUserBuffer:        "INVALID_USER_BUFFER",
	StatusDirectoryNotEmpty:        "DIRECTORY_NOT_EMPTY",
	StatusNotADirectory:            "NOT_A_DIRECTORY",
	StatusNameTooLong:              "NAME_TOO_LONG",
	StatusTooManyOpenedFiles:       "TOO_MANY_OPENED_FILES",
	StatusIODeviceError:            "IO_DEVICE_ERROR",
	StatusInvalidBufferSize:        "INVALID_BUFFER_SIZE",
	StatusNotAReparsePoint:         "NOT_A_REPARSE_POINT",
	StatusIOReparseTagInvalid:      "IO_REPARSE_TAG_INVALID",
	StatusIOReparseTagMismatch:     "IO_REPARSE_TAG_MISMATCH",
	StatusIOReparseDataInvalid:     "IO_REPARSE_DATA_INVALID",
	StatusReparsePointNotResolved:  "REPARSE_POINT_NOT_RESOLVED",
	StatusRetry:                    "RETRY",
	StatusVolumeNotUpgraded:        "VOLUME_NOT_UPGRADED",
	StatusReparseAttributeConflict: "REPARSE_ATTRIBUTE_CONFLICT",
}

// Error gives the name that ntstatus.h has for s.
func (s Status) Error() string {
	if name, ok := statusNames[s]; ok {
		return "STATUS_" + name
	}
	return fmt.Sprintf("STATUS %08X", uint32(s))
}

// StatusOf gives the NTSTATUS of any error of this package: nil is success, an
// errno is translated, and anything unforeseen is STATUS_INTERNAL_ERROR.
func StatusOf(err error) Status {
	if err == nil {
		return StatusSuccess
	}
	var s Status
	if errors.As(err, &s) {
		return s
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		if s, ok := errnoStatus[errno]; ok {
			return s
		}
	}
	return StatusInternalError
}

// ntError gives err as a Status, or nil.
func ntError(err error) error {
	if err == nil {
		return nil
	}
	return StatusOf(err)
}

var errnoStatus = map[unix.Errno]Status{
	unix.EBADF:        StatusInvalidHandle,
	unix.EINVAL:       StatusInvalidParameter,
	unix.EACCES:       StatusAccessDenied,
	unix.EPERM:        StatusAccessDenied,
	unix.EROFS:        StatusMediaWriteProtected,
	unix.ENOENT:       StatusObjectNameNotFound,
	unix.EEXIST:       StatusObjectNameCollision,
	unix.ENOTDIR:      StatusNotADirectory,
	unix.EISDIR:       StatusFileIsADirectory,
	unix.ENOTEMPTY:    StatusDirectoryNotEmpty,
	unix.EXDEV:        StatusNotSameDevice,
	unix.EBUSY:        StatusDeviceBusy,
	unix.ETXTBSY:      StatusDeviceBusy,
	unix.ENOSPC:       StatusDiskFull,
	unix.EDQUOT:       StatusDiskFull,
	unix.ENAMETOOLONG: StatusNameTooLong,
	unix.ELOOP:        StatusReparsePointNotResolved,
	unix.EMFILE:       StatusTooManyOpenedFiles,
	unix.ENFILE:       StatusTooManyOpenedFiles,
	unix.ENOMEM:       StatusNoMemory,
	unix.EIO:          StatusIODeviceError,
	unix.ENOTSUP:      StatusInvalidDeviceRequest,
	unix.ENOSYS:       StatusInvalidDeviceRequest,
}
