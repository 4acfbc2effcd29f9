// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package vectors holds the byte-exact examples of RFC v3 link texts that the
// tests of package reparse and of its C exports share.
package vectors

import (
	"encoding/binary"
	"unicode/utf16"
)

// Config is the Wine prefix of the vectors, and Drives its drives.
const Config = "/home/u/.wine"

// Drives gives the drives of the vectors as the C interface takes them.
const Drives = "c:/home/u/.wine/drive_c\x00d:/mnt/cdrom\x00z:/\x00"

// DriveMap is the same as a map.
func DriveMap() map[byte]string {
	return map[byte]string{'c': Config + "/drive_c", 'd': "/mnt/cdrom", 'z': "/"}
}

// The tags of the vectors.
const (
	MountPoint uint32 = 0xA0000003
	Symlink    uint32 = 0xA000000C
	LX         uint32 = 0xA000001D
)

// A Vector pairs a reparse point with its link text.
type Vector struct {
	Number    int
	Tag       uint32
	Relative  bool
	Directory bool
	Target    string // substitute name, or the target of a WSL link
	Text      string
	Length    int    // of Text, in bytes, as published
	Back      string // what reading gives instead of Target, if it differs
}

// All are the vectors that take a whole buffer to a text.  Number 15 is a
// relocation and 18 a tag that only RFC v3 itself would decode.
var All = []Vector{
	{1, MountPoint, false, true, `\??\C:\target`, `/././///////////////////////////.//.//home/u/.wine////.//.///dosdevices/c:/target`, 81, ""},
	{2, MountPoint, false, true, `\??\C:\`, `/././///////////////////////////.//.//home/u/.wine////.//.///dosdevices/c:/`, 75, ""},
	{3, MountPoint, false, true, `\??\Z:\srv\data`, `/././///////////////////////////.//.//srv/data`, 46, ""},
	{4, MountPoint, false, true, `\??\Z:\home\u\.wine\drive_c\x`, `/././///////////////////////////.//.//home/u/.wine////.//.///drive_c/x`, 70, `\??\C:\x`},
	{5, MountPoint, false, true, `\??\D:\pkg`, `/././///////////////////////////.//.//home/u/.wine////.//.///dosdevices/d:/pkg`, 78, ""},
	{6, Symlink, false, false, `\??\C:\dir\a.txt`, `///././/////////////////////////.//.///home/u/.wine////.//.///dosdevices/c:/dir/a.txt`, 85, ""},
	{7, Symlink, false, true, `\??\C:\dir`, `///././/////////////////////////.//././/home/u/.wine////.//.///dosdevices/c:/dir`, 80, ""},
	{8, Symlink, false, false, `\??\Z:\etc\hosts`, `///././/////////////////////////.//.///etc/hosts`, 48, ""},
	{9, Symlink, true, false, `target.txt`, `.///././/////////////////////////.//.//target.txt`, 49, ""},
	{10, Symlink, true, true, `sub\target`, `.///././/////////////////////////.//././sub/target`, 50, ""},
	{11, Symlink, true, false, `..\foo`, `.///././/////////////////////////.//.//../foo`, 45, ""},
	{12, Symlink, true, true, `..`, `.///././/////////////////////////.//././..`, 42, ""},
	{13, LX, false, false, `/usr/bin/python3`, `/usr/bin/python3`, 16, ""},
	{14, LX, false, false, `../lib`, `../lib`, 6, ""},
	{16, MountPoint, false, true, `\??\Z:\home\u\.wine2\x`, `/././///////////////////////////.//.//home/u/.wine2/x`, 53, ""},
	{17, Symlink, true, false, `é.txt`, `.///././/////////////////////////.//.//é.txt`, 45, ""},
}

// Vector 15: the text of vector 1 after its prefix has moved to MovedConfig.
const (
	MovedConfig = "/mnt/pfx"
	MovedText   = `/././///////////////////////////.//.//mnt/pfx////.//.///dosdevices/c:/target`
	MovedLength = 76
)

// Vector 18: tag FFFFFFFF, relative, path "x".
const (
	AllOnesTag    uint32 = 0xFFFFFFFF
	AllOnesText          = "./././././././././././././././././././././././././././././././././" + "x"
	AllOnesLength        = 67
)

// NotTagged are texts that a strict decoder takes for WSL links.
var NotTagged = []string{
	"/usr/bin", "./foo", "../foo", "foo",
	"/////////////////////////////////x", // tag 0 to RFC v3
	AllOnesText,
}

// Buffer gives the canonical REPARSE_DATA_BUFFER of a vector's target,
// written down independently of package reparse.
func Buffer(tag uint32, relative bool, target string) []byte {
	le := binary.LittleEndian
	if tag == LX {
		b := le.AppendUint32(nil, tag)
		b = le.AppendUint32(b, uint32(4+len(target)))
		b = le.AppendUint32(b, 2)
		return append(b, target...)
	}
	sub := utf16.Encode([]rune(target))
	print := sub
	if !relative {
		print = sub[4:]
	}
	var names []byte
	for _, name := range [][]uint16{sub, print} {
		for _, c := range name {
			names = le.AppendUint16(names, c)
		}
		names = append(names, 0, 0)
	}
	fixed := 8
	if tag == Symlink {
		fixed = 12
	}
	b := le.AppendUint32(nil, tag)
	b = le.AppendUint32(b, uint32(fixed+len(names)))
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, uint16(2*len(sub)))
	b = le.AppendUint16(b, uint16(2*len(sub)+2))
	b = le.AppendUint16(b, uint16(2*len(print)))
	if tag == Symlink {
		flags := uint32(0)
		if relative {
			flags = 1
		}
		b = le.AppendUint32(b, flags)
	}
	return append(b, names...)
}
