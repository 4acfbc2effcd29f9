// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package change sets, deletes and removes reparse points on disk.
//
// It is the C text that wineserver runs, include/nspa_change.h, compiled for Go's
// tests and tools.  Statuses are NTSTATUS values.
package change

import "golang.org/x/sys/unix"

// Form is how a reparse point is kept; enum nspa_point_form.
type Form uint32

// Result is what a name holds after a change.
type Result struct {
	Form      Form
	Tag       uint32
	Directory bool
	Dev, Ino  uint64
	Disk      string // the name on disk
}

// Recovered counts what [Recover] did.
type Recovered struct {
	Finished int // names given back what was meant for them
	Removed  int // leftovers removed
	Kept     int // leftovers with contents, which are never removed
}

// Value is what [Set] sets.
type Value struct {
	Raw    []byte
	Text   []byte // none to use the Xattr form
	Status uint32 // what is wrong with the data behind the header
	// Otherwise is the status if the Xattr form does not fit either.
	Otherwise uint32
	Sync      bool
}

// SetStep makes f run before each system call that changes something, and an errno of
// f the call's failure.  It is for tests.
func SetStep(f func(call string) error) {
	step = f
	setStepping(f != nil)
}

var step func(call string) error

func runStep(call string) int {
	if step == nil {
		return 0
	}
	err := step(call)
	if err == nil {
		return 0
	}
	if errno, ok := err.(unix.Errno); ok {
		return int(errno)
	}
	return int(unix.EIO)
}
