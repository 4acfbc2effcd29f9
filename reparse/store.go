// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Store reads and writes the reparse points of names in open directories.
//
// Directories are file descriptors, O_PATH will do, and stay the caller's.
// Names are single path components as Windows sees them: without the "?" of
// the Xattr form.  An empty name stands for what the descriptor itself is open
// on.  Its methods may run at the same time, also in several processes:
// whoever loses a race gets STATUS_RETRY or STATUS_OBJECT_NAME_NOT_FOUND.
type Store struct {
	Prefix Prefix
	Policy Policy
	// Sync makes every change durable before the method returns.
	Sync bool
}

// Object identifies a file system object.  The zero Object stands for
// whatever a name holds.
type Object struct{ Dev, Ino uint64 }

// Info describes what a name holds.
type Info struct {
	Form Form
	Tag  Tag // 0 for FormNone
	// Directory tells a directory, or a reparse point that Windows treats
	// as one.  A WSL link is what its target is, a file when dangling.
	Directory bool
	Object    Object // the object on disk; a link, not its target
}

// found is what a name holds, with all that was read to find out.
type found struct {
	Info
	disk string // the name on disk
	st   unix.Stat_t
	text []byte // FormText
	raw  []byte // FormXattr, FormLegacy
}

func identity(st *unix.Stat_t) Object { return Object{uint64(st.Dev), st.Ino} }

func isDir(st *unix.Stat_t) bool  { return st.Mode&unix.S_IFMT == unix.S_IFDIR }
func isFile(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG }
func isLink(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFLNK }

// Classify tells what a name holds.
func (s *Store) Classify(dirfd int, name string) (Info, error) {
	if info, ok := plainDescriptor(dirfd, name); ok {
		return info, nil
	}
	at, err := open(dirfd, name)
	if err != nil {
		return Info{}, err
	}
	defer at.close()
	f, err := at.look()
	return f.Info, err
}

// Get gives the buffer of the reparse point that a name holds, or
// STATUS_NOT_A_REPARSE_POINT.
func (s *Store) Get(dirfd int, name string) ([]byte, error) {
	if _, ok := plainDescriptor(dirfd, name); ok {
		return nil, StatusNotAReparsePoint
	}
	at, err := open(dirfd, name)
	if err != nil {
		return nil, err
	}
	defer at.close()
	f, err := at.look()
	if err != nil {
		return nil, err
	}
	return s.read(at, &f)
}

// read gives the buffer of f.
func (s *Store) read(at place, f *found) ([]byte, error) {
	switch f.Form {
	case FormText:
		b, err := s.Prefix.Decode(f.text, s.moved(at, f))
		if err != nil {
			return nil, err
		}
		return b.Bytes()
	case FormXattr, FormLegacy:
		return f.raw, nil
	}
	return nil, StatusNotAReparsePoint
}

// errRaced says that a name changed between two looks at it.
var errRaced error = StatusRetry

// raceRetries bounds the looks at a name that others keep changing.
const raceRetries = 4

// place is a name in an open directory.
type place struct {
	fd   int
	name string
	want Object // what the name must hold; zero is anything
	own  bool   // fd is to be closed
}

// open resolves the parameters of the Store methods.
func open(dirfd int, name string) (place, error) {
	if name == "" {
		return openParent(dirfd)
	}
	if !validName(name) || isTemp(name) {
		return place{}, StatusObjectNameInvalid
	}
	return place{fd: dirfd, name: name}, nil
}

// plainDescriptor recognises, without a look at its directory, what cannot be a
// reparse point: anything but a link whose name has no "?" or that has no name.
func plainDescriptor(fd int, name string) (Info, bool) {
	if name != "" {
		return Info{}, false
	}
	st, err := fstat(fd)
	if err != nil || isLink(&st) {
		return Info{}, false
	}
	if path, err := pathOf(fd); err == nil && strings.HasSuffix(path, "?") {
		return Info{}, false
	}
	return Info{Directory: isDir(&st), Object: identity(&st)}, true
}

// openParent finds the name under which fd was opened.
func openParent(fd int) (place, error) {
	st, err := fstat(fd)
	if err != nil {
		return place{}, StatusOf(err)
	}
	path, err := pathOf(fd)
	if err != nil {
		return place{}, StatusOf(err)
	}
	cut := strings.LastIndexByte(path, '/')
	dir, name := path[:cut+1], path[cut+1:]
	if !validName(name) || isTemp(name) {
		return place{}, StatusObjectNameNotFound
	}
	parent, err := openat(unix.AT_FDCWD, dir, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return place{}, StatusOf(err)
	}
	at := place{fd: parent, name: name, want: identity(&st), own: true}
	if seen, ok := strings.CutSuffix(name, "?"); ok && seen != "" && !isLink(&st) {
		if f, err := at.lookXattr(); err == nil && f.Object == at.want {
			at.name = seen
		}
	}
	return at, nil
}

func (at place) close() {
	if at.own {
		closeFD(at.fd)
	}
}

func validName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= unix.NAME_MAX &&
		!strings.ContainsAny(name, "/\x00")
}

// look finds out what the name holds.  "n" wins over "n?".
func (at place) look() (found, error) {
	for range raceRetries {
		f, err := at.lookOnce()
		if err != errRaced {
			return f, ntError(err)
		}
	}
	return found{}, StatusObjectNameNotFound
}

// lookOnce gives errRaced where the object changed between two system calls,
// and where it may have been renamed from "n?" to "n" behind our back.
func (at place) lookOnce() (found, error) {
	st, err := lstat(at.fd, at.name)
	if err == unix.ENOENT {
		other := at
		other.name += "?"
		f, err := other.lookXattr()
		if err == unix.ENOENT {
			if _, err := lstat(at.fd, at.name); err != unix.ENOENT {
				return found{}, errRaced
			}
		}
		if err != nil {
			return found{}, err
		}
		if f.Form == FormNone {
			return found{}, StatusObjectNameNotFound
		}
		return f, at.check(&f)
	}
	if err != nil {
		return found{}, err
	}
	f := found{disk: at.name, st: st}
	f.Object = identity(&st)
	f.Directory = isDir(&st)
	if err := at.check(&f); err != nil || !isLink(&st) {
		return f, err
	}
	f.text, err = readlinkSize(at.fd, at.name, st.Size)
	if err == unix.EINVAL || err == unix.ENOENT {
		return found{}, errRaced // no link any more
	}
	if err != nil {
		return found{}, err
	}
	return f, at.lookText(&f)
}

// check refuses what is not the wanted object.
func (at place) check(f *found) error {
	if at.want != (Object{}) && at.want != f.Object {
		return StatusObjectNameNotFound
	}
	return nil
}

// lookText classifies a symlink.
func (at place) lookText(f *found) error {
	if isLegacyText(f.text) {
		raw, directory, err := readLegacy(f.text, func(path string) ([]byte, error) {
			return readlink(at.fd, path)
		})
		if err == nil {
			f.Form, f.raw, f.Directory = FormLegacy, raw, directory
			f.Tag, err = CheckHeader(raw)
			return err
		}
		// What is damaged is at least a Unix symlink.
	}
	link := ParseLink(f.text)
	f.Form, f.Tag, f.Directory = FormText, link.Tag, link.Directory
	if f.Tag == TagLXSymlink {
		target, err := stat(at.fd, at.name)
		f.Directory = err == nil && isDir(&target)
	}
	return nil
}

// lookXattr reads the Xattr form of the object at exactly this name.  The form
// is FormNone if the object has none.
func (at place) lookXattr() (found, error) {
	f := found{disk: at.name}
	if len(at.name) > unix.NAME_MAX {
		return f, unix.ENOENT
	}
	fd, err := openat(at.fd, at.name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return f, err
	}
	defer closeFD(fd)
	if f.st, err = fstat(fd); err != nil {
		return f, err
	}
	f.Object = identity(&f.st)
	f.Directory = isDir(&f.st)
	if !f.Directory && !isFile(&f.st) {
		return f, nil
	}
	raw, err := getxattr(fd)
	if isErrno(err, unix.ENODATA, unix.ENOTSUP, unix.ERANGE, unix.E2BIG) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if tag, err := CheckHeader(raw); err == nil {
		f.Form, f.Tag, f.raw = FormXattr, tag, raw
	}
	return f, nil
}
