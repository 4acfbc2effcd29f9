// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"golang.org/x/sys/unix"
)

// A swap puts a new object, made under a temporary name, in the place of an
// old one and removes the old one.  The kernel's exchange does it in one step:
// the name always holds one of the two, and what was taken away can be looked
// at before it is removed, and put back.
//
// Without exchange (NFS, FUSE file systems of the older kind) a rename still
// replaces one non-directory by another in one step.  Where a directory is
// involved, the name holds nothing for a moment; an intent beside the new
// object lets Recover finish the job.
type swap struct {
	at       place
	tmp      string
	old, new unix.Stat_t
}

// errRaced says that the name no longer holds the old object.  Nothing was
// changed, save that the new object is gone.
var errRaced error = StatusRetry

// run performs the swap.  On any error the name holds what it held, and the
// new object is removed.  recheck is asked, of the old object under the name it
// is given, whether it may still be thrown away; it runs when nobody finds the
// object by its old name any more.
func (w *swap) run(recheck func(name string) error) error {
	err := errExchange
	if canExchange(w.old.Dev) {
		err = renameat2(w.at.fd, w.tmp, w.at.name, unix.RENAME_EXCHANGE)
		if isErrno(err, unix.EINVAL, unix.ENOSYS, unix.ENOTSUP) {
			cannotExchange(w.old.Dev)
			err = errExchange
		} else if err == unix.EPERM || err == unix.EXDEV {
			err = errExchange // not this object, as overlayfs does
		}
	}
	switch {
	case err == nil:
		return w.settle(recheck)
	case err == errExchange:
		return w.fallback(recheck)
	case err == unix.ENOENT:
		w.discard()
		return errRaced
	}
	w.discard()
	return StatusOf(err)
}

// settle removes the old object, which is at tmp now, or puts it back.
func (w *swap) settle(recheck func(string) error) error {
	st, err := lstat(w.at.fd, w.tmp)
	if err == unix.ENOENT {
		return nil // somebody's recovery was faster
	}
	if err == nil && identity(&st) != identity(&w.old) {
		err = errRaced
	}
	if err == nil {
		err = recheck(w.tmp)
	}
	if err == nil {
		err = remove(w.at.fd, w.tmp, isDir(&st))
	}
	if err != nil {
		w.back()
		return StatusOf(err)
	}
	return nil
}

// back undoes an exchange.  Should others have changed the name meanwhile, it
// gets what they put there, and the object at tmp, which is not ours to
// remove, stays.
func (w *swap) back() {
	err := renameat2(w.at.fd, w.tmp, w.at.name, unix.RENAME_EXCHANGE)
	if err == unix.ENOENT {
		err = renameNoReplace(w.at.fd, w.tmp, w.at.name, isDir(&w.old))
		if err == nil {
			return
		}
	}
	if err != nil {
		warn("reparse: " + w.at.name + ": could not be put back from " + w.tmp)
		return
	}
	if st, err := lstat(w.at.fd, w.tmp); err != nil || identity(&st) != identity(&w.new) {
		if renameat2(w.at.fd, w.tmp, w.at.name, unix.RENAME_EXCHANGE) == nil {
			warn("reparse: " + w.at.name + ": replaced by others, the previous object is kept as " + w.tmp)
		}
		return
	}
	w.discard()
}

// discard removes the new object from its temporary name.
func (w *swap) discard() { _ = remove(w.at.fd, w.tmp, isDir(&w.new)) }

// fallback is run without exchange.
func (w *swap) fallback(recheck func(string) error) error {
	st, err := lstat(w.at.fd, w.at.name)
	if err == unix.ENOENT || (err == nil && identity(&st) != identity(&w.old)) {
		err = errRaced
	}
	if err == nil {
		err = recheck(w.at.name)
	}
	if err != nil {
		w.discard()
		return StatusOf(err)
	}
	if isDir(&w.old) || isDir(&w.new) {
		return w.replaceByIntent()
	}
	return w.replaceByRename(recheck)
}

// replaceByRename replaces a non-directory by another.  A second link keeps a
// regular file within reach until it is known to be still empty.
func (w *swap) replaceByRename(recheck func(string) error) error {
	guard := ""
	if isFile(&w.old) {
		var err error
		if guard, err = w.guard(); err != nil {
			w.discard()
			return err
		}
	}
	if err := renameat(w.at.fd, w.tmp, w.at.name); err != nil {
		if guard != "" {
			_ = unlinkat(w.at.fd, guard)
		}
		w.discard()
		return w.lost(err)
	}
	if guard == "" {
		return nil
	}
	if err := recheck(guard); err != nil {
		if err := renameat(w.at.fd, guard, w.at.name); err != nil {
			warn("reparse: " + w.at.name + ": kept as " + guard)
		}
		return StatusOf(err)
	}
	_ = unlinkat(w.at.fd, guard)
	return nil
}

// guard links the old file to a temporary name, "" if the file system has no
// links.
func (w *swap) guard() (string, error) {
	guard, err := newTemp()
	if err != nil {
		return "", err
	}
	if err := linkat(w.at.fd, w.at.name, guard); err != nil {
		if err == unix.ENOENT {
			return "", errRaced
		}
		return "", nil
	}
	if st, err := lstat(w.at.fd, guard); err != nil || identity(&st) != identity(&w.old) {
		_ = unlinkat(w.at.fd, guard)
		return "", errRaced
	}
	return guard, nil
}

// replaceByIntent replaces where one of the two is a directory.
func (w *swap) replaceByIntent() error {
	intent := w.tmp + intentSuffix
	err := symlinkat([]byte(w.at.name), w.at.fd, intent)
	if err != nil {
		w.discard()
		return StatusOf(err)
	}
	takeAway := w.takeDirectory
	if !isDir(&w.old) {
		takeAway = w.takeLink
	}
	if err = takeAway(); err != nil {
		w.discard()
	}
	_ = unlinkat(w.at.fd, intent)
	return err
}

// takeDirectory removes the old directory, which the kernel does only if it is
// empty, and puts the new object there.
func (w *swap) takeDirectory() error {
	if err := rmdirat(w.at.fd, w.at.name); err != nil {
		return w.lost(err)
	}
	err := renameNoReplace(w.at.fd, w.tmp, w.at.name, isDir(&w.new))
	if err == nil {
		return nil
	}
	if e := mkdirat(w.at.fd, w.at.name, w.old.Mode&0o7777); e != nil && e != unix.EEXIST {
		warn("reparse: " + w.at.name + ": could not be made anew: " + e.Error())
	}
	return StatusOf(err)
}

// takeLink sets the old link aside, and puts the new object there.
func (w *swap) takeLink() error {
	aside, err := newTemp()
	if err != nil {
		return err
	}
	if err := renameat(w.at.fd, w.at.name, aside); err != nil {
		return w.lost(err)
	}
	st, err := lstat(w.at.fd, aside)
	if err == nil && identity(&st) != identity(&w.old) {
		err = errRaced
	}
	if err == nil {
		err = renameNoReplace(w.at.fd, w.tmp, w.at.name, isDir(&w.new))
	}
	if err == nil {
		_ = unlinkat(w.at.fd, aside)
		return nil
	}
	if e := renameNoReplace(w.at.fd, aside, w.at.name, isDir(&st)); e != nil {
		warn("reparse: " + w.at.name + ": kept as " + aside)
	}
	return StatusOf(err)
}

// lost gives the error for a call that expected the old object at the name.
func (w *swap) lost(err error) error {
	if isErrno(err, unix.ENOENT, unix.EISDIR, unix.ENOTDIR) {
		return errRaced
	}
	return StatusOf(err)
}

func remove(dirfd int, name string, directory bool) error {
	if directory {
		return rmdirat(dirfd, name)
	}
	return unlinkat(dirfd, name)
}
