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
		guard = w.guard()
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

// guard links the old file to a temporary name, "" if that cannot be.
func (w *swap) guard() string {
	guard, err := newTemp()
	if err != nil || linkat(w.at.fd, w.at.name, guard) != nil {
		return ""
	}
	if st, err := lstat(w.at.fd, guard); err != nil || identity(&st) != identity(&w.old) {
		_ = unlinkat(w.at.fd, guard)
		return ""
	}
	return guard
}

// replaceByIntent replaces where one of the two is a directory.
func (w *swap) replaceByIntent() error {
	text, err := w.oldText()
	if err == nil {
		err = symlinkat([]byte(w.at.name), w.at.fd, w.tmp+intentSuffix)
	}
	if err != nil {
		w.discard()
		return StatusOf(err)
	}
	if err = remove(w.at.fd, w.at.name, isDir(&w.old)); err != nil {
		w.discard()
		err = w.lost(err)
	} else if err = renameNoReplace(w.at.fd, w.tmp, w.at.name, isDir(&w.new)); err != nil {
		w.restore(text)
		w.discard()
	}
	_ = unlinkat(w.at.fd, w.tmp+intentSuffix)
	return ntError(err)
}

// lost gives the error for a call that expected the old object at the name.
func (w *swap) lost(err error) error {
	if isErrno(err, unix.ENOENT, unix.EISDIR, unix.ENOTDIR) {
		return errRaced
	}
	return StatusOf(err)
}

// oldText gives the text of the old object if it is a link.
func (w *swap) oldText() ([]byte, error) {
	if !isLink(&w.old) {
		return nil, nil
	}
	return readlink(w.at.fd, w.at.name)
}

// restore makes the removed object anew.
func (w *swap) restore(text []byte) {
	var err error
	if text != nil {
		err = symlinkat(text, w.at.fd, w.at.name)
	} else {
		err = mkdirat(w.at.fd, w.at.name, w.old.Mode&0o7777)
	}
	if err != nil && err != unix.EEXIST {
		warn("reparse: " + w.at.name + ": could not be made anew: " + err.Error())
	}
}

func remove(dirfd int, name string, directory bool) error {
	if directory {
		return rmdirat(dirfd, name)
	}
	return unlinkat(dirfd, name)
}
