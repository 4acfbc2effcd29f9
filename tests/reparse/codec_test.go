// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"strings"
	"testing"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// The statuses that the tests expect.
const (
	success            = 0
	bufferOverflow     = 0x80000005
	invalidHandle      = 0xC0000008
	invalidParameter   = 0xC000000D
	bufferTooSmall     = 0xC0000023
	objectNameInvalid  = 0xC0000033
	objectNameNotFound = 0xC0000034
	internalError      = 0xC00000E5
	invalidUserBuffer  = 0xC00000E8
	directoryNotEmpty  = 0xC0000101
	notADirectory      = 0xC0000103
	nameTooLong        = 0xC0000106
	invalidBufferSize  = 0xC0000206
	notAReparsePoint   = 0xC0000275
	reparseTagInvalid  = 0xC0000276
	reparseTagMismatch = 0xC0000277
	reparseDataInvalid = 0xC0000278
	formNone, formText = 0, 1
	formXattr          = 2
	entryHidden        = 1
	entryLeftover      = 2
	dtUnknown, dtDir   = 0, 4
	dtRegular, dtLink  = 8, 10
	maxBuffer, maxText = 16384, 4095
)

func TestVectors(t *testing.T) {
	p := vectorPrefix(t, 0)
	for _, v := range vectors.All {
		raw := vectors.Buffer(v.Tag, v.Relative, v.Target)
		text, n, form, status := encode(t, p, v.Directory, raw, maxText)
		switch {
		case v.Back != "": // would not read back the same
			if status != success || form != formXattr || n != 0 {
				t.Errorf("vector %d: encode: %x, form %d, %d bytes", v.Number, status, form, n)
			}
		case status != success || form != formText || string(text) != v.Text || int(n) != v.Length:
			t.Errorf("vector %d: encode: %x, form %d, %q\nwant %q", v.Number, status, form, text, v.Text)
		}
		back := v.Target
		if v.Back != "" {
			back = v.Back
		}
		want := vectors.Buffer(v.Tag, v.Relative, back)
		got, _, info, status := decode(t, p, []byte(v.Text), maxBuffer)
		if status != success || !bytes.Equal(got, want) {
			t.Errorf("vector %d: decode: %x, %x\nwant %x", v.Number, status, got, want)
		}
		if info.Form != formText || info.Tag != v.Tag || (info.Directory != 0) != v.Directory {
			t.Errorf("vector %d: decode: %+v", v.Number, info)
		}
	}
	// Vector 4 is written when the text itself is asked to be canonical: its
	// target read back and encoded once more.
	text, _, _, status := encode(t, p, true, vectors.Buffer(vectors.MountPoint, false, `\??\C:\x`), maxText)
	if status != success || !strings.HasSuffix(string(text), "/dosdevices/c:/x") {
		t.Errorf("%x, %q", status, text)
	}
}

func TestVectorMoved(t *testing.T) {
	p := newPrefix(t, 0, vectors.MovedConfig, "z:/\x00")
	text, n, moved, status := relocateText(t, p, []byte(vectors.All[0].Text), maxText)
	if status != success || moved != 1 || string(text) != vectors.MovedText || n != vectors.MovedLength {
		t.Errorf("%x, moved %d, %q", status, moved, text)
	}
	text, _, moved, status = relocateText(t, p, text, maxText)
	if status != success || moved != 0 || string(text) != vectors.MovedText {
		t.Errorf("second time: %x, moved %d, %q", status, moved, text)
	}
	// Decoding knows where it is, or that it is not there.
	for flags, want := range map[uint32]string{
		0: `\??\Z:\home\u\.wine\dosdevices\c:\target`, 8: `\??\C:\target`,
	} {
		p := newPrefix(t, flags, vectors.MovedConfig, "z:/\x00")
		raw, _, _, status := decode(t, p, []byte(vectors.All[0].Text), maxBuffer)
		if status != success || !bytes.Equal(raw, vectors.Buffer(vectors.MountPoint, false, want)) {
			t.Errorf("flags %d: %x, %q", flags, status, raw)
		}
	}
}

func TestNotTagged(t *testing.T) {
	p := vectorPrefix(t, 0)
	for _, text := range vectors.NotTagged {
		raw, _, info, status := decode(t, p, []byte(text), maxBuffer)
		if status != success || !bytes.Equal(raw, vectors.Buffer(vectors.LX, false, text)) || info.Tag != vectors.LX {
			t.Errorf("%q: %x, %x", text, status, raw)
		}
	}
	// No buffer of another tag has a text, so vector 18 is nobody's.
	raw := []byte("\xff\xff\xff\xff\x02\x00\x00\x00x\x00")
	if _, n, form, status := encode(t, p, false, raw, maxText); status != success || form != formXattr || n != 0 {
		t.Errorf("all ones: %x, form %d, %d bytes", status, form, n)
	}
}

// A buffer too small is left alone and told what it takes; one that fits
// exactly is not written past.
func TestOutputSizes(t *testing.T) {
	p := vectorPrefix(t, 0)
	v := vectors.All[0]
	raw := vectors.Buffer(v.Tag, v.Relative, v.Target)
	for size := range v.Length + 3 {
		text, n, _, status := encode(t, p, true, raw, size)
		if want := uint32(success); size < v.Length {
			want = bufferTooSmall
			if status != want || int(n) != v.Length {
				t.Errorf("encode, %d bytes: %x, needs %d", size, status, n)
			}
		} else if status != want || string(text) != v.Text {
			t.Errorf("encode, %d bytes: %x, %q", size, status, text)
		}
	}
	for size := range len(raw) + 3 {
		got, n, _, status := decode(t, p, []byte(v.Text), size)
		if size < len(raw) {
			if status != bufferTooSmall || int(n) != len(raw) {
				t.Errorf("decode, %d bytes: %x, needs %d", size, status, n)
			}
		} else if status != success || !bytes.Equal(got, raw) {
			t.Errorf("decode, %d bytes: %x", size, status)
		}
	}
	moved := newPrefix(t, 0, vectors.MovedConfig, "")
	for size := range vectors.MovedLength + 3 {
		_, n, _, status := relocateText(t, moved, []byte(v.Text), size)
		if (size < vectors.MovedLength) != (status == bufferTooSmall) || n != vectors.MovedLength {
			t.Errorf("relocate, %d bytes: %x, needs %d", size, status, n)
		}
	}
}

func TestEncodeStatus(t *testing.T) {
	p := vectorPrefix(t, 0)
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`)
	for _, c := range []struct {
		name string
		raw  []byte
		want uint32
	}{
		{"empty", nil, reparseDataInvalid},
		{"short", junction[:7], reparseDataInvalid},
		{"cut", junction[:len(junction)-1], reparseDataInvalid},
		{"too large", make([]byte, maxBuffer+1), reparseDataInvalid},
		{"tag 0", make([]byte, 24), reparseTagInvalid},
		{"LX too long", vectors.Buffer(vectors.LX, false, strings.Repeat("x", maxText+1)), nameTooLong},
		{"LX as junction", vectors.Buffer(vectors.LX, false, vectors.All[0].Text), reparseDataInvalid},
	} {
		if _, _, _, status := encode(t, p, false, c.raw, maxText); status != c.want {
			t.Errorf("%s: %x, want %x", c.name, status, c.want)
		}
	}
	// The policy switch.
	bogus := bytes.Clone(junction)
	copy(bogus[len(bogus)-4:], "x")
	for flags, want := range map[uint32]uint32{0: formXattr, rfcAlways: formText} {
		if _, _, form, status := encode(t, vectorPrefix(t, flags), true, bogus, maxText); status != success || form != want {
			t.Errorf("flags %d: %x, form %d", flags, status, form)
		}
	}
}

func TestNullArguments(t *testing.T) {
	for name, status := range nullCalls(t, -1) {
		switch {
		case strings.HasPrefix(name, "get") && status == invalidUserBuffer:
		case status != invalidParameter:
			t.Errorf("%s: %x", name, status)
		}
	}
	if got := noBuffer(t, -1); got != [2]uint32{invalidUserBuffer, invalidUserBuffer} {
		t.Errorf("%x", got)
	}
}

func TestBadNames(t *testing.T) {
	fd := openDir(t, t.TempDir())
	p := vectorPrefix(t, 0)
	for _, name := range []string{"..", ".", "a/b", "/", "a\x00", strings.Repeat("n", 256), tempName} {
		if _, status := classify(t, fd, name); status != objectNameInvalid {
			t.Errorf("classify %.20q: %x", name, status)
		}
		if _, status := set(t, p, fd, name, 0, 0, vectors.Buffer(vectors.Symlink, true, "a")); status != objectNameInvalid {
			t.Errorf("set %.20q: %x", name, status)
		}
	}
	for _, bad := range []int{-1, 9999, -12345} {
		if _, status := classify(t, bad, "n"); status != invalidHandle {
			t.Errorf("descriptor %d: %x", bad, status)
		}
		if _, status := classify(t, bad, ""); status != invalidHandle {
			t.Errorf("descriptor %d without name: %x", bad, status)
		}
		if _, status := recoverDir(bad, 0); status != invalidHandle {
			t.Errorf("recover %d: %x", bad, status)
		}
	}
}
