// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// The C interface of include/nspa_reparse.h, called as C calls it.  Every
// buffer stands against a page that cannot be touched, so that a byte read or
// written past its end ends the test.

type cPrefix struct {
	size, flags   uint32
	configDir     unsafe.Pointer
	configDirLen  uint32
	drivesLen     uint32
	drives        unsafe.Pointer
	keep, keepDrv *guarded
}

// The C structure ends before keep.
const cPrefixSize = unsafe.Offsetof(cPrefix{}.keep)

type cInfo struct {
	Form, Tag, Directory, Length, Entry, Reserved uint32
	Dev, Ino                                      uint64
}

const (
	rfcAlways = 1
	fixCase   = 2
	moved     = 8
)

var lib struct {
	encode       func(prefix unsafe.Pointer, dirfd, directory int32, buffer unsafe.Pointer, bufferLen uint32, text unsafe.Pointer, textSize uint32, textLen, form unsafe.Pointer) uint32
	decode       func(prefix, text unsafe.Pointer, textLen uint32, buffer unsafe.Pointer, bufferSize uint32, bufferLen, info unsafe.Pointer) uint32
	relocateText func(prefix, text unsafe.Pointer, textLen uint32, newText unsafe.Pointer, newSize uint32, newLen, moved unsafe.Pointer) uint32
	classify     func(dirfd int32, name unsafe.Pointer, nameLen uint32, info unsafe.Pointer) uint32
	entry        func(dirfd int32, name unsafe.Pointer, nameLen, dType uint32, info unsafe.Pointer) uint32
	get          func(prefix unsafe.Pointer, dirfd int32, name unsafe.Pointer, nameLen uint32, buffer unsafe.Pointer, bufferSize uint32, information unsafe.Pointer) uint32
	set          func(prefix unsafe.Pointer, dirfd int32, name unsafe.Pointer, nameLen uint32, dev, ino uint64, buffer unsafe.Pointer, bufferLen uint32, info unsafe.Pointer) uint32
	delete       func(prefix unsafe.Pointer, dirfd int32, name unsafe.Pointer, nameLen uint32, dev, ino uint64, buffer unsafe.Pointer, bufferLen uint32, info unsafe.Pointer) uint32
	remove       func(dirfd int32, name unsafe.Pointer, nameLen uint32, dev, ino uint64) uint32
	relocate     func(prefix unsafe.Pointer, dirfd int32, name unsafe.Pointer, nameLen uint32, dev, ino uint64, text unsafe.Pointer, textSize uint32, textLen, moved, info unsafe.Pointer) uint32
	recover      func(dirfd int32, age uint32, kept unsafe.Pointer) uint32
}

func loadLibrary(path string) error {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return err
	}
	for name, f := range map[string]any{
		"encode": &lib.encode, "decode": &lib.decode, "relocate_text": &lib.relocateText,
		"classify": &lib.classify, "entry": &lib.entry, "get": &lib.get, "set": &lib.set,
		"delete": &lib.delete, "remove": &lib.remove, "relocate": &lib.relocate, "recover": &lib.recover,
	} {
		purego.RegisterLibFunc(f, handle, "nspa_reparse_"+name)
	}
	return nil
}

// guarded is memory with an untouchable page behind its last byte.
type guarded struct {
	mapping []byte
	bytes   []byte
}

func guard(t testing.TB, size int) *guarded {
	t.Helper()
	page := os.Getpagesize()
	inner := (size + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, inner+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mprotect(m[inner:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(m) })
	return &guarded{mapping: m, bytes: m[inner-size : inner]}
}

func guardBytes(t testing.TB, b []byte) *guarded {
	t.Helper()
	g := guard(t, len(b))
	copy(g.bytes, b)
	return g
}

// ptr gives the address, also of nothing: just before the guard page.
func (g *guarded) ptr() unsafe.Pointer {
	if g == nil {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(g.bytes))
}

func newPrefix(t testing.TB, flags uint32, dir, drives string) *cPrefix {
	t.Helper()
	p := &cPrefix{size: uint32(cPrefixSize), flags: flags, keep: guardBytes(t, []byte(dir))}
	p.configDir, p.configDirLen = p.keep.ptr(), uint32(len(dir))
	if drives != "" {
		p.keepDrv = guardBytes(t, []byte(drives))
		p.drives, p.drivesLen = p.keepDrv.ptr(), uint32(len(drives))
	}
	return p
}

func vectorPrefix(t testing.TB, flags uint32) *cPrefix {
	return newPrefix(t, flags, vectors.Config, vectors.Drives)
}

func encode(t testing.TB, p *cPrefix, directory bool, raw []byte, size int) (text []byte, n, form, status uint32) {
	t.Helper()
	in, out := guardBytes(t, raw), guard(t, size)
	d := int32(0)
	if directory {
		d = 1
	}
	status = lib.encode(unsafe.Pointer(p), -1, d, in.ptr(), uint32(len(raw)), out.ptr(), uint32(size),
		unsafe.Pointer(&n), unsafe.Pointer(&form))
	if status == 0 {
		text = out.bytes[:n]
	}
	return text, n, form, status
}

func decode(t testing.TB, p *cPrefix, text []byte, size int) (raw []byte, n uint32, info cInfo, status uint32) {
	t.Helper()
	in, out := guardBytes(t, text), guard(t, size)
	status = lib.decode(unsafe.Pointer(p), in.ptr(), uint32(len(text)), out.ptr(), uint32(size),
		unsafe.Pointer(&n), unsafe.Pointer(&info))
	if status == 0 {
		raw = out.bytes[:n]
	}
	return raw, n, info, status
}

func relocateText(t testing.TB, p *cPrefix, text []byte, size int) (out []byte, n uint32, moved int32, status uint32) {
	t.Helper()
	in, room := guardBytes(t, text), guard(t, size)
	status = lib.relocateText(unsafe.Pointer(p), in.ptr(), uint32(len(text)), room.ptr(), uint32(size),
		unsafe.Pointer(&n), unsafe.Pointer(&moved))
	if status == 0 {
		out = room.bytes[:n]
	}
	return out, n, moved, status
}

func classify(t testing.TB, dirfd int, name string) (info cInfo, status uint32) {
	t.Helper()
	n := guardBytes(t, []byte(name))
	status = lib.classify(int32(dirfd), n.ptr(), uint32(len(name)), unsafe.Pointer(&info))
	return info, status
}

func entry(t testing.TB, dirfd int, name string, dType uint32) (info cInfo, status uint32) {
	t.Helper()
	n := guardBytes(t, []byte(name))
	status = lib.entry(int32(dirfd), n.ptr(), uint32(len(name)), dType, unsafe.Pointer(&info))
	return info, status
}

func get(t testing.TB, p *cPrefix, dirfd int, name string, size int) (out []byte, information, status uint32) {
	t.Helper()
	n, room := guardBytes(t, []byte(name)), guard(t, size)
	information = 0xdeadbeef
	status = lib.get(unsafe.Pointer(p), int32(dirfd), n.ptr(), uint32(len(name)), room.ptr(), uint32(size),
		unsafe.Pointer(&information))
	return room.bytes, information, status
}

func set(t testing.TB, p *cPrefix, dirfd int, name string, dev, ino uint64, raw []byte) (info cInfo, status uint32) {
	t.Helper()
	n, in := guardBytes(t, []byte(name)), guardBytes(t, raw)
	status = lib.set(unsafe.Pointer(p), int32(dirfd), n.ptr(), uint32(len(name)), dev, ino, in.ptr(), uint32(len(raw)),
		unsafe.Pointer(&info))
	return info, status
}

func deletePoint(t testing.TB, p *cPrefix, dirfd int, name string, dev, ino uint64, raw []byte) (info cInfo, status uint32) {
	t.Helper()
	n, in := guardBytes(t, []byte(name)), guardBytes(t, raw)
	status = lib.delete(unsafe.Pointer(p), int32(dirfd), n.ptr(), uint32(len(name)), dev, ino, in.ptr(), uint32(len(raw)),
		unsafe.Pointer(&info))
	return info, status
}

func remove(t testing.TB, dirfd int, name string, dev, ino uint64) uint32 {
	t.Helper()
	n := guardBytes(t, []byte(name))
	return lib.remove(int32(dirfd), n.ptr(), uint32(len(name)), dev, ino)
}

func relocate(t testing.TB, p *cPrefix, dirfd int, name string, size int) (text []byte, moved int32, info cInfo, status uint32) {
	t.Helper()
	n, room := guardBytes(t, []byte(name)), guard(t, size)
	var length uint32
	status = lib.relocate(unsafe.Pointer(p), int32(dirfd), n.ptr(), uint32(len(name)), 0, 0, room.ptr(), uint32(size),
		unsafe.Pointer(&length), unsafe.Pointer(&moved), unsafe.Pointer(&info))
	if status == 0 {
		text = room.bytes[:length]
	}
	return text, moved, info, status
}

func recoverDir(dirfd int, age uint32) (kept, status uint32) {
	status = lib.recover(int32(dirfd), age, unsafe.Pointer(&kept))
	return kept, status
}

// nullCalls calls each function with every pointer NULL, then with lengths that
// promise what is not there.
func nullCalls(t testing.TB, dirfd int32) map[string]uint32 {
	p := vectorPrefix(t, 0)
	pp := unsafe.Pointer(p)
	name := guardBytes(t, []byte("name"))
	n := name.ptr()
	var word uint32
	w := unsafe.Pointer(&word)
	small := *p
	small.size--
	noDir, longDir, longDrives := *p, *p, *p
	noDir.configDir = nil
	longDir.configDirLen = 4096
	longDrives.drivesLen = 8193
	return map[string]uint32{
		"encode":               lib.encode(nil, -1, 0, nil, 0, nil, 0, nil, nil),
		"encode, prefix":       lib.encode(nil, -1, 0, n, 4, n, 4, w, w),
		"encode, text":         lib.encode(pp, -1, 0, n, 4, nil, 4, w, w),
		"encode, text_len":     lib.encode(pp, -1, 0, n, 4, n, 4, nil, w),
		"encode, form":         lib.encode(pp, -1, 0, n, 4, n, 4, w, nil),
		"encode, buffer":       lib.encode(pp, -1, 0, nil, 4, n, 4, w, w),
		"prefix too small":     lib.encode(unsafe.Pointer(&small), -1, 0, n, 4, n, 4, w, w),
		"prefix without dir":   lib.encode(unsafe.Pointer(&noDir), -1, 0, n, 4, n, 4, w, w),
		"prefix dir too long":  lib.encode(unsafe.Pointer(&longDir), -1, 0, n, 4, n, 4, w, w),
		"drives too long":      lib.encode(unsafe.Pointer(&longDrives), -1, 0, n, 4, n, 4, w, w),
		"decode":               lib.decode(nil, nil, 0, nil, 0, nil, nil),
		"decode, prefix":       lib.decode(nil, n, 4, n, 4, w, nil),
		"decode, text":         lib.decode(pp, nil, 4, n, 4, w, nil),
		"decode, buffer":       lib.decode(pp, n, 4, nil, 4, w, nil),
		"decode, len":          lib.decode(pp, n, 4, n, 4, nil, nil),
		"decode, long":         lib.decode(pp, n, 4096, n, 4, w, nil),
		"relocate_text":        lib.relocateText(nil, nil, 0, nil, 0, nil, nil),
		"relocate_text, new":   lib.relocateText(pp, n, 4, nil, 4, w, w),
		"relocate_text, len":   lib.relocateText(pp, n, 4, n, 4, nil, w),
		"relocate_text, moved": lib.relocateText(pp, n, 4, n, 4, w, nil),
		"relocate_text, long":  lib.relocateText(pp, n, 1<<31, n, 4, w, w),
		"classify":             lib.classify(dirfd, nil, 0, nil),
		"classify, name":       lib.classify(dirfd, nil, 4, n),
		"classify, info":       lib.classify(dirfd, n, 4, nil),
		"entry":                lib.entry(dirfd, nil, 0, 0, nil),
		"entry, name":          lib.entry(dirfd, nil, 4, 8, n),
		"get":                  lib.get(nil, dirfd, nil, 0, nil, 0, nil),
		"get, prefix":          lib.get(nil, dirfd, n, 4, n, 4, w),
		"get, name":            lib.get(pp, dirfd, nil, 4, n, 4, w),
		"get, information":     lib.get(pp, dirfd, n, 4, n, 4, nil),
		"set":                  lib.set(nil, dirfd, nil, 0, 0, 0, nil, 0, nil),
		"set, name":            lib.set(pp, dirfd, nil, 4, 0, 0, n, 4, nil),
		"set, buffer":          lib.set(pp, dirfd, n, 4, 0, 0, nil, 4, nil),
		"delete":               lib.delete(nil, dirfd, nil, 0, 0, 0, nil, 0, nil),
		"delete, buffer":       lib.delete(pp, dirfd, n, 4, 0, 0, nil, 4, nil),
		"remove, name":         lib.remove(dirfd, nil, 4, 0, 0),
		"relocate":             lib.relocate(nil, dirfd, nil, 0, 0, 0, nil, 0, nil, nil, nil),
		"relocate, text":       lib.relocate(pp, dirfd, n, 4, 0, 0, nil, 4, w, w, nil),
		"relocate, name":       lib.relocate(pp, dirfd, nil, 4, 0, 0, n, 4, w, w, nil),
	}
}

// noBuffer calls GET without an output buffer.
func noBuffer(t testing.TB, dirfd int) [2]uint32 {
	p := vectorPrefix(t, 0)
	name := guardBytes(t, []byte("name"))
	var word uint32
	return [2]uint32{
		lib.get(unsafe.Pointer(p), int32(dirfd), name.ptr(), 4, nil, 100, unsafe.Pointer(&word)),
		lib.get(unsafe.Pointer(p), int32(dirfd), name.ptr(), 4, name.ptr(), 0, unsafe.Pointer(&word)),
	}
}
