// SPDX-License-Identifier: LGPL-2.1-or-later

// Winehooks puts the project's lines into Wine's source files.
//
//	winehooks report WINE         say of each hook where it goes
//	winehooks apply WINE          change the tree WINE
//	winehooks series WINE DIR     write what apply would do as patches to DIR
//
// A hook says where it belongs in words of C: a file, a function, and the
// statement that it goes before, after, around, or what it goes in place of.
// White space, comments and neighbours do not matter. A hook that has no place,
// or more than one, fails all three, with one line that names it; then nothing
// is written. wine-patches/hooks/README.md has the form of hooks.
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("winehooks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("patches", "wine-patches", "folder with hooks/ and src/")
	tsv := flags.String("tsv", "", "write the report to this file too, as tab-separated values")
	if err := flags.Parse(args); err != nil {
		return err
	}
	args = flags.Args()
	if len(args) < 2 || len(args) != map[string]int{"report": 2, "apply": 2, "series": 3}[args[0]] {
		return fmt.Errorf("usage: winehooks [-patches DIR] [-tsv FILE] report WINE | apply WINE | series WINE DIR")
	}
	wine := args[1]
	if _, err := os.Stat(filepath.Join(wine, "server", "protocol.def")); err != nil {
		return fmt.Errorf("%s is no Wine source tree", wine)
	}
	pl, err := makePlan(os.DirFS(*dir), os.DirFS(wine))
	if err != nil {
		return err
	}
	if *tsv != "" {
		if err := os.WriteFile(*tsv, []byte(pl.tsv()), 0o666); err != nil {
			return err
		}
	}
	if args[0] == "report" {
		io.WriteString(stdout, pl.report())
	}
	if problems := pl.problems(); len(problems) > 0 {
		for _, p := range problems[1:] {
			fmt.Fprintf(stderr, "error: %s\n", p)
		}
		return fmt.Errorf("%s", problems[0])
	}
	switch args[0] {
	case "apply":
		return pl.apply(wine)
	case "series":
		return pl.writeSeries(args[2])
	}
	return nil
}

// status says in a word or some what became of a hook.
func (r *result) status() string {
	switch {
	case r.ambiguous:
		return "ambiguous"
	case !r.placed():
		return "missing"
	case r.needless:
		return "not needed"
	case r.number > 1:
		return fmt.Sprintf("placed by alternative %d", r.number)
	}
	return "placed"
}

func (r *result) where() string {
	if r.place.in == "" {
		return r.place.file
	}
	return r.place.file + " " + r.place.in
}

func (r *result) detail() string {
	if !r.placed() {
		return r.reason + "; protects: " + r.why
	}
	return r.place.remark
}

// report is a line per hook and a sum.
func (pl *plan) report() string {
	width, count := 0, map[string]int{}
	for _, r := range pl.results {
		width = max(width, len(r.name))
	}
	var out strings.Builder
	for _, r := range pl.results {
		lines := strings.Trim(fmt.Sprint(r.lines), "[]")
		text := fmt.Sprintf("%-*s  %-23s %s", width, r.name, r.status(), r.where())
		if lines != "" {
			text += ":" + strings.ReplaceAll(lines, " ", ",")
		}
		if d := r.detail(); d != "" {
			text += " (" + d + ")"
		}
		out.WriteString(text + "\n")
		count[r.status()]++
	}
	others := len(pl.results) - count["placed"] - count["not needed"] - count["missing"] - count["ambiguous"]
	fmt.Fprintf(&out, "%d hooks: %d placed, %d placed by an alternative, %d not needed, %d missing, %d ambiguous\n",
		len(pl.results), count["placed"], others, count["not needed"], count["missing"], count["ambiguous"])
	return out.String()
}

// tsv is the report for programs: name, status, alternative, file, function,
// lines, remark or reason.
func (pl *plan) tsv() string {
	var out strings.Builder
	for _, r := range pl.results {
		fmt.Fprintln(&out, strings.Join([]string{r.name, r.status(), fmt.Sprint(r.number), r.place.file, r.place.in,
			strings.Trim(fmt.Sprint(r.lines), "[]"), r.detail()}, "\t"))
	}
	return out.String()
}

// apply changes the tree.
func (pl *plan) apply(wine string) error {
	for _, a := range pl.added {
		name := filepath.Join(wine, a.name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(a.text), 0o666); err != nil {
			return err
		}
	}
	for _, name := range pl.files(-1) {
		text, err := pl.content(name)
		if err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(wine, name), text); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile writes a new file: the old one may have other links.
func replaceFile(name, text string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".nspa", []byte(text), info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(name+".nspa", name)
}

// writeSeries writes the patches, and series, which names them in order.
func (pl *plan) writeSeries(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	old, err := fs.Glob(os.DirFS(dir), "*.patch")
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	var series strings.Builder
	for i, p := range pl.patches {
		if pl.empty(i) {
			continue
		}
		text, err := pl.text(i)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, p.name+".patch"), []byte(text), 0o666); err != nil {
			return err
		}
		series.WriteString(p.name + ".patch\n")
	}
	return os.WriteFile(filepath.Join(dir, "series"), []byte(series.String()), 0o666)
}
