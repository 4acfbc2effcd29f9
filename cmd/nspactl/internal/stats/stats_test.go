// SPDX-License-Identifier: LGPL-2.1-or-later

package stats

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(c.in); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	in := []float64{3, 1, 2}
	Median(in)
	if in[0] != 3 {
		t.Error("Median changed its argument")
	}
}

func TestPercentile(t *testing.T) {
	v := make([]float64, 1000)
	for i := range v {
		v[i] = float64(1000 - i) // 1..1000, backwards
	}
	for _, c := range []struct {
		permille int
		want     float64
	}{{0, 1}, {1, 1}, {500, 500}, {501, 501}, {990, 990}, {999, 999}, {1000, 1000}, {2000, 1000}} {
		if got := Percentile(v, c.permille); got != c.want {
			t.Errorf("Percentile(1..1000, %d) = %v, want %v", c.permille, got, c.want)
		}
	}
	if got := Percentile([]float64{1, 2, 3}, 500); got != 2 {
		t.Errorf("Percentile(1..3, 500) = %v, want 2", got)
	}
}

func TestSpread(t *testing.T) {
	if lo, hi := Spread([]float64{2, 9, 1}); lo != 1 || hi != 9 {
		t.Errorf("Spread = %v, %v", lo, hi)
	}
}

func TestEmpty(t *testing.T) {
	lo, hi := Spread(nil)
	for i, v := range []float64{Median(nil), Percentile(nil, 500), lo, hi} {
		if !math.IsNaN(v) {
			t.Errorf("value %d of nothing = %v, want NaN", i, v)
		}
	}
}
