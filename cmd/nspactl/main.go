// SPDX-License-Identifier: LGPL-2.1-or-later

// Nspactl runs nspa's demo and benchmarks and looks into a set-up.
//
//	nspactl demo       two workloads, three ways each: table, JSON, plot
//	nspactl bench      microbenchmarks of single calls
//	nspactl fetch      downloads what the demo needs, and nothing else
//	nspactl trace-gen  writes the start-up trace, or one from a Wine log
//	nspactl profile    prints a wineserver profile as a table
//	nspactl doctor     checks a set-up
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/doctor"
)

type command struct {
	name, about string
	run         func(ctx context.Context, args []string, out io.Writer) error
}

var commands = []command{
	{"demo", "run the demo's workloads under every Wine and compare", runDemo},
	{"bench", "measure single calls, process starts and throughput", runBench},
	{"fetch", "download the demo's programs and package tree into the cache", runFetch},
	{"profile", "print a wineserver profile as a table", runProfile},
	{"doctor", "check kernel, Wine build, libraries and prefix", runDoctor},
	{"trace-gen", "write a trace of opens for the replay workload", runTraceGen},
}

// errUsage is reported as exit status 2; the message is already out.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "nspactl: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "nspactl:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string, out, errOut io.Writer) error {
	if len(args) > 0 && args[0] == doctor.ProbeCommand {
		return runProbe(ctx, args[1:], out)
	}
	if len(args) > 0 {
		i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
		if i >= 0 {
			return commands[i].run(ctx, args[1:], out)
		}
	}
	fmt.Fprintln(errOut, "usage: nspactl COMMAND [flags]   (COMMAND -h lists the flags)")
	for _, c := range commands {
		fmt.Fprintf(errOut, "  %-10s %s\n", c.name, c.about)
	}
	return errUsage
}

// parseFlags parses and refuses left-over arguments beyond want.
func parseFlags(fs *flag.FlagSet, args []string, want int) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage // the flag package has said why
	}
	if fs.NArg() > want {
		fmt.Fprintf(fs.Output(), "unexpected argument %q\n", fs.Arg(want))
		return errUsage
	}
	return nil
}
