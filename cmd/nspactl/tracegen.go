// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/trace"
)

func runTraceGen(_ context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("trace-gen", flag.ContinueOnError)
	seed := fs.Uint64("seed", startupSeed, "another seed makes another trace of the same shape")
	to := fs.String("o", "", "output `file` (default: standard output)")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	t := trace.Startup(*seed)
	if *to == "" {
		return t.Write(out)
	}
	f, err := os.Create(*to)
	if err != nil {
		return err
	}
	return errors.Join(t.Write(f), f.Close())
}
