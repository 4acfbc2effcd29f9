// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/reparse/change"
)

// Relocation is the outcome of [Store.Relocate].
type Relocation struct {
	// Text is what the link says or, in a moved prefix, must say.
	Text []byte
	// Moved tells that Text is not what the link said.
	Moved bool
	// Written tells that the link on disk was replaced; a new object then.
	Written bool
	Info    Info
}

// Relocate repairs the link at a name after its prefix has moved.  It touches
// only links that really lie inside the prefix and belong to us: a marker
// seen elsewhere names another prefix, which is right about where it is.
// Times are kept.  A link that cannot be replaced, on a read-only file system
// say, is no error: the caller goes on with Text.
func (s *Store) Relocate(dirfd int, name string, want Object) (Relocation, error) {
	at, err := open(dirfd, name)
	if err != nil {
		return Relocation{}, err
	}
	defer at.close()
	if want != (Object{}) {
		at.want = want
	}
	f, err := at.look()
	if err != nil {
		return Relocation{}, err
	}
	if f.Form != FormText {
		return Relocation{Info: f.Info}, nil
	}
	r := Relocation{Text: f.text, Info: f.Info}
	if !s.moved(at, &f) {
		return r, nil
	}
	r.Text, r.Moved = Relocate(f.text, s.Prefix.Dir)
	if !r.Moved || len(r.Text) > MaxText {
		return r, nil
	}
	c, status := change.ReplaceText(at.fd, at.name, f.Object.Dev, f.Object.Ino, string(f.text), string(r.Text))
	if r.Written = status == 0; r.Written {
		r.Info, _ = changed(c, status)
	}
	return r, nil
}

// moved reports whether the link f was written for a prefix that has moved to
// ours.
func (s *Store) moved(at place, f *found) bool {
	prefix, _, marked := ParseLink(f.text).CutMarker()
	if !marked || string(prefix) == s.Prefix.Dir || !validPrefix(s.Prefix.Dir) {
		return false
	}
	if int(f.st.Uid) != unix.Geteuid() {
		return false
	}
	dir, err := pathOf(at.fd)
	return err == nil && underDir([]byte(dir), s.Prefix.Dir)
}
