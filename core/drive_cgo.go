// SPDX-License-Identifier: LGPL-2.1-or-later

package core

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#include <stdlib.h>
#include "device.h"
#include "gate.h"
#include "hints.h"
*/
import "C"

import (
	"embed"
	"unsafe"

	_ "github.com/nspa-dev/nspa/include" // rebuild when a header changes
	_ "github.com/nspa-dev/nspa/shm"     // the C that attaches to the shared table
)

// capi includes the headers too, and the go command does not see a #include of
// another directory: it rebuilds what imports this package when they change.
//
//go:embed *.h
var _ embed.FS

// reason is enum nspa_reason.
type reason uint32

// The reasons that the gate knows.
const (
	reasonServed             reason = C.NSPA_SERVED
	reasonBadRequest         reason = C.NSPA_BAD_REQUEST
	reasonRootDirectory      reason = C.NSPA_ROOT_DIRECTORY
	reasonSecurityDescriptor reason = C.NSPA_SECURITY_DESCRIPTOR
	reasonDisposition        reason = C.NSPA_DISPOSITION
	reasonOptions            reason = C.NSPA_OPTIONS
	reasonAsynchronous       reason = C.NSPA_ASYNCHRONOUS
	reasonAccessRights       reason = C.NSPA_ACCESS
	reasonAttributes         reason = C.NSPA_ATTRIBUTES
	reasonLoader             reason = C.NSPA_LOADER
)

const hasRoot, hasSD = C.NSPA_OPEN_HAS_ROOT, C.NSPA_OPEN_HAS_SD

// request is what the gate looks at of a struct nspa_open.
type request struct {
	name                                                     []uint16
	ntLen                                                    uint32 // in bytes; of name if it is zero and name is not empty
	access, sharing, disposition, options, attributes, flags uint32
}

// gate runs nspa_gate.
func gate(req *request) (access uint32, why reason) {
	var open C.struct_nspa_open
	open.nt_len = C.uint32_t(req.ntLen)
	if n := len(req.name); n > 0 {
		name := C.malloc(C.size_t(2 * n))
		defer C.free(name)
		copy(unsafe.Slice((*uint16)(name), n), req.name)
		open.nt_name = (*C.uint16_t)(name)
		if req.ntLen == 0 {
			open.nt_len = C.uint32_t(2 * n)
		}
	}
	open.access = C.uint32_t(req.access)
	open.sharing = C.uint32_t(req.sharing)
	open.disposition = C.uint32_t(req.disposition)
	open.options = C.uint32_t(req.options)
	open.attributes = C.uint32_t(req.attributes)
	open.flags = C.uint32_t(req.flags)
	var mapped C.uint32_t
	why = reason(C.nspa_gate(&open, &mapped))
	return uint32(mapped), why
}

// hints is struct nspa_hints, in memory of C.
type hints struct{ c *C.struct_nspa_hints }

func newHints() hints {
	c := (*C.struct_nspa_hints)(C.aligned_alloc(64, C.sizeof_struct_nspa_hints))
	*c = C.struct_nspa_hints{}
	C.nspa_hints_init(c)
	return hints{c}
}

func (h hints) free() { C.free(unsafe.Pointer(h.c)) }

func (h hints) of(name string) uint64 {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return uint64(C.nspa_hint_of(h.c, c))
}

func (h hints) in(dir, name string) uint64 {
	d, n := C.CString(dir), C.CString(name)
	defer C.free(unsafe.Pointer(d))
	defer C.free(unsafe.Pointer(n))
	return uint64(C.nspa_hint_in(h.c, d, n))
}

func (h hints) known(hint uint64) bool { return C.nspa_hint_known(h.c, C.uint64_t(hint)) != 0 }
func (h hints) add(hint uint64)        { C.nspa_hint_add(h.c, C.uint64_t(hint)) }
func (h hints) drop(hint uint64)       { C.nspa_hint_drop(h.c, C.uint64_t(hint)) }

// isServerDevice runs nspa_is_server_device.
func isServerDevice(fd int, dev uint64) bool {
	return C.nspa_is_server_device(C.int(fd), C.uint64_t(dev)) != 0
}
