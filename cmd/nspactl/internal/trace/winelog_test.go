// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestFromWineLog(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real dir", "päck.alp")
	os.MkdirAll(filepath.Dir(real), 0o755)
	os.WriteFile(real, []byte("x"), 0o644)
	os.Symlink(filepath.Join(dir, "real dir"), filepath.Join(dir, "c:"))
	unix := strings.ReplaceAll(dir+"/c:/päck.alp", "ä", `\00e4`)

	create := func(tid, access, name, root, disp, options string) string {
		return fmt.Sprintf(`%s:trace:file:NtCreateFile handle=0x7ff access=%s name=L"%s" objattr=00000042 root=%s sec=(nil) io=0x7ff alloc_size=(nil) attr=00000080 sharing=00000003 disp=%s options=%s ea=(nil).0x00000000`, tid, access, name, root, disp, options)
	}
	pack := `\\??\\C:\\p\00e4ck.alp`
	log := strings.Join([]string{
		"some program's own output",
		create("0024", "80100080", pack, "(nil)", "1", "00000864"),
		`0024:trace:file:nt_to_unix_file_name_no_root L"x" -> "` + unix + `"`,
		`0024:trace:file:CreateFileW returning 00000000000000CC`,
		`0024:trace:file:NtReadFile (0xcc,(nil),(nil),(nil),0x7f,0x7f,0x00000347,(nil),(nil))`,
		`0030:trace:file:NtReadFile (0xcc,(nil),(nil),(nil),0x7f,0x7f,0x00001000,(nil),(nil))`,
		`0030:trace:file:NtReadFile (0xd0,(nil),(nil),(nil),0x7f,0x7f,0x00001000,(nil),(nil))`,
		create("0030", "00120089", pack, "(nil)", "3", "00004020"),
		`0030:trace:file:nt_to_unix_file_name_no_root L"x" -> "` + unix + `"`,
		// Everything below is dropped.
		create("0024", "80100080", `\\??\\C:\\missing`, "(nil)", "1", "00000060"),
		create("0024", "40100080", pack, "(nil)", "1", "00000060"),
		create("0024", "80100080", pack, "(nil)", "5", "00000060"),
		create("0024", "80100080", pack, "(nil)", "1", "00000040"),
		create("0024", "80100080", pack, "(nil)", "1", "00000021"),
		create("0024", "80100080", pack, "(nil)", "1", "00002020"),
		create("0024", "80100080", pack, "0x44", "1", "00000060"),
		create("0024", "80100080", `\\Device\\Null`, "(nil)", "1", "00000060"),
		create("0024", "80100080", pack, "(nil)", "1", "00000060")[:120],
	}, "\n")
	tr, res, err := FromWineLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	path := "Z:" + strings.ReplaceAll(real, "/", `\`)
	want := []Open{
		{Thread: 0, Access: 0x80100080, Share: 3, Disposition: 3, Flags: 0x80 | sequentialScan | randomAccess, Path: path,
			Reads: []Read{{0x347, -1}, {0x1000, -1}}},
		{Thread: 1, Access: 0x00120089, Share: 3, Disposition: 3, Flags: 0x80 | flagBackupSemantics, Path: path},
	}
	if got := tr.Phases[1].Opens; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	dropped := 0
	for _, n := range res.Dropped {
		dropped += n
	}
	if res.Opens != 2 || dropped != 9 {
		t.Errorf("%d opens, dropped %v, want 2 and 9", res.Opens, res.Dropped)
	}
	// What comes out must be a trace.
	var b strings.Builder
	if err := tr.Write(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(strings.NewReader(b.String())); err != nil {
		t.Error(err)
	}
}

func TestFromWineLogEmpty(t *testing.T) {
	for _, in := range []string{"", "\xff\x00", "0024:trace:file:NtCreateFile handle="} {
		if _, _, err := FromWineLog(strings.NewReader(in)); err == nil {
			t.Errorf("no error for %q", in)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		`a\\b`: `a\b`, `\00e4`: "ä", `\"q\"`: `"q"`, `\n\r\t`: "\n\r\t", `x\`: `x\`, `\zz`: "zz", `\00`: "00",
	} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}
