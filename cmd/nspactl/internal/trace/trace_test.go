// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const good = `# a comment before the version
nspa-trace 1
seed 7
file 2381 text windows\winsxs\manifests\a b.manifest
file 70000 sparse big.alp

phase start
open 0 80000000 5 3 80 all %DATA%\windows\winsxs\manifests\a b.manifest
open 3 80000000 1 3 8000000 4096,64@65536 %DATA%\big.alp
open 0 80000000 1 3 0 - Z:\sys\x
`

func TestParse(t *testing.T) {
	got, err := Parse(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	want := &Trace{
		Seed:  7,
		Files: []File{{2381, "text", `windows\winsxs\manifests\a b.manifest`}, {70000, "sparse", "big.alp"}},
		Phases: []Phase{{}, {"start", []Open{
			{0, 0x80000000, 5, 3, 0x80, true, nil, `%DATA%\windows\winsxs\manifests\a b.manifest`},
			{3, 0x80000000, 1, 3, 0x8000000, false, []Read{{4096, -1}, {64, 65536}}, `%DATA%\big.alp`},
			{0, 0x80000000, 1, 3, 0, false, nil, `Z:\sys\x`},
		}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Count() != 3 {
		t.Errorf("Count = %d, want 3", got.Count())
	}
}

func TestParseCRLF(t *testing.T) {
	a, err := Parse(strings.NewReader(strings.ReplaceAll(good, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Parse(strings.NewReader(good))
	if !reflect.DeepEqual(a, b) {
		t.Error("CRLF line ends change the trace")
	}
}

func TestParseBad(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"kind", "copy a b", "unknown line kind"},
		{"second version", "nspa-trace 1", "unknown line kind"},
		{"seed", "seed x", "bad seed"},
		{"size", "file -1 text a", "bad file size"},
		{"huge", "file 9999999999999 text a", "bad file size"},
		{"content", "file 1 elf a", "unknown content"},
		{"no file path", "file 1 text", "no path"},
		{"escape", `file 1 text a\..\..\b`, "bad name"},
		{"drive", `file 1 text C:\a`, "table path"},
		{"slash", `file 1 text a/b`, "table path"},
		{"leading", `file 1 text \a`, "bad name"},
		{"twice", "file 1 text q\nfile 1 text Q", "twice"},
		{"phase", "phase ", "needs a name"},
		{"thread", `open 64 80000000 1 3 0 - Z:\x`, "bad thread"},
		{"negative thread", `open -1 80000000 1 3 0 - Z:\x`, "bad thread"},
		{"access", `open 0 GENERIC_READ 1 3 0 - Z:\x`, "bad access"},
		{"share", `open 0 80000000 8 3 0 - Z:\x`, "bad share"},
		{"disposition", `open 0 80000000 1 6 0 - Z:\x`, "bad disposition"},
		{"flags", `open 0 80000000 1 3 100000000 - Z:\x`, "bad flags"},
		{"short", `open 0 80000000 1 3`, "bad flags"},
		{"no reads", `open 0 80000000 1 3 0`, "no read list"},
		{"zero read", `open 0 80000000 1 3 0 0 Z:\x`, "1 byte to 16 MiB"},
		{"big read", `open 0 80000000 1 3 0 16777217 Z:\x`, "1 byte to 16 MiB"},
		{"offset", `open 0 80000000 1 3 0 4@-1 Z:\x`, "bad read offset"},
		{"comma", `open 0 80000000 1 3 0 4, Z:\x`, "1 byte to 16 MiB"},
		{"no path", `open 0 80000000 1 3 0 all`, "no path"},
		{"utf8", "open 0 80000000 1 3 0 all Z:\\\xff", "not UTF-8"},
		{"truncates", `open 0 80000000 1 5 0 - Z:\x`, "disposition"},
		{"creates", `open 0 80000000 1 4 0 - Z:\x`, "disposition"},
		{"writes", `open 0 40000000 1 3 0 - Z:\x`, "write access"},
		{"all access", `open 0 10000000 1 3 0 - Z:\x`, "write access"},
		{"deletes", `open 0 80000000 1 3 4000000 - %DATA%\x`, "delete-on-close"},
		{"data escape", `open 0 80000000 1 3 0 - %DATA%\..\x`, "bad name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(strings.NewReader("nspa-trace 1\n" + c.line + "\n"))
			var pe *ParseError
			if !errors.As(err, &pe) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want a ParseError with %q", err, c.want)
			}
			if want := 2 + strings.Count(c.line, "\n"); pe.Line != want {
				t.Errorf("line %d, want %d", pe.Line, want)
			}
		})
	}
	for _, in := range []string{"", "# only\n", "file 1 text a\n", "nspa-trace 2\n", "\x00\xff", "nspa-trace 1\n" + strings.Repeat("x", maxLine+1)} {
		if _, err := Parse(strings.NewReader(in)); err == nil {
			t.Errorf("no error for %.20q", in)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(t *testing.T, in string) {
		tr, err := Parse(strings.NewReader(in))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := tr.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(&b)
		if err != nil {
			t.Fatalf("what was written does not parse: %v", err)
		}
		if again.Count() != tr.Count() || len(again.Files) != len(tr.Files) {
			t.Fatal("writing lost lines")
		}
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestParseReadError(t *testing.T) {
	if _, err := Parse(failing{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func TestStartup(t *testing.T) {
	tr := Startup(1)
	if tr.Count() != StartupOpens {
		t.Errorf("%d opens, want %d", tr.Count(), StartupOpens)
	}
	var b bytes.Buffer
	if err := tr.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(tr, again) {
		t.Error("the generated trace does not survive writing and parsing")
	}
	// Figures are only comparable between machines while this stays the same.
	sum := sha256.Sum256(b.Bytes())
	if got, want := hex.EncodeToString(sum[:8]), "1b97f0185548d03b"; got != want {
		t.Errorf("the generated trace changed: %s, was %s", got, want)
	}
	inTable := map[string]int64{}
	for _, f := range tr.Files {
		inTable[strings.ToLower(DataPrefix+f.Path)] = f.Size
	}
	for _, p := range tr.Phases {
		for _, o := range p.Opens {
			size, ok := inTable[strings.ToLower(o.Path)]
			if !ok {
				if !strings.HasPrefix(o.Path, `Z:\sys\`) {
					t.Fatalf("%s is opened but not in the table", o.Path)
				}
				continue
			}
			for _, r := range o.Reads {
				if r.Offset >= size {
					t.Fatalf("%s (%d bytes) is read at %d", o.Path, size, r.Offset)
				}
			}
		}
	}
}

func TestMakeFiles(t *testing.T) {
	tr, err := Parse(strings.NewReader(good + "file 300000 random r\\r.bin\nfile 0 text empty\n"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	for _, dir := range []string{a, b} {
		if err := tr.MakeFiles(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range tr.Files {
		name := strings.ReplaceAll(f.Path, `\`, "/")
		x, err := os.ReadFile(filepath.Join(a, name))
		if err != nil {
			t.Fatal(err)
		}
		y, _ := os.ReadFile(filepath.Join(b, name))
		if int64(len(x)) != f.Size || !bytes.Equal(x, y) {
			t.Errorf("%s: %d bytes (want %d), equal in both: %v", f.Path, len(x), f.Size, bytes.Equal(x, y))
		}
	}
	// A finished directory is left alone, an unfinished one is made again.
	mark := filepath.Join(a, "big.alp")
	os.WriteFile(mark, []byte("x"), 0o644)
	if err := tr.MakeFiles(a); err != nil {
		t.Fatal(err)
	}
	if st, _ := os.Stat(mark); st.Size() != 1 {
		t.Error("a finished directory was made again")
	}
	os.WriteFile(filepath.Join(a, stampName), []byte("unfinished\n"), 0o644)
	if err := tr.MakeFiles(a); err != nil {
		t.Fatal(err)
	}
	if st, _ := os.Stat(mark); st.Size() != 70000 {
		t.Error("an unfinished directory was not made again")
	}
	foreign := t.TempDir()
	os.WriteFile(filepath.Join(foreign, "precious"), nil, 0o644)
	if err := tr.MakeFiles(foreign); err == nil {
		t.Error("files were made in a directory that is not ours")
	}
}
