// SPDX-License-Identifier: LGPL-2.1-or-later

// Package stats holds the few statistics the reports use.
package stats

import (
	"math"
	"slices"
)

// Median returns the middle value, or the mean of the two middle ones; NaN
// for no values. The slice is not changed.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	m := len(s) / 2
	if len(s)%2 == 1 {
		return s[m]
	}
	return (s[m-1] + s[m]) / 2
}

// Percentile returns the nearest-rank percentile: the smallest value with at
// least permille/1000 of all values at or below it. NaN for no values.
func Percentile(v []float64, permille int) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	rank := (len(s)*permille + 999) / 1000
	return s[min(max(rank, 1), len(s))-1]
}

// Spread returns the smallest and the largest value; NaN for no values.
func Spread(v []float64) (lo, hi float64) {
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(v), slices.Max(v)
}
