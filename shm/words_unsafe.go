// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

import (
	"sync/atomic"
	"unsafe"
)

// memory is a mapping of something that others write to.
type memory []byte

// word and quad copy one value out. An offset outside of the mapping, or
// unaligned, reads as zero: offsets are computed from checked indices, so this
// is a second line of defence, not a case that occurs.

func (m memory) word(off uintptr) uint32 {
	if off%4 != 0 || off+4 > uintptr(len(m)) || off+4 < off {
		return 0
	}
	return atomic.LoadUint32((*uint32)(unsafe.Pointer(&m[off])))
}

func (m memory) quad(off uintptr) uint64 {
	if off%8 != 0 || off+8 > uintptr(len(m)) || off+8 < off {
		return 0
	}
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&m[off])))
}
