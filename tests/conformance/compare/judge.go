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

	place string // in the test, and what sort of line
}

func (d difference) text(runs int) string {
	return fmt.Sprintf("%s (off %d, on %d of %d)", d.Line, d.Off, d.On, runs)
}

// A place that says different things is named once.
type place struct {
	Place   string `json:"place"`
	Lines   int    `json:"lines"`   // how many differ
	Example string `json:"example"` // one of them
}

// places joins what is said at one place; the list is sorted.
func places(list []difference, runs int) (joined []place) {
	index := map[string]int{}
	for _, d := range list {
		i, ok := index[d.place]
		if !ok {
			i = len(joined)
			index[d.place] = i
			joined = append(joined, place{Place: d.place, Example: d.text(runs)})
		}
		joined[i].Lines++
	}
	return joined
}

// judge divides the lines that are not the same in all runs into those whose
// difference Wine shows by itself, and those whose it does not. A line is of
// the first sort if what its place in the test says with nspa off comes and
// goes, or has now one text and now another, and if with nspa on the place says
// neither more nor less than that. A text that is never there with nspa off
// needs a place whose text varies.
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
		d := difference{name, t.off, t.on, t.finding.place()}
		switch {
		case t.off == len(offRuns) && t.on == len(onRuns):
		case variesAt(t.finding, t.off == 0, offRuns, onRuns):
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

// variesAt says whether what runs with nspa off say at the place of f varies (its
// texts, if inText), and runs with nspa on say as many things there.
func variesAt(f finding, inText bool, offRuns, onRuns []outcome) bool {
	said := func(run outcome) (texts []string) {
		for _, other := range run.findings {
			if other.kind == f.kind && other.where == f.where {
				texts = append(texts, other.text)
			}
		}
		slices.Sort(texts)
		return texts
	}
	first := said(offRuns[0])
	least, most, varies := len(first), len(first), false
	distinct := map[string]bool{}
	for _, run := range offRuns {
		texts := said(run)
		varies = varies || !slices.Equal(texts, first)
		least, most = min(least, len(texts)), max(most, len(texts))
		for _, text := range texts {
			distinct[text] = true
		}
	}
	for _, run := range onRuns {
		if n := len(said(run)); n < least || n > most {
			return false
		}
	}
	return varies && (!inText || len(distinct) > 1)
}
