// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnix appends the NT path s to dst as a Unix path: UTF-8, and a slash
// for every backslash.  It fails on what has no Unix spelling: a lone
// surrogate, a NUL, or a slash inside an NT name, which must not turn into a
// separator.
func appendUnix(dst []byte, s []uint16) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		r := rune(s[i])
		switch {
		case r == 0 || r == '/':
			return nil, false
		case r == '\\':
			r = '/'
		case utf16.IsSurrogate(r):
			if i+1 == len(s) {
				return nil, false
			}
			if r = utf16.DecodeRune(r, rune(s[i+1])); r == unicode.ReplacementChar {
				return nil, false
			}
			i++
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// appendNT is the inverse of appendUnix.  It fails on what no NT path spells:
// bytes that are not UTF-8, a NUL, or a backslash inside a Unix name.
func appendNT(dst []uint16, path []byte) ([]uint16, bool) {
	for len(path) > 0 {
		r, n := utf8.DecodeRune(path)
		switch {
		case r == utf8.RuneError && n == 1, r == 0, r == '\\':
			return nil, false
		case r == '/':
			r = '\\'
		}
		dst = utf16.AppendRune(dst, r)
		path = path[n:]
	}
	return dst, true
}

// ntSpellable reports whether appendNT would succeed.
func ntSpellable(path []byte) bool {
	return utf8.Valid(path) && bytes.IndexByte(path, '\\') < 0 && bytes.IndexByte(path, 0) < 0
}

// equalFoldUTF16 compares NT names without case, one code unit at a time as NT
// does.
func equalFoldUTF16(a, b []uint16) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && unicode.ToUpper(rune(c)) != unicode.ToUpper(rune(b[i])) {
			return false
		}
	}
	return true
}
