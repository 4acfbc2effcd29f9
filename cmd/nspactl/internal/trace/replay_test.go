// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	tr, err := Parse(strings.NewReader(`nspa-trace 1
seed 3
file 200000 random Sub\a.bin
file 5 text b
phase one
open 0 80000000 1 3 80 all %DATA%\sub\A.BIN
open 0 80000000 1 3 80 10,20@100 %DATA%\b
phase two
open 0 80000000 1 3 80 - Z:` + strings.ReplaceAll(dir, "/", `\`) + `\missing
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.MakeFiles(dir); err != nil {
		t.Fatal(err)
	}
	a, err := tr.Replay(dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Bytes != 200005 || a.Errors != 1 || len(a.Times) != 3 || len(a.Times[1]) != 2 || len(a.Times[2]) != 1 || a.Wall <= 0 {
		t.Errorf("%+v", a)
	}
	b, _ := tr.Replay(dir)
	if a.Checksum != b.Checksum {
		t.Error("two replays differ")
	}
	if err := os.WriteFile(filepath.Join(dir, "b"), []byte("<?xml"[:4]+"k"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, _ = tr.Replay(dir); a.Checksum == b.Checksum {
		t.Error("a changed byte does not change the checksum")
	}
	other, _ := Parse(strings.NewReader("nspa-trace 1\nopen 0 80000000 1 3 80 - C:\\x\n"))
	if _, err := other.Replay(dir); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("drive C: on Linux: %v", err)
	}
}

// The Windows program hashes in C; both must agree.
func TestHashIsTheOneInC(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "h.c")
	os.WriteFile(src, []byte(`#include "wl.h"
int main(void) { unsigned char b[64]; for (int i = 0; i < 64; i++) b[i] = (unsigned char)(i * 37 + 200);
 uint64_t h = 5; for (size_t n = 0; n <= 64; n++) h = wl_hash(h, b, n); printf("%llx", (unsigned long long)h); return 0; }`), 0o644)
	exe := filepath.Join(dir, "h")
	if out, err := exec.Command(cc, "-w", "-I", "../../../../tests/workloads", "-o", exe, src).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	for i := range b {
		b[i] = byte(i*37 + 200)
	}
	h := uint64(5)
	for n := range 65 {
		h = hash(h, b[:n])
	}
	if got := strings.TrimLeft(string(out), "0"); got != fmt.Sprintf("%x", h) {
		t.Errorf("C says %s, Go %s", got, fmt.Sprintf("%x", h))
	}
}
