// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"slices"
)

// Form is how a reparse point is kept on disk.
type Form uint32

// The forms; see the package comment.
const (
	FormNone   Form = iota // no reparse point
	FormText               // symlink with RFC v3 text, or a plain Unix symlink
	FormXattr              // user.WINEREPARSE on "name?"
	FormLegacy             // symlink through .REPARSE_POINT/
)

// Policy decides between Text and Xattr for a new reparse point.
type Policy uint32

const (
	// PolicyExact writes Text only where reading gives the same bytes.
	PolicyExact Policy = iota
	// PolicyRFCAlways also writes Text where only the print name and the
	// case of the target are lost.
	PolicyRFCAlways
)

// Choice is the form in which to store a buffer.
type Choice struct {
	Form Form   // FormText or FormXattr
	Text []byte // for FormText
	// Otherwise is the status to give if the file system cannot store Form
	// and no other form is left.
	Otherwise Status
}

// Choose decides how to store the buffer raw on a directory or file.  The
// other parameters are those of [Prefix.Encode], the failures those of [Parse]
// and of Encode for WSL links, which are only ever kept as symlinks.
func (p *Prefix) Choose(raw []byte, policy Policy, directory bool, dirfd int) (Choice, error) {
	b, err := Parse(raw)
	if err != nil {
		return Choice{}, err
	}
	text, err := p.Encode(b, directory, dirfd)
	if err != nil {
		if b.Tag == TagLXSymlink {
			return Choice{}, StatusOf(err)
		}
		return Choice{FormXattr, nil, StatusOf(err)}, nil
	}
	if p.faithful(raw, b, text, policy) {
		return Choice{FormText, text, StatusVolumeNotUpgraded}, nil
	}
	return Choice{FormXattr, nil, StatusIOReparseDataInvalid}, nil
}

// faithful reports whether text keeps as much of the buffer as policy asks.
func (p *Prefix) faithful(raw []byte, b *Buffer, text []byte, policy Policy) bool {
	back, err := p.Decode(text, false)
	if err != nil {
		return false
	}
	again, err := back.Bytes()
	if err != nil {
		return false
	}
	if bytes.Equal(raw, again) {
		return true
	}
	return policy == PolicyRFCAlways && back.Tag == b.Tag && back.Flags == b.Flags &&
		slices.Equal(back.Target, b.Target) && equalFoldUTF16(back.Substitute, b.Substitute)
}
