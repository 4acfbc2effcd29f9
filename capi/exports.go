// Command capi is built with -buildmode=c-shared into libnspa.so.
//
// The functions that include/nspa.h documents are in C (entry.c): each blocks
// all signals and then calls one of the functions here. Nothing else calls
// them.
package main

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#cgo LDFLAGS: -Wl,--wrap=pthread_getattr_np
#include "../core/table.h"
*/
import "C"

import (
	"unsafe"

	"github.com/nspa-dev/nspa/core"
	_ "github.com/nspa-dev/nspa/include" // rebuild when a header changes
)

func main() {}

// nspaGoInit attaches the process. On failure it leaves a terminated line that
// says why in a buffer of size bytes.
//
//export nspaGoInit
func nspaGoInit(init *C.struct_nspa_init, files **C.struct_nspa_files, line *C.char, size C.size_t) (status C.int32_t) {
	defer func() {
		if recover() != nil {
			status = ntstatus(core.StatusInternalError)
		}
	}()
	table, err := core.Attach(unsafe.Pointer(init))
	if err != nil {
		buf := unsafe.Slice((*byte)(unsafe.Pointer(line)), int(size))
		n := copy(buf[:len(buf)-1], "nspa: "+err.Error()+"; files are opened by wineserver")
		buf[n] = 0
		return ntstatus(core.StatusOf(err))
	}
	*files = (*C.struct_nspa_files)(table)
	return 0
}

func ntstatus(s core.Status) C.int32_t {
	return C.int32_t(int32(uint32(s)))
}

// nspaGoVersion returns when the Go runtime is up: entering Go waits for that.
//
//export nspaGoVersion
func nspaGoVersion() C.uint32_t {
	return C.NSPA_ABI_VERSION
}

//export nspaGoOpen
func nspaGoOpen(open *C.struct_nspa_open, opened *C.struct_nspa_opened, drained *C.struct_nspa_inode) C.uint32_t {
	return C.uint32_t(core.Open((*core.Request)(unsafe.Pointer(open)), (*core.Opened)(unsafe.Pointer(opened)),
		(*core.Inode)(unsafe.Pointer(drained))))
}

//export nspaGoStats
func nspaGoStats(opens *C.uint64_t, count C.uint32_t) {
	core.Stats(unsafe.Slice((*uint64)(unsafe.Pointer(opens)), int(count)))
}
