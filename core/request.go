package core

import "structs"

// Request is struct nspa_open of include/nspa.h: NtCreateFile's arguments. Its
// pointers lead to C memory that is valid during the call.
type Request struct {
	_           structs.HostLayout
	UnixName    *byte
	NTName      *uint16
	NTLen       uint32 // bytes
	Access      uint32
	Sharing     uint32
	Disposition uint32
	Options     uint32
	Attributes  uint32
	Flags       uint32
	Mode        uint32 // with hasStat
	Dev         uint64
	Ino         uint64
}

// Request.Flags.
const (
	hasRoot = 1
	hasSD   = 2
	hasStat = 4
)

// Opened is struct nspa_opened of include/nspa.h.
type Opened struct {
	_      structs.HostLayout
	Handle uint32
	FD     int32
	Access uint32 // generic rights mapped
	Reason uint32
	// Directory is nonzero for a directory.
	Directory uint32
	_         uint32
	Size      uint64 // of a file when it was opened, in bytes; 0 if not looked at
}

// Inode is struct nspa_inode of table.h: a file's st_dev and st_ino.
type Inode struct {
	Dev, Ino uint64
}
