// SPDX-License-Identifier: LGPL-2.1-or-later

// Compare runs units of Wine's tests with nspa switched off and on, from the
// same prefix state, and compares what they print test by test.
//
// A unit passes if what fails with nspa on is what fails with it off. Where the
// first two runs differ, both are repeated: a difference counts as Wine's own
// only if it comes and goes with nspa off.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		unitsFile = flag.String("units", "units.txt", "file that names the units")
		short     = flag.Bool("short", false, "only the units marked short")
		modules   = flag.Bool("modules", false, "print the modules of the units, and end")
		programs  = flag.String("programs", "", "directory of the test programs")
		template  = flag.String("template", "", "the prefix every run starts from")
		work      = flag.String("work", "", "directory for the runs' prefix and output")
		wine      = flag.String("wine", "", "loader of the patched Wine")
		reference = flag.String("reference", "", "loader to run for `off`, if not -wine")
		repeat    = flag.Int("repeat", 6, "how often a unit that differs runs each way")
		timeout   = flag.Duration("timeout", 5*time.Minute, "longest time for one run")
		trace     = flag.Bool("trace", false, "count what nspa does, from its trace")
		report    = flag.String("report", "", "write JSON to this file")
	)
	flag.Parse()

	units, err := readUnits(*unitsFile, *short, flag.Args())
	if err != nil {
		return err
	}
	if *modules {
		var names []string
		for _, u := range units {
			if !slices.Contains(names, u.module) {
				names = append(names, u.module)
			}
		}
		fmt.Println(strings.Join(names, "\n"))
		return nil
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if *reference == "" {
		*reference = *wine
	}
	for _, path := range []*string{programs, template, work, wine, reference} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	prefix, err := newPrefix(*template, filepath.Join(*work, "prefix"))
	if err != nil {
		return err
	}
	r := &runner{
		programs: *programs,
		logs:     filepath.Join(*work, "output"),
		prefix:   prefix,
		loaders:  map[mode]string{off: *reference, on: *wine},
		timeout:  *timeout,
		trace:    *trace,
	}
	if err := os.RemoveAll(r.logs); err != nil {
		return err
	}
	if err := os.MkdirAll(r.logs, 0o777); err != nil {
		return err
	}
	if err := r.checkSwitch(ctx); err != nil {
		return err
	}

	start := time.Now()
	result := Report{Short: *short, Reference: "off"}
	if *reference != *wine {
		result.Reference = *reference
	}
	for _, u := range units {
		verdict, err := r.compare(ctx, u, *repeat)
		if err != nil {
			return fmt.Errorf("%s: %w", u, err)
		}
		result.add(verdict)
		fmt.Printf("[%4ds] %s\n", int(time.Since(start).Seconds()), verdict.line())
		for _, text := range verdict.details(40) {
			fmt.Println("        " + text)
		}
	}
	result.Seconds = time.Since(start).Seconds()
	if *report != "" {
		if err := result.write(*report); err != nil {
			return err
		}
	}
	for _, text := range result.summary() {
		fmt.Println(text)
	}
	fmt.Printf("%d passed, %d failed\n", result.Passed, result.Failed)
	if result.Failed > 0 {
		os.Exit(1)
	}
	return nil
}

// A unit is one source file of a module's tests.
type unit struct{ module, name string }

func (u unit) String() string { return u.module + ":" + u.name }

// readUnits reads lines "MODULE:UNIT [short]", or takes the units wanted.
func readUnits(file string, short bool, wanted []string) ([]unit, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lines []string
	if len(wanted) > 0 {
		lines, short = wanted, false
	} else {
		lines = strings.Split(string(data), "\n")
	}
	var units []unit
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 || short && !slices.Contains(fields[1:], "short") {
			continue
		}
		module, name, ok := strings.Cut(fields[0], ":")
		if !ok || module == "" || name == "" {
			return nil, fmt.Errorf("%s: %q is not MODULE:UNIT", file, fields[0])
		}
		units = append(units, unit{module, name})
	}
	if len(units) == 0 {
		return nil, fmt.Errorf("%s: no units", file)
	}
	return units, nil
}
