// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

func openDir(t testing.TB, dir string) int {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// makePrefix makes a Wine prefix and gives the path and descriptor of drive C:.
func makePrefix(t testing.TB, flags uint32) (p *cPrefix, dir string, fd int) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"/drive_c", "/dosdevices"} {
		if err := os.Mkdir(root+d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"c:": "../drive_c", "z:": "/"} {
		if err := os.Symlink(text, root+"/dosdevices/"+name); err != nil {
			t.Fatal(err)
		}
	}
	dir = root + "/drive_c"
	return newPrefix(t, flags, root, ""), dir, openDir(t, dir)
}

func mkdir(t testing.TB, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestSetGetDelete(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	mkdir(t, dir+"/target")
	write(t, dir+"/target/inside", "found")
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\target`)
	bogus := bytes.Clone(junction)
	copy(bogus[len(bogus)-4:], "x") // a print name of its own
	third := append([]byte("\xef\xbe\x00\x00\x04\x00\x00\x000123456789abcdef"), "data"...)
	for _, c := range []struct {
		name      string
		directory bool
		raw       []byte
		form      uint32
	}{
		{"junction", true, junction, formText},
		{"bogus", true, bogus, formXattr},
		{"link", false, vectors.Buffer(vectors.Symlink, true, `target\inside`), formText},
		{"lx", false, vectors.Buffer(vectors.LX, false, `target/inside`), formText},
		{"third", false, third, formXattr},
	} {
		if c.directory {
			mkdir(t, dir+"/"+c.name)
		} else {
			write(t, dir+"/"+c.name, "")
		}
		before, status := classify(t, fd, c.name)
		if status != success || before.Form != formNone || (before.Directory != 0) != c.directory || before.Ino == 0 {
			t.Fatalf("%s: classify: %x, %+v", c.name, status, before)
		}
		if _, status := set(t, p, fd, c.name, before.Dev, before.Ino+1, c.raw); status != objectNameNotFound {
			t.Errorf("%s: set on another object: %x", c.name, status)
		}
		if _, _, status := get(t, p, fd, c.name, 1000); status != notAReparsePoint {
			t.Errorf("%s: get: %x", c.name, status)
		}
		info, status := set(t, p, fd, c.name, before.Dev, before.Ino, c.raw)
		if status != success || info.Form != c.form || (info.Directory != 0) != c.directory {
			t.Fatalf("%s: set: %x, %+v", c.name, status, info)
		}
		if again, status := classify(t, fd, c.name); status != success || again != info {
			t.Errorf("%s: classify: %x, %+v, want %+v", c.name, status, again, info)
		}
		checkGet(t, p, fd, c.name, c.raw)

		wrong := append([]byte("\x1b\x00\x00\x80\x00\x00\x00\x00"), make([]byte, 16)...)
		if _, status := deletePoint(t, p, fd, c.name, 0, 0, wrong); status != reparseTagMismatch {
			t.Errorf("%s: delete of another tag: %x", c.name, status)
		}
		if _, status := deletePoint(t, p, fd, c.name, 0, 0, nil); status != invalidBufferSize {
			t.Errorf("%s: delete without input: %x", c.name, status)
		}
		header := append(bytes.Clone(c.raw[:4]), 0, 0, 0, 0)
		if c.name == "third" {
			header = append(header, c.raw[8:24]...)
		}
		after, status := deletePoint(t, p, fd, c.name, info.Dev, info.Ino, header)
		if status != success || after.Form != formNone || (after.Directory != 0) != c.directory {
			t.Errorf("%s: delete: %x, %+v", c.name, status, after)
		}
		if _, status := deletePoint(t, p, fd, c.name, 0, 0, header); status != notAReparsePoint {
			t.Errorf("%s: second delete: %x", c.name, status)
		}
	}
	if b, err := os.ReadFile(dir + "/target/inside"); err != nil || string(b) != "found" {
		t.Errorf("%q, %v", b, err)
	}
	write(t, dir+"/full", "data")
	if _, status := set(t, p, fd, "full", 0, 0, vectors.Buffer(vectors.Symlink, true, "a")); status != reparseDataInvalid {
		t.Errorf("file with data: %x", status)
	}
	if _, status := set(t, p, fd, "full", 0, 0, junction); status != notADirectory {
		t.Errorf("junction on a file: %x", status)
	}
	if _, status := set(t, p, fd, "target", 0, 0, junction); status != directoryNotEmpty {
		t.Errorf("full directory: %x", status)
	}
}

// checkGet walks over the sizes of the output buffer.
func checkGet(t *testing.T, p *cPrefix, fd int, name string, raw []byte) {
	t.Helper()
	for size := 1; size < len(raw)+10; size++ {
		out, information, status := get(t, p, fd, name, size)
		switch {
		case size < 28:
			if status != bufferTooSmall || information != 0xdeadbeef {
				t.Errorf("%s: get %d: %x, %x", name, size, status, information)
			}
		case size < len(raw):
			if status != bufferOverflow || int(information) != size || !bytes.Equal(out, raw[:size]) {
				t.Errorf("%s: get %d: %x, %d", name, size, status, information)
			}
		default:
			if status != success || int(information) != len(raw) || !bytes.Equal(out[:len(raw)], raw) {
				t.Errorf("%s: get %d: %x, %d", name, size, status, information)
			}
		}
	}
}

func TestEntries(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	mkdir(t, dir+"/dir")
	mkdir(t, dir+"/junction")
	mkdir(t, dir+"/bogus")
	write(t, dir+"/file", "")
	write(t, dir+"/genuine?", "")
	junction := vectors.Buffer(vectors.MountPoint, false, `\??\C:\target`)
	bogus := bytes.Clone(junction)
	copy(bogus[len(bogus)-4:], "x")
	for name, raw := range map[string][]byte{"junction": junction, "bogus": bogus} {
		if _, status := set(t, p, fd, name, 0, 0, raw); status != success {
			t.Fatalf("%s: %x", name, status)
		}
	}
	if err := os.Symlink("x", dir+"/"+tempName); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		dType        uint32
		form, tag    uint32
		dir          bool
		length, flag uint32
	}{
		{"dir", dtDir, formNone, 0, true, 3, 0},
		{"dir", dtUnknown, formNone, 0, true, 3, 0},
		{"file", dtRegular, formNone, 0, false, 4, 0},
		{"file", dtUnknown, formNone, 0, false, 4, 0},
		{"junction", dtLink, formText, vectors.MountPoint, true, 8, 0},
		{"junction", dtUnknown, formText, vectors.MountPoint, true, 8, 0},
		{"bogus?", dtDir, formXattr, vectors.MountPoint, true, 5, 0},
		{"genuine?", dtRegular, formNone, 0, false, 8, 0},
		{tempName, dtLink, formNone, 0, false, 42, entryHidden | entryLeftover},
		{tempName, dtRegular, formNone, 0, false, 42, entryHidden | entryLeftover},
		{".winelin", dtRegular, formNone, 0, false, 8, 0},
	} {
		info, status := entry(t, fd, c.name, c.dType)
		if status != success || info.Form != c.form || info.Tag != c.tag || (info.Directory != 0) != c.dir ||
			info.Length != c.length || info.Entry != c.flag {
			t.Errorf("%s, type %d: %x, %+v", c.name, c.dType, status, info)
		}
	}
	if kept, status := recoverDir(fd, 0); status != success || kept != 0 {
		t.Errorf("recover: %x, kept %d", status, kept)
	}
	if _, err := os.Lstat(dir + "/" + tempName); err == nil {
		t.Error("the leftover is still there")
	}
	for _, name := range []string{"junction", "bogus"} {
		if status := remove(t, fd, name, 0, 0); status != success {
			t.Errorf("remove %s: %x", name, status)
		}
		if _, status := classify(t, fd, name); status != objectNameNotFound {
			t.Errorf("%s: %x", name, status)
		}
	}
	if status := remove(t, fd, "dir", 0, 0); status != notAReparsePoint {
		t.Errorf("remove dir: %x", status)
	}
}

func TestRelocate(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	if err := os.Symlink(vectors.All[0].Text, dir+"/n"); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(vectors.All[0].Text, vectors.Config, filepath.Dir(dir), 1)
	if text, moved, _, status := relocate(t, p, fd, "n", 4); status != bufferTooSmall || moved != 1 || text != nil {
		t.Errorf("small: %x, moved %d", status, moved)
	}
	text, moved, info, status := relocate(t, p, fd, "n", maxText)
	if status != success || moved != 0 || string(text) != want || info.Tag != vectors.MountPoint {
		t.Errorf("%x, moved %d, %q", status, moved, text)
	}
	if got, err := os.Readlink(dir + "/n"); err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	mkdir(t, dir+"/plain")
	if text, moved, _, status := relocate(t, p, fd, "plain", maxText); status != success || moved != 0 || len(text) != 0 {
		t.Errorf("plain: %x, %d, %q", status, moved, text)
	}
}

func TestFixCase(t *testing.T) {
	for flags, want := range map[uint32]uint32{0: formText, fixCase: formXattr, fixCase | rfcAlways: formText} {
		p, dir, fd := makePrefix(t, flags)
		mkdir(t, dir+"/Target")
		mkdir(t, dir+"/n")
		info, status := set(t, p, fd, "n", 0, 0, vectors.Buffer(vectors.MountPoint, false, `\??\C:\target`))
		if status != success || info.Form != want {
			t.Errorf("flags %d: %x, %+v", flags, status, info)
		}
		if text, err := os.Readlink(dir + "/n"); want == formText && (err != nil || strings.HasSuffix(text, "/Target") != (flags != 0)) {
			t.Errorf("flags %d: %q, %v", flags, text, err)
		}
	}
}

// A call leaves the signal mask of its thread as it was, with all signals
// blocked and with none.
func TestSignalMask(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	write(t, dir+"/n", "")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, nil, &old); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }()
	for _, mask := range []uint64{0, 1<<(unix.SIGUSR1-1) | 1<<(unix.SIGQUIT-1), 1<<(unix.SIGCHLD-1) | 1<<(unix.SIGALRM-1)} {
		var set1, got unix.Sigset_t
		set1.Val[0] = mask
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &set1, nil); err != nil {
			t.Fatal(err)
		}
		_, _, _, _ = encode(t, p, true, vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`), maxText)
		_, _ = classify(t, fd, "n")
		_, _ = set(t, p, fd, "n", 0, 0, vectors.Buffer(vectors.Symlink, true, "a"))
		_, _ = deletePoint(t, p, fd, "n", 0, 0, []byte("\x0c\x00\x00\xa0\x00\x00\x00\x00"))
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, nil, &got); err != nil {
			t.Fatal(err)
		}
		if got.Val[0] != mask {
			t.Errorf("mask %x became %x", mask, got.Val[0])
		}
	}
}

// The signals by which Wine suspends and ends threads stay out of a call that
// is made again and again.
func TestSignalsBlockedInside(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	mkdir(t, dir+"/n")
	if _, status := set(t, p, fd, "n", 0, 0, vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`)); status != success {
		t.Fatalf("%x", status)
	}
	tid, done := make(chan int), make(chan uint32)
	stop := time.Now().Add(300 * time.Millisecond)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tid <- unix.Gettid()
		for time.Now().Before(stop) {
			if _, _, status := get(t, p, fd, "n", 200); status != success {
				done <- status
				return
			}
		}
		done <- success
	}()
	file := fmt.Sprintf("/proc/self/task/%d/status", <-tid)
	var inside, both int
	for {
		select {
		case status := <-done:
			if status != success {
				t.Errorf("%x", status)
			}
			if both < 5 {
				t.Errorf("SIGUSR1 and SIGQUIT were blocked in %d of %d looks", both, inside)
			}
			return
		case <-time.After(time.Millisecond):
		}
		status, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(status), "SigBlk:\t")
		var blocked uint64
		if _, err := fmt.Sscanf(rest, "%x", &blocked); err != nil {
			t.Fatal(err)
		}
		inside++
		if want := uint64(1<<(unix.SIGUSR1-1) | 1<<(unix.SIGQUIT-1)); blocked&want == want {
			both++
		}
	}
}

func TestManyThreads(t *testing.T) {
	p, dir, fd := makePrefix(t, 0)
	mkdir(t, dir+"/shared")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			own := string(rune('a' + i))
			write(t, dir+"/"+own, "")
			raw := vectors.Buffer(vectors.Symlink, true, "target"+own)
			for range 50 {
				if _, status := set(t, p, fd, own, 0, 0, raw); status != success {
					t.Errorf("set: %x", status)
				}
				out, n, status := get(t, p, fd, own, 200)
				if status != success || !bytes.Equal(out[:n], raw) {
					t.Errorf("get: %x", status)
				}
				if _, status := deletePoint(t, p, fd, own, 0, 0, []byte("\x0c\x00\x00\xa0\x00\x00\x00\x00")); status != success {
					t.Errorf("delete: %x", status)
				}
				_, status = set(t, p, fd, "shared", 0, 0, vectors.Buffer(vectors.MountPoint, false, `\??\C:\t`))
				if status == internalError {
					t.Error("internal error")
				}
			}
		}()
	}
	wg.Wait()
}
