// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "golang.org/x/sys/unix"

// The Xattr form.  The attribute is written before the object is renamed to
// "n?" and removed after it is renamed back, so that at no time is there an
// "n?" without a buffer; an "n" with a stray attribute is a plain object.
//
// A change between Text and Xattr goes through a state where both "n" and "n?"
// exist.  "n" wins there, for us as for Wine, and dropShadow removes the loser
// before the next change.

// setXattr stores a buffer as attribute.  It gives the errno where the file
// system refused the attribute itself.
func (at place) setXattr(f *found, raw []byte) error {
	if len(at.name)+1 > unix.NAME_MAX {
		return StatusNameTooLong
	}
	switch f.Form {
	case FormNone:
		return at.objectToXattr(f, raw)
	case FormXattr:
		return at.onObject(f, func(fd int) error { return setxattr(fd, raw) })
	}
	return at.linkToXattr(f, raw)
}

// objectToXattr makes a plain file or directory a reparse point.
func (at place) objectToXattr(f *found, raw []byte) error {
	return at.onObject(f, func(fd int) error {
		if err := setxattr(fd, raw); err != nil {
			return err
		}
		err := renameNoReplace(at.fd, at.name, at.name+"?", f.Directory)
		if err != nil {
			_ = removexattr(fd)
			if err == unix.ENOENT {
				return errRaced
			}
			return StatusOf(err)
		}
		st, err := lstat(at.fd, at.name+"?")
		if err == nil && identity(&st) != f.Object {
			// Another object was put there in between and is renamed
			// now.  It has no attribute of ours: give it its name back.
			if err := renameNoReplace(at.fd, at.name+"?", at.name, isDir(&st)); err != nil {
				warn("reparse: " + at.name + ": kept as " + at.name + "?")
			}
			_ = removexattr(fd)
			return errRaced
		}
		return nil
	})
}

// linkToXattr turns a Text or Legacy point into an Xattr one.
func (at place) linkToXattr(f *found, raw []byte) error {
	tmp, st, err := at.newObject(f.Directory)
	if err != nil {
		return err
	}
	carrier := found{disk: tmp, Info: Info{Object: identity(&st)}}
	err = at.onObject(&carrier, func(fd int) error { return setxattr(fd, raw) })
	if err == nil {
		if err = renameNoReplace(at.fd, tmp, at.name+"?", f.Directory); err != nil {
			err = StatusOf(err)
		}
	}
	if err != nil {
		_ = remove(at.fd, tmp, f.Directory)
		return err
	}
	// From here on the new buffer is found as soon as the link is gone.
	if err := at.removeLink(f); err != nil {
		_ = remove(at.fd, at.name+"?", f.Directory)
		return err
	}
	return nil
}

// removeLink removes the link f and nothing that took its name meanwhile.
func (at place) removeLink(f *found) error {
	aside, err := newTemp()
	if err != nil {
		return err
	}
	if err := renameat(at.fd, at.name, aside); err != nil {
		if err == unix.ENOENT {
			return errRaced
		}
		return StatusOf(err)
	}
	st, err := lstat(at.fd, aside)
	if err == nil && identity(&st) != f.Object {
		if err := renameNoReplace(at.fd, aside, at.name, isDir(&st)); err != nil {
			warn("reparse: " + at.name + ": kept as " + aside)
		}
		return errRaced
	}
	_ = unlinkat(at.fd, aside)
	return nil
}

// xattrToText turns an Xattr point whose carrier is empty into a Text one.
// A carrier with contents stays: the buffer is written to it instead.
func (at place) xattrToText(f *found, text []byte) error {
	keep := at.emptyFile(f.disk)
	if f.Directory {
		keep = at.emptyDir(f.disk)
	}
	if keep != nil {
		return unix.ENOTSUP
	}
	tmp, st, err := at.newLink(text)
	if err != nil {
		return err
	}
	if err := renameNoReplace(at.fd, tmp, at.name, false); err != nil {
		_ = unlinkat(at.fd, tmp)
		if err == unix.EEXIST {
			return errRaced
		}
		return StatusOf(err)
	}
	// "n" is the new link and wins.
	if at.dropObject(f) == nil {
		return nil
	}
	link := found{Info: Info{Object: identity(&st)}}
	if err := at.removeLink(&link); err != nil {
		return err
	}
	return unix.ENOTSUP
}

// dropObject removes the carrier f of an Xattr point unless it got contents.
func (at place) dropObject(f *found) error {
	if f.Directory {
		return rmdirat(at.fd, f.disk)
	}
	aside, err := newTemp()
	if err != nil {
		return err
	}
	if err := renameat(at.fd, f.disk, aside); err != nil {
		return err
	}
	st, err := lstat(at.fd, aside)
	if err == nil && identity(&st) == f.Object && st.Size == 0 {
		return unlinkat(at.fd, aside)
	}
	_ = renameNoReplace(at.fd, aside, f.disk, false)
	return errRaced
}

// dropShadow removes the "n?" that a change left beside "n" when
// it was cut short: an empty one with a buffer beside a symlink that only Wine
// makes, or a second link to the file that "n" is.
func (at place) dropShadow(n *found) bool {
	wines := (n.Form == FormText && n.Tag != TagLXSymlink) || n.Form == FormLegacy
	linked := n.Form == FormNone && isFile(&n.st) && n.st.Nlink > 1
	if !wines && !linked {
		return false
	}
	other := at
	other.name += "?"
	f, err := other.lookXattr()
	switch {
	case err != nil:
		return false
	case linked:
		return f.Object == n.Object && unlinkat(at.fd, f.disk) == nil
	}
	return f.Form == FormXattr && (f.Directory || f.st.Size == 0) && at.dropObject(&f) == nil
}

// deleteXattr makes an Xattr point a plain object again.
func (at place) deleteXattr(f *found) error {
	return at.onObject(f, func(fd int) error {
		err := renameNoReplace(at.fd, f.disk, at.name, f.Directory)
		if err == unix.ENOENT || err == unix.EEXIST {
			return errRaced
		}
		if err != nil {
			return StatusOf(err)
		}
		st, err := lstat(at.fd, at.name)
		if err == nil && identity(&st) != f.Object {
			if err := renameNoReplace(at.fd, at.name, f.disk, isDir(&st)); err != nil {
				warn("reparse: " + f.disk + ": kept as " + at.name)
			}
			return errRaced
		}
		if err := removexattr(fd); err != nil {
			warn("reparse: " + at.name + ": stray attribute: " + err.Error())
		}
		return nil
	})
}

// onObject opens the object f, by its name on disk, and calls do with the
// O_PATH descriptor.
func (at place) onObject(f *found, do func(fd int) error) error {
	fd, err := openat(at.fd, f.disk, unix.O_PATH|unix.O_NOFOLLOW)
	if err == unix.ENOENT {
		return errRaced
	}
	if err != nil {
		return StatusOf(err)
	}
	defer closeFD(fd)
	st, err := fstat(fd)
	if err != nil {
		return StatusOf(err)
	}
	if identity(&st) != f.Object {
		return errRaced
	}
	return do(fd)
}

// newObject makes an empty file or directory under a temporary name.
func (at place) newObject(directory bool) (tmp string, st unix.Stat_t, err error) {
	if tmp, err = newTemp(); err != nil {
		return "", st, err
	}
	if directory {
		err = mkdirat(at.fd, tmp, 0o777)
	} else {
		err = mkfileat(at.fd, tmp, 0o666)
	}
	if err == nil {
		if st, err = lstat(at.fd, tmp); err != nil {
			_ = remove(at.fd, tmp, directory)
		}
	}
	if err != nil {
		return "", st, StatusOf(err)
	}
	return tmp, st, nil
}
