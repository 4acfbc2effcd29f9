// SPDX-License-Identifier: LGPL-2.1-or-later

package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table is text in columns: the first to the left, the others to the right.
type Table struct {
	Head []string
	Rows [][]string
}

// Add appends a row; missing cells are empty.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// String lays the table out.
func (t *Table) String() string {
	width := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			if i < len(width) {
				width[i] = max(width[i], utf8.RuneCountInString(cell))
			}
		}
	}
	var b strings.Builder
	line := func(row []string) {
		var l strings.Builder
		for i, w := range width {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			pad := strings.Repeat(" ", w-utf8.RuneCountInString(cell))
			if i > 0 {
				l.WriteString("  " + pad + cell)
			} else {
				l.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(t.Head)
	rule := make([]string, len(width))
	for i, w := range width {
		rule[i] = strings.Repeat("-", w)
	}
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

// Markdown writes the table for a document.
func (t *Table) Markdown() string {
	var b strings.Builder
	line := func(row []string) {
		b.WriteString("|")
		for i := range t.Head {
			cell := ""
			if i < len(row) {
				cell = strings.ReplaceAll(row[i], "|", `\|`)
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	line(t.Head)
	b.WriteString("|---|" + strings.Repeat("--:|", len(t.Head)-1) + "\n")
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

// Count writes a number with thousands separated.
func Count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Number writes a measurement with three significant digits, large ones whole.
func Number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "-"
	case math.Abs(v) >= 99.95:
		return signed(v)
	case math.Abs(v) >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func signed(v float64) string {
	r := math.Round(v)
	if r < 0 {
		return "-" + Count(uint64(-r))
	}
	return Count(uint64(r))
}

// Ratio writes a/b as "12.3x", or "-" where there is nothing to compare.
func Ratio(a, b *Run) string {
	if a == nil || b == nil || b.WallMS <= 0 {
		return "-"
	}
	return Number(a.WallMS/b.WallMS) + "x"
}

func wall(r *Run) string {
	if r == nil {
		return "-"
	}
	return Number(r.WallMS)
}

// tables are the demo's: times, targets, times of single items, and requests
// where they were counted.
func (r *Report) tables() []*Table {
	times := &Table{Head: []string{"wall time, ms (median)", "debian", "off", "on", "native", "off/debian", "gain off/on", "on/native"}}
	calls := &Table{Head: []string{"time per item, us", "mode", "p50", "p99", "p99.9", "max"}}
	reqs := &Table{Head: []string{"wineserver requests", "mode", "all", "per item", "create_file", "get_handle_fd", "close_handle", "create_mapping", "get_mapping_info", "map_view", "others"}}
	for _, w := range r.Workloads {
		off, on := w.Runs["off"], w.Runs["on"]
		times.Add(w.Name, wall(w.Runs["debian"]), wall(off), wall(on), wall(w.Native), Ratio(off, w.Runs["debian"]), Ratio(off, on), Ratio(on, w.Native))
		label := w.Name
		if w.Items > 0 {
			label = fmt.Sprintf("%s (%s %s)", w.Name, Count(uint64(w.Items)), w.Item)
		}
		for _, mode := range Modes {
			calls.addTimes(label, mode, w.Runs[mode])
			reqs.addRequests(w.Name, mode, w.Items, w.Runs[mode])
		}
		calls.addTimes(label, "native", w.Native)
	}
	return slices.DeleteFunc([]*Table{times, r.targets(), calls, reqs}, func(t *Table) bool { return len(t.Rows) == 0 })
}

func (t *Table) addTimes(label, mode string, r *Run) {
	if r != nil && r.P50US > 0 {
		t.Add(label, mode, Number(r.P50US), Number(r.P99US), Number(r.P999US), Number(r.MaxUS))
	}
}

func (t *Table) addRequests(label, mode string, items int, r *Run) {
	if r == nil || r.Requests == nil {
		return
	}
	q := r.Requests
	per := "-"
	if items > 0 {
		per = Number(float64(q["total"]) / float64(items))
	}
	row := []string{label, mode, Count(q["total"]), per}
	others := q["total"]
	for _, name := range t.Head[4 : len(t.Head)-1] {
		row = append(row, Count(q[name]))
		others -= q[name]
	}
	t.Add(append(row, Count(others))...)
}

// Text is the report for a terminal.
func (r *Report) Text() string {
	out := r.Machine.String() + "\n" + r.Machine.Busy()
	for _, t := range r.tables() {
		out += "\n" + t.String()
	}
	return out
}

// Markdown is the report for a document.
func (r *Report) Markdown() string {
	out := ""
	for _, t := range r.tables() {
		out += t.Markdown() + "\n"
	}
	return out + "Measured on: " + r.Machine.String() + ".\n" + r.Machine.Busy()
}
