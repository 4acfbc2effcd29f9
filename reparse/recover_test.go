// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// temp gives a temporary name of the kind that the package makes.
func temp(n int) string { return fmt.Sprintf("%s%032x", tempPrefix, n) }

func TestRecover(t *testing.T) {
	w := newWorld(t, t.TempDir())
	// What goes: nothing is lost with it.
	w.symlink("x", temp(1))
	w.mkdir(temp(2))
	w.write(temp(3), "")
	w.mkdir(".winelink.AbCdEf") // as RFC v3 makes them
	w.symlink("x", ".winelink.AbCdEf/tmplink")
	w.mkdir(".winelink.GhIjKl")
	w.mkdir(".winelink.GhIjKl/tmplink")
	w.mkdir(".winelink.MnOpQr")
	w.write(".winelink.MnOpQr/tmpfile", "")
	w.symlink("gone", temp(4)+intentSuffix)
	w.symlink("kept", temp(5)+intentSuffix)
	w.symlink("x", temp(5))
	w.symlink("../escape", temp(6)+intentSuffix)
	w.symlink("x", temp(6))
	// What stays.
	w.write(temp(7), "user data")
	w.mkdir(temp(8))
	w.write(temp(8)+"/data", "user data")
	w.mkdir(".winelink.StUvWx/tmplink")
	w.write(".winelink.StUvWx/tmplink/data", "user data")
	w.mkdir(".winelink.YzAbCd")
	w.write(".winelink.YzAbCd/tmpfile", "user data")
	w.mkdir(".winelink.EfGhIj")
	w.write(".winelink.EfGhIj/tmpother", "")
	if err := unix.Mkfifo(w.path(temp(9)), 0o666); err != nil {
		t.Fatal(err)
	}
	w.mkdir("kept", "plain")
	w.write("winelink.other", "")
	// What is finished.
	w.symlink("restored", temp(10)+intentSuffix)
	w.mkdir(temp(10))
	// A second name of a file with data.
	w.write("twice", "user data")
	if err := os.Link(w.path("twice"), w.path(temp(11))); err != nil {
		t.Fatal(err)
	}

	if r, err := Recover(w.fd, time.Hour); err != nil || r != (Recovered{}) {
		t.Errorf("young leftovers: %+v, %v", r, err)
	}
	r, err := Recover(w.fd, 0)
	if err != nil || r.Finished != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	want := strings.Join([]string{temp(7), temp(8), temp(9), ".winelink.EfGhIj", ".winelink.StUvWx", ".winelink.YzAbCd",
		"kept", "plain", "restored", "twice", "winelink.other"}, " ")
	if got := strings.Join(w.list("."), " "); got != want {
		t.Errorf("left:\n%s\nwant:\n%s", got, want)
	}
	for _, name := range []string{temp(7), temp(8) + "/data", ".winelink.StUvWx/tmplink/data", ".winelink.YzAbCd/tmpfile", "twice"} {
		if b, err := os.ReadFile(w.path(name)); err != nil || string(b) != "user data" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := os.Lstat(w.root + "/../escape"); err == nil {
		t.Error("a leftover was moved out of its directory")
	}
	if r, err = Recover(w.fd, 0); err != nil || r.Removed != 0 || r.Finished != 0 || r.Kept < 5 {
		t.Errorf("second time: %+v, %v", r, err)
	}
	if _, err := Recover(-1, 0); err != StatusInvalidHandle {
		t.Errorf("bad descriptor: %v", err)
	}
}

// Names that only look like ours are a user's, and seen.
func TestRecoverLeavesOthers(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.symlink("x", ".winelink.link")
	w.mkdir(".winelink.dir", ".winelink.backup")
	w.write(".winelink.", "")
	w.write(temp(1)[:len(temp(1))-1], "")
	w.write(temp(1)+"0", "")
	w.write(strings.ToUpper(temp(0xabc)), "")
	w.write(tempPrefix+strings.Repeat("F", 32), "")
	w.symlink("plain", temp(2)+".other")
	before := strings.Join(w.list("."), " ")
	if r, err := Recover(w.fd, 0); err != nil || r != (Recovered{}) {
		t.Errorf("%+v, %v", r, err)
	}
	if after := strings.Join(w.list("."), " "); after != before {
		t.Errorf("left %s of %s", after, before)
	}
	for _, name := range w.list(".") {
		if e, err := w.store.Entry(w.fd, name); err != nil || e.Hidden {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

// A directory that holds nothing but old leftovers counts as empty.
func TestLeftoversInside(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	w.symlink("x", "n/"+temp(1))
	if _, err := w.set("n", junctionTo(`\??\C:\t`)); err != StatusDirectoryNotEmpty {
		t.Errorf("young: %v", err)
	}
	// Changed times cannot be set, so make the test's clock run.
	fd, _ := unix.Openat(w.fd, "n", unix.O_PATH|unix.O_CLOEXEC, 0)
	defer unix.Close(fd)
	if _, err := Recover(fd, 0); err != nil {
		t.Fatal(err)
	}
	w.mustSet("n", junctionTo(`\??\C:\t`))
}
