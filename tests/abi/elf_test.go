// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package abi

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/nspa-dev/nspa/tests/abi/libs"
)

func openELF(t *testing.T, path string) *elf.File {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// declared lists the functions that headers declare.
func declared(t *testing.T, headers ...string) []string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^extern\s[^;("]*?\b(nspa_\w+)\s*\(`)
	var names []string
	for _, header := range headers {
		text, err := os.ReadFile(filepath.Join(libs.Root(), "include", header))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range function.FindAllSubmatch(text, -1) {
			names = append(names, string(match[1]))
		}
	}
	slices.Sort(names)
	return names
}

// exported lists what a library defines for others, but for the name of its
// symbol version.
func exported(t *testing.T, path string) []string {
	t.Helper()
	symbols, err := openELF(t, path).DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF || s.Section == elf.SHN_ABS && elf.ST_TYPE(s.Info) == elf.STT_OBJECT {
			continue
		}
		if bind := elf.ST_BIND(s.Info); bind == elf.STB_LOCAL {
			continue
		}
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
			t.Errorf("%s is no function", s.Name)
		}
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// TestExports: the headers' functions, no more and no fewer.
func TestExports(t *testing.T) {
	for _, test := range []struct {
		path    string
		headers []string
		least   int
	}{
		{client, []string{"nspa.h", "nspa_reparse.h"}, 20},
		{server, []string{"nspa_server.h", "nspa_change.h"}, 16},
	} {
		got, want := exported(t, test.path), declared(t, test.headers...)
		if !slices.Equal(got, want) {
			t.Errorf("%s exports\n%v\nand %v declare\n%v", test.path, got, test.headers, want)
		}
		if len(want) < test.least {
			t.Errorf("only %d functions found in %v", len(want), test.headers)
		}
	}
}

func TestNames(t *testing.T) {
	for path, want := range map[string]string{client: "libnspa.so.0", server: "libnspa_server.so.0"} {
		got, err := openELF(t, path).DynString(elf.DT_SONAME)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: SONAME %v, %v, want %s", path, got, err, want)
		}
	}
}

// TestNeeds: nothing beyond libc, and for wineserver's part not even threads.
func TestNeeds(t *testing.T) {
	for path, allowed := range map[string][]string{
		client: {"libc.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"},
		server: {"libc.so.6"},
	} {
		file := openELF(t, path)
		needed, err := file.ImportedLibraries()
		if err != nil || len(needed) == 0 {
			t.Errorf("%s: %v, %v", path, needed, err)
		}
		for _, name := range needed {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s needs %s", path, name)
			}
		}
		for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
			if paths, _ := file.DynString(tag); len(paths) != 0 {
				t.Errorf("%s: %v %v", path, tag, paths)
			}
		}
	}
	symbols, err := openELF(t, server).ImportedSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		switch s.Name {
		case "pthread_create", "clone", "fork", "sigaction", "signal", "exit", "abort":
			t.Errorf("%s calls %s", server, s.Name)
		}
	}
}

// TestHeaders: they stand on their own, in C and in C++ where they say so.
func TestHeaders(t *testing.T) {
	for _, test := range []struct{ compiler, language, header string }{
		{"gcc", "c", "nspa.h"}, {"gcc", "c", "nspa_reparse.h"}, {"gcc", "c", "nspa_shm.h"}, {"gcc", "c", "nspa_server.h"},
		{"gcc", "c", "nspa_change.h"}, {"gcc", "c", "nspa_link.h"},
		{"g++", "c++", "nspa.h"}, {"g++", "c++", "nspa_reparse.h"},
	} {
		compiler, err := exec.LookPath(test.compiler)
		if err != nil {
			t.Log(err)
			continue
		}
		args := []string{"-x", test.language, "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-D_GNU_SOURCE",
			"-fsyntax-only", "-"}
		cmd := exec.Command(compiler, args...)
		cmd.Dir = filepath.Join(libs.Root(), "include")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer stdin.Close()
			_, _ = stdin.Write([]byte("#include \"" + test.header + "\"\n#include \"" + test.header + "\"\nint x;\n"))
		}()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s %s: %v\n%s", test.compiler, test.header, err, out)
		}
	}
}
