// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// raceRetries bounds the attempts to change a name that others keep changing.
const raceRetries = 4

// Set is FSCTL_SET_REPARSE_POINT: it makes the object at a name a reparse point
// with the buffer raw, or replaces the buffer of one with the same tag.  If
// want is not zero the name must hold that object, or Set fails with
// STATUS_OBJECT_NAME_NOT_FOUND.
//
// In the Text form the object is replaced by a symlink; the result tells its
// identity.  The object must be an empty directory or an empty file.
//
//	buffer invalid                                    as [Parse]
//	mount point on a file                             NOT_A_DIRECTORY
//	directory with entries, tag without bit 28        DIRECTORY_NOT_EMPTY
//	symbolic link or WSL link on a file with data     IO_REPARSE_DATA_INVALID
//	neither file nor directory                        INVALID_DEVICE_REQUEST
//	existing tag differs                              IO_REPARSE_TAG_MISMATCH
//	existing GUID differs                             REPARSE_ATTRIBUTE_CONFLICT
//	no form fits: no user attributes                  IO_REPARSE_DATA_INVALID
//	no form fits: link text too long                  NAME_TOO_LONG
//	neither symlinks nor user attributes              VOLUME_NOT_UPGRADED
//	"name?" is taken                                  OBJECT_NAME_COLLISION
func (s *Store) Set(dirfd int, name string, want Object, raw []byte) (Info, error) {
	return s.changing(dirfd, name, want, func(at place, f *found) error {
		tag, err := CheckHeader(raw)
		if err != nil {
			return err
		}
		if tag == TagMountPoint && !f.Directory {
			return StatusNotADirectory
		}
		if f.Form == FormNone {
			if err := at.accepts(f, tag); err != nil {
				return err
			}
		}
		choice, err := s.Prefix.Choose(raw, s.Policy, f.Directory, at.fd)
		if err != nil {
			return err
		}
		if f.Form != FormNone {
			if err := CheckReplace(f.current(), raw); err != nil {
				return err
			}
		}
		if choice.Form == FormText {
			err = at.setText(f, choice.Text)
			if !isErrno(err, unix.EPERM, unix.ENOTSUP, unix.ENOSYS, unix.ENAMETOOLONG) || tag == TagLXSymlink {
				return textStatus(err)
			}
			if err == unix.ENAMETOOLONG {
				choice.Otherwise = StatusNameTooLong
			}
		}
		err = at.setXattr(f, raw)
		if isErrno(err, unix.ENOTSUP, unix.E2BIG, unix.ERANGE) || (err == unix.ENOSPC && at.hasSpace()) {
			return choice.Otherwise
		}
		return err
	})
}

// changing runs one change of a name until it does not lose a race with
// somebody who does not heed locks.
func (s *Store) changing(dirfd int, name string, want Object, f func(at place, f *found) error) (Info, error) {
	at, err := open(dirfd, name)
	if err != nil {
		return Info{}, err
	}
	defer at.close()
	if want != (Object{}) {
		at.want = want
	}
	unlock, err := lockDir(at.fd)
	if err != nil {
		return Info{}, err
	}
	defer unlock()
	for range raceRetries {
		var now found
		if now, err = at.look(); err != nil {
			return Info{}, err
		}
		at.dropShadow(&now)
		if err = f(at, &now); err != errRaced {
			break
		}
	}
	if err != nil {
		return Info{}, StatusOf(err)
	}
	if s.Sync {
		if err := syncDir(at.fd); err != nil {
			return Info{}, StatusOf(err)
		}
	}
	at.want = Object{}
	now, _ := at.look() // gone again or not, the change was made
	return now.Info, nil
}

// current gives the existing buffer, or as much of it as the checks look at.
func (f *found) current() []byte {
	if f.Form == FormText {
		return binary.LittleEndian.AppendUint32(nil, uint32(f.Tag))
	}
	return f.raw
}

// textStatus gives the status of a failure to store a WSL link or any text.
func textStatus(err error) error {
	if isErrno(err, unix.EPERM, unix.ENOTSUP, unix.ENOSYS) {
		return StatusVolumeNotUpgraded
	}
	return err
}

// accepts reports whether the object may become a reparse point with tag.
func (at place) accepts(f *found, tag Tag) error {
	switch {
	case isDir(&f.st):
		if tag.Directory() {
			return nil
		}
		return at.emptyDir(at.name)
	case !isFile(&f.st):
		return StatusInvalidDeviceRequest
	case tag == TagSymlink || tag == TagLXSymlink:
		return at.emptyFile(at.name)
	}
	return nil
}

// emptyFile refuses a file with data.  It gives success for other objects,
// whose emptiness other system calls look after.
func (at place) emptyFile(name string) error {
	st, err := lstat(at.fd, name)
	if err != nil {
		return StatusOf(err)
	}
	if isFile(&st) && st.Size != 0 {
		return StatusIOReparseDataInvalid
	}
	return nil
}

// emptyDir refuses a directory with entries other than old leftovers, which it
// clears away.
func (at place) emptyDir(name string) error {
	fd, err := openat(at.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return StatusOf(err)
	}
	defer closeFD(fd)
	entries, temps := 0, 0
	count := func(name string) bool {
		entries++
		if isTemp(name) {
			temps++
		}
		return entries == temps
	}
	if err := eachName(fd, count); err != nil {
		return StatusOf(err)
	}
	if entries > 0 && entries == temps {
		if _, err := Recover(fd, LeftoverAge); err != nil {
			return err
		}
		entries, temps = 0, 0
		if err := eachName(fd, count); err != nil {
			return StatusOf(err)
		}
	}
	if entries > 0 {
		return StatusDirectoryNotEmpty
	}
	return nil
}

// setText stores a link text.  Errors are errnos where the file system refused
// the symlink itself.
func (at place) setText(f *found, text []byte) error {
	if f.Form == FormXattr {
		return at.xattrToText(f, text)
	}
	tmp, st, err := at.newLink(text)
	if err != nil {
		return err
	}
	w := swap{at: at, tmp: tmp, old: f.st, new: st}
	return w.run(at.emptyFile)
}

// newLink makes a symlink under a temporary name.
func (at place) newLink(text []byte) (tmp string, st unix.Stat_t, err error) {
	if tmp, err = newTemp(); err != nil {
		return "", st, err
	}
	if err = symlinkat(text, at.fd, tmp); err != nil {
		return "", st, err
	}
	if st, err = lstat(at.fd, tmp); err != nil {
		_ = unlinkat(at.fd, tmp)
		return "", st, StatusOf(err)
	}
	return tmp, st, nil
}

// hasSpace tells an attribute that does not fit from a full file system.
func (at place) hasSpace() bool {
	fd, err := openat(at.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return false
	}
	defer closeFD(fd)
	var st unix.Statfs_t
	err = retry(func() error { return unix.Fstatfs(fd, &st) })
	return err == nil && st.Bavail*uint64(st.Bsize) > 1<<20
}
