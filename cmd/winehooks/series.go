// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// Where files of wine-patches/src go in Wine's tree.
var modules = []struct{ src, dir string }{
	{"ntdll/", "dlls/ntdll/unix/"},
	{"server/", "server/"},
	{"kernelbase/", "dlls/kernelbase/"},
	{"kernel32/", "dlls/kernel32/"},
	{"mountmgr/", "dlls/mountmgr.sys/"},
	{"cmd/", "programs/cmd/"},
	{"compat.h", "include/wine/nspa_compat.h"},
}

func destination(src string) (string, error) {
	for _, m := range modules {
		if strings.HasPrefix(src, m.src) {
			return m.dir + strings.TrimPrefix(src, m.src), nil
		}
	}
	return "", fmt.Errorf("src/%s: no place in Wine is known for it", src)
}

// A plan is what the patches make of a tree.
type plan struct {
	tree    *tree
	patches []*patch
	results []*result
	edits   map[string][]edit // by file, in the order of the patches
	added   []addition
}

// An addition is a file of ours.
type addition struct {
	name, text string
	patch      int
}

// makePlan resolves all hooks. Hooks that have no place are in the results;
// an error means that there can be no plan at all.
func makePlan(dir, wine fs.FS) (*plan, error) {
	patches, err := readPatches(dir)
	if err != nil {
		return nil, err
	}
	pl := &plan{tree: newTree(wine), patches: patches, edits: map[string][]edit{}}
	for i, p := range patches {
		skip := false
		if p.skip != nil {
			_, reason, err := pl.tree.find(*p.skip)
			if err != nil {
				return nil, err
			}
			skip = reason == nil
		}
		for _, f := range p.files {
			if skip {
				break
			}
			if err := pl.add(dir, i, f); err != nil {
				return nil, err
			}
		}
		for _, h := range p.hooks {
			if skip {
				pl.results = append(pl.results, &result{name: h.name, why: h.why, place: *p.skip, number: 1, needless: true})
				continue
			}
			r, err := pl.tree.resolve(h)
			if err != nil {
				return nil, err
			}
			pl.results = append(pl.results, r)
			for _, e := range r.edits {
				e.patch = i
				pl.edits[e.file] = append(pl.edits[e.file], e)
			}
		}
	}
	for _, edits := range pl.edits {
		if err := disjoint(edits); err != nil {
			return nil, err
		}
	}
	return pl, nil
}

// add adds a file of ours, and its name to its module's SOURCES.
func (pl *plan) add(dir fs.FS, patch int, src string) error {
	name, err := destination(src)
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(dir, "src/"+src)
	if err != nil {
		return err
	}
	if old, err := pl.tree.source(name); err != nil || old != nil {
		return fmt.Errorf("%s is there already: has the tree been patched?", name)
	}
	pl.added = append(pl.added, addition{name, string(text), patch})
	// Headers of a module are found without being listed.
	if path.Ext(name) == ".h" && !strings.HasPrefix(name, "include/") {
		return nil
	}
	for d := path.Dir(name); d != "."; d = path.Dir(d) {
		makefile, err := pl.tree.source(d + "/Makefile.in")
		if err != nil {
			return err
		}
		if makefile != nil {
			return pl.addSource(patch, makefile, strings.TrimPrefix(name, d+"/"))
		}
	}
	return fmt.Errorf("%s: no Makefile.in above it", name)
}

// addSource puts a file into the list SOURCES, which is sorted.
func (pl *plan) addSource(patch int, m *source, file string) error {
	for i, line := range m.lines {
		if !strings.HasPrefix(line, "SOURCES") || !strings.HasSuffix(line, "\\") {
			continue
		}
		for n := i + 1; n < len(m.lines); n++ {
			entry := strings.TrimSpace(strings.TrimSuffix(m.lines[n], "\\"))
			last := !strings.HasSuffix(m.lines[n], "\\")
			e := edit{file: m.name, line: n, before: true, patch: patch, lines: []string{"\t" + file + " \\"}}
			if entry > file {
				pl.edits[m.name] = append(pl.edits[m.name], e)
				return nil
			}
			if last {
				return fmt.Errorf("%s: %s would be the last of SOURCES", m.name, file)
			}
		}
	}
	return fmt.Errorf("%s has no list SOURCES", m.name)
}

// disjoint tells whether two hooks want to replace the same text.
func disjoint(edits []edit) error {
	for i, a := range edits {
		for _, b := range edits[:i] {
			if a.lines == nil && b.lines == nil && a.line == b.line && a.off < b.end && b.off < a.end {
				return fmt.Errorf("%s:%d: two hooks replace the same text", a.file, a.line+1)
			}
		}
	}
	return nil
}

// problems are the lines that say which hooks have no place.
func (pl *plan) problems() []string {
	var out []string
	for _, r := range pl.results {
		if !r.placed() {
			word := "is missing"
			if r.ambiguous {
				word = "is ambiguous"
			}
			out = append(out, fmt.Sprintf("hook %s %s: %s; it protects: %s", r.name, word, r.reason, r.why))
		}
	}
	return out
}

// A change is a line of the original, and what stands there with the patches
// up to some number.
type change struct {
	before []string // lines put before it
	text   string   // itself
}

// render returns a file's lines with the patches below count.
func (pl *plan) render(file string, count int) ([]change, error) {
	s, err := pl.tree.source(file)
	if err != nil {
		return nil, err
	}
	lines := make([]change, len(s.lines)+1) // one more for what goes to the end
	for i, text := range s.lines {
		lines[i].text = text
	}
	var replaced []edit
	// What goes after a line comes before what goes before the next one.
	for _, before := range []bool{false, true} {
		for _, e := range pl.sorted(file) {
			switch {
			case e.patch >= count:
			case e.lines == nil && before:
				replaced = append(replaced, e)
			case e.lines != nil && e.before == before:
				lines[e.line].before = append(lines[e.line].before, e.lines...)
			}
		}
	}
	sort.SliceStable(replaced, func(i, j int) bool { return replaced[i].off > replaced[j].off })
	for _, e := range replaced {
		t := lines[e.line].text
		lines[e.line].text = t[:e.off] + e.text + t[e.end:]
	}
	return lines, nil
}

// sorted returns a file's edits as they have to be applied. Names in SOURCES
// are in order whatever patch they come with.
func (pl *plan) sorted(file string) []edit {
	edits := append([]edit(nil), pl.edits[file]...)
	if path.Base(file) == "Makefile.in" {
		sort.SliceStable(edits, func(i, j int) bool { return edits[i].lines[0] < edits[j].lines[0] })
	}
	return edits
}

// content returns a file as all patches make it.
func (pl *plan) content(file string) (string, error) {
	lines, err := pl.render(file, len(pl.patches))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for i, l := range lines {
		for _, b := range l.before {
			out.WriteString(b + "\n")
		}
		if i < len(lines)-1 {
			out.WriteString(l.text + "\n")
		}
	}
	return out.String(), nil
}

// files returns the names of the files that patch i changes, or with -1 any.
func (pl *plan) files(i int) []string {
	var names []string
	for name, edits := range pl.edits {
		for _, e := range edits {
			if i < 0 || e.patch == i {
				names = append(names, name)
				break
			}
		}
	}
	sort.Strings(names)
	return names
}

// empty tells whether nothing is left of patch i in this tree.
func (pl *plan) empty(i int) bool {
	for _, a := range pl.added {
		if a.patch == i {
			return false
		}
	}
	return len(pl.files(i)) == 0
}

// text returns patch i as git format-patch would write it.
func (pl *plan) text(i int) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "From: nspa authors <nspa@users.noreply.example>\nSubject: [PATCH] %s\n\n---\n", pl.patches[i].message)
	for _, a := range pl.added {
		if a.patch != i {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(a.text, "\n"), "\n")
		fmt.Fprintf(&out, "diff --git a/%s b/%s\nnew file mode 100644\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n",
			a.name, a.name, a.name, len(lines))
		for _, l := range lines {
			out.WriteString("+" + l + "\n")
		}
	}
	for _, name := range pl.files(i) {
		old, err := pl.render(name, i)
		if err != nil {
			return "", err
		}
		new, err := pl.render(name, i+1)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n", name, name, name, name)
		out.WriteString(hunks(diff(old, new)))
	}
	return out.String(), nil
}

// diff compares two states of a file line by line. Of the lines before a line
// of the original, the new state has the old ones and others among them.
func diff(old, new []change) []string {
	var out []string
	for i := range old {
		rest := old[i].before
		for _, l := range new[i].before {
			if len(rest) > 0 && l == rest[0] {
				out, rest = append(out, " "+l), rest[1:]
			} else {
				out = append(out, "+"+l)
			}
		}
		switch {
		case i == len(old)-1:
		case old[i].text == new[i].text:
			out = append(out, " "+old[i].text)
		default:
			out = append(out, "-"+old[i].text, "+"+new[i].text)
		}
	}
	return out
}

const context = 3

// hunks writes a diff with some lines of context, and the head of the function
// that each hunk is in.
func hunks(lines []string) string {
	var out strings.Builder
	oldLine, newLine, head := 1, 1, ""
	pass := func(l string) {
		if l[0] != '+' {
			oldLine++
			if len(l) > 1 && (isWord(l[1]) && (l[1] < '0' || l[1] > '9') || l[1] == '$') {
				head = " " + strings.TrimSpace(l[1:min(len(l), 81)])
			}
		}
		if l[0] != '-' {
			newLine++
		}
	}
	for i := 0; i < len(lines); {
		// The next change, and on to where more than two contexts are unchanged.
		next := i
		for next < len(lines) && lines[next][0] == ' ' {
			next++
		}
		if next == len(lines) {
			break
		}
		start := max(i, next-context)
		for ; i < start; i++ {
			pass(lines[i])
		}
		last := next
		for j := next; j < len(lines) && j-last <= 2*context; j++ {
			if lines[j][0] != ' ' {
				last = j
			}
		}
		end := min(len(lines), last+context+1)
		olds, news := 0, 0
		for _, l := range lines[start:end] {
			if l[0] != '+' {
				olds++
			}
			if l[0] != '-' {
				news++
			}
		}
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@%s\n", oldLine, olds, newLine, news, head)
		for ; i < end; i++ {
			out.WriteString(lines[i] + "\n")
			pass(lines[i])
		}
	}
	return out.String()
}
