// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// outcome is one run's times, and what it did: two runs of a workload are the
// same work if and only if their proofs are equal.
type outcome struct {
	report.Sample
	items int
	bytes uint64
	proof string
	// detail is more that must be equal, but which only runs under Wine have.
	detail string
}

// unlike says how o differs from the first run, or nothing.
func (o *outcome) unlike(first *outcome) string {
	if o.proof == first.proof && (o.detail == first.detail || o.detail == "" || first.detail == "") {
		return ""
	}
	return fmt.Sprintf("%s %s, the first run: %s %s", o.proof, o.detail, first.proof, first.detail)
}

// workload is one program the demo measures.
type workload interface {
	name() string
	// describe fills What and Item, once the first run is done.
	describe(w *report.Workload)
	run(ctx context.Context, s *session, m *wine.Mode) (outcome, error)
	// requests runs once more on a profiling server and counts.
	requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error)
}

// limited is a workload that also runs without Wine. native may answer
// errors.ErrUnsupported.
type limited interface {
	native(ctx context.Context, s *session) (outcome, error)
}

func runDemo(ctx context.Context, args []string, out io.Writer) error {
	s := &session{}
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	s.flags(fs, "demo")
	only := fs.String("only", "", "run one workload by `name`")
	tracePath := fs.String("trace", "", "replay this trace `file` instead of the generated one")
	dataDir := fs.String("data", "", "`directory` of the trace's files (default: made from its table, in the cache)")
	threads := fs.String("threads", "main", "replay on the `main` thread, on a number of other threads, or as the trace says (trace)")
	requests := fs.Bool("requests", true, "count server requests in extra, profiled runs")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	if err := s.resolve(out, "demo"); err != nil {
		return err
	}
	replay, err := newReplay(s, *tracePath, *dataDir, *threads)
	if err != nil {
		return err
	}
	loads := []workload{replay, &programStart{exe: filepath.Join(s.bin, "user32start.exe")}, &fontList{exe: filepath.Join(s.bin, "fontlist.exe")}}
	if *only == "" || strings.HasPrefix(*only, "node-") {
		tree, err := newNodeTree(ctx, s)
		if err != nil {
			return err
		}
		loads = append(append(loads, tree, newNodeDirs(tree)), newTools(tree)...)
	}
	if *only == "" || *only == "build" {
		build, err := newBuildLoad(ctx, s)
		if err != nil {
			return err
		}
		loads = append(loads, build)
	}
	if *only != "" {
		loads = slices.DeleteFunc(loads, func(w workload) bool { return w.name() != *only })
		if len(loads) == 0 {
			return fmt.Errorf("there is no workload %q", *only)
		}
	}
	if err := s.openModes(ctx, map[string]string{replayDrive: replay.data}); err != nil {
		return err
	}
	defer s.stopServers()
	r := &report.Report{Schema: 1, Created: s.start.UTC().Format(time.RFC3339), Machine: machine(ctx, s.wineDebian)}
	if err := s.measure(ctx, loads, r); err != nil {
		return err
	}
	var counting error
	if *requests {
		counting = s.count(ctx, loads, r)
	}
	// Times that were measured are worth keeping whatever came after.
	if err := r.Save(s.out); err != nil {
		return errors.Join(counting, err)
	}
	fmt.Fprintf(out, "\n%s\nEvery mode did the same work (equal checksums). Report: %s and report.svg\n", r.Text(), filepath.Join(s.out, "report.json"))
	if counting != nil {
		return fmt.Errorf("requests were not counted: %w", counting)
	}
	return nil
}

func (s *session) measure(ctx context.Context, loads []workload, r *report.Report) error {
	if err := s.startServers(ctx); err != nil {
		return err
	}
	defer s.stopServers()
	return s.rounds(ctx, loads, r)
}

// rounds runs all workloads in all modes, one after the other in each round,
// so that whatever disturbs the machine disturbs all of them.
func (s *session) rounds(ctx context.Context, loads []workload, r *report.Report) error {
	type key struct{ load, mode string }
	samples := map[key][]report.Sample{}
	first := map[string]outcome{}
	// take checks an outcome against the workload's first one, and keeps it
	// unless it was the warm-up.
	take := func(w workload, mode string, round int, o outcome, err error) error {
		if err != nil {
			return err
		}
		if f, ok := first[w.name()]; !ok {
			first[w.name()] = o
		} else if diff := o.unlike(&f); diff != "" {
			return fmt.Errorf("%s: mode %s did not do the same work: %s", w.name(), mode, diff)
		}
		if round > 0 {
			k := key{w.name(), mode}
			samples[k] = append(samples[k], o.Sample)
		}
		s.say("%-10s %-16s %-6s %8s ms", map[bool]string{true: "warm-up", false: fmt.Sprintf("run %d/%d", round, s.runs)}[round == 0], w.name(), mode, report.Number(o.WallMS))
		return nil
	}
	for round := range s.runs + 1 {
		for _, w := range loads {
			for _, m := range s.modes {
				o, err := w.run(ctx, s, m)
				if err := take(w, m.Name, round, o, err); err != nil {
					return err
				}
			}
			if l, ok := w.(limited); ok {
				o, err := l.native(ctx, s)
				if errors.Is(err, errors.ErrUnsupported) {
					continue
				}
				if err := take(w, nativeMode, round, o, err); err != nil {
					return err
				}
			}
		}
	}
	for _, w := range loads {
		o := first[w.name()]
		out := report.Workload{Name: w.name(), Items: o.items, Bytes: o.bytes, Checksum: o.proof, Runs: map[string]*report.Run{}}
		w.describe(&out)
		for _, m := range s.modes {
			out.Runs[m.Name] = report.Merge(samples[key{w.name(), m.Name}])
		}
		if native := samples[key{w.name(), nativeMode}]; native != nil {
			out.Native = report.Merge(native)
		}
		r.Workloads = append(r.Workloads, out)
	}
	return nil
}

// count repeats every workload once on profiling servers. Only patched ones
// can count.
func (s *session) count(ctx context.Context, loads []workload, r *report.Report) error {
	for _, m := range s.modes {
		if m.Name == "debian" {
			continue
		}
		profile := s.work("profile-" + m.Name + ".json")
		if err := m.Start(ctx, wine.ProfileEnv(profile)...); err != nil {
			return err
		}
		for i, w := range loads {
			n, err := w.requests(ctx, s, m, profile)
			if err != nil {
				return err
			}
			r.Workloads[i].Runs[m.Name].Requests = n
			s.say("%-10s %-16s %-6s %8s", "requests", w.name(), m.Name, report.Count(n["total"]))
		}
		m.Stop()
	}
	return nil
}
