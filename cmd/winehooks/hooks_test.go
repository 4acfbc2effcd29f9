// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestParsePatch(t *testing.T) {
	p, err := parsePatch("0001-x", "x: Do.\n\nText.\n---\n# comment\nnew: server/a.c\n\nhook: one\nwhy: w\nfile: f.c\nin: f\nbefore: a();\nput: b();\n"+
		"or: newer\nafter every: c( \"x:y\" );\nor:\nin: g\nfirst:\nput: d();\nhook: two\nwhy: v\nfile: f.h\nappend:\n| a\n|\n|  b\n")
	if err != nil {
		t.Fatal(err)
	}
	if p.message != "x: Do.\n\nText." || len(p.files) != 1 || len(p.hooks) != 2 || len(p.hooks[0].alts) != 3 {
		t.Fatalf("got %+v", p)
	}
	alts := p.hooks[0].alts
	if a := alts[1]; a.remark != "newer" || a.file != "f.c" || a.in != "f" || a.verb != "after" || !a.every || a.pattern != `c( "x:y" );` || a.put[0] != "b();" {
		t.Errorf("second place: %+v", a)
	}
	if a := alts[2]; a.in != "g" || a.verb != "first" || a.put[0] != "d();" {
		t.Errorf("third place: %+v", a)
	}
	if got := strings.Join(p.hooks[1].alts[0].put, "\n"); got != "a\n\n b" {
		t.Errorf("text: %q", got)
	}
}

func TestBadHooks(t *testing.T) {
	hook := "x: Do.\n---\nhook: one\nwhy: w\nfile: f.c\nin: f\n"
	for _, test := range []struct{ text, want string }{
		{"x: Do.\n", "no line '---'"},
		{"\n---\n", "no message"},
		{"x\n---\nfile: f\n", "line 3: file: outside of a hook"},
		{"x\n---\nbefore: f\n", "line 3: before: outside of a hook"},
		{"x\n---\nhook: A b\n", "line 3: a hook's name"},
		{hook + "before: a();\n", "puts nothing"},
		{hook + "put: a();\n", "no place"},
		{hook + "before: a();\nafter: b();\n", "both before: and after:"},
		{hook + "before:\n", "before: what?"},
		{hook + "first: x\n", "nothing follows"},
		{"x\n---\nskip: f.c\n", "line 3: skip: wants"},
		{hook + "befor: a();\n", "no such key: befor"},
		{hook + "before: a();\nput: b()\n", "no whole statement"},
		{hook + "around: a();\nput: b();\n", "wants 'if (...)'"},
		{hook + "around: a();\nput: if (x) b();\n", "wants 'if (...)'"},
		{hook + "above every:\nput: b();\n", "'every' does not go"},
		{hook + "before: a();\n| a();\n| b();\n", "more than one line"},
		{"x\n---\nhook: one\nfile: f.c\nin: f\nbefore: a\nput: b();\n", "says not what it protects"},
		{"x\n---\nhook: one\nwhy: w\nin: f\nbefore: a\nput: b();\n", "it names no file"},
		{"x\n---\nhook: one\nwhy: w\nfile: f.c\nafter: a\nput: b();\n", "it names no function"},
		{"x\n---\nhook: one\nwhy: w\nfile: f.c\nin: f\nbefore: a\nput: b();\nor:\nput: c();\n", "place 2: no place"},
	} {
		if _, err := parsePatch("0001-x", test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

// small is a project and a Wine of two patches.
func small() (dir, wine fstest.MapFS) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	dir = fstest.MapFS{
		"hooks/0001-a.hooks":       file("a: One.\n---\nnew: server/nspa/b.c\nhook: one\nwhy: the first thing\nfile: server/f.c\nin: f\nbefore: x();\nput: one();\n"),
		"hooks/0002-b.hooks":       file("b: Two.\n---\nnew: server/nspa/*\nhook: two\nwhy: the second\nfile: server/f.c\nin: f\nbefore: x();\nput: two();\nhook: three\nwhy: the third\nfile: server/f.c\nin: f\nreplace: y\nwith: z\n"),
		"hooks/README.md":          file("not hooks\n"),
		"src/server/nspa/b.c":      file("b\n"),
		"src/server/nspa/a.c":      file("a\n"),
		"src/server/nspa/header.h": file("h\n"),
	}
	wine = fstest.MapFS{
		"server/Makefile.in": file("SOURCES = \\\n\tf.c \\\n\tuser.c\n"),
		"server/f.c":         file("int f(void)\n{\n    x();\n    return y;\n}\n"),
	}
	return dir, wine
}

func TestSeries(t *testing.T) {
	dir, wine := small()
	pl, err := makePlan(dir, wine)
	if err != nil {
		t.Fatal(err)
	}
	if p := pl.problems(); p != nil {
		t.Fatal(p)
	}
	const header = "From: nspa authors <nspa@users.noreply.example>\nSubject: [PATCH] "
	for i, want := range []string{
		header + "a: One.\n\n---\n" +
			"diff --git a/server/nspa/b.c b/server/nspa/b.c\nnew file mode 100644\n--- /dev/null\n+++ b/server/nspa/b.c\n@@ -0,0 +1,1 @@\n+b\n" +
			"diff --git a/server/Makefile.in b/server/Makefile.in\n--- a/server/Makefile.in\n+++ b/server/Makefile.in\n@@ -1,3 +1,4 @@\n SOURCES = \\\n \tf.c \\\n+\tnspa/b.c \\\n \tuser.c\n" +
			"diff --git a/server/f.c b/server/f.c\n--- a/server/f.c\n+++ b/server/f.c\n@@ -1,5 +1,6 @@\n int f(void)\n {\n+    one();\n     x();\n     return y;\n }\n",
		header + "b: Two.\n\n---\n" +
			"diff --git a/server/nspa/a.c b/server/nspa/a.c\nnew file mode 100644\n--- /dev/null\n+++ b/server/nspa/a.c\n@@ -0,0 +1,1 @@\n+a\n" +
			"diff --git a/server/nspa/header.h b/server/nspa/header.h\nnew file mode 100644\n--- /dev/null\n+++ b/server/nspa/header.h\n@@ -0,0 +1,1 @@\n+h\n" +
			"diff --git a/server/Makefile.in b/server/Makefile.in\n--- a/server/Makefile.in\n+++ b/server/Makefile.in\n@@ -1,4 +1,5 @@\n SOURCES = \\\n \tf.c \\\n+\tnspa/a.c \\\n \tnspa/b.c \\\n \tuser.c\n" +
			"diff --git a/server/f.c b/server/f.c\n--- a/server/f.c\n+++ b/server/f.c\n@@ -1,6 +1,7 @@\n int f(void)\n {\n     one();\n+    two();\n     x();\n-    return y;\n+    return z;\n }\n",
	} {
		got, err := pl.text(i)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("patch %d:\n%s\nwant\n%s", i, got, want)
		}
	}
}

// A patch that says so is skipped in a tree that does the same itself.
func TestSkip(t *testing.T) {
	dir, wine := small()
	dir["hooks/0003-c.hooks"] = &fstest.MapFile{Data: []byte("c: C.\n---\nskip: server/f.c: int g(\nhook: four\nwhy: x\nfile: server/f.c\nin: f\nfirst:\nput: four();\n")}
	for _, has := range []bool{false, true} {
		if has {
			wine["server/f.c"].Data = append(wine["server/f.c"].Data, "int g(void) { return 1; }\n"...)
		}
		pl, err := makePlan(dir, wine)
		if err != nil {
			t.Fatal(err)
		}
		text, err := pl.content("server/f.c")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "four();") == has || pl.empty(2) != has || len(pl.problems()) > 0 {
			t.Errorf("has %v: %s%s", has, text, pl.report())
		}
	}
}

func TestPlanErrors(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, test := range []struct {
		name   string
		change func(dir, wine fstest.MapFS)
		want   string
	}{
		{"patched already", func(_, wine fstest.MapFS) { wine["server/nspa/a.c"] = file("x") }, "server/nspa/a.c is there already"},
		{"a file of no patch", func(dir, _ fstest.MapFS) { dir["src/server/other.c"] = file("x") }, "src/server/other.c is in no patch"},
		{"a file of two", func(dir, _ fstest.MapFS) {
			dir["hooks/0003-c.hooks"] = file("c: C.\n---\nnew: server/nspa/b.c\n")
		}, "src/server/nspa/b.c is in two patches"},
		{"a file that is not there", func(dir, _ fstest.MapFS) { delete(dir, "src/server/nspa/b.c") }, "no file src/server/nspa/b.c"},
		{"a file for nowhere", func(dir, _ fstest.MapFS) {
			dir["src/x/y.c"] = file("x")
			dir["hooks/0003-c.hooks"] = file("c: C.\n---\nnew: x/y.c\n")
		}, "no place in Wine is known"},
		{"two hooks of a name", func(dir, _ fstest.MapFS) {
			dir["hooks/0003-c.hooks"] = file("c: C.\n---\nhook: one\nwhy: x\nfile: f\nappend:\n| x\n")
		}, "a second hook one"},
		{"the same text replaced twice", func(dir, _ fstest.MapFS) {
			dir["hooks/0003-c.hooks"] = file("c: C.\n---\nhook: four\nwhy: x\nfile: server/f.c\nin: f\nreplace: return y;\nwith: x\n")
		}, "server/f.c:4: two hooks replace the same text"},
		{"no SOURCES", func(_, wine fstest.MapFS) { wine["server/Makefile.in"] = file("C_SRCS = \\\n\tf.c\n") }, "no list SOURCES"},
	} {
		dir, wine := small()
		test.change(dir, wine)
		if _, err := makePlan(dir, wine); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// The report, and the one line that a hook without a place leaves.
func TestReport(t *testing.T) {
	dir, wine := small()
	wine["server/f.c"].Data = []byte("int f(void)\n{\n    x();\n    x();\n    return q;\n}\n")
	pl, err := makePlan(dir, wine)
	if err != nil {
		t.Fatal(err)
	}
	want := `one    ambiguous               server/f.c f (server/f.c: f has 'x();' 2 times (lines 3, 4); protects: the first thing)
two    ambiguous               server/f.c f (server/f.c: f has 'x();' 2 times (lines 3, 4); protects: the second)
three  missing                 server/f.c f (server/f.c: f has no 'y'; protects: the third)
3 hooks: 0 placed, 0 placed by an alternative, 0 not needed, 1 missing, 2 ambiguous
`
	if got := pl.report(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := pl.problems()[2], "hook three is missing: server/f.c: f has no 'y'; it protects: the third"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
