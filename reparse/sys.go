// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

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
