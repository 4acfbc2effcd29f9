package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls on C strings, so that no name is copied. unix.Syscall and not
// RawSyscall: while it blocks, other threads get the processor it held.

func statPath(name *byte, st *unix.Stat_t) unix.Errno {
	dir := unix.AT_FDCWD
	_, _, errno := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir),
		uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(st)), 0, 0, 0)
	return errno
}

func openPath(name *byte) (int, unix.Errno) {
	dir := unix.AT_FDCWD
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(name)),
		unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0, 0, 0)
	return int(fd), errno
}
