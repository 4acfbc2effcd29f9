// SPDX-License-Identifier: LGPL-2.1-or-later

package report

// goal is one figure the project wants to reach on one workload. value is
// false where it was not measured.
type goal struct {
	workload, what, want string
	value                func(w *Workload) (float64, bool)
	met                  func(v float64) bool
	unit                 string
}

func atLeast(x float64) func(float64) bool { return func(v float64) bool { return v >= x } }
func atMost(x float64) func(float64) bool  { return func(v float64) bool { return v <= x } }

// ratio is a/b in wall time.
func ratio(a, b *Run) (float64, bool) {
	if a == nil || b == nil || b.WallMS <= 0 {
		return 0, false
	}
	return a.WallMS / b.WallMS, true
}

func offOverOn(w *Workload) (float64, bool) { return ratio(w.Runs["off"], w.Runs["on"]) }

func onOverOff(w *Workload) (float64, bool) { return ratio(w.Runs["on"], w.Runs["off"]) }

func onOverNative(w *Workload) (float64, bool) { return ratio(w.Runs["on"], w.Native) }

// sum adds up requests of some types, all if none is named.
func sum(r *Run, names ...string) (total float64, ok bool) {
	if r == nil || r.Requests == nil {
		return 0, false
	}
	if names == nil {
		names = []string{"total"}
	}
	for _, name := range names {
		total += float64(r.Requests[name])
	}
	return total, true
}

func perItem(w *Workload) (float64, bool) {
	n, ok := sum(w.Runs["on"])
	return n / float64(max(w.Items, 1)), ok && w.Items > 0
}

// fewer is the share of requests that on saves of off's.
func fewer(w *Workload, names ...string) (float64, bool) {
	off, ok := sum(w.Runs["off"], names...)
	on, too := sum(w.Runs["on"], names...)
	return 100 * (1 - on/max(off, 1)), ok && too && off > 0
}

var goals = []goal{
	{"startup-replay", "create_file, get_handle_fd, close_handle requests", "0", func(w *Workload) (float64, bool) {
		return sum(w.Runs["on"], "create_file", "get_handle_fd", "close_handle")
	}, atMost(0), ""},
	{"startup-replay", "gain in wall time, off/on", "at least 8x", offOverOn, atLeast(8), "x"},
	{"font-list", "create_file, create_mapping, close_handle requests saved", "at least 90 %", func(w *Workload) (float64, bool) {
		return fewer(w, "create_file", "create_mapping", "close_handle")
	}, atLeast(90), " %"},
	{"node-tree", "requests per file, those for directories included", "at most 2", perItem, atMost(2), ""},
	{"node-tree", "gain in wall time, off/on", "at least 5x", offOverOn, atLeast(5), "x"},
	{"startup-replay", "wall time, on/native", "at most 1.2x", onOverNative, atMost(1.2), "x"},
	{"node-tree", "wall time, on/native", "at most 1.8x", onOverNative, atMost(1.8), "x"},
	{"build", "wall time, on/off", "at most 1.00x", onOverOff, atMost(1.00), "x"},
}

// targets sets what was measured against what is wanted.
func (r *Report) targets() *Table {
	t := &Table{Head: []string{"target", "figure", "measured", "wanted", "met"}}
	for _, g := range goals {
		for i := range r.Workloads {
			w := &r.Workloads[i]
			if w.Name != g.workload {
				continue
			}
			if v, ok := g.value(w); ok {
				t.Add(w.Name, g.what, Number(v)+g.unit, g.want, map[bool]string{true: "yes", false: "no"}[g.met(v)])
			}
		}
	}
	return t
}
