// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRecover(t *testing.T) {
	w := newWorld(t, t.TempDir())
	// What goes: nothing is lost with it.
	w.symlink("x", ".winelink.link")
	w.mkdir(".winelink.dir")
	w.write(".winelink.file", "")
	w.mkdir(".winelink.AbCdEf") // as RFC v3 makes them
	w.symlink("x", ".winelink.AbCdEf/tmplink")
	w.mkdir(".winelink.GhIjKl")
	w.mkdir(".winelink.GhIjKl/tmplink")
	w.mkdir(".winelink.MnOpQr")
	w.write(".winelink.MnOpQr/tmpfile", "")
	w.symlink("gone", ".winelink.lost.name")
	w.symlink("kept", ".winelink.taken.name")
	w.symlink("x", ".winelink.taken")
	w.symlink("../escape", ".winelink.evil.name")
	w.symlink("x", ".winelink.evil")
	// What stays.
	w.write(".winelink.data", "user data")
	w.mkdir(".winelink.full")
	w.write(".winelink.full/data", "user data")
	w.mkdir(".winelink.StUvWx/tmplink")
	w.write(".winelink.StUvWx/tmplink/data", "user data")
	w.mkdir(".winelink.YzAbCd")
	w.write(".winelink.YzAbCd/tmpfile", "user data")
	w.mkdir(".winelink.EfGhIj")
	w.write(".winelink.EfGhIj/tmpother", "")
	if err := unix.Mkfifo(w.path(".winelink.fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.mkdir("kept", "plain")
	w.write("winelink.other", "")
	// What is finished.
	w.symlink("restored", ".winelink.new.name")
	w.mkdir(".winelink.new")
	// A second name of a file with data.
	w.write("twice", "user data")
	if err := os.Link(w.path("twice"), w.path(".winelink.twice")); err != nil {
		t.Fatal(err)
	}

	if r, err := Recover(w.fd, time.Hour); err != nil || r != (Recovered{}) {
		t.Errorf("young leftovers: %+v, %v", r, err)
	}
	r, err := Recover(w.fd, 0)
	if err != nil || r.Finished != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	want := ".winelink.EfGhIj .winelink.StUvWx .winelink.YzAbCd .winelink.data .winelink.fifo .winelink.full " +
		"kept plain restored twice winelink.other"
	if got := strings.Join(w.list("."), " "); got != want {
		t.Errorf("left:\n%s\nwant:\n%s", got, want)
	}
	for _, name := range []string{".winelink.data", ".winelink.full/data", ".winelink.StUvWx/tmplink/data", ".winelink.YzAbCd/tmpfile", "twice"} {
		if b, err := os.ReadFile(w.path(name)); err != nil || string(b) != "user data" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := os.Lstat(w.root + "/../escape"); err == nil {
		t.Error("a leftover was moved out of its directory")
	}
	// 6 kept at the top, and the data inside of two.
	if r, err = Recover(w.fd, 0); err != nil || r.Removed != 0 || r.Finished != 0 || r.Kept < 6 {
		t.Errorf("second time: %+v, %v", r, err)
	}
	if _, err := Recover(-1, 0); err != StatusInvalidHandle {
		t.Errorf("bad descriptor: %v", err)
	}
}

// A directory that holds nothing but old leftovers counts as empty.
func TestLeftoversInside(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	w.symlink("x", "n/.winelink.1")
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

// The name of a temporary object is random and of one kind.
func TestTempNames(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		name, err := newTemp()
		if err != nil || !isTemp(name) || len(name) != len(tempPrefix)+32 || seen[name] {
			t.Fatalf("%q, %v", name, err)
		}
		seen[name] = true
	}
}

// Whoever holds the directory too long is not waited for.
func TestLockPatience(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	fd, err := unix.Open(w.root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := w.set("n", junctionTo(`\??\C:\t`)); err != StatusSharingViolation {
		t.Errorf("%v", err)
	}
	w.check("n", "dir ")
	time.AfterFunc(50*time.Millisecond, func() { _ = unix.Flock(fd, unix.LOCK_UN) })
	w.mustSet("n", junctionTo(`\??\C:\t`))
}
