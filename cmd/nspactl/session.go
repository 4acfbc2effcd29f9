// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

const overlayLoader = "build/overlay/usr/lib/wine/wine64"

// A program that runs longer than this is stuck.
const programTimeout = 5 * time.Minute

// session is one demo or benchmark: where everything is, and the Wine modes
// with their running servers.
type session struct {
	root, bin, cache, out   string
	wineDebian, winePatched string
	modeNames               string
	runs                    int
	modes                   []*wine.Mode
	log                     io.Writer
	locked                  *os.File
	start                   time.Time
}

func (s *session) flags(fs *flag.FlagSet, what string) {
	fs.StringVar(&s.root, "root", ".", "the project's `directory`")
	fs.StringVar(&s.bin, "bin", "", "`directory` of the built workload programs (default ROOT/build/bin)")
	fs.StringVar(&s.cache, "cache", os.Getenv("NSPA_CACHE"), "`directory` for prefixes and downloads (default $NSPA_CACHE, else the user's cache)")
	fs.StringVar(&s.out, "out", "", "`directory` of the report (default ROOT/build/"+what+")")
	fs.StringVar(&s.wineDebian, "wine-debian", cmp.Or(os.Getenv("NSPA_WINE_DEBIAN"), "/usr/lib/wine/wine64"), "untouched Wine `loader` (default $NSPA_WINE_DEBIAN)")
	fs.StringVar(&s.winePatched, "wine-patched", os.Getenv("NSPA_WINE"), "patched Wine `loader` (default $NSPA_WINE, else ROOT/"+overlayLoader+")")
	fs.StringVar(&s.modeNames, "modes", "debian,off,on", "modes to run")
	fs.IntVar(&s.runs, "runs", 5, "measured runs of each mode, after one that warms up")
}

func (s *session) resolve(out io.Writer, what string) error {
	s.log, s.start = out, time.Now()
	if s.cache == "" {
		c, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("%w; use --cache", err)
		}
		s.cache = filepath.Join(c, "nspa")
	}
	for _, d := range []struct {
		path     *string
		fallback string
	}{
		{&s.root, ""},
		{&s.bin, "build/bin"},
		{&s.out, "build/" + what},
		{&s.winePatched, overlayLoader},
		{&s.cache, ""},
	} {
		if *d.path == "" {
			*d.path = filepath.Join(s.root, d.fallback)
		}
		var err error
		if *d.path, err = filepath.Abs(*d.path); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(s.out, 0o755), os.MkdirAll(s.work(), 0o755))
}

func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.log, "[%4ds] %s\n", int(time.Since(s.start).Seconds()), fmt.Sprintf(format, args...))
}

// work is where everything of the demo lives that is not a result.
func (s *session) work(parts ...string) string {
	return filepath.Join(append([]string{s.cache, "demo"}, parts...)...)
}

// lock keeps a second demo or benchmark off the same prefixes, until this
// process ends.
func (s *session) lock() error {
	path := s.work("lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("another demo or benchmark is running (%s is locked)", path)
	}
	s.locked = f
	return nil
}

// openModes makes the modes and their prefixes. Servers are not started yet.
func (s *session) openModes(ctx context.Context, drives map[string]string) error {
	if s.runs < 1 {
		return errors.New("--runs must be at least 1")
	}
	if err := s.lock(); err != nil {
		return err
	}
	fonts, err := s.fetchFonts(ctx)
	if err != nil {
		return err
	}
	for _, name := range strings.Split(s.modeNames, ",") {
		m := &wine.Mode{Env: []string{"FONTCONFIG_FILE=" + fonts}, Name: name, Prefix: s.work("prefix-" + name), Home: s.work("home")}
		switch name {
		case "debian":
			m.Loader = s.wineDebian
		case "off":
			m.Loader = s.winePatched
		case "on":
			m.Loader = s.winePatched
			m.Env = append(m.Env, "NSPA_LOCAL_FILES=1")
		default:
			return fmt.Errorf("unknown mode %q (debian, off, on)", name)
		}
		if slices.ContainsFunc(s.modes, func(o *wine.Mode) bool { return o.Name == name }) {
			return fmt.Errorf("mode %s is there twice", name)
		}
		if err := m.Check(); err != nil {
			return err
		}
		s.modes = append(s.modes, m)
	}
	for _, m := range s.modes {
		s.say("mode %-6s  %s", m.Name, m.Loader)
		if err := m.Prepare(ctx, drives); err != nil {
			return err
		}
	}
	return nil
}

// startServers starts one persistent server for each mode.
func (s *session) startServers(ctx context.Context) error {
	for _, m := range s.modes {
		if err := m.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) stopServers() {
	for _, m := range s.modes {
		m.Stop()
	}
}

// run runs a Windows program to its end and returns how long it took from
// start to exit. Its output goes to a log file named after mode and label.
func (s *session) run(ctx context.Context, m *wine.Mode, label string, argv ...string) (time.Duration, error) {
	p, err := s.spawn(ctx, m, label, argv...)
	if err != nil {
		return 0, err
	}
	return p.wait()
}

type process struct {
	cmd    *exec.Cmd
	log    *os.File
	label  string
	start  time.Time
	cancel context.CancelFunc
}

func (s *session) spawn(ctx context.Context, m *wine.Mode, label string, argv ...string) (*process, error) {
	log, err := os.Create(filepath.Join(s.out, label+"-"+m.Name+".log"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, programTimeout)
	return startProcess(m.Command(ctx, log, argv...), log, label+" in mode "+m.Name, cancel)
}

func startProcess(cmd *exec.Cmd, log *os.File, label string, cancel context.CancelFunc) (*process, error) {
	p := &process{cmd: cmd, log: log, label: label, start: time.Now(), cancel: cancel}
	if err := cmd.Start(); err != nil {
		cancel()
		log.Close()
		return nil, err
	}
	return p, nil
}

func (p *process) wait() (time.Duration, error) {
	err := p.cmd.Wait()
	took := time.Since(p.start)
	p.cancel()
	p.log.Close()
	if err != nil {
		return 0, fmt.Errorf("%s failed: %w\n%s(log: %s)", p.label, err, tail(p.log.Name()), p.log.Name())
	}
	return took, nil
}

// tail returns a log's last lines.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.SplitAfter(string(data), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "")
}

// readJSON reads a program's result, which must be a new file.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the program left no result: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// fresh removes an old result, so that it cannot be taken for a new one.
func fresh(path string) (string, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return path, nil
}

// gated runs a program that passes a gate, and returns the server requests of
// its measured part. The mode's server must be a profiling one.
func (s *session) gated(ctx context.Context, m *wine.Mode, gate wine.Gate, profile, label string, argv ...string) (map[string]uint64, error) {
	p, err := s.spawn(ctx, m, label, argv...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := p.wait()
		cancel(errors.Join(errors.New("it ended"), err))
		done <- err
	}()
	requests, err := passGate(ctx, m, gate, profile)
	if err != nil {
		p.cancel()
		<-done
		return nil, fmt.Errorf("%s in mode %s: %w", label, m.Name, err)
	}
	return requests, <-done
}

func passGate(ctx context.Context, m *wine.Mode, gate wine.Gate, profile string) (map[string]uint64, error) {
	if err := gate.Wait(ctx, 1); err != nil {
		return nil, err
	}
	requests, err := m.Counted(ctx, profile, func() error {
		if err := gate.Say(2); err != nil {
			return err
		}
		return gate.Wait(ctx, 3)
	})
	if err != nil {
		return nil, err
	}
	return requests, gate.Say(4)
}
