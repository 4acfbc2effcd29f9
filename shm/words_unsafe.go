package shm

import (
	"sync/atomic"
	"unsafe"
)

// word and quad copy one value out of the mapping. An offset outside of it, or
// unaligned, reads as zero: offsets are computed from checked indices, so this
// is a second line of defence, not a case that occurs.

func (t *Table) word(off uintptr) uint32 {
	if off%4 != 0 || off+4 > uintptr(len(t.mem)) || off+4 < off {
		return 0
	}
	return atomic.LoadUint32((*uint32)(unsafe.Pointer(&t.mem[off])))
}

func (t *Table) quad(off uintptr) uint64 {
	if off%8 != 0 || off+8 > uintptr(len(t.mem)) || off+8 < off {
		return 0
	}
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&t.mem[off])))
}

// Base returns the address of the mapping, a struct nspa_table. It is valid
// until Unmap.
func (t *Table) Base() uintptr {
	if len(t.mem) == 0 {
		return 0
	}
	return uintptr(unsafe.Pointer(&t.mem[0]))
}
