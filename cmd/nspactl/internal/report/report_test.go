// SPDX-License-Identifier: LGPL-2.1-or-later

package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sample() *Report {
	run := func(wall float64, req map[string]uint64) *Run {
		return &Run{WallMS: wall, P50US: 1, P99US: 2, P999US: 3, MaxUS: 4, WallMSRuns: []float64{wall, wall * 1.1}, Requests: req}
	}
	return &Report{Schema: 1, Machine: Machine{CPU: `A & B <"x">`, Cores: 2}, Workloads: []Workload{
		{Name: "startup-replay", What: "opens", Items: 100, Item: "opens", Runs: map[string]*Run{
			"debian": run(1010, nil),
			"off":    run(1000, map[string]uint64{"total": 400, "create_file": 100, "get_handle_fd": 100, "close_handle": 100, "select": 100}),
			"on":     run(80, map[string]uint64{"total": 2, "select": 2})}},
		{Name: "node-tree", What: "files", Runs: map[string]*Run{"on": run(160, nil)}, Native: run(65, nil)},
	}}
}

func TestMerge(t *testing.T) {
	r := Merge([]Sample{
		{WallMS: 3, P50US: 10, MaxUS: 90, Phases: []Phase{{Name: "a", Items: 4, WallMS: 1}}},
		{WallMS: 1, P50US: 30, MaxUS: 70, Phases: []Phase{{Name: "a", Items: 4, WallMS: 5}}},
		{WallMS: 2, P50US: 20, MaxUS: 80, Phases: []Phase{{Name: "a", Items: 4, WallMS: 3}}},
	})
	if r.WallMS != 2 || r.P50US != 20 || r.MaxUS != 80 || len(r.WallMSRuns) != 3 || r.WallMSRuns[0] != 3 {
		t.Errorf("%+v", r)
	}
	if len(r.Phases) != 1 || r.Phases[0].WallMS != 3 || r.Phases[0].Items != 4 {
		t.Errorf("%+v", r.Phases)
	}
}

func TestValidate(t *testing.T) {
	if err := sample().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Report){
		"schema":      func(r *Report) { r.Schema = 2 },
		"empty":       func(r *Report) { r.Workloads = nil },
		"name":        func(r *Report) { r.Workloads[0].Name = "" },
		"wall":        func(r *Report) { r.Workloads[0].Runs["on"].WallMS = 0 },
		"nil":         func(r *Report) { r.Workloads[0].Runs["on"] = nil },
		"percentiles": func(r *Report) { r.Workloads[0].Runs["on"].P50US = 9 },
		"requests":    func(r *Report) { r.Workloads[0].Runs["off"].Requests["total"]++ },
	} {
		r := sample()
		spoil(r)
		if r.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	if err := sample().Save(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The published schema, read without this package's types.
	var got struct {
		Schema    int
		Workloads []struct {
			Name string
			Runs map[string]struct {
				Wall     float64 `json:"wall_ms"`
				P50      float64 `json:"p50_us"`
				P99      float64 `json:"p99_us"`
				P999     float64 `json:"p999_us"`
				Requests map[string]int
			}
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	w := got.Workloads[0]
	if got.Schema != 1 || w.Name != "startup-replay" || w.Runs["off"].Wall != 1000 || w.Runs["on"].P999 != 3 || w.Runs["off"].Requests["create_file"] != 100 {
		t.Errorf("%+v", got)
	}
	if w.Runs["debian"].Requests != nil {
		t.Error("requests that were not counted are in the report")
	}
	bad := sample()
	bad.Workloads[0].Runs["on"].WallMS = math.NaN()
	if bad.Save(dir) == nil {
		t.Error("a report with NaN was saved")
	}
}

func TestSVG(t *testing.T) {
	for name, r := range map[string]*Report{"full": sample(), "bare": {Workloads: []Workload{{Name: "x", Runs: map[string]*Run{}}}}} {
		svg := r.SVG()
		d := xml.NewDecoder(bytes.NewReader(svg))
		rects, circles := 0, 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: not well-formed: %v", name, err)
			}
			if e, ok := tok.(xml.StartElement); ok {
				switch e.Name.Local {
				case "rect":
					rects++
				case "circle":
					circles++
				}
				for _, a := range e.Attr {
					if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
						t.Errorf("%s: %s=%q", name, a.Name.Local, a.Value)
					}
				}
			}
		}
		if name == "full" && (rects != 1+5 || circles != 2*5) {
			t.Errorf("%d bars and %d dots, want 5 and 10", rects-1, circles)
		}
	}
	if s := string(sample().SVG()); !strings.Contains(s, "12.5x faster than off") || !strings.Contains(s, "400 off, 2 on (4.00 and 0.02 per open)") {
		t.Error("the gain or the requests are not in the plot")
	}
}

func TestGain(t *testing.T) {
	for _, c := range []struct {
		off, on float64
		want    string
	}{{1000, 100, "10.0x faster than off"}, {1000, 980, "as fast as off"}, {980, 1000, "as fast as off"}, {100, 200, "2.00x slower than off"}} {
		if got := gain(c.off, c.on); got != c.want {
			t.Errorf("gain(%v, %v) = %q, want %q", c.off, c.on, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	tab := Table{Head: []string{"name", "n"}}
	tab.Add("é", "1,000")
	tab.Add("longer")
	want := "name        n\n------  -----\né       1,000\nlonger\n"
	if got := tab.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBusy(t *testing.T) {
	for load, busy := range map[float64]bool{0: false, 1: false, 1.1: true} {
		m := Machine{Cores: 2, Load: load}
		if got := m.Busy(); (got != "") != busy {
			t.Errorf("load %v: %q", load, got)
		}
	}
	if s := (&Machine{Load: 5}).Busy(); s != "" {
		t.Error(s)
	}
}

func TestMarkdown(t *testing.T) {
	tab := Table{Head: []string{"a", "b"}}
	tab.Add("x|y", "1")
	tab.Add("z")
	want := "| a | b |\n|---|--:|\n| x\\|y | 1 |\n| z |  |\n"
	if got := tab.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if s := sample().Markdown(); !strings.Contains(s, "| startup-replay | 1,010 | 1,000 | 80.0 |") || !strings.HasSuffix(s, ".\n") {
		t.Error(s)
	}
}

func TestText(t *testing.T) {
	s := sample().Text()
	for _, want := range []string{"A & B <\"x\">, 2 cores\n", "startup-replay   ", "12.5x", "0.99x", "2.46x", "4.00", "create_file"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q in\n%s", want, s)
		}
	}
}

func TestSingular(t *testing.T) {
	for items, want := range map[string]string{"opens": "open", "files": "file", "directories": "directory"} {
		if got := singular(items); got != want {
			t.Errorf("singular(%q) = %q, want %q", items, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 3.456: "3.46", 9.996: "10.0", 12.34: "12.3", 99.96: "100", 1234567: "1,234,567", -1500: "-1,500", math.Inf(1): "-"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
