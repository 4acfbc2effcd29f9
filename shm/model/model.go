// SPDX-License-Identifier: LGPL-2.1-or-later

// Package model is Windows' sharing between opens of a file as Wine's server
// applies it: one walk over all other opens (check_sharing in Wine's
// server/fd.c). It is written from the rule, in Go and without counters, so
// that tests can compare the shared table with it.
package model

// Access bits that matter for sharing. The last three mark the file of a
// section.
const (
	ReadData   = 0x00000001
	WriteData  = 0x00000002
	AppendData = 0x00000004
	Execute    = 0x00000020
	Delete     = 0x00010000

	MapAccess = 0x20000000
	MapWrite  = 0x40000000
	MapImage  = 0x80000000

	reading = ReadData | Execute
	writing = WriteData | AppendData
)

// Sharing bits.
const (
	ShareRead   = 1
	ShareWrite  = 2
	ShareDelete = 4
)

// Status says why an open is refused.
type Status uint32

// The statuses of check_sharing, with NT's values.
const (
	Success          Status = 0
	SharingViolation Status = 0xC0000043
	CannotDelete     Status = 0xC0000121
	UserMappedFile   Status = 0xC0000243
)

// Open is one open of a file.
type Open struct {
	Access, Sharing uint32
	// What the request asks for besides; no property of the open.
	Truncate, DeleteOnClose bool
}

// takesPart reports whether an open's sharing mode means anything.
func (o Open) takesPart() bool { return o.Access&(reading|writing|Delete) != 0 }

// File is the opens of one file, by whatever names them.
type File[ID comparable] map[ID]Open

// Check reports whether one more open is allowed.
func (f File[ID]) Check(o Open) Status {
	wants := func(bits uint32) bool { return o.Access&bits != 0 }

	var section Open
	for _, other := range f {
		section.Access |= other.Access & (MapAccess | MapWrite | MapImage)
		if !other.takesPart() {
			continue
		}
		switch {
		case wants(reading) && other.Sharing&ShareRead == 0,
			wants(writing) && other.Sharing&ShareWrite == 0,
			wants(Delete) && other.Sharing&ShareDelete == 0:
			return SharingViolation
		}
	}
	switch {
	case section.Access&MapWrite != 0 && o.Sharing&ShareWrite == 0,
		section.Access&MapImage != 0 && wants(WriteData):
		return SharingViolation
	case section.Access&MapImage != 0 && o.DeleteOnClose:
		return CannotDelete
	case section.Access&MapAccess != 0 && o.Truncate:
		return UserMappedFile
	}
	if !o.takesPart() {
		return Success
	}
	for _, other := range f {
		switch {
		case other.Access&reading != 0 && o.Sharing&ShareRead == 0,
			other.Access&writing != 0 && o.Sharing&ShareWrite == 0,
			other.Access&Delete != 0 && o.Sharing&ShareDelete == 0:
			return SharingViolation
		}
	}
	return Success
}
