// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
	"github.com/nspa-dev/nspa/cmd/nspactl/internal/wine"
)

func runProfile(_ context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("profile", flag.ContinueOnError)
	byCount := fs.Bool("by-count", false, "sort by number instead of time")
	if err := parseFlags(fs, args, 1); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return errors.New("profile: which file? A wineserver with NSPA_PROFILE=1 writes one to NSPA_PROFILE_FILE when it ends or gets SIGUSR2")
	}
	data, err := os.ReadFile(fs.Arg(0))
	if err != nil {
		return err
	}
	p, err := wine.ParseProfile(data)
	if err != nil {
		return fmt.Errorf("%s: %w", fs.Arg(0), err)
	}
	fmt.Fprint(out, profileTable(p, *byCount))
	return nil
}

func profileTable(p *wine.Profile, byCount bool) string {
	slices.SortStableFunc(p.Requests, func(a, b wine.Request) int {
		x, y := a.NS, b.NS
		if byCount {
			x, y = a.Count, b.Count
		}
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	t := &report.Table{Head: []string{"request", "count", "total ms", "share", "mean us", "max us"}}
	row := func(name string, c wine.Counter, longest string) {
		mean, share := "-", "-"
		if c.Count > 0 {
			mean = report.Number(float64(c.NS) / float64(c.Count) / 1000)
		}
		if p.Total.NS > 0 {
			share = fmt.Sprintf("%.1f%%", 100*float64(c.NS)/float64(p.Total.NS))
		}
		t.Add(name, report.Count(c.Count), report.Number(float64(c.NS)/1e6), share, mean, longest)
	}
	for _, r := range p.Requests {
		row(r.Name, r.Counter, report.Number(float64(r.MaxNS)/1000))
	}
	row("all", p.Total, "")
	return fmt.Sprintf("wineserver %d, up %.1f s\n\n%s", p.PID, float64(p.UptimeNS)/1e9, t)
}
