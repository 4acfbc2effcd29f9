// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"slices"
)

// difference is a line that some runs report and others do not.
type difference struct {
	Line string `json:"line"`
	Off  int    `json:"off"` // how many runs with nspa off report it
	On   int    `json:"on"`
}

func (d difference) text(runs int) string {
	return fmt.Sprintf("%s (off %d, on %d of %d)", d.Line, d.Off, d.On, runs)
}

// judge divides the lines that are not the same in all runs into those whose
// difference Wine shows by itself and those that it does not. There is a line
// of the first sort if with nspa off
//   - some runs report it and some do not, or
//   - what the same place in the test says varies, and it says something there
//     as often as with nspa on.
func judge(offRuns, onRuns []outcome) (flaky, fresh []difference) {
	type tally struct {
		finding finding
		off, on int
	}
	lines := map[string]*tally{}
	count := func(runs []outcome, add func(*tally)) {
		for _, run := range runs {
			for name, f := range numbered(run.findings) {
				if lines[name] == nil {
					lines[name] = &tally{finding: f}
				}
				add(lines[name])
			}
		}
	}
	count(offRuns, func(t *tally) { t.off++ })
	count(onRuns, func(t *tally) { t.on++ })

	for name, t := range lines {
		d := difference{name, t.off, t.on}
		switch {
		case t.off == len(offRuns) && t.on == len(onRuns):
		case t.off > 0 && t.off < len(offRuns), variesAt(t.finding, offRuns, onRuns):
			flaky = append(flaky, d)
		default:
			fresh = append(fresh, d)
		}
	}
	byLine := func(a, b difference) int {
		switch {
		case a.Line < b.Line:
			return -1
		case a.Line > b.Line:
			return 1
		}
		return 0
	}
	slices.SortFunc(flaky, byLine)
	slices.SortFunc(fresh, byLine)
	return flaky, fresh
}

// variesAt says whether the place of f says, with nspa off, now one thing and
// now another, and as many things as it does with nspa on.
func variesAt(f finding, offRuns, onRuns []outcome) bool {
	if f.where == "" {
		return false
	}
	said := func(run outcome) (texts []string) {
		for _, other := range run.findings {
			if other.kind == f.kind && other.where == f.where {
				texts = append(texts, other.text)
			}
		}
		slices.Sort(texts)
		return texts
	}
	var first []string
	least, most, varies := 0, 0, false
	for i, run := range offRuns {
		texts := said(run)
		if i == 0 {
			first, least, most = texts, len(texts), len(texts)
		}
		varies = varies || !slices.Equal(texts, first)
		least, most = min(least, len(texts)), max(most, len(texts))
	}
	for _, run := range onRuns {
		if n := len(said(run)); n < least || n > most {
			return false
		}
	}
	return varies
}
