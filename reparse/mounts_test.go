// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

// TestMounts runs the suites on file systems made for the purpose in image
// files.  It needs root, loop devices and the tools of each file system, and
// skips what is not there with the reason.
func TestMounts(t *testing.T) {
	if os.Getenv("NSPA_TEST_MOUNTS") == "" {
		t.Skip("set NSPA_TEST_MOUNTS=1 to mount file systems (needs root)")
	}
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	all := abilities{exchange: true, noReplace: true, xattr: true, links: true}
	noXattr := abilities{exchange: true, noReplace: true, links: true}
	noRename2 := abilities{xattr: true, links: true}
	linksOnly := abilities{links: true}
	for _, m := range []struct {
		name  string
		mkfs  string // %s is the image; empty without one
		mount string
		want  abilities
	}{
		{"ext4", "mkfs.ext4 -q -b 4096 %s", "mount -o loop IMAGE DIR", all},
		{"ext4 with 1 KiB blocks", "mkfs.ext4 -q -b 1024 %s", "mount -o loop IMAGE DIR", all},
		{"ext4 with large attributes", "mkfs.ext4 -q -b 4096 -O ea_inode %s", "mount -o loop IMAGE DIR", all},
		{"ext2", "mkfs.ext2 -q %s", "mount -t ext2 -o loop IMAGE DIR", all},
		{"xfs", "mkfs.xfs -q %s", "mount -o loop IMAGE DIR", all},
		{"btrfs", "mkfs.btrfs -q %s", "mount -o loop IMAGE DIR", all},
		{"tmpfs", "", "mount -t tmpfs none DIR", all},
		{"ramfs", "", "mount -t ramfs none DIR", noXattr},
		{"overlayfs", "", "mount -t overlay none -o lowerdir=SCRATCH/l,upperdir=SCRATCH/u,workdir=SCRATCH/w DIR", all},
		{"fuse, ntfs-3g", "mkfs.ntfs -q -F %s", "ntfs-3g IMAGE DIR", noRename2},
		{"fuse, ntfs-3g without attributes", "mkfs.ntfs -q -F %s", "ntfs-3g -o streams_interface=none IMAGE DIR", linksOnly},
		{"fuse, bindfs", "", "bindfs SCRATCH/u DIR", noRename2},
		{"fuse, exfat", "mkfs.exfat %s", "mount.exfat-fuse LOOP DIR", abilities{}},
		{"vfat", "mkfs.vfat %s", "mount -t vfat -o loop IMAGE DIR", abilities{exchange: true, noReplace: true}},
	} {
		t.Run(m.name, func(t *testing.T) {
			dir := mounted(t, m.mkfs, m.mount)
			a := probe(t, dir)
			a.name = m.name
			var fs unix.Statfs_t
			_ = unix.Statfs(dir, &fs)
			t.Logf("type %x, block %d: exchange %t, noreplace %t, user attributes %t, symlinks %t",
				fs.Type, fs.Bsize, a.exchange, a.noReplace, a.xattr, a.links)
			if m.want.name = m.name; a != m.want {
				t.Errorf("abilities %+v, expected %+v", a, m.want)
			}
			for _, suite := range []struct {
				name string
				run  func(*testing.T, string, abilities)
			}{{"store", storeSuite}, {"crash", crashSuite}, {"limits", limitSuite}} {
				t.Run(suite.name, func(t *testing.T) {
					sub := dir + "/" + suite.name
					if err := os.Mkdir(sub, 0o777); err != nil {
						t.Fatal(err)
					}
					suite.run(t, sub, a)
				})
			}
			if m.name == "overlayfs" {
				t.Run("lower", func(t *testing.T) { lowerSuite(t, dir) })
			}
		})
	}
}

// A mount point stays what it is.
func TestMountPoint(t *testing.T) {
	if os.Getenv("NSPA_TEST_MOUNTS") == "" || os.Geteuid() != 0 {
		t.Skip("set NSPA_TEST_MOUNTS=1 to mount file systems (needs root)")
	}
	w := newWorld(t, t.TempDir())
	w.mkdir("n")
	if err := unix.Mount("none", w.path("n"), "tmpfs", 0, ""); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Unmount(w.path("n"), 0) }()
	for _, raw := range [][]byte{junctionTo(`\??\C:\t`), printed(TagMountPoint, `\??\C:\t`)} {
		if _, err := w.set("n", raw); err != StatusDeviceBusy {
			t.Error(err)
		}
		w.check("n", "dir ")
		w.noTemps()
	}
	if _, err := unix.Getxattr(w.path("n"), xattrName, make([]byte, 100)); err != unix.ENODATA {
		t.Errorf("attribute left on the mounted directory: %v", err)
	}
}

// lowerSuite changes what an overlay shows of its lower directory, which it
// does not exchange with anything.
func lowerSuite(t *testing.T, dir string) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	s := &Store{Prefix: *vectorPrefix()}
	for name, raw := range map[string][]byte{
		"lowerdir": junctionTo(`\??\C:\t`), "lowerfile": symlinkTo("t"),
	} {
		tag, _ := CheckHeader(raw)
		if info, err := s.Set(fd, name, Object{}, raw); err != nil || info.Form != FormText {
			t.Errorf("%s: Set: %+v, %v", name, info, err)
		}
		if got, err := s.Get(fd, name); err != nil || string(got) != string(raw) {
			t.Errorf("%s: Get: %q, %v", name, got, err)
		}
		info, err := s.Delete(fd, name, Object{}, deleteHeader(tag))
		if err != nil || info.Form != FormNone || info.Directory != (tag == TagMountPoint) {
			t.Errorf("%s: Delete: %+v, %v", name, info, err)
		}
	}
	// Nor does it rename a directory of the lower one.
	if _, err := s.Set(fd, "lowerdir2", Object{}, printed(TagMountPoint, `\??\C:\t`)); err != StatusNotSameDevice {
		t.Errorf("attribute: %v", err)
	}
	if info, err := s.Classify(fd, "lowerdir2"); err != nil || info.Form != FormNone {
		t.Errorf("attribute: %+v, %v", info, err)
	}
	full := junctionTo(`\??\C:\t`)
	if _, err := s.Set(fd, "lowerfull", Object{}, full); err != StatusDirectoryNotEmpty {
		t.Errorf("full: %v", err)
	}
	if b, err := os.ReadFile(dir + "/lowerfull/data"); err != nil || string(b) != "user data" {
		t.Errorf("full: %q, %v", b, err)
	}
}

// mounted makes and mounts a file system until the test ends.
func mounted(t *testing.T, mkfs, mount string) string {
	t.Helper()
	scratch := t.TempDir()
	image, dir := scratch+"/image", scratch+"/mnt"
	for _, d := range []string{dir, scratch + "/l/lowerdir", scratch + "/l/lowerdir2", scratch + "/l/lowerfull", scratch + "/u", scratch + "/w"} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string]string{"lowerfile": "", "lowerfull/data": "user data"} {
		if err := os.WriteFile(scratch+"/l/"+name, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(line string) string {
		args := strings.Fields(line)
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Skipf("%s: %v: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if mkfs != "" {
		if err := os.WriteFile(image, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(image, 400<<20); err != nil {
			t.Fatal(err)
		}
		run(fmt.Sprintf(mkfs, image))
	}
	loop := ""
	if strings.Contains(mount, "LOOP") {
		loop = run("losetup -f --show " + image)
		t.Cleanup(func() { _ = exec.Command("losetup", "-d", loop).Run() })
	}
	run(strings.NewReplacer("LOOP", loop, "IMAGE", image, "DIR", dir, "SCRATCH", scratch).Replace(mount))
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// limitSuite walks over the longest link and attribute that the file system
// takes: each point is stored and read back, or refused with a status and
// nothing changed.
func limitSuite(t *testing.T, dir string, a abilities) {
	w := newWorld(t, dir)
	refused := func(err error) bool {
		switch err {
		case StatusNameTooLong, StatusIOReparseDataInvalid, StatusDiskFull, StatusVolumeNotUpgraded:
			return true
		}
		return false
	}
	longest := map[Form]int{}
	for i, n := range []int{50, 200, 900, 1020, 1023, 1024, 1025, 2000, 4000, 4095, 4096, 6000, 8000} {
		for _, raw := range [][]byte{
			symlinkTo(strings.Repeat("x", min(max(n-39, 1), 4085))),
			vectors.Buffer(vectors.LX, false, strings.Repeat("x", n)),
			opaqueBuffer(0x8000001b, strings.Repeat("x", n)),
			opaqueBuffer(0x8000001b, strings.Repeat("x", 2*n)),
		} {
			name := fmt.Sprintf("n%d.%d", i, len(raw))
			w.write(name, "")
			info, err := w.set(name, raw)
			if err != nil {
				if !refused(err) {
					t.Errorf("%d bytes: %v", len(raw), err)
				}
				w.check(name, "file ")
			} else {
				w.check(name, "point "+string(raw))
				longest[info.Form] = max(longest[info.Form], len(raw))
				if info.Form == FormText {
					text, _ := os.Readlink(w.path(name))
					longest[FormNone] = max(longest[FormNone], len(text))
				}
			}
			w.noTemps()
			os.Remove(w.path(name))
			os.Remove(w.path(name + "?"))
		}
	}
	t.Logf("longest text %d, longest attribute %d bytes", longest[FormNone], longest[FormXattr])
}
