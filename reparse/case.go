// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// DiskCase corrects names to the spelling found by reading directories.
type DiskCase struct{}

// Correct implements [CaseCorrector].  Separators, "." and ".." stay as they
// are.
func (DiskCase) Correct(dirfd int, path []byte) []byte {
	start := "."
	if len(path) > 0 && path[0] == '/' {
		start = "/"
	}
	dir, err := openat(dirfd, start, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return path
	}
	defer func() { closeFD(dir) }()

	out := make([]byte, 0, len(path))
	for rest := path; ; {
		name, after, more := bytes.Cut(rest, []byte("/"))
		found := name
		if len(name) > 0 {
			if found = correctName(dir, name); found == nil {
				return append(out, rest...)
			}
		}
		out = append(out, found...)
		if !more {
			return out
		}
		out = append(out, '/')
		if len(name) > 0 {
			next, err := openat(dir, string(found), unix.O_PATH|unix.O_DIRECTORY)
			if err != nil {
				return append(out, after...)
			}
			closeFD(dir)
			dir = next
		}
		rest = after
	}
}

// correctName gives the spelling of name in dir, nil if it is not there.
func correctName(dir int, name []byte) []byte {
	if _, err := lstat(dir, string(name)); err == nil {
		return name
	}
	want, ok := appendNT(nil, name)
	if !ok {
		return nil
	}
	var found []byte
	var buf []uint16
	_ = eachName(dir, func(entry string) bool {
		if buf, ok = appendNT(buf[:0], []byte(entry)); ok && equalFoldUTF16(buf, want) {
			found = []byte(entry)
			return false
		}
		return true
	})
	return found
}
