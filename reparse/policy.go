// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
	"iter"
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
	if p.kernelAgrees(b, dirfd) && p.faithful(raw, b, text, policy) {
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
	if back.Tag != b.Tag || back.Flags != b.Flags || !slices.Equal(back.Target, b.Target) {
		return false
	}
	if slices.Equal(back.Substitute, b.Substitute) && slices.Equal(back.Print, b.Print) && packed(raw) {
		return true
	}
	return policy == PolicyRFCAlways && equalFoldUTF16(back.Substitute, b.Substitute)
}

// packed recognises a symbolic link whose buffer holds the two names, in either order
// and without NULs, and nothing else: CreateSymbolicLink and mklink of Windows write
// the print name first.  That the names come back in the other order loses nothing.
func packed(raw []byte) bool {
	if Tag(binary.LittleEndian.Uint32(raw)) != TagSymlink || raw[6] != 0 || raw[7] != 0 {
		return false
	}
	field := func(i int) int { return int(binary.LittleEndian.Uint16(raw[HeaderSize+2*i:])) }
	subOff, subLen, printOff, printLen := field(0), field(1), field(2), field(3)
	return symlinkNames+subLen+printLen == len(raw) &&
		((printOff == 0 && subOff == printLen) || (subOff == 0 && printOff == subLen))
}

// kernelAgrees reports whether the kernel leads where Windows does.  Windows takes
// ".." away from the text of the path and stops at the volume's root; the kernel
// goes up from what it reached, and out of the drive.
func (p *Prefix) kernelAgrees(b *Buffer, dirfd int) bool {
	if b.Tag == TagLXSymlink {
		return true
	}
	up, down := 0, false
	for name := range splitNT(b.Substitute) {
		switch {
		case !slices.Equal(name, dotDot):
			down = down || !(len(name) == 0 || slices.Equal(name, dotDot[:1]))
		case !b.Relative() || down:
			return false
		default:
			up++
		}
	}
	return up == 0 || dirfd < 0 || up <= p.depth(dirfd)
}

var dotDot = []uint16{'.', '.'}

// splitNT gives the components of an NT path.
func splitNT(path []uint16) iter.Seq[[]uint16] {
	return func(yield func([]uint16) bool) {
		for {
			i := slices.Index(path, '\\')
			if i < 0 {
				yield(path)
				return
			}
			if !yield(path[:i]) {
				return
			}
			path = path[i+1:]
		}
	}
}

// depth tells how many directories below its drive's root a directory lies.
func (p *Prefix) depth(dirfd int) int {
	path, err := pathOf(dirfd)
	if err != nil {
		return 0
	}
	nt, ok := p.toNT([]byte(path))
	if !ok {
		return 0
	}
	_, rest, ok := cutDrive(nt)
	if !ok {
		return 0
	}
	n := 0
	for name := range splitNT(rest) {
		if len(name) > 0 {
			n++
		}
	}
	return n
}
