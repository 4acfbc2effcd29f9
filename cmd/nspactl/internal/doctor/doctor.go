// SPDX-License-Identifier: LGPL-2.1-or-later

// Package doctor checks whether nspa can work: kernel, file system, Wine
// build, libraries, and what runs on the prefix.
package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The ABI versions this nspactl belongs to; a test compares them with the
// headers.
const (
	ClientABI = 5
	ServerABI = 4
)

// Result is the outcome of one check.
type Result struct {
	Name   string
	Err    error  // nil: passed
	Detail string // what was found
	Advice string // what to do, when Err is set
}

// Setup is what is checked.
type Setup struct {
	Loader string // wine64
	Server string // wineserver of the same build
	Prefix string // may not exist yet
	// Probe calls a version function of a shared library, in a process of
	// its own.
	Probe func(library, symbol string) (uint32, error)
}

// Run makes all checks, in order.
func Run(s *Setup) []Result {
	out := []Result{
		kernel("kernel: priority-inheritance futex", piFutex, "the kernel needs CONFIG_FUTEX_PI"),
		kernel("kernel: robust futex list", robustList, "the kernel needs robust futexes; a sandbox may forbid get_robust_list"),
		kernel("kernel: sealed memory files", sealedMemfd, "the kernel needs memfd_create with sealing (3.17)"),
		s.exchange(),
	}
	unix, err := s.unixDir()
	if err != nil {
		return append(out, Result{"wine: build", err, "", "give the loader of the patched Wine with --wine"})
	}
	out = append(out,
		marked("wine: ntdll.so is patched", filepath.Join(unix, "ntdll.so"), "NSPA_LOCAL_FILES"),
		marked("wine: wineserver is patched", s.Server, "nspa_create_file_from_unix_fd"),
		s.library("library: libnspa.so", []string{unix}, "libnspa.so", "nspa_version", ClientABI),
		s.library("library: libnspa_server.so", []string{unix, filepath.Dir(s.Server)}, "libnspa_server.so", "nspa_server_abi", ServerABI),
		s.running(),
	)
	return out
}

// Print writes one line for each result and returns how many failed.
func Print(w io.Writer, results []Result) int {
	failed := 0
	for _, r := range results {
		if r.Err == nil {
			fmt.Fprintf(w, "ok    %-36s %s\n", r.Name, r.Detail)
			continue
		}
		failed++
		fmt.Fprintf(w, "FAIL  %-36s %v\n      %-36s -> %s\n", r.Name, r.Err, "", r.Advice)
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", len(results)-failed, failed)
	return failed
}

func kernel(name string, check func() error, advice string) Result {
	return Result{Name: name, Err: check(), Advice: advice}
}

// exchange checks the atomic swap of two names, on the prefix's file system.
func (s *Setup) exchange() Result {
	r := Result{Name: "file system: RENAME_EXCHANGE", Advice: "reparse points cannot be set atomically there; use ext4, xfs, btrfs or tmpfs for the prefix"}
	dir := s.Prefix
	for {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		break
	}
	r.Detail = "in " + dir
	tmp, err := os.MkdirTemp(dir, ".nspa-doctor-")
	if err != nil {
		r.Err = err
		return r
	}
	defer os.RemoveAll(tmp)
	a, b := filepath.Join(tmp, "a"), filepath.Join(tmp, "b")
	if r.Err = errors.Join(os.WriteFile(a, []byte("a"), 0o600), os.Symlink("target", b)); r.Err != nil {
		return r
	}
	if r.Err = renameExchange(a, b); r.Err != nil {
		return r
	}
	if data, err := os.ReadFile(b); err != nil || string(data) != "a" {
		r.Err = fmt.Errorf("the names were not swapped in %s", dir)
	}
	return r
}

// unixDir finds the directory of ntdll.so that belongs to the loader.
func (s *Setup) unixDir() (string, error) {
	if st, err := os.Stat(s.Loader); err != nil {
		return "", err
	} else if st.IsDir() {
		return "", fmt.Errorf("%s is a directory, not a loader", s.Loader)
	}
	dir := filepath.Dir(s.Loader)
	for _, rel := range []string{
		"../x86_64-linux-gnu/wine/x86_64-unix", "../lib/wine/x86_64-unix", "../lib64/wine/x86_64-unix",
		"../lib/x86_64-linux-gnu/wine/x86_64-unix", "wine/x86_64-unix", "../dlls/ntdll", "dlls/ntdll",
	} {
		d := filepath.Join(dir, rel)
		if _, err := os.Stat(filepath.Join(d, "ntdll.so")); err == nil {
			return d, nil
		}
	}
	return "", fmt.Errorf("no ntdll.so belongs to %s", s.Loader)
}

// marked checks that a binary holds a string that only a patched one has.
func marked(name, path, mark string) Result {
	r := Result{Name: name, Detail: path, Advice: "this is an unpatched Wine: programs run, without nspa"}
	data, err := os.ReadFile(path)
	if err != nil {
		r.Err, r.Advice = err, "the Wine build is incomplete"
	} else if !bytes.Contains(data, []byte(mark)) {
		r.Err = fmt.Errorf("%s is not patched", path)
	}
	return r
}

// library checks that a library is there, loads, and speaks this version.
func (s *Setup) library(name string, dirs []string, file, symbol string, want uint32) Result {
	r := Result{Name: name, Advice: "build it again, or put the matching one beside ntdll.so; until then programs run without nspa"}
	path := ""
	for _, d := range dirs {
		if p := filepath.Join(d, file); path == "" && exists(p) {
			path = p
		}
	}
	if path == "" {
		r.Err = fmt.Errorf("no %s in %s", file, strings.Join(dirs, " or "))
		return r
	}
	got, err := s.Probe(path, symbol)
	switch {
	case err != nil:
		r.Err = fmt.Errorf("%s does not load: %w", path, err)
	case got != want:
		r.Err = fmt.Errorf("%s has ABI version %d, this build needs %d", path, got, want)
	default:
		r.Detail = fmt.Sprintf("%s, ABI version %d", path, got)
	}
	return r
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// running checks that no wineserver of another build serves the prefix.
func (s *Setup) running() Result {
	r := Result{Name: "prefix: wineserver", Advice: "end the programs on the prefix (wineserver -k of that build) before using this one"}
	st, err := os.Stat(s.Prefix)
	if errors.Is(err, fs.ErrNotExist) {
		r.Detail = s.Prefix + " does not exist yet"
		return r
	}
	if err != nil {
		r.Err = err
		return r
	}
	pid, err := serverOf("/proc", st)
	if err != nil || pid == 0 {
		r.Err, r.Detail = err, "none is running on "+s.Prefix
		return r
	}
	ours, err := os.Stat(s.Server)
	if err != nil {
		r.Err = err
		return r
	}
	exe := fmt.Sprintf("/proc/%d/exe", pid)
	theirs, err := os.Stat(exe)
	if err != nil {
		r.Err = err
		return r
	}
	path, _ := os.Readlink(exe)
	if !os.SameFile(ours, theirs) {
		r.Err = fmt.Errorf("process %d (%s) serves %s and is of another build", pid, path, s.Prefix)
		return r
	}
	r.Detail = fmt.Sprintf("process %d of this build serves %s", pid, s.Prefix)
	return r
}

// serverOf finds the wineserver of a prefix: it stays in a directory named
// after the prefix's device and inode. 0: there is none.
func serverOf(proc string, prefix fs.FileInfo) (int, error) {
	st, ok := prefix.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.New("no inode numbers here")
	}
	want := fmt.Sprintf("server-%x-%x", st.Dev, st.Ino)
	entries, err := os.ReadDir(proc)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(proc, e.Name(), "comm"))
		if err != nil || !bytes.HasPrefix(comm, []byte("wineserver")) {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join(proc, e.Name(), "cwd")); err == nil && filepath.Base(cwd) == want {
			return pid, nil
		}
	}
	return 0, nil
}
