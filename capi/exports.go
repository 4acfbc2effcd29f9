// Command capi is built with -buildmode=c-shared into libnspa.so.
//
// What include/nspa.h documents is C: the shims of entry.c and package core's
// C files. Go serves include/nspa_reparse.h; its runtime starts at the first of
// those calls (go.c).
//
// SPDX-License-Identifier: LGPL-2.1-or-later
package main

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#cgo LDFLAGS: -Wl,--wrap=pthread_getattr_np -Wl,--wrap=sigaction
*/
import "C"

import (
	"runtime/debug"

	_ "github.com/nspa-dev/nspa/core"    // the C that entry.c calls
	_ "github.com/nspa-dev/nspa/include" // rebuild when a header changes
)

// memoryLimit is a backstop in bytes: the collector is off, since its work would
// run in the program's threads, but a leak must not take the program's memory.
const memoryLimit = 64 << 20

func init() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
}

func main() {}
