// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// nodeTree reads a real package tree with node.exe.
type nodeTree struct {
	script, project, tree, nodeExe, nodeLinux string
	version                                   string
	files, dirs                               int
}

// treeResult is what read-tree.cjs writes.
type treeResult struct {
	Node     string  `json:"node"`
	Files    int     `json:"files"`
	Dirs     int     `json:"dirs"`
	Bytes    uint64  `json:"bytes"`
	Checksum string  `json:"checksum"`
	WallMS   float64 `json:"wall_ms"`
	P50US    float64 `json:"p50_us"`
	P99US    float64 `json:"p99_us"`
	P999US   float64 `json:"p999_us"`
	MaxUS    float64 `json:"max_us"`
}

func newNodeTree(ctx context.Context, s *session) (*nodeTree, error) {
	a, err := fetch(ctx, s)
	if err != nil {
		return nil, err
	}
	source := filepath.Join(s.root, "tests/workloads/node-tree")
	return &nodeTree{
		script: filepath.Join(source, "read-tree.cjs"), project: filepath.Join(source, "project"),
		tree: a.tree, nodeExe: a.nodeExe, nodeLinux: a.nodeLinux,
	}, nil
}

func (t *nodeTree) name() string { return "node-tree" }

func (t *nodeTree) describe(w *report.Workload) {
	w.Item = "files"
	w.What = fmt.Sprintf("node.exe %s reads a package tree: readdir and readFileSync of %s files in %s directories",
		t.version, report.Count(uint64(t.files)), report.Count(uint64(t.dirs)))
}

func (t *nodeTree) argv(s *session, m *wine.Mode) (out string, argv []string, err error) {
	out, err = fresh(filepath.Join(s.out, "node-tree-"+m.Name+".json"))
	return out, []string{t.nodeExe, wine.WinPath(t.script), wine.WinPath(filepath.Join(t.tree, "node_modules")), wine.WinPath(out)}, err
}

func (t *nodeTree) run(ctx context.Context, s *session, m *wine.Mode) (outcome, error) {
	out, argv, err := t.argv(s, m)
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.run(ctx, m, t.name(), argv...); err != nil {
		return outcome{}, err
	}
	return t.read(out)
}

func (t *nodeTree) read(out string) (o outcome, err error) {
	var res treeResult
	if err := readJSON(out, &res); err != nil {
		return o, err
	}
	t.version, t.files, t.dirs = res.Node, res.Files, res.Dirs
	o = outcome{items: res.Files, bytes: res.Bytes, proof: fmt.Sprintf("sha256 %s over %d files", res.Checksum, res.Files)}
	o.Sample = report.Sample{WallMS: res.WallMS, P50US: res.P50US, P99US: res.P99US, P999US: res.P999US, MaxUS: res.MaxUS}
	return o, nil
}

// native runs the same script under Linux node.
func (t *nodeTree) native(ctx context.Context, s *session) (outcome, error) {
	out, err := fresh(filepath.Join(s.out, "node-tree-native.json"))
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.runNative(ctx, t.name(), t.nodeLinux, t.script, filepath.Join(t.tree, "node_modules"), out); err != nil {
		return outcome{}, err
	}
	return t.read(out)
}

// runNative runs a Linux program, with no input, and times it.
func (s *session) runNative(ctx context.Context, label string, argv ...string) (float64, error) {
	log, err := os.Create(filepath.Join(s.out, label+"-native.log"))
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, programTimeout)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := startProcess(cmd, log, label+" without Wine", cancel)
	if err != nil {
		return 0, err
	}
	took, err := p.wait()
	return float64(took.Microseconds()) / 1000, err
}

func (t *nodeTree) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	gate, err := wine.NewFileGate(s.work("gate-node-" + m.Name))
	if err != nil {
		return nil, err
	}
	_, argv, err := t.argv(s, m)
	if err != nil {
		return nil, err
	}
	return s.gated(ctx, m, gate, profile, t.name(), append(argv, wine.WinPath(gate.Path))...)
}

// compile runs the TypeScript compiler of the tree on a small project.
type compile struct{ tree *nodeTree }

func (c *compile) name() string { return "node-tree-tsc" }

func (c *compile) describe(w *report.Workload) {
	w.What = "the tree's TypeScript compiler builds a small project, from process start to exit"
}

func (c *compile) run(ctx context.Context, s *session, m *wine.Mode) (outcome, error) {
	out, argv, err := c.argv(m.Name, s, wine.WinPath)
	if err != nil {
		return outcome{}, err
	}
	took, err := s.run(ctx, m, c.name(), append([]string{c.tree.nodeExe}, argv...)...)
	if err != nil {
		return outcome{}, err
	}
	return c.outcome(out, float64(took.Microseconds())/1000)
}

func (c *compile) argv(mode string, s *session, path func(string) string) (out string, argv []string, err error) {
	out = filepath.Join(s.out, "tsc-"+mode)
	tsc := filepath.Join(c.tree.tree, "node_modules/typescript/lib/tsc.js")
	return out, []string{path(tsc), "-p", path(c.tree.project), "--outDir", path(out)}, os.RemoveAll(out)
}

func (c *compile) outcome(dir string, wall float64) (o outcome, err error) {
	o.WallMS = wall
	o.proof, err = hashTree(dir)
	return o, err
}

func (c *compile) native(ctx context.Context, s *session) (outcome, error) {
	out, argv, err := c.argv("native", s, func(p string) string { return p })
	if err != nil {
		return outcome{}, err
	}
	wall, err := s.runNative(ctx, c.name(), append([]string{c.tree.nodeLinux}, argv...)...)
	if err != nil {
		return outcome{}, err
	}
	return c.outcome(out, wall)
}

// requests counts the whole process, start and exit included.
func (c *compile) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	before, err := m.Snapshot(ctx, profile)
	if err != nil {
		return nil, err
	}
	if _, err := c.run(ctx, s, m); err != nil {
		return nil, err
	}
	after, err := m.Snapshot(ctx, profile)
	if err != nil {
		return nil, err
	}
	return after.Since(before)
}

// hashTree hashes names and contents of all files below dir.
func hashTree(dir string) (string, error) {
	h := sha256.New()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		fmt.Fprintf(h, "%s\x00%d\x00", rel, len(data))
		h.Write(data)
		n++
		return err
	})
	return fmt.Sprintf("sha256 %x over %d files", h.Sum(nil), n), err
}
