// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/reparse/change"
)

// The crash test runs each operation in a child process that kills itself with
// SIGKILL before the n-th system call that changes anything, for every n, and
// looks at what is left.

type scenario struct {
	name  string
	needs func(a abilities) bool
	setup func(w *world) // in the parent
	run   func(w *world) error
	// What name n holds before and after.
	old, new string
	// disk is what must never be lost, whatever happens: a file on disk,
	// under one of the names, and its content.
	data []string
}

func texts(a abilities) bool  { return a.links }
func xattrs(a abilities) bool { return a.xattr }
func both(a abilities) bool   { return a.links && a.xattr }

var scenarios = func() []scenario {
	third, thirdDir := guidBuffer(0xbeef, testGUID, "x"), guidBuffer(0x1000beef, testGUID, "x")
	jText, jText2 := junctionTo(`\??\C:\target`), junctionTo(`\??\C:\elsewhere`)
	jXattr, jXattr2 := printed(TagMountPoint, `\??\C:\target`), printed(TagMountPoint, `\??\C:\e`)
	fText, fXattr := symlinkTo("target"), printed(TagSymlink, "target")
	set := func(raw []byte) func(w *world) error {
		return func(w *world) error { _, err := w.set("n", raw); return err }
	}
	del := func(tag Tag) func(w *world) error {
		return func(w *world) error { _, err := w.delete("n", tag); return err }
	}
	dir := func(w *world) { w.mkdir("n") }
	file := func(w *world) { w.write("n", "") }
	dirWith := func(raw []byte) func(w *world) {
		return func(w *world) { w.mkdir("n"); w.mustSet("n", raw) }
	}
	fileWith := func(raw []byte) func(w *world) {
		return func(w *world) { w.write("n", ""); w.mustSet("n", raw) }
	}
	point := func(raw []byte) string { return "point " + string(raw) }
	full := func(w *world) { w.mkdir("n"); w.write("n/data", "user data") }
	kept := func(w *world) { w.write("n", "user data") }

	return []scenario{
		{"set junction", texts, dir, set(jText), "dir ", point(jText), nil},
		{"set file link", texts, file, set(fText), "file ", point(fText), nil},
		{"set xattr, dir", xattrs, dir, set(jXattr), "dir ", point(jXattr), nil},
		{"set xattr, file", xattrs, kept, set(third), "file user data", point(third), []string{"n", "n?"}},
		{"set xattr, full dir", xattrs, full, set(thirdDir), "dir data", point(thirdDir), []string{"n/data", "n?/data"}},
		{"retarget junction", texts, dirWith(jText), set(jText2), point(jText), point(jText2), nil},
		{"retarget file link", texts, fileWith(fText), set(symlinkTo("b")), point(fText), point(symlinkTo("b")), nil},
		{"retarget xattr", xattrs, dirWith(jXattr), set(jXattr2), point(jXattr), point(jXattr2), nil},
		{"text to xattr, dir", both, dirWith(jText), set(jXattr), point(jText), point(jXattr), nil},
		{"text to xattr, file", both, fileWith(fText), set(fXattr), point(fText), point(fXattr), nil},
		{"xattr to text, dir", both, dirWith(jXattr), set(jText), point(jXattr), point(jText), nil},
		{"xattr to text, file", both, fileWith(fXattr), set(fText), point(fXattr), point(fText), nil},
		{"delete junction", texts, dirWith(jText), del(TagMountPoint), point(jText), "dir ", nil},
		{"delete file link", texts, fileWith(fText), del(TagSymlink), point(fText), "file ", nil},
		{"delete unix link", texts, func(w *world) { w.symlink("target", "n") }, del(TagLXSymlink),
			point(unixLink("target")), "dir ", nil},
		{"delete xattr, dir", xattrs, dirWith(jXattr), del(TagMountPoint), point(jXattr), "dir ", nil},
		{"delete xattr, file", xattrs, func(w *world) { kept(w); w.mustSet("n", third) }, del(0xbeef),
			point(third), "file user data", []string{"n", "n?"}},
		{"delete xattr, full dir", xattrs, func(w *world) { full(w); w.mustSet("n", thirdDir) }, del(0x1000beef),
			point(thirdDir), "dir data", []string{"n/data", "n?/data"}},
		{"remove junction", texts, dirWith(jText),
			func(w *world) error { return w.store.Remove(w.fd, "n", Object{}) }, point(jText), "missing", nil},
		{"remove xattr", xattrs, dirWith(jXattr),
			func(w *world) error { return w.store.Remove(w.fd, "n", Object{}) }, point(jXattr), "missing", nil},
		{"relocate", texts, func(w *world) { w.symlink(movedFrom("/old/prefix"), "n") },
			func(w *world) error {
				r, err := w.store.Relocate(w.fd, "n", Object{})
				if err == nil && !r.Written {
					err = StatusInternalError
				}
				return err
			}, point(jText), point(jText), nil},
	}
}()

func unixLink(target string) []byte {
	raw, _ := (&Buffer{Tag: TagLXSymlink, Target: []byte(target)}).Bytes()
	return raw
}

// movedFrom gives the text of a junction to C:\target in a prefix elsewhere.
func movedFrom(prefix string) string {
	text, _ := Link{Tag: TagMountPoint, Directory: true, Path: []byte(prefix + Marker + "/dosdevices/c:/target")}.Text()
	return string(text)
}

// crashChild is the process that dies.  Its exit tells that it did not.
func crashChild() {
	fields := strings.Split(os.Getenv("NSPA_CRASH"), ":")
	number, _ := strconv.Atoi(fields[0])
	step, _ := strconv.Atoi(fields[1])
	var a abilities
	fmt.Sscanf(fields[2], "%t%t%t%t", &a.exchange, &a.noReplace, &a.xattr, &a.links)
	n := 0
	change.SetStep(func(call string) error {
		if n == step {
			unix.Kill(os.Getpid(), unix.SIGKILL)
			select {}
		}
		n++
		return a.fail(call)
	})
	t := &childTB{}
	w := newWorld(t, os.Getenv("NSPA_CRASH_DIR"))
	if err := scenarios[number].run(w); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// childTB is as much of a testing.TB as a world needs.
type childTB struct{ testing.TB }

func (*childTB) Helper()           {}
func (*childTB) Cleanup(func())    {}
func (*childTB) Fatal(args ...any) { fmt.Println(args...); os.Exit(2) }
func (*childTB) Fatalf(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(2)
}

func TestMain(m *testing.M) {
	if os.Getenv("NSPA_CRASH") != "" {
		crashChild()
	}
	os.Exit(m.Run())
}

func TestCrash(t *testing.T) { onEach(t, crashSuite) }

func crashSuite(t *testing.T, dir string, a abilities) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for number, s := range scenarios {
		if !s.needs(a) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			for step := 0; ; step++ {
				sub := fmt.Sprintf("%s/%d.%d", dir, number, step)
				if err := os.Mkdir(sub, 0o777); err != nil {
					t.Fatal(err)
				}
				w := newWorld(t, sub)
				w.mkdir("target")
				w.write("bystander", "untouched")
				s.setup(w)
				w.check("n", s.old)

				cmd := exec.Command(exe)
				cmd.Env = append(os.Environ(), "NSPA_CRASH_DIR="+sub, fmt.Sprintf("NSPA_CRASH=%d:%d:%t %t %t %t",
					number, step, a.exchange, a.noReplace, a.xattr, a.links))
				out, err := cmd.CombinedOutput()
				killed := cmd.ProcessState.Sys().(interface{ Signaled() bool }).Signaled()
				if err != nil && !killed {
					t.Fatalf("step %d: %v\n%s", step, err, out)
				}
				afterCrash(t, w, s, a, step, killed)
				os.RemoveAll(sub)
				if !killed {
					if step == 0 {
						t.Error("nothing to interrupt")
					}
					break
				}
				kills++
			}
		})
	}
	t.Logf("%s: %d kills", a.name, kills)
}

// afterCrash looks at what a killed, or finished, process left.
func afterCrash(t *testing.T, w *world, s scenario, a abilities, step int, killed bool) {
	w.t = t
	found := w.state("n")
	ok := found == s.old || found == s.new
	if !killed {
		ok = found == s.new
		w.noTemps()
	}
	// Without an exchange, replacing a directory goes through a moment with
	// nothing at the name; recovery completes it.
	gap := !a.exchange && found == "missing" && killed
	if !ok && !gap {
		t.Fatalf("step %d: n holds %q; on disk %q", step, found, w.list("."))
	}
	checkData(t, w, s, step)

	if _, err := Recover(w.fd, 0); err != nil {
		t.Fatalf("step %d: Recover: %v", step, err)
	}
	w.noTemps()
	recovered := w.state("n")
	if recovered != s.old && recovered != s.new {
		t.Fatalf("step %d: recovered n holds %q; on disk %q", step, recovered, w.list("."))
	}
	if !gap && recovered != found {
		t.Errorf("step %d: recovery changed n from %q to %q", step, found, recovered)
	}
	checkData(t, w, s, step)

	// Nothing stands in the way of doing it again.
	if recovered == s.old && s.old != s.new {
		if err := s.run(w); err != nil {
			t.Errorf("step %d: again: %v", step, err)
		}
		w.check("n", s.new)
	}
	w.noTemps()
	w.check("bystander", "file untouched")
	for _, name := range w.list(".") {
		switch name {
		case "bystander", "target", "n", "n?":
		default:
			t.Errorf("step %d: on disk %q", step, name)
		}
	}
}

// checkData finds the user data of a scenario under one of its names.
func checkData(t *testing.T, w *world, s scenario, step int) {
	t.Helper()
	for _, name := range s.data {
		if b, err := os.ReadFile(w.path(name)); err == nil && string(b) == "user data" {
			return
		}
	}
	if s.data != nil {
		t.Fatalf("step %d: user data lost; on disk %q", step, w.list("."))
	}
}
