// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// legacyLinks lays a buffer out in symlinks of the Legacy form: the text of
// the link itself, and path and text of each that follows.  limit is the most
// bytes that a text has.
func legacyLinks(raw []byte, name string, directory bool, limit int) (text string, more [][2]string) {
	rest := base64.RawURLEncoding.EncodeToString(raw)
	base := ".REPARSE_POINT/" + name + "/"
	if directory {
		base += "."
	}
	base += "/"
	line := base
	chunks := 0
	for number := 0; ; number++ {
		inside := ""
		count := 0
		for rest != "" && len(line)+len(inside) < limit-2 {
			n := min(255, len(rest), limit-2-len(line)-len(inside))
			inside += rest[:n] + "/"
			rest = rest[n:]
			count++
		}
		if number == 0 {
			text = line + inside + "0"
		} else {
			more[len(more)-1][1] = strings.Repeat("../", chunks) + inside + strconv.Itoa(number)
		}
		if rest == "" {
			return text, more
		}
		more = append(more, [2]string{base + inside + strconv.Itoa(number), ""})
		chunks = count
		line = strings.Repeat("../", chunks)
	}
}

func TestLegacy(t *testing.T) {
	big := rawNames(TagSymlink, 1, u16(strings.Repeat(`deep\`, 600)), u16("big"))
	for name, c := range map[string]struct {
		raw       []byte
		directory bool
		links     int
	}{
		"junction": {junctionTo(`\??\C:\target`), true, 0},
		"file":     {symlinkTo(`a`), false, 0},
		"header":   {opaqueBuffer(0x80000017, ""), false, 0},
		"third":    {guidBuffer(0xbeef, 1, "data"), false, 0},
		"big":      {big, false, 1},
	} {
		w := newWorld(t, t.TempDir())
		text, more := legacyLinks(c.raw, name, c.directory, MaxText)
		if len(more) != c.links {
			t.Errorf("%s: %d more links", name, len(more))
		}
		w.symlink(text, name)
		for _, l := range more {
			mkdirs(t, w.fd, filepath.Dir(l[0]))
			if err := unix.Symlinkat(l[1], w.fd, l[0]); err != nil {
				t.Fatal(err)
			}
		}
		info, err := w.store.Classify(w.fd, name)
		tag, _ := CheckHeader(c.raw)
		if err != nil || info.Form != FormLegacy || info.Tag != tag || info.Directory != c.directory {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		w.check(name, "point "+string(c.raw))

		// Never written: a replacement has another form, and a deletion
		// leaves the metadata alone.
		metadata := findAll(w.path(".REPARSE_POINT"))
		if tag == TagMountPoint {
			if info := w.mustSet(name, junctionTo(`\??\C:\x`)); info.Form != FormText {
				t.Errorf("%s: %+v", name, info)
			}
		}
		if info, err := w.delete(name, tag); tag.Microsoft() && (err != nil || info.Directory != c.directory) {
			t.Errorf("%s: Delete: %+v, %v", name, info, err)
		}
		if after := findAll(w.path(".REPARSE_POINT")); after != metadata {
			t.Errorf("%s: metadata changed from %q to %q", name, metadata, after)
		}
		w.noTemps()
	}
}

// mkdirs makes a path of directories that is too long to be absolute.
func mkdirs(t *testing.T, fd int, path string) {
	for i := range path {
		if path[i] == '/' {
			_ = unix.Mkdirat(fd, path[:i], 0o777)
		}
	}
	if err := unix.Mkdirat(fd, path, 0o777); err != nil {
		t.Fatal(err)
	}
}

func findAll(dir string) string {
	var all []string
	_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		all = append(all, path)
		return nil
	})
	return strings.Join(all, " ")
}

// Small limits make many links of any buffer.
func TestLegacyRoundTrip(t *testing.T) {
	for _, limit := range []int{60, 100, 300, 1000, MaxText} {
		for size := HeaderSize; size < 3000; size += 97 {
			raw := opaqueBuffer(0x8000001b, strings.Repeat("\xfb\xff\x01", size/3))
			text, more := legacyLinks(raw, "n", size%2 == 0, limit)
			links := map[string]string{}
			for _, l := range more {
				links[l[0]] = l[1]
			}
			got, directory, err := readLegacy([]byte(text), func(path string) ([]byte, error) {
				if next, ok := links[path]; ok {
					return []byte(next), nil
				}
				return nil, unix.ENOENT
			})
			if err != nil || !bytes.Equal(got, raw) || directory != (size%2 == 0) {
				t.Fatalf("limit %d, size %d: %d bytes, %v, %v", limit, size, len(got), directory, err)
			}
		}
	}
}

// What is damaged is a plain Unix symlink, and no loop or escape.
func TestLegacyDamaged(t *testing.T) {
	good, _ := legacyLinks(junctionTo(`\??\C:\t`), "n", true, MaxText)
	chunk := strings.Split(good, "/")[3]
	endless := func(string) ([]byte, error) { return []byte("../AAAA/1"), nil }
	none := func(string) ([]byte, error) { return nil, unix.ENOENT }
	for _, c := range []struct {
		text     string
		readlink func(string) ([]byte, error)
	}{
		{".REPARSE_POINT", none},
		{".REPARSE_POINT/", none},
		{".REPARSE_POINT/n", none},
		{".REPARSE_POINT/n/", none},
		{".REPARSE_POINT/n/x", none},
		{".REPARSE_POINT/n//0", none},
		{".REPARSE_POINT///" + chunk + "/0", none},
		{".REPARSE_POINT/..//" + chunk + "/0", none},
		{".REPARSE_POINT/.//" + chunk + "/0", none},
		{".REPARSE_POINT/n/./" + chunk + "/1", none},
		{".REPARSE_POINT/n/./" + chunk + "/", none},
		{".REPARSE_POINT/n/./" + chunk + "!/0", none},
		{".REPARSE_POINT/n/./" + chunk + "\n/0", none},
		{".REPARSE_POINT/n/./" + chunk[:8] + "\r\n" + chunk[8:] + "/0", none},
		{".REPARSE_POINT/n/./" + chunk + "A/0", none},
		{".REPARSE_POINT/n/./" + chunk[:len(chunk)-4] + "/0", none},
		{".REPARSE_POINT/n/./../" + chunk + "/0", none},
		{".REPARSE_POINT/n/./" + strings.Repeat("A", 256) + "/0", none},
		{".REPARSE_POINT/n/./AwAAoP__AAAA/0", endless},
		{".REPARSE_POINT/n/./AwAAoP__AAAA/0", func(string) ([]byte, error) { return []byte("../1"), nil }},
		{".REPARSE_POINT/n/./AwAAoP__AAAA/0", func(string) ([]byte, error) { return []byte("AAAA/1"), nil }},
	} {
		if raw, _, err := readLegacy([]byte(c.text), c.readlink); err == nil {
			t.Errorf("%q reads as %x", c.text, raw)
		}
	}
	w := newWorld(t, t.TempDir())
	w.symlink(".REPARSE_POINT/n/./AwAAoP__AAAA/0", "n")
	w.check("n", "point "+string(vectors.Buffer(vectors.LX, false, ".REPARSE_POINT/n/./AwAAoP__AAAA/0")))
}
