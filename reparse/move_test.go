// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRelocateLink(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, a abilities) {
		if !a.links {
			t.Skip("needs links")
		}
		w := newWorld(t, dir)
		w.mkdir("target")
		w.write("target/inside", "found")
		w.symlink(movedFrom("/old/prefix"), "n")
		past := unix.NsecToTimespec(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC).UnixNano())
		if err := unix.UtimesNanoAt(w.fd, "n", []unix.Timespec{past, past}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			t.Log("no times on links: ", err)
		}
		// Read before it is repaired, it reads as if it were.
		w.check("n", "point "+string(junctionTo(`\??\C:\target`)))
		before, _ := w.store.Classify(w.fd, "n")

		r, err := w.store.Relocate(w.fd, "n", Object{})
		if err != nil || !r.Moved || !r.Written || string(r.Text) != movedFrom(w.store.Prefix.Dir) {
			t.Fatalf("%+v, %v", r, err)
		}
		if r.Info.Object == before.Object {
			t.Error("the new link has the identity of the old one")
		}
		if text, err := os.Readlink(w.path("n")); err != nil || text != string(r.Text) {
			t.Errorf("%q, %v", text, err)
		}
		if b, err := os.ReadFile(w.path("n/inside")); err != nil || string(b) != "found" {
			t.Errorf("%q, %v", b, err)
		}
		if st, err := os.Lstat(w.path("n")); err != nil || st.ModTime().Year() != 2001 {
			t.Errorf("times: %v, %v", st.ModTime(), err)
		}
		w.noTemps()
		r, err = w.store.Relocate(w.fd, "n", Object{})
		if err != nil || r.Moved || r.Written {
			t.Errorf("second time: %+v, %v", r, err)
		}
	})
}

// Links that are not ours to change.
func TestRelocateLeavesAlone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	outside := w.store.Prefix.Dir + "/../outside"
	if err := os.Mkdir(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	foreign := movedFrom("/another/prefix")
	if err := os.Symlink(foreign, outside+"/n"); err != nil {
		t.Fatal(err)
	}
	// Seen through a link of the prefix it still lies outside.
	w.symlink("../../outside", "door")
	for _, path := range []string{outside, w.path("door")} {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		r, err := w.store.Relocate(fd, "n", Object{})
		if err != nil || r.Moved || r.Written || string(r.Text) != foreign {
			t.Errorf("outside: %+v, %v", r, err)
		}
		// And it leads where its own prefix says.
		raw, err := w.store.Get(fd, "n")
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, "outside", raw, junctionTo(`\??\Z:\another\prefix\dosdevices\c:\target`))
	}
	// A sibling of the prefix whose name starts like it is outside too.
	sibling := w.store.Prefix.Dir + "2"
	if err := os.Mkdir(sibling, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(foreign, sibling+"/n"); err != nil {
		t.Fatal(err)
	}
	fd, _ := unix.Open(sibling, unix.O_PATH|unix.O_CLOEXEC, 0)
	defer unix.Close(fd)
	if r, err := w.store.Relocate(fd, "n", Object{}); err != nil || r.Moved {
		t.Errorf("sibling: %+v, %v", r, err)
	}

	if os.Geteuid() == 0 {
		w.symlink(foreign, "theirs")
		if err := os.Lchown(w.path("theirs"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if r, err := w.store.Relocate(w.fd, "theirs", Object{}); err != nil || r.Moved {
			t.Errorf("of another owner: %+v, %v", r, err)
		}
	}
	w.mkdir("plain")
	w.symlink("/etc", "unix")
	for _, name := range []string{"plain", "unix"} {
		if r, err := w.store.Relocate(w.fd, name, Object{}); err != nil || r.Moved {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := w.store.Relocate(w.fd, "missing", Object{}); err != StatusObjectNameNotFound {
		t.Errorf("missing: %v", err)
	}
}

// A link that cannot be written is right in memory.
func TestRelocateReadOnly(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.symlink(movedFrom("/old/prefix"), "n")
	beforeCall(t, func(int, string) error { return unix.EROFS })
	r, err := w.store.Relocate(w.fd, "n", Object{})
	if err != nil || !r.Moved || r.Written || string(r.Text) != movedFrom(w.store.Prefix.Dir) {
		t.Errorf("%+v, %v", r, err)
	}
	if text, _ := os.Readlink(w.path("n")); text != movedFrom("/old/prefix") {
		t.Errorf("%q", text)
	}
}
