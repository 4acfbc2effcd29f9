// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LeftoverAge is how long temporary objects are taken to be in use.
const LeftoverAge = time.Minute

// Recovered counts what [Recover] did.
type Recovered struct {
	Finished int // names given back what was meant for them
	Removed  int // leftovers removed
	Kept     int // leftovers with contents, which are never removed
}

// Recover clears away what processes that died in the middle of a change left
// in a directory, ours and those that RFC v3 left.  It ignores what was changed
// less than age ago, for somebody may be at work.
//
// Under temporary names it removes symlinks, empty files, files with another
// name, and empty directories; it completes a replacement whose name holds
// nothing; and it removes an "n?" that lost to "n" in such a change.  Everything
// else may be user data and stays.
func Recover(dirfd int, age time.Duration) (Recovered, error) {
	unlock, err := lockDir(dirfd)
	if err != nil {
		return Recovered{}, err
	}
	defer unlock()
	var names, shadows []string
	err = eachName(dirfd, func(name string) bool {
		if isTemp(name) {
			names = append(names, name)
		} else if seen, ok := strings.CutSuffix(name, "?"); ok && validName(seen) {
			shadows = append(shadows, seen)
		}
		return true
	})
	if err != nil {
		return Recovered{}, StatusOf(err)
	}
	r := recovery{dirfd: dirfd, newest: time.Now().Add(-age)}
	for _, name := range names {
		if strings.HasSuffix(name, intentSuffix) {
			r.intent(name)
		}
	}
	for _, name := range names {
		if !strings.HasSuffix(name, intentSuffix) {
			r.leftover(dirfd, name)
		}
	}
	for _, name := range shadows {
		r.shadow(name)
	}
	return r.Recovered, nil
}

type recovery struct {
	Recovered
	dirfd  int
	newest time.Time
}

// old gives the status of an object that nobody works on any more.
func (r *recovery) old(dirfd int, name string) (st unix.Stat_t, ok bool) {
	st, err := lstat(dirfd, name)
	if err != nil {
		return st, false
	}
	return st, !time.Unix(st.Ctim.Unix()).After(r.newest)
}

// intent finishes the replacement that was announced under this name.
func (r *recovery) intent(name string) {
	st, ok := r.old(r.dirfd, name)
	if !ok || !isLink(&st) {
		return
	}
	target, err := readlink(r.dirfd, name)
	if err != nil {
		return
	}
	tmp := strings.TrimSuffix(name, intentSuffix)
	obj, err := lstat(r.dirfd, tmp)
	if err == nil && validName(string(target)) && !isTemp(string(target)) {
		_, err = lstat(r.dirfd, string(target))
		if err == unix.ENOENT && renameNoReplace(r.dirfd, tmp, string(target), isDir(&obj)) == nil {
			r.Finished++
		}
	}
	if unlinkat(r.dirfd, name) == nil {
		r.Removed++
	}
}

// leftover removes an object if nothing is lost with it.
func (r *recovery) leftover(dirfd int, name string) {
	st, ok := r.old(dirfd, name)
	if !ok {
		return
	}
	var err error
	switch {
	case isLink(&st), isFile(&st) && (st.Size == 0 || st.Nlink > 1):
		err = unlinkat(dirfd, name)
	case isDir(&st):
		if dirfd == r.dirfd {
			r.insideRFC(name)
		}
		err = rmdirat(dirfd, name)
	default:
		err = unix.ENOTEMPTY
	}
	if err == nil {
		r.Removed++
	} else {
		r.Kept++
	}
}

// shadow removes an "n?" that lost to "n"; see formatc.go.
func (r *recovery) shadow(name string) {
	if _, ok := r.old(r.dirfd, name+"?"); !ok {
		return
	}
	at := place{fd: r.dirfd, name: name}
	if f, err := at.look(); err == nil && at.dropShadow(&f) {
		r.Removed++
	}
}

// insideRFC clears the two objects that RFC v3 puts into its temporary
// directories.
func (r *recovery) insideRFC(name string) {
	fd, err := openat(r.dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return
	}
	defer closeFD(fd)
	for _, inner := range []string{"tmplink", "tmpfile"} {
		if _, err := lstat(fd, inner); err == nil {
			r.leftover(fd, inner)
		}
	}
}
