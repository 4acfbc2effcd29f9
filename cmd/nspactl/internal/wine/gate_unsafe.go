// SPDX-License-Identifier: LGPL-2.1-or-later

package wine

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// NewMapGate makes the gate file and maps it.
func NewMapGate(path string) (*MapGate, error) {
	if err := os.WriteFile(path, make([]byte, os.Getpagesize()), 0o644); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	page, err := syscall.Mmap(int(f.Fd()), 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	// A page is aligned for any word, and stays mapped until Close.
	return &MapGate{path, page, (*atomic.Uint32)(unsafe.Pointer(&page[0]))}, nil
}

// Close unmaps the page; the gate must not be used afterwards.
func (g *MapGate) Close() error { return syscall.Munmap(g.page) }
