// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"os"
	"runtime"
	"structs"
	"sync"
	"testing"
	"unicode/utf16"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/abi/libs"
)

// cInit is struct nspa_init; TestLayout compares.
type cInit struct {
	_              structs.HostLayout
	Size           uint32
	Abi            uint32
	TableFD        int32
	ControlFD      int32
	JournalFD      int32
	Owner          uint64
	Inherited      uintptr
	InheritedCount uint32
	Prefix         uintptr
	Host           [9]uintptr
}

// cShare is struct nspa_share.
type cShare struct {
	Handles, Opens, Readers, Writers, Deleters uint32
	SharedRead, SharedWrite, SharedDelete      uint32
	MapWrite, MapImage, MapAccess, _           uint32
}

// cAlloc gives memory that is not Go's, as C passes it.
func cAlloc(t testing.TB, size int) unsafe.Pointer {
	t.Helper()
	m, err := unix.Mmap(-1, 0, (size+4095)&^4095, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(m) })
	return unsafe.Pointer(&m[0])
}

// cRequest is a request for reading path, all of it in memory of C.
func cRequest(t testing.TB, path string) *Request {
	t.Helper()
	unixName := unsafe.Slice((*byte)(cAlloc(t, len(path)+1)), len(path)+1)
	copy(unixName, path)
	chars := utf16.Encode([]rune(`\??\unix` + path))
	ntName := unsafe.Slice((*uint16)(cAlloc(t, 2*len(chars))), len(chars))
	copy(ntName, chars)
	req := (*Request)(cAlloc(t, int(unsafe.Sizeof(Request{}))))
	*req = Request{
		UnixName: &unixName[0], NTName: &ntName[0], NTLen: uint32(2 * len(chars)),
		Access: fileReadData, Sharing: fileShareAll, Disposition: fileOpen,
		Options: fileSynchronousIONonAlert, Attributes: objCaseInsensitive,
	}
	return req
}

// server is libnspa_server.so on a thread of its own, which holds the lease.
type server struct {
	calls   chan func()
	publish func(dev, ino uint64, own, clients unsafe.Pointer)
	retire  func(journal int32)
}

var startServer = sync.OnceValues(func() (*server, error) {
	dir, err := os.MkdirTemp("", "nspa")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path, err := libs.Find(libs.Server, dir)
	if err != nil {
		return nil, err
	}
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	var create func() int32
	var attach func(id uint32, owner *uint64) int32
	s := &server{calls: make(chan func())}
	purego.RegisterLibFunc(&create, lib, "nspa_server_create_table")
	purego.RegisterLibFunc(&attach, lib, "nspa_server_attach")
	purego.RegisterLibFunc(&s.publish, lib, "nspa_server_publish")
	purego.RegisterLibFunc(&s.retire, lib, "nspa_server_retire")
	go func() {
		runtime.LockOSThread()
		for call := range s.calls {
			call()
		}
	}()

	m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	init := (*cInit)(unsafe.Pointer(&m[0]))
	s.do(func() {
		init.TableFD = create()
		init.ControlFD, init.JournalFD = -1, -1
		attach(1234, &init.Owner)
	})
	if _, err := Attach(unsafe.Pointer(init)); err != nil {
		return nil, err
	}
	return s, nil
})

// do runs f on the server's thread.
func (s *server) do(f func()) {
	done := make(chan struct{})
	s.calls <- func() { f(); close(done) }
	<-done
}

// share publishes an open of wineserver's, or that there is none.
func (s *server) share(dev, ino uint64, own cShare) {
	var clients cShare
	s.do(func() { s.publish(dev, ino, unsafe.Pointer(&own), unsafe.Pointer(&clients)) })
}

// attached makes this process a client of a real table.
func attached(t testing.TB) *server {
	t.Helper()
	s, err := startServer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
