// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import "testing"

// says makes runs of texts at one place, "" for none.
func says(texts ...string) (runs []outcome) {
	for _, text := range texts {
		var o outcome
		if text != "" {
			o.findings = []finding{{failed, "file.c:1", text}}
		}
		runs = append(runs, o)
	}
	return runs
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name         string
		off, on      []outcome
		flaky, fresh int
	}{
		{"equal", says("a"), says("a"), 0, 0},
		{"silent", says(""), says(""), 0, 0},
		{"new", says(""), says("a"), 0, 1},
		{"new once", says("", "", ""), says("", "a", ""), 0, 1},
		{"gone", says("a"), says(""), 0, 1},
		{"gone always", says("a", "a"), says("", ""), 0, 1},
		{"other text", says("a", "a"), says("b", "b"), 0, 2},
		{"comes and goes off", says("a", ""), says("a", "a"), 1, 0},
		{"comes off later", says("", "", "a"), says("a", "", ""), 1, 0},
		{"varying text", says("1", "2"), says("3", "4"), 4, 0},
		{"varying text, silent on", says("1", "2"), says("", ""), 0, 2},
		{"comes and goes off, other text on", says("a", ""), says("b", ""), 1, 1},
		{"always off, not always on", says("a", "a"), says("a", ""), 0, 1},
	} {
		flaky, fresh := judge(c.off, c.on)
		if len(flaky) != c.flaky || len(fresh) != c.fresh {
			t.Errorf("%s: flaky %v, new %v", c.name, flaky, fresh)
		}
	}
	// The same line, more often.
	twice := outcome{findings: []finding{{failed, "file.c:1", "a"}, {failed, "file.c:1", "a"}}}
	if _, fresh := judge(says("a"), []outcome{twice}); len(fresh) != 1 {
		t.Errorf("a second failure is not seen: %v", fresh)
	}
	// More of them, of a place whose text varies.
	two := outcome{findings: []finding{{failed, "file.c:1", "7"}, {failed, "file.c:1", "8"}}}
	if _, fresh := judge(says("1", "2"), []outcome{two, two}); len(fresh) != 4 {
		t.Errorf("a second failure of a varying place is not seen: %v", fresh)
	}
}
