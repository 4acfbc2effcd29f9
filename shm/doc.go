// SPDX-License-Identifier: LGPL-2.1-or-later

// Package shm is the shared inode table seen from Go: mapping and validating
// it, reading it, and the reference model that tests compare it with.
//
// The protocol is include/nspa_shm.h and nothing else: this package reaches it
// through cgo and never writes to the table by itself.
//
// Everything in the table may have been written by a hostile process. Values
// are copied out with single atomic loads and checked before they are used as
// an index or a length, so no content makes this package panic or loop. What a
// snapshot says is a hint, never more: the table lives on while it is read.
package shm
