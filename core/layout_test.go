// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// cName is how the header spells the name of a Go field.
func cName(field string) string {
	switch field {
	case "FD":
		return "fd"
	case "TableFD", "ControlFD", "JournalFD":
		return strings.ToLower(strings.TrimSuffix(field, "FD")) + "_fd"
	}
	field = strings.Replace(field, "NT", "Nt", 1)
	return strings.ToLower(strings.TrimPrefix(regexp.MustCompile(`[A-Z]`).ReplaceAllString(field, "_$0"), "_"))
}

// TestLayout compares the Go structures with those of the header, as the C
// compiler lays them out: every field, and that there are no others.
func TestLayout(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip(err)
	}
	var program, want strings.Builder
	program.WriteString("#include <stdio.h>\n#include \"nspa.h\"\nint main(void)\n{\n")
	for _, s := range []struct {
		c   string
		typ reflect.Type
	}{
		{"nspa_open", reflect.TypeFor[Request]()},
		{"nspa_opened", reflect.TypeFor[Opened]()},
		{"nspa_init", reflect.TypeFor[cInit]()},
	} {
		fmt.Fprintf(&program, "printf(\"%s %%zu\\n\", sizeof(struct %s));\n", s.c, s.c)
		fmt.Fprintf(&want, "%s %d\n", s.c, s.typ.Size())
		for i := range s.typ.NumField() {
			f := s.typ.Field(i)
			if f.Name == "_" {
				continue
			}
			fmt.Fprintf(&program, "printf(\"%s.%s %%zu %%zu\\n\", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s));\n",
				s.c, cName(f.Name), s.c, cName(f.Name), s.c, cName(f.Name))
			fmt.Fprintf(&want, "%s.%s %d %d\n", s.c, cName(f.Name), f.Offset, f.Type.Size())
		}
	}
	program.WriteString("return 0;\n}\n")

	dir := t.TempDir()
	source, binary := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, []byte(program.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-I../include", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := exec.Command(binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("the header has\n%s\nand Go\n%s", got, want.String())
	}
}

// TestReasons compares the reasons with those of the header, in their order.
func TestReasons(t *testing.T) {
	header, err := os.ReadFile("../include/nspa.h")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	body := regexp.MustCompile(`(?s)enum nspa_reason\s*\{(.*?)\};`).FindSubmatch(header)
	block := regexp.MustCompile(`(?s)const \((.*?)\n\)`).FindSubmatch(source)
	if body == nil || block == nil {
		t.Fatal("no list of reasons found")
	}
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^\s*NSPA_(\w+)`).FindAllSubmatch(body[1], -1) {
		want = append(want, strings.ToLower(strings.ReplaceAll(string(m[1]), "_", "")))
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)`).FindAllSubmatch(block[1], -1) {
		got = append(got, strings.ToLower(string(m[1])))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Go has\n%v\nand the header\n%v", got, want)
	}
	if len(want) == 0 || int(reasonCount) != len(want)-1 {
		t.Errorf("reasonCount is %d", reasonCount)
	}
}
