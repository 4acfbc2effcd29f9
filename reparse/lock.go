// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"time"

	"golang.org/x/sys/unix"
)

// Changes in one directory are made one at a time, also by several processes:
// what one of them is in the middle of looks to another like what a killed
// process left.  A BSD lock on the directory ends with its holder.

const (
	lockPatience = time.Second
	lockPause    = 500 * time.Microsecond
)

// lockDir locks a directory until unlock is called.  It fails with
// SHARING_VIOLATION if somebody does not let go.  Where the directory cannot be
// locked, as when it cannot be read, the checks of identity have to do.
func lockDir(dirfd int) (unlock func(), err error) {
	fd, err := openat(dirfd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return func() {}, nil
	}
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err = retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
		if err != unix.EWOULDBLOCK {
			return func() { closeFD(fd) }, nil
		}
		if time.Now().After(end) {
			closeFD(fd)
			return nil, StatusSharingViolation
		}
	}
}
