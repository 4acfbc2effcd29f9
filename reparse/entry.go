// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Entry is a directory entry as Windows shall see it.
type Entry struct {
	Info
	// Length is how many bytes of the name on disk Windows sees: all, or
	// all but the "?" of the Xattr form.
	Length int
	// Hidden tells an entry that Windows must not see: a temporary object,
	// or an "n?" beside the "n" that wins.
	Hidden bool
	// Leftover tells a temporary object, so that [Recover] has work.
	Leftover bool
}

// Entry describes the directory entry with that name on disk.  A genuine name
// with a "?" at its end is no reparse point and stays whole.
func (s *Store) Entry(dirfd int, disk string) (Entry, error) {
	if !validName(disk) {
		return Entry{}, StatusObjectNameInvalid
	}
	e := Entry{Length: len(disk)}
	if isTemp(disk) {
		e.Hidden, e.Leftover = true, true
		return e, nil
	}
	at := place{fd: dirfd, name: disk}
	if name, ok := strings.CutSuffix(disk, "?"); ok && name != "" {
		f, err := at.lookXattr()
		// An unreadable attribute is not one that makes a reparse point.
		if err == nil && f.Form == FormXattr {
			e.Info, e.Length = f.Info, len(name)
			_, err = lstat(dirfd, name)
			e.Hidden = err != unix.ENOENT
			return e, nil
		}
	}
	st, err := lstat(dirfd, disk)
	if err != nil {
		return Entry{}, StatusOf(err)
	}
	f := found{st: st}
	f.Object, f.Directory = identity(&st), isDir(&st)
	if isLink(&st) {
		if f.text, err = readlinkSize(dirfd, disk, st.Size); err != nil {
			return Entry{}, StatusOf(err)
		}
		if err = at.lookText(&f); err != nil {
			return Entry{}, err
		}
	}
	e.Info = f.Info
	return e, nil
}
