// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
)

// CheckReplace decides whether FSCTL_SET_REPARSE_POINT may put the buffer next
// in the place of current.  Both are whole buffers with a good header.
func CheckReplace(current, next []byte) error {
	tag := Tag(binary.LittleEndian.Uint32(next))
	if Tag(binary.LittleEndian.Uint32(current)) != tag {
		return StatusIOReparseTagMismatch
	}
	if !tag.Microsoft() && !bytes.Equal(current[HeaderSize:GUIDSize], next[HeaderSize:GUIDSize]) {
		return StatusReparseAttributeConflict
	}
	return nil
}

// CheckDelete decides whether FSCTL_DELETE_REPARSE_POINT with the input buffer
// header may remove current, a whole buffer, or nil when the object is no
// reparse point.  The order of the checks is what Windows shows.
//
// Windows' own tools send 8 bytes for a tag of Microsoft's, others 24.
func CheckDelete(current, header []byte) error {
	if len(header) == 0 {
		return StatusInvalidBufferSize
	}
	if current == nil {
		return StatusNotAReparsePoint
	}
	if len(header) != HeaderSize && len(header) != GUIDSize {
		return StatusIOReparseDataInvalid
	}
	tag := Tag(binary.LittleEndian.Uint32(header))
	if binary.LittleEndian.Uint16(header[4:]) != 0 ||
		(len(header) == HeaderSize && !tag.Microsoft()) {
		return StatusIOReparseDataInvalid
	}
	if tag <= tagReservedLast {
		return StatusIOReparseTagInvalid
	}
	if Tag(binary.LittleEndian.Uint32(current)) != tag {
		return StatusIOReparseTagMismatch
	}
	if !tag.Microsoft() && !bytes.Equal(current[HeaderSize:GUIDSize], header[HeaderSize:GUIDSize]) {
		return StatusReparseAttributeConflict
	}
	return nil
}

// Output answers FSCTL_GET_REPARSE_POINT: it copies as much of the buffer
// point into out as Windows does and gives the value of
// IO_STATUS_BLOCK.Information.  A nil point means that the object is no reparse
// point.  On BUFFER_TOO_SMALL Windows leaves Information alone.
func Output(out, point []byte) (information int, err error) {
	if len(out) == 0 {
		return 0, StatusInvalidUserBuffer
	}
	if point == nil {
		return 0, StatusNotAReparsePoint
	}
	if len(out) < MinOutput {
		return 0, StatusBufferTooSmall
	}
	n := copy(out, point)
	if n < len(point) {
		return n, StatusBufferOverflow
	}
	return n, nil
}
