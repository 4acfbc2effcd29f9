// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

var errExchange = errors.New("reparse: no exchange on this file system")

// noExchange holds the st_dev of file systems that refused an exchange.
// Nothing but speed and safety margins depend on it, so that a device number
// used again later does no harm.
var noExchange sync.Map

func canExchange(dev uint64) bool {
	_, refused := noExchange.Load(dev)
	return !refused
}

func cannotExchange(dev uint64) {
	if _, known := noExchange.LoadOrStore(dev, true); !known {
		warn(fmt.Sprintf("reparse: no atomic exchange on device %d:%d, using rename",
			unix.Major(dev), unix.Minor(dev)))
	}
}

// renameNoReplace renames unless the new name exists, which is EEXIST.
// File systems that cannot promise that get the nearest thing: a link for
// what is not a directory, which is just as good, and a plain rename for a
// directory, which the kernel lets replace nothing but an empty one.
func renameNoReplace(dirfd int, from, to string, directory bool) error {
	err := renameat2(dirfd, from, to, unix.RENAME_NOREPLACE)
	if !isErrno(err, unix.EINVAL, unix.ENOSYS, unix.ENOTSUP) {
		return err
	}
	if !directory {
		if err = linkat(dirfd, from, to); err == nil {
			_ = unlinkat(dirfd, from) // a second name is no failure
			return nil
		}
		if !isErrno(err, unix.EPERM, unix.ENOTSUP, unix.ENOSYS, unix.EMLINK) {
			return err
		}
	}
	if _, err := lstat(dirfd, to); err != unix.ENOENT {
		if err == nil {
			err = unix.EEXIST
		}
		return err
	}
	return renameat(dirfd, from, to)
}
