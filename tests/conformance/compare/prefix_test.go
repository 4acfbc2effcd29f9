// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestRestore(t *testing.T) {
	template, dir := filepath.Join(t.TempDir(), "template"), filepath.Join(t.TempDir(), "prefix")
	sh := func(in, script string) {
		t.Helper()
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir = in
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", script, err, output)
		}
	}
	if err := os.MkdirAll(template, 0o777); err != nil {
		t.Fatal(err)
	}
	sh(template, `mkdir -p a/b/c d; echo 1 > system.reg; echo 2 > a/b/file; echo 3 > a/b/c/file; ln -s a link; chmod 600 system.reg; chmod 500 d`)
	p, err := newPrefix(template, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{
		"true",
		"echo x > system.reg",
		"cp -p system.reg new; printf '4\\n' > new; touch -r system.reg new; mv new system.reg",
		"chmod 644 system.reg; chmod 700 d",
		"rm -r a; mkdir -p a/b/new; echo > a/x",
		"rm -r a; echo > a",
		"rm link; mkdir link; echo > link/x",
		"ln -sf d link",
		"rm system.reg; mkfifo system.reg",
		"mkdir -p x/y; echo > x/y/z; ln -s /nonexistent dangling",
	} {
		sh(dir, damage)
		if err := p.restore(); err != nil {
			t.Fatalf("%s: %v", damage, err)
		}
		// Names, types, modes, contents.
		list := `find . -printf '%p %y %m %l\n' | sort; find . -type f | sort | xargs cat`
		want, err := shell(template, list)
		if err != nil {
			t.Fatal(err)
		}
		got, err := shell(dir, list)
		if err != nil || got != want {
			t.Errorf("after %q:\n%s\nwant\n%s (%v)", damage, got, want, err)
		}
	}
}

func shell(dir, script string) (string, error) {
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	output, err := cmd.Output()
	return string(output), err
}
