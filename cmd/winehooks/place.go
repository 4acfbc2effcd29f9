// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
)

// A tree is a Wine source tree that is read, never written.
type tree struct {
	fs    fs.FS
	files map[string]*source
}

func newTree(fsys fs.FS) *tree { return &tree{fs: fsys, files: map[string]*source{}} }

// source returns a file, or nil if there is none.
func (t *tree) source(name string) (*source, error) {
	if s, ok := t.files[name]; ok {
		return s, nil
	}
	text, err := fs.ReadFile(t.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := newSource(name, string(text))
	t.files[name] = s
	return s, nil
}

// An edit puts lines before a line of a file, or other text in place of a part
// of a line. Edits are found in the tree as it is, so that no hook depends on
// another one.
type edit struct {
	file     string
	line     int // from 0
	before   bool
	lines    []string // put before the line
	off, end int      // or: the part of the line,
	text     string   // and what is put there
	patch    int
}

// What became of a hook.
type result struct {
	name      string
	why       string
	place     place
	number    int // of the place, from 1; 0 if there is none
	ambiguous bool
	needless  bool
	reason    string // why it was not placed
	lines     []int  // where, from 1
	edits     []edit
}

func (r *result) placed() bool { return r.number > 0 }

// resolve looks for the place of a hook in the tree: the first one that fits.
// One that fits more than once ends the search: nothing is guessed.
func (t *tree) resolve(h *hook) (*result, error) {
	r := &result{name: h.name, why: h.why, place: h.alts[0]}
	var reasons []string
	for i, alt := range h.alts {
		edits, reason, err := t.find(alt)
		if err != nil {
			return nil, err
		}
		var many *ambiguity
		switch {
		case errors.As(reason, &many):
			r.place, r.ambiguous, r.reason = alt, true, many.Error()
			return r, nil
		case reason != nil:
			reasons = append(reasons, reason.Error())
			continue
		}
		r.place, r.number, r.edits, r.needless = alt, i+1, edits, alt.verb == "needless"
		for _, e := range edits {
			r.lines = append(r.lines, e.line+1)
		}
		return r, nil
	}
	// Alternatives often fail for the same reason.
	var different []string
	for i, reason := range reasons {
		if i == 0 || reason != reasons[i-1] {
			different = append(different, reason)
		}
	}
	r.reason = strings.Join(different, "; ")
	return r, nil
}

// An ambiguity is a place that fits more than once.
type ambiguity struct {
	what  string
	lines []int
}

func (a *ambiguity) Error() string {
	var lines []string
	for _, l := range a.lines {
		lines = append(lines, fmt.Sprint(l+1))
	}
	return fmt.Sprintf("%s %d times (lines %s)", a.what, len(a.lines), strings.Join(lines, ", "))
}

// find returns the edits that a place stands for, or why it does not fit.
func (t *tree) find(p place) (edits []edit, reason, err error) {
	s, err := t.source(p.file)
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("there is no %s", p.file), nil
	}
	for _, c := range p.given {
		if reason := s.check(c, p.in); reason != nil {
			return nil, reason, nil
		}
	}
	switch {
	case p.verb == "needless":
		return nil, s.check(condition{p.pattern, true}, p.in), nil
	case p.verb == "append":
		lines := append([]string{""}, p.put...)
		return []edit{{file: p.file, line: len(s.lines), before: true, lines: lines}}, nil, nil
	case strings.HasPrefix(p.pattern, "#"):
		edits, reason = s.findDirective(p)
	case p.in == "":
		edits, reason = s.findOutside(p)
	default:
		edits, reason = s.findInBody(p)
	}
	return edits, reason, nil
}

// check returns why a condition does not hold in a function, or in the file.
func (s *source) check(c condition, in string) error {
	from, to, where := 0, len(s.tokens), s.name
	if in != "" {
		b, reason := s.body(in)
		if reason != nil {
			return reason
		}
		from, to, where = b.name, b.close, s.name+": "+in
	}
	words, has := tokenize(c.tokens), false
	for i := from; i < to && !has; i++ {
		_, has = s.prefix(words, i, to)
	}
	switch {
	case has == c.want:
		return nil
	case has:
		return fmt.Errorf("%s has '%s'", where, c.tokens)
	}
	return fmt.Errorf("%s has no '%s'", where, c.tokens)
}

// findOutside finds a declaration outside of functions.
func (s *source) findOutside(p place) ([]edit, error) {
	var edits []edit
	words := tokenize(p.pattern)
	for i, t := range s.tokens {
		if t.depth > 0 || i > 0 && (s.tokens[i-1].depth > 0 || !strings.Contains(";}", s.tokens[i-1].text)) {
			continue
		}
		if _, ok := s.prefix(words, i, len(s.tokens)); !ok {
			continue
		}
		if c := t.cond.inside(nil); c != nil || !s.firstOnLine(i) {
			return nil, fmt.Errorf("%s: '%s' is in an #if, or shares its line", s.name, p.pattern)
		}
		edits = append(edits, edit{file: s.name, line: s.commentLine(t.line), before: true, lines: p.put})
	}
	return s.choose(p, edits, fmt.Sprintf("%s has '%s'", s.name, p.pattern), fmt.Sprintf("%s has no '%s'", s.name, p.pattern))
}

func (s *source) findDirective(p place) ([]edit, error) {
	var edits []edit
	text := collapse(p.pattern)
	for _, d := range s.directives {
		if d.text != text {
			continue
		}
		if c := d.cond.inside(nil); c != nil {
			return nil, fmt.Errorf("%s: '%s' depends on '%s'", s.name, text, c.text)
		}
		e := edit{file: s.name, line: d.line, before: true, lines: p.put}
		if p.verb == "after" {
			e.line, e.before = d.last+1, false
		}
		edits = append(edits, e)
	}
	return s.choose(p, edits, fmt.Sprintf("%s has '%s'", s.name, text), fmt.Sprintf("%s has no '%s'", s.name, text))
}

// choose is the rule that a place has to fit once, or with 'every' at least once.
func (s *source) choose(p place, edits []edit, has, hasNot string) ([]edit, error) {
	switch {
	case len(edits) == 0:
		return nil, errors.New(hasNot)
	case len(edits) > 1 && !p.every:
		var lines []int
		for _, e := range edits {
			lines = append(lines, e.line)
		}
		sort.Ints(lines)
		return nil, &ambiguity{has, lines}
	}
	return edits, nil
}

// body returns the one definition of a name.
func (s *source) body(in string) (body, error) {
	bodies, err := s.bodies(in)
	switch {
	case err != nil:
		return body{}, fmt.Errorf("%s: %v", s.name, err)
	case len(bodies) == 0:
		return body{}, fmt.Errorf("%s has no %s", s.name, in)
	case len(bodies) > 1:
		var lines []int
		for _, b := range bodies {
			lines = append(lines, s.tokens[b.open].line)
		}
		return body{}, &ambiguity{fmt.Sprintf("%s has %s", s.name, in), lines}
	}
	return bodies[0], nil
}

func (s *source) findInBody(p place) ([]edit, error) {
	b, reason := s.body(p.in)
	if reason != nil {
		return nil, reason
	}
	base := s.tokens[b.open].cond
	if c := base.inside(nil); c != nil {
		return nil, fmt.Errorf("%s: %s depends on '%s'", s.name, p.in, c.text)
	}

	put := func(line int, before bool, indent string) edit {
		return edit{file: s.name, line: line, before: before, lines: []string{indent + p.put[0]}}
	}
	lineOf := func(i int) int { return s.tokens[i].line }
	indentOf := func(i int) string { return indentation(s.lines[lineOf(i)]) }

	switch p.verb {
	case "above":
		return []edit{{file: s.name, line: s.definitionLine(b), before: true, lines: []string{p.put[0], ""}}}, nil
	case "below":
		return []edit{{file: s.name, line: lineOf(b.close) + 1, lines: []string{"", p.put[0]}}}, nil
	case "top", "first":
		for _, it := range b.items {
			if s.tokens[it.start].depth != s.tokens[b.open].depth+1 || p.verb == "first" && s.declares(it) {
				continue
			}
			if p.verb == "top" {
				return []edit{put(lineOf(b.open)+1, false, indentOf(it.start))}, nil
			}
			if c := s.tokens[it.start].cond.inside(base); c != nil {
				return nil, fmt.Errorf("%s: the first statement of %s depends on '%s'", s.name, p.in, c.text)
			}
			return []edit{put(lineOf(it.start), true, indentOf(it.start))}, nil
		}
		return nil, fmt.Errorf("%s: %s has no statement", s.name, p.in)
	}

	from, to := b.open+1, b.close
	if p.past != "" {
		words := tokenize(p.past)
		var ends []int
		for i := from; i < to; i++ {
			if end, ok := s.prefix(words, i, to); ok {
				ends = append(ends, end)
			}
		}
		if len(ends) != 1 {
			return nil, fmt.Errorf("%s: %s has '%s' %d times", s.name, p.in, p.past, len(ends))
		}
		from = ends[0]
	}
	if p.within != "" {
		words := tokenize(p.within)
		var found []item
		for _, it := range b.items {
			if _, ok := s.prefix(words, it.start, it.end); ok && it.start >= from {
				found = append(found, it)
			}
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("%s: %s has '%s' %d times", s.name, p.in, p.within, len(found))
		}
		from, to = found[0].start+1, found[0].end
	}

	words := tokenize(p.pattern)
	var edits []edit
	var problem error
	add := func(i int, e edit, ok bool) {
		switch c := s.tokens[i].cond.inside(base); {
		case c != nil:
			problem = fmt.Errorf("%s: '%s' of %s depends on '%s'", s.name, p.pattern, p.in, c.text)
		case !ok:
			problem = fmt.Errorf("%s: '%s' of %s shares its line", s.name, p.pattern, p.in)
		}
		edits = append(edits, e)
	}
	switch p.verb {
	case "replace":
		for i := from; i < to; i++ {
			last, ok := s.prefix(words, i, to)
			if !ok || last == i {
				continue
			}
			t := s.tokens[i]
			start := strings.LastIndexByte(s.text[:t.off], '\n') + 1
			add(i, edit{file: s.name, line: t.line, off: t.off - start, end: s.tokens[last-1].end - start, text: p.put[0]},
				lineOf(last-1) == t.line)
		}
	default: // before, after, around
		for _, it := range b.items {
			if it.start < from || it.end > to {
				continue
			}
			if _, ok := s.prefix(words, it.start, it.end); !ok {
				continue
			}
			if p.verb == "after" {
				indent := indentOf(it.start)
				if it.label {
					indent += "    "
				}
				add(it.start, put(lineOf(it.end-1)+1, false, indent), s.firstOnLine(it.start) && s.lastOnLine(it.end-1))
				continue
			}
			ok := s.firstOnLine(it.start) && !it.label
			if p.verb == "around" && lineOf(it.start) == lineOf(it.end-1) {
				indent := len(indentOf(it.start))
				add(it.start, edit{file: s.name, line: lineOf(it.start), off: indent, end: indent, text: p.put[0] + " "}, ok)
				continue
			}
			line := lineOf(it.start)
			if p.verb == "before" {
				line = s.commentLine(line)
			}
			add(it.start, put(line, true, indentOf(it.start)), ok)
		}
	}
	edits, reason = s.choose(p, edits, fmt.Sprintf("%s: %s has '%s'", s.name, p.in, p.pattern),
		fmt.Sprintf("%s: %s has no '%s'", s.name, p.in, p.pattern))
	if reason == nil {
		reason = problem
	}
	return edits, reason
}

// definitionLine returns the line that a definition starts at, with the comment
// directly above it.
func (s *source) definitionLine(b body) int {
	i := b.open
	for i > 0 && (s.tokens[i-1].depth > s.tokens[b.open].depth || !strings.Contains(";}", s.tokens[i-1].text)) {
		i--
	}
	line := s.tokens[i].line
	for _, d := range s.directives {
		if d.next > i && d.last < s.tokens[b.open].line {
			line = d.last + 1
		}
	}
	return s.commentLine(line)
}

// commentLine returns the line of the comment directly above a line, which
// belongs to what follows, or else the line.
func (s *source) commentLine(line int) int {
	if line == 0 || !strings.HasSuffix(strings.TrimSpace(s.lines[line-1]), "*/") {
		return line
	}
	for l := line - 1; l >= 0; l-- {
		switch text := strings.TrimSpace(s.lines[l]); {
		case strings.HasPrefix(text, "/*"):
			return l
		case strings.Contains(text, "/*"): // behind something else
			return line
		}
	}
	return line
}
