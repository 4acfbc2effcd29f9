// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package libs finds the two libraries for tests that call them through their
// C interface, and builds what is missing or out of date.
package libs

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Names of the libraries.
const (
	Client = "libnspa.so"
	Server = "libnspa_server.so"
)

// Root is the top of the source tree.
func Root() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) { // built with -trimpath
		dir, err := filepath.Abs("../..")
		if err != nil {
			panic(err)
		}
		return dir
	}
	return filepath.Join(filepath.Dir(file), "../../..")
}

// Find returns the path of a library: that in NSPA_LIB_DIR if set, that in
// build/lib if nothing it is made of is newer, else one built into dir.
func Find(name, dir string) (string, error) {
	if given := os.Getenv("NSPA_LIB_DIR"); given != "" {
		return filepath.Join(given, name), nil
	}
	if path := filepath.Join(Root(), "build/lib", name); fresh(path, name) {
		return path, nil
	}
	path := filepath.Join(dir, name)
	return path, build(name, path)
}

// sources lists the folders that a library is made of.
func sources(name string) []string {
	if name == Server {
		return []string{"capi/server", "reparse/change", "include"}
	}
	return []string{"capi", "core", "shm", "reparse", "include"}
}

func build(name, path string) error {
	root := Root()
	var cmd *exec.Cmd
	if name == Server {
		var files []string
		for _, dir := range []string{"capi/server", "reparse/change"} {
			more, err := filepath.Glob(filepath.Join(root, dir, "*.c"))
			if err != nil {
				return err
			}
			files = append(files, more...)
		}
		cmd = exec.Command("gcc", append(files, "-std=gnu11", "-O2", "-g", "-fPIC", "-shared",
			"-fvisibility=hidden", "-I"+root+"/include", "-Wl,-soname,libnspa_server.so.0",
			"-Wl,--version-script="+root+"/capi/server/libnspa_server.map", "-Wl,-z,defs,-z,now", "-o", path)...)
	} else {
		cmd = exec.Command("go", "build", "-buildmode=c-shared", "-trimpath",
			"-ldflags=-s -w -X=runtime.godebugDefault=asyncpreemptoff=1 -extldflags '-Wl,-soname,libnspa.so.0 "+
				"-Wl,--version-script="+root+"/capi/libnspa.map -Wl,-z,defs -Wl,-T,"+root+"/capi/go.ld'", "-o", path, "./capi")
	}
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

func fresh(path, name string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	newest := time.Time{}
	for _, dir := range sources(name) {
		_ = filepath.WalkDir(filepath.Join(Root(), dir), func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(file, "_test.go") {
				return nil
			}
			if info, err := e.Info(); err == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
			return nil
		})
	}
	return st.ModTime().After(newest)
}
