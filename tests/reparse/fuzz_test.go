// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"os"
	"testing"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// FuzzExports calls any export with any bytes, all of them against guard pages,
// and any output size.  Whatever comes in, no call may touch what it was not
// given, report a bug, or claim more output than there is room for.
func FuzzExports(f *testing.F) {
	for i, v := range vectors.All {
		f.Add(uint8(i), uint8(0), "n", []byte(v.Text), vectors.Buffer(v.Tag, v.Relative, v.Target), uint16(200), uint16(200))
	}
	f.Add(uint8(7), uint8(0), "d", []byte(nil), vectors.Buffer(vectors.MountPoint, false, `\??\Volume{0}\`), uint16(0), uint16(27))
	f.Add(uint8(8), uint8(0), "n?", []byte(".REPARSE_POINT/n//AwAAoAAA/0"), []byte("\x03\x00\x00\xa0\x00\x00\x00\x00"), uint16(1), uint16(28))
	root := f.TempDir()
	for _, d := range []string{"/drive_c", "/dosdevices"} {
		mkdir(f, root+d)
	}
	dir := root + "/drive_c"
	f.Fuzz(func(t *testing.T, call, flags uint8, name string, text, raw []byte, textSize, rawSize uint16) {
		fd := openDir(t, dir)
		mkdir(t, dir+"/d")
		write(t, dir+"/f", "")
		_ = os.Symlink(string(text), dir+"/l")
		defer func() {
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				_ = os.RemoveAll(dir + "/" + e.Name())
			}
		}()
		p := newPrefix(t, uint32(flags), root, "")
		if flags&0x80 != 0 {
			p = newPrefix(t, uint32(flags), name, string(text[:min(len(text), 8192)]))
		}
		p.flags &^= 4 // durable changes are slow and nothing else
		status := uint32(0)
		switch call % 12 {
		case 0, 1:
			var out []byte
			var n, form uint32
			out, n, form, status = encode(t, p, call%2 == 0, raw, int(textSize))
			if status == success && (len(out) != int(n) || n > uint32(textSize) || n > maxText || (form == formText) != (n > 0)) {
				t.Errorf("encode: %d bytes, form %d", n, form)
			}
		case 2:
			var out []byte
			var n uint32
			out, n, _, status = decode(t, p, text, int(rawSize))
			if status == success && (len(out) != int(n) || n > uint32(rawSize) || n > maxBuffer) {
				t.Errorf("decode: %d bytes", n)
			}
		case 3:
			var n uint32
			_, n, _, status = relocateText(t, p, text, int(textSize))
			if status == success && n > uint32(textSize) {
				t.Errorf("relocate_text: %d bytes", n)
			}
		case 4:
			_, status = classify(t, fd, name)
		case 5:
			_, status = entry(t, fd, name, uint32(textSize%16))
		case 6:
			_, _, status = get(t, p, fd, "l", int(rawSize)+1)
		case 7, 8:
			for _, n := range []string{"d", "f", "l", name} {
				info, st := set(t, p, fd, n, uint64(textSize)&1, 0, raw)
				if st == success && info.Form != formNone {
					// What was set is read back.
					out, length, st := get(t, p, fd, n, maxBuffer)
					if st != success || (flags&rfcAlways == 0 && !bytes.Equal(out[:length], raw)) {
						t.Errorf("%q: set %x, get %x: %x", n, raw, st, out[:min(int(length), 64)])
					}
				}
				if st == internalError {
					status = st
				}
				_, st = deletePoint(t, p, fd, n, 0, 0, raw[:min(len(raw), 24)])
				if st == internalError {
					status = st
				}
			}
		case 9:
			status = remove(t, fd, name, uint64(rawSize)&1, 0)
		case 10:
			_, _, _, status = relocate(t, p, fd, "l", int(textSize))
		case 11:
			_, status = recoverDir(fd, uint32(textSize))
		}
		if status == internalError {
			t.Errorf("call %d: internal error", call%12)
		}
	})
}
