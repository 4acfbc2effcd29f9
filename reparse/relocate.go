// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

// Relocate gives the text that a link must have in the Wine prefix at
// configDir.  It differs from text, and changed is set, only for a link whose
// marker says that it was written for a prefix somewhere else.  The result can
// be longer than [MaxText]; no file system takes it then, but [Prefix.Decode]
// does.
//
// Whether the link is ours to change is for the caller to know: the text
// cannot tell a moved prefix from another one.
func Relocate(text []byte, configDir string) (moved []byte, changed bool) {
	link := ParseLink(text)
	prefix, inside, marked := link.CutMarker()
	if !marked || string(prefix) == configDir || !validPrefix(configDir) {
		return text, false
	}
	head := len(text) - len(link.Path)
	moved = append(moved, text[:head]...)
	moved = append(moved, configDir...)
	moved = append(moved, Marker...)
	moved = append(moved, inside...)
	return moved, true
}
