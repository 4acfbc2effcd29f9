// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"testing"
	"unicode/utf16"
)

// plain is a request that passes the gate, changed by edit.
func plain(edit func(*request)) *request {
	req := &request{
		name: utf16.Encode([]rune(`\??\C:\file.txt`)), access: 0x1, sharing: 7,
		disposition: 1, options: 0x20, attributes: 0x40,
	}
	if edit != nil {
		edit(req)
	}
	return req
}

func named(req *request, name string) {
	req.name, req.ntLen = utf16.Encode([]rune(name)), 0
}

func TestGate(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*request)
		want reason
	}{
		{"plain", nil, reasonServed},
		{"no name", func(r *request) { r.name = nil }, reasonBadRequest},
		{"half a character", func(r *request) { r.ntLen = 3 }, reasonBadRequest},
		{"longest name but one", func(r *request) { r.ntLen = 65532; r.name = make([]uint16, 32766) }, reasonServed},
		{"name of wineserver's limit", func(r *request) { r.ntLen = 65534; r.name = nil }, reasonBadRequest},
		{"endless name", func(r *request) { r.ntLen = 0xfffffffe; r.name = nil }, reasonBadRequest},
		{"root", func(r *request) { r.flags = hasRoot }, reasonRootDirectory},
		{"security descriptor", func(r *request) { r.flags = hasSD }, reasonSecurityDescriptor},
		{"supersede", func(r *request) { r.disposition = 0 }, reasonDisposition},
		{"open", func(r *request) { r.disposition = 1 }, reasonServed},
		{"create", func(r *request) { r.disposition = 2 }, reasonDisposition},
		{"open if", func(r *request) { r.disposition = 3 }, reasonServed},
		{"overwrite", func(r *request) { r.disposition = 4 }, reasonDisposition},
		{"overwrite if", func(r *request) { r.disposition = 5 }, reasonDisposition},
		{"no disposition", func(r *request) { r.disposition = 6 }, reasonDisposition},
		{"asynchronous", func(r *request) { r.options = 0 }, reasonAsynchronous},
		{"alertable", func(r *request) { r.options = 0x10 }, reasonServed},
		{"both kinds of synchronous", func(r *request) { r.options |= 0x10 }, reasonAsynchronous},
		{"directory", func(r *request) { r.options |= 0x1 }, reasonServed},
		{"delete on close", func(r *request) { r.options |= 0x1000 }, reasonOptions},
		{"by id", func(r *request) { r.options |= 0x2000 }, reasonOptions},
		{"highest known option", func(r *request) { r.options |= 0x00800000 }, reasonServed},
		{"lowest unknown option", func(r *request) { r.options |= 0x01000000 }, reasonOptions},
		{"no sharing", func(r *request) { r.sharing = 0 }, reasonServed},
		{"unknown sharing", func(r *request) { r.sharing = 8 }, reasonBadRequest},
		{"inherited", func(r *request) { r.attributes = 0x2 }, reasonServed},
		{"exclusive", func(r *request) { r.attributes |= 0x20 }, reasonAttributes},
		{"symbolic link", func(r *request) { r.attributes |= 0x100 }, reasonAttributes},
		{"module", func(r *request) { named(r, `\??\C:\a.dll`) }, reasonLoader},
		{"module asked for wrongly", func(r *request) { named(r, `\??\C:\a.dll`); r.access = 2 }, reasonAccessRights},
	} {
		if _, got := gate(plain(test.edit)); got != test.want {
			t.Errorf("%s: reason %d, want %d", test.name, got, test.want)
		}
	}
}

// Every single right, and what it makes of the open.
func TestGateAccess(t *testing.T) {
	served := map[uint32]uint32{
		0x1: 0x1, 0x8: 0x8, 0x20: 0x20, 0x80: 0x80, 0x20000: 0x20000, 0x100000: 0x100000,
		0x80000000: 0x120089, 0x20000000: 0x1200a0,
	}
	for bit := 0; bit < 32; bit++ {
		right := uint32(1) << bit
		access, reason := gate(plain(func(r *request) { r.access = right }))
		want, ok := served[right]
		switch {
		case ok && (reason != reasonServed || access != want):
			t.Errorf("right %#x: reason %d, access %#x, want %#x served", right, reason, access, want)
		case !ok && (reason != reasonAccessRights):
			t.Errorf("right %#x: reason %d, want it declined", right, reason)
		}
		// one that is declined is so in any company
		if _, reason := gate(plain(func(r *request) { r.access |= right })); (reason == reasonServed) != ok {
			t.Errorf("right %#x beside FILE_READ_DATA: reason %d", right, reason)
		}
	}
	if _, reason := gate(plain(func(r *request) { r.access = 0 })); reason != reasonAccessRights {
		t.Errorf("no right at all: reason %d", reason)
	}
}

func TestGenericRights(t *testing.T) {
	for access, want := range map[uint32]uint32{
		1: 1, 0x80000000: 0x120089, 0x20000000: 0x1200a0, 0xa0000000: 0x1200a9, 0x80000020: 0x1200a9,
	} {
		if got, why := gate(plain(func(r *request) { r.access = access })); why != reasonServed || got != want {
			t.Errorf("access %#x: reason %d, access %#x, want %#x", access, why, got, want)
		}
	}
}

func TestLoaderNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a.dll": true, "A.DLL": true, "a.Drv": true, "a.sys": true, "a.EXE": true, ".dll": true, `\.exe`: true,
		"dll": false, "a.dl": false, "a.dlll": false, "a.dll ": false, "a.txt": false, "a.ocx": false,
		"a.dll.mui": false, "xdll": false, "a": false, "a.ｄｌｌ": false, "a.\u0144ll": false,
	} {
		if _, why := gate(plain(func(r *request) { named(r, name) })); (why == reasonLoader) != want {
			t.Errorf("%q: reason %d, a module: %v", name, why, want)
		}
	}
}

// FuzzGate: whatever the arguments, nothing is served that goes beyond reading
// an existing file.
func FuzzGate(f *testing.F) {
	f.Add(uint32(1), uint32(7), uint32(1), uint32(0x20), uint32(0x40), uint32(0), "file")
	f.Add(uint32(0x80000000), uint32(0), uint32(3), uint32(0x10), uint32(2), uint32(4), `\??\C:\x.dll`)
	f.Add(^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), "")
	f.Fuzz(func(t *testing.T, access, sharing, disposition, options, attributes, flags uint32, name string) {
		req := &request{access: access, sharing: sharing, disposition: disposition, options: options,
			attributes: attributes, flags: flags}
		if name != "" {
			named(req, name)
		}
		mapped, reason := gate(req)
		if reason != reasonServed {
			return
		}
		const harmless = 0x1 | 0x8 | 0x20 | 0x80 | 0x20000 | 0x100000
		switch {
		case mapped == 0 || mapped&^harmless != 0:
			t.Fatalf("access %#x", mapped)
		case access&(0x2|0x4|0x10|0x40|0x100|0x10000|0x40000|0x80000|0x1000000|0x2000000|0x10000000|0x40000000) != 0:
			t.Fatalf("access %#x asked for", access)
		case disposition != 1 && disposition != 3:
			t.Fatalf("disposition %d", disposition)
		case options&0x3001 != 0 || options&0x30 == 0 || options>>24 != 0:
			t.Fatalf("options %#x", options)
		case attributes&^0x42 != 0 || sharing > 7 || flags&3 != 0:
			t.Fatalf("attributes %#x sharing %#x flags %#x", attributes, sharing, flags)
		case len(name) == 0:
			t.Fatal("no name")
		}
	})
}
