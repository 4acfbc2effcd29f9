// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// debian returns Wine's source as Debian packages it, unpatched, with those
// files in memory that hooks change.
func debian(t *testing.T) (dir fs.FS, wine fstest.MapFS, patches []*patch) {
	t.Helper()
	root := os.Getenv("NSPA_WINE_SOURCE")
	if root == "" {
		t.Skip("NSPA_WINE_SOURCE is not set")
	}
	dir = os.DirFS(filepath.Join("..", "..", "wine-patches"))
	patches, err := readPatches(dir)
	if err != nil {
		t.Fatal(err)
	}
	wine = fstest.MapFS{}
	load := func(name string) {
		if wine[name] != nil {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		wine[name] = &fstest.MapFile{Data: text}
	}
	for _, p := range patches {
		for _, h := range p.hooks {
			for _, a := range h.alts {
				load(a.file)
			}
		}
	}
	for _, m := range modules {
		for d := strings.TrimSuffix(m.dir, "/"); d != "." && d != "dlls" && d != "programs"; d = filepath.Dir(d) {
			load(d + "/Makefile.in")
		}
	}
	return dir, wine, patches
}

// What is checked in is what the tool makes of Debian's source.
func TestDebian(t *testing.T) {
	dir, wine, patches := debian(t)
	pl, err := makePlan(dir, wine)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range pl.results {
		if !r.placed() {
			t.Errorf("%s: %s", r.name, r.reason)
		}
	}
	if t.Failed() {
		return
	}
	out := filepath.Join("..", "..", "wine-patches", "10.0")
	for i, p := range patches {
		want, err := pl.text(i)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(out, p.name+".patch"))
		if err != nil || string(got) != want {
			t.Errorf("%s: not as it is checked in: make patches (%v)", p.name, err)
		}
	}
}

// A definition is a function's or structure's text, with the comment above it.
type definition struct{ start, end, name, open int } // offsets of the file

func define(t *testing.T, text, in string) definition {
	t.Helper()
	s := newSource("", text)
	bodies, err := s.bodies(in)
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%s: %d definitions, %v", in, len(bodies), err)
	}
	line := s.definitionLine(bodies[0])
	d := definition{start: strings.Index(text, strings.Join(s.lines[line:], "\n"))}
	d.open, d.end = s.tokens[bodies[0].open].off, s.tokens[bodies[0].close].end
	if strings.HasPrefix(text[d.end:], ";") {
		d.end++
	}
	words := tokenize(in)
	for i := range s.tokens {
		if _, ok := s.prefix(words, i, bodies[0].open+1); ok && s.tokens[i].depth == 0 && s.tokens[i].off >= d.start {
			d.name = s.tokens[i].off
			if len(words) > 1 {
				d.name = s.tokens[i+len(words)-1].off
			}
			if words[len(words)-1] == ")" {
				d.name = s.tokens[i].off
			}
			break
		}
	}
	return d
}

// damage changes a copy of the one file that a hook is in, and returns what
// then becomes of the hook.
func damage(t *testing.T, wine fstest.MapFS, h *hook, file, text string) *result {
	t.Helper()
	changed := fstest.MapFS{}
	for name, f := range wine {
		changed[name] = f
	}
	changed[file] = &fstest.MapFile{Data: []byte(text)}
	r, err := newTree(changed).resolve(h)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each hook, in Debian's source with the function that it is in moved, renamed,
// duplicated, emptied, laid out anew, or only there for some systems.
func TestDamagedTrees(t *testing.T) {
	_, wine, patches := debian(t)
	for _, p := range patches {
		for _, h := range p.hooks {
			r, err := newTree(wine).resolve(h)
			if err != nil {
				t.Fatal(err)
			}
			if !r.placed() || r.needless || r.place.in == "" {
				continue
			}
			t.Run(h.name, func(t *testing.T) { damageFunction(t, wine, h, r) })
		}
	}
}

func damageFunction(t *testing.T, wine fstest.MapFS, h *hook, whole *result) {
	file, in := whole.place.file, whole.place.in
	// Only this one place: others may well fit a damaged tree.
	h = &hook{name: h.name, why: h.why, alts: []place{whole.place}}
	text := string(wine[file].Data)
	d := define(t, text, in)
	definition := text[d.start:d.end]
	open := d.open

	put := func(r *result) string { // the lines that are put there, and what is around them
		t.Helper()
		if !r.placed() {
			t.Fatalf("not placed: %s", r.reason)
		}
		var out []string
		for _, e := range r.edits {
			out = append(out, fmt.Sprintf("%q %q", e.lines, e.text))
		}
		return strings.Join(out, "\n")
	}
	missing := func(what string, r *result, reason string) {
		t.Helper()
		if r.placed() || r.ambiguous || !strings.Contains(r.reason, reason) {
			t.Errorf("%s: %s (%s), want missing (%s)", what, r.status(), r.reason, reason)
		}
	}

	// Moved to the end of the file: it goes with the function.
	moved := text[:d.start] + text[d.end:]
	at := strings.Count(moved, "\n") + 3
	r := damage(t, wine, h, file, moved+"\n\n\n"+definition+"\n")
	if s := newSource("", text); s.tokens[len(s.tokens)-1].cond == nil && !strings.HasSuffix(strings.TrimSpace(text), "#endif") {
		if got, want := put(r), put(whole); got != want {
			t.Errorf("moved: puts\n%s\nand not\n%s", got, want)
		}
		for _, l := range r.lines {
			if l < at {
				t.Errorf("moved: placed in line %d, and the function starts in line %d", l, at)
			}
		}
	}

	// Renamed, with others that have the same statements: nowhere.
	name := text[d.name:]
	renamed := text[:d.name] + "renamed_" + name
	missing("renamed", damage(t, wine, h, file, renamed), "has no "+in)

	// Moved to another file: nowhere.
	missing("elsewhere", damage(t, wine, h, file, moved), "has no "+in)

	// Duplicated: which one?
	r = damage(t, wine, h, file, text[:d.end]+"\n\n"+definition+text[d.end:])
	if !r.ambiguous || !strings.Contains(r.reason, in+" 2 times (lines ") {
		t.Errorf("duplicated: %s (%s)", r.status(), r.reason)
	}

	// Every statement twice: which one? If it goes to every one, it does.
	body := text[open+1 : d.end-1]
	body = strings.TrimSuffix(body, "}")
	if whole.place.pattern != "" && !strings.Contains(definition, "#if") && len(tokenize(in)) == 1 {
		r = damage(t, wine, h, file, text[:open+1]+body+"\n{"+body+"}\n}\n"+text[d.end:])
		switch {
		case whole.place.every:
			if len(r.edits) != 2*len(whole.edits) {
				t.Errorf("twice: %d places, want %d", len(r.edits), 2*len(whole.edits))
			}
		case r.placed():
			t.Errorf("twice: placed in line %v", r.lines)
		}
	}

	// Emptied.
	if whole.place.pattern != "" {
		missing("emptied", damage(t, wine, h, file, text[:open]+"{\n    nothing();\n}\n"+text[d.end:]), "")
	}

	// All in another layout, with comments between the words.
	if !strings.Contains(definition, "#") && !strings.Contains(definition, "\\\n") {
		var words strings.Builder
		words.WriteString(text[:open] + "{\n")
		s := newSource("", text)
		depth := 0
		for i := range s.tokens {
			tok := s.tokens[i]
			if tok.off <= open || tok.end > d.end {
				continue
			}
			words.WriteString(tok.text)
			switch tok.text {
			case "(", "[":
				depth++
			case ")", "]":
				depth--
			}
			switch last := s.tokens[min(i+1, len(s.tokens)-1)].text; {
			case depth > 0:
				words.WriteString(" /* x */\t")
			case tok.text == ";" || tok.text == "{" || tok.text == "}" || tok.text == ":" || last == "{" || last == "}" || tok.text == "else":
				words.WriteString("\n\n")
			case tok.text == ")" && (isWord(last[0]) && last[0] > '9'):
				words.WriteString("\n")
			default:
				words.WriteString(" ")
			}
		}
		r = damage(t, wine, h, file, words.String()+text[d.end:])
		if !r.placed() || len(r.edits) != len(whole.edits) {
			t.Errorf("laid out anew: %s (%s)", r.status(), r.reason)
		}
	}

	// Only there if something is configured.
	if whole.place.verb != "above" && whole.place.verb != "below" && len(tokenize(in)) == 1 && !strings.Contains(definition, "#if") {
		missing("in an #if", damage(t, wine, h, file, text[:open+1]+"\n#ifdef SOME_SYSTEM"+body+"\n#endif\n}"+text[d.end:]), "depends on '#ifdef SOME_SYSTEM'")
	}
	missing("all in an #if", damage(t, wine, h, file, text[:d.start]+"#ifdef SOME_SYSTEM\n"+definition+"\n#endif\n"+text[d.end:]), "depends on '#ifdef SOME_SYSTEM'")
}
