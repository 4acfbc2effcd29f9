// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"path/filepath"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/stats"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// One start takes too short to compare single ones.
const startsPerRun = 5

// programStart starts a program that loads user32, which brings in half of
// Wine's modules and the fonts.
type programStart struct{ exe string }

func (p *programStart) name() string { return "user32-start" }

func (p *programStart) describe(w *report.Workload) {
	w.What = "a program that loads user32 and asks for a device context, from process start to exit"
}

func (p *programStart) run(ctx context.Context, s *session, m *wine.Mode) (o outcome, err error) {
	var wall []float64
	for range startsPerRun {
		took, err := s.run(ctx, m, p.name(), p.exe)
		if err != nil {
			return o, err
		}
		wall = append(wall, float64(took.Microseconds())/1000)
	}
	o.WallMS = stats.Median(wall)
	// Not timed: what the program has after its start.
	dir, err := emptyDir(filepath.Join(s.out, p.name()+"-"+m.Name))
	if err != nil {
		return o, err
	}
	if _, err := s.run(ctx, m, p.name()+"-fonts", p.exe, wine.WinPath(filepath.Join(dir, "fonts.txt"))); err != nil {
		return o, err
	}
	o.proof, err = hashTree(dir)
	return o, err
}

func (p *programStart) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	return s.countStart(ctx, m, profile, p.name(), p.exe)
}

// countStart counts starts, each from before the process exists to after its
// end. The desktop's explorer.exe comes and goes with programs that have
// windows, and its start falls into some of theirs: the start with the fewest
// requests is without it.
func (s *session) countStart(ctx context.Context, m *wine.Mode, profile, label, exe string) (least map[string]uint64, err error) {
	for range startsPerRun {
		n, err := m.Counted(ctx, profile, func() error {
			_, err := s.run(ctx, m, label, exe)
			return err
		})
		if err != nil {
			return nil, err
		}
		if least == nil || n["total"] < least["total"] {
			least = n
		}
	}
	return least, nil
}
