// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

func run(args ...string) (out, errOut string, err error) {
	var o, e bytes.Buffer
	err = dispatch(context.Background(), args, &o, &e)
	return o.String(), e.String(), err
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"nosuch"}, {"--help"}} {
		_, usage, err := run(args...)
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
		for _, c := range commands {
			if !strings.Contains(usage, c.name) {
				t.Errorf("%q: the usage leaves out %s", args, c.name)
			}
		}
	}
}

func TestTraceGen(t *testing.T) {
	a, _, err := run("trace-gen", "--seed", "1")
	if err != nil {
		t.Fatal(err)
	}
	b, _, _ := run("trace-gen", "--seed", "2")
	if !strings.HasPrefix(a, "nspa-trace 1\nseed 1\n") || a == b {
		t.Error("the seed does not make the trace")
	}
	path := filepath.Join(t.TempDir(), "t")
	if _, _, err := run("trace-gen", "--seed", "1", "-o", path); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != a {
		t.Error("the file differs from the output")
	}
	if _, _, err := run("trace-gen", "--from-log", filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	os.WriteFile(path, []byte(`{"schema":1,"pid":9,"uptime_ns":2500000000,"total":{"count":101,"ns":4000000},
		"requests":[{"name":"select","count":100,"ns":1000000,"max_ns":20000},{"name":"init","count":1,"ns":3000000,"max_ns":3000000}]}`), 0o644)
	out, _, err := run("profile", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"wineserver 9, up 2.5 s", "init         1      3.00   75.0%    3,000   3,000\nselect     100      1.00   25.0%     10.0    20.0"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _, _ = run("profile", "--by-count", path)
	if strings.Index(out, "select") > strings.Index(out, "init") {
		t.Errorf("not sorted by count:\n%s", out)
	}
	os.WriteFile(path, []byte("{"), 0o644)
	if _, _, err := run("profile", path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if _, _, err := run("profile"); err == nil {
		t.Error("no file is no error")
	}
}

func TestProfileTableEmpty(t *testing.T) {
	if out := profileTable(&wine.Profile{}, false); !strings.Contains(out, "all") {
		t.Error(out)
	}
}

func TestBenchReport(t *testing.T) {
	one := func(p50 float64, above uint64) *benchResult {
		var r benchResult
		if err := json.Unmarshal([]byte(`{"latency":[{"name":"open-read-close, main thread","n":100,"sum_ms":10,"hist_us_pow2":[0,90,10]}],
			"throughput":[{"threads":4,"per_s":1000}]}`), &r); err != nil {
			t.Fatal(err)
		}
		r.Latency[0].P50US, r.Latency[0].MaxUS, r.Latency[0].Above5 = p50, p50*10, above
		return &r
	}
	r := &benchReport{}
	for _, c := range []struct {
		mode string
		p50  float64
	}{{"off", 40}, {"off", 50}, {"off", 30}, {"on", 4}, {"native", 1}} {
		if err := r.add(c.mode, one(c.p50, 2)); err != nil {
			t.Fatal(err)
		}
	}
	off := r.Latency[0].Runs["off"]
	if off.P50US != 40 || off.MaxUS != 500 || off.N != 300 || off.Hist[1] != 270 || off.Above5PerS != 6/0.03 {
		t.Errorf("%+v", off)
	}
	text := r.text()
	for _, want := range []string{"10.0x", "4.00x", "below 4 us", "90.0000", "4 threads"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if err := r.add("on", &benchResult{}); !errors.Is(err, errNoTests) {
		t.Errorf("an empty result: %v", err)
	}
	if data, err := json.Marshal(r); err != nil || !bytes.Contains(data, []byte(`"hist_us_pow2":[0,270,30]`)) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestReplayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	const good = `{"opens":3,"bytes":9,"checksum":"ab","wall_ms":1.5,"p50_us":1,"p99_us":2,"p999_us":3,"max_us":4,
		"errors":{"total":0,"by_code":{}},"phases":[{"name":"a","n":3,"sum_ms":1.2,"p50_us":1,"p99_us":2,"p999_us":3,"max_us":4}]}`
	for name, c := range map[string]struct {
		from, to string
		strict   bool
		err      string
	}{
		"good":       {"", "", true, ""},
		"opens":      {`"opens":3`, `"opens":2`, true, "made 2 of 3"},
		"errors":     {`"total":0,"by_code":{}`, `"total":1,"first_line":7,"by_code":{"2":1}`, true, "line 7"},
		"own errors": {`"total":0,"by_code":{}`, `"total":1,"by_code":{"2":1}`, false, ""},
		"cut off":    {`"max_us":4}]}`, ``, true, "JSON"},
	} {
		os.WriteFile(path, []byte(strings.Replace(good, c.from, c.to, 1)), 0o644)
		o, err := (&replay{opens: 3, strict: c.strict}).read(path, "on")
		switch {
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.err == "" && (o.WallMS != 1.5 || o.bytes != 9 || len(o.Phases) != 1 || o.Phases[0].WallMS != 1.2 || !strings.Contains(o.proof, "ab")):
			t.Errorf("%s: %+v", name, o)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %q", name, err, c.err)
		}
	}
	// Errors are part of what must be equal.
	os.WriteFile(path, []byte(good), 0o644)
	a, _ := (&replay{opens: 3}).read(path, "on")
	os.WriteFile(path, []byte(strings.Replace(good, `"by_code":{}`, `"by_code":{"2":1}`, 1)), 0o644)
	b, _ := (&replay{opens: 3}).read(path, "on")
	if a.unlike(&b) == "" {
		t.Error("another error code is taken for equal work")
	}
	b.detail = ""
	if diff := a.unlike(&b); diff != "" {
		t.Errorf("a native run is taken for other work: %s", diff)
	}
	b.proof = proof("ab", 9, 1)
	if a.unlike(&b) == "" {
		t.Error("a failed open under Linux is taken for equal work")
	}
}

// stub is a workload that says what it is told.
type stub struct{ proof map[string]string }

func (stub) name() string                { return "stub" }
func (stub) describe(w *report.Workload) { w.What = "a stub" }
func (s stub) run(_ context.Context, _ *session, m *wine.Mode) (outcome, error) {
	return outcome{Sample: report.Sample{WallMS: 1}, proof: s.proof[m.Name]}, nil
}
func (stub) requests(context.Context, *session, *wine.Mode, string) (map[string]uint64, error) {
	return nil, nil
}

// The demo must fail when a mode read something else.
func TestUnequalWork(t *testing.T) {
	for _, c := range []struct {
		proof map[string]string
		ok    bool
	}{
		{map[string]string{"debian": "x", "off": "x", "on": "x"}, true},
		{map[string]string{"debian": "x", "off": "x", "on": "y"}, false},
	} {
		s := &session{runs: 2, log: &bytes.Buffer{}}
		for _, m := range report.Modes {
			s.modes = append(s.modes, &wine.Mode{Name: m})
		}
		r := &report.Report{Schema: 1}
		err := s.rounds(context.Background(), []workload{stub{c.proof}}, r)
		if (err == nil) != c.ok {
			t.Errorf("%v: error %v", c.proof, err)
		}
		if c.ok && (len(r.Workloads) != 1 || len(r.Workloads[0].Runs["on"].WallMSRuns) != 2) {
			t.Errorf("%+v", r.Workloads)
		}
		if !c.ok && !strings.Contains(err.Error(), "mode on did not do the same work") {
			t.Errorf("%v", err)
		}
	}
}

func TestLock(t *testing.T) {
	cache := t.TempDir()
	a, b := &session{cache: cache, root: t.TempDir()}, &session{cache: cache, root: t.TempDir()}
	for _, s := range []*session{a, b} {
		if err := s.resolve(&bytes.Buffer{}, "demo"); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.lock(); err != nil {
		t.Fatal(err)
	}
	if err := b.lock(); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("a second one is let in: %v", err)
	}
	a.locked.Close()
	if err := b.lock(); err != nil {
		t.Error(err)
	}
}

func TestExtract(t *testing.T) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	for name, data := range map[string]string{
		"package/a": "first", "package/bin/node.exe": "MZ", "package/lib/x/y": "deep", "package/../evil": "out", "other/lib/z": "no",
	} {
		tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644})
		tw.Write([]byte(data))
	}
	tw.Close()
	zw.Close()
	dir := filepath.Join(t.TempDir(), "to")
	if err := extract(b.Bytes(), dir, "bin/node.exe", "lib/", "../"); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			got = append(got, rel+"="+string(data))
		}
		return err
	})
	if want := []string{"bin/node.exe=MZ", "lib/x/y=deep"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
	if extract(b.Bytes(), dir, "none") == nil || extract(b.Bytes()[:20], dir, "a") == nil {
		t.Error("a bad package is no error")
	}
}

func TestInPart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	calls := 0
	fill := func(part string) error {
		calls++
		if calls == 1 {
			return errors.New("interrupted")
		}
		return os.WriteFile(filepath.Join(part, "f"), nil, 0o644)
	}
	if inPart(dir, fill) == nil {
		t.Error("the failure is lost")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("an unfinished directory is there")
	}
	for range 2 {
		if err := inPart(dir, fill); err != nil {
			t.Error(err)
		}
	}
	if calls != 2 {
		t.Errorf("filled %d times", calls)
	}
}

func TestHashTree(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, d := range []string{a, b} {
		os.WriteFile(filepath.Join(d, "x"), []byte("1"), 0o644)
	}
	ha, err := hashTree(a)
	hb, _ := hashTree(b)
	if err != nil || ha != hb {
		t.Errorf("%s, %s, %v", ha, hb, err)
	}
	os.Rename(filepath.Join(b, "x"), filepath.Join(b, "y"))
	if hb, _ = hashTree(b); ha == hb {
		t.Error("a renamed file does not change the hash")
	}
	for _, dir := range []string{filepath.Join(a, "none"), t.TempDir()} {
		if _, err := hashTree(dir); err == nil {
			t.Error("no output is no error")
		}
	}
}

// The package tree must not depend on one registry.
func TestLockFile(t *testing.T) {
	data, err := os.ReadFile("../../tests/workloads/node-tree/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("http")) || bytes.Contains(data, []byte(`"resolved"`)) {
		t.Error("the lock file names a host")
	}
	if !bytes.Contains(data, []byte(`"integrity"`)) {
		t.Error("the lock file pins nothing")
	}
}
