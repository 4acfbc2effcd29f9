// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/reparse/change"
	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// A world is a Wine prefix in a test directory; names are in its drive C:.
type world struct {
	t     testing.TB
	store *Store
	root  string // drive_c
	fd    int

	object Object // races: what the caller means
}

func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	pfx := dir + "/pfx"
	w := &world{t: t, root: pfx + "/drive_c", store: &Store{Prefix: Prefix{
		Dir: pfx, Drives: DriveMap{'c': pfx + "/drive_c", 'z': "/"},
	}}}
	for _, d := range []string{w.root, pfx + "/dosdevices"} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range [][2]string{{"../drive_c", "c:"}, {"/", "z:"}} {
		if err := os.Symlink(l[0], pfx+"/dosdevices/"+l[1]); err != nil && !os.IsExist(err) &&
			!errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOSYS) {
			t.Fatal(err)
		}
	}
	if w.fd, err = unix.Open(w.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(w.fd) })
	return w
}

func (w *world) path(name string) string { return w.root + "/" + name }

func (w *world) mkdir(names ...string) {
	w.t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(w.path(name), 0o777); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) write(name, data string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(data), 0o666); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) symlink(text, name string) {
	w.t.Helper()
	if err := os.Symlink(text, w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) set(name string, raw []byte) (Info, error) {
	return w.store.Set(w.fd, name, Object{}, raw)
}

func (w *world) mustSet(name string, raw []byte) Info {
	w.t.Helper()
	info, err := w.set(name, raw)
	if err != nil {
		w.t.Fatalf("Set(%q): %v", name, err)
	}
	return info
}

func (w *world) delete(name string, tag Tag) (Info, error) {
	return w.store.Delete(w.fd, name, Object{}, deleteHeader(tag))
}

// deleteHeader gives the input of FSCTL_DELETE_REPARSE_POINT; tags that are not
// Microsoft's have the GUID of testGUID.
func deleteHeader(tag Tag) []byte {
	if tag.Microsoft() {
		return guidBuffer(uint32(tag), 0, "")
	}
	return guidBuffer(uint32(tag), testGUID, "")
}

const testGUID = 7

// state describes what Windows sees at a name: "missing", "file DATA",
// "dir ENTRIES" or "point BUFFER".
func (w *world) state(name string) string {
	w.t.Helper()
	info, err := w.store.Classify(w.fd, name)
	if err == StatusObjectNameNotFound {
		return "missing"
	}
	if err != nil {
		w.t.Fatalf("Classify(%q): %v", name, err)
	}
	if info.Form != FormNone {
		raw, err := w.store.Get(w.fd, name)
		if err != nil {
			w.t.Fatalf("Get(%q): %v", name, err)
		}
		return "point " + string(raw)
	}
	if info.Directory {
		return "dir " + strings.Join(w.list(name), " ")
	}
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return "file " + string(data)
}

// list gives the names of a directory on disk, sorted.
func (w *world) list(name string) []string {
	w.t.Helper()
	entries, err := os.ReadDir(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	sort.Strings(names)
	return names
}

// temps gives the temporary names in drive C:.
func (w *world) temps() []string {
	var out []string
	for _, name := range w.list(".") {
		if isTemp(name) {
			out = append(out, name)
		}
	}
	return out
}

func (w *world) noTemps() {
	w.t.Helper()
	if left := w.temps(); len(left) > 0 {
		w.t.Errorf("left behind: %q", left)
	}
}

func (w *world) check(name, want string) {
	w.t.Helper()
	if got := w.state(name); got != want {
		w.t.Errorf("%s holds %q, want %q", name, got, want)
	}
}

// The buffers that the tests set.
func junctionTo(target string) []byte { return vectors.Buffer(vectors.MountPoint, false, target) }
func symlinkTo(target string) []byte {
	return vectors.Buffer(vectors.Symlink, !strings.HasPrefix(target, `\`), target)
}

// printed gives a buffer that only an attribute keeps.
func printed(tag Tag, target string) []byte {
	flags := uint32(0)
	if !strings.HasPrefix(target, `\`) {
		flags = 1
	}
	return rawNames(tag, flags, u16(target), u16("a name of its own"))
}

// beforeCall runs f before the n-th change, counted from 0, and lets the call
// go on with what f returns.
func beforeCall(t testing.TB, f func(n int, call string) error) {
	n := 0
	change.SetStep(func(call string) error {
		n++
		return f(n-1, call)
	})
	t.Cleanup(func() {
		change.SetStep(nil)
	})
}

// A kind of file system, as far as its system calls go.
type abilities struct {
	name                              string
	exchange, noReplace, xattr, links bool
}

// fail makes the calls fail that the file system shall not have.
func (a abilities) fail(call string) error {
	switch {
	case call == "renameat2 exchange" && !a.exchange,
		call == "renameat2 noreplace" && !a.noReplace:
		return unix.EINVAL
	case call == "setxattr" && !a.xattr:
		return unix.ENOTSUP
	case (call == "linkat" || call == "symlinkat") && !a.links:
		return unix.EPERM
	}
	return nil
}

// probe finds out by the system calls themselves what a directory offers.
func probe(t testing.TB, dir string) abilities {
	t.Helper()
	d, err := os.MkdirTemp(dir, "probe")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(d)
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(d+"/"+name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return abilities{
		exchange:  unix.Renameat2(unix.AT_FDCWD, d+"/a", unix.AT_FDCWD, d+"/b", unix.RENAME_EXCHANGE) == nil,
		noReplace: unix.Renameat2(unix.AT_FDCWD, d+"/a", unix.AT_FDCWD, d+"/c", unix.RENAME_NOREPLACE) == nil,
		xattr:     unix.Setxattr(d+"/b", "user.nspatest", []byte("x"), 0) == nil,
		links:     os.Symlink("x", d+"/l") == nil,
	}
}

// onEach runs f on every kind of file system at hand: the one of the temporary
// directory, tmpfs, and that one again with calls failing as they do elsewhere.
func onEach(t *testing.T, f func(t *testing.T, dir string, a abilities)) {
	t.Helper()
	run := func(name, dir string, missing abilities) {
		t.Run(name, func(t *testing.T) {
			a := probe(t, dir)
			a.name = name
			if missing.name != "" {
				a.exchange = a.exchange && missing.exchange
				a.noReplace = a.noReplace && missing.noReplace
				a.xattr = a.xattr && missing.xattr
				a.links = a.links && missing.links
				beforeCall(t, func(_ int, call string) error { return a.fail(call) })
			}
			f(t, dir, a)
		})
	}
	tmpfs, err := os.MkdirTemp("/dev/shm", "nspa")
	if err != nil {
		t.Log("no tmpfs: ", err)
		tmpfs = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(tmpfs) })
	sub := func(name string) string {
		d := tmpfs + "/" + name
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
		return d
	}
	run("disk", t.TempDir(), abilities{})
	run("tmpfs", sub("0"), abilities{})
	run("no exchange", sub("1"), abilities{name: "x", noReplace: true, xattr: true, links: true})
	run("no renameat2", sub("2"), abilities{name: "x", xattr: true, links: true})
	run("no xattr", sub("3"), abilities{name: "x", exchange: true, noReplace: true, links: true})
	run("no links", sub("4"), abilities{name: "x", exchange: true, noReplace: true, xattr: true})
}

func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
