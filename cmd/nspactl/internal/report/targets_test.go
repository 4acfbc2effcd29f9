// SPDX-License-Identifier: LGPL-2.1-or-later

package report

import (
	"slices"
	"testing"
)

func TestTargets(t *testing.T) {
	runs := func(off, on float64, offReq, onReq map[string]uint64) map[string]*Run {
		return map[string]*Run{"off": {WallMS: off, Requests: offReq}, "on": {WallMS: on, Requests: onReq}}
	}
	count := func(n uint64) map[string]uint64 {
		return map[string]uint64{"total": 3 * n, "create_file": n, "close_handle": 2 * n}
	}
	for _, c := range []struct {
		w    Workload
		want [][]string // measured and met
	}{
		{Workload{Name: "startup-replay", Runs: runs(800, 100, count(9), count(0))}, [][]string{{"0.00", "yes"}, {"8.00x", "yes"}}},
		{Workload{Name: "startup-replay", Runs: runs(799, 100, count(9), count(1))}, [][]string{{"3.00", "no"}, {"7.99x", "no"}}},
		{Workload{Name: "node-tree", Items: 3, Runs: runs(500, 100, count(9), count(2)), Native: &Run{WallMS: 56}}, [][]string{{"2.00", "yes"}, {"5.00x", "yes"}, {"1.79x", "yes"}}},
		{Workload{Name: "node-tree", Items: 3, Runs: runs(490, 100, count(9), count(3)), Native: &Run{WallMS: 55}}, [][]string{{"3.00", "no"}, {"4.90x", "no"}, {"1.82x", "no"}}},
		{Workload{Name: "build", Runs: runs(100, 100, nil, nil)}, [][]string{{"1.00x", "yes"}}},
		{Workload{Name: "build", Runs: runs(100, 101, nil, nil)}, [][]string{{"1.01x", "no"}}},
		{Workload{Name: "font-list", Runs: runs(1, 1, count(90), count(9))}, [][]string{{"90.0 %", "yes"}}},
		{Workload{Name: "font-list", Runs: runs(1, 1, count(99), count(10))}, [][]string{{"89.9 %", "no"}}},
		{Workload{Name: "font-list", Runs: runs(1, 1, count(0), count(0))}, nil},
		// What was not measured is no target met.
		{Workload{Name: "node-tree", Items: 3, Runs: map[string]*Run{"on": {WallMS: 9}}}, nil},
		{Workload{Name: "something else", Runs: runs(1, 1, count(1), count(1))}, nil},
	} {
		r := Report{Workloads: []Workload{c.w}}
		var got [][]string
		for _, row := range r.targets().Rows {
			got = append(got, []string{row[2], row[4]})
		}
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: got %v, want %v", c.w.Name, got, c.want)
		}
	}
}
