// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/reparse/change"
)

// Somebody else changes the name between two system calls, at every place.
// Whatever they did must survive, and the outcome must be one that some order
// of the two changes explains.
func TestRaces(t *testing.T) {
	junction := junctionTo(`\??\C:\target`)
	bogus := printed(TagMountPoint, `\??\C:\target`)
	setups := map[string]struct {
		setup func(w *world)
		run   func(w *world) error
	}{
		"set text":  {func(w *world) { w.mkdir("n") }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, junction); return err }},
		"set xattr": {func(w *world) { w.mkdir("n") }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, bogus); return err }},
		"retarget":  {func(w *world) { w.mkdir("n"); w.mustSet("n", junctionTo(`\??\C:\old`)) }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, junction); return err }},
		"to xattr":  {func(w *world) { w.mkdir("n"); w.mustSet("n", junctionTo(`\??\C:\old`)) }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, bogus); return err }},
		"to text":   {func(w *world) { w.mkdir("n"); w.mustSet("n", bogus) }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, junction); return err }},
		"delete text": {func(w *world) { w.mkdir("n"); w.mustSet("n", junction) }, func(w *world) error {
			_, err := w.store.Delete(w.fd, "n", w.object, deleteHeader(TagMountPoint))
			return err
		}},
		"delete xattr": {func(w *world) { w.mkdir("n"); w.mustSet("n", bogus) }, func(w *world) error {
			_, err := w.store.Delete(w.fd, "n", w.object, deleteHeader(TagMountPoint))
			return err
		}},
		"set file": {func(w *world) { w.write("n", "") }, func(w *world) error { _, err := w.store.Set(w.fd, "n", w.object, symlinkTo("x")); return err }},
		"remove":   {func(w *world) { w.mkdir("n"); w.mustSet("n", junction) }, func(w *world) error { return w.store.Remove(w.fd, "n", w.object) }},
		"relocate": {func(w *world) { w.symlink(movedFrom("/old"), "n") }, func(w *world) error {
			_, err := w.store.Relocate(w.fd, "n", w.object)
			return err
		}},
	}
	// Each gives the content to look for afterwards, "" if it did nothing.
	intruders := map[string]func(w *world) string{
		"file put in the way": func(w *world) string {
			if os.Rename(w.path("n"), w.path("away")) != nil {
				return ""
			}
			return intrude(w, "n")
		},
		"file put into the directory": func(w *world) string { return intrude(w, "n/data") },
		"file put into the carrier":   func(w *world) string { return intrude(w, "n?/data") },
		"data written":                func(w *world) string { return writeTo(w, "n") },
		"file replaces it": func(w *world) string {
			data := intrude(w, "away")
			if os.Rename(w.path("away"), w.path("n")) != nil {
				os.Remove(w.path("away"))
				return ""
			}
			return data
		},
		"full directory put in the way": func(w *world) string {
			if os.Rename(w.path("n"), w.path("away")) != nil || os.Mkdir(w.path("n"), 0o777) != nil {
				return ""
			}
			return intrude(w, "n/data")
		},
		"empty file put in the way": func(w *world) string {
			if os.Rename(w.path("n"), w.path("away")) != nil || os.WriteFile(w.path("n"), nil, 0o666) != nil {
				return ""
			}
			st, _ := lstat(w.fd, "n")
			return fmt.Sprintf("inode %d", st.Ino)
		},
		"link put in the way": func(w *world) string {
			if os.Rename(w.path("n"), w.path("away")) != nil || os.Symlink("their link", w.path("n")) != nil {
				return ""
			}
			return "link their link"
		},
		"renamed away": func(w *world) string { os.Rename(w.path("n"), w.path("away")); return "" },
	}
	onEach(t, func(t *testing.T, dir string, a abilities) {
		if !a.links || !a.xattr {
			t.Skip("needs both forms")
		}
		if a.name == "disk" && os.Getenv("NSPA_TEST_LONG") == "" {
			t.Skip("set NSPA_TEST_LONG=1 to run it on the disk, too")
		}
		runs := 0
		for sname, s := range setups {
			for iname, intruder := range intruders {
				for at := 0; ; at++ {
					sub := fmt.Sprintf("%s/%d", dir, runs)
					runs++
					if err := os.Mkdir(sub, 0o777); err != nil {
						t.Fatal(err)
					}
					change.SetStep(a.fail2)
					w := newWorld(t, sub)
					w.mkdir("target")
					s.setup(w)
					info, err := w.store.Classify(w.fd, "n")
					if err != nil {
						t.Fatal(err)
					}
					w.object = info.Object
					var data, before string
					n, done := 0, false
					change.SetStep(func(call string) error {
						if n == at && !done {
							done, before = true, call
							data = intruder(w)
						}
						n++
						return a.fail(call)
					})
					err = s.run(w)
					change.SetStep(a.fail2)
					what := fmt.Sprintf("%s, %s before call %d: %v", sname, iname, at, err)
					if !done {
						os.RemoveAll(sub)
						break
					}
					if err != nil && StatusOf(err) == StatusInternalError {
						t.Error(what)
					}
					if data != "" && !findData(w, data) && !unavoidable(before, iname, a) {
						t.Errorf("%s: their data is gone; on disk %q", what, w.list("."))
					}
					if err == nil && !strings.HasPrefix(iname, "data written") {
						w.t = t
						w.state("n") // must make sense
					}
					if _, err := Recover(w.fd, 0); err != nil {
						t.Errorf("%s: Recover: %v", what, err)
					}
					if data != "" && !findData(w, data) && !unavoidable(before, iname, a) {
						t.Errorf("%s: their data is gone after Recover; on disk %q", what, w.list("."))
					}
					os.RemoveAll(sub)
				}
			}
		}
		t.Logf("%d runs", runs)
	})
}

// unavoidable tells the one case in which a foreign object is lost: a plain
// rename, all there is without an exchange, replaces what was put at the name
// just before it.
func unavoidable(call, intruder string, a abilities) bool {
	return !a.exchange && call == "renameat" && (strings.Contains(intruder, "file") || strings.Contains(intruder, "link"))
}

func (a abilities) fail2(call string) error { return a.fail(call) }

func intrude(w *world, name string) string {
	fd, err := unix.Open(w.path(name), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o666)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	data := "written into " + name
	if _, err := unix.Write(fd, []byte(data)); err != nil {
		return ""
	}
	return data
}

func writeTo(w *world, name string) string {
	fd, err := unix.Open(w.path(name), unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("written")); err != nil {
		return ""
	}
	return "written"
}

// findData looks for a file with this content, or what else an intruder left,
// anywhere in drive C:.
func findData(w *world, data string) bool {
	var walk func(dir string) bool
	walk = func(dir string) bool {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			name := dir + "/" + e.Name()
			if st, err := os.Lstat(name); err == nil && data == fmt.Sprintf("inode %d", st.Sys().(*syscall.Stat_t).Ino) {
				return true
			}
			if text, err := os.Readlink(name); err == nil && data == "link "+text {
				return true
			}
			if e.IsDir() {
				if walk(name) {
					return true
				}
			} else if e.Type().IsRegular() {
				if b, err := os.ReadFile(name); err == nil && string(b) == data {
					return true
				}
			}
		}
		return false
	}
	return walk(w.root)
}

// Many at once on one name: every file that somebody managed to create inside
// the directory is there afterwards.
func TestStorm(t *testing.T) {
	duration := 300 * time.Millisecond
	if os.Getenv("NSPA_TEST_LONG") != "" {
		duration = 20 * time.Second
	}
	onEach(t, func(t *testing.T, dir string, a abilities) {
		if !a.exchange || !a.links || !a.xattr {
			t.Skip("needs an exchange and both forms")
		}
		w := newWorld(t, dir)
		w.mkdir("n")
		stop := time.Now().Add(duration)
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[Status]int{}
		var created []string
		run := func(f func(i int) error) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := 0; time.Now().Before(stop); i++ {
					err := f(i)
					mu.Lock()
					statuses[StatusOf(err)]++
					mu.Unlock()
				}
			}()
		}
		for range 2 {
			run(func(i int) error { _, err := w.set("n", junctionTo(`\??\C:\t`)); return err })
			run(func(i int) error { _, err := w.set("n", printed(TagMountPoint, `\??\C:\t`)); return err })
			run(func(i int) error {
				_, err := w.store.Delete(w.fd, "n", w.object, deleteHeader(TagMountPoint))
				return err
			})
			run(func(i int) error { _, err := w.store.Get(w.fd, "n"); return err })
		}
		run(func(i int) error {
			// The link is dangling, so the file is in the directory
			// itself or nowhere.
			name := fmt.Sprintf("data%d", i)
			if os.WriteFile(w.path("n/"+name), []byte(name), 0o666) == nil {
				mu.Lock()
				created = append(created, name)
				mu.Unlock()
				time.Sleep(100 * time.Microsecond)
				if os.Remove(w.path("n/"+name)) == nil {
					mu.Lock()
					created = created[:len(created)-1]
					mu.Unlock()
				}
			}
			return nil
		})
		wg.Wait()
		for status, n := range statuses {
			t.Logf("%6d %v", n, status)
			switch status {
			case StatusSuccess, StatusRetry, StatusObjectNameNotFound, StatusNotAReparsePoint,
				StatusDirectoryNotEmpty, StatusObjectNameCollision:
			default:
				t.Errorf("%d times %v", n, status)
			}
		}
		for _, name := range created {
			if !findData(w, name) {
				t.Errorf("%s is gone", name)
			}
		}
		if _, err := Recover(w.fd, 0); err != nil {
			t.Error(err)
		}
		if s := w.state("n"); s == "missing" {
			t.Errorf("n is gone; on disk %q", w.list("."))
		}
	})
}
