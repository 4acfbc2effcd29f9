// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHints(t *testing.T) {
	h := newHints()
	defer h.free()
	a, b := h.of("/dir/a"), h.of("/dir/b")
	if a == 0 || b == 0 || a == b || h.known(a) {
		t.Fatalf("hints %#x, %#x", a, b)
	}
	h.add(a)
	h.add(a)
	if !h.known(a) || h.known(b) {
		t.Error("not what was added is known")
	}
	h.drop(a)
	if h.known(a) {
		t.Error("known although it was dropped")
	}
}

// A name is known by the same hint however it is told.
func TestHintInDirectory(t *testing.T) {
	h := newHints()
	defer h.free()
	for _, test := range []struct{ dir, name, path string }{
		{"/dir", "name", "/dir/name"}, {"/dir/", "name", "/dir/name"}, {"/", "x", "/x"},
		{"/a/long/way/down", "a name of many more bytes than a word", "/a/long/way/down/a name of many more bytes than a word"},
	} {
		if h.in(test.dir, test.name) != h.of(test.path) {
			t.Errorf("%q in %q is not %q", test.name, test.dir, test.path)
		}
	}
	if h.in("", "x") != 0 {
		t.Error("a hint without a directory")
	}
}

// Two processes, and so two tables, know a name by different hints.
func TestHintsAreKeyed(t *testing.T) {
	h := newHints()
	defer h.free()
	other := newHints()
	defer other.free()
	other.c.key++
	if h.of("/dir/a") == other.of("/dir/a") {
		t.Error("the key makes no difference")
	}
}

// More names than there is room for: the newest is always known, and no name that was
// not added is.
func TestHintsFull(t *testing.T) {
	h := newHints()
	defer h.free()
	known := 0
	for i := range 100000 {
		hint := h.of(fmt.Sprint("/dir/", i))
		h.add(hint)
		if !h.known(hint) {
			t.Fatalf("%d is not known", i)
		}
	}
	for i := range 100000 {
		if h.known(h.of(fmt.Sprint("/dir/", i))) {
			known++
		}
		if h.known(h.of(fmt.Sprint("/other/", i))) {
			t.Fatalf("other/%d is known", i)
		}
	}
	if known < 10000 || known > 2048*8 {
		t.Errorf("%d are known", known)
	}
}

func TestServerDevices(t *testing.T) {
	disk, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	proc, err := os.Open("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	dev := func(f *os.File) uint64 {
		var st unix.Stat_t
		if err := unix.Fstat(int(f.Fd()), &st); err != nil {
			t.Fatal(err)
		}
		return st.Dev
	}
	for range 2 { // looked at, then remembered
		if isServerDevice(int(disk.Fd()), dev(disk)) {
			t.Error("the disk is left to wineserver")
		}
		if !isServerDevice(int(proc.Fd()), dev(proc)) {
			t.Error("procfs is not left to wineserver")
		}
		if !isServerDevice(int(disk.Fd()), unix.Mkdev(2, 1)) {
			t.Error("a floppy disk is not left to wineserver")
		}
	}
	if !isServerDevice(-1, unix.Mkdev(7, 77)) {
		t.Error("what cannot be looked at is not left to wineserver")
	}
}
