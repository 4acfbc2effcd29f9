// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"testing"
	"unicode/utf16"
)

// request is one that passes the gate, changed by edit.
func request(edit func(*Request)) *Request {
	name := utf16.Encode([]rune(`\??\C:\file.txt`))
	req := &Request{
		NTName: &name[0], NTLen: uint32(2 * len(name)), Access: fileReadData, Sharing: fileShareAll,
		Disposition: fileOpen, Options: fileSynchronousIONonAlert, Attributes: objCaseInsensitive,
	}
	if edit != nil {
		edit(req)
	}
	return req
}

func named(req *Request, name string) {
	chars := utf16.Encode([]rune(name))
	req.NTName, req.NTLen = &chars[0], uint32(2*len(chars))
}

func TestGate(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Request)
		want Reason
	}{
		{"plain", nil, Served},
		{"no name", func(r *Request) { r.NTLen = 0 }, BadRequest},
		{"half a character", func(r *Request) { r.NTLen = 3 }, BadRequest},
		{"longest name but one", func(r *Request) { r.NTLen = 65532; r.NTName = nil }, Served},
		{"name of wineserver's limit", func(r *Request) { r.NTLen = 65534; r.NTName = nil }, BadRequest},
		{"endless name", func(r *Request) { r.NTLen = 0xfffffffe; r.NTName = nil }, BadRequest},
		{"root", func(r *Request) { r.Flags = hasRoot }, RootDirectory},
		{"security descriptor", func(r *Request) { r.Flags = hasSD }, SecurityDescriptor},
		{"stat is no matter", func(r *Request) { r.Flags = hasStat }, Served},
		{"supersede", func(r *Request) { r.Disposition = 0 }, Disposition},
		{"open", func(r *Request) { r.Disposition = 1 }, Served},
		{"create", func(r *Request) { r.Disposition = 2 }, Disposition},
		{"open if", func(r *Request) { r.Disposition = 3 }, Served},
		{"overwrite", func(r *Request) { r.Disposition = 4 }, Disposition},
		{"overwrite if", func(r *Request) { r.Disposition = 5 }, Disposition},
		{"no disposition", func(r *Request) { r.Disposition = 6 }, Disposition},
		{"asynchronous", func(r *Request) { r.Options = 0 }, Asynchronous},
		{"alertable", func(r *Request) { r.Options = fileSynchronousIOAlert }, Served},
		{"both kinds of synchronous", func(r *Request) { r.Options |= fileSynchronousIOAlert }, Asynchronous},
		{"directory", func(r *Request) { r.Options |= fileDirectoryFile }, Served},
		{"delete on close", func(r *Request) { r.Options |= fileDeleteOnClose }, Options},
		{"by id", func(r *Request) { r.Options |= fileOpenByFileID }, Options},
		{"highest known option", func(r *Request) { r.Options |= 0x00800000 }, Served},
		{"lowest unknown option", func(r *Request) { r.Options |= 0x01000000 }, Options},
		{"no sharing", func(r *Request) { r.Sharing = 0 }, Served},
		{"unknown sharing", func(r *Request) { r.Sharing = 8 }, BadRequest},
		{"inherited", func(r *Request) { r.Attributes = objInherit }, Served},
		{"exclusive", func(r *Request) { r.Attributes |= 0x20 }, Attributes},
		{"symbolic link", func(r *Request) { r.Attributes |= 0x100 }, Attributes},
		{"module", func(r *Request) { named(r, `\??\C:\a.dll`) }, Loader},
		{"module asked for wrongly", func(r *Request) { named(r, `\??\C:\a.dll`); r.Access = 2 }, Access},
	} {
		if _, got := gate(request(test.edit)); got != test.want {
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
		access, reason := gate(request(func(r *Request) { r.Access = right }))
		want, ok := served[right]
		switch {
		case ok && (reason != Served || access != want):
			t.Errorf("right %#x: reason %d, access %#x, want %#x served", right, reason, access, want)
		case !ok && (reason != Access || access != 0):
			t.Errorf("right %#x: reason %d, access %#x, want it declined", right, reason, access)
		}
		// one that is declined is so in any company
		if _, reason := gate(request(func(r *Request) { r.Access |= right })); (reason == Served) != ok {
			t.Errorf("right %#x beside FILE_READ_DATA: reason %d", right, reason)
		}
	}
	if _, reason := gate(request(func(r *Request) { r.Access = 0 })); reason != Access {
		t.Errorf("no right at all: reason %d", reason)
	}
}

func TestMapAccess(t *testing.T) {
	for access, want := range map[uint32]uint32{
		0: 0, 1: 1, 0x80000000: 0x120089, 0x20000000: 0x1200a0, 0xa0000000: 0x1200a9,
		0x80000002: 0x12008b, 0x10000000: 0x10000000, 0x40000000: 0x40000000, 0x02000000: 0x02000000,
	} {
		if got := mapAccess(access); got != want {
			t.Errorf("mapAccess(%#x) = %#x, want %#x", access, got, want)
		}
	}
}

func TestLoaderNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a.dll": true, "A.DLL": true, "a.Drv": true, "a.sys": true, "a.EXE": true, ".dll": true, `\.exe`: true,
		"dll": false, "a.dl": false, "a.dlll": false, "a.dll ": false, "a.txt": false, "a.ocx": false,
		"a.dll.mui": false, "xdll": false, "a": false, "": false, "a.ｄｌｌ": false, "a.\u0144ll": false,
	} {
		req := &Request{}
		if name != "" {
			named(req, name)
		}
		if got := isLoaderName(req); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
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
		req := &Request{Access: access, Sharing: sharing, Disposition: disposition, Options: options,
			Attributes: attributes, Flags: flags}
		if name != "" {
			named(req, name)
		}
		before := *req
		mapped, reason := gate(req)
		if *req != before {
			t.Fatal("the request was changed")
		}
		if reason >= reasonCount {
			t.Fatalf("reason %d", reason)
		}
		if reason != Served {
			if mapped != 0 {
				t.Fatalf("access %#x with reason %d", mapped, reason)
			}
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
