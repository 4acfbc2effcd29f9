// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "bytes"

// Prefix is a Wine prefix as far as mapping NT paths to Unix paths goes.
// It is not modified by its methods, which may run at the same time.
type Prefix struct {
	// Dir is the prefix (Wine's config_dir): canonical, absolute, without a
	// trailing slash.
	Dir string
	// Drives tells where the drive letters lead.
	Drives Drives
	// Case, if not nil, corrects new link texts to the names on disk.
	Case CaseCorrector
}

// Drives tells which Unix directory each drive letter stands for.
type Drives interface {
	// Root gives the directory of drive letter 'a' to 'z', absolute and
	// without a trailing slash except for "/" itself; false if there is no
	// such drive.
	Root(letter byte) (dir string, ok bool)
}

// DriveMap is a fixed set of drives.
type DriveMap map[byte]string

// Root implements [Drives].
func (m DriveMap) Root(letter byte) (string, bool) {
	dir, ok := m[letter]
	return dir, ok
}

// CaseCorrector finds the spelling that names have on disk.
type CaseCorrector interface {
	// Correct gives path with each component that exists under another
	// case spelled as on disk, and the rest as it is.  A relative path
	// starts at the directory dirfd.
	Correct(dirfd int, path []byte) []byte
}

const (
	dosDevices = "/dosdevices/"
	unixRoot   = `\??\unix`
	ntRoot     = `\??\`
)

// toUnix maps an absolute NT path to the Unix path of a link, with marker:
// <prefix>/dosdevices/<drive>:/..., or the path itself on the drive that is
// the Unix root.  ok is false for a path that is on no drive letter or has no
// Unix spelling.
func (p *Prefix) toUnix(nt []uint16) (path []byte, ok bool) {
	letter, rest, ok := cutDrive(nt)
	if !ok || !validPrefix(p.Dir) {
		return nil, false
	}
	path = append(path, p.Dir...)
	path = append(path, dosDevices...)
	path = append(path, letter, ':')
	root := len(path)
	if path, ok = appendUnix(path, rest); !ok {
		return nil, false
	}
	if p.Case != nil {
		fixed := p.Case.Correct(-1, path)
		// Only names below the drive may have changed, or what follows
		// would cut in the wrong place.
		if len(fixed) < root || !bytes.Equal(fixed[:root], path[:root]) {
			return nil, false
		}
		path = fixed
	}
	if letter == p.rootDrive() && len(path) > root {
		path = path[root:]
	}
	if in := len(p.Dir); len(path) > in && path[in] == '/' && string(path[:in]) == p.Dir {
		marked := append(make([]byte, 0, len(path)+len(Marker)), path[:in]...)
		marked = append(marked, Marker...)
		path = append(marked, path[in:]...)
	}
	return path, true
}

// toNT maps an absolute Unix path, without marker, to NT.  Of several drives
// that contain it the innermost wins, and of equal ones the first, as in Wine;
// a path on no drive is put under \??\unix.
func (p *Prefix) toNT(path []byte) (nt []uint16, ok bool) {
	if letter, rest, ok := p.cutDosDevice(path); ok {
		return appendNT(driveName(letter), rest)
	}
	best, bestLen := byte(0), -1
	for letter := byte('a'); letter <= 'z'; letter++ {
		root, ok := p.root(letter)
		if ok && len(root) > bestLen && underDir(path, root) {
			best, bestLen = letter, len(root)
		}
	}
	if bestLen < 0 {
		return appendNT(ascii(unixRoot), path)
	}
	return appendNT(driveName(best), path[bestLen:])
}

// root gives the directory of a drive with "/" spelled as "".
func (p *Prefix) root(letter byte) (string, bool) {
	if p.Drives == nil {
		return "", false
	}
	root, ok := p.Drives.Root(letter)
	if !ok || (root != "/" && !validPrefix(root)) {
		return "", false
	}
	if root == "/" {
		return "", true
	}
	return root, true
}

// rootDrive gives the drive whose paths are stored as they are, 0 if none.
// It is the one that toNT gives back.
func (p *Prefix) rootDrive() byte {
	for letter := byte('a'); letter <= 'z'; letter++ {
		if root, ok := p.root(letter); ok && root == "" {
			return letter
		}
	}
	return 0
}

// cutDosDevice recognises <prefix>/dosdevices/<drive>: and what follows.
func (p *Prefix) cutDosDevice(path []byte) (letter byte, rest []byte, ok bool) {
	if path, ok = bytes.CutPrefix(path, []byte(p.Dir)); !ok {
		return 0, nil, false
	}
	if path, ok = bytes.CutPrefix(path, []byte(dosDevices)); !ok {
		return 0, nil, false
	}
	if len(path) < 2 || path[0] < 'a' || path[0] > 'z' || path[1] != ':' {
		return 0, nil, false
	}
	if rest = path[2:]; len(rest) > 0 && rest[0] != '/' {
		return 0, nil, false
	}
	return path[0], rest, true
}

// cutDrive recognises \??\X: and what follows, which starts with a backslash
// if there is any.
func cutDrive(nt []uint16) (letter byte, rest []uint16, ok bool) {
	if !hasASCIIPrefix(nt, ntRoot) || len(nt) < len(ntRoot)+2 {
		return 0, nil, false
	}
	c, colon, rest := nt[4]|0x20, nt[5], nt[6:]
	if c < 'a' || c > 'z' || colon != ':' || (len(rest) > 0 && rest[0] != '\\') {
		return 0, nil, false
	}
	return byte(c), rest, true
}

func driveName(letter byte) []uint16 {
	return append(ascii(ntRoot), uint16(letter-'a'+'A'), ':')
}

// underDir reports whether path is dir or below it; dir "" is the Unix root.
func underDir(path []byte, dir string) bool {
	return len(path) >= len(dir) && string(path[:len(dir)]) == dir &&
		(len(path) == len(dir) || path[len(dir)] == '/')
}

func ascii(s string) []uint16 {
	u := make([]uint16, len(s), len(s)+64)
	for i := range len(s) {
		u[i] = uint16(s[i])
	}
	return u
}

func hasASCIIPrefix(s []uint16, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if s[i] != uint16(prefix[i]) {
			return false
		}
	}
	return true
}
