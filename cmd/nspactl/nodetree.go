// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// nodeTree reads a real package tree with node.exe, or only lists its
// directories.
type nodeTree struct {
	label                                     string
	dirsOnly                                  bool
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
		label: "node-tree", script: filepath.Join(source, "read-tree.cjs"), project: filepath.Join(source, "project"),
		tree: a.tree, nodeExe: a.nodeExe, nodeLinux: a.nodeLinux,
	}, nil
}

// newNodeDirs is the part of t's work that is directories.
func newNodeDirs(t *nodeTree) *nodeTree {
	dirs := *t
	dirs.label, dirs.dirsOnly = "node-tree-dirs", true
	return &dirs
}

func (t *nodeTree) name() string { return t.label }

func (t *nodeTree) describe(w *report.Workload) {
	if t.dirsOnly {
		w.Item = "directories"
		w.What = fmt.Sprintf("node.exe %s lists the directories of the package tree, the part of node-tree that reads no file", t.version)
		return
	}
	w.Item = "files"
	w.What = fmt.Sprintf("node.exe %s reads a package tree: readdir and readFileSync of %s files in %s directories",
		t.version, report.Count(uint64(t.files)), report.Count(uint64(t.dirs)))
}

// args are the script's and its own, in the paths of whoever runs it.
func (t *nodeTree) args(path func(string) string, out string) []string {
	args := []string{path(t.script)}
	if t.dirsOnly {
		args = append(args, "--dirs")
	}
	return append(args, path(filepath.Join(t.tree, "node_modules")), path(out))
}

func (t *nodeTree) argv(s *session, m *wine.Mode) (out string, argv []string, err error) {
	out, err = fresh(filepath.Join(s.out, t.label+"-"+m.Name+".json"))
	return out, append([]string{t.nodeExe}, t.args(wine.WinPath, out)...), err
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
	items := res.Files
	if t.dirsOnly {
		items = res.Dirs
	}
	o = outcome{items: items, bytes: res.Bytes, proof: fmt.Sprintf("sha256 %s over %d files", res.Checksum, res.Files)}
	o.Sample = report.Sample{WallMS: res.WallMS, P50US: res.P50US, P99US: res.P99US, P999US: res.P999US, MaxUS: res.MaxUS}
	return o, nil
}

// native runs the same script under Linux node.
func (t *nodeTree) native(ctx context.Context, s *session) (outcome, error) {
	out, err := fresh(filepath.Join(s.out, t.label+"-native.json"))
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.runNative(ctx, t.name(), append([]string{t.nodeLinux}, t.args(linuxPath, out)...)...); err != nil {
		return outcome{}, err
	}
	return t.read(out)
}

// linuxPath names a file as a Linux program does.
func linuxPath(path string) string { return path }

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
	gate, err := wine.NewFileGate(s.work("gate-" + t.label + "-" + m.Name))
	if err != nil {
		return nil, err
	}
	_, argv, err := t.argv(s, m)
	if err != nil {
		return nil, err
	}
	return s.gated(ctx, m, gate, profile, t.name(), append(argv, wine.WinPath(gate.Path))...)
}

// nodeTool runs a program of the tree, timed from process start to exit.
type nodeTool struct {
	tree        *nodeTree
	label, what string
	// args names the script, its arguments and where to put the output, in
	// the paths of whoever runs it.
	args func(path func(string) string, out string) []string
}

// newTools returns the TypeScript compiler and the linter of the tree.
func newTools(t *nodeTree) []workload {
	modules := filepath.Join(t.tree, "node_modules")
	source := filepath.Dir(t.script)
	return []workload{
		&nodeTool{t, "node-tree-tsc", "the tree's TypeScript compiler builds a small project, from process start to exit",
			func(path func(string) string, out string) []string {
				return []string{path(filepath.Join(modules, "typescript/lib/tsc.js")), "-p", path(t.project), "--outDir", path(out)}
			}},
		&nodeTool{t, "node-tree-eslint", "the tree's linter checks 79 files of the tree, from process start to exit",
			func(path func(string) string, out string) []string {
				return []string{path(filepath.Join(source, "lint.cjs")), path(modules), path(filepath.Join(out, "lint.txt"))}
			}},
	}
}

func (n *nodeTool) name() string { return n.label }

func (n *nodeTool) describe(w *report.Workload) { w.What = n.what }

// output makes the empty directory the program writes to.
func (n *nodeTool) output(s *session, mode string) (string, error) {
	return emptyDir(filepath.Join(s.out, n.label+"-"+mode))
}

func emptyDir(dir string) (string, error) {
	return dir, errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755))
}

func (n *nodeTool) run(ctx context.Context, s *session, m *wine.Mode) (outcome, error) {
	dir, err := n.output(s, m.Name)
	if err != nil {
		return outcome{}, err
	}
	took, err := s.run(ctx, m, n.label, append([]string{n.tree.nodeExe}, n.args(wine.WinPath, dir)...)...)
	if err != nil {
		return outcome{}, err
	}
	return n.outcome(dir, float64(took.Microseconds())/1000)
}

func (n *nodeTool) native(ctx context.Context, s *session) (outcome, error) {
	dir, err := n.output(s, nativeMode)
	if err != nil {
		return outcome{}, err
	}
	wall, err := s.runNative(ctx, n.label, append([]string{n.tree.nodeLinux}, n.args(linuxPath, dir)...)...)
	if err != nil {
		return outcome{}, err
	}
	return n.outcome(dir, wall)
}

func (n *nodeTool) outcome(dir string, wall float64) (o outcome, err error) {
	o.WallMS = wall
	o.proof, err = hashTree(dir)
	return o, err
}

// requests counts the whole process, start and exit included.
func (n *nodeTool) requests(ctx context.Context, s *session, m *wine.Mode, profile string) (map[string]uint64, error) {
	return m.Counted(ctx, profile, func() error {
		_, err := n.run(ctx, s, m)
		return err
	})
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
	if err == nil && n == 0 {
		err = fmt.Errorf("the program left nothing in %s", dir)
	}
	return fmt.Sprintf("sha256 %x over %d files", h.Sum(nil), n), err
}
