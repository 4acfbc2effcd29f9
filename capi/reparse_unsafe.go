// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package main

/*
#include "reparse_frame.h"
*/
import "C"

import "unsafe"

// The arrays of a frame as slices.  The shim bounds every length; the bounds
// are checked again because slicing does so anyway.

func frameConfig(f *C.struct_nspa_reparse_frame) []byte {
	return frameBytes(unsafe.Pointer(&f.config), len(f.config))[:f.config_len]
}

func frameDrives(f *C.struct_nspa_reparse_frame) []byte {
	return frameBytes(unsafe.Pointer(&f.drives), len(f.drives))[:f.drives_len]
}

func frameName(f *C.struct_nspa_reparse_frame) []byte {
	return frameBytes(unsafe.Pointer(&f.name), len(f.name))[:f.name_len]
}

func frameIn(f *C.struct_nspa_reparse_frame) []byte {
	return frameBytes(unsafe.Pointer(&f.in), len(f.in))[:f.in_len]
}

func frameOut(f *C.struct_nspa_reparse_frame) []byte {
	return frameBytes(unsafe.Pointer(&f.out), len(f.out))
}

func frameBytes(p unsafe.Pointer, size int) []byte { return unsafe.Slice((*byte)(p), size) }
