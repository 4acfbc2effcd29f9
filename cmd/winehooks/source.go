// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"strings"
)

// A token of C: an identifier or number, a string or character constant, or
// one character of punctuation. Comments and white space are none.
type token struct {
	text     string
	off, end int // bytes of the file
	line     int // from 0; constants do not go over line ends in practice
	depth    int // open brackets around it
	cond     *conditional
}

// A directive is a preprocessor line, its white space collapsed.
type directive struct {
	text       string
	line, last int
	next       int // the token that follows
	cond       *conditional
}

// A conditional is an #if and what is up to its #endif, for the token that has it.
type conditional struct {
	outer *conditional
	text  string
	next  int  // the token that follows the #if
	whole bool // all tokens of the file are in it
}

// A source is a C file taken apart. It is no parse: macros stay as they are
// written, and both branches of a conditional are there.
type source struct {
	name       string
	text       string
	lines      []string // without line ends
	tokens     []token
	directives []directive
	match      map[int]int // opening bracket to closing one
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func newSource(name, text string) *source {
	s := &source{name: name, text: text, match: map[int]int{}}
	s.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	s.scan()
	s.pair()
	return s
}

// scan fills tokens and directives.
func (s *source) scan() {
	text, line, fresh := s.text, 0, true // fresh: nothing but white space on this line so far
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n':
			line++
			fresh = true
			i++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\\':
			i++
		case strings.HasPrefix(text[i:], "/*") || strings.HasPrefix(text[i:], "//"):
			end := commentEnd(text, i)
			line += strings.Count(text[i:end], "\n")
			i = end
		case c == '#' && fresh:
			end := i
			d := directive{line: line, next: len(s.tokens)}
			var words strings.Builder
			for end < len(text) && text[end] != '\n' {
				switch {
				case strings.HasPrefix(text[end:], "\\\n"):
					end += 2
					line++
					words.WriteByte(' ')
				case strings.HasPrefix(text[end:], "/*"), strings.HasPrefix(text[end:], "//"):
					e := commentEnd(text, end)
					line += strings.Count(text[end:e], "\n")
					end = e
					words.WriteByte(' ')
				default:
					words.WriteByte(text[end])
					end++
				}
			}
			d.text, d.last = collapse(words.String()), line
			s.directives = append(s.directives, d)
			i = end
		default:
			end := i + 1
			switch {
			case c == '"' || c == '\'':
				for end < len(text) && text[end] != c && text[end] != '\n' {
					if text[end] == '\\' {
						end++
					}
					end++
				}
				end = min(end+1, len(text))
			case isWord(c):
				for end < len(text) && isWord(text[end]) {
					end++
				}
			}
			s.tokens = append(s.tokens, token{text: text[i:end], off: i, end: end, line: line})
			line += strings.Count(text[i:end], "\n")
			fresh = false
			i = end
		}
	}
}

func commentEnd(text string, i int) int {
	mark := "\n"
	if text[i+1] == '*' {
		mark = "*/"
	}
	end := strings.Index(text[i+2:], mark)
	switch {
	case end < 0:
		return len(text)
	case mark == "\n":
		return i + 2 + end
	}
	return i + 2 + end + len(mark)
}

// collapse makes '#  include  "x"' out of any layout '#include "x"'.
func collapse(d string) string {
	d = strings.Join(strings.Fields(d), " ")
	return strings.Replace(d, "# ", "#", 1)
}

// pair fills match, depth and cond. The branches of a conditional start with
// the same brackets open; after it those that its first branch left are.
func (s *source) pair() {
	type branch struct {
		start, end []int
	}
	var open []int
	var branches []branch
	var cond *conditional
	clone := func(v []int) []int { return append([]int(nil), v...) }

	d := 0
	directives := func(next int) {
		for ; d < len(s.directives) && s.directives[d].next <= next; d++ {
			at := &s.directives[d]
			at.cond = cond
			switch word := strings.FieldsFunc(at.text, func(r rune) bool { return r == ' ' || r == '(' || r == '!' }); {
			case word[0] == "#if" || word[0] == "#ifdef" || word[0] == "#ifndef":
				branches = append(branches, branch{start: clone(open)})
				cond = &conditional{outer: cond, text: at.text, next: at.next}
				at.cond = cond
			case cond == nil:
			case word[0] == "#else" || word[0] == "#elif":
				b := &branches[len(branches)-1]
				if b.end == nil {
					b.end = clone(open)
				}
				open = clone(b.start)
				cond = &conditional{outer: cond.outer, text: at.text + " of " + cond.text, next: at.next}
				at.cond = cond
			case word[0] == "#endif":
				b := branches[len(branches)-1]
				branches = branches[:len(branches)-1]
				if b.end != nil {
					open = b.end
				}
				cond.whole = b.end == nil && cond.outer == nil && cond.next == 0 && at.next == len(s.tokens)
				cond = cond.outer
			}
		}
	}
	for i := range s.tokens {
		directives(i)
		t := &s.tokens[i]
		t.cond = cond
		switch t.text {
		case "(", "[", "{":
			t.depth = len(open)
			open = append(open, i)
			continue
		case ")", "]", "}":
			if n := len(open); n > 0 {
				if _, done := s.match[open[n-1]]; !done {
					s.match[open[n-1]] = i
				}
				open = open[:n-1]
			}
		}
		t.depth = len(open)
	}
	directives(len(s.tokens))
}

// inside returns the conditional that c is in and base is not, or nil.
// One that has the whole file in it (an include guard, an architecture) is none.
func (c *conditional) inside(base *conditional) *conditional {
	if c == base || c == nil || c.whole {
		return nil
	}
	return c
}

// tokenize returns a pattern's tokens.
func tokenize(pattern string) []string {
	var words []string
	for _, t := range newSource("", pattern).tokens {
		words = append(words, t.text)
	}
	// Three dots are one: what may stand there is left open.
	out := words[:0]
	for i := 0; i < len(words); i++ {
		if i+2 < len(words) && words[i] == "." && words[i+1] == "." && words[i+2] == "." {
			if len(out) == 0 || out[len(out)-1] != "..." {
				out = append(out, "...")
			}
			i += 2
			continue
		}
		out = append(out, words[i])
	}
	return out
}

// prefix returns the index after the tokens that match pattern from token i
// on, none of them at end or beyond. "..." stands for any tokens with their
// brackets in balance, as few as will do.
func (s *source) prefix(pattern []string, i, end int) (int, bool) {
	for len(pattern) > 0 {
		if pattern[0] == "..." {
			for j := i; j <= end; {
				if last, ok := s.prefix(pattern[1:], j, end); ok {
					return last, true
				}
				if j == end || strings.Contains(")]}", s.tokens[j].text) {
					return 0, false
				}
				j = s.skip(j)
			}
			return 0, false
		}
		if i >= end || s.tokens[i].text != pattern[0] {
			return 0, false
		}
		pattern = pattern[1:]
		i++
	}
	return i, true
}

// skip returns the index after token i, or after the bracket that i opens.
func (s *source) skip(i int) int {
	switch s.tokens[i].text {
	case "(", "[", "{":
		if close, ok := s.match[i]; ok {
			return close + 1
		}
	}
	return i + 1
}

// offsetLine tells whether only white space is before token i on its line.
func (s *source) firstOnLine(i int) bool {
	t := s.tokens[i]
	start := strings.LastIndexByte(s.text[:t.off], '\n') + 1
	return strings.TrimSpace(s.text[start:t.off]) == ""
}

// lastOnLine tells whether token i is its line's last one; a comment may
// follow, if it ends there.
func (s *source) lastOnLine(i int) bool {
	if i+1 < len(s.tokens) && s.tokens[i+1].line == s.tokens[i].line {
		return false
	}
	t := s.tokens[i]
	rest, _, _ := strings.Cut(s.text[t.end:], "\n")
	at := strings.LastIndex(rest, "/*")
	return at < 0 || strings.Contains(rest[at:], "*/")
}

func indentation(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}
