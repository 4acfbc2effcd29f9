// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// rescript has the same compiler and ninja for Windows and for Linux.
var rescript = npmPackage{"rescript", "11.1.4",
	"0bGU0bocihjSC6MsE3TMjHjY0EUpchyrREquLS8VsZ3ohSMD+VHUEwimEfB3kpBI1vYkw3UFZ3WD8R28guz/Vw=="}

// The generated project: each directory's modules use those of the one before, and
// every compiler searches all directories.
const (
	buildDirs    = 20
	buildModules = 30
	buildSteps   = buildDirs * buildModules
)

// buildLoad builds a generated project with ninja: many compiler processes, each of
// which lives for some milliseconds and looks for its modules in many directories.
type buildLoad struct{ tools string }

func newBuildLoad(ctx context.Context, s *session) (*buildLoad, error) {
	dir, err := s.fetchPackage(ctx, rescript, "linux/", "win32/", "lib/")
	return &buildLoad{tools: dir}, err
}

func (b *buildLoad) name() string { return "build" }

func (b *buildLoad) describe(w *report.Workload) {
	w.Item = "compiler processes"
	w.What = fmt.Sprintf("ninja.exe builds a project of %d modules in %d directories with the ReScript %s compiler, two processes at a time",
		buildSteps, buildDirs, rescript.version)
}

// project writes the sources and the build file anew.  compiler is the compiler's path as
// whoever runs it names it.
func (b *buildLoad) project(dir, compiler string) error {
	if _, err := emptyDir(dir); err != nil {
		return err
	}
	var ninja, include strings.Builder
	for d := range buildDirs {
		fmt.Fprintf(&include, " -I d%d", d)
	}
	fmt.Fprintf(&ninja, "rule cc\n  command = %s -color never -w -a%s -bs-package-name p -bs-package-output commonjs:$dir:.js $in\n", compiler, &include)
	for d := range buildDirs {
		sub := filepath.Join(dir, fmt.Sprint("d", d))
		if err := os.Mkdir(sub, 0o755); err != nil {
			return err
		}
		for m := range buildModules {
			used, needs := "x", ""
			if d > 0 {
				used, needs = fmt.Sprintf("M%d_%d.f(x)", d-1, m), fmt.Sprintf(" | d%d/M%d_%d.cmj", d-1, d-1, m)
			}
			source := fmt.Sprintf("let f = x => %s + %d\nlet name = Js.String2.concat(\"m\", Belt.Int.toString(f(%d)))\n", used, d, m)
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("M%d_%d.res", d, m)), []byte(source), 0o644); err != nil {
				return err
			}
			fmt.Fprintf(&ninja, "build d%[1]d/M%[1]d_%[2]d.cmj: cc d%[1]d/M%[1]d_%[2]d.res%[3]s\n  dir = d%[1]d\n", d, m, needs)
		}
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "rescript.json"), []byte("{\"name\": \"p\", \"sources\": []}\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "build.ninja"), []byte(ninja.String()), 0o644))
}

func (b *buildLoad) run(ctx context.Context, s *session, m *wine.Mode) (o outcome, err error) {
	dir := filepath.Join(s.out, b.name()+"-"+m.Name)
	if err := b.project(dir, wine.WinPath(filepath.Join(b.tools, "win32/bsc.exe"))); err != nil {
		return o, err
	}
	took, err := s.run(ctx, m, b.name(), filepath.Join(b.tools, "win32/ninja.exe"), "-C", wine.WinPath(dir), "-j2", "--quiet")
	if err != nil {
		return o, err
	}
	return b.outcome(dir, float64(took.Microseconds())/1000)
}

func (b *buildLoad) native(ctx context.Context, s *session) (o outcome, err error) {
	dir := filepath.Join(s.out, b.name()+"-native")
	if err := b.project(dir, filepath.Join(b.tools, "linux/bsc.exe")); err != nil {
		return o, err
	}
	wall, err := s.runNative(ctx, b.name(), filepath.Join(b.tools, "linux/ninja.exe"), "-C", dir, "-j2", "--quiet")
	if err != nil {
		return o, err
	}
	return b.outcome(dir, wall)
}

// outcome hashes the JavaScript that was made; what else is left names paths.
func (b *buildLoad) outcome(dir string, wall float64) (o outcome, err error) {
	made := dir + "-js"
	if _, err := emptyDir(made); err != nil {
		return o, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "d*", "*.js"))
	if err != nil {
		return o, err
	}
	if len(names) != buildSteps {
		return o, fmt.Errorf("%d of %d modules were built in %s", len(names), buildSteps, dir)
	}
	for _, name := range names {
		if err := os.Rename(name, filepath.Join(made, filepath.Base(name))); err != nil {
			return o, err
		}
	}
	o.WallMS, o.items = wall, buildSteps
	o.proof, err = hashTree(made)
	return o, err
}

func (b *buildLoad) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	return m.Counted(ctx, profile, func() error {
		_, err := b.run(ctx, s, m)
		return err
	})
}
