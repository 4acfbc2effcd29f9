// SPDX-License-Identifier: LGPL-2.1-or-later

package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The headers are the contract; the constants here follow them.
func TestVersions(t *testing.T) {
	for file, want := range map[string]struct {
		macro string
		value int
	}{"nspa.h": {"NSPA_ABI_VERSION", ClientABI}, "nspa_server.h": {"NSPA_SERVER_ABI", ServerABI}} {
		data, err := os.ReadFile(filepath.Join("../../../../include", file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^#define\s+` + want.macro + `\s+(\d+)`).FindSubmatch(data)
		if m == nil || string(m[1]) != fmt.Sprint(want.value) {
			t.Errorf("%s: %s is %s, the doctor expects %d", file, want.macro, m, want.value)
		}
	}
}

// tree makes a Wine build out of files that look right.
func tree(t *testing.T) *Setup {
	t.Helper()
	dir := t.TempDir()
	write := func(path, data string) string {
		p := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(data), 0o755)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	unix := "usr/lib/x86_64-linux-gnu/wine/x86_64-unix/"
	write(unix+"ntdll.so", "\x7fELF..NSPA_LOCAL_FILES\x00")
	write(unix+"libnspa.so", "")
	write(unix+"libnspa_server.so", "")
	prefix := filepath.Join(dir, "prefix")
	os.Mkdir(prefix, 0o755)
	return &Setup{
		Loader: write("usr/lib/wine/wine64", ""), Server: write("usr/lib/wine/wineserver64", "..nspa_create_file_from_unix_fd.."), Prefix: prefix,
		Probe: func(_, symbol string) (uint32, error) {
			if symbol == "nspa_server_abi" {
				return ServerABI, nil
			}
			return ClientABI, nil
		},
	}
}

func TestGoodSetup(t *testing.T) {
	var out strings.Builder
	if Print(&out, Run(tree(t))) != 0 || !strings.HasSuffix(out.String(), "\n9 passed, 0 failed\n") {
		t.Error(out.String())
	}
}

func TestBadSetup(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(s *Setup)
		failed string
	}{
		"unpatched ntdll": {func(s *Setup) {
			os.WriteFile(filepath.Join(filepath.Dir(s.Loader), "../x86_64-linux-gnu/wine/x86_64-unix/ntdll.so"), []byte("ELF"), 0o644)
		}, "wine: ntdll.so is patched"},
		"unpatched server": {func(s *Setup) { os.WriteFile(s.Server, []byte("ELF"), 0o755) }, "wine: wineserver is patched"},
		"no library": {func(s *Setup) {
			os.Remove(filepath.Join(filepath.Dir(s.Loader), "../x86_64-linux-gnu/wine/x86_64-unix/libnspa.so"))
		}, "library: libnspa.so"},
		"no loader": {func(s *Setup) { s.Loader += "x" }, "wine: build"},
		"directory": {func(s *Setup) { s.Loader = filepath.Dir(s.Loader) }, "wine: build"},
		"crash": {func(s *Setup) {
			s.Probe = func(lib, sym string) (uint32, error) {
				if sym == "nspa_version" {
					return 0, errors.New("signal: segmentation fault")
				}
				return ServerABI, nil
			}
		}, "library: libnspa.so"},
		"version": {func(s *Setup) {
			s.Probe = func(lib, sym string) (uint32, error) {
				if sym == "nspa_server_abi" {
					return 7, nil
				}
				return ClientABI, nil
			}
		}, "library: libnspa_server.so"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tree(t)
			c.spoil(s)
			var failed []string
			for _, r := range Run(s) {
				if r.Err != nil {
					failed = append(failed, r.Name)
					if r.Advice == "" {
						t.Errorf("%s: no advice", r.Name)
					}
				}
			}
			if len(failed) != 1 || failed[0] != c.failed {
				t.Errorf("failed %q, want %q", failed, c.failed)
			}
		})
	}
}

func TestServerOf(t *testing.T) {
	proc, prefix := t.TempDir(), t.TempDir()
	st, err := os.Stat(prefix)
	if err != nil {
		t.Fatal(err)
	}
	sys := st.Sys().(*syscall.Stat_t)
	add := func(pid, comm, cwd string) {
		os.Mkdir(filepath.Join(proc, pid), 0o755)
		os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(comm+"\n"), 0o644)
		os.Symlink(cwd, filepath.Join(proc, pid, "cwd"))
	}
	right := fmt.Sprintf("/tmp/wine-x/server-%x-%x", sys.Dev, sys.Ino)
	add("self", "wineserver64", right)
	add("10", "bash", right)
	add("11", "wineserver64", "/tmp/wine-x/server-1-1")
	if pid, err := serverOf(proc, st); pid != 0 || err != nil {
		t.Errorf("found %d, %v where there is none", pid, err)
	}
	add("12", "wineserver64", right)
	if pid, err := serverOf(proc, st); pid != 12 || err != nil {
		t.Errorf("found %d, %v, want 12", pid, err)
	}
}

func TestProbeHere(t *testing.T) {
	if _, err := ProbeHere(filepath.Join(t.TempDir(), "none.so"), "x"); err == nil {
		t.Error("a missing library loads")
	}
	if _, err := ProbeHere("libc.so.6", "no_such_function"); err == nil {
		t.Error("a missing function is found")
	}
}
