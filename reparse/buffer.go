// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
)

// Tag is the kind of a reparse point.
type Tag uint32

// The tags whose data this package understands.  Any other is opaque.
const (
	TagMountPoint Tag = 0xA0000003
	TagSymlink    Tag = 0xA000000C
	TagLXSymlink  Tag = 0xA000001D
)

// The tags that winnt.h reserves: none of them names a reparse point.
const tagReservedLast Tag = 2

// Microsoft reports whether the tag is one of Microsoft's, so that the buffer
// has no GUID.
func (t Tag) Microsoft() bool { return t&0x80000000 != 0 }

// Directory reports whether the tag may be set on a directory with entries.
func (t Tag) Directory() bool { return t&0x10000000 != 0 }

// Sizes in bytes.
const (
	MaxBuffer    = 16384 // MAXIMUM_REPARSE_DATA_BUFFER_SIZE
	HeaderSize   = 8     // tag, data length, reserved
	GUIDSize     = 24    // REPARSE_GUID_DATA_BUFFER_HEADER_SIZE
	MinOutput    = 28    // the least output buffer that Windows takes for GET
	mountNames   = 16    // PathBuffer of a mount point
	symlinkNames = 20    // PathBuffer of a symbolic link
	lxTarget     = 12    // target of a WSL link
	lxVersion    = 2
	flagRelative = 1
)

// Buffer is a REPARSE_DATA_BUFFER or REPARSE_GUID_DATA_BUFFER taken apart.
// Which fields mean something follows from Tag.
type Buffer struct {
	Tag Tag

	// TagMountPoint and TagSymlink.  UTF-16 as the program gave it, which
	// may be invalid.
	Substitute, Print []uint16
	Flags             uint32 // TagSymlink: 1 is SYMLINK_FLAG_RELATIVE

	Target []byte // TagLXSymlink: Unix path, not empty, without NUL

	GUID [16]byte // tags that are not Microsoft's
	Data []byte   // any other tag
}

// Relative reports whether the target is relative to the link's directory.
func (b *Buffer) Relative() bool {
	return b.Tag == TagSymlink && b.Flags&flagRelative != 0
}

// CheckHeader gives the tag of a buffer after the checks that need no look at
// the data: size, the form that goes with the tag, and reserved tags
// (MS-FSA, FSCTL_SET_REPARSE_POINT).
func CheckHeader(raw []byte) (Tag, error) {
	if len(raw) < HeaderSize || len(raw) > MaxBuffer {
		return 0, StatusIOReparseDataInvalid
	}
	tag := Tag(binary.LittleEndian.Uint32(raw))
	header := GUIDSize
	if tag.Microsoft() {
		header = HeaderSize
	}
	if len(raw) != header+int(binary.LittleEndian.Uint16(raw[4:])) {
		return 0, StatusIOReparseDataInvalid
	}
	if tag <= tagReservedLast {
		return 0, StatusIOReparseTagInvalid
	}
	return tag, nil
}

// Parse takes a buffer apart as FSCTL_SET_REPARSE_POINT must.  The result
// shares no memory with raw.
//
//	size under 8, over 16384 or not what the header says   IO_REPARSE_DATA_INVALID
//	GUID missing (tag not Microsoft's) or present (is)     IO_REPARSE_DATA_INVALID
//	tag 0, 1 or 2                                          IO_REPARSE_TAG_INVALID
//	mount point not in canonical layout                    IO_REPARSE_DATA_INVALID
//	name out of bounds, odd offset or length               IO_REPARSE_DATA_INVALID
//	empty relative target                                  IO_REPARSE_DATA_INVALID
//	WSL link: version not 2, target empty or with a NUL    IO_REPARSE_DATA_INVALID
//
// Where a target leads is nobody's business here: Windows accepts any.
func Parse(raw []byte) (*Buffer, error) {
	tag, err := CheckHeader(raw)
	if err != nil {
		return nil, err
	}
	b := &Buffer{Tag: tag}
	switch {
	case tag == TagMountPoint:
		return b, b.parseNames(raw, mountNames)
	case tag == TagSymlink:
		if len(raw) < symlinkNames {
			return nil, StatusIOReparseDataInvalid
		}
		b.Flags = binary.LittleEndian.Uint32(raw[16:])
		return b, b.parseNames(raw, symlinkNames)
	case tag == TagLXSymlink:
		if len(raw) <= lxTarget || binary.LittleEndian.Uint32(raw[8:]) != lxVersion {
			return nil, StatusIOReparseDataInvalid
		}
		b.Target = bytes.Clone(raw[lxTarget:])
		if bytes.IndexByte(b.Target, 0) >= 0 {
			return nil, StatusIOReparseDataInvalid
		}
	case tag.Microsoft():
		b.Data = bytes.Clone(raw[HeaderSize:])
	default:
		copy(b.GUID[:], raw[HeaderSize:GUIDSize])
		b.Data = bytes.Clone(raw[GUIDSize:])
	}
	return b, nil
}

// parseNames reads the two names, whose characters start at byte base.
func (b *Buffer) parseNames(raw []byte, base int) error {
	if len(raw) < base {
		return StatusIOReparseDataInvalid
	}
	field := func(i int) int { return int(binary.LittleEndian.Uint16(raw[HeaderSize+2*i:])) }
	subOff, subLen, printOff, printLen := field(0), field(1), field(2), field(3)
	names := raw[base:]
	if (subOff|subLen|printOff|printLen)&1 != 0 ||
		subOff+subLen > len(names) || printOff+printLen > len(names) {
		return StatusIOReparseDataInvalid
	}
	if b.Tag == TagMountPoint &&
		(subOff != 0 || printOff != subLen+2 || len(names) != printOff+printLen+2) {
		return StatusIOReparseDataInvalid
	}
	if b.Relative() && subLen == 0 {
		return StatusIOReparseDataInvalid
	}
	b.Substitute = readUTF16(names[subOff : subOff+subLen])
	b.Print = readUTF16(names[printOff : printOff+printLen])
	return nil
}

// Bytes gives the canonical form of b: substitute name first, print name
// second, each with a NUL, nothing after.  It fails with
// IO_REPARSE_DATA_INVALID when b does not fit a buffer.
func (b *Buffer) Bytes() ([]byte, error) {
	var out []byte
	switch {
	case b.Tag == TagMountPoint:
		out = b.appendNames(make([]byte, mountNames))
	case b.Tag == TagSymlink:
		out = b.appendNames(make([]byte, symlinkNames))
		binary.LittleEndian.PutUint32(out[16:], b.Flags)
	case b.Tag == TagLXSymlink:
		out = append(make([]byte, lxTarget), b.Target...)
		binary.LittleEndian.PutUint32(out[8:], lxVersion)
	case b.Tag.Microsoft():
		out = append(make([]byte, HeaderSize), b.Data...)
	default:
		out = append(make([]byte, GUIDSize), b.Data...)
		copy(out[HeaderSize:], b.GUID[:])
	}
	if len(out) > MaxBuffer {
		return nil, StatusIOReparseDataInvalid
	}
	header := HeaderSize
	if !b.Tag.Microsoft() {
		header = GUIDSize
	}
	binary.LittleEndian.PutUint32(out, uint32(b.Tag))
	binary.LittleEndian.PutUint16(out[4:], uint16(len(out)-header))
	return out, nil
}

func (b *Buffer) appendNames(out []byte) []byte {
	base := len(out)
	out = appendUTF16(out, b.Substitute)
	printOff := len(out) - base
	out = appendUTF16(out, b.Print)
	if len(out) > MaxBuffer {
		return out // the fields below would overflow; Bytes refuses it
	}
	put := func(i, v int) { binary.LittleEndian.PutUint16(out[HeaderSize+2*i:], uint16(v)) }
	put(0, 0)
	put(1, 2*len(b.Substitute))
	put(2, printOff)
	put(3, 2*len(b.Print))
	return out
}

func readUTF16(b []byte) []uint16 {
	s := make([]uint16, len(b)/2)
	for i := range s {
		s[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return s
}

// appendUTF16 appends s and a NUL.
func appendUTF16(dst []byte, s []uint16) []byte {
	for _, c := range s {
		dst = binary.LittleEndian.AppendUint16(dst, c)
	}
	return append(dst, 0, 0)
}
