// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// The system calls of the package.  Everything that changes a file system goes
// through change, where tests stop the process or make the call fail.

var beforeChange func(call string) error

func change(call string, f func() error) error {
	if beforeChange != nil {
		if err := beforeChange(call); err != nil {
			return err
		}
	}
	return retry(f)
}

// retry repeats f while a signal interrupts it.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

func openat(dirfd int, name string, flags int) (fd int, err error) {
	err = retry(func() error {
		fd, err = unix.Openat(dirfd, name, flags|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

func closeFD(fd int) { _ = unix.Close(fd) }

func lstat(dirfd int, name string) (st unix.Stat_t, err error) {
	err = retry(func() error { return unix.Fstatat(dirfd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

func stat(dirfd int, name string) (st unix.Stat_t, err error) {
	err = retry(func() error { return unix.Fstatat(dirfd, name, &st, 0) })
	return st, err
}

func fstat(fd int) (st unix.Stat_t, err error) {
	err = retry(func() error { return unix.Fstatat(fd, "", &st, unix.AT_EMPTY_PATH) })
	return st, err
}

func readlink(dirfd int, name string) ([]byte, error) { return readlinkSize(dirfd, name, MaxText) }

// readlinkSize is readlink for a text that is expected to have size bytes.
func readlinkSize(dirfd int, name string, size int64) ([]byte, error) {
	buf := make([]byte, min(max(size, 0), MaxText)+1)
	var n int
	err := retry(func() (err error) {
		n, err = unix.Readlinkat(dirfd, name, buf)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case n < len(buf):
		return buf[:n], nil
	case len(buf) <= MaxText: // longer than expected
		return readlinkSize(dirfd, name, MaxText)
	}
	return nil, unix.ENAMETOOLONG
}

func procPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// pathOf gives the path by which the kernel knows what fd is open on.
func pathOf(fd int) (string, error) {
	path, err := readlink(unix.AT_FDCWD, procPath(fd))
	if err == nil && (len(path) == 0 || path[0] != '/') {
		err = unix.ENOENT
	}
	return string(path), err
}

func symlinkat(text []byte, dirfd int, name string) error {
	return change("symlinkat", func() error { return unix.Symlinkat(string(text), dirfd, name) })
}

func mkdirat(dirfd int, name string, mode uint32) error {
	return change("mkdirat", func() error { return unix.Mkdirat(dirfd, name, mode) })
}

// mkfileat creates an empty file without opening it.
func mkfileat(dirfd int, name string, mode uint32) error {
	return change("mknodat", func() error { return unix.Mknodat(dirfd, name, unix.S_IFREG|mode, 0) })
}

func linkat(dirfd int, from, to string) error {
	return change("linkat", func() error { return unix.Linkat(dirfd, from, dirfd, to, 0) })
}

func unlinkat(dirfd int, name string) error {
	return change("unlinkat", func() error { return unix.Unlinkat(dirfd, name, 0) })
}

// rmdirat removes an empty directory; a directory with entries is ENOTEMPTY.
func rmdirat(dirfd int, name string) error {
	err := change("rmdirat", func() error { return unix.Unlinkat(dirfd, name, unix.AT_REMOVEDIR) })
	if err == unix.EEXIST {
		err = unix.ENOTEMPTY
	}
	return err
}

func renameat(dirfd int, from, to string) error {
	return change("renameat", func() error { return unix.Renameat(dirfd, from, dirfd, to) })
}

func renameat2(dirfd int, from, to string, flags uint) error {
	call := "renameat2 noreplace"
	if flags == unix.RENAME_EXCHANGE {
		call = "renameat2 exchange"
	}
	return change(call, func() error { return unix.Renameat2(dirfd, from, dirfd, to, flags) })
}

// xattrName is the attribute of Wine 10.19 and later.
const xattrName = "user.WINEREPARSE"

// getxattr reads the attribute of what fd, which may be O_PATH, is open on.
func getxattr(fd int) ([]byte, error) {
	for _, size := range []int{512, MaxBuffer} {
		buf := make([]byte, size)
		var n int
		err := retry(func() (err error) {
			n, err = unix.Getxattr(procPath(fd), xattrName, buf)
			return err
		})
		if err == nil {
			return buf[:n], nil
		}
		if err != unix.ERANGE {
			return nil, err
		}
	}
	return nil, unix.ERANGE
}

func setxattr(fd int, value []byte) error {
	return change("setxattr", func() error { return unix.Setxattr(procPath(fd), xattrName, value, 0) })
}

func removexattr(fd int) error {
	return change("removexattr", func() error { return unix.Removexattr(procPath(fd), xattrName) })
}

func setTimes(dirfd int, name string, st *unix.Stat_t) error {
	times := []unix.Timespec{st.Atim, st.Mtim}
	return change("utimensat", func() error {
		return unix.UtimesNanoAt(dirfd, name, times, unix.AT_SYMLINK_NOFOLLOW)
	})
}

func syncDir(dirfd int) error {
	fd, err := openat(dirfd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer closeFD(fd)
	return change("fsync", func() error { return unix.Fsync(fd) })
}

// eachName calls f for each entry of a directory but "." and "..", until f
// returns false.
func eachName(dirfd int, f func(name string) bool) error {
	fd, err := openat(dirfd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer closeFD(fd)
	buf := make([]byte, 8<<10)
	for {
		var n int
		err := retry(func() (err error) {
			n, err = unix.ReadDirent(fd, buf)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		for rest := buf[:n]; len(rest) > 0; {
			var names []string
			var used int
			if used, _, names = unix.ParseDirent(rest, 1, nil); used == 0 {
				break
			}
			rest = rest[used:]
			for _, name := range names {
				if !f(name) {
					return nil
				}
			}
		}
	}
}

func isErrno(err error, list ...unix.Errno) bool {
	var errno unix.Errno
	if errors.As(err, &errno) {
		for _, e := range list {
			if errno == e {
				return true
			}
		}
	}
	return false
}
