// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A mode is one of the two ways to run a test.
type mode string

const (
	off mode = "off"
	on  mode = "on"
)

// What ntdll prints when it was asked for local files and cannot have them.
const declined = "files are opened by wineserver"

type runner struct {
	programs, logs string
	prefix         *prefix
	loaders        map[mode]string
	timeout        time.Duration
	trace          bool // have nspa tell what it does
}

// checkSwitch makes sure that nspa opens files with it on, and none with it off:
// two equal runs would prove nothing otherwise.
func (r *runner) checkSwitch(ctx context.Context) error {
	file := filepath.Join(r.logs, "switch.txt")
	if err := os.WriteFile(file, []byte("text\r\n"), 0o666); err != nil {
		return err
	}
	timeout := r.timeout
	defer func() { r.timeout = timeout }()
	r.timeout = max(timeout, 2*time.Minute) // also the first start of each Wine
	for _, m := range []mode{off, on} {
		run, err := r.wine(ctx, m, []string{"cmd", "/c", "type", "Z:" + strings.ReplaceAll(file, "/", `\`)}, "NSPA_LF_TRACE=1")
		if err != nil {
			return err
		}
		if run.late {
			return fmt.Errorf("with nspa %s, no program starts within %v", m, r.timeout)
		}
		opened := bytes.Contains(run.errors, []byte("switch.txt: local"))
		if !bytes.Contains(run.output, []byte("text")) || opened != (m == on) {
			return fmt.Errorf("with nspa %s, a test file was read %s:\n%s%s", m,
				map[bool]string{true: "locally", false: "not locally"}[opened], run.output, run.errors)
		}
	}
	return nil
}

// ended is how one run ended.
type ended struct {
	output  []byte // standard output
	errors  []byte // standard error
	status  int
	late    bool
	elapsed time.Duration
}

// wine runs a program of Windows on the prefix in its first state, and ends
// everything it started.
func (r *runner) wine(ctx context.Context, m mode, args []string, env ...string) (ended, error) {
	if err := r.prefix.restore(); err != nil {
		return ended{}, err
	}
	dir := filepath.Join(r.prefix.dir, "drive_c", "conformance")
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return ended{}, err
	}
	env = append(os.Environ(), append(env, "WINEPREFIX="+r.prefix.dir, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=")...)
	if m == on {
		env = append(env, "NSPA_LOCAL_FILES=1")
	}

	// Not a pipe: what a test leaves running would keep it open.
	var streams [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		file, err := os.Create(filepath.Join(r.logs, name))
		if err != nil {
			return ended{}, err
		}
		defer file.Close()
		streams[i] = file
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.loaders[m], args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, streams[0], streams[1]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	start := time.Now()
	err := cmd.Run()
	run := ended{elapsed: time.Since(start), late: errors.Is(ctx.Err(), context.DeadlineExceeded)}
	if errors.Is(ctx.Err(), context.Canceled) {
		err = ctx.Err()
	} else if exit := new(exec.ExitError); errors.As(err, &exit) {
		run.status, err = exit.ExitCode(), nil
	} else if run.late {
		err = nil
	}
	r.endServer(m, env)
	if err != nil {
		return run, err
	}
	if run.output, err = os.ReadFile(streams[0].Name()); err != nil {
		return run, err
	}
	run.errors, err = os.ReadFile(streams[1].Name())
	return run, err
}

// endServer ends wineserver, and with it all programs on the prefix.
func (r *runner) endServer(m mode, env []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(r.loaders[m]), "wineserver"), "-k")
	cmd.Env = env
	_ = cmd.Run() // says if there was none
	r.endStray()
}

// endStray kills what wineserver did not: whatever has our prefix, which only
// this program uses, in its environment.
func (r *runner) endStray() {
	want := []byte("WINEPREFIX=" + r.prefix.dir)
	for range 50 {
		found := false
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
			if err != nil {
				continue
			}
			for value := range bytes.SplitSeq(env, []byte{0}) {
				if bytes.Equal(value, want) {
					found = true
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		if !found {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// runUnit runs a unit once.
func (r *runner) runUnit(ctx context.Context, u unit, m mode, n int) (outcome, ended, error) {
	var env []string
	if r.trace && m == on {
		env = append(env, "NSPA_LF_TRACE=1")
	}
	run, err := r.wine(ctx, m, []string{filepath.Join(r.programs, u.module+"_test.exe"), u.name}, env...)
	if err != nil {
		return outcome{}, run, err
	}
	log := filepath.Join(r.logs, fmt.Sprintf("%s.%s.%s.%d.txt", u.module, u.name, m, n))
	if err := os.WriteFile(log, append(run.output, run.errors...), 0o666); err != nil {
		return outcome{}, run, err
	}
	if m == on && bytes.Contains(run.errors, []byte(declined)) {
		return outcome{}, run, fmt.Errorf("nspa is on, but %s (see %s)", declined, log)
	}
	o := parse(run.output, u.name)
	switch {
	case run.late:
		o.findings = append(o.findings, finding{kind: timedOut, text: "killed"})
	case !o.ended:
		o.findings = append(o.findings, finding{kind: noEnd, text: fmt.Sprintf("status %d", run.status)})
	}
	return o, run, nil
}

// compare runs a unit off and on, and while they differ in an unexplained way
// again, up to repeat times.
func (r *runner) compare(ctx context.Context, u unit, repeat int) (verdict, error) {
	v := verdict{Unit: u.String()}
	var offRuns, onRuns []outcome
	for n := 1; n <= repeat; n++ {
		// What depends on time shows under load, which differs anyway between
		// two runs; so the later ones have some.
		stop := func() {}
		if n > 2 {
			stop = load()
		}
		o, offEnd, err := r.runUnit(ctx, u, off, n)
		stop()
		if err != nil {
			return v, err
		}
		offRuns = append(offRuns, o)
		o, onEnd, err := r.runUnit(ctx, u, on, n)
		if err != nil {
			return v, err
		}
		onRuns = append(onRuns, o)
		if n == 1 {
			v.Off, v.On = figures(offRuns[0], offEnd), figures(onRuns[0], onEnd)
		}
		v.hung = v.hung || offEnd.late || onEnd.late
		v.Runs = n
		v.Flaky, v.New = judge(offRuns, onRuns)
		// One more pair than it takes to explain a difference.
		if len(v.New) == 0 && (n == 1 && len(v.Flaky) == 0 || n > 1) || v.hung {
			break
		}
	}
	v.Passed = len(v.New) == 0 && !v.hung
	return v, nil
}

// load keeps every processor busy until stop is called.
func load() (stop func()) {
	done := make(chan struct{})
	for range runtime.NumCPU() {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = strings.Repeat("x", 1<<12)
				}
			}
		}()
	}
	return func() { close(done) }
}
