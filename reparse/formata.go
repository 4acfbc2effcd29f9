// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"strings"
)

// The RFC v3 text of a link:
//
//	text    := target of a WSL link | head tag flag? path
//	head    := "./" if relative, "/" if absolute
//	tag     := 32 tokens, least significant bit first: "/" is 0, "./" is 1
//	flag    := symbolic links only: "./" for a directory, "/" for a file
//	path    := Unix path; starts with "/" if and only if absolute
//
// An absolute path may hold one marker after the Wine prefix.  The kernel
// takes head, tag, flag and marker for redundant slashes and dots.

const (
	// MaxText is the longest text that Linux resolves: PATH_MAX without NUL.
	MaxText = 4095

	// Marker ends the Wine prefix in an absolute path: 'P' in 8 tokens.
	Marker = "////.//.//"

	tokenOne  = "./"
	tokenZero = "/"
)

// Link is the text of a symlink taken apart.
type Link struct {
	Tag       Tag // TagMountPoint, TagSymlink or TagLXSymlink
	Relative  bool
	Directory bool // always set for mount points, never for WSL links
	// Path is what follows head, tag and flag, marker included.  For WSL
	// links it is the whole text.
	Path []byte
}

// ParseLink takes any link text apart.  What is not strictly the text of a
// mount point or symbolic link is the target of a WSL link, as every plain Unix
// symlink is; so a damaged text stays a usable link.  Path aliases text.
//
// Strict means: the tag is one of the two, a mount point is absolute, the path
// is not empty, starts with a slash if and only if absolute, and behind any
// marker is a path that NT can spell.
func ParseLink(text []byte) Link {
	lx := Link{Tag: TagLXSymlink, Path: text}
	relative, tag, path, ok := cutTag(text)
	if !ok {
		return lx
	}
	l := Link{Tag: tag, Relative: relative, Directory: true}
	switch tag {
	case TagMountPoint:
		if relative {
			return lx
		}
	case TagSymlink:
		if l.Directory, path, ok = cutToken(path); !ok {
			return lx
		}
	default:
		return lx
	}
	l.Path = path
	if len(path) == 0 || (path[0] == '/') == relative {
		return lx
	}
	spelled := path
	if _, after, marked := l.CutMarker(); marked {
		if len(after) == 0 || after[0] != '/' {
			return lx
		}
		spelled = after
	}
	if !ntSpellable(spelled) {
		return lx
	}
	return l
}

// cutTag reads head and tag, whatever the tag is.
func cutTag(text []byte) (relative bool, tag Tag, rest []byte, ok bool) {
	if relative, rest, ok = cutToken(text); !ok {
		return false, 0, nil, false
	}
	for i := range 32 {
		var one bool
		if one, rest, ok = cutToken(rest); !ok {
			return false, 0, nil, false
		}
		if one {
			tag |= 1 << i
		}
	}
	return relative, tag, rest, true
}

func cutToken(s []byte) (one bool, rest []byte, ok bool) {
	switch {
	case len(s) >= 1 && s[0] == '/':
		return false, s[1:], true
	case len(s) >= 2 && s[0] == '.' && s[1] == '/':
		return true, s[2:], true
	}
	return false, nil, false
}

func appendTag(dst []byte, relative bool, tag Tag) []byte {
	dst = appendToken(dst, relative)
	for i := range 32 {
		dst = appendToken(dst, tag>>i&1 != 0)
	}
	return dst
}

func appendToken(dst []byte, one bool) []byte {
	if one {
		return append(dst, tokenOne...)
	}
	return append(dst, tokenZero...)
}

// Text gives the text of l.  It fails with NAME_TOO_LONG past MaxText, and
// with IO_REPARSE_DATA_INVALID where ParseLink would not give l again, so a
// WSL link cannot be made to look like another reparse point.
func (l Link) Text() ([]byte, error) {
	var text []byte
	if l.Tag != TagLXSymlink {
		text = appendTag(text, l.Relative, l.Tag)
	}
	if l.Tag == TagSymlink {
		text = appendToken(text, l.Directory)
	}
	text = append(text, l.Path...)

	got := ParseLink(text)
	if got.Tag != l.Tag || got.Relative != l.Relative || got.Directory != l.Directory ||
		!bytes.Equal(got.Path, l.Path) || len(text) == 0 ||
		bytes.IndexByte(text, 0) >= 0 || isLegacyText(text) {
		return nil, StatusIOReparseDataInvalid
	}
	if len(text) > MaxText {
		return nil, StatusNameTooLong
	}
	return text, nil
}

// CutMarker splits the path of an absolute link at its first marker.  Before
// it is the Wine prefix at the time of writing, after it the path inside.
func (l Link) CutMarker() (prefix, inside []byte, found bool) {
	if l.Relative || l.Tag == TagLXSymlink {
		return nil, nil, false
	}
	return bytes.Cut(l.Path, []byte(Marker))
}

// unixPath gives the path that the kernel resolves l to, without the marker.
func (l Link) unixPath() []byte {
	prefix, inside, found := l.CutMarker()
	if !found {
		return l.Path
	}
	return append(bytes.Clone(prefix), inside...)
}

// validPrefix reports whether dir is canonical enough to stand before a
// marker: absolute, not the root, and free of the "//", "/./" and trailing
// slash that would make the marker ambiguous.
func validPrefix(dir string) bool {
	if len(dir) < 2 || len(dir) > MaxText || dir[0] != '/' || strings.IndexByte(dir, 0) >= 0 {
		return false
	}
	for _, name := range strings.Split(dir[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	return true
}
