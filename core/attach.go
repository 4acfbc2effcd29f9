package core

import (
	"runtime/debug"
	"unsafe"
)

// memoryLimit is a backstop in bytes: the paths a program takes allocate
// nothing, so the collector is off, but a leak must not take the program's
// memory.
const memoryLimit = 64 << 20

// Attach maps the shared table and makes the handle table. init is a struct
// nspa_init that entry.c has looked over; the result is a struct nspa_files,
// which is never freed.
func Attach(init unsafe.Pointer) (unsafe.Pointer, error) {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)

	if err := attach(init); err != nil {
		return nil, err
	}
	return unsafe.Pointer(table), nil
}
