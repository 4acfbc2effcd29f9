// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nspa-dev/nspa/reparse/change"
)

// A prefix that was moved or copied is repaired at its next use, links on the way
// included, and its original stays what it was.
func TestRepair(t *testing.T) {
	for _, how := range []string{"mv FROM TO", "cp -a FROM TO", "mkdir TO && tar -C FROM -cf - . | tar -C TO -xf -"} {
		w := newWorld(t, t.TempDir())
		from := w.store.Prefix.Dir
		to := from + "-elsewhere"
		w.mkdir("target/deep", "a/b")
		w.write("target/deep/file", "original")
		w.mkdir("a/b/j", "k")
		w.mustSet("k", junctionTo(`\??\C:\target`))
		sub, err := os.Open(w.path("a/b"))
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if _, err := w.store.Set(int(sub.Fd()), "j", Object{}, junctionTo(`\??\C:\target`)); err != nil {
			t.Fatal(err)
		}
		w.symlink("/usr/share", "plain")
		foreign := movedFrom("/another/prefix")
		if n, status := change.Repair(from); n != 0 || status != 0 {
			t.Errorf("at home: %d, %x", n, status)
		}
		w.symlink(foreign, "a/foreign") // the record says that nobody has moved
		if n, status := change.Repair(from); n != 0 || status != 0 {
			t.Errorf("at home again: %d, %x", n, status)
		}
		os.Remove(w.path("a/foreign"))

		command := strings.NewReplacer("FROM", from, "TO", to).Replace(how)
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
		if err := os.WriteFile(to+"/drive_c/target/deep/file", []byte("copy"), 0o666); err != nil {
			t.Fatal(err)
		}
		if n, status := change.Repair(to); n != 2 || status != 0 {
			t.Errorf("%s: %d, %x", how, n, status)
		}
		for _, name := range []string{"a/b/j/deep/file", "k/deep/file"} {
			if b, err := os.ReadFile(to + "/drive_c/" + name); err != nil || string(b) != "copy" {
				t.Errorf("%s: %s: %q, %v", how, name, b, err)
			}
		}
		if text, _ := os.Readlink(to + "/drive_c/plain"); text != "/usr/share" {
			t.Errorf("%s: a plain link became %q", how, text)
		}
		if !strings.HasPrefix(how, "mv") {
			if b, err := os.ReadFile(w.path("k/deep/file")); err != nil || string(b) != "original" {
				t.Errorf("%s: the original: %q, %v", how, b, err)
			}
		}
		if n, status := change.Repair(to); n != 0 || status != 0 {
			t.Errorf("%s: again: %d, %x", how, n, status)
		}
	}
}
