// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// prefix is a Wine prefix that can be put back into the state of a template.
type prefix struct {
	template, dir string
	state         map[string]entry // of dir when it last was in that state
}

// entry identifies the contents of a file: whoever changes anything of it
// changes its ctime.
type entry struct {
	dev, ino  uint64
	mode      uint32
	sec, nsec int64
}

func (e entry) isDir() bool { return e.mode&syscall.S_IFMT == syscall.S_IFDIR }

func newPrefix(template, dir string) (*prefix, error) {
	p := &prefix{template: template, dir: dir}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := copyAs(template, dir); err != nil {
		return nil, err
	}
	return p, p.remember()
}

// copyAs copies a tree, or a file, as it is.
func copyAs(from, to string) error {
	output, err := exec.Command("cp", "-a", "--reflink=auto", "--", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cp: %w: %s", err, output)
	}
	return nil
}

func (p *prefix) remember() (err error) {
	p.state, err = scan(p.dir)
	return err
}

func scan(dir string) (map[string]entry, error) {
	state := map[string]entry{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		e := entry{dev: st.Dev, ino: st.Ino, mode: st.Mode}
		if !d.IsDir() { // a directory's times only say that entries came or went
			e.sec, e.nsec = st.Ctim.Sec, st.Ctim.Nsec
		}
		name, err := filepath.Rel(dir, path)
		state[name] = e
		return err
	})
	return state, err
}

// restore undoes every change since the last time.
func (p *prefix) restore() error {
	now, err := scan(p.dir)
	if err != nil {
		return err
	}
	for name := range now {
		if _, ok := p.state[name]; !ok {
			if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
				return err
			}
		}
	}
	// Sorted, a directory comes before what it holds.
	for _, name := range slices.Sorted(maps.Keys(p.state)) {
		was, is := p.state[name], now[name]
		if is == was {
			continue
		}
		path := filepath.Join(p.dir, name)
		if was.isDir() && is.isDir() {
			if err := os.Chmod(path, fs.FileMode(was.mode&0o7777)); err != nil {
				return err
			}
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if was.isDir() {
			err = os.Mkdir(path, fs.FileMode(was.mode&0o7777))
		} else {
			err = copyAs(filepath.Join(p.template, name), path)
		}
		if err != nil {
			return err
		}
	}
	return p.remember()
}
