// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"strings"

	"golang.org/x/sys/unix"
)

// DosDevices are the drives of the Wine prefix at that path, read from the
// links in its directory dosdevices at every call.
type DosDevices string

// Root implements [Drives].  An absolute link is taken at its word, so that a
// drive on a dead network file system cannot block.
func (d DosDevices) Root(letter byte) (string, bool) {
	link := string(d) + dosDevices + string(rune(letter)) + ":"
	text, err := readlink(unix.AT_FDCWD, link)
	if err != nil {
		return "", false
	}
	root := string(text)
	if len(root) > 1 {
		root = strings.TrimSuffix(root, "/")
	}
	if root == "/" || validPrefix(root) {
		return root, true
	}
	fd, err := openat(unix.AT_FDCWD, link, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return "", false
	}
	defer closeFD(fd)
	if root, err = pathOf(fd); err != nil {
		return "", false
	}
	return root, true
}
