// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/stats"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/trace"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

const (
	replayDrive = "r:" // the trace's files in every prefix
	startupSeed = 20260423
)

// replay is the start-up replay: replay.exe over a trace.
type replay struct {
	exe, trace, data string
	threads          string // as replay.exe takes it
	parsed           *trace.Trace
	opens            int
	strict           bool // the generated trace must replay without an error
}

// replayResult is what replay.exe writes.
type replayResult struct {
	Opens    int     `json:"opens"`
	Bytes    uint64  `json:"bytes"`
	Checksum string  `json:"checksum"`
	WallMS   float64 `json:"wall_ms"`
	P50US    float64 `json:"p50_us"`
	P99US    float64 `json:"p99_us"`
	P999US   float64 `json:"p999_us"`
	MaxUS    float64 `json:"max_us"`
	Errors   struct {
		Total     int            `json:"total"`
		FirstLine int            `json:"first_line"`
		ByCode    map[string]int `json:"by_code"`
	} `json:"errors"`
	Phases []struct {
		Name   string  `json:"name"`
		N      int     `json:"n"`
		SumMS  float64 `json:"sum_ms"`
		P50US  float64 `json:"p50_us"`
		P99US  float64 `json:"p99_us"`
		P999US float64 `json:"p999_us"`
		MaxUS  float64 `json:"max_us"`
	} `json:"phases"`
}

// newReplay checks the trace (or generates the start-up one) and makes its
// files unless a directory with them is given.
func newReplay(s *session, path, data, threads string) (*replay, error) {
	r := &replay{exe: filepath.Join(s.bin, "replay.exe"), threads: threads, strict: path == ""}
	if _, err := os.Stat(r.exe); err != nil {
		return nil, fmt.Errorf("the workload programs are not built: %w", err)
	}
	var t *trace.Trace
	if path == "" {
		t = trace.Startup(startupSeed)
		path = filepath.Join(s.out, "startup.trace")
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(t.Write(f), f.Close()); err != nil {
			return nil, err
		}
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		t, err = trace.Parse(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var err error
	if r.trace, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	r.opens, r.parsed = t.Count(), t
	if data == "" {
		data = s.work("files-" + t.TableHash())
		s.say("files of the trace: %s in %s", report.Count(uint64(len(t.Files))), data)
		if err := t.MakeFiles(data); err != nil {
			return nil, err
		}
	}
	r.data, err = filepath.Abs(data)
	return r, err
}

func (r *replay) name() string { return "startup-replay" }

func (r *replay) describe(w *report.Workload) {
	w.Item = "opens"
	what := " opens of an application start, each open-read-close, on "
	if !r.strict {
		what = " opens of " + filepath.Base(r.trace) + ", each open-read-close, on "
	}
	where := map[string]string{"main": "the main thread", "trace": "the threads of the trace", "1": "one thread beside the main thread"}[r.threads]
	w.What = report.Count(uint64(w.Items)) + what + cmp.Or(where, r.threads+" threads")
}

func (r *replay) argv(s *session, m *wine.Mode) (out string, argv []string, err error) {
	out, err = fresh(filepath.Join(s.out, "startup-replay-"+m.Name+".json"))
	return out, []string{r.exe, "--trace", wine.WinPath(r.trace), "--data", replayDrive + `\`, "--out", wine.WinPath(out), "--threads", r.threads}, err
}

func (r *replay) run(ctx context.Context, s *session, m *wine.Mode) (outcome, error) {
	out, argv, err := r.argv(s, m)
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.run(ctx, m, r.name(), argv...); err != nil {
		return outcome{}, err
	}
	return r.read(out, m.Name)
}

func (r *replay) read(out, mode string) (o outcome, err error) {
	var res replayResult
	if err := readJSON(out, &res); err != nil {
		return o, err
	}
	if res.Opens != r.opens {
		return o, fmt.Errorf("replay in mode %s made %d of %d opens", mode, res.Opens, r.opens)
	}
	if r.strict && res.Errors.Total > 0 {
		return o, fmt.Errorf("replay in mode %s: %d opens failed (by Windows error: %v), the first one on line %d of %s",
			mode, res.Errors.Total, res.Errors.ByCode, res.Errors.FirstLine, r.trace)
	}
	o = outcome{items: res.Opens, bytes: res.Bytes,
		proof: proof(res.Checksum, res.Bytes, res.Errors.Total), detail: fmt.Sprint(res.Errors.ByCode)}
	o.Sample = report.Sample{WallMS: res.WallMS, P50US: res.P50US, P99US: res.P99US, P999US: res.P999US, MaxUS: res.MaxUS}
	for _, p := range res.Phases {
		o.Phases = append(o.Phases, report.Phase{Name: p.Name, Items: p.N, WallMS: p.SumMS, P50US: p.P50US, P99US: p.P99US, P999US: p.P999US, MaxUS: p.MaxUS})
	}
	return o, nil
}

// proof says what a replay did. Errors are only counted here: Linux has other
// codes for them.
func proof(checksum string, bytes uint64, errors int) string {
	return fmt.Sprintf("%s over %d bytes, %d errors", checksum, bytes, errors)
}

// native makes the same opens with system calls, in this process. That is the
// same work only on one thread, and only if no open depends on Windows' rules.
func (r *replay) native(context.Context, *session) (o outcome, err error) {
	if r.threads != "main" || !r.strict {
		return o, errors.ErrUnsupported
	}
	res, err := r.parsed.Replay(r.data)
	if err != nil {
		return o, err
	}
	o = outcome{items: r.opens, bytes: res.Bytes, proof: proof(res.Checksum, res.Bytes, res.Errors)}
	o.Sample = report.Sample{WallMS: float64(res.Wall.Nanoseconds()) / 1e6}
	all := slices.Concat(res.Times...)
	o.P50US, o.P99US, o.P999US, o.MaxUS = ranks(all)
	for i, times := range res.Times {
		if len(times) == 0 {
			continue
		}
		p := report.Phase{Name: cmp.Or(r.parsed.Phases[i].Name, "(start)"), Items: len(times)}
		for _, v := range times {
			p.WallMS += v / 1000
		}
		p.P50US, p.P99US, p.P999US, p.MaxUS = ranks(times)
		o.Phases = append(o.Phases, p)
	}
	return o, nil
}

func ranks(v []float64) (p50, p99, p999, top float64) {
	return stats.Percentile(v, 500), stats.Percentile(v, 990), stats.Percentile(v, 999), stats.Percentile(v, 1000)
}

func (r *replay) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	gate, err := wine.NewMapGate(s.work("gate-" + m.Name))
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	_, argv, err := r.argv(s, m)
	if err != nil {
		return nil, err
	}
	return s.gated(ctx, m, gate, profile, r.name(), append(argv, "--gate", wine.WinPath(gate.Path))...)
}
