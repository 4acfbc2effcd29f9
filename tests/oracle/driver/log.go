package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// trace is what one seed's run wrote down.
type trace struct {
	seed  uint64
	lines []string // a step each, then "end" lines with what is on disk
}

// log is what one run of the program wrote down.
type log struct {
	traces []trace
	ended  string // how, if not well
}

func readLog(name string) (*log, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	result := new(log)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if text, ok := strings.CutPrefix(line, "seed "); ok {
			seed, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			result.traces = append(result.traces, trace{seed: seed})
		} else if n := len(result.traces); n != 0 {
			result.traces[n-1].lines = append(result.traces[n-1].lines, line)
		}
	}
	return result, nil
}

// difference is the first one of two runs of a trace.
type difference struct {
	seed    uint64
	step    int // -1: in what is left on disk
	off, on string
}

func (d *difference) String() string {
	where := "step " + strconv.Itoa(d.step)
	if d.step < 0 {
		where = "what is left on disk"
	}
	return fmt.Sprintf("seed %d: %s\n  off: %s\n  on:  %s\n", d.seed, where, d.off, d.on)
}

// firstDifference compares two runs of one trace.
func firstDifference(off, on trace) *difference {
	for i := range max(len(off.lines), len(on.lines)) {
		a, b := "(no more)", "(no more)"
		if i < len(off.lines) {
			a = off.lines[i]
		}
		if i < len(on.lines) {
			b = on.lines[i]
		}
		if a == b {
			continue
		}
		step, err := strconv.Atoi(strings.SplitN(a+" ", " ", 2)[0])
		if err != nil {
			if step, err = strconv.Atoi(strings.SplitN(b+" ", " ", 2)[0]); err != nil {
				step = -1
			}
		}
		return &difference{seed: off.seed, step: step, off: a, on: b}
	}
	return nil
}
