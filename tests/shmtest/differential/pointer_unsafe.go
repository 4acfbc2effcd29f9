// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import "unsafe"

func unsafePointer[T any](p *T) unsafe.Pointer { return unsafe.Pointer(p) }
