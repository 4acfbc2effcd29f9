// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"errors"
)

// ErrNoText says that a buffer has no link text.  Its status is the one to
// give when no other form can hold the buffer either.
var ErrNoText = errors.New("reparse: no link text holds this buffer")

type noText struct{ status Status }

func (e noText) Error() string        { return ErrNoText.Error() + ": " + e.status.Error() }
func (e noText) Is(target error) bool { return target == ErrNoText }
func (e noText) Unwrap() error        { return e.status }

// Encode gives the link text for b, put on a directory or a file.  dirfd is
// the directory of the link, where case correction of a relative target
// starts; -1 leaves out the correction.
//
// It fails with an error that is [ErrNoText] for a buffer that another form
// may hold, and with IO_REPARSE_DATA_INVALID or NAME_TOO_LONG for a WSL link
// that none does.  Success does not mean that nothing is lost; that is for
// [Prefix.Choose] to see.
func (p *Prefix) Encode(b *Buffer, directory bool, dirfd int) ([]byte, error) {
	link := Link{Tag: b.Tag, Relative: b.Relative(), Directory: directory || b.Tag == TagMountPoint}
	ok := true
	switch b.Tag {
	case TagLXSymlink:
		link.Directory = false
		link.Path = b.Target
		return link.Text()
	case TagMountPoint, TagSymlink:
		if link.Relative {
			link.Path, ok = p.relative(b.Substitute, dirfd)
		} else {
			link.Path, ok = p.toUnix(b.Substitute)
		}
	default:
		ok = false
	}
	if !ok {
		return nil, noText{StatusIOReparseDataInvalid}
	}
	text, err := link.Text()
	if err != nil {
		return nil, noText{StatusOf(err)}
	}
	return text, nil
}

func (p *Prefix) relative(target []uint16, dirfd int) ([]byte, bool) {
	path, ok := appendUnix(nil, target)
	if !ok || len(path) == 0 || path[0] == '/' {
		return nil, false
	}
	if p.Case != nil && dirfd >= 0 {
		path = p.Case.Correct(dirfd, path)
	}
	return path, true
}

// Decode gives the buffer that a link text stands for.  moved says that the
// link is in our prefix, so that a marker for another place means that the
// prefix has moved; otherwise such a link is the link of another prefix and
// leads there.
//
// The only failure is IO_REPARSE_DATA_INVALID, for a link whose target has no
// NT name or one too long for a buffer.
func (p *Prefix) Decode(text []byte, moved bool) (*Buffer, error) {
	if moved {
		text, _ = Relocate(text, p.Dir)
	}
	link := ParseLink(text)
	b := &Buffer{Tag: link.Tag}
	if link.Tag == TagLXSymlink {
		b.Target = bytes.Clone(text)
		return b, nil
	}
	var ok bool
	if link.Relative {
		b.Flags = flagRelative
		b.Substitute, ok = appendNT(nil, link.Path)
		b.Print = b.Substitute
	} else if b.Substitute, ok = p.toNT(link.unixPath()); ok {
		b.Print = b.Substitute[len(ntRoot):]
	}
	if !ok {
		return nil, StatusIOReparseDataInvalid
	}
	return b, nil
}
