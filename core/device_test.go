// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func resetRemovable(t *testing.T) {
	t.Helper()
	clear := func() {
		for i := range removableCache {
			removableCache[i].Store(0)
		}
	}
	clear()
	t.Cleanup(clear)
}

func tempFile(t *testing.T) (*os.File, uint64) {
	t.Helper()
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return file, st.Dev
}

// A disk is none; the answer is remembered, and then given without a look.
func TestRemovableIsRemembered(t *testing.T) {
	resetRemovable(t)
	file, dev := tempFile(t)
	if isRemovable(int(file.Fd()), dev) {
		t.Fatal("the disk counts as removable")
	}
	word := &removableCache[dev%uint64(len(removableCache))]
	if want := dev<<2 | removableKnown; word.Load() != want {
		t.Errorf("remembered %#x, want %#x", word.Load(), want)
	}
	word.Store(dev<<2 | removableKnown | removableYes)
	if !isRemovable(-1, dev) {
		t.Error("the remembered answer is not the one given")
	}
}

func TestRemovableFloppy(t *testing.T) {
	resetRemovable(t)
	file, _ := tempFile(t)
	for minor := range uint32(3) {
		if !isRemovable(int(file.Fd()), unix.Mkdev(floppyMajor, minor)) {
			t.Errorf("floppy drive %d counts as a disk", minor)
		}
	}
	if isRemovable(int(file.Fd()), unix.Mkdev(8, 1)) {
		t.Error("a disk counts as removable")
	}
}

// Two devices in one place of the cache each keep their own answer.
func TestRemovableDisplaced(t *testing.T) {
	resetRemovable(t)
	file, _ := tempFile(t)
	floppy := unix.Mkdev(floppyMajor, 0)
	disk := floppy
	for unix.Major(disk) == floppyMajor {
		disk += uint64(len(removableCache))
	}
	if floppy%uint64(len(removableCache)) != disk%uint64(len(removableCache)) {
		t.Fatal("the devices do not meet")
	}
	for range 3 {
		if !isRemovable(int(file.Fd()), floppy) || isRemovable(int(file.Fd()), disk) {
			t.Fatal("an answer was given for the other device")
		}
	}
}

// A device number whose upper bits do not fit is asked about every time, and
// never taken for another.
func TestRemovableHugeDevice(t *testing.T) {
	resetRemovable(t)
	file, _ := tempFile(t)
	huge := uint64(1)<<63 | 5
	if isRemovable(int(file.Fd()), huge) {
		t.Error("counts as removable")
	}
	if seen := removableCache[huge%uint64(len(removableCache))].Load(); seen != 0 {
		t.Errorf("remembered %#x", seen)
	}
	// device 0 is what an empty place would mean
	if isRemovable(int(file.Fd()), 0) {
		t.Error("device 0 counts as removable")
	}
}

func TestRemovableBadDescriptor(t *testing.T) {
	resetRemovable(t)
	if isRemovable(-1, unix.Mkdev(8, 1)) {
		t.Error("counts as removable")
	}
}
