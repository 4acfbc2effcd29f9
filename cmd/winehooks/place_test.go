// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

const sample = `/* a file */
#include "config.h"
#include "file.h"
#ifdef HAVE_X
# include "x.h"
#endif

struct table
{
    int count;   /* entries */
    struct { int a, b; } pair;
    char *names;
};

static int helper( int x );

/* helper comment: first( 1 ); */
static int helper( int x )
{
    unsigned int count = 0;
    struct table *table;

    first( x );
    if (x) second( x );
    else
        second( x + 1 );
    /* about the third */
    third( "second( x );", ';' );
#ifdef HAVE_X
    only_x();
#endif
    return 0;
}

DECL_HANDLER(get_thing)
{
    struct thing *thing = get();

    SERVER_START_REQ( get_thing )
    {
        req->handle = 1;
        if (!(status = call( req ))) done();
    }
    SERVER_END_REQ;
    LIST_FOR_EACH_ENTRY( thing, &list, struct thing, entry ) { use( thing ); }
    LIST_FOR_EACH( thing, &list )
        use( thing );
    switch (thing->type)
    {
    case TYPE_A:
        use_a( thing ); break;
    case TYPE_B:
        use_b( thing );
        break;
    default:
        break;
    }
    for (;;)
    {
        if (a(
#ifdef HAVE_X
              1, 2)) {
#else
              1)) {
#endif
            loop( thing );
        }
        if (twice( 1 )) return;
        twice( 2 );
        twice( 2 );
    }
}
`

// find looks for one place in a file that has text.
func find(t *testing.T, text string, p place) (string, error) {
	t.Helper()
	p.file = "f.c"
	if p.put == nil {
		p.put = []string{"NEW;"}
	}
	tree := newTree(fstest.MapFS{"f.c": {Data: []byte(text)}})
	edits, reason, err := tree.find(p)
	if err != nil {
		t.Fatal(err)
	}
	if reason != nil {
		return "", reason
	}
	pl := &plan{tree: tree, patches: []*patch{{}}, edits: map[string][]edit{"f.c": edits}}
	out, err := pl.content("f.c")
	if err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func TestPlaced(t *testing.T) {
	for _, test := range []struct {
		name  string
		place place
		old   string // what of the sample
		new   string // becomes what
	}{
		{"before", place{in: "helper", verb: "before", pattern: "first(x)"},
			"    first( x );", "    NEW;\n    first( x );"},
		{"before, with its comment", place{in: "helper", verb: "before", pattern: "third"},
			"    /* about the third", "    NEW;\n    /* about the third"},
		{"after", place{in: "helper", verb: "after", pattern: "first( ... );"},
			"    first( x );\n", "    first( x );\n    NEW;\n"},
		{"after an if with its else", place{in: "helper", verb: "after", pattern: "if (x)"},
			"        second( x + 1 );\n", "        second( x + 1 );\n    NEW;\n"},
		{"around", place{in: "helper", verb: "around", pattern: "first", put: []string{"if (!new())"}},
			"    first( x );", "    if (!new()) first( x );"},
		{"around a block", place{in: "DECL_HANDLER(get_thing)", verb: "around", pattern: "SERVER_START_REQ( get_thing )", put: []string{"if (!new())"}},
			"    SERVER_START_REQ", "    if (!new())\n    SERVER_START_REQ"},
		{"after a request", place{in: "DECL_HANDLER( get_thing )", verb: "after", pattern: "SERVER_START_REQ"},
			"    SERVER_END_REQ;\n", "    SERVER_END_REQ;\n    NEW;\n"},
		{"in a request", place{in: "DECL_HANDLER(get_thing)", verb: "after", pattern: "req->handle = 1;"},
			"        req->handle = 1;\n", "        req->handle = 1;\n        NEW;\n"},
		{"before a loop that is a macro", place{in: "DECL_HANDLER(get_thing)", verb: "before", pattern: "LIST_FOR_EACH( thing"},
			"    LIST_FOR_EACH( thing", "    NEW;\n    LIST_FOR_EACH( thing"},
		{"after a loop that is a macro", place{in: "DECL_HANDLER(get_thing)", verb: "after", pattern: "LIST_FOR_EACH( thing"},
			"        use( thing );\n", "        use( thing );\n    NEW;\n"},
		{"after a label", place{in: "DECL_HANDLER(get_thing)", verb: "after", pattern: "case TYPE_B:"},
			"    case TYPE_B:\n", "    case TYPE_B:\n        NEW;\n"},
		{"behind branches with a brace each", place{in: "DECL_HANDLER(get_thing)", verb: "before", pattern: "if (twice( 1 ))"},
			"        if (twice( 1 ))", "        NEW;\n        if (twice( 1 ))"},
		{"every", place{in: "DECL_HANDLER(get_thing)", verb: "replace", pattern: "twice( 2 )", every: true, put: []string{"NEW"}},
			"        twice( 2 );\n        twice( 2 );\n", "        NEW;\n        NEW;\n"},
		{"past", place{in: "DECL_HANDLER(get_thing)", verb: "before", past: "use_a( thing );", pattern: "break;"}, "", "ambiguous"},
		{"within", place{in: "DECL_HANDLER(get_thing)", verb: "replace", within: "for (;;)", pattern: "loop", put: []string{"NEW"}},
			"loop( thing )", "NEW( thing )"},
		{"replace", place{in: "helper", verb: "replace", pattern: "x + 1", put: []string{"x+2"}},
			"second( x + 1 )", "second( x+2 )"},
		{"replace the body of an if", place{in: "helper", verb: "replace", pattern: "second( x );", put: []string{"NEW"}},
			"if (x) second( x );", "if (x) NEW"},
		{"first", place{in: "helper", verb: "first"},
			"    first( x );", "    NEW;\n    first( x );"},
		{"top", place{in: "helper", verb: "top"},
			"    unsigned int count", "    NEW;\n    unsigned int count"},
		{"above", place{in: "helper", verb: "above"},
			"/* helper comment", "NEW;\n\n/* helper comment"},
		{"below", place{in: "helper", verb: "below"},
			"    return 0;\n}\n", "    return 0;\n}\n\nNEW;\n"},
		{"member", place{in: "struct table", verb: "after", pattern: "struct { ... } pair;"},
			"pair;\n", "pair;\n    NEW;\n"},
		{"directive", place{verb: "after", pattern: `#  include "file.h"`, put: []string{"#include <new.h>"}},
			"#include \"file.h\"\n", "#include \"file.h\"\n#include <new.h>\n"},
		{"a declaration", place{verb: "before", pattern: "static int helper( int x );", put: []string{"#define NEW"}},
			"static int helper( int x );", "#define NEW\nstatic int helper( int x );"},
		{"if", place{in: "helper", verb: "first", given: []condition{{"unsigned int count", true}, {"int y", false}}},
			"    first( x );", "    NEW;\n    first( x );"},
		{"append", place{verb: "append"}, "", sample + "\nNEW;\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := find(t, sample, test.place)
			want := test.new
			if want == "ambiguous" {
				if _, ok := err.(*ambiguity); !ok {
					t.Fatalf("got %v, want an ambiguity", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.old != "" {
				if n := strings.Count(sample, test.old); n != 1 {
					t.Fatalf("the sample has %q %d times", test.old, n)
				}
				want = strings.Replace(sample, test.old, test.new, 1)
			}
			if got != want {
				t.Errorf("got\n%s", hunks(diffText(want, got)))
			}
		})
	}
}

// diffText shows where two texts differ, line by line.
func diffText(a, b string) []string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	for _, l := range x {
		out = append(out, "-"+l)
	}
	for _, l := range y {
		out = append(out, "+"+l)
	}
	return out
}

func TestNotPlaced(t *testing.T) {
	for _, test := range []struct {
		name   string
		place  place
		reason string
	}{
		{"no function", place{in: "help", verb: "first"}, "f.c has no help"},
		{"a declaration is no function", place{in: "first", verb: "first"}, "f.c has no first"},
		{"no statement", place{in: "helper", verb: "before", pattern: "fourth"}, "helper has no 'fourth'"},
		{"in a comment", place{in: "helper", verb: "before", pattern: "about the third"}, "helper has no"},
		{"in a string", place{in: "helper", verb: "replace", pattern: "second( x ) ;", past: "third"}, "helper has no"},
		{"of another function", place{in: "helper", verb: "before", pattern: "twice( 1 )"}, "helper has no"},
		{"the body of an if", place{in: "helper", verb: "before", pattern: "second( x + 1 );"}, "helper has no"},
		{"twice", place{in: "DECL_HANDLER(get_thing)", verb: "before", pattern: "twice( 2 );"}, "2 times (lines"},
		{"in a conditional", place{in: "helper", verb: "before", pattern: "only_x"}, "depends on '#ifdef HAVE_X'"},
		{"a directive in a conditional", place{verb: "after", pattern: `#include "x.h"`, put: []string{"#x"}}, "depends on '#ifdef HAVE_X'"},
		{"after what shares its line", place{in: "DECL_HANDLER(get_thing)", verb: "after", pattern: "use_a( thing );"}, "shares its line"},
		{"past nothing", place{in: "helper", verb: "before", pattern: "return 0;", past: "nothing"}, "'nothing' 0 times"},
		{"if", place{in: "helper", verb: "first", given: []condition{{"int y", true}}}, "helper has no 'int y'"},
		{"unless", place{in: "helper", verb: "first", given: []condition{{"helper( int x )", false}}}, "helper has 'helper( int x )'"},
		{"a declaration in a function", place{verb: "before", pattern: "first( x );"}, "f.c has no"},
		{"needless", place{verb: "needless", pattern: "new_function("}, "f.c has no 'new_function('"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := find(t, sample, test.place)
			if err == nil {
				t.Fatalf("placed:\n%s", hunks(diffText(sample, out)))
			}
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %q, want %q", err, test.reason)
			}
		})
	}
}

// The second of two definitions may be in another branch of a conditional.
func TestTwoDefinitions(t *testing.T) {
	text := "#ifdef A\nint f( void )\n{\n    x();\n}\n#else\nint f( void )\n{\n    x();\n}\n#endif\n"
	_, err := find(t, text, place{in: "f", verb: "before", pattern: "x();"})
	if _, ok := err.(*ambiguity); !ok {
		t.Errorf("got %v, want an ambiguity", err)
	}
	_, err = find(t, "int x;\n#ifdef A\nint f( void )\n{\n    x();\n}\n#endif\nint y;\n#ifdef B\n#endif\n", place{in: "f", verb: "before", pattern: "x();"})
	if err == nil || !strings.Contains(err.Error(), "f depends on '#ifdef A'") {
		t.Errorf("got %v", err)
	}
	// A guard around the whole file is none.
	if _, err = find(t, "#ifdef A\nint f( void )\n{\n    x();\n}\n#endif\n", place{in: "f", verb: "before", pattern: "x();"}); err != nil {
		t.Error(err)
	}
}

// No text makes the tool fall over.
func FuzzSource(f *testing.F) {
	f.Add(sample, "helper", "second( x")
	f.Add("f(){", "f", "...")
	f.Add("#else\n#endif\n#if", "#", "#if")
	f.Fuzz(func(t *testing.T, text, in, pattern string) {
		for verb := range verbs {
			tree := newTree(fstest.MapFS{"f.c": {Data: []byte(text)}})
			edits, _, err := tree.find(place{file: "f.c", in: in, verb: verb, pattern: pattern, every: true, put: []string{"NEW"}})
			if err != nil {
				t.Fatal(err)
			}
			pl := &plan{tree: tree, patches: []*patch{{}}, edits: map[string][]edit{"f.c": edits}}
			if disjoint(edits) != nil {
				continue
			}
			if _, err := pl.content("f.c"); err != nil {
				t.Fatal(err)
			}
		}
	})
}
