// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/reparse/change"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// The faults of RFC v3's implementation, one test each.

// DELETE did not look whether the object is a link: it emptied a plain file.
func TestRFC3DeleteOnPlainFile(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.write("file", "precious")
	w.mkdir("dir")
	w.write("dir/inside", "precious")
	for _, name := range []string{"file", "dir"} {
		for _, tag := range []Tag{TagMountPoint, TagSymlink, TagLXSymlink} {
			if _, err := w.delete(name, tag); err != StatusNotAReparsePoint {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	w.check("file", "file precious")
	w.check("dir", "dir inside")
}

// DELETE did not compare tags.
func TestRFC3DeleteOfOtherTag(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	w.mustSet("n", junctionTo(`\??\C:\t`))
	if _, err := w.delete("n", TagSymlink); err != StatusIOReparseTagMismatch {
		t.Error(err)
	}
	w.check("n", "point "+string(junctionTo(`\??\C:\t`)))
}

// SET on a directory with entries hid them in a temporary directory.
func TestRFC3SetOnFullDirectory(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	w.write("n/inside", "precious")
	if _, err := w.set("n", junctionTo(`\??\C:\t`)); err != StatusDirectoryNotEmpty {
		t.Error(err)
	}
	w.check("n", "dir inside")
	w.noTemps()
}

// SET on a file lost its data.
func TestRFC3SetOnFileWithData(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.write("n", "precious")
	for _, raw := range [][]byte{symlinkTo("t"), vectors.Buffer(vectors.LX, false, "t")} {
		if _, err := w.set("n", raw); err != StatusIOReparseDataInvalid {
			t.Error(err)
		}
	}
	w.check("n", "file precious")
}

// The offset of a name, in bytes, was used as an index of characters, so names
// that do not start at 0 were read from elsewhere.
func TestRFC3ByteOffset(t *testing.T) {
	// "print" first, "substitute" second.
	print, sub := u16(`C:\print`), u16(`\??\C:\substitute`)
	raw := make([]byte, symlinkNames)
	raw = appendUTF16(raw, print)
	subOff := len(raw) - symlinkNames
	raw = appendUTF16(raw, sub)
	binary.LittleEndian.PutUint32(raw, uint32(TagSymlink))
	raw = le16(raw, 4, uint16(len(raw)-HeaderSize))
	raw = le16(raw, 8, uint16(subOff))
	raw = le16(raw, 10, uint16(2*len(sub)))
	raw = le16(raw, 14, uint16(2*len(print)))
	b, err := Parse(raw)
	if err != nil || string16(b.Substitute) != `\??\C:\substitute` || string16(b.Print) != `C:\print` {
		t.Fatalf("%+v, %v", b, err)
	}
	text, err := vectorPrefix().Encode(b, true, -1)
	if err != nil || !strings.HasSuffix(string(text), "/dosdevices/c:/substitute") {
		t.Errorf("%q, %v", text, err)
	}
}

func string16(s []uint16) string {
	path, _ := appendUnix(nil, s)
	return strings.ReplaceAll(string(path), "/", `\`)
}

// The length of an absolute substitute name counted the NUL; the data length of
// a symbolic link was 4 short.
func TestRFC3Lengths(t *testing.T) {
	for _, v := range []vectors.Vector{vectors.All[5], vectors.All[8]} {
		b, err := vectorPrefix().Decode([]byte(v.Text), false)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if n := int(binary.LittleEndian.Uint16(raw[10:])); n != 2*len(v.Target) {
			t.Errorf("%q: substitute length %d", v.Target, n)
		}
		if n := int(binary.LittleEndian.Uint16(raw[4:])); n != len(raw)-HeaderSize {
			t.Errorf("%q: data length %d of %d", v.Target, n, len(raw))
		}
		if _, err := Parse(raw); err != nil {
			t.Errorf("%q: %v", v.Target, err)
		}
	}
}

// Relative targets were read back as ASCII only.
func TestRFC3RelativeUnicode(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.write("n", "")
	raw := symlinkTo(`ünïcödé\日本\🙂.txt`)
	if info := w.mustSet("n", raw); info.Form != FormText {
		t.Errorf("%+v", info)
	}
	w.check("n", "point "+string(raw))
}

// DELETE of a junction, found as a symlink by a descriptor, made a file of it.
func TestRFC3DeleteKeepsTheKind(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("junction", "dirlink")
	w.write("filelink", "")
	w.mkdir("realdir")
	w.mustSet("junction", junctionTo(`\??\C:\nothing`))
	w.mustSet("dirlink", symlinkTo("nothing"))
	w.mustSet("filelink", symlinkTo("realdir"))
	for name, want := range map[string]string{"junction": "dir ", "dirlink": "dir ", "filelink": "file "} {
		fd, err := unix.Openat(w.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := w.store.Classify(w.fd, name)
		_, err = w.store.Delete(fd, "", Object{}, deleteHeader(info.Tag))
		unix.Close(fd)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.check(name, want)
	}
}

// Only ENOSYS led to the fallback; file systems without an exchange say EINVAL.
func TestRFC3ExchangeErrors(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EINVAL, unix.ENOSYS, unix.ENOTSUP, unix.EPERM, unix.EXDEV} {
		w := newWorld(t, t.TempDir())
		beforeCall(t, func(_ int, call string) error {
			if call == "renameat2 exchange" {
				return errno
			}
			return nil
		})
		w.mkdir("a", "b")
		w.write("f", "")
		w.mustSet("a", junctionTo(`\??\C:\t`))
		w.mustSet("b", junctionTo(`\??\C:\t`))
		w.mustSet("f", symlinkTo("t"))
		if _, err := w.delete("a", TagMountPoint); err != nil {
			t.Errorf("%v: %v", errno, err)
		}
		w.check("a", "dir ")
		w.check("b", "point "+string(junctionTo(`\??\C:\t`)))
		w.noTemps()
	}
}

// Errors left the temporary directory behind, or the name without its object.
func TestRFC3ErrorsLeaveNothing(t *testing.T) {
	junction, junction2 := junctionTo(`\??\C:\t`), junctionTo(`\??\C:\u`)
	bogus := printed(TagMountPoint, `\??\C:\t`)
	for name, run := range map[string]struct {
		setup func(w *world)
		run   func(w *world) error
	}{
		"set":      {func(w *world) { w.mkdir("n") }, func(w *world) error { _, err := w.set("n", junction); return err }},
		"retarget": {func(w *world) { w.mkdir("n"); w.mustSet("n", junction2) }, func(w *world) error { _, err := w.set("n", junction); return err }},
		"to xattr": {func(w *world) { w.mkdir("n"); w.mustSet("n", junction2) }, func(w *world) error { _, err := w.set("n", bogus); return err }},
		"to text":  {func(w *world) { w.mkdir("n"); w.mustSet("n", bogus) }, func(w *world) error { _, err := w.set("n", junction); return err }},
		"delete":   {func(w *world) { w.mkdir("n"); w.mustSet("n", junction) }, func(w *world) error { _, err := w.delete("n", TagMountPoint); return err }},
		"delete xattr": {func(w *world) { w.mkdir("n"); w.mustSet("n", bogus) },
			func(w *world) error { _, err := w.delete("n", TagMountPoint); return err }},
	} {
		for _, a := range []abilities{
			{exchange: true, noReplace: true, xattr: true, links: true},
			{noReplace: true, xattr: true, links: true},
		} {
			for _, errno := range []unix.Errno{unix.EIO, unix.ENOSPC, unix.EACCES, unix.EROFS} {
				for at := 0; failAt(t, fmt.Sprintf("%s, %v at call %d", name, errno, at), a, at, errno, run.setup, run.run); at++ {
				}
			}
		}
	}
}

// failAt makes the at-th call of run fail; it returns false if there is none.
func failAt(t *testing.T, what string, a abilities, at int, errno unix.Errno, setup func(*world), run func(*world) error) bool {
	w := newWorld(t, t.TempDir())
	setup(w)
	before, disk := w.state("n"), strings.Join(w.list("."), " ")
	failed := false
	n := -1
	change.SetStep(func(call string) error {
		if n++; n == at {
			failed = true
			return errno
		}
		return a.fail(call)
	})
	err := run(w)
	change.SetStep(nil)
	// A failure that was not reported must be one of tidying up.
	if after := w.state("n"); err != nil && after != before {
		t.Errorf("%s: %v, but n changed from %q to %q", what, err, before, after)
	}
	if after := strings.Join(w.list("."), " "); err != nil && after != disk {
		t.Errorf("%s: %v, on disk %q, before %q", what, err, after, disk)
	}
	return failed
}

// Links past MAX_PATH were truncated, and written back truncated.
func TestRFC3LongLinks(t *testing.T) {
	w := newWorld(t, t.TempDir())
	for _, n := range []int{250, 259, 260, 261, 520, 1000, 3000} {
		name := fmt.Sprint("n", n)
		w.mkdir(name)
		long := strings.Repeat(`\0123456789`, n/11)
		raw := junctionTo(`\??\C:` + long)
		if info := w.mustSet(name, raw); info.Form != FormText {
			t.Errorf("%d: %+v", n, info)
		}
		w.check(name, "point "+string(raw))
		// Moved there and back, byte for byte.
		text, _ := os.Readlink(w.path(name))
		there, _ := Relocate([]byte(text), "/old/prefix")
		os.Remove(w.path(name))
		w.symlink(string(there), name)
		r, err := w.store.Relocate(w.fd, name, Object{})
		if err != nil || !r.Written || string(r.Text) != text {
			t.Errorf("%d: %v, %d bytes, want %d", n, err, len(r.Text), len(text))
		}
	}
	w.mkdir("limit")
	raw := junctionTo(`\??\Z:\` + strings.Repeat("x", MaxText-38))
	if info := w.mustSet("limit", raw); info.Form != FormText {
		t.Errorf("%+v", info)
	}
	w.check("limit", "point "+string(raw))
	w.mkdir("beyond")
	if info, err := w.set("beyond", junctionTo(`\??\Z:\`+strings.Repeat("x", MaxText-37))); err == nil && info.Form != FormXattr {
		t.Errorf("%+v", info)
	} else if err != nil && err != StatusNameTooLong && err != StatusDiskFull {
		t.Error(err)
	}
}

// Relocation unlinked the link and made it anew, ignoring errors.
func TestRFC3RelocateIsAtomic(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.symlink(movedFrom("/old/prefix"), "n")
	beforeCall(t, func(_ int, call string) error {
		if _, err := os.Lstat(w.path("n")); err != nil {
			t.Errorf("before %s: %v", call, err)
		}
		return nil
	})
	if r, err := w.store.Relocate(w.fd, "n", Object{}); err != nil || !r.Written {
		t.Errorf("%+v, %v", r, err)
	}
}

// Plain Unix symlinks were followed although the link itself was asked for.
func TestRFC3LinksAreNotFollowed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("target")
	w.write("target/inside", "precious")
	w.symlink("target", "n")
	if err := w.store.Remove(w.fd, "n", Object{}); err != nil {
		t.Error(err)
	}
	w.check("target", "dir inside")
	if _, err := w.store.Classify(w.fd, "n"); err != StatusObjectNameNotFound {
		t.Error(err)
	}
}

// A WSL link could carry text that reads as another reparse point, and its
// buffer was used without an end.
func TestRFC3LXText(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.write("n", "")
	for _, v := range vectors.All {
		if v.Tag == vectors.LX {
			continue
		}
		if _, err := w.set("n", vectors.Buffer(vectors.LX, false, v.Text)); err != StatusIOReparseDataInvalid {
			t.Errorf("vector %d: %v", v.Number, err)
		}
	}
	raw := vectors.Buffer(vectors.LX, false, "/abc")
	w.mustSet("n", append(raw[:len(raw):len(raw)], "garbage behind the buffer"...)[:len(raw)])
	if text, _ := os.Readlink(w.path("n")); text != "/abc" {
		t.Errorf("%q", text)
	}
}

// A forged tag got path semantics.
func TestRFC3ForgedTag(t *testing.T) {
	w := newWorld(t, t.TempDir())
	for _, tag := range []Tag{0, 1, 0x8000001b, 0xbeef, 0xffffffff, TagLXSymlink} {
		text := string(appendTag(nil, false, tag)) + "/etc"
		name := "n" + text[len(text)-20:len(text)-16] + string(rune('a'+tag%26))
		name = strings.NewReplacer("/", "_", ".", "_").Replace(name)
		w.symlink(text, name)
		if info, err := w.store.Classify(w.fd, name); err != nil || info.Tag != TagLXSymlink {
			t.Errorf("tag %x: %+v, %v", uint32(tag), info, err)
		}
		os.Remove(w.path(name))
	}
}
