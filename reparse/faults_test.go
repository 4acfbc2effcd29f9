// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A call that fails removes nothing: a second name "n?" of the file n is the user's.
func TestFailureKeepsHardLink(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.write("n", "data")
	if err := os.Link(w.path("n"), w.path("n?")); err != nil {
		t.Fatal(err)
	}
	for what, run := range map[string]func() error{
		"delete":           func() error { _, err := w.delete("n", TagSymlink); return err },
		"remove":           func() error { return w.store.Remove(w.fd, "n", Object{}) },
		"set of garbage":   func() error { _, err := w.set("n", []byte("garbage")); return err },
		"set on data":      func() error { _, err := w.set("n", symlinkTo("a")); return err },
		"set of a new one": func() error { _, err := w.set("n", guidBuffer(0xbeef, testGUID, "")); return err },
		"recovery":         func() error { _, err := Recover(w.fd, 0); return err },
	} {
		_ = run()
		if got := strings.Join(w.list("."), " "); got != "n n?" {
			t.Errorf("%s: on disk %q", what, got)
		}
	}
	w.check("n", "file data")
}

// A target that leads out of the drive by ".." is not left to the kernel.
func TestClamped(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.mkdir("deep/er")
	deep, err := unix.Open(w.path("deep/er"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(deep)
	for _, c := range []struct {
		dir  int
		raw  []byte
		form Form
	}{
		{w.fd, junctionTo(`\??\C:\..\`), FormXattr},
		{w.fd, junctionTo(`\??\C:\deep\..\x`), FormXattr},
		{w.fd, symlinkTo(`..`), FormXattr},
		{w.fd, symlinkTo(`..\..\x`), FormXattr},
		{w.fd, symlinkTo(`deep\..\x`), FormXattr},
		{deep, symlinkTo(`..\x`), FormText},
		{deep, symlinkTo(`..\..`), FormText},
		{deep, symlinkTo(`.\..\..\x`), FormText},
		{deep, symlinkTo(`..\..\..`), FormXattr},
	} {
		if err := unix.Mkdirat(c.dir, "n", 0o777); err != nil {
			t.Fatal(err)
		}
		info, err := w.store.Set(c.dir, "n", Object{}, c.raw)
		if err != nil || info.Form != c.form {
			t.Errorf("%q: %+v, %v", c.raw, info, err)
		}
		if got, err := w.store.Get(c.dir, "n"); err != nil || !bytes.Equal(got, c.raw) {
			t.Errorf("%q reads back as %q, %v", c.raw, got, err)
		}
		if err := w.store.Remove(c.dir, "n", Object{}); err != nil {
			t.Fatal(err)
		}
	}
}

// printFirst is the layout that CreateSymbolicLink of Windows writes.
func printFirst(flags uint32, sub, print string) []byte {
	raw := make([]byte, symlinkNames)
	put := func(at, v int) { binary.LittleEndian.PutUint16(raw[at:], uint16(v)) }
	binary.LittleEndian.PutUint32(raw, uint32(TagSymlink))
	put(8, 2*len(print))
	put(10, 2*len(sub))
	put(14, 2*len(print))
	binary.LittleEndian.PutUint32(raw[16:], flags)
	for _, c := range append(u16(print), u16(sub)...) {
		raw = binary.LittleEndian.AppendUint16(raw, c)
	}
	binary.LittleEndian.PutUint16(raw[4:], uint16(len(raw)-HeaderSize))
	return raw
}

// The layout of Windows' own mklink is a link that Unix programs follow.
func TestPrintFirst(t *testing.T) {
	w := newWorld(t, t.TempDir())
	for _, c := range []struct {
		flags      uint32
		sub, print string
	}{{1, `target`, `target`}, {0, `\??\C:\target`, `C:\target`}} {
		w.write("n", "")
		if info := w.mustSet("n", printFirst(c.flags, c.sub, c.print)); info.Form != FormText {
			t.Errorf("%s: %+v", c.sub, info)
		}
		raw, err := w.store.Get(w.fd, "n")
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(raw)
		if err != nil || !slices.Equal(b.Substitute, u16(c.sub)) || !slices.Equal(b.Print, u16(c.print)) || b.Flags != c.flags {
			t.Errorf("%s reads back as %+v, %v", c.sub, b, err)
		}
		os.Remove(w.path("n"))
	}
	// A print name of its own is not lost for that.
	w.write("n", "")
	if info := w.mustSet("n", printFirst(1, `target`, `title`)); info.Form != FormXattr {
		t.Errorf("%+v", info)
	}
}

// A change that was made is no failure because it could not be written out.
func TestSyncFails(t *testing.T) {
	for _, raw := range [][]byte{junctionTo(`\??\C:\t`), printed(TagMountPoint, `\??\C:\t`)} {
		w := newWorld(t, t.TempDir())
		w.store.Sync = true
		w.mkdir("n")
		beforeCall(t, func(_ int, call string) error {
			if call == "fsync" {
				return unix.EIO
			}
			return nil
		})
		w.mustSet("n", raw)
		w.check("n", "point "+string(raw))
	}
}

// The buffer of the Xattr form is written out before the name says that there is one.
func TestSyncOrder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.store.Sync = true
	w.write("n", "")
	var calls []string
	beforeCall(t, func(_ int, call string) error { calls = append(calls, call); return nil })
	w.mustSet("n", guidBuffer(0xbeef, testGUID, "x"))
	if got := strings.Join(calls, ", "); got != "setxattr, fsync, renameat2 noreplace, fsync" {
		t.Error(got)
	}
}

// Nobody who may read a directory can hold changes up.
func TestForeignLock(t *testing.T) {
	for _, how := range []int{unix.LOCK_SH, unix.LOCK_EX} {
		w := newWorld(t, t.TempDir())
		w.mkdir("n")
		fd, err := unix.Open(w.root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Flock(fd, how); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		w.mustSet("n", junctionTo(`\??\C:\t`))
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("took %v", took)
		}
	}
}

// What a link cannot keep of the object is not lost by making it one.
func TestMetadataKept(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	const dos = "user.DOSATTRIB"
	for _, c := range []struct {
		mode os.FileMode
		attr string
		form Form
	}{{0o700, "", FormXattr}, {0o777, "", FormXattr}, {0o755, "0x2", FormXattr}, {0o755, "0x0", FormText}, {0o755, "", FormText}} {
		old := unix.Umask(0o22)
		w.mkdir("n")
		unix.Umask(old)
		if err := os.Chmod(w.path("n"), c.mode); err != nil {
			t.Fatal(err)
		}
		if c.attr != "" {
			if err := unix.Setxattr(w.path("n"), dos, []byte(c.attr), 0); err != nil {
				t.Fatal(err)
			}
		}
		old = unix.Umask(0o22)
		info := w.mustSet("n", junctionTo(`\??\C:\t`))
		if _, err := w.delete("n", TagMountPoint); err != nil {
			t.Error(err)
		}
		unix.Umask(old)
		if info.Form != c.form {
			t.Errorf("%o, %q: %+v", c.mode, c.attr, info)
		}
		st, err := os.Stat(w.path("n"))
		if err != nil || st.Mode().Perm() != c.mode {
			t.Errorf("%o is now %v, %v", c.mode, st.Mode(), err)
		}
		var buf [8]byte
		n, err := unix.Getxattr(w.path("n"), dos, buf[:])
		if c.attr == "0x2" && (err != nil || string(buf[:n]) != c.attr) {
			t.Errorf("%q is now %q, %v", c.attr, buf[:max(n, 0)], err)
		}
		os.Remove(w.path("n"))
	}
}

// A set that fails leaves the very object, without an exchange too.
func TestFailureKeepsObject(t *testing.T) {
	w := newWorld(t, t.TempDir())
	old := unix.Umask(0o22)
	defer unix.Umask(old)
	w.mkdir("n")
	before, _ := os.Stat(w.path("n"))
	held, err := os.Open(w.path("n")) // so that its number is not given to another
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	renames := 0
	beforeCall(t, func(_ int, call string) error {
		switch call {
		case "renameat2 exchange":
			return unix.EINVAL
		case "renameat2 noreplace":
			if renames++; renames == 1 {
				return unix.EIO
			}
		}
		return nil
	})
	if _, err := w.set("n", junctionTo(`\??\C:\t`)); err != StatusIODeviceError {
		t.Errorf("%v", err)
	}
	after, err := os.Stat(w.path("n"))
	if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("%v is now %v, %v", before.Mode(), after, err)
	}
	w.noTemps()
}

// Removing a point of the Xattr form removes that one only.
func TestRemoveXattrIdentity(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.write("n", "")
	w.mustSet("n", guidBuffer(0xbeef, testGUID, "x"))
	done := false
	beforeCall(t, func(int, string) error {
		if !done {
			done = true
			_ = os.Rename(w.path("n?"), w.path("away"))
			w.write("n?", "their data")
		}
		return nil
	})
	if err := w.store.Remove(w.fd, "n", Object{}); err == nil {
		t.Error("no error")
	}
	if b, _ := os.ReadFile(w.path("n?")); string(b) != "their data" {
		t.Errorf("on disk %q", w.list("."))
	}
}
