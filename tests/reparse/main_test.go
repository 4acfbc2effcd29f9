// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package reparse tests the C exports for reparse points through the built
// library.
package reparse

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// loaded is the path of the library under test.
var loaded string

// TestMain loads the library that the tests call: NSPA_LIBRARY if set,
// build/lib/libnspa.so if it is newer than its sources, else one built for the
// occasion.
func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "tests/reparse:", err)
		return 1
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return fail(err)
	}
	path := os.Getenv("NSPA_LIBRARY")
	if path == "" {
		path = filepath.Join(root, "build/lib/libnspa.so")
		if !fresh(path, root) {
			dir, err := os.MkdirTemp("", "nspa")
			if err != nil {
				return fail(err)
			}
			defer os.RemoveAll(dir)
			path = filepath.Join(dir, "libnspa.so")
			if err := buildLibrary(root, path); err != nil {
				return fail(err)
			}
			os.Setenv("NSPA_LIBRARY", path) // for the workers of a fuzz run
		}
	}
	if err := loadLibrary(path); err != nil {
		return fail(err)
	}
	loaded = path
	return m.Run()
}

func buildLibrary(root, path string, flags ...string) error {
	args := append([]string{"build", "-buildmode=c-shared", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "./capi")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// fresh reports whether the library is newer than all that it is made of.
func fresh(path, root string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	built := st.ModTime()
	stale := false
	for _, dir := range []string{"capi", "core", "shm", "reparse", "include"} {
		_ = filepath.WalkDir(filepath.Join(root, dir), func(name string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			switch filepath.Ext(name) {
			case ".go", ".c", ".h":
				var changed time.Time
				if info, err := e.Info(); err == nil {
					changed = info.ModTime()
				}
				stale = stale || changed.After(built)
			}
			return nil
		})
	}
	return !stale
}

// tempName is a name of the kind that changes use for temporary objects.
const tempName = ".winelink.0123456789abcdef0123456789abcdef"
