// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// rawNames gives the canonical buffer with any UTF-16 names.
func rawNames(tag Tag, flags uint32, sub, print []uint16) []byte {
	b := Buffer{Tag: tag, Flags: flags, Substitute: sub, Print: print}
	raw, err := b.Bytes()
	if err != nil {
		panic(err)
	}
	return raw
}

func u16(s string) []uint16 { return utf16.Encode([]rune(s)) }

// checkFaithful is the property everything rests on: a buffer is stored as
// text only if reading the text gives the same bytes, and otherwise as bytes.
func checkFaithful(t testing.TB, p *Prefix, raw []byte, directory bool) Form {
	t.Helper()
	c, err := p.Choose(raw, PolicyExact, directory, -1)
	if err != nil {
		if _, known := statusNames[StatusOf(err)]; !known || StatusOf(err) == StatusInternalError {
			t.Errorf("Choose(%x): undocumented error %v", raw, err)
		}
		return FormNone
	}
	if c.Form != FormText {
		if c.Form != FormXattr || c.Text != nil || c.Otherwise == StatusSuccess {
			t.Errorf("Choose(%x) = %+v", raw, c)
		}
		return c.Form
	}
	if len(c.Text) == 0 || len(c.Text) > MaxText || bytes.IndexByte(c.Text, 0) >= 0 {
		t.Errorf("Choose(%x): text %q", raw, c.Text)
	}
	link := ParseLink(c.Text)
	if link.Tag != Tag(binary.LittleEndian.Uint32(raw)) || (link.Tag == TagSymlink && link.Directory != directory) {
		t.Errorf("text %q reads as %+v", c.Text, link)
	}
	back, err := p.Decode(c.Text, false)
	if err != nil {
		t.Errorf("Decode(%q): %v", c.Text, err)
		return c.Form
	}
	if again, err := back.Bytes(); err != nil || !bytes.Equal(raw, again) {
		t.Errorf("%x reads back as %x, %v", raw, again, err)
	}
	// Opened from another place, and moved back, it is the same.
	there, moved := Relocate(c.Text, "/somewhere/else")
	if home, _ := Relocate(there, p.Dir); moved && !bytes.Equal(home, c.Text) {
		t.Errorf("%q moved there and back is %q", c.Text, home)
	}
	return c.Form
}

// Target shapes and the form in which each is kept.
func TestTargetShapes(t *testing.T) {
	const (
		text  = FormText
		xattr = FormXattr
	)
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		tag    Tag
		flags  uint32
		target []uint16
		form   Form
	}{
		// Junctions.
		{TagMountPoint, 0, u16(`\??\C:`), text},
		{TagMountPoint, 0, u16(`\??\C:\`), text},
		{TagMountPoint, 0, u16(`\??\Z:\`), text},
		{TagMountPoint, 0, u16(`\??\Z:`), text},
		{TagMountPoint, 0, u16(`\??\c:\target`), xattr}, // reads back as C:
		{TagMountPoint, 0, u16(`\??\C:\target\`), text},
		{TagMountPoint, 0, u16(`\??\C:\target\\`), text},
		{TagMountPoint, 0, u16(`\??\C:\\target`), text},
		{TagMountPoint, 0, u16(`\??\Z:\\srv`), text},
		{TagMountPoint, 0, u16(`\??\C:\a\.\b`), text},
		{TagMountPoint, 0, u16(`\??\C:\a\..\b`), xattr},  // the kernel would go up from what a leads to
		{TagMountPoint, 0, u16(`\??\C:\..\..\x`), xattr}, // and out of the drive
		{TagMountPoint, 0, u16(`\??\C:\dots.\spaces `), text},
		{TagMountPoint, 0, u16(`\??\C:\ leading`), text},
		{TagMountPoint, 0, u16(`\??\C:\ünïcödé\日本語\🙂`), text},
		{TagMountPoint, 0, u16(`\??\C:\a:stream`), text},
		{TagMountPoint, 0, u16(`\??\Q:\no\such\drive`), text},
		{TagMountPoint, 0, u16(`\??\D:\pkg`), text},
		{TagMountPoint, 0, u16(`\??\Z:\mnt\cdrom\pkg`), xattr}, // D: is nearer
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wine\drive_c\x`), xattr},
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wine`), text},
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wine\`), text},
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wine\system.reg`), text},
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wine\dosdevices\c:\x`), xattr},
		{TagMountPoint, 0, u16(`\??\Z:\home\u\.wineX\drive_c`), text},
		{TagMountPoint, 0, u16(`\??\Z:\srv\\\\.\\.\\\x`), xattr}, // spells the marker
		{TagMountPoint, 0, u16(`\??\C:\a\\\\.\\.\\\x`), text},    // spells it after ours
		{TagMountPoint, 0, u16(`\??\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\`), xattr},
		{TagMountPoint, 0, u16(`\??\unix\etc`), xattr},
		{TagMountPoint, 0, u16(`\??\UNC\server\share`), xattr},
		{TagMountPoint, 0, u16(`\??\GLOBALROOT\Device\X`), xattr},
		{TagMountPoint, 0, u16(`\??\C`), xattr},
		{TagMountPoint, 0, u16(`\??\C:x`), xattr},
		{TagMountPoint, 0, u16(`\??\CC:\x`), xattr},
		{TagMountPoint, 0, u16(`\??\[:\x`), xattr},
		{TagMountPoint, 0, u16(`\??\É:\x`), xattr},
		{TagMountPoint, 0, u16(`\??\`), xattr},
		{TagMountPoint, 0, u16(`\\?\C:\x`), xattr},
		{TagMountPoint, 0, u16(`\DosDevices\C:\x`), xattr},
		{TagMountPoint, 0, u16(`\Device\NamedPipe\`), xattr},
		{TagMountPoint, 0, u16(`\Device\HarddiskVolume1\x`), xattr},
		{TagMountPoint, 0, u16(`C:\x`), xattr},
		{TagMountPoint, 0, u16(`foobar`), xattr},
		{TagMountPoint, 0, u16(``), xattr},
		{TagMountPoint, 0, u16(`/??/C:/x`), xattr},
		{TagMountPoint, 0, u16(`\??\C:\a/b`), xattr},
		{TagMountPoint, 0, u16("\\??\\C:\\a\x00b"), xattr},
		{TagMountPoint, 0, append(u16(`\??\C:\`), 0xd800), xattr},
		{TagMountPoint, 0, append(u16(`\??\C:\`), 0xdc00, 'x'), xattr},
		{TagMountPoint, 0, append(u16(`\??\C:\`), 0xdc00, 0xd800), xattr},
		{TagMountPoint, 0, append(u16(`\??\C:\`), 0xfffd), text},
		{TagMountPoint, 0, append(u16(`\??\C:\`), 0xfffe, 0xffff, 0xfeff), text},

		// Symbolic links.
		{TagSymlink, 0, u16(`\??\C:\dir\a.txt`), text},
		{TagSymlink, 0, u16(`C:\dir\a.txt`), xattr},
		{TagSymlink, 0, u16(``), xattr},
		{TagSymlink, 2, u16(`\??\C:\dir`), xattr}, // a flag that text does not keep
		{TagSymlink, 3, u16(`dir`), xattr},
		{TagSymlink, 1, u16(`target`), text},
		{TagSymlink, 1, u16(`.\target`), text},
		{TagSymlink, 1, u16(`.\.\target`), text},
		{TagSymlink, 1, u16(`.\\target`), text},
		{TagSymlink, 1, u16(`target\`), text},
		{TagSymlink, 1, u16(`a\\b`), text},
		{TagSymlink, 1, u16(`a\.\b\..\c`), xattr},
		{TagSymlink, 1, u16(`..\..\..\x`), text},
		{TagSymlink, 1, u16(`.`), text},
		{TagSymlink, 1, u16(`..`), text},
		{TagSymlink, 1, u16(`...`), text},
		{TagSymlink, 1, u16(`x. `), text},
		{TagSymlink, 1, u16(` `), text},
		{TagSymlink, 1, u16(`*?"<>|`), text},
		{TagSymlink, 1, u16(`\rooted`), xattr},
		{TagSymlink, 1, u16(`\`), xattr},
		{TagSymlink, 1, u16(`/rooted`), xattr},
		{TagSymlink, 1, u16(`a/b`), xattr},
		{TagSymlink, 1, u16(`C:\x`), text}, // a name with a colon
		{TagSymlink, 1, u16(`a\\\\.\\.\\b`), text},
		{TagSymlink, 1, u16(`.REPARSE_POINT\x`), text},
		{TagSymlink, 1, []uint16{0xd83d}, xattr},
		{TagSymlink, 1, []uint16{0xd83d, 0xde42}, text},

		// The limit of 4095 bytes of text.
		{TagSymlink, 1, u16(long(MaxText - 40)), text},
		{TagSymlink, 1, u16(long(MaxText - 38)), xattr},
		{TagMountPoint, 0, u16(`\??\Z:\` + long(MaxText-38)), text},
		{TagMountPoint, 0, u16(`\??\Z:\` + long(MaxText-37)), xattr},
		{TagMountPoint, 0, u16(`\??\Z:\` + strings.Repeat("é", 2000)), text},
		{TagMountPoint, 0, u16(`\??\Z:\` + strings.Repeat("é", 2030)), xattr},
	} {
		print := c.target
		if c.flags&1 == 0 && hasASCIIPrefix(print, ntRoot) {
			print = print[len(ntRoot):]
		}
		name := fmt.Sprintf("%x/%d/%.60q", uint32(c.tag), c.flags, string(utf16.Decode(c.target)))
		for _, directory := range []bool{false, true} {
			raw := rawNames(c.tag, c.flags, c.target, print)
			if c.flags&1 != 0 && len(c.target) == 0 {
				t.Fatal("not a valid case")
			}
			if got := checkFaithful(t, vectorPrefix(), raw, directory); got != c.form {
				t.Errorf("%s: form %d, want %d", name, got, c.form)
			}
			// A print name of its own never gets lost.
			raw = rawNames(c.tag, c.flags, c.target, u16("bogus"))
			if got := checkFaithful(t, vectorPrefix(), raw, directory); got != FormXattr {
				t.Errorf("%s with print name: form %d", name, got)
			}
		}
	}
}

// A relative link leads out of its text where the dots of the tag end.
func TestLXTargets(t *testing.T) {
	p := vectorPrefix()
	for _, c := range []struct {
		target string
		want   error
	}{
		{"/etc", nil},
		{"x", nil},
		{"/", nil},
		{".", nil},
		{"a\\b", nil},
		{"\xff\xfe", nil}, // bytes, not UTF-8
		{"/trailing/", nil},
		{"//double//", nil},
		{strings.Repeat("x", MaxText), nil},
		{strings.Repeat("x", MaxText+1), StatusNameTooLong},
		{vectors.All[0].Text, StatusIOReparseDataInvalid},
		{vectors.All[8].Text, StatusIOReparseDataInvalid},
		{".REPARSE_POINT/x//AAAA/0", StatusIOReparseDataInvalid},
	} {
		raw := vectors.Buffer(vectors.LX, false, c.target)
		choice, err := p.Choose(raw, PolicyExact, false, -1)
		if err != c.want || (err == nil && (choice.Form != FormText || string(choice.Text) != c.target)) {
			t.Errorf("%.40q: %+v, %v, want %v", c.target, choice, err, c.want)
		}
		checkFaithful(t, p, raw, false)
	}
}

// Buffers that are not canonical, or of other tags, are kept as they are.
func TestOtherBuffersAreXattr(t *testing.T) {
	symlink := vectors.Buffer(vectors.Symlink, true, "ab")
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`)
	for name, raw := range map[string][]byte{
		"third party":        guidBuffer(0xbeef, 1, "data"),
		"third party, empty": guidBuffer(0x1000beef, 1, ""),
		"app exec link":      opaqueBuffer(0x8000001b, "x"),
		"all ones":           opaqueBuffer(0xffffffff, "x"),
		"shared names":       le16(le16(symlink, 12, 0), 14, 4),
		"trailing data":      append(le16(symlink, 4, uint16(len(symlink)-8+2)), 1, 2),
		"reserved field set": le16(symlink, 6, 1),
		"NUL slot set":       le16(junction, 16+16, 'x'),
	} {
		if got := checkFaithful(t, vectorPrefix(), raw, true); got != FormXattr {
			t.Errorf("%s: form %d", name, got)
		}
	}
}

// Random names over an alphabet of everything that is special.
func TestRandomRoundTrips(t *testing.T) {
	pieces := [][]uint16{
		u16(`\`), u16(`\`), u16(`\`), u16(`.`), u16(`..`), u16(`a`), u16(`B`), u16(` `), u16(`é`), u16(`🙂`),
		u16(`/`), u16(`:`), {0}, {0xd800}, {0xdc00}, {0xfffd}, u16(`\\\\.\\.\\`), u16(`P`),
		u16(`home\u\.wine`), u16(`dosdevices`), u16(`c:`), u16(`drive_c`), u16(`?`), u16(`.REPARSE_POINT`),
	}
	starts := [][]uint16{{}, u16(`\??\C:`), u16(`\??\Z:`), u16(`\??\Z:\home\u\.wine`), u16(`\??\`), u16(`\??\d:\`)}
	rng := rand.New(rand.NewSource(1))
	forms := map[Form]int{}
	name := func() []uint16 {
		s := append([]uint16{}, starts[rng.Intn(len(starts))]...)
		for range rng.Intn(12) {
			s = append(s, pieces[rng.Intn(len(pieces))]...)
		}
		return s
	}
	p := vectorPrefix()
	for range 200_000 {
		sub := name()
		print := sub
		switch rng.Intn(8) {
		case 0:
			print = name()
		default:
			if hasASCIIPrefix(sub, ntRoot) {
				print = sub[len(ntRoot):]
			}
		}
		tag, flags := TagMountPoint, uint32(0)
		if rng.Intn(2) == 0 {
			tag, flags = TagSymlink, uint32(rng.Intn(2))
		}
		forms[checkFaithful(t, p, rawNames(tag, flags, sub, print), rng.Intn(2) == 0)]++
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("text %d, xattr %d, refused %d", forms[FormText], forms[FormXattr], forms[FormNone])
	if forms[FormText] < 1000 || forms[FormXattr] < 1000 {
		t.Error("the alphabet no longer reaches both forms")
	}
}

// The drives decide which name a path gets.
func TestDrives(t *testing.T) {
	p := &Prefix{Dir: "/p", Drives: DriveMap{'c': "/p/drive_c", 'x': "/", 'y': "/", 'm': "/mnt", 'n': "/mnt", 'e': "/mnt/usb/"}}
	for path, want := range map[string]string{
		"/p/drive_c/a":           `\??\C:\a`,
		"/p/drive_c":             `\??\C:`,
		"/p/drive_ca":            `\??\X:\p\drive_ca`,
		"/p/dosdevices/q:/b":     `\??\Q:\b`,
		"/p/dosdevices/q:":       `\??\Q:`,
		"/p/dosdevices/q:b":      `\??\X:\p\dosdevices\q:b`,
		"/p/dosdevices/Q:/b":     `\??\X:\p\dosdevices\Q:\b`,
		"/p/dosdevices/unc/s":    `\??\X:\p\dosdevices\unc\s`,
		"/mnt/a":                 `\??\M:\a`, // the first of equals, as in Wine
		"/mnt/usb/a":             `\??\M:\usb\a`,
		"/etc":                   `\??\X:\etc`,
		"/":                      `\??\X:\`,
		"/p////.//.///drive_c/a": `\??\C:\a`,
	} {
		link := Link{Tag: TagMountPoint, Directory: true, Path: []byte(path)}
		text, err := link.Text()
		if err != nil {
			t.Fatal(path, err)
		}
		b, err := p.Decode(text, false)
		if err != nil || string(utf16.Decode(b.Substitute)) != want {
			t.Errorf("%s: %q, %v, want %q", path, string(utf16.Decode(b.Substitute)), err, want)
		}
	}
	// Without a root drive the Unix namespace is what is left.
	p.Drives = DriveMap{}
	text, _ := Link{Tag: TagMountPoint, Directory: true, Path: []byte("/etc")}.Text()
	if b, err := p.Decode(text, false); err != nil || string(utf16.Decode(b.Substitute)) != `\??\unix\etc` {
		t.Errorf("%+v, %v", b, err)
	}
	// Only the drive that reading gives back is left out of the text.
	p.Drives = DriveMap{'x': "/", 'y': "/"}
	for target, form := range map[string]Form{`\??\X:\etc`: FormText, `\??\Y:\etc`: FormText} {
		raw := rawNames(TagMountPoint, 0, u16(target), u16(target[4:]))
		if got := checkFaithful(t, p, raw, true); got != form {
			t.Errorf("%s: form %d", target, got)
		}
	}
}

// A prefix directory that would make the marker ambiguous is not used.
func TestBadPrefix(t *testing.T) {
	raw := vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`)
	for _, dir := range []string{"", "/", "relative", "/a/", "/a//b", "/a/./b", "/a/../b", "/a\x00b", "/" + strings.Repeat("x", MaxText)} {
		p := &Prefix{Dir: dir, Drives: DriveMap{'z': "/"}}
		c, err := p.Choose(raw, PolicyExact, true, -1)
		if err != nil || c.Form != FormXattr {
			t.Errorf("prefix %.20q: %+v, %v", dir, c, err)
		}
		if text, changed := Relocate([]byte(vectors.All[0].Text), dir); changed {
			t.Errorf("prefix %.20q: relocated to %.80q", dir, text)
		}
	}
}

// A prefix need not be UTF-8 for what is inside it to have a name.
func TestPrefixBytes(t *testing.T) {
	p := &Prefix{Dir: "/home/\xe9/.wine", Drives: DriveMap{'c': "/home/\xe9/.wine/drive_c", 'z': "/"}}
	raw := vectors.Buffer(vectors.MountPoint, false, `\??\C:\é`)
	if got := checkFaithful(t, p, raw, true); got != FormText {
		t.Errorf("form %d", got)
	}
	c, _ := p.Choose(raw, PolicyExact, true, -1)
	// For a stranger, whose prefix this is not, the target has no NT name.
	if _, err := vectorPrefix().Decode(c.Text, false); err != StatusIOReparseDataInvalid {
		t.Errorf("stranger: %v", err)
	}
}

type upperCorrector struct{ calls int }

func (u *upperCorrector) Correct(_ int, path []byte) []byte {
	u.calls++
	return bytes.ReplaceAll(path, []byte("windows"), []byte("Windows"))
}

// Where the case on disk differs, the text would not read back.
func TestCaseCorrection(t *testing.T) {
	p := vectorPrefix()
	p.Case = &upperCorrector{}
	raw := vectors.Buffer(vectors.MountPoint, false, `\??\C:\windows`)
	c, err := p.Choose(raw, PolicyExact, true, -1)
	if err != nil || c.Form != FormXattr {
		t.Errorf("exact: %+v, %v", c, err)
	}
	c, err = p.Choose(raw, PolicyRFCAlways, true, -1)
	if err != nil || c.Form != FormText || !bytes.HasSuffix(c.Text, []byte("/dosdevices/c:/Windows")) {
		t.Errorf("rfc-always: %+v, %v", c, err)
	}
	if p.Case.(*upperCorrector).calls != 2 {
		t.Error("corrector not asked")
	}
	// A corrector that breaks the path is not believed.
	p.Case = breaker{}
	if c, err = p.Choose(raw, PolicyRFCAlways, true, -1); err != nil || c.Form != FormXattr {
		t.Errorf("broken corrector: %+v, %v", c, err)
	}
}

type breaker struct{}

func (breaker) Correct(int, []byte) []byte { return []byte("/") }

func TestPolicyRFCAlways(t *testing.T) {
	p := vectorPrefix()
	for _, c := range []struct {
		name string
		raw  []byte
		form Form
	}{
		{"print name", rawNames(TagMountPoint, 0, u16(`\??\C:\t`), u16("bogus")), FormText},
		{"drive case", rawNames(TagMountPoint, 0, u16(`\??\c:\t`), u16(`c:\t`)), FormText},
		{"other drive", rawNames(TagMountPoint, 0, u16(`\??\Z:\home\u\.wine\drive_c\x`), nil), FormXattr},
		{"flags", rawNames(TagSymlink, 3, u16("a"), u16("a")), FormXattr},
		{"volume", rawNames(TagMountPoint, 0, u16(`\??\Volume{0}\`), nil), FormXattr},
		{"third party", guidBuffer(0xbeef, 1, ""), FormXattr},
	} {
		choice, err := p.Choose(c.raw, PolicyRFCAlways, true, -1)
		if err != nil || choice.Form != c.form {
			t.Errorf("%s: %+v, %v", c.name, choice, err)
		}
	}
}

func TestErrNoText(t *testing.T) {
	p := vectorPrefix()
	for _, name := range [][]uint16{{0xd800}, {0xdc00, 'x'}, {'x', 0xd83d}, {'a', 0}, {'a', '/', 'b'}} {
		b := &Buffer{Tag: TagSymlink, Flags: flagRelative, Substitute: name}
		if text, err := p.Encode(b, false, -1); !errors.Is(err, ErrNoText) {
			t.Errorf("%x: %q, %v", name, text, err)
		}
	}
	b, _ := Parse(guidBuffer(0xbeef, 1, ""))
	if _, err := p.Encode(b, false, -1); !errors.Is(err, ErrNoText) || StatusOf(err) != StatusIOReparseDataInvalid {
		t.Error(err)
	}
	b, _ = Parse(rawNames(TagSymlink, 1, u16(strings.Repeat("x", 5000)), nil))
	if _, err := p.Encode(b, false, -1); !errors.Is(err, ErrNoText) || StatusOf(err) != StatusNameTooLong {
		t.Error(err)
	}
}

// Only a link of ours moves with the prefix; one of another prefix leads there.
func TestDecodeMoved(t *testing.T) {
	text := []byte(vectors.All[0].Text)
	p := &Prefix{Dir: "/mnt/pfx", Drives: DriveMap{'c': "/mnt/pfx/drive_c", 'z': "/"}}
	for moved, want := range map[bool]string{
		true:  `\??\C:\target`,
		false: `\??\Z:\home\u\.wine\dosdevices\c:\target`,
	} {
		b, err := p.Decode(text, moved)
		if err != nil || string(utf16.Decode(b.Substitute)) != want {
			t.Errorf("moved=%v: %q, %v", moved, string(utf16.Decode(b.Substitute)), err)
		}
	}
}

func TestRelocate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{vectors.All[2].Text, ""}, // outside the prefix: no marker
		{vectors.All[8].Text, ""}, // relative
		{vectors.All[12].Text, ""},
		{"/home/u/.wine////.//.///x", ""}, // a marker in a plain link is none
		{vectors.All[6].Text, strings.Replace(vectors.All[6].Text, vectors.Config, "/q", 1)},
		{vectors.All[3].Text, strings.Replace(vectors.All[3].Text, vectors.Config, "/q", 1)},
	} {
		got, changed := Relocate([]byte(c.text), "/q")
		if c.want == "" {
			c.want = c.text
		}
		if string(got) != c.want || changed != (c.want != c.text) {
			t.Errorf("%q: %q, %v", c.text, got, changed)
		}
	}
	// Past the limit of the kernel the text is still right in memory.
	far := "/" + strings.Repeat("y", MaxText-1)
	moved, changed := Relocate([]byte(vectors.All[0].Text), far)
	if !changed || len(moved) <= MaxText {
		t.Errorf("%d bytes, %v", len(moved), changed)
	}
	p := &Prefix{Dir: far, Drives: DriveMap{}}
	if b, err := p.Decode([]byte(vectors.All[0].Text), true); err != nil || string(utf16.Decode(b.Substitute)) != `\??\C:\target` {
		t.Errorf("%v", err)
	}
}

// Texts next to valid ones.
func TestStrictDecoder(t *testing.T) {
	junction, file := vectors.All[0].Text, vectors.All[8].Text
	head := func(v int, n int) string { return vectors.All[v].Text[:n] }
	for _, text := range []string{
		"",
		junction[:36], junction[:37], // no path
		head(8, 38), head(8, 39), // flag, no path
		"." + junction,         // relative mount point
		head(8, 39) + "/x",     // relative with an absolute path
		head(5, 38) + "x",      // absolute with a relative path
		head(0, 37) + "x",      // the same for a mount point
		head(0, 37) + "/a\\b",  // a backslash has no NT spelling
		head(0, 37) + "/\xff",  // no UTF-8
		head(0, 37) + "/a\x00", // no symlink
		head(0, 37) + "/p" + Marker,
		head(0, 37) + "/p" + Marker + "x",
		strings.Replace(file, "././", "./.x", 1),
	} {
		if l := ParseLink([]byte(text)); l.Tag != TagLXSymlink || string(l.Path) != text {
			t.Errorf("%q reads as %+v", text, l)
		}
	}
	for _, text := range []string{
		head(8, 39) + "./x", head(8, 39) + "../x", head(8, 39) + ".", head(9, 40) + "./",
		head(0, 37) + "/", head(5, 38) + "/", head(5, 38) + "//x",
		head(0, 37) + "/\xff" + Marker + "/x",
	} {
		l := ParseLink([]byte(text))
		if l.Tag == TagLXSymlink {
			t.Errorf("%q reads as a WSL link", text)
		}
		if again, err := l.Text(); err != nil || string(again) != text {
			t.Errorf("%q is written as %q, %v", text, again, err)
		}
	}
}

func TestLinkTextRefuses(t *testing.T) {
	for name, l := range map[string]Link{
		"another tag":            {Tag: 0x8000001b, Path: []byte("/x")},
		"relative mount point":   {Tag: TagMountPoint, Relative: true, Directory: true, Path: []byte("x")},
		"mount point of a file":  {Tag: TagMountPoint, Path: []byte("/x")},
		"empty":                  {Tag: TagSymlink, Relative: true},
		"absolute, no slash":     {Tag: TagSymlink, Path: []byte("x")},
		"relative, slash":        {Tag: TagSymlink, Relative: true, Path: []byte("/x")},
		"NUL":                    {Tag: TagSymlink, Relative: true, Path: []byte("a\x00")},
		"empty LX":               {Tag: TagLXSymlink},
		"NUL in LX":              {Tag: TagLXSymlink, Path: []byte("a\x00")},
		"LX that is a junction":  {Tag: TagLXSymlink, Path: []byte(vectors.All[0].Text)},
		"LX that is Legacy form": {Tag: TagLXSymlink, Path: []byte(".REPARSE_POINT/a")},
	} {
		if text, err := l.Text(); err != StatusIOReparseDataInvalid {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}
