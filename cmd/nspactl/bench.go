// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

const (
	benchFiles    = 16
	benchFileSize = 8192
	nativeMode    = "native"
)

func runBench(ctx context.Context, args []string, out io.Writer) error {
	s := &session{}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	s.flags(fs, "bench")
	count := fs.Int("count", 20000, "samples of each latency test in each run")
	ms := fs.Int("ms", 500, "length of each throughput test, in milliseconds")
	starts := fs.Int("starts", 15, "process starts of each program and mode")
	requests := fs.Bool("requests", true, "count server requests of process starts")
	seconds := fs.Int("seconds", 60, "length of each test of the tail, in each mode")
	only := fs.String("only", "", "measure only `calls`, `tails` or `starts`")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	parts := []string{"calls", "tails", "starts"}
	if *only != "" {
		if !slices.Contains(parts, *only) {
			return fmt.Errorf("--only calls, tails or starts, not %q", *only)
		}
		parts = []string{*only}
	}
	if err := s.resolve(out, "bench"); err != nil {
		return err
	}
	dir, err := s.benchFiles()
	if err != nil {
		return err
	}
	if err := s.openModes(ctx, nil); err != nil {
		return err
	}
	defer s.stopServers()
	if err := s.startServers(ctx); err != nil {
		return err
	}
	r := &benchReport{Schema: 1, Created: s.start.UTC().Format(time.RFC3339), Machine: machine(ctx, s.wineDebian)}
	if slices.Contains(parts, "calls") {
		if err := s.benchCalls(ctx, r, dir, strconv.Itoa(*count), strconv.Itoa(*ms)); err != nil {
			return err
		}
	}
	if slices.Contains(parts, "tails") {
		if err := s.benchTails(ctx, r, filepath.Join(dir, "bench-0"), *seconds); err != nil {
			return err
		}
	}
	if slices.Contains(parts, "starts") {
		if err := s.benchStarts(ctx, r, *starts); err != nil {
			return err
		}
	}
	s.stopServers()
	var counting error
	if *requests && slices.Contains(parts, "starts") {
		counting = s.countStarts(ctx, r)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.out, "report.json")
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\nReport: %s\n", r.text(), path)
	if counting != nil {
		return fmt.Errorf("requests were not counted: %w", counting)
	}
	return nil
}

// benchFiles makes the files the benchmark opens.
func (s *session) benchFiles() (string, error) {
	dir := s.work("bench-files")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	data := make([]byte, benchFileSize)
	for i := range benchFiles {
		for k := range data {
			data[k] = byte(k*7 + i)
		}
		if err := os.WriteFile(filepath.Join(dir, "bench-"+strconv.Itoa(i)), data, 0o644); err != nil {
			return "", err
		}
	}
	return dir, os.WriteFile(filepath.Join(dir, "bench.dll"), data, 0o644)
}

// benchCalls runs bench.exe in every mode and bench_native, interleaved.
func (s *session) benchCalls(ctx context.Context, r *benchReport, dir, count, ms string) error {
	native := filepath.Join(s.bin, "bench_native")
	exe := filepath.Join(s.bin, "bench.exe")
	one := func(mode string, run func(out string) error) error {
		out, err := fresh(filepath.Join(s.out, "bench-"+mode+".json"))
		if err != nil {
			return err
		}
		if err := run(out); err != nil {
			return err
		}
		var res benchResult
		if err := readJSON(out, &res); err != nil {
			return err
		}
		return r.add(mode, &res)
	}
	for round := range s.runs {
		err := one(nativeMode, func(out string) error {
			_, err := s.runNative(ctx, "bench", native, "--dir", dir, "--out", out, "--count", count, "--ms", ms)
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range s.modes {
			err := one(m.Name, func(out string) error {
				_, err := s.run(ctx, m, "bench", exe, "--dir", wine.WinPath(dir), "--out", wine.WinPath(out), "--count", count, "--ms", ms)
				return err
			})
			if err != nil {
				return err
			}
		}
		s.say("calls: run %d/%d done", round+1, s.runs)
	}
	return nil
}

// startPrograms are the programs whose start is measured.
var startPrograms = []struct{ exe, what string }{
	{"nop.exe", "console program that returns at once"},
	{"user32start.exe", "program that loads user32 and asks for a device context"},
}

func (s *session) benchStarts(ctx context.Context, r *benchReport, starts int) error {
	for _, p := range startPrograms {
		b := &startBench{Program: p.exe, What: p.what, Runs: map[string]*report.Run{}}
		samples := map[string][]report.Sample{}
		for round := range starts + 1 {
			for _, m := range s.modes {
				took, err := s.run(ctx, m, p.exe, filepath.Join(s.bin, p.exe))
				if err != nil {
					return err
				}
				if round > 0 { // the first one warms up
					samples[m.Name] = append(samples[m.Name], report.Sample{WallMS: float64(took.Microseconds()) / 1000})
				}
			}
		}
		for mode, v := range samples {
			b.Runs[mode] = report.Merge(v)
		}
		r.Starts = append(r.Starts, b)
		s.say("starts of %s: %d in each mode", p.exe, starts)
	}
	return nil
}

// countStarts counts the requests of one start of each program.
func (s *session) countStarts(ctx context.Context, r *benchReport) error {
	for _, m := range s.modes {
		if m.Name == "debian" {
			continue
		}
		profile := s.work("profile-" + m.Name + ".json")
		if err := m.Start(ctx, wine.ProfileEnv(profile)...); err != nil {
			return err
		}
		for _, b := range r.Starts {
			n, err := s.countStart(ctx, m, profile, b.Program, filepath.Join(s.bin, b.Program))
			if err != nil {
				return err
			}
			b.Runs[m.Name].Requests = n
		}
		m.Stop()
	}
	return nil
}

// benchResult is what bench.exe and bench_native write.
type benchResult struct {
	Latency []struct {
		Name string `json:"name"`
		latencySample
	} `json:"latency"`
	Throughput []struct {
		Threads int     `json:"threads"`
		PerS    float64 `json:"per_s"`
	} `json:"throughput"`
}

type latencySample struct {
	N      uint64   `json:"n"`
	SumMS  float64  `json:"sum_ms"`
	P50US  float64  `json:"p50_us"`
	P99US  float64  `json:"p99_us"`
	P999US float64  `json:"p999_us"`
	MaxUS  float64  `json:"max_us"`
	Above5 uint64   `json:"above_5x_median"`
	Hist   []uint64 `json:"hist_us_pow2"`
}

var errNoTests = errors.New("the benchmark left out tests")
