// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"
)

// A patch is a file of wine-patches/hooks: a message, files of ours, and hooks.
type patch struct {
	name    string // without extension
	message string
	files   []string // of wine-patches/src
	skip    *place   // hooks are not needed in a tree that has this
	hooks   []*hook
}

// A hook is a line of ours in a file of Wine's.
type hook struct {
	name string
	why  string // what it protects
	alts []place
}

// A place is one way to say where a hook goes and what it puts there.
type place struct {
	remark  string // which Wine it is for
	file    string
	in      string // function, or "struct x"
	verb    string
	pattern string
	every   bool
	past    string
	given   []condition
	within  string
	put     []string
}

// A condition is that the function of a place, or its file, has some tokens, or not.
type condition struct {
	tokens string
	want   bool
}

// Verbs of places, and whether a pattern follows.
var verbs = map[string]bool{
	"before": true, "after": true, "around": true, "replace": true, "needless": true,
	"first": false, "top": false, "above": false, "below": false, "append": false,
}

var hookName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// readPatches reads the hooks and sources below dir, in the order of their names.
func readPatches(dir fs.FS) ([]*patch, error) {
	names, err := fs.Glob(dir, "hooks/*.hooks")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no hooks/*.hooks")
	}
	sort.Strings(names)
	var patches []*patch
	seen := map[string]bool{}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		p, err := parsePatch(strings.TrimSuffix(path.Base(name), ".hooks"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %v", name, err)
		}
		for _, h := range p.hooks {
			if seen[h.name] {
				return nil, fmt.Errorf("%s: a second hook %s", name, h.name)
			}
			seen[h.name] = true
		}
		patches = append(patches, p)
	}
	return patches, shareSources(dir, patches)
}

// shareSources replaces the wildcards of 'new:' lines. Each file of src belongs
// to one patch: the one that names it, else the first one with a wildcard.
func shareSources(dir fs.FS, patches []*patch) error {
	owner := map[string]int{}
	for i, p := range patches {
		for _, f := range p.files {
			if strings.Contains(f, "*") {
				continue
			}
			if _, err := fs.Stat(dir, "src/"+f); err != nil {
				return fmt.Errorf("%s: new: no file src/%s", p.name, f)
			}
			if other, ok := owner[f]; ok {
				return fmt.Errorf("src/%s is in two patches, %s and %s", f, patches[other].name, p.name)
			}
			owner[f] = i
		}
	}
	err := fs.WalkDir(dir, "src", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name = strings.TrimPrefix(name, "src/")
		if _, ok := owner[name]; ok {
			return nil
		}
		for i, p := range patches {
			for _, f := range p.files {
				if ok, _ := path.Match(f, name); ok {
					owner[name] = i
					return nil
				}
			}
		}
		return fmt.Errorf("src/%s is in no patch", name)
	})
	if err != nil {
		return err
	}
	for _, p := range patches {
		p.files = nil
	}
	for f, i := range owner {
		patches[i].files = append(patches[i].files, f)
	}
	for _, p := range patches {
		sort.Strings(p.files)
	}
	return nil
}

// parsePatch reads a file of hooks; wine-patches/hooks/README.md has its form.
func parsePatch(name, text string) (*patch, error) {
	message, rest, ok := strings.Cut(text, "\n---\n")
	if !ok {
		return nil, fmt.Errorf("no line '---' after the message")
	}
	p := &patch{name: name, message: strings.TrimSpace(message)}
	line := strings.Count(message, "\n") + 2
	var h *hook
	var alt *place
	fail := func(format string, args ...any) error {
		return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
	}
	finish := func() error {
		if h == nil {
			return nil
		}
		h.alts = append(h.alts, *alt)
		return h.check()
	}
	for _, text := range strings.Split(rest, "\n") {
		line++
		if text == "" || text[0] == '#' {
			continue
		}
		if text[0] == '|' {
			if alt == nil {
				return nil, fail("text outside of a hook")
			}
			alt.put = append(alt.put, strings.TrimPrefix(strings.TrimPrefix(text, "|"), " "))
			continue
		}
		key, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, fail("not 'key: value'")
		}
		value = strings.TrimSpace(value)
		key, every := strings.CutSuffix(key, " every")
		if key == "skip" && h == nil {
			file, tokens, ok := strings.Cut(value, ": ")
			if !ok {
				return nil, fail("skip: wants 'FILE: TOKENS'")
			}
			p.skip = &place{file: file, verb: "needless", pattern: tokens}
			continue
		}
		if h == nil && key != "new" && key != "hook" {
			return nil, fail("%s: outside of a hook", key)
		}
		switch key {
		case "new":
			p.files = append(p.files, value)
		case "hook":
			if err := finish(); err != nil {
				return nil, fail("%v", err)
			}
			if !hookName.MatchString(value) {
				return nil, fail("a hook's name is made of a-z, 0-9 and '-'")
			}
			h, alt = &hook{name: value}, &place{}
			p.hooks = append(p.hooks, h)
		case "or":
			// Where it is and what is put there, if the place does not say otherwise.
			h.alts = append(h.alts, *alt)
			alt = &place{remark: value, file: alt.file, in: alt.in, put: alt.put}
		case "why":
			h.why = value
		case "file":
			alt.file = value
		case "in":
			alt.in = value
		case "if", "unless":
			alt.given = append(alt.given, condition{value, key == "if"})
		case "within":
			alt.within = value
		case "past":
			alt.past = value
		case "put", "with":
			alt.put = []string{value}
		default:
			wants, ok := verbs[key]
			switch {
			case !ok:
				return nil, fail("no such key: %s", key)
			case wants && value == "":
				return nil, fail("%s: what?", key)
			case !wants && value != "":
				return nil, fail("nothing follows '%s:'", key)
			case alt.verb != "":
				return nil, fail("both %s: and %s:", alt.verb, key)
			}
			alt.verb, alt.pattern, alt.every = key, value, every
		}
	}
	if err := finish(); err != nil {
		return nil, fail("%v", err)
	}
	if p.message == "" {
		return nil, fmt.Errorf("no message")
	}
	return p, nil
}

// check finds what is wrong with a hook whatever tree it is for.
func (h *hook) check() error {
	if h.why == "" {
		return fmt.Errorf("hook %s says not what it protects (why:)", h.name)
	}
	for i, a := range h.alts {
		where := fmt.Sprintf("hook %s", h.name)
		if i > 0 {
			where += fmt.Sprintf(", place %d", i+1)
		}
		directive := strings.HasPrefix(a.pattern, "#")
		switch {
		case a.verb == "":
			return fmt.Errorf("%s: no place (before:, after:, ...)", where)
		case a.file == "":
			return fmt.Errorf("%s: it names no file", where)
		case a.in == "" && a.verb != "append" && a.verb != "needless" && a.verb != "before" && !directive:
			return fmt.Errorf("%s: it names no function", where)
		case a.verb == "needless":
			continue
		case len(a.put) == 0:
			return fmt.Errorf("%s: puts nothing there (put:)", where)
		case a.verb != "append" && len(a.put) != 1:
			return fmt.Errorf("%s: more than one line", where)
		case a.every && a.verb != "before" && a.verb != "after" && a.verb != "around" && a.verb != "replace":
			return fmt.Errorf("%s: 'every' does not go with '%s'", where, a.verb)
		}
		words := tokenize(a.put[0])
		last := ""
		if len(words) > 0 {
			last = words[len(words)-1]
		}
		switch a.verb {
		case "around":
			if len(words) < 2 || words[0] != "if" || last != ")" {
				return fmt.Errorf("%s: around: wants 'if (...)', which the statement follows", where)
			}
		case "before", "after", "first", "top":
			if !strings.HasPrefix(a.put[0], "#") && last != ";" && last != "}" {
				return fmt.Errorf("%s: the line is no whole statement", where)
			}
		}
	}
	return nil
}
