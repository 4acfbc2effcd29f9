// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/trace"
)

func runTraceGen(_ context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("trace-gen", flag.ContinueOnError)
	seed := fs.Uint64("seed", startupSeed, "another seed makes another trace of the same shape")
	log := fs.String("from-log", "", "convert a Wine log `file` made with WINEDEBUG=+file instead")
	to := fs.String("o", "", "output `file` (default: standard output)")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	t := trace.Startup(*seed)
	if *log != "" {
		var err error
		if t, err = convert(*log); err != nil {
			return err
		}
	}
	if *to == "" {
		return t.Write(out)
	}
	f, err := os.Create(*to)
	if err != nil {
		return err
	}
	return errors.Join(t.Write(f), f.Close())
}

// convert reads a Wine log and says on standard error what was left out.
func convert(path string) (*trace.Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, res, err := trace.FromWineLog(f)
	if res != nil {
		fmt.Fprintf(os.Stderr, "%d opens can be replayed\n", res.Opens)
		for _, reason := range slices.Sorted(maps.Keys(res.Dropped)) {
			fmt.Fprintf(os.Stderr, "%d left out: %s\n", res.Dropped[reason], reason)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}
