// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package change

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Werror -fvisibility=hidden -DNSPA_CHANGE_STEPS
#include <stdlib.h>
#include "change.h"

extern int nspa_change_stepping;
*/
import "C"

import (
	"strings"
	"unsafe"
)

//export nspaChangeStep
func nspaChangeStep(call *C.char) C.int { return C.int(runStep(C.GoString(call))) }

func setStepping(on bool) {
	C.nspa_change_stepping = 0
	if on {
		C.nspa_change_stepping = 1
	}
}

// Set is nspa_server_set_reparse().
func Set(dirfd int, name string, dev, ino uint64, v Value) (Result, uint32) {
	if strings.IndexByte(name, 0) >= 0 {
		return Result{}, objectNameInvalid
	}
	cname, raw, text := C.CString(name), C.CBytes(v.Raw), C.CBytes(v.Text)
	defer C.free(unsafe.Pointer(cname))
	defer C.free(raw)
	defer C.free(text)
	value := C.struct_nspa_reparse_value{
		raw: raw, raw_len: C.uint32_t(len(v.Raw)),
		text: (*C.char)(text), text_len: C.uint32_t(len(v.Text)),
		status: C.int32_t(int32(v.Status)), otherwise: C.int32_t(int32(v.Otherwise)), flags: flags(v.Sync),
	}
	var out C.struct_nspa_changed
	status := C.nspa_server_set_reparse(C.int(dirfd), cname, C.uint64_t(dev), C.uint64_t(ino), &value, &out)
	return result(status, &out), uint32(status)
}

// Delete is nspa_server_delete_reparse().
func Delete(dirfd int, name string, dev, ino uint64, header []byte, sync bool) (Result, uint32) {
	if strings.IndexByte(name, 0) >= 0 {
		return Result{}, objectNameInvalid
	}
	cname, h := C.CString(name), C.CBytes(header)
	defer C.free(unsafe.Pointer(cname))
	defer C.free(h)
	var out C.struct_nspa_changed
	status := C.nspa_server_delete_reparse(C.int(dirfd), cname, C.uint64_t(dev), C.uint64_t(ino),
		h, C.uint32_t(len(header)), flags(sync), &out)
	return result(status, &out), uint32(status)
}

// Remove is nspa_server_remove_reparse().
func Remove(dirfd int, name string, dev, ino uint64) uint32 {
	if strings.IndexByte(name, 0) >= 0 {
		return objectNameInvalid
	}
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return uint32(C.nspa_server_remove_reparse(C.int(dirfd), cname, C.uint64_t(dev), C.uint64_t(ino)))
}

// ReplaceText is nspa_server_replace_text().
func ReplaceText(dirfd int, name string, dev, ino uint64, old, text string) (Result, uint32) {
	cname, cold, ctext := C.CString(name), C.CString(old), C.CString(text)
	defer C.free(unsafe.Pointer(cname))
	defer C.free(unsafe.Pointer(cold))
	defer C.free(unsafe.Pointer(ctext))
	var out C.struct_nspa_changed
	status := C.nspa_server_replace_text(C.int(dirfd), cname, C.uint64_t(dev), C.uint64_t(ino), cold, ctext, &out)
	return result(status, &out), uint32(status)
}

// Recover is nspa_server_recover().
func Recover(dirfd int, age uint32) (Recovered, uint32) {
	var r C.struct_nspa_recovered
	status := C.nspa_server_recover(C.int(dirfd), C.uint32_t(age), &r)
	return Recovered{int(r.finished), int(r.removed), int(r.kept)}, uint32(status)
}

// Repair is nspa_server_repair().
func Repair(prefix string) (changed int, status uint32) {
	p := C.CString(prefix)
	defer C.free(unsafe.Pointer(p))
	var n C.uint32_t
	status = uint32(C.nspa_server_repair(p, &n))
	return int(n), status
}

const objectNameInvalid = 0xC0000033

func flags(sync bool) C.uint32_t {
	if sync {
		return C.NSPA_CHANGE_SYNC
	}
	return 0
}

func result(status C.int32_t, out *C.struct_nspa_changed) Result {
	if status != 0 {
		return Result{}
	}
	return Result{
		Form: Form(out.form), Tag: uint32(out.tag), Directory: out.directory != 0,
		Dev: uint64(out.dev), Ino: uint64(out.ino), Disk: C.GoString(&out.disk[0]),
	}
}

// Link is a link text taken apart by include/nspa_link.h.
type Link struct {
	Tag                 uint32
	Relative, Directory bool
	Path                string
	Marked              bool
}

// ParseLink is nspa_link_parse().
func ParseLink(text []byte) Link {
	p := C.CBytes(text)
	defer C.free(p)
	var l C.struct_nspa_link
	C.nspa_link_parse((*C.char)(p), C.uint32_t(len(text)), &l)
	return Link{uint32(l.tag), l.relative != 0, l.directory != 0, C.GoStringN(l.path, C.int(l.path_len)), l.inside != nil}
}

// Decode is nspa_link_decode(): the buffer of a link text, nil if it has none.
func Decode(dir string, roots map[byte]string, text []byte, moved bool) []byte {
	var prefix C.struct_nspa_link_prefix
	prefix.dir, prefix.dir_len = C.CString(dir), C.uint32_t(len(dir))
	defer C.free(unsafe.Pointer(prefix.dir))
	for letter, root := range roots {
		if root == "/" {
			root = ""
		}
		i := letter - 'a'
		prefix.roots[i], prefix.root_lens[i] = C.CString(root), C.uint32_t(len(root))
		defer C.free(unsafe.Pointer(prefix.roots[i]))
	}
	p := C.CBytes(text)
	defer C.free(p)
	buffer := (*C.uchar)(C.malloc(C.NSPA_LINK_MAX_BUFFER))
	defer C.free(unsafe.Pointer(buffer))
	size := C.nspa_link_decode(&prefix, (*C.char)(p), C.uint32_t(len(text)), boolInt(moved), buffer)
	if size == 0 {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(buffer), C.int(size))
}

func boolInt(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
