package core

import "sync/atomic"

// served counts opens by Reason.
var served [reasonCount]atomic.Uint64

// Stats copies the number of opens by Reason.
func Stats(opens []uint64) {
	for i := range min(len(opens), len(served)) {
		opens[i] = served[i].Load()
	}
}
