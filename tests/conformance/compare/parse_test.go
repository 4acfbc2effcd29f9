// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"slices"
	"testing"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"wrong status c0000005", "wrong status c0000005"},
		{"got 0xc0000022, expected 0", "got 0xc0000022, expected 0"},
		{"hr 80070002", "hr 80070002"},
		{"unexpected ret 00000000", "unexpected ret 00000000"},
		{"LoadLibrary error 998", "LoadLibrary error 998"},
		{"size 563647, 1048576", "size 563647, 1048576"},
		{"got 0x1000 != expected 0x2000", "got 0x1000 != expected 0x2000"},
		{"got 0xdeadbeef", "got 0xdeadbeef"},
		{"GetFileSize 0xffffffff", "GetFileSize 0xffffffff"},
		{"got 0x7fddf000 != expected 0x1000", "got # != expected 0x1000"},
		{"at 00007FFFFE2FE560", "at #"},
		{"a handle of 0000000000000058", "a handle of #"},
		{"got 0000000000000000", "got 0000000000000000"},
		{"handle 7fffc004", "handle #"},
		{"handle 0x58", "handle #"},
		{"process 0124 ended", "process # ended"},
		{"deleted C:\\users\\me\\Temp\\abc1F2.tmp", "deleted C:\\users\\me\\Temp\\a#.tmp"},
		{"deleted dab12.tmp and daf3.tmp", "deleted d#.tmp and d#.tmp"},
		{"got {0A1B2C3D-13BC-4FF3-93F2-00112233445F}", "got {#}"},
		{"took 523 ms", "took # ms"},
		{"Expected to be greater than 101744640, got 84967424", "Expected to be greater than #, got #"},
		{"the file has bad contents", "the file has bad contents"},
		{`got "\x00\xec\xc2\xff\xffo\x00\x00 \x00\"\x00"...`, `got #...`},
		{`got "\xff\xff\x00\x00o", wanted "a\\"`, `got "\xff\xff\x00\x00o", wanted "a\\"`},
	} {
		if got := normalise(c.in); got != c.want {
			t.Errorf("normalise(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

const sample = "0020:fixme:file some\r\n" +
	"file.c:10: Test failed: got 5\r\n" +
	"file.c:10: Test failed: got 5\r\n" +
	"file.c:11: Test marked todo: odd\r\n" +
	"file.c:12: Tests skipped: no drive\r\n" +
	"file.c:13: Test succeeded inside todo block: fine\r\n" +
	"half a linefile.c:14: Test failed: got 6\r\n" +
	"file.c:15: unhandled exception c0000005 in child process 0124\r\n" +
	"0128:file: 3 tests executed (0 marked as todo, 0 as flaky, 1 failure), 0 skipped.\r\n" +
	"0020:file: 20 tests executed (1 marked as todo, 0 as flaky, 4 failures), 1 skipped.\r\n"

func TestParse(t *testing.T) {
	o := parse([]byte(sample), "file")
	var got []string
	for _, f := range o.findings {
		got = append(got, f.String())
	}
	want := []string{"file.c:10: got 5", "file.c:10: got 5", "file.c:11: todo: odd", "file.c:12: skipped: no drive",
		"file.c:13: fixed: fine", "file.c:14: got 6", "file.c:15: crashed: unhandled exception c0000005 in a child"}
	if !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
	if o.executed != 23 || o.failures != 5 || !o.ended {
		t.Errorf("executed %d, failures %d, ended %v", o.executed, o.failures, o.ended)
	}
	if set := numbered(o.findings); len(set) != len(want) {
		t.Errorf("%d of %d findings told apart", len(set), len(want))
	}
	if o := parse([]byte("0020:file: unhandled exception c0000005 at 0000000140001000\n"), "file"); o.ended || len(o.findings) != 1 || o.findings[0].kind != crashed {
		t.Errorf("a crash is %+v", o)
	}
}
