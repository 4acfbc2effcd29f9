// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"strings"
)

// A body is what is between the braces of a function's definition, or of a
// structure's.
type body struct {
	name, open, close int // tokens
	items             []item
}

// An item stands directly in a block: a statement, a declaration, a label or a
// member of a structure. The statement after an if without braces is none of
// its own: nothing can be put before or after it without changing the meaning
// of what is there.
type item struct {
	start, end int // tokens, end not included
	label      bool
}

// bodies returns the definitions of what is called name: a function, a macro
// that defines one with its argument, as in DECL_HANDLER(x), or a structure,
// as in "struct x".
func (s *source) bodies(name string) ([]body, error) {
	words := tokenize(name)
	if len(words) == 0 {
		return nil, fmt.Errorf("no name")
	}
	var out []body
	for i := range s.tokens {
		if s.tokens[i].depth != 0 {
			continue
		}
		next, ok := s.prefix(words, i, len(s.tokens))
		if !ok {
			continue
		}
		if len(words) == 1 {
			if next == len(s.tokens) || s.tokens[next].text != "(" {
				continue
			}
			next = s.skip(next)
		}
		if next >= len(s.tokens) || s.tokens[next].text != "{" {
			continue
		}
		close, ok := s.match[next]
		if !ok {
			return nil, fmt.Errorf("the braces of %s do not match", name)
		}
		b := body{name: i, open: next, close: close}
		s.block(&b, next+1, close)
		out = append(out, b)
	}
	return out, nil
}

// block finds the items between tokens i and end.
func (s *source) block(b *body, i, end int) {
	for i < end {
		start := i
		if next, ok := s.label(i, end); ok {
			i = next
			b.items = append(b.items, item{start, i, true})
			continue
		}
		i = max(s.statement(b, i, end), start+1)
		b.items = append(b.items, item{start, min(i, end), false})
	}
}

func (s *source) at(i, end int) string {
	if i < end {
		return s.tokens[i].text
	}
	return ""
}

// label returns the index after the label that starts at token i.
func (s *source) label(i, end int) (int, bool) {
	switch word := s.at(i, end); {
	case word == "case":
		for i < end && s.tokens[i].text != ":" {
			i = s.skip(i)
		}
		return i + 1, true
	case word != "" && isWord(word[0]) && s.at(i+1, end) == ":":
		return i + 2, true
	}
	return i, false
}

// statement returns the index after the statement that starts at token i, and
// adds the items of the blocks in it.
func (s *source) statement(b *body, i, end int) int {
	if i >= end {
		return end
	}
	for {
		next, ok := s.label(i, end)
		if !ok {
			break
		}
		i = next
	}
	word := s.at(i, end)
	switch word {
	case "{":
		close, ok := s.match[i]
		if !ok || close >= end {
			return end
		}
		s.block(b, i+1, close)
		return close + 1
	case "else":
		return s.statement(b, i+1, end)
	case "do":
		i = s.statement(b, i+1, end)
		return s.expression(i, end)
	case "if", "while", "for", "switch":
		if s.at(i+1, end) != "(" {
			return s.expression(i, end)
		}
		i = s.statement(b, s.skip(i+1), end)
		if word == "if" && s.at(i, end) == "else" {
			i = s.statement(b, i+1, end)
		}
		return i
	case "__TRY", "SERVER_START_REQ":
		// Wine's brackets around blocks.
		last := map[string]string{"__TRY": "__ENDTRY", "SERVER_START_REQ": "SERVER_END_REQ"}[word]
		for i++; i < end && s.tokens[i].text != last; {
			if s.at(i, end) == "{" {
				i = s.statement(b, i, end)
			} else {
				i = s.skip(i)
			}
		}
		i++
		if s.at(i, end) == ";" {
			i++
		}
		return min(i, end)
	}
	// A macro that loops, as LIST_FOR_EACH( x, y ) statement, ends without ';'.
	if word != "" && isWord(word[0]) && s.at(i+1, end) == "(" && word != "return" && word != "sizeof" {
		if next := s.skip(i + 1); next < end {
			if c := s.tokens[next].text[0]; c == '{' || isWord(c) {
				return s.statement(b, next, end)
			}
		}
	}
	return s.expression(i, end)
}

// expression returns the index after the next ';'.
func (s *source) expression(i, end int) int {
	for i < end && s.tokens[i].text != ";" {
		i = s.skip(i)
	}
	return min(i+1, end)
}

// declares tells whether an item is a declaration: two words, or a word and
// stars and a word, and then what may follow a declared name.
func (s *source) declares(it item) bool {
	i := it.start
	if it.label {
		return false
	}
	switch s.tokens[i].text {
	case "return", "goto", "else", "case", "do", "if", "while", "for", "switch", "break", "continue":
		return false
	case "struct", "union", "enum", "static", "const", "volatile", "unsigned", "register", "extern", "typedef":
		return true
	}
	words := 0
	for ; i < it.end; i++ {
		word := s.tokens[i].text
		switch {
		case isWord(word[0]):
			words++
		case word == "*" && words > 0:
		default:
			return words > 1 && strings.Contains("=;,[", word)
		}
	}
	return false
}
