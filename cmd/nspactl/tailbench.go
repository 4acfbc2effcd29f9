// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

// tailBench is the open-read-close of one thread, once a millisecond, while others
// are in its way.
type tailBench struct {
	Name string                   `json:"name"`
	Runs map[string]latencySample `json:"runs"`
}

// The number of other programs that keep wineserver busy.
const loadPrograms = 3

// benchTails measures both kinds of it, each for so many seconds in each mode.
func (s *session) benchTails(ctx context.Context, r *benchReport, file string, seconds int) error {
	for _, b := range []struct {
		name    string
		measure func(ctx context.Context, m *wine.Mode, file string, seconds int) (latencySample, error)
	}{
		{"a SCHED_FIFO thread, with lower ones hammering on its CPU", s.realtimeTail},
		{fmt.Sprintf("a plain thread, %d programs saturating wineserver", loadPrograms), s.loadedTail},
	} {
		t := &tailBench{b.name, map[string]latencySample{}}
		for _, m := range s.modes {
			sample, err := b.measure(ctx, m, file, seconds)
			if err != nil {
				return err
			}
			t.Runs[m.Name] = sample
			s.say("tail: %s, mode %s: max %s us", b.name, m.Name, report.Number(sample.MaxUS))
		}
		r.Tails = append(r.Tails, t)
	}
	return nil
}

func (s *session) tailExe() string { return filepath.Join(s.bin, "tail.exe") }

func (s *session) tailArgs(m *wine.Mode, file string, seconds int) (out string, args []string, err error) {
	out, err = fresh(filepath.Join(s.out, "tail-"+m.Name+".json"))
	return out, []string{s.tailExe(), "--file", wine.WinPath(file), "--out", wine.WinPath(out), "--seconds", strconv.Itoa(seconds)}, err
}

// realtimeTail gives the threads of tail.exe their scheduling by their names: all on one
// CPU, the measured one SCHED_FIFO, the one that computes SCHED_RR below it.
func (s *session) realtimeTail(ctx context.Context, m *wine.Mode, file string, seconds int) (sample latencySample, err error) {
	gate, err := wine.NewMapGate(s.work("gate-tail-" + m.Name))
	if err != nil {
		return sample, err
	}
	defer gate.Close()
	out, args, err := s.tailArgs(m, file, seconds)
	if err != nil {
		return sample, err
	}
	p, err := s.spawn(ctx, m, "tail", append(args, "--gate", wine.WinPath(gate.Path))...)
	if err != nil {
		return sample, err
	}
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err = gate.Wait(ready, 1); err == nil {
		err = scheduleByName(p.cmd.Process.Pid)
	}
	if err != nil {
		p.cancel()
		_, _ = p.wait()
		return sample, err
	}
	if err := gate.Say(2); err != nil {
		return sample, err
	}
	if _, err := p.wait(); err != nil {
		return sample, err
	}
	return sample, readJSON(out, &sample)
}

// loadedTail measures while other programs make requests as fast as they can.
func (s *session) loadedTail(ctx context.Context, m *wine.Mode, file string, seconds int) (sample latencySample, err error) {
	var loads []*process
	defer func() {
		for _, p := range loads {
			p.cancel()
			_, _ = p.wait()
		}
	}()
	for i := range loadPrograms {
		p, err := s.spawn(ctx, m, fmt.Sprint("tail-load", i), s.tailExe(), "--load", "--seconds", strconv.Itoa(2*seconds+60))
		if err != nil {
			return sample, err
		}
		loads = append(loads, p)
	}
	out, args, err := s.tailArgs(m, file, seconds)
	if err != nil {
		return sample, err
	}
	if _, err := s.run(ctx, m, "tail", args...); err != nil {
		return sample, err
	}
	return sample, readJSON(out, &sample)
}

// scheduleByName sets the scheduling of the threads of a process that have one of tail.exe's
// names.
func scheduleByName(pid int) error {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return err
	}
	found := map[string]int{}
	for _, task := range tasks {
		comm, err := os.ReadFile(filepath.Join(task, "comm"))
		if err != nil {
			continue
		}
		name := strings.TrimSpace(string(comm))
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr}
		switch name {
		case "nspa-fifo":
			attr.Policy, attr.Priority = unix.SCHED_FIFO, 50
		case "nspa-medium":
			attr.Policy, attr.Priority = unix.SCHED_RR, 10
		case "nspa-low":
		default:
			continue
		}
		tid, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			return err
		}
		var cpu unix.CPUSet
		cpu.Set(0)
		if err := unix.SchedSetaffinity(tid, &cpu); err != nil {
			return fmt.Errorf("thread %s: %w", name, err)
		}
		if err := unix.SchedSetAttr(tid, &attr, 0); err != nil {
			return fmt.Errorf("thread %s: %w (real-time priorities need the right to them)", name, err)
		}
		found[name]++
	}
	if found["nspa-fifo"] != 1 || found["nspa-medium"] != 1 || found["nspa-low"] != 2 {
		return fmt.Errorf("the program's threads are not there: %v", found)
	}
	return nil
}

func (r *benchReport) tails() *report.Table {
	t := &report.Table{Head: []string{"open-read-close once a millisecond", "mode", "p50 us", "p99 us", "p99.9 us", "max us"}}
	for _, b := range r.Tails {
		for _, m := range benchModes {
			if x, ok := b.Runs[m]; ok {
				t.Add(b.Name, m, report.Number(x.P50US), report.Number(x.P99US), report.Number(x.P999US), report.Number(x.MaxUS))
			}
		}
	}
	return t
}
