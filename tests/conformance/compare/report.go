// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Figures are what one run of a unit counted.
type Figures struct {
	Tests    int      `json:"tests"`
	Failures int      `json:"failures"` // as the test counts them
	Failing  []string `json:"failing"`  // the lines
	Todo     int      `json:"todo"`     // lines that report an expected failure
	Skipped  int      `json:"skipped"`
	Status   int      `json:"status"`
	Seconds  float64  `json:"seconds"`

	// With -trace, what nspa did.
	Opens      int `json:"opens,omitempty"` // that it served
	Promotions int `json:"promotions,omitempty"`
	Sections   int `json:"sections,omitempty"`
}

var (
	openRE    = regexp.MustCompile(`nspa: [0-9a-f]+: open .*: local, handle`)
	promoteRE = regexp.MustCompile(`nspa: [0-9a-f]+: promote 0x`)
	sectionRE = regexp.MustCompile(`nspa: [0-9a-f]+: section of`)
)

func figures(o outcome, run ended) Figures {
	f := Figures{Tests: o.executed, Failures: o.failures, Failing: []string{}, Status: run.status, Seconds: run.elapsed.Seconds()}
	for line := range bytes.Lines(run.errors) {
		switch {
		case openRE.Match(line):
			f.Opens++
		case promoteRE.Match(line):
			f.Promotions++
		case sectionRE.Match(line):
			f.Sections++
		}
	}
	for _, line := range o.findings {
		switch {
		case line.fails():
			f.Failing = append(f.Failing, line.String())
		case line.kind == todo:
			f.Todo++
		case line.kind == skipped:
			f.Skipped++
		}
	}
	return f
}

// verdict is the result for a unit. The figures are those of the first runs.
type verdict struct {
	Unit   string       `json:"unit"`
	Passed bool         `json:"passed"`
	Runs   int          `json:"runs"` // each way
	Off    Figures      `json:"off"`
	On     Figures      `json:"on"`
	New    []difference `json:"new"`   // differs, and not with nspa off alone
	Flaky  []difference `json:"flaky"` // differs with nspa off alone
	hung   bool
}

func (v verdict) line() string {
	word := "equal"
	switch {
	case v.hung:
		word = "HUNG"
	case !v.Passed:
		word = fmt.Sprintf("DIFFERS in %d lines after %d runs", len(v.New), v.Runs)
	case len(v.Flaky) > 0:
		word = fmt.Sprintf("equal but for %d flaky places, %d runs", len(places(v.Flaky, v.Runs)), v.Runs)
	}
	if v.On.Opens > 0 {
		word += fmt.Sprintf(" (%d opens, %d promotions, %d sections)", v.On.Opens, v.On.Promotions, v.On.Sections)
	}
	return fmt.Sprintf("%-22s off %7d tests %4d failing %5.1f s   on %7d tests %4d failing %5.1f s   %s", v.Unit,
		v.Off.Tests, len(v.Off.Failing), v.Off.Seconds, v.On.Tests, len(v.On.Failing), v.On.Seconds, word)
}

// details names the lines that differ, at most limit of them, and the places of
// the flaky ones.
func (v verdict) details(limit int) (lines []string) {
	for i, d := range v.New {
		if i == limit {
			lines = append(lines, fmt.Sprintf("differs: %d more", len(v.New)-i))
			break
		}
		lines = append(lines, "differs: "+d.text(v.Runs))
	}
	for _, p := range places(v.Flaky, v.Runs) {
		text := "flaky: " + p.Example
		if p.Lines > 1 {
			text = fmt.Sprintf("%s and %d more there", text, p.Lines-1)
		}
		lines = append(lines, text)
	}
	return lines
}

// Report is what is written as JSON.
type Report struct {
	Short     bool      `json:"short"`
	Reference string    `json:"reference"` // what `off` was
	Passed    int       `json:"passed"`
	Failed    int       `json:"failed"`
	Seconds   float64   `json:"seconds"`
	Off       Totals    `json:"off"`
	On        Totals    `json:"on"`
	New       int       `json:"new"`
	Flaky     []place   `json:"flaky"` // all units', by name
	Units     []verdict `json:"units"`
}

// Totals are sums over the units' first runs.
type Totals struct {
	Tests   int `json:"tests"`
	Failing int `json:"failing"`
}

func (r *Report) add(v verdict) {
	r.Units = append(r.Units, v)
	if v.Passed {
		r.Passed++
	} else {
		r.Failed++
	}
	r.Off.Tests += v.Off.Tests
	r.Off.Failing += len(v.Off.Failing)
	r.On.Tests += v.On.Tests
	r.On.Failing += len(v.On.Failing)
	r.New += len(v.New)
	for _, p := range places(v.Flaky, v.Runs) {
		p.Place = v.Unit + " " + p.Place
		r.Flaky = append(r.Flaky, p)
	}
}

func (r *Report) summary() []string {
	return []string{
		fmt.Sprintf("off: %d tests, %d failing lines", r.Off.Tests, r.Off.Failing),
		fmt.Sprintf("on:  %d tests, %d failing lines", r.On.Tests, r.On.Failing),
		fmt.Sprintf("%d lines differ; %d places in the tests vary with nspa off as well", r.New, len(r.Flaky)),
	}
}

func (r *Report) write(file string) error {
	if r.Flaky == nil {
		r.Flaky = []place{}
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o666)
}
