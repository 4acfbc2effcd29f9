package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// runBoth carries out the same traces in both modes at once.
func runBoth(modes [2]mode, seed, count uint64, ops int, only []int) (off, on *log, err error) {
	var (
		wait sync.WaitGroup
		logs [2]*log
		errs [2]error
	)
	for i := range modes {
		wait.Add(1)
		go func() {
			defer wait.Done()
			logs[i], errs[i] = modes[i].run(seed, count, ops, only)
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, nil, err
		}
	}
	return logs[0], logs[1], nil
}

// compareBatch returns how many traces were the same, and the differences. An
// error means that traces are missing although nothing differed.
func compareBatch(modes [2]mode, seed, count uint64, ops int) (same int, bad []*difference, err error) {
	off, on, err := runBoth(modes, seed, count, ops, nil)
	if err != nil {
		return 0, nil, err
	}
	for i := range min(len(off.traces), len(on.traces)) {
		if d := firstDifference(off.traces[i], on.traces[i]); d != nil {
			bad = append(bad, d)
		} else {
			same++
		}
	}
	complete := uint64(len(off.traces)) == count && uint64(len(on.traces)) == count && off.ended == "" && on.ended == ""
	if !complete && len(bad) == 0 {
		// The traces behind the last are missing.
		same = max(same-1, 0)
		if len(off.traces) == len(on.traces) && len(on.traces) > 1 && off.ended != "" && on.ended != "" {
			// A trace kept its directory open in both modes alike, so that no
			// other could begin: no difference. The next batch starts afresh.
			fmt.Printf("oracle: both end after seed %d, alike\n", on.traces[len(on.traces)-1].seed)
			for _, m := range modes {
				if err := os.RemoveAll(filepath.Join(m.prefix, "drive_c", "oracle")); err != nil {
					return same, nil, err
				}
			}
			return same, nil, nil
		}
		err = fmt.Errorf("from seed %d: %d and %d of %d traces ran; %s %s; last steps:\n  %s\n  %s",
			seed, len(off.traces), len(on.traces), count, off.ended, on.ended, lastLine(off), lastLine(on))
	}
	return same, bad, err
}

func lastLine(l *log) string {
	if n := len(l.traces); n != 0 && len(l.traces[n-1].lines) != 0 {
		lines := l.traces[n-1].lines
		return lines[len(lines)-1]
	}
	return "(none)"
}

// reduce drops steps from a trace for as long as some difference stays (delta
// debugging), and prints what is left.
func reduce(modes [2]mode, d *difference, ops int) {
	differs := func(only []int) (off, on trace, ok bool) {
		a, b, err := runBoth(modes, d.seed, 1, ops, only)
		if err != nil || len(a.traces) != 1 || len(b.traces) != 1 {
			return trace{}, trace{}, false
		}
		return a.traces[0], b.traces[0], firstDifference(a.traces[0], b.traces[0]) != nil
	}

	last := d.step
	if last < 0 {
		last = ops - 1
	}
	var list []int
	for step := range last + 1 {
		list = append(list, step)
	}
	if _, _, ok := differs(list); !ok {
		fmt.Printf("  seed %d by itself does not differ: it needs what ran before it, or chance\n", d.seed)
		return
	}
	list = minimise(list, func(only []int) bool { _, _, ok := differs(only); return ok })
	off, on, ok := differs(list)
	if !ok {
		fmt.Printf("  seed %d differs now and then only\n", d.seed)
		return
	}
	fmt.Printf("  as short as it gets (--seed %d --ops %d --only %s):\n", d.seed, ops, joinInts(list))
	for i := range max(len(off.lines), len(on.lines)) {
		switch {
		case i >= len(off.lines):
			fmt.Printf("   on:  %s\n", on.lines[i])
		case i >= len(on.lines):
			fmt.Printf("   off: %s\n", off.lines[i])
		case off.lines[i] == on.lines[i]:
			fmt.Printf("        %s\n", off.lines[i])
		default:
			fmt.Printf("   off: %s\n   on:  %s\n", off.lines[i], on.lines[i])
		}
	}
}

// minimise drops parts of list, halves first, for as long as keeps holds.
func minimise(list []int, keeps func([]int) bool) []int {
	for size := len(list) / 2; size > 0; {
		dropped := false
		for start := 0; start < len(list); {
			shorter := slices.Concat(list[:start], list[min(start+size, len(list)):])
			if keeps(shorter) {
				list, dropped = shorter, true
			} else {
				start += size
			}
		}
		if !dropped || size > len(list) {
			size /= 2
		}
	}
	return list
}

func joinInts(list []int) string {
	text := ""
	for i, n := range list {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprint(n)
	}
	return text
}
