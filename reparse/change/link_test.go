// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package change_test

import (
	"bytes"
	"testing"

	"github.com/nspa-dev/nspa/reparse"
	"github.com/nspa-dev/nspa/reparse/change"
	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// FuzzLinkC gives any text to the C and the Go decoder: they tell the same.
func FuzzLinkC(f *testing.F) {
	for _, v := range vectors.All {
		f.Add([]byte(v.Text))
	}
	for _, text := range vectors.NotTagged {
		f.Add([]byte(text))
	}
	f.Add([]byte(vectors.MovedText))
	drives := map[byte]string{'c': "/home/u/.wine/drive_c", 'd': "/mnt/cdrom", 'e': "/mnt/cdrom", 'z': "/"}
	p := &reparse.Prefix{Dir: "/home/u/.wine", Drives: reparse.DriveMap(drives)}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > reparse.MaxText {
			return
		}
		want := reparse.ParseLink(text)
		_, _, marked := want.CutMarker()
		got := change.ParseLink(text)
		if got != (change.Link{Tag: uint32(want.Tag), Relative: want.Relative, Directory: want.Directory,
			Path: string(want.Path), Marked: marked}) {
			t.Fatalf("%q: %+v, want %+v", text, got, want)
		}
		for _, moved := range []bool{false, true} {
			var raw []byte
			if b, err := p.Decode(text, moved); err == nil && len(text) > 0 {
				raw, _ = b.Bytes()
			}
			if got := change.Decode(p.Dir, drives, text, moved); !bytes.Equal(got, raw) {
				t.Fatalf("%q, %t:\n got %x\nwant %x", text, moved, got, raw)
			}
		}
	})
}
