// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// fontList is DirectWrite's list of the system's fonts.
type fontList struct {
	exe             string
	families, faces int
}

func (f *fontList) name() string { return "font-list" }

func (f *fontList) describe(w *report.Workload) {
	w.What = fmt.Sprintf("DirectWrite opens and maps the files of all fonts (%s and Wine's own): %d families, %d faces", fontPackage, f.families, f.faces)
}

func (f *fontList) argv(s *session, m *wine.Mode) (out string, argv []string, err error) {
	out, err = fresh(filepath.Join(s.out, "font-list-"+m.Name+".json"))
	return out, []string{f.exe, "--out", wine.WinPath(out)}, err
}

func (f *fontList) run(ctx context.Context, s *session, m *wine.Mode) (o outcome, err error) {
	out, argv, err := f.argv(s, m)
	if err != nil {
		return o, err
	}
	if _, err := s.run(ctx, m, f.name(), argv...); err != nil {
		return o, err
	}
	var res struct {
		Families, Faces int
		Checksum        string
		WallMS          float64 `json:"wall_ms"`
	}
	if err := readJSON(out, &res); err != nil {
		return o, err
	}
	f.families, f.faces = res.Families, res.Faces
	o.WallMS = res.WallMS
	o.proof = fmt.Sprintf("%s over %d families and %d faces", res.Checksum, res.Families, res.Faces)
	return o, nil
}

// requests counts those of the list alone: the program is running and has its
// modules loaded.
func (f *fontList) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	gate, err := wine.NewMapGate(s.work("gate-" + m.Name))
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	_, argv, err := f.argv(s, m)
	if err != nil {
		return nil, err
	}
	return s.gated(ctx, m, gate, profile, f.name(), append(argv, "--gate", wine.WinPath(gate.Path))...)
}
