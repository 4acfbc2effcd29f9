// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/stats"
)

// benchReport is the content of build/bench/report.json.
type benchReport struct {
	Schema     int                `json:"schema"`
	Created    string             `json:"created"`
	Machine    report.Machine     `json:"machine"`
	Latency    []*latencyBench    `json:"latency"`
	Throughput []*throughputBench `json:"throughput"`
	Tails      []*tailBench       `json:"tails"`
	Starts     []*startBench      `json:"process_start"`
}

type latencyBench struct {
	Name string                  `json:"name"`
	Runs map[string]*latencyRuns `json:"runs"`
}

// latencyRuns collects all runs of one test in one mode.
type latencyRuns struct {
	P50US  float64 `json:"p50_us"`  // medians over the runs
	P99US  float64 `json:"p99_us"`  //
	P999US float64 `json:"p999_us"` //
	MaxUS  float64 `json:"max_us"`  // over all runs
	// Calls above five times the run's median, per second of such calls:
	// interference from outside comes by time, not by call.
	Above5PerS float64         `json:"above_5x_median_per_s"`
	N          uint64          `json:"n"`
	Hist       []uint64        `json:"hist_us_pow2"` // [k]: calls below 2^k us and not in [k-1]
	Samples    []latencySample `json:"samples"`
}

type throughputBench struct {
	Threads int                  `json:"threads"`
	PerS    map[string]float64   `json:"per_s"` // medians
	Runs    map[string][]float64 `json:"runs"`
}

type startBench struct {
	Program string                 `json:"program"`
	What    string                 `json:"what"`
	Runs    map[string]*report.Run `json:"runs"`
}

// add takes one run of the benchmark in.
func (r *benchReport) add(mode string, res *benchResult) error {
	if len(res.Latency) == 0 || len(res.Throughput) == 0 {
		return errNoTests
	}
	for _, l := range res.Latency {
		i := slices.IndexFunc(r.Latency, func(b *latencyBench) bool { return b.Name == l.Name })
		if i < 0 {
			i = len(r.Latency)
			r.Latency = append(r.Latency, &latencyBench{l.Name, map[string]*latencyRuns{}})
		}
		runs := r.Latency[i].Runs[mode]
		if runs == nil {
			runs = &latencyRuns{}
			r.Latency[i].Runs[mode] = runs
		}
		runs.Samples = append(runs.Samples, l.latencySample)
		runs.merge()
	}
	for _, t := range res.Throughput {
		i := slices.IndexFunc(r.Throughput, func(b *throughputBench) bool { return b.Threads == t.Threads })
		if i < 0 {
			i = len(r.Throughput)
			r.Throughput = append(r.Throughput, &throughputBench{t.Threads, map[string]float64{}, map[string][]float64{}})
		}
		b := r.Throughput[i]
		b.Runs[mode] = append(b.Runs[mode], t.PerS)
		b.PerS[mode] = stats.Median(b.Runs[mode])
	}
	return nil
}

func (l *latencyRuns) merge() {
	of := func(get func(latencySample) float64) float64 {
		var v []float64
		for _, s := range l.Samples {
			v = append(v, get(s))
		}
		return stats.Median(v)
	}
	l.P50US = of(func(s latencySample) float64 { return s.P50US })
	l.P99US = of(func(s latencySample) float64 { return s.P99US })
	l.P999US = of(func(s latencySample) float64 { return s.P999US })
	l.MaxUS, l.N, l.Hist, l.Above5PerS = 0, 0, nil, 0
	var above uint64
	var seconds float64
	for _, s := range l.Samples {
		l.MaxUS = max(l.MaxUS, s.MaxUS)
		l.N += s.N
		above += s.Above5
		seconds += s.SumMS / 1000
		if len(l.Hist) < len(s.Hist) {
			l.Hist = append(l.Hist, make([]uint64, len(s.Hist)-len(l.Hist))...)
		}
		for k, n := range s.Hist {
			l.Hist[k] += n
		}
	}
	if seconds > 0 {
		l.Above5PerS = float64(above) / seconds
	}
}

var benchModes = append([]string{nativeMode}, report.Modes...)

func (r *benchReport) text() string {
	out := []string{r.Machine.String() + "\n" + r.Machine.Busy()}
	if len(r.Latency) > 0 {
		out = append(out, r.medians().String())
		for _, l := range r.Latency {
			if l.tailed() {
				out = append(out, l.tail().String())
			}
		}
		out = append(out, r.interference().String(), r.throughput().String())
	}
	if len(r.Tails) > 0 {
		out = append(out, r.tails().String())
	}
	if len(r.Starts) > 0 {
		out = append(out, r.starts().String())
	}
	return strings.Join(out, "\n")
}

func (r *benchReport) medians() *report.Table {
	t := &report.Table{Head: []string{"median of one call sequence, us", "native", "debian", "off", "on", "off/debian", "gain off/on", "on/native"}}
	for _, l := range r.Latency {
		row := []string{l.Name}
		for _, m := range benchModes {
			row = append(row, l.p50(m))
		}
		t.Add(append(row, l.ratio("off", "debian"), l.ratio("off", "on"), l.ratio("on", nativeMode))...)
	}
	return t
}

func (l *latencyBench) p50(mode string) string {
	if r := l.Runs[mode]; r != nil {
		return report.Number(r.P50US)
	}
	return "-"
}

func (l *latencyBench) ratio(a, b string) string {
	x, y := l.Runs[a], l.Runs[b]
	if x == nil || y == nil || y.P50US <= 0 {
		return "-"
	}
	return report.Number(x.P50US/y.P50US) + "x"
}

// tail is the histogram: the share of calls in each power of two.
func (l *latencyBench) tail() *report.Table {
	t := &report.Table{Head: append([]string{l.Name + ", % of calls"}, benchModes...)}
	first, last := -1, 0
	for _, r := range l.Runs {
		for k, n := range r.Hist {
			if n == 0 {
				continue
			}
			if first < 0 || k < first {
				first = k
			}
			last = max(last, k)
		}
	}
	for k := max(first, 0); k <= last; k++ {
		row := []string{fmt.Sprintf("below %s us", report.Count(1<<k))}
		for _, m := range benchModes {
			cell := "-"
			if r := l.Runs[m]; r != nil && r.N > 0 && k < len(r.Hist) {
				cell = "0"
				if r.Hist[k] > 0 {
					cell = fmt.Sprintf("%.4f", 100*float64(r.Hist[k])/float64(r.N))
				}
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}

// tailed says which tests' tails are printed; the report file has all.
func (l *latencyBench) tailed() bool { return strings.HasPrefix(l.Name, "open-read-close") }

// interference compares calls far above the median with a plain program's: a
// library that stalled calls by itself would show here.
func (r *benchReport) interference() *report.Table {
	t := &report.Table{Head: []string{"tail", "mode", "p50 us", "p99 us", "p99.9 us", "max us", "calls above 5x median, per second"}}
	for _, l := range r.Latency {
		for _, m := range benchModes {
			if x := l.Runs[m]; x != nil && l.tailed() {
				t.Add(l.Name, m, report.Number(x.P50US), report.Number(x.P99US), report.Number(x.P999US), report.Number(x.MaxUS), report.Number(x.Above5PerS))
			}
		}
	}
	return t
}

func (r *benchReport) throughput() *report.Table {
	t := &report.Table{Head: append([]string{"open-read-close per second"}, append(slices.Clone(benchModes), "gain on/off")...)}
	for _, b := range r.Throughput {
		row := []string{fmt.Sprintf("%d threads", b.Threads)}
		for _, m := range benchModes {
			cell := "-"
			if v, ok := b.PerS[m]; ok {
				cell = report.Number(v)
			}
			row = append(row, cell)
		}
		gain := "-"
		if off, on := b.PerS["off"], b.PerS["on"]; off > 0 && on > 0 {
			gain = report.Number(on/off) + "x"
		}
		t.Add(append(row, gain)...)
	}
	return t
}

func (r *benchReport) starts() *report.Table {
	t := &report.Table{Head: []string{"process start to exit", "mode", "ms (median)", "requests", "create_file", "create_mapping", "get_mapping_info", "map_view", "get_handle_fd", "close_handle"}}
	for _, b := range r.Starts {
		for _, m := range report.Modes {
			run := b.Runs[m]
			if run == nil {
				continue
			}
			row := []string{b.Program, m, report.Number(run.WallMS)}
			if q := run.Requests; q != nil {
				row = append(row, report.Count(q["total"]))
				for _, name := range t.Head[len(row):] {
					row = append(row, report.Count(q[name]))
				}
			}
			t.Add(row...)
		}
	}
	return t
}
