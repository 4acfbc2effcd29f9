package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMinimise(t *testing.T) {
	var list []int
	for i := range 200 {
		list = append(list, i)
	}
	need := []int{3, 77, 78, 199}
	calls := 0
	got := minimise(list, func(only []int) bool {
		calls++
		for _, n := range need {
			if !slices.Contains(only, n) {
				return false
			}
		}
		return true
	})
	if !slices.Equal(got, need) {
		t.Errorf("minimise left %v, want %v", got, need)
	}
	if calls > 150 {
		t.Errorf("minimise ran %d traces", calls)
	}
}

func TestFirstDifference(t *testing.T) {
	same := []string{"0 m0 close = 00000000", "1 p0 read = c0000008", `end \a 20 0`}
	tests := []struct {
		name    string
		off, on []string
		step    int // -2: none
	}{
		{"same", same, same, -2},
		{"step", same, []string{same[0], "1 p0 read = 00000000", same[2]}, 1},
		{"disk", same, []string{same[0], same[1], `end \a 20 1`}, -1},
		{"shorter", same, same[:1], 1},
		{"longer", same[:2], same, -1},
	}
	for _, test := range tests {
		d := firstDifference(trace{lines: test.off}, trace{lines: test.on})
		switch {
		case d == nil && test.step != -2:
			t.Errorf("%s: no difference found", test.name)
		case d != nil && d.step != test.step:
			t.Errorf("%s: differs in step %d, want %d", test.name, d.step, test.step)
		}
	}
}

func TestReadLog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, []byte("seed 7\r\n0 m0 close\r\nend x\r\nseed 8\r\n0 m0 read\r\ndone\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readLog(name)
	if err != nil || len(got.traces) != 2 || got.traces[1].seed != 8 || !slices.Equal(got.traces[0].lines, []string{"0 m0 close", "end x"}) {
		t.Errorf("readLog: %+v, %v", got, err)
	}
}
