// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

func TestStore(t *testing.T) { onEach(t, storeSuite) }

// storeSuite is what every file system must do as well as it can.
func storeSuite(t *testing.T, dir string, a abilities) {
	w := newWorld(t, dir)
	third := guidBuffer(0xbeef, testGUID, "data")
	thirdDir := guidBuffer(0x1000beef, testGUID, "data")
	junction := junctionTo(`\??\C:\target`)
	w.mkdir("target")
	w.write("target/inside", "data of the target")

	// want gives the status where neither form is to be had.
	form := func(text bool) (Form, error) {
		switch {
		case text && a.links:
			return FormText, nil
		case a.xattr:
			return FormXattr, nil
		case text:
			return FormNone, StatusVolumeNotUpgraded
		}
		return FormNone, StatusIOReparseDataInvalid
	}

	for _, c := range []struct {
		name      string
		directory bool
		data      string // content of the file, or an entry of the directory
		raw       []byte
		text      bool // kept as text if the file system has symlinks
	}{
		{"junction", true, "", junction, true},
		{"junction with print name", true, "", printed(TagMountPoint, `\??\C:\target`), false},
		{"volume", true, "", junctionTo(`\??\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\`), false},
		{"foobar", true, "", rawNames(TagMountPoint, 0, u16("foobar"), nil), false},
		{"device", true, "", rawNames(TagMountPoint, 0, u16(`\Device\NamedPipe\`), nil), false},
		{"surrogate", true, "", rawNames(TagMountPoint, 0, []uint16{0xd800}, nil), false},
		{"dangling", true, "", junctionTo(`\??\C:\nothing`), true},
		{"file link", false, "", symlinkTo(`target\inside`), true},
		{"dir link", true, "", symlinkTo(`.\target`), true},
		{"absolute link", false, "", symlinkTo(`\??\C:\target\inside`), true},
		{"third party", false, "", third, false},
		{"third party with data", false, "kept", third, false},
		{"third party dir", true, "", thirdDir, false},
		{"third party full dir", true, "kept", thirdDir, false},
		{"large", false, "", opaqueBuffer(0x8000001b, strings.Repeat("x", 700)), false},
		{"name with ?", false, "", symlinkTo(`a`), true},
	} {
		if strings.Contains(c.name, "?") && !a.links {
			continue // such file systems have no such names either
		}
		plain := "file " + c.data
		if c.directory {
			plain = "dir " + c.data
			w.mkdir(c.name)
			if c.data != "" {
				w.write(c.name+"/"+c.data, c.data)
			}
		} else {
			w.write(c.name, c.data)
		}
		wantForm, wantErr := form(c.text)
		info, err := w.set(c.name, c.raw)
		if err != wantErr || info.Form != wantForm {
			t.Errorf("%s: Set: %+v, %v, want form %d, %v", c.name, info, err, wantForm, wantErr)
			continue
		}
		w.noTemps()
		if err != nil {
			w.check(c.name, plain)
			continue
		}
		tag, _ := CheckHeader(c.raw)
		if info.Tag != tag || info.Directory != c.directory {
			t.Errorf("%s: %+v", c.name, info)
		}
		if again, err := w.store.Classify(w.fd, c.name); err != nil || again != info {
			t.Errorf("%s: Classify: %+v, %v, want %+v", c.name, again, err, info)
		}
		raw, err := w.store.Get(w.fd, c.name)
		if err != nil {
			t.Errorf("%s: Get: %v", c.name, err)
		}
		sameBytes(t, c.name, raw, c.raw)

		// A delete for another tag changes nothing.
		if _, err := w.delete(c.name, TagLXSymlink); err != StatusIOReparseTagMismatch {
			t.Errorf("%s: Delete of another tag: %v", c.name, err)
		}
		w.check(c.name, "point "+string(c.raw))
		info, err = w.delete(c.name, tag)
		if err != nil || info.Form != FormNone || info.Directory != c.directory {
			t.Errorf("%s: Delete: %+v, %v", c.name, info, err)
		}
		w.check(c.name, plain)
		w.noTemps()
	}
	if data, err := os.ReadFile(w.path("target/inside")); err != nil || string(data) != "data of the target" {
		t.Errorf("the target: %q, %v", data, err)
	}
}

// The file system follows the text as Windows follows the point.
func TestKernelFollows(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("target", "junction", "dirlink", "deep")
	w.write("target/inside", "found")
	w.write("deep/file", "")
	w.mustSet("junction", junctionTo(`\??\C:\target`))
	w.mustSet("dirlink", symlinkTo(`target`))
	deep, err := unix.Open(w.path("deep"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(deep)
	if _, err := w.store.Set(deep, "file", Object{}, symlinkTo(`..\junction\inside`)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"junction/inside", "dirlink/inside", "deep/file"} {
		if data, err := os.ReadFile(w.path(name)); err != nil || string(data) != "found" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// SET decides in the order that Windows does.
func TestSetStatus(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("empty", "full")
	w.write("full/x", "x")
	w.write("file", "data")
	w.write("void", "")
	w.symlink("/etc", "unix")
	if err := unix.Mkfifo(w.path("fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	w.mkdir("junction", "third")
	w.mustSet("junction", junctionTo(`\??\C:\a`))
	w.mustSet("third", guidBuffer(0x1000beef, testGUID, "x"))
	broken := le16(symlinkTo("a"), 10, 0x100)
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"file", nil, StatusIOReparseDataInvalid},
		{"file", junctionTo(`\??\C:\a`), StatusNotADirectory},
		{"full", junctionTo(`\??\C:\a`), StatusDirectoryNotEmpty},
		{"full", guidBuffer(0xbeef, testGUID, ""), StatusDirectoryNotEmpty},
		{"full", symlinkTo("a"), StatusDirectoryNotEmpty},
		{"full", le16(junctionTo(`\??\C:\a`), 8, 2), StatusDirectoryNotEmpty},
		{"file", symlinkTo("a"), StatusIOReparseDataInvalid},
		{"file", vectors.Buffer(vectors.LX, false, "/etc"), StatusIOReparseDataInvalid},
		{"void", broken, StatusIOReparseDataInvalid},
		{"void", guidBuffer(0, 1, ""), StatusIOReparseTagInvalid},
		{"fifo", symlinkTo("a"), StatusInvalidDeviceRequest},
		{"missing", symlinkTo("a"), StatusObjectNameNotFound},
		{"junction", symlinkTo("a"), StatusIOReparseTagMismatch},
		{"junction", guidBuffer(0x1000beef, testGUID, ""), StatusIOReparseTagMismatch},
		{"third", guidBuffer(0x1000beef, 9, "x"), StatusReparseAttributeConflict},
		{"unix", symlinkTo("a"), StatusIOReparseTagMismatch},
		{"void", vectors.Buffer(vectors.LX, false, vectors.All[0].Text), StatusIOReparseDataInvalid},
		{"void", vectors.Buffer(vectors.LX, false, strings.Repeat("x", 5000)), StatusNameTooLong},
		{"", symlinkTo("a"), StatusIOReparseDataInvalid}, // the directory itself has entries
		{"..", symlinkTo("a"), StatusObjectNameInvalid},
		{"a/b", symlinkTo("a"), StatusObjectNameInvalid},
		{"a\x00", symlinkTo("a"), StatusObjectNameInvalid},
		{strings.Repeat("x", 256), symlinkTo("a"), StatusObjectNameInvalid},
		{temp(1), symlinkTo("a"), StatusObjectNameInvalid},
	} {
		before := strings.Join(w.list("."), " ")
		_, err := w.set(c.name, c.raw)
		if c.name == "" {
			c.want = StatusDirectoryNotEmpty
		}
		if err != c.want {
			t.Errorf("%q: %v, want %v", c.name, err, c.want)
		}
		if after := strings.Join(w.list("."), " "); after != before {
			t.Fatalf("%q: changed %s to %s", c.name, before, after)
		}
	}
	w.check("full", "dir x")
	w.check("file", "file data")
	w.check("junction", "point "+string(junctionTo(`\??\C:\a`)))
}

// A point with the same tag is replaced in place, across forms.
func TestReplace(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, a abilities) {
		if !a.xattr || !a.links {
			t.Skip("needs both forms")
		}
		w := newWorld(t, dir)
		text, xattr := junctionTo(`\??\C:\a`), printed(TagMountPoint, `\??\C:\b`)
		text2, xattr2 := junctionTo(`\??\C:\c`), printed(TagMountPoint, `\??\C:\d`)
		w.mkdir("p")
		for i, raw := range [][]byte{text, text2, xattr, xattr2, text, xattr, text2, text2} {
			info := w.mustSet("p", raw)
			if want := map[bool]Form{true: FormText, false: FormXattr}[i != 2 && i != 3 && i != 5]; info.Form != want || !info.Directory {
				t.Errorf("step %d: %+v", i, info)
			}
			w.check("p", "point "+string(raw))
			w.noTemps()
		}
		if got := w.list("."); len(got) != 1 {
			t.Errorf("on disk: %q", got)
		}
		// The kind of the object outlives replacements.
		w.write("f", "")
		w.mustSet("f", symlinkTo("a"))
		w.mustSet("f", printed(TagSymlink, "b"))
		if info := w.mustSet("f", symlinkTo("c")); info.Directory || info.Form != FormText {
			t.Errorf("%+v", info)
		}
		if info, err := w.delete("f", TagSymlink); err != nil || info.Directory {
			t.Errorf("%+v, %v", info, err)
		}
		w.check("f", "file ")
	})
}

// A carrier with contents never becomes a symlink.
func TestXattrKeepsContents(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.write("f", "")
	w.mustSet("f", printed(TagSymlink, "b"))
	if err := os.WriteFile(w.path("f?"), []byte("written through the link handle"), 0o666); err != nil {
		t.Fatal(err)
	}
	if info := w.mustSet("f", symlinkTo("c")); info.Form != FormXattr {
		t.Errorf("%+v", info)
	}
	w.check("f", "point "+string(symlinkTo("c")))
	if _, err := w.delete("f", TagSymlink); err != nil {
		t.Fatal(err)
	}
	w.check("f", "file written through the link handle")
}

// An object is found through a descriptor that is open on it.
func TestDescriptors(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("j", "x", "deep")
	w.write("f", "")
	raw := map[string][]byte{
		"j": junctionTo(`\??\C:\target`), "x": printed(TagMountPoint, `\??\C:\target`), "f": symlinkTo("target"),
	}
	for name, raw := range raw {
		fd, err := unix.Openat(w.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		info, err := w.store.Set(fd, "", Object{}, raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		disk := name
		if info.Form == FormXattr {
			disk += "?"
		} else if _, err := w.store.Get(fd, ""); err != StatusNotAReparsePoint {
			// The descriptor is open on what was replaced.
			t.Errorf("%s: stale descriptor: %v", name, err)
		} else if _, err := w.store.Set(fd, "", Object{}, raw); err != StatusObjectNameNotFound {
			t.Errorf("%s: Set through a stale descriptor: %v", name, err)
		}
		link, err := unix.Openat(w.fd, disk, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(link)
		got, err := w.store.Get(link, "")
		if err != nil {
			t.Errorf("%s: Get: %v", name, err)
		}
		sameBytes(t, name, got, raw)
		if again, err := w.store.Classify(link, ""); err != nil || again != info {
			t.Errorf("%s: Classify: %+v, %v, want %+v", name, again, err, info)
		}
		tag, _ := CheckHeader(raw)
		if _, err := w.store.Delete(link, "", Object{}, deleteHeader(tag)); err != nil {
			t.Errorf("%s: Delete: %v", name, err)
		}
	}
	if got := strings.Join(w.list("."), " "); got != "deep f j x" {
		t.Errorf("on disk: %s", got)
	}
	for _, fd := range []int{-1, 1 << 20, -100} {
		if _, err := w.store.Classify(fd, "x"); err == nil && fd != unix.AT_FDCWD {
			t.Errorf("descriptor %d: no error", fd)
		}
		if _, err := w.store.Classify(fd, ""); err == nil && fd != unix.AT_FDCWD {
			t.Errorf("descriptor %d, no name: no error", fd)
		}
	}
	// A volume root is nobody's entry.
	root, _ := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	defer unix.Close(root)
	if _, err := w.store.Get(root, ""); err != StatusNotAReparsePoint {
		t.Errorf("root: %v", err)
	}
	if info, err := w.store.Classify(root, ""); err != nil || info.Form != FormNone || !info.Directory {
		t.Errorf("root: %+v, %v", info, err)
	}
	if _, err := w.store.Set(root, "", Object{}, junctionTo(`\??\C:\a`)); err != StatusObjectNameNotFound {
		t.Errorf("root: %v", err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	if _, err := w.store.Get(pipe[0], ""); err != StatusNotAReparsePoint {
		t.Errorf("pipe: %v", err)
	}
	// Nor has a deleted file a name.
	gone, _ := unix.Openat(w.fd, "deep", unix.O_PATH|unix.O_CLOEXEC, 0)
	defer unix.Close(gone)
	os.Remove(w.path("deep"))
	if _, err := w.store.Set(gone, "", Object{}, junctionTo(`\??\C:\a`)); err != StatusObjectNameNotFound {
		t.Errorf("deleted: %v", err)
	}
}

// The caller's object must be the one at the name.
func TestWantedObject(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("a", "b")
	a, _ := w.store.Classify(w.fd, "a")
	if _, err := w.store.Set(w.fd, "b", a.Object, junctionTo(`\??\C:\t`)); err != StatusObjectNameNotFound {
		t.Errorf("Set: %v", err)
	}
	info, err := w.store.Set(w.fd, "a", a.Object, junctionTo(`\??\C:\t`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Delete(w.fd, "a", a.Object, deleteHeader(TagMountPoint)); err != StatusObjectNameNotFound {
		t.Errorf("Delete with the old object: %v", err)
	}
	if _, err := w.store.Delete(w.fd, "a", info.Object, deleteHeader(TagMountPoint)); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

// Plain Unix symlinks are WSL links.
func TestUnixLinks(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("target")
	for name, c := range map[string]struct {
		text      string
		directory bool
	}{
		"dir": {"target", true}, "file": {"/etc/passwd", false}, "dangling": {"nothing", false},
		"loop": {"loop", false}, "bytes": {"\xff\xfe", false}, "legacy": {".REPARSE_POINT/x", false},
	} {
		w.symlink(c.text, name)
		info, err := w.store.Classify(w.fd, name)
		if err != nil || info.Form != FormText || info.Tag != TagLXSymlink || info.Directory != c.directory {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		w.check(name, "point "+string(vectors.Buffer(vectors.LX, false, c.text)))
		if _, err := w.delete(name, TagLXSymlink); err != nil {
			t.Errorf("%s: Delete: %v", name, err)
		}
		w.check(name, map[bool]string{true: "dir ", false: "file "}[c.directory])
	}
	w.write("new", "")
	raw := vectors.Buffer(vectors.LX, false, "/usr/bin/python3")
	w.mustSet("new", raw)
	if text, err := os.Readlink(w.path("new")); err != nil || text != "/usr/bin/python3" {
		t.Errorf("%q, %v", text, err)
	}
}

// "n?" is a point only with a buffer, and only where there is no "n".
func TestQuestionMark(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.write("genuine?", "mine")
	if _, err := w.store.Classify(w.fd, "genuine"); err != StatusObjectNameNotFound {
		t.Errorf("genuine: %v", err)
	}
	w.check("genuine?", "file mine")
	for name, value := range map[string]string{"short": "x", "length": "\x03\x00\x00\xa0\xff\xff\x00\x00", "zero": strings.Repeat("\x00", 24)} {
		w.write(name+"?", "")
		if err := unix.Setxattr(w.path(name+"?"), xattrName, []byte(value), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Classify(w.fd, name); err != StatusObjectNameNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What upstream writes without looking is read as it is.
	odd := le16(junctionTo(`\??\C:\t`), 8, 0xffff)
	w.mkdir("odd?")
	if err := unix.Setxattr(w.path("odd?"), xattrName, odd, 0); err != nil {
		t.Fatal(err)
	}
	w.check("odd", "point "+string(odd))
	// "n" wins, and its "?" is in the way of nothing but itself.
	w.mkdir("both")
	w.mkdir("both?")
	if err := unix.Setxattr(w.path("both?"), xattrName, odd, 0); err != nil {
		t.Fatal(err)
	}
	w.check("both", "dir ")
	if _, err := w.set("both", printed(TagMountPoint, `\??\C:\t`)); err != StatusObjectNameCollision {
		t.Errorf("both: %v", err)
	}
	w.check("both", "dir ")
	w.mustSet("both", junctionTo(`\??\C:\t`))
	w.check("both", "point "+string(junctionTo(`\??\C:\t`)))
	// A stray attribute makes no point.
	w.write("stray", "data")
	if err := unix.Setxattr(w.path("stray"), xattrName, odd, 0); err != nil {
		t.Fatal(err)
	}
	w.check("stray", "file data")
	// A name of 255 bytes leaves no room for the "?".
	full := strings.Repeat("n", 255)
	w.write(full, "")
	if _, err := w.set(full, guidBuffer(0xbeef, testGUID, "")); err != StatusNameTooLong {
		t.Errorf("255 bytes: %v", err)
	}
	w.mustSet(full, symlinkTo("a"))
	w.check(full, "point "+string(symlinkTo("a")))
}

func TestEntry(t *testing.T) {
	w := newWorld(t, t.TempDir())
	if !probe(t, w.root).xattr {
		t.Skip("no user attributes here")
	}
	w.mkdir("dir", "junction", "volume", "shadowed", "shadowed?")
	w.write("file", "")
	w.write("genuine?", "")
	w.mustSet("junction", junctionTo(`\??\C:\t`))
	w.mustSet("volume", printed(TagMountPoint, `\??\C:\t`))
	w.symlink("nothing", temp(1))
	w.symlink("nothing", ".winelink.0123")
	if err := unix.Setxattr(w.path("shadowed?"), xattrName, junctionTo(`\??\C:\t`), 0); err != nil {
		t.Fatal(err)
	}
	want := map[string]Entry{
		"dir":            {Info: Info{Directory: true}, Length: 3},
		"file":           {Length: 4},
		"genuine?":       {Length: 8},
		"junction":       {Info: Info{Form: FormText, Tag: TagMountPoint, Directory: true}, Length: 8},
		"volume?":        {Info: Info{Form: FormXattr, Tag: TagMountPoint, Directory: true}, Length: 6},
		"shadowed":       {Info: Info{Directory: true}, Length: 8},
		"shadowed?":      {Info: Info{Form: FormXattr, Tag: TagMountPoint, Directory: true}, Length: 8, Hidden: true},
		temp(1):          {Length: 42, Hidden: true, Leftover: true},
		".winelink.0123": {Info: Info{Form: FormText, Tag: TagLXSymlink}, Length: 14},
	}
	for _, name := range w.list(".") {
		e, err := w.store.Entry(w.fd, name)
		e.Object = Object{}
		if err != nil || e != want[name] {
			t.Errorf("%s: %+v, %v, want %+v", name, e, err, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
	if _, err := w.store.Entry(w.fd, "missing"); err != StatusObjectNameNotFound {
		t.Error(err)
	}
	if _, err := w.store.Entry(w.fd, "a/b"); err != StatusObjectNameInvalid {
		t.Error(err)
	}
}

func TestRemove(t *testing.T) {
	onEach(t, func(t *testing.T, dir string, a abilities) {
		if !a.xattr || !a.links {
			t.Skip("needs both forms")
		}
		w := newWorld(t, dir)
		w.mkdir("target", "j", "x", "d")
		w.write("target/inside", "kept")
		w.write("f", "")
		w.write("c", "data")
		w.mustSet("j", junctionTo(`\??\C:\target`))
		w.mustSet("x", printed(TagMountPoint, `\??\C:\target`))
		w.mustSet("f", symlinkTo(`target\inside`))
		w.mustSet("c", guidBuffer(0xbeef, testGUID, ""))
		for _, name := range []string{"j", "x", "f", "c"} {
			if err := w.store.Remove(w.fd, name, Object{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.store.Remove(w.fd, "d", Object{}); err != StatusNotAReparsePoint {
			t.Errorf("plain directory: %v", err)
		}
		if got := strings.Join(w.list("."), " "); got != "d target" {
			t.Errorf("on disk: %s", got)
		}
		w.check("target", "dir inside")
	})
}

func TestSync(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.store.Sync = true
	w.mkdir("j")
	var calls []string
	beforeCall(t, func(_ int, call string) error { calls = append(calls, call); return nil })
	w.mustSet("j", junctionTo(`\??\C:\t`))
	if len(calls) == 0 || calls[len(calls)-1] != "fsync" {
		t.Errorf("calls: %q", calls)
	}
}

func TestDiskCase(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.mkdir("Program Files/Straße", "other")
	w.write("Program Files/Straße/ReadMe.TXT", "")
	w.symlink("Program Files", "Link")
	w.symlink("nowhere", "Dangling")
	for in, want := range map[string]string{
		"program files/STRAßE/readme.txt":  "Program Files/Straße/ReadMe.TXT",
		"./program files//../OTHER/x/Y":    "./Program Files//../other/x/Y",
		"link/straße/":                     "Link/Straße/",
		"dangling":                         "Dangling",
		"dangling/X":                       "Dangling/X",
		"program files/straße/readme.txt/": "Program Files/Straße/ReadMe.TXT/",
		"missing/Program files":            "missing/Program files",
		"":                                 "",
		"..":                               "..",
	} {
		if got := string((DiskCase{}).Correct(w.fd, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		abs := w.root + "/" + in
		if got := string((DiskCase{}).Correct(-1, []byte(abs))); got != w.root+"/"+want {
			t.Errorf("%q: %q", abs, got)
		}
	}
	// Through the store: what is on disk decides the form.
	w.store.Prefix.Case = DiskCase{}
	w.mkdir("j")
	if info := w.mustSet("j", junctionTo(`\??\C:\program files`)); info.Form != FormXattr {
		t.Errorf("%+v", info)
	}
	w.store.Policy = PolicyRFCAlways
	if info := w.mustSet("j", junctionTo(`\??\C:\program files`)); info.Form != FormText {
		t.Errorf("%+v", info)
	}
	w.check("j", "point "+string(junctionTo(`\??\C:\Program Files`)))
}

func TestDosDevices(t *testing.T) {
	w := newWorld(t, t.TempDir())
	pfx := w.store.Prefix.Dir
	for name, text := range map[string]string{"d:": "/mnt/cdrom/", "e:": "../../elsewhere", "f:": "/a/../b", "g:": "gone"} {
		if err := os.Symlink(text, pfx+"/dosdevices/"+name); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := strings.TrimSuffix(pfx, "/pfx") + "/elsewhere"
	if err := os.Mkdir(elsewhere, 0o777); err != nil {
		t.Fatal(err)
	}
	for letter, want := range map[byte]string{
		'c': pfx + "/drive_c", 'z': "/", 'd': "/mnt/cdrom", 'e': elsewhere, 'f': "", 'g': "", 'q': "",
	} {
		got, ok := DosDevices(pfx).Root(letter)
		if got != want || ok != (want != "") {
			t.Errorf("%c: %q, %v, want %q", letter, got, ok, want)
		}
	}
	w.store.Prefix.Drives = DosDevices(pfx)
	w.mkdir("j")
	w.mustSet("j", junctionTo(`\??\D:\x`))
	w.check("j", "point "+string(junctionTo(`\??\D:\x`)))
}
