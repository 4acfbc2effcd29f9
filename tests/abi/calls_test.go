// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package abi

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	success            = 0
	alreadyInitialized = 0xc0000510
	fileInvalid        = 0xc0000098
	invalidParameter   = 0xc000000d
	revisionMismatch   = 0xc0000059
	notSupported       = 0xc00000bb
	bufferOverflow     = 0x80000005

	reasons = 22 // NSPA_REASON_COUNT
)

func TestVersion(t *testing.T) {
	if got := lib.version(); got != 5 {
		t.Errorf("client ABI %d", got)
	}
	if got := lib.serverABI(); got != 4 {
		t.Errorf("server ABI %d", got)
	}
}

func TestReasonStrings(t *testing.T) {
	seen := map[string]uint32{}
	for i := range uint32(reasons) {
		text := lib.reason(i)
		if other, ok := seen[text]; ok || text == "" || text == "unknown" {
			t.Errorf("reason %d is %q, as is %d", i, text, other)
		}
		seen[text] = i
	}
	for _, i := range []uint32{reasons, reasons + 1, 1 << 31, ^uint32(0)} {
		if got := lib.reason(i); got != "unknown" {
			t.Errorf("reason %d is %q", i, got)
		}
	}
}

func TestNullPointers(t *testing.T) {
	for name, result := range nullCalls() {
		if result[0] != result[1] {
			t.Errorf("%s: %#x, want %#x", name, result[0], result[1])
		}
	}
}

// TestServerBeforeTable: every function of the server's library may be called
// in vain.
func TestServerBeforeTable(t *testing.T) {
	if tableMade {
		t.Skip("the table has been made")
	}
	var owner uint64
	if got := lib.serverAttach(32, pinned(t, &owner)); got != -1 {
		t.Errorf("attach: %d", got)
	}
	var share [12]uint32
	lib.serverPublish(1, 2, pinned(t, &share), pinned(t, &share))
	lib.serverVerify(1, 2, pinned(t, &share))
	lib.serverRetire(0, 0)
	lib.serverRelease(^uint32(0), 0)
	lib.serverEnd(1, 2, 1)
	lib.serverVolumes()
	lib.serverNames()
	lib.serverTrees(1)
	if lib.serverCount(1, 2) != 0 || lib.serverWatch(1, 2) != 0 || lib.serverBegin(1, 2) != 0 {
		t.Error("files counted without a table")
	}
}

func TestInitErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*cInit)
		want uint32
		line bool
	}{
		{"size", func(i *cInit) { i.size-- }, revisionMismatch, false},
		{"abi", func(i *cInit) { i.abi = 1 }, revisionMismatch, false},
		{"inherited", func(i *cInit) { i.inheritedCount = 1 }, invalidParameter, true},
		{"callback", func(i *cInit) { i.host.promote = 0 }, invalidParameter, true},
		{"no warn", func(i *cInit) { i.host.promote, i.host.warn = 0, 0 }, invalidParameter, false},
		{"table", func(*cInit) {}, fileInvalid, true},
	} {
		if test.name == "table" && tableMade {
			continue // attached by now, by another test or an earlier run
		}
		init := goodInit()
		test.edit(&init)
		theHost.lines = nil
		if got := callInit(t, init); got != test.want {
			t.Errorf("%s: %#x, want %#x", test.name, got, test.want)
		}
		if (len(theHost.lines) == 1) != test.line || len(theHost.lines) > 1 {
			t.Errorf("%s: lines %q", test.name, theHost.lines)
		}
		for _, line := range theHost.lines {
			if !strings.HasPrefix(line, "nspa: ") || !strings.HasSuffix(line, "; files are opened by wineserver") {
				t.Errorf("%s: %q", test.name, line)
			}
		}
	}
}

var tableMade bool

// attach makes the table, on a thread that stays, and attaches this process.
var attach = sync.OnceValue(func() uint32 {
	init := goodInit()
	made := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		var p runtime.Pinner
		p.Pin(&init.owner)
		p.Pin(&init.controlFD)
		init.tableFD = lib.serverCreate(pointer(&init.controlFD))
		init.journalFD = lib.serverAttach(32, pointer(&init.owner))
		p.Unpin()
		tableMade = true
		close(made)
		select {} // the lease ends with the thread
	}()
	<-made
	return initNow(init)
})

func TestOpenReadClose(t *testing.T) {
	if status := attach(); status != success {
		t.Fatalf("nspa_init: %#x, %q", status, theHost.lines)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	opened, status := tryBypass(t, newOpen(t, path))
	if status != success || opened.reason != 0 || lib.isLocal(uint64(opened.handle)) == 0 || opened.access != 1 {
		t.Fatalf("%#x, %+v", status, opened)
	}
	fd := cachedFD(opened.handle)
	var data [8]byte
	if n, err := unix.Pread(fd, data[:], 0); err != nil || string(data[:n]) != "data" {
		t.Errorf("%q, %v", data[:n], err)
	}
	handle := uint64(opened.handle)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	if name, size, status := unixName(t, handle, len(real)+1); name != real || size != uintptr(len(real)+1) || status != success {
		t.Errorf("%q, %d, %#x", name, size, status)
	}
	if _, size, status := unixName(t, handle, len(real)); size != uintptr(len(real)+1) || status != bufferOverflow {
		t.Errorf("%d, %#x", size, status)
	}
	if name, status := ntName(t, handle, 1000); name != `\??\unix`+path || status != success {
		t.Errorf("%q, %#x", name, status)
	}
	if _, status := ntName(t, handle, 4); status != bufferOverflow {
		t.Errorf("%#x", status)
	}
	file, status := lend(t, handle)
	if status != success || file.handle != opened.handle || int(file.fd) != fd || file.sharing != 7 || file.options != 0x20 {
		t.Errorf("%#x, %+v", status, file)
	}
	if info, status := query(t, handle); status != success || info.access != 1 || info.sharing != 7 || info.options != 0x20 ||
		info.attributes != 0x40 || info.directory != 0 {
		t.Errorf("%#x, %+v", status, info)
	}
	if lib.hadSize(handle, 4) == 0 || lib.hadSize(handle, 5) != 0 {
		t.Error("not the size that it had")
	}
	if got := lib.close(handle | 3); got != success {
		t.Errorf("close: %#x", got)
	}
	if got := lib.close(handle); got != notSupported {
		t.Errorf("second close: %#x", got)
	}
	if !slices.Contains(theHost.forgotten, opened.handle) {
		t.Error("the descriptor stayed in the cache")
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("the descriptor: %v", err)
	}
	if _, status := tryBypass(t, newOpen(t, path+"-missing")); status != notSupported {
		t.Errorf("a missing file: %#x", status)
	}
	if s := stats(t); s.opens[0] == 0 || s.closes == 0 || s.handles != 0 || s.local != 0 {
		t.Errorf("%+v", s)
	}
	if lib.epoch() == 0 {
		t.Error("no volume epoch")
	}
	if got := initNow(goodInit()); got != alreadyInitialized {
		t.Errorf("second nspa_init: %#x", got)
	}
	if got := lib.serverCreate(nil); got != -1 {
		t.Errorf("second table: %d", got)
	}
}

func TestPromote(t *testing.T) {
	if status := attach(); status != success {
		t.Fatalf("nspa_init: %#x", status)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	theHost.promoted, theHost.status = nil, invalidParameter
	opened, _ := tryBypass(t, newOpen(t, path))
	handle := uint64(opened.handle)
	if got := lib.promote(handle); got != handle {
		t.Errorf("%#x", got)
	}
	if got := lib.promoteStatus(handle); got != invalidParameter {
		t.Errorf("%#x", got)
	}
	theHost.status = success
	if got := lib.promote(handle); got != handle {
		t.Errorf("%#x", got)
	}
	lib.promote(handle)
	if got := lib.promoteStatus(handle); got != success {
		t.Errorf("%#x", got)
	}
	if want := []uint32{opened.handle, opened.handle, opened.handle}; !slices.Equal(theHost.promoted, want) {
		t.Errorf("promoted %#x, want two refused and one not", theHost.promoted)
	}
	if got := lib.close(handle); got != notSupported {
		t.Errorf("close: %#x", got)
	}
	next, _ := tryBypass(t, newOpen(t, path))
	if next.handle == opened.handle {
		t.Error("a value that wineserver holds was given out")
	}
	fd := cachedFD(opened.handle)
	lib.closed(handle)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF || cachedFD(opened.handle) != -1 {
		t.Errorf("the descriptor: %v", err)
	}
	if got := lib.close(uint64(next.handle)); got != success {
		t.Errorf("close: %#x", got)
	}

	inheritable := newOpen(t, path)
	inheritable.attributes = 2
	theHost.promoted = nil
	var handles []uint64
	for i := range 20 {
		open := inheritable
		if i%2 != 0 {
			open = newOpen(t, path)
		}
		opened, _ := tryBypass(t, open)
		handles = append(handles, uint64(opened.handle))
	}
	if got := lib.inheritable(); got != 10 || len(theHost.promoted) != 10 {
		t.Errorf("%d inheritable, %d promoted", got, len(theHost.promoted))
	}
	if got := lib.handles(pinned(t, &handles[0]), uint32(len(handles))); got != 10 || len(theHost.promoted) != 20 {
		t.Errorf("%d of the list, %d promoted", got, len(theHost.promoted))
	}
	for _, handle := range handles {
		lib.closed(handle)
	}
	if s := stats(t); s.handles != 0 || s.local != 0 || theHost.overwritten != 0 || len(theHost.cache) != 0 {
		t.Errorf("%+v, %d overwritten, cached %v", s, theHost.overwritten, theHost.cache)
	}
}

// TestSection goes through the life of a section and its views: they live
// without their file, and wineserver gets the section under its own handle.
func TestSection(t *testing.T) {
	if status := attach(); status != success {
		t.Fatalf("nspa_init: %#x", status)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	theHost.promoted, theHost.status = nil, success
	file, _ := tryBypass(t, newOpen(t, path))
	for _, c := range []struct {
		what string
		cSection
		status uint32
	}{
		{"the whole file", cSection{size: 0, access: 0xf0005, fileAccess: 1}, success},
		{"a part", cSection{size: 4999, access: 4, fileAccess: 1}, success},
		{"too large", cSection{size: 5001, access: 4, fileAccess: 1}, notSupported},
		{"all ones", cSection{size: ^uint64(0), access: 4, fileAccess: 1}, notSupported},
		{"no access", cSection{fileAccess: 1}, notSupported},
		{"to write", cSection{access: 2, fileAccess: 3}, notSupported},
	} {
		opened, status := createSection(t, uint64(file.handle), c.cSection)
		if status != c.status {
			t.Errorf("%s: %#x", c.what, status)
		}
		if status != success {
			continue
		}
		handle := uint64(opened.handle)
		want := c.cSection
		if want.size == 0 {
			want.size = 5000
		}
		if got, status := querySection(t, handle); got != want || status != success {
			t.Errorf("%s: %#x, %+v", c.what, status, got)
		}
		if lib.isLocal(handle) == 0 || opened.handle >= 0x7fffc000 || cachedFD(opened.handle) == cachedFD(file.handle) {
			t.Errorf("%s: %+v", c.what, opened)
		}
		// neither kind of handle is good for the other's calls
		if _, status := querySection(t, handle+0x4000); status != notSupported {
			t.Errorf("%s: a file was taken for a section", c.what)
		}
		if _, status := lend(t, handle); status != notSupported || lib.close(handle+0x4000) != notSupported {
			t.Errorf("%s: a section was taken for a file", c.what)
		}
		if got := lib.close(handle); got != success {
			t.Errorf("%s: close: %#x", c.what, got)
		}
	}

	section, _ := createSection(t, uint64(file.handle), cSection{access: 5, fileAccess: 1})
	if got := lib.close(uint64(file.handle)); got != success {
		t.Errorf("close of the file: %#x", got)
	}
	view, status := addView(t, uint64(section.handle))
	if status != success {
		t.Fatalf("view: %#x", status)
	}
	if got := lib.promote(uint64(section.handle)); got != uint64(section.handle) ||
		!slices.Equal(theHost.promoted, []uint32{section.handle}) {
		t.Errorf("promoted %#x, %#x", got, theHost.promoted)
	}
	if _, status := querySection(t, uint64(section.handle)); status != notSupported {
		t.Errorf("query after promotion: %#x", status)
	}
	if _, status := addView(t, uint64(section.handle)); status != notSupported {
		t.Errorf("view after promotion: %#x", status)
	}
	lib.closed(uint64(section.handle))
	if name, status := viewName(t, view, 1000); name != `\??\unix`+path || status != success {
		t.Errorf("%q, %#x", name, status)
	}
	if _, status := viewName(t, view, 4); status != bufferOverflow {
		t.Errorf("%#x", status)
	}
	for handle := uint64(0x7fff8000); handle < 0x80000000; handle += 4 {
		if got := lib.close(handle); got != notSupported {
			t.Errorf("a view was closed as handle %#x: %#x", handle, got)
		}
	}
	lib.viewRemove(view)
	lib.viewRemove(view)
	lib.viewRemove(^uint32(0))
	if _, status := viewName(t, view, 1000); status != notSupported {
		t.Errorf("name of a view that is gone: %#x", status)
	}
	if s := stats(t); s.handles != 0 || s.local != 0 || theHost.overwritten != 0 || len(theHost.cache) != 0 {
		t.Errorf("%+v, %d overwritten, cached %v", s, theHost.overwritten, theHost.cache)
	}
}
