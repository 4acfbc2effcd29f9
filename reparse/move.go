// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "golang.org/x/sys/unix"

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
	unlock, err := lockDir(at.fd)
	if err != nil {
		return Relocation{}, err
	}
	defer unlock()
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
	r.Written = at.rewrite(&f, r.Text) == nil
	if r.Written && s.Sync {
		_ = syncDir(at.fd)
	}
	if r.Written {
		at.want = Object{}
		if f, err = at.look(); err != nil {
			return Relocation{}, err
		}
		r.Info = f.Info
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

// rewrite replaces the text of the link f and keeps its times.
func (at place) rewrite(f *found, text []byte) error {
	tmp, st, err := at.newLink(text)
	if err != nil {
		return err
	}
	_ = setTimes(at.fd, tmp, &f.st)
	w := swap{at: at, tmp: tmp, old: f.st, new: st}
	return w.run(at.emptyFile)
}
