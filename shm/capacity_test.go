// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// overflowed counts the buckets that more of these inodes belong to than they have
// slots.
func overflowed(inodes []uint64) int {
	load := map[int]int{}
	n := 0
	for _, ino := range inodes {
		b := BucketOf(0x801, ino)
		if load[b]++; load[b] == Slots+1 {
			n++
		}
	}
	return n
}

// expected is what chance makes of n inodes: the number of buckets with more than
// Slots of them, by Poisson's law.
func expected(n int) float64 {
	mean := float64(n) / Buckets
	term, sum := math.Exp(-mean), 0.0
	for k := 0; k <= Slots; k++ {
		sum += term
		term *= mean / float64(k+1)
	}
	return Buckets * (1 - sum)
}

// TestCapacity: 4,000 open files leave no bucket without a slot, whatever numbers
// the file system gave them.
func TestCapacity(t *testing.T) {
	if Buckets*Slots == 1 {
		t.Skip("one bucket of one slot")
	}
	random := rand.New(rand.NewPCG(1, 2))
	patterns := []struct {
		name string
		ino  func(i int) uint64
	}{
		{"random", func(int) uint64 { return random.Uint64() }},
		{"random of a small file system", func(int) uint64 { return 1 + random.Uint64N(1<<20) }},
		{"consecutive", func(i int) uint64 { return 131072 + uint64(i) }},
		{"every second", func(i int) uint64 { return 131072 + 2*uint64(i) }},
		{"every eighth", func(i int) uint64 { return 8 * uint64(i) }},
		{"every 256th", func(i int) uint64 { return 256 * uint64(i) }},
		{"every 8192nd", func(i int) uint64 { return 8192 * uint64(i) }},
		{"high halves only", func(i int) uint64 { return uint64(i) << 40 }},
		{"directories of 20 files", func(i int) uint64 { return uint64(i/20)*8192 + uint64(i%20) }},
	}
	for _, n := range []int{1000, 4000, 16000} {
		for _, pattern := range patterns {
			inodes := make([]uint64, 0, n)
			seen := map[uint64]bool{}
			for i := 0; len(inodes) < n; i++ {
				if ino := pattern.ino(i); !seen[ino] {
					seen[ino] = true
					inodes = append(inodes, ino)
				}
			}
			got, limit := overflowed(inodes), 4*expected(n)+8
			if n <= 4000 {
				limit = 0
			}
			t.Logf("%5d inodes, %s: %d of %d buckets overflow; by chance %.2g", n, pattern.name, got, Buckets, expected(n))
			if float64(got) > limit {
				t.Errorf("%d inodes, %s: %d buckets overflow, more than %.1f", n, pattern.name, got, limit)
			}
		}
	}
	if e := expected(4000); e > 0.01 {
		t.Errorf("of 4,000 inodes %.2g buckets overflow by chance", e)
	}
}
