// SPDX-License-Identifier: LGPL-2.1-or-later

package wine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Profile is what a wineserver started with NSPA_PROFILE=1 writes: requests
// handled since it started, by type.
type Profile struct {
	Schema   int       `json:"schema"`
	PID      int       `json:"pid"`
	UptimeNS uint64    `json:"uptime_ns"`
	Total    Counter   `json:"total"`
	Requests []Request `json:"requests"`
}

// Counter counts requests and the time spent in their handlers.
type Counter struct {
	Count uint64 `json:"count"`
	NS    uint64 `json:"ns"`
}

// Request is one request type's counter.
type Request struct {
	Name string `json:"name"`
	Counter
	MaxNS uint64 `json:"max_ns"`
}

// ParseProfile reads a profile and checks that it adds up.
func ParseProfile(data []byte) (*Profile, error) {
	var p Profile
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("not a wineserver profile: %w", err)
	}
	if p.Schema != 1 {
		return nil, fmt.Errorf("unknown profile schema %d", p.Schema)
	}
	var sum uint64
	seen := map[string]bool{}
	for _, r := range p.Requests {
		if r.Name == "" || seen[r.Name] {
			return nil, fmt.Errorf("request %q is unnamed or there twice", r.Name)
		}
		seen[r.Name] = true
		sum += r.Count
	}
	if sum != p.Total.Count {
		return nil, fmt.Errorf("the requests add up to %d, the total says %d", sum, p.Total.Count)
	}
	return &p, nil
}

// Since returns the requests made after an earlier snapshot of the same
// server, by name.
func (p *Profile) Since(before *Profile) (map[string]uint64, error) {
	if p.PID != before.PID || p.UptimeNS < before.UptimeNS {
		return nil, errors.New("the snapshots are not of one server")
	}
	old := map[string]uint64{}
	for _, r := range before.Requests {
		old[r.Name] = r.Count
	}
	out := map[string]uint64{"total": p.Total.Count - before.Total.Count}
	for _, r := range p.Requests {
		if n := r.Count - old[r.Name]; n > 0 {
			out[r.Name] = n
		}
	}
	return out, nil
}

// ProfileEnv makes a server count, and write to path.
func ProfileEnv(path string) []string {
	return []string{"NSPA_PROFILE=1", "NSPA_PROFILE_FILE=" + path}
}

// Snapshot asks the mode's server for its counters. The server must have been
// started with ProfileEnv(path).
func (m *Mode) Snapshot(ctx context.Context, path string) (*Profile, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := m.server.Process.Signal(syscall.SIGUSR2); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		data, err := os.ReadFile(path)
		if err == nil {
			var p *Profile
			// A file still being written does not parse yet.
			if p, err = ParseProfile(data); err == nil {
				return p, nil
			}
		}
		select {
		case err := <-m.exited:
			m.exited <- err
			return nil, errors.New("the wineserver ended on SIGUSR2: it is not a profiling build")
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no profile in %s after 5 s: %w", path, err)
		}
	}
}

// Counted runs f between two snapshots and returns the requests made
// meanwhile, by whatever is on the server.
func (m *Mode) Counted(ctx context.Context, path string, f func() error) (map[string]uint64, error) {
	before, err := m.Snapshot(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := f(); err != nil {
		return nil, err
	}
	after, err := m.Snapshot(ctx, path)
	if err != nil {
		return nil, err
	}
	return after.Since(before)
}
