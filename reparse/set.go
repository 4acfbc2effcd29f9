// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"time"

	"github.com/nspa-dev/nspa/reparse/change"
)

// Changes of names are made by package change: C that wineserver runs too.

// Set is FSCTL_SET_REPARSE_POINT: it makes the object at a name a reparse point
// with the buffer raw, or replaces the buffer of one with the same tag.  If
// want is not zero the name must hold that object, or Set fails with
// STATUS_OBJECT_NAME_NOT_FOUND.
//
// In the Text form the object is replaced by a symlink; the result tells its
// identity.  The object must be an empty directory or an empty file, with the
// mode, the owner and the attributes that a new one has: any other takes the
// Xattr form.
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
	at, want, err := openChange(dirfd, name, want)
	if err != nil {
		return Info{}, err
	}
	defer at.close()
	v := change.Value{Raw: raw, Sync: s.Sync}
	if _, err := CheckHeader(raw); err == nil {
		f, err := at.look()
		if err != nil {
			return Info{}, err
		}
		c, err := s.Prefix.Choose(raw, s.Policy, f.Directory, at.fd)
		v.Text, v.Status, v.Otherwise = c.Text, uint32(StatusOf(err)), uint32(c.Otherwise)
	}
	return changed(change.Set(at.fd, at.name, want.Dev, want.Ino, v))
}

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
	at, want, err := openChange(dirfd, name, want)
	if err != nil {
		return Info{}, err
	}
	defer at.close()
	return changed(change.Delete(at.fd, at.name, want.Dev, want.Ino, header, s.Sync))
}

// Remove takes the reparse point at a name away altogether, as closing the
// last handle of a file that is to be deleted does.  It never touches the
// target.  Anything but a reparse point is STATUS_NOT_A_REPARSE_POINT.
func (s *Store) Remove(dirfd int, name string, want Object) error {
	at, want, err := openChange(dirfd, name, want)
	if err != nil {
		return err
	}
	defer at.close()
	return statusError(change.Remove(at.fd, at.name, want.Dev, want.Ino))
}

// openChange resolves the parameters of a change.
func openChange(dirfd int, name string, want Object) (place, Object, error) {
	at, err := open(dirfd, name)
	if want == (Object{}) {
		want = at.want
	}
	return at, want, err
}

func statusError(status uint32) error {
	if status == 0 {
		return nil
	}
	return Status(status)
}

func changed(r change.Result, status uint32) (Info, error) {
	return Info{Form(r.Form), Tag(r.Tag), r.Directory, Object{r.Dev, r.Ino}}, statusError(status)
}

// LeftoverAge is how long temporary objects are taken to be in use.
const LeftoverAge = time.Minute

// Recovered counts what [Recover] did.
type Recovered = change.Recovered

// Recover clears away what processes that died in the middle of a change left
// in a directory, ours and those that RFC v3 left.  It ignores what was changed
// less than age ago, for somebody may be at work.
//
// Under temporary names it removes symlinks, empty files, files with another
// name, and empty directories; it completes a replacement whose name holds
// nothing; and it removes an "n?" that lost to "n" in such a change.  Everything
// else may be user data and stays.
func Recover(dirfd int, age time.Duration) (Recovered, error) {
	r, status := change.Recover(dirfd, uint32(age/time.Second))
	return r, statusError(status)
}
