// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// FuzzLink decodes any text: it is taken apart and put together the same, its
// buffer is one that Parse takes, and encoding that buffer gives either the
// same link or, by way of its buffer, the same point.
func FuzzLink(f *testing.F) {
	for _, v := range vectors.All {
		f.Add([]byte(v.Text))
	}
	for _, text := range vectors.NotTagged {
		f.Add([]byte(text))
	}
	f.Add([]byte(vectors.MovedText))
	f.Fuzz(func(t *testing.T, text []byte) {
		link := ParseLink(text)
		again, err := link.Text()
		usable := len(text) > 0 && len(text) <= MaxText && bytes.IndexByte(text, 0) < 0 && !isLegacyText(text)
		if usable != (err == nil) || (err == nil && !bytes.Equal(again, text)) {
			t.Fatalf("%q is written as %q, %v", text, again, err)
		}
		if !usable {
			return
		}
		for _, moved := range []bool{false, true} {
			p := vectorPrefix()
			b, err := p.Decode(text, moved)
			if err != nil {
				if err != StatusIOReparseDataInvalid || link.Tag == TagLXSymlink {
					t.Fatalf("Decode(%q): %v", text, err)
				}
				continue
			}
			raw, err := b.Bytes()
			if err != nil {
				if err != StatusIOReparseDataInvalid {
					t.Fatal(err)
				}
				continue
			}
			if _, err := Parse(raw); err != nil {
				t.Fatalf("Parse of what %q gave: %v", text, err)
			}
			checkFaithful(t, p, raw, link.Directory)
		}
		there, changed := Relocate(text, "/another/place")
		if changed {
			back, _ := Relocate(there, "/home/u/.wine")
			prefix, _, _ := link.CutMarker()
			if string(prefix) == "/home/u/.wine" && !bytes.Equal(back, text) {
				t.Fatalf("%q went to %q and back to %q", text, there, back)
			}
			if l := ParseLink(there); l.Tag != link.Tag || l.Directory != link.Directory || l.Relative != link.Relative {
				t.Fatalf("%q relocated is %q, another kind of link", text, there)
			}
		} else if !bytes.Equal(there, text) {
			t.Fatalf("%q changed to %q", text, there)
		}
	})
}

// FuzzBuffer gives any bytes to SET, and as header to DELETE.
func FuzzBuffer(f *testing.F) {
	for _, v := range vectors.All {
		f.Add(vectors.Buffer(v.Tag, v.Relative, v.Target), v.Directory)
	}
	f.Add(guidBuffer(0xbeef, 1, "data"), true)
	f.Add(opaqueBuffer(0x8000001b, "data"), false)
	f.Add(rawNames(TagMountPoint, 0, u16(`\??\Volume{0}\`), nil), true)
	f.Fuzz(func(t *testing.T, raw []byte, directory bool) {
		_ = CheckDelete(guidBuffer(0xbeef, 1, ""), raw)
		b, err := Parse(raw)
		if err != nil {
			if s := StatusOf(err); s != StatusIOReparseDataInvalid && s != StatusIOReparseTagInvalid {
				t.Fatal(err)
			}
			if _, err := vectorPrefix().Choose(raw, PolicyExact, directory, -1); err == nil {
				t.Fatal("chosen, but not parsed")
			}
			return
		}
		if CheckReplace(raw, raw) != nil {
			t.Fatal("cannot replace itself")
		}
		// Canonical output is a fixed point.
		canon, err := b.Bytes()
		if err == nil {
			c, err := Parse(canon)
			if err != nil {
				t.Fatalf("Parse of canonical output %x: %v", canon, err)
			}
			if twice, err := c.Bytes(); err != nil || !bytes.Equal(twice, canon) {
				t.Fatalf("%x is canonically %x", canon, twice)
			}
		} else if len(raw) < MaxBuffer-20 && b.Tag != TagSymlink {
			t.Fatalf("%x has no canonical form", raw)
		}
		checkFaithful(t, vectorPrefix(), raw, directory)
	})
}

// FuzzLegacy reads any text of the Legacy form; the fuzzer also writes what
// the links that follow say.
func FuzzLegacy(f *testing.F) {
	for _, limit := range []int{60, 300, MaxText} {
		text, more := legacyLinks(opaqueBuffer(0x8000001b, "some data to go around"), "n", true, limit)
		next := []byte{}
		for _, l := range more {
			next = append(append(next, l[1]...), '\n')
		}
		f.Add([]byte(text), next)
	}
	f.Fuzz(func(t *testing.T, text, next []byte) {
		reads := 0
		raw, directory, err := readLegacy(text, func(path string) ([]byte, error) {
			reads++
			if bytes.Contains([]byte(path), []byte("/../")) {
				t.Fatalf("escapes to %q", path)
			}
			line, rest, found := bytes.Cut(next, []byte("\n"))
			if !found {
				return nil, unix.ENOENT
			}
			next = rest
			return line, nil
		})
		if reads > MaxBuffer {
			t.Fatalf("%d reads", reads)
		}
		if err != nil {
			return
		}
		if _, err := CheckHeader(raw); err != nil || !isLegacyText(text) {
			t.Fatalf("%q: %x, %v", text, raw, err)
		}
		// Written as it should be, it is read again.
		again, more := legacyLinks(raw, "n", directory, 100)
		links := map[string]string{}
		for _, l := range more {
			links[l[0]] = l[1]
		}
		got, _, err := readLegacy([]byte(again), func(path string) ([]byte, error) { return []byte(links[path]), nil })
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%x: %x, %v", raw, got, err)
		}
	})
}

// FuzzNames makes names of any UTF-16 and drives of any text.
func FuzzNames(f *testing.F) {
	f.Add([]byte("\\\x00?\x00?\x00\\\x00C\x00:\x00\\\x00x\x00"), uint32(TagMountPoint), uint32(0), "/p", "/p/drive_c", "/")
	f.Add([]byte("a\x00\\\x00b\x00"), uint32(TagSymlink), uint32(1), "/home/u/.wine", "/", "/mnt")
	f.Fuzz(func(t *testing.T, name []byte, tag, flags uint32, dir, c, z string) {
		b := Buffer{Tag: Tag(tag), Flags: flags, Substitute: readUTF16(name), Target: name, Data: name}
		b.Print = b.Substitute
		if flags&1 == 0 && hasASCIIPrefix(b.Substitute, ntRoot) {
			b.Print = b.Substitute[len(ntRoot):]
		}
		raw, err := b.Bytes()
		if err != nil {
			return
		}
		if got := binary.LittleEndian.Uint32(raw); got != tag {
			t.Fatalf("tag %x", got)
		}
		p := &Prefix{Dir: dir, Drives: DriveMap{'c': c, 'z': z}}
		checkFaithful(t, p, raw, flags&2 != 0)
	})
}
