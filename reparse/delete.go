// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "golang.org/x/sys/unix"

// Delete is FSCTL_DELETE_REPARSE_POINT with the input buffer header: it makes
// the reparse point at a name a plain file or directory again.  want is as for
// [Store.Set].  What the object becomes follows from the point itself and not
// from where it leads: a junction is a directory even when it dangles.
//
// A point of the Legacy form is replaced like one of the Text form; what
// .REPARSE_POINT holds for it stays.
//
//	no input                       INVALID_BUFFER_SIZE
//	not a reparse point            NOT_A_REPARSE_POINT, and nothing is touched
//	header invalid, another tag    as [CheckDelete]
func (s *Store) Delete(dirfd int, name string, want Object, header []byte) (Info, error) {
	return s.changing(dirfd, name, want, func(at place, f *found) error {
		if err := CheckDelete(f.current(), header); err != nil {
			return err
		}
		if f.Form == FormXattr {
			return at.deleteXattr(f)
		}
		tmp, st, err := at.newObject(f.Directory)
		if err != nil {
			return err
		}
		w := swap{at: at, tmp: tmp, old: f.st, new: st}
		return w.run(at.emptyFile)
	})
}

// Remove takes the reparse point at a name away altogether, as closing the
// last handle of a file that is to be deleted does.  It never touches the
// target.  Anything but a reparse point is STATUS_NOT_A_REPARSE_POINT.
func (s *Store) Remove(dirfd int, name string, want Object) error {
	_, err := s.changing(dirfd, name, want, func(at place, f *found) error {
		switch {
		case f.Form == FormNone:
			return StatusNotAReparsePoint
		case f.Form != FormXattr:
			return at.removeLink(f)
		case f.Directory:
			return rmdirat(at.fd, f.disk)
		}
		err := unlinkat(at.fd, f.disk)
		if err == unix.ENOENT {
			return errRaced
		}
		return err
	})
	return err
}
