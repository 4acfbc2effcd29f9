// SPDX-License-Identifier: LGPL-2.1-or-later

// Package wine runs Windows programs under one of several Wine builds, each
// with its own prefix and its own wineserver.
package wine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Mode is one way of running a program: a Wine build, a prefix and the switch.
type Mode struct {
	Name   string
	Loader string   // path of wine64
	Prefix string   // the WINEPREFIX; made by Prepare
	Env    []string // added to the clean environment of server and programs
	Home   string   // HOME of the programs, so that no prefix links to the user's

	server *exec.Cmd
	exited chan error
	log    *os.File
}

// Server returns the wineserver that belongs to the loader: the ELF file
// beside it, or else the script.
func (m *Mode) Server() string {
	dir := filepath.Dir(m.Loader)
	for _, name := range []string{"wineserver64", "wineserver"} {
		if p := filepath.Join(dir, name); isExecutable(p) {
			return p
		}
	}
	return filepath.Join(dir, "wineserver")
}

func isExecutable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// Check says in one line what is missing.
func (m *Mode) Check() error {
	if !isExecutable(m.Loader) {
		return fmt.Errorf("mode %s: there is no Wine at %s", m.Name, m.Loader)
	}
	if s := m.Server(); !isExecutable(s) {
		return fmt.Errorf("mode %s: there is no wineserver at %s", m.Name, s)
	}
	return nil
}

// environ is the environment of everything the mode runs: the caller's
// without any Wine or nspa setting, without a display (the null driver is the
// same everywhere) and without a user's directories.
func (m *Mode) environ(extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "WINE"), strings.HasPrefix(name, "NSPA_"), strings.HasPrefix(name, "XDG_"):
		case name == "DISPLAY", name == "WAYLAND_DISPLAY", name == "HOME", name == "LC_ALL", name == "LANG":
		default:
			env = append(env, kv)
		}
	}
	env = append(env, "WINEPREFIX="+m.Prefix, "WINESERVER="+m.Server(), "WINEDEBUG=-all", "HOME="+m.Home, "LC_ALL=C.UTF-8",
		"WINEDLLOVERRIDES=mscoree=;mshtml=;winemenubuilder.exe=")
	return append(append(env, m.Env...), extra...)
}

// Command prepares a Windows program: no input, output to out.
func (m *Mode) Command(ctx context.Context, out *os.File, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, m.Loader, argv...)
	cmd.Env = m.environ()
	cmd.Stdout, cmd.Stderr = out, out // Stdin nil is the null device
	return cmd
}

// Prepare makes the prefix unless a former call finished it, and links the
// drive letters (such as "r:") to Linux directories.
func (m *Mode) Prepare(ctx context.Context, drives map[string]string) error {
	done := filepath.Join(m.Prefix, ".nspactl-ready")
	if _, err := os.Stat(done); err != nil {
		for _, dir := range []string{m.Prefix, m.Home} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		if err := m.kill(ctx); err != nil {
			return err
		}
		log, err := os.Create(filepath.Join(filepath.Dir(m.Prefix), m.Name+"-prefix.log"))
		if err != nil {
			return err
		}
		defer log.Close()
		ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
		defer cancel()
		if err := m.Command(ctx, log, "wineboot", "-i").Run(); err != nil {
			return fmt.Errorf("mode %s: cannot make the prefix (%w), see %s", m.Name, err, log.Name())
		}
		if err := m.kill(ctx); err != nil {
			return err
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return err
		}
	}
	for letter, dir := range drives {
		link := filepath.Join(m.Prefix, "dosdevices", letter)
		// Relative, as c: is: an absolute link would make every path twice as
		// long to walk.
		if rel, err := filepath.Rel(filepath.Dir(link), dir); err == nil {
			dir = rel
		}
		if got, err := os.Readlink(link); err == nil && got == dir {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(dir, link); err != nil {
			return err
		}
	}
	return nil
}

// kill ends a wineserver left on the prefix, with its programs, and waits.
func (m *Mode) kill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, arg := range []string{"-k", "-w"} {
		cmd := exec.CommandContext(ctx, m.Server(), arg)
		cmd.Env = m.environ()
		// "-k" fails when there is no server, which is what is wanted.
		if err := cmd.Run(); ctx.Err() != nil {
			return fmt.Errorf("mode %s: the wineserver on %s does not end: %w", m.Name, m.Prefix, err)
		}
	}
	return nil
}

// Start starts the mode's persistent wineserver in the foreground, as a child
// whose process id is known. extra is added to its environment.
func (m *Mode) Start(ctx context.Context, extra ...string) error {
	if m.server != nil {
		return errors.New("the server is running")
	}
	if err := m.kill(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(filepath.Dir(m.Prefix), m.Name+"-server.log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(m.Server(), "-f", "-p")
	cmd.Env = m.environ(extra...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		log.Close()
		return err
	}
	m.server, m.log, m.exited = cmd, log, make(chan error, 1)
	go func(c chan<- error) { c <- cmd.Wait() }(m.exited)
	return m.settle(ctx)
}

// settle runs a first program, which makes the server start its services, and
// waits until those are idle.
func (m *Mode) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := m.Command(ctx, m.log, "cmd.exe", "/c", "exit", "0").Run(); err != nil {
		return fmt.Errorf("mode %s: the first program failed (%w), see %s", m.Name, err, m.log.Name())
	}
	select {
	case err := <-m.exited:
		m.exited <- err
		return fmt.Errorf("mode %s: the wineserver ended (%v), see %s", m.Name, err, m.log.Name())
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(1500 * time.Millisecond):
		return nil
	}
}

// PID returns the process id of the running server.
func (m *Mode) PID() int { return m.server.Process.Pid }

// Stop ends the server and everything on it. It is safe to call twice.
func (m *Mode) Stop() {
	if m.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = m.kill(ctx)
	select {
	case <-m.exited:
	case <-time.After(5 * time.Second):
		_ = m.server.Process.Kill()
		<-m.exited
	}
	m.log.Close()
	m.server = nil
}

// WinPath names a Linux file as a program in the prefix does.
func WinPath(linux string) string {
	return "Z:" + strings.ReplaceAll(linux, "/", `\`)
}
