// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHammer runs hammer.c, a C program that calls the exports at random, for a
// second.  NSPA_TEST_ASAN=1 builds program and library with AddressSanitizer
// and UBSan first; NSPA_TEST_SECONDS and NSPA_TEST_SEED choose how long and
// with which numbers.
func TestHammer(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	library, program := loaded, filepath.Join(dir, "hammer")
	args := []string{"-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", program, "hammer/hammer.c"}
	if os.Getenv("NSPA_TEST_ASAN") != "" {
		args = append(args, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
		library = filepath.Join(dir, "libnspa.so")
		if err := buildLibrary(root, library, "-asan"); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	setting := func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	work := filepath.Join(dir, "prefix")
	mkdir(t, work)
	cmd := exec.Command(program, library, work, setting("NSPA_TEST_SECONDS", "1"), setting("NSPA_TEST_SEED", "1"))
	cmd.Env = append(os.Environ(), "ASAN_OPTIONS=detect_leaks=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), " calls\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
