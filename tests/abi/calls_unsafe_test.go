// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package abi

import (
	"runtime"
	"structs"
	"sync"
	"testing"
	"unicode/utf16"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// The structures of include/nspa.h.

type cHost struct {
	addFD, forgetFD, promote, promoteMany, closeHandle, drained, stackBounds, warn uintptr
}

type cInit struct {
	_              structs.HostLayout
	size, abi      uint32
	flags          uint32
	tableFD        int32
	controlFD      int32
	journalFD      int32
	owner          uint64
	inherited      uintptr
	inheritedCount uint32
	prefix         uintptr
	host           cHost
}

type cOpen struct {
	_                                                               structs.HostLayout
	unixName, ntName                                                unsafe.Pointer
	ntLen, access, sharing, disposition, options, attributes, flags uint32
}

type cOpened struct {
	_                                 structs.HostLayout
	handle, access, reason, directory uint32
}

type cPromotion struct {
	_                                    structs.HostLayout
	handle                               uint32
	fd                                   int32
	access, sharing, options, attributes uint32
	ntName                               unsafe.Pointer
	ntLen                                uint32
	unixName                             unsafe.Pointer
	section                              cSection
}

type cSection struct {
	_                  structs.HostLayout
	size               uint64
	access, fileAccess uint32
}

type cOpenedFile struct {
	_                                               structs.HostLayout
	access, sharing, options, attributes, directory uint32
}

var lib struct {
	version       func() uint32
	init          func(init unsafe.Pointer) uint32
	tryBypass     func(open, opened unsafe.Pointer) uint32
	listed        func(dir, name unsafe.Pointer, mode uint32)
	close         func(handle uint64) uint32
	closed        func(handle uint64)
	promote       func(handle uint64) uint64
	promoteStatus func(handle uint64) uint32
	inheritable   func() uint32
	handles       func(handles unsafe.Pointer, count uint32) uint32
	lend          func(handle uint64, use uintptr, arg, result unsafe.Pointer) uint32
	query         func(handle uint64, info unsafe.Pointer) uint32
	unixName      func(handle uint64, name, size unsafe.Pointer) uint32
	ntName        func(handle uint64, name, size unsafe.Pointer) uint32
	hadSize       func(handle, size uint64) int32
	holdSignal    func(sig int32) int32
	isLocal       func(handle uint64) int32
	epoch         func() uint64
	sectionCreate func(file uint64, section, opened unsafe.Pointer) uint32
	sectionQuery  func(handle uint64, section unsafe.Pointer) uint32
	viewAdd       func(section uint64, view unsafe.Pointer) uint32
	viewRemove    func(view uint32)
	viewName      func(view uint32, name, size unsafe.Pointer) uint32
	stats         func(stats unsafe.Pointer, size uintptr)
	reason        func(reason uint32) string
	serverABI     func() uint32
	serverCreate  func(controlFD unsafe.Pointer) int32
	serverAttach  func(id uint32, owner unsafe.Pointer) int32
	serverRetire  func(id uint32, drained uintptr)
	serverRelease func(id uint32, drained uintptr)
	serverPublish func(dev, ino uint64, own, clients unsafe.Pointer)
	serverVerify  func(dev, ino uint64, clients unsafe.Pointer)
	serverCheck   func(dev, ino uint64, own unsafe.Pointer, access, sharing uint32, otherAccess, otherSharing unsafe.Pointer)
	serverCount   func(dev, ino uint64) uint32
	serverWatch   func(dev, ino uint64) uint32
	serverBegin   func(dev, ino uint64) uint32
	serverEnd     func(dev, ino uint64, removed int32)
	serverVolumes func()
	serverNames   func()
	serverTrees   func(count uint32)
}

func load() error {
	for _, l := range []struct {
		path      string
		functions map[string]any
	}{
		{client, map[string]any{
			"nspa_version": &lib.version, "nspa_init": &lib.init, "nspa_local_file_try_bypass": &lib.tryBypass,
			"nspa_local_file_listed": &lib.listed, "nspa_hold_signal": &lib.holdSignal,
			"nspa_local_file_close": &lib.close, "nspa_local_file_closed": &lib.closed,
			"nspa_promote_if_local": &lib.promote, "nspa_local_file_promote": &lib.promoteStatus,
			"nspa_local_file_promote_inheritable": &lib.inheritable,
			"nspa_local_file_promote_handles":     &lib.handles, "nspa_local_file_lend": &lib.lend,
			"nspa_local_file_query": &lib.query, "nspa_local_file_unix_name": &lib.unixName,
			"nspa_local_file_nt_name": &lib.ntName, "nspa_local_file_had_size": &lib.hadSize,
			"nspa_local_file_is_local_handle": &lib.isLocal, "nspa_volume_epoch": &lib.epoch,
			"nspa_local_section_create": &lib.sectionCreate, "nspa_local_section_query": &lib.sectionQuery,
			"nspa_local_view_add": &lib.viewAdd, "nspa_local_view_remove": &lib.viewRemove,
			"nspa_local_view_name": &lib.viewName,
			"nspa_get_stats":       &lib.stats, "nspa_reason_string": &lib.reason,
		}},
		{server, map[string]any{
			"nspa_server_abi": &lib.serverABI, "nspa_server_create_table": &lib.serverCreate,
			"nspa_server_attach": &lib.serverAttach, "nspa_server_retire": &lib.serverRetire,
			"nspa_server_release": &lib.serverRelease, "nspa_server_publish": &lib.serverPublish,
			"nspa_server_verify": &lib.serverVerify, "nspa_server_check": &lib.serverCheck,
			"nspa_server_count": &lib.serverCount, "nspa_server_watch": &lib.serverWatch,
			"nspa_server_begin_remove": &lib.serverBegin, "nspa_server_end_remove": &lib.serverEnd, "nspa_server_bump_volumes": &lib.serverVolumes,
			"nspa_server_watch_trees": &lib.serverTrees, "nspa_server_bump_names": &lib.serverNames,
		}},
	} {
		handle, err := purego.Dlopen(l.path, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			return err
		}
		for name, f := range l.functions {
			purego.RegisterLibFunc(f, handle, name)
		}
	}
	return nil
}

// host answers the library; every call is noted.
type host struct {
	sync.Mutex
	lines            []string
	promoted, closed []uint32
	forgotten        []uint32
	overwritten      int
	lent             []cPromotion
	cache            map[uint32]int32
	status           uint32
}

var theHost = host{cache: map[uint32]int32{}}

func cString(p uintptr) string {
	var text []byte
	for ; ; p++ {
		b := *(*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p)))
		if b == 0 {
			return string(text)
		}
		text = append(text, b)
	}
}

var callbacks = sync.OnceValue(func() cHost {
	return cHost{
		addFD: purego.NewCallback(func(handle uint32, fd int32, access, options uint32, directory int32) uintptr {
			theHost.Lock()
			defer theHost.Unlock()
			if _, ok := theHost.cache[handle]; ok {
				theHost.overwritten++
			}
			theHost.cache[handle] = fd
			return 0
		}),
		forgetFD: purego.NewCallback(func(handle uint32) int32 {
			theHost.Lock()
			defer theHost.Unlock()
			theHost.forgotten = append(theHost.forgotten, handle)
			fd, ok := theHost.cache[handle]
			delete(theHost.cache, handle)
			if !ok {
				return -1
			}
			return fd
		}),
		promote: purego.NewCallback(func(file *cPromotion) uint32 {
			theHost.Lock()
			defer theHost.Unlock()
			theHost.promoted = append(theHost.promoted, file.handle)
			return theHost.status
		}),
		promoteMany: purego.NewCallback(func(files unsafe.Pointer, count uint32, statuses unsafe.Pointer) uintptr {
			theHost.Lock()
			defer theHost.Unlock()
			for i, file := range unsafe.Slice((*cPromotion)(files), count) {
				theHost.promoted = append(theHost.promoted, file.handle)
				unsafe.Slice((*uint32)(statuses), count)[i] = theHost.status
			}
			return 0
		}),
		closeHandle: purego.NewCallback(func(handle uint32) uint32 {
			theHost.Lock()
			defer theHost.Unlock()
			theHost.closed = append(theHost.closed, handle)
			return 0
		}),
		drained:     purego.NewCallback(func(dev, ino uint64) uintptr { return 0 }),
		stackBounds: purego.NewCallback(func(sp, low, size uintptr) int32 { return 0 }),
		warn: purego.NewCallback(func(line uintptr) uintptr {
			theHost.Lock()
			defer theHost.Unlock()
			theHost.lines = append(theHost.lines, cString(line))
			return 0
		}),
	}
})

// pinned keeps what C is given where it is until the test ends.
func pinned[T any](t testing.TB, value *T) unsafe.Pointer {
	t.Helper()
	var pin runtime.Pinner
	pin.Pin(value)
	t.Cleanup(pin.Unpin)
	return unsafe.Pointer(value)
}

func newOpen(t testing.TB, path string) *cOpen {
	t.Helper()
	name := append([]byte(path), 0)
	nt := utf16.Encode([]rune(`\??\unix` + path))
	return &cOpen{
		unixName: pinned(t, &name[0]), ntName: pinned(t, &nt[0]), ntLen: uint32(2 * len(nt)),
		access: 1, sharing: 7, disposition: 1, options: 0x20, attributes: 0x40,
	}
}

func tryBypass(t testing.TB, open *cOpen) (cOpened, uint32) {
	t.Helper()
	var opened cOpened
	status := lib.tryBypass(pinned(t, open), pinned(t, &opened))
	return opened, status
}

func callInit(t testing.TB, init cInit) uint32 {
	t.Helper()
	return lib.init(pinned(t, &init))
}

func goodInit() cInit {
	return cInit{size: uint32(unsafe.Sizeof(cInit{})), abi: 5, tableFD: -1, controlFD: -1, journalFD: -1, host: callbacks()}
}

// cachedFD is the descriptor that the fd cache has of a handle, or -1.
func cachedFD(handle uint32) int {
	theHost.Lock()
	defer theHost.Unlock()
	if fd, ok := theHost.cache[handle]; ok {
		return int(fd)
	}
	return -1
}

var borrow = sync.OnceValue(func() uintptr {
	return purego.NewCallback(func(file *cPromotion, _ uintptr) uint32 {
		theHost.Lock()
		defer theHost.Unlock()
		theHost.lent = append(theHost.lent, *file)
		return 77
	})
})

// lend has the library lend a file, and gives what it lent.
func lend(t testing.TB, handle uint64) (cPromotion, uint32) {
	t.Helper()
	var result uint32
	theHost.lent = nil
	status := lib.lend(handle, borrow(), nil, pinned(t, &result))
	if len(theHost.lent) != 1 {
		return cPromotion{}, status
	}
	if result != 77 {
		t.Errorf("result %d of the borrower", result)
	}
	return theHost.lent[0], status
}

func query(t testing.TB, handle uint64) (cOpenedFile, uint32) {
	t.Helper()
	var info cOpenedFile
	status := lib.query(handle, pinned(t, &info))
	return info, status
}

func ntName(t testing.TB, handle uint64, room int) (string, uint32) {
	t.Helper()
	buf, size := make([]uint16, room), uint32(2*room)
	status := lib.ntName(handle, pinned(t, &buf[0]), pinned(t, &size))
	if status != 0 {
		return "", status
	}
	return string(utf16.Decode(buf[:size/2])), status
}

func unixName(t testing.TB, handle uint64, room int) (string, uintptr, uint32) {
	t.Helper()
	buf, size := make([]byte, room+1), uintptr(room)
	status := lib.unixName(handle, pinned(t, &buf[0]), pinned(t, &size))
	if status != 0 {
		return "", size, status
	}
	return unix.ByteSliceToString(buf), size, status
}

func createSection(t testing.TB, file uint64, section cSection) (cOpened, uint32) {
	t.Helper()
	var opened cOpened
	status := lib.sectionCreate(file, pinned(t, &section), pinned(t, &opened))
	return opened, status
}

func querySection(t testing.TB, handle uint64) (cSection, uint32) {
	t.Helper()
	var section cSection
	status := lib.sectionQuery(handle, pinned(t, &section))
	return section, status
}

func addView(t testing.TB, section uint64) (uint32, uint32) {
	t.Helper()
	var view uint32
	status := lib.viewAdd(section, pinned(t, &view))
	return view, status
}

func viewName(t testing.TB, view uint32, room int) (string, uint32) {
	t.Helper()
	buf, size := make([]uint16, room), uint32(2*room)
	status := lib.viewName(view, pinned(t, &buf[0]), pinned(t, &size))
	if status != 0 {
		return "", status
	}
	return string(utf16.Decode(buf[:size/2])), status
}

type cStats struct {
	_                  structs.HostLayout
	opens              [reasons]uint64
	promotions, closes uint64
	handles, local     uint32
}

func stats(t testing.TB) (s cStats) {
	t.Helper()
	lib.stats(pinned(t, &s), unsafe.Sizeof(s))
	return s
}

// nullCalls calls everything that takes a pointer without one.
func nullCalls() map[string][2]uint64 {
	const declined = 0xc00000bb
	lib.stats(nil, 100)
	lib.listed(nil, nil, 0100644)
	return map[string][2]uint64{
		"init":              {uint64(lib.init(nil)), 0xc000000d},
		"try_bypass":        {uint64(lib.tryBypass(nil, nil)), declined},
		"lend":              {uint64(lib.lend(0x7fffc000, 0, nil, nil)), declined},
		"query":             {uint64(lib.query(0x7fffc000, nil)), declined},
		"unix_name":         {uint64(lib.unixName(0x7fffc000, nil, nil)), declined},
		"nt_name":           {uint64(lib.ntName(0x7fffc000, nil, nil)), declined},
		"had_size":          {uint64(lib.hadSize(0x7fffc000, 0)), 0},
		"hold_signal":       {uint64(lib.holdSignal(10)), 0},
		"promote_handles":   {uint64(lib.handles(nil, 5)), 0},
		"section_create":    {uint64(lib.sectionCreate(0x7fffc000, nil, nil)), declined},
		"section_query":     {uint64(lib.sectionQuery(0x7fff8000, nil)), declined},
		"view_add":          {uint64(lib.viewAdd(0x7fff8000, nil)), declined},
		"view_name":         {uint64(lib.viewName(0, nil, nil)), declined},
		"close":             {uint64(lib.close(0)), declined},
		"close, all ones":   {uint64(lib.close(^uint64(0))), declined},
		"promote":           {lib.promote(0), 0},
		"promote, status":   {uint64(lib.promoteStatus(0x7fffc000)), 0},
		"promote, all ones": {lib.promote(^uint64(0)), ^uint64(0)},
	}
}

func pointer[T any](value *T) unsafe.Pointer { return unsafe.Pointer(value) }

func initNow(init cInit) uint32 {
	var p runtime.Pinner
	p.Pin(&init)
	defer p.Unpin()
	return lib.init(unsafe.Pointer(&init))
}
