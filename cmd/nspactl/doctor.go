// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/doctor"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

func runDoctor(_ context.Context, args []string, out io.Writer) error {
	home, _ := os.UserHomeDir()
	prefix := os.Getenv("WINEPREFIX")
	if prefix == "" {
		prefix = filepath.Join(home, ".wine")
	}
	m := &wine.Mode{}
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	fs.StringVar(&m.Loader, "wine", cmp.Or(os.Getenv("NSPA_WINE"), overlayLoader), "patched Wine `loader`")
	fs.StringVar(&m.Prefix, "prefix", prefix, "prefix `directory` to check")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	for _, p := range []*string{&m.Loader, &m.Prefix} {
		var err error
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	s := &doctor.Setup{Loader: m.Loader, Server: m.Server(), Prefix: m.Prefix, Probe: doctor.ProbeApart}
	if failed := doctor.Print(out, doctor.Run(s)); failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}

// runProbe is what the doctor runs in a process of its own.
func runProbe(_ context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("probe-library LIBRARY SYMBOL")
	}
	v, err := doctor.ProbeHere(args[0], args[1])
	if err == nil {
		fmt.Fprintln(out, v)
	}
	return err
}
