// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func le16(b []byte, off int, v uint16) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint16(b[off:], v)
	return b
}

func le32(b []byte, off int, v uint32) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[off:], v)
	return b
}

// guidBuffer gives a buffer of a tag that is not Microsoft's.
func guidBuffer(tag uint32, guid byte, data string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, tag)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, bytes.Repeat([]byte{guid}, 16)...)
	return append(b, data...)
}

// opaqueBuffer gives a buffer of a tag of Microsoft's that is not understood.
func opaqueBuffer(tag uint32, data string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, tag)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestGoldenBytes(t *testing.T) {
	for _, c := range []struct {
		hex string
		b   Buffer
	}{
		{"030000a0 2400 0000 0000 1000 1200 0800 5c003f003f005c0043003a005c007400 0000 43003a005c007400 0000",
			Buffer{Tag: TagMountPoint, Substitute: ascii(`\??\C:\t`), Print: ascii(`C:\t`)}},
		{"0c0000a0 1400 0000 0000 0200 0400 0200 01000000 6100 0000 6100 0000",
			Buffer{Tag: TagSymlink, Flags: 1, Substitute: ascii("a"), Print: ascii("a")}},
		{"1d0000a0 0800 0000 02000000 2f657463",
			Buffer{Tag: TagLXSymlink, Target: []byte("/etc")}},
	} {
		want := unhex(t, c.hex)
		got, err := c.b.Bytes()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("Bytes = %x, %v\nwant %x", got, err, want)
		}
		b, err := Parse(want)
		if err != nil || b.Tag != c.b.Tag || !slices.Equal(b.Substitute, c.b.Substitute) ||
			!slices.Equal(b.Print, c.b.Print) || !bytes.Equal(b.Target, c.b.Target) || b.Flags != c.b.Flags {
			t.Errorf("Parse = %+v, %v", b, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`)
	symlink := vectors.Buffer(vectors.Symlink, true, `a`)
	lx := vectors.Buffer(vectors.LX, false, `/etc`)
	third := guidBuffer(0xbeef, 1, "data")
	invalid := StatusIOReparseDataInvalid
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"junction", junction, nil},
		{"symlink", symlink, nil},
		{"lx", lx, nil},
		{"third party", third, nil},
		{"third party, directory", guidBuffer(0x1000beef, 1, ""), nil},
		{"other tag of Microsoft's", opaqueBuffer(0x8000001b, "anything"), nil},
		{"header only", opaqueBuffer(0x80000017, ""), nil},
		{"largest", opaqueBuffer(0x80000017, strings.Repeat("x", MaxBuffer-8)), nil},

		{"empty", nil, invalid},
		{"7 bytes", junction[:7], invalid},
		{"too large", opaqueBuffer(0x80000017, strings.Repeat("x", MaxBuffer-7)), invalid},
		{"length one short", junction[:len(junction)-1], invalid},
		{"length one over", append(bytes.Clone(junction), 0), invalid},
		{"third party without GUID", opaqueBuffer(0xbeef, "0123456789abcdefdata"), invalid},
		{"Microsoft's with GUID", guidBuffer(0xa0000003, 1, string(junction[8:])), invalid},
		{"tag 0", guidBuffer(0, 1, ""), StatusIOReparseTagInvalid},
		{"tag 1", guidBuffer(1, 1, ""), StatusIOReparseTagInvalid},
		{"tag 2", guidBuffer(2, 1, ""), StatusIOReparseTagInvalid},
		{"tag 0 in short form", opaqueBuffer(0, ""), invalid},

		{"junction, names out of room", opaqueBuffer(0xa0000003, "1234567"), invalid},
		{"junction, substitute not first", le16(junction, 8, 2), invalid},
		{"junction, substitute too long", le16(junction, 10, 0x18), invalid},
		{"junction, gap before print", le16(junction, 12, 0x14), invalid},
		{"junction, print too short", le16(junction, 14, 6), invalid},
		{"junction, print past the end", le16(junction, 14, 10), invalid},
		{"junction, odd", le16(le16(junction, 10, 15), 12, 17), invalid},
		{"junction, lengths that wrap", le16(junction, 10, 0xfffe), invalid},

		{"symlink, names out of room", opaqueBuffer(0xa000000c, "12345678901"), invalid},
		{"symlink, substitute offset", le16(symlink, 8, 8), invalid},
		{"symlink, substitute length", le16(symlink, 10, 10), invalid},
		{"symlink, print offset", le16(symlink, 12, 0xfffe), invalid},
		{"symlink, print length", le16(symlink, 14, 0xfffe), invalid},
		{"symlink, odd offset", le16(symlink, 8, 1), invalid},
		{"symlink, odd length", le16(symlink, 14, 1), invalid},
		{"symlink, empty and relative", le16(symlink, 10, 0), invalid},
		{"symlink, empty and absolute", le32(le16(symlink, 10, 0), 16, 0), nil},
		{"symlink, names in any order", le16(le16(symlink, 8, 4), 12, 0), nil},

		{"lx, no version", opaqueBuffer(0xa000001d, "abc"), invalid},
		{"lx, version 1", le32(lx, 8, 1), invalid},
		{"lx, empty", opaqueBuffer(0xa000001d, "\x02\x00\x00\x00"), invalid},
		{"lx, NUL", opaqueBuffer(0xa000001d, "\x02\x00\x00\x00/a\x00b"), invalid},
	} {
		if _, err := Parse(c.raw); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// GET as Windows answers it: which output sizes give what.
func TestOutput(t *testing.T) {
	point := vectors.Buffer(vectors.MountPoint, false, `\??\C:\target`)
	for _, c := range []struct {
		size  int
		point []byte
		n     int
		want  error
	}{
		{0, point, 0, StatusInvalidUserBuffer},
		{0, nil, 0, StatusInvalidUserBuffer},
		{1, nil, 0, StatusNotAReparsePoint},
		{100, nil, 0, StatusNotAReparsePoint},
		{1, point, 0, StatusBufferTooSmall},
		{27, point, 0, StatusBufferTooSmall},
		{28, point, 28, StatusBufferOverflow},
		{len(point) - 1, point, len(point) - 1, StatusBufferOverflow},
		{len(point), point, len(point), nil},
		{len(point) + 100, point, len(point), nil},
	} {
		out := bytes.Repeat([]byte{0xcc}, c.size)
		n, err := Output(out, c.point)
		if n != c.n || err != c.want || !bytes.Equal(out[:n], c.point[:n]) ||
			bytes.Count(out[n:], []byte{0xcc}) != c.size-n {
			t.Errorf("size %d: %d, %v, want %d, %v", c.size, n, err, c.n, c.want)
		}
	}
}

func TestCheckDelete(t *testing.T) {
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\target`)
	third := guidBuffer(0xbeef, 7, "data")
	header := func(tag uint32, guid byte) []byte { return guidBuffer(tag, guid, "") }
	for _, c := range []struct {
		name            string
		current, header []byte
		want            error
	}{
		{"24 bytes", junction, header(0xa0000003, 0), nil},
		{"8 bytes", junction, opaqueBuffer(0xa0000003, ""), nil},
		{"third party", third, header(0xbeef, 7), nil},
		{"no input", junction, nil, StatusInvalidBufferSize},
		{"no input, plain file", nil, nil, StatusInvalidBufferSize},
		{"plain file", nil, header(0xa0000003, 0), StatusNotAReparsePoint},
		{"1 byte", junction, []byte{3}, StatusIOReparseDataInvalid},
		{"28 bytes", junction, append(header(0xa0000003, 0), 0, 0, 0, 0), StatusIOReparseDataInvalid},
		{"whole buffer", junction, junction, StatusIOReparseDataInvalid},
		{"with a length", junction, le16(header(0xa0000003, 0), 4, 16), StatusIOReparseDataInvalid},
		{"tag 0", junction, header(0, 0), StatusIOReparseTagInvalid},
		{"tag 1", junction, header(1, 0), StatusIOReparseTagInvalid},
		{"other tag", junction, header(0xa000000c, 0), StatusIOReparseTagMismatch},
		{"third party in 8 bytes", third, opaqueBuffer(0xbeef, ""), StatusIOReparseDataInvalid},
		{"other GUID", third, header(0xbeef, 8), StatusReparseAttributeConflict},
	} {
		if err := CheckDelete(c.current, c.header); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestCheckReplace(t *testing.T) {
	for _, c := range []struct {
		current, next []byte
		want          error
	}{
		{guidBuffer(0xbeef, 1, "a"), guidBuffer(0xbeef, 1, "b"), nil},
		{guidBuffer(0xbeef, 1, "a"), guidBuffer(0xbeef, 2, "a"), StatusReparseAttributeConflict},
		{guidBuffer(0xbeef, 1, "a"), guidBuffer(0xbeee, 1, "a"), StatusIOReparseTagMismatch},
		{opaqueBuffer(0x8000001b, "a"), opaqueBuffer(0x8000001b, ""), nil},
		{opaqueBuffer(0x8000001b, "a"), opaqueBuffer(0xa0000003, "a"), StatusIOReparseTagMismatch},
	} {
		if err := CheckReplace(c.current, c.next); err != c.want {
			t.Errorf("CheckReplace(%x, %x) = %v, want %v", c.current, c.next, err, c.want)
		}
	}
}

func TestStatusNames(t *testing.T) {
	if s := StatusIOReparseDataInvalid.Error(); s != "STATUS_IO_REPARSE_DATA_INVALID" {
		t.Error(s)
	}
	if s := Status(0xC0000001).Error(); s != "STATUS C0000001" {
		t.Error(s)
	}
}
