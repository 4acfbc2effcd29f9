// SPDX-License-Identifier: LGPL-2.1-or-later

// Package report is the demo's result: its JSON form, its table and its plot.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/stats"
)

// Modes are the three ways every workload is run, in order.
var Modes = []string{"debian", "off", "on"}

// Report is the content of report.json.
type Report struct {
	Schema    int        `json:"schema"`
	Created   string     `json:"created"`
	Machine   Machine    `json:"machine"`
	Workloads []Workload `json:"workloads"`
}

// Machine says where the figures come from.
type Machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int    `json:"memory_mib"`
	Kernel    string `json:"kernel"`
	OS        string `json:"os"`
	Wine      string `json:"wine"`
	// Load is the average of the minute before the first run.
	Load float64 `json:"load_before"`
}

// String is the machine in one line.
func (m *Machine) String() string {
	var parts []string
	add := func(format string, v any, known bool) {
		if known {
			parts = append(parts, fmt.Sprintf(format, v))
		}
	}
	add("%s", m.CPU, m.CPU != "")
	add("%d cores", m.Cores, m.Cores > 0)
	add("%d MiB", m.MemoryMiB, m.MemoryMiB > 0)
	add("%s", m.OS, m.OS != "")
	add("Linux %s", m.Kernel, m.Kernel != "")
	add("%s", m.Wine, m.Wine != "")
	return strings.Join(parts, ", ")
}

// Busy warns of figures taken beside other work; nothing on an idle machine.
func (m *Machine) Busy() string {
	if m.Cores == 0 || m.Load <= float64(m.Cores)/2 {
		return ""
	}
	return fmt.Sprintf("The machine was busy (load %.1f on %d cores): trust request counts, not times.\n", m.Load, m.Cores)
}

// Workload is one program run in every mode.
type Workload struct {
	Name string `json:"name"`
	What string `json:"what"`
	// Items is what the percentiles and the requests count by: opens or files.
	Items    int             `json:"items,omitempty"`
	Item     string          `json:"item,omitempty"`
	Bytes    uint64          `json:"bytes,omitempty"`
	Checksum string          `json:"checksum"` // equal in all modes, or there is no report
	Runs     map[string]*Run `json:"runs"`
	// Native is the same work without Wine, where there is such a thing.
	Native *Run `json:"native,omitempty"`
}

// Run holds the medians over all runs of one mode, and each run's wall time.
type Run struct {
	WallMS     float64   `json:"wall_ms"`
	P50US      float64   `json:"p50_us,omitempty"`
	P99US      float64   `json:"p99_us,omitempty"`
	P999US     float64   `json:"p999_us,omitempty"`
	MaxUS      float64   `json:"max_us,omitempty"`
	WallMSRuns []float64 `json:"wall_ms_runs"`
	Phases     []Phase   `json:"phases,omitempty"`
	// Requests are wineserver requests of one separate, profiled run, by
	// type, with their sum as "total".
	Requests map[string]uint64 `json:"requests,omitempty"`
}

// Phase is a named part of a run; wall_ms is the sum over its items.
type Phase struct {
	Name   string  `json:"name"`
	Items  int     `json:"items"`
	WallMS float64 `json:"wall_ms"`
	P50US  float64 `json:"p50_us"`
	P99US  float64 `json:"p99_us"`
	P999US float64 `json:"p999_us"`
	MaxUS  float64 `json:"max_us"`
}

// Sample is the outcome of one run.
type Sample struct {
	WallMS, P50US, P99US, P999US, MaxUS float64
	Phases                              []Phase
}

// Merge makes the medians. There must be at least one sample, and all must
// have the same phases.
func Merge(samples []Sample) *Run {
	of := func(get func(*Sample) float64) float64 {
		v := make([]float64, len(samples))
		for i := range samples {
			v[i] = get(&samples[i])
		}
		return stats.Median(v)
	}
	r := &Run{
		WallMS: of(func(s *Sample) float64 { return s.WallMS }),
		P50US:  of(func(s *Sample) float64 { return s.P50US }),
		P99US:  of(func(s *Sample) float64 { return s.P99US }),
		P999US: of(func(s *Sample) float64 { return s.P999US }),
		MaxUS:  of(func(s *Sample) float64 { return s.MaxUS }),
	}
	for i := range samples {
		r.WallMSRuns = append(r.WallMSRuns, samples[i].WallMS)
	}
	for i, p := range samples[0].Phases {
		r.Phases = append(r.Phases, Phase{
			Name: p.Name, Items: p.Items,
			WallMS: of(func(s *Sample) float64 { return s.Phases[i].WallMS }),
			P50US:  of(func(s *Sample) float64 { return s.Phases[i].P50US }),
			P99US:  of(func(s *Sample) float64 { return s.Phases[i].P99US }),
			P999US: of(func(s *Sample) float64 { return s.Phases[i].P999US }),
			MaxUS:  of(func(s *Sample) float64 { return s.Phases[i].MaxUS }),
		})
	}
	return r
}

// Validate checks what a reader of report.json may rely on.
func (r *Report) Validate() error {
	if r.Schema != 1 {
		return fmt.Errorf("schema %d, want 1", r.Schema)
	}
	if len(r.Workloads) == 0 {
		return fmt.Errorf("no workloads")
	}
	for _, w := range r.Workloads {
		if w.Name == "" {
			return fmt.Errorf("a workload has no name")
		}
		for mode, run := range w.Runs {
			if run == nil || run.WallMS <= 0 {
				return fmt.Errorf("%s, %s: no wall time", w.Name, mode)
			}
			if run.P50US > run.P99US || run.P99US > run.P999US || run.P999US > run.MaxUS {
				return fmt.Errorf("%s, %s: percentiles out of order", w.Name, mode)
			}
			if total, ok := run.Requests["total"]; ok {
				var sum uint64
				for name, n := range run.Requests {
					if name != "total" {
						sum += n
					}
				}
				if sum != total {
					return fmt.Errorf("%s, %s: requests add up to %d, not %d", w.Name, mode, sum, total)
				}
			}
		}
	}
	return nil
}

// Save writes the report as JSON, and the plot and the tables beside it.
func (r *Report) Save(dir string) error {
	if err := r.Validate(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "report.svg"), r.SVG(), 0o644),
		os.WriteFile(filepath.Join(dir, "report.md"), []byte(r.Markdown()), 0o644))
}
