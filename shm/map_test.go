// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW

// newMemory makes a memfd that starts with some bytes, and seals it.
func newMemory(t *testing.T, size int64, sealed int, start []byte) int {
	t.Helper()
	fd, err := unix.MemfdCreate("table", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Ftruncate(fd, size); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Pwrite(fd, start, 0); err != nil && size >= int64(len(start)) {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed); err != nil {
		t.Fatal(err)
	}
	return fd
}

// newControl makes one with a valid header, changed by change.
func newControl(t *testing.T, size int64, sealed int, change func(header []byte)) int {
	t.Helper()
	header := make([]byte, 128)
	for off, v := range map[uintptr]uint32{
		offMagic: Magic, offVersion: Version, offSize: controlSize, offBuckets: Buckets,
		offSlots: Slots, offHandleCap: HandleCap, offLease: uint32(os.Getpid()),
	} {
		binary.LittleEndian.PutUint32(header[off:], v)
	}
	for i := range 16 {
		header[int(offInstance)+i] = byte(i + 1)
	}
	if change != nil {
		change(header)
	}
	return newMemory(t, size, sealed, header)
}

func TestMapRefuses(t *testing.T) {
	put := func(off uintptr, v uint32) func([]byte) {
		return func(h []byte) { binary.LittleEndian.PutUint32(h[off:], v) }
	}
	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	good := newMemory(t, tableSize, seals, nil)
	goodControl := newControl(t, controlSize, seals, nil)
	for _, test := range []struct {
		name           string
		table, control int
		want           error
	}{
		{"no descriptor", good, -1, ErrDescriptor},
		{"no table", -1, goodControl, ErrDescriptor},
		{"a pipe", good, pipe[0], ErrDescriptor},
		{"a pipe for a table", pipe[0], goodControl, ErrDescriptor},
		{"no seal", good, newControl(t, controlSize, unix.F_SEAL_GROW, nil), ErrNotSealed},
		{"no seal on the table", newMemory(t, tableSize, 0, nil), goodControl, ErrNotSealed},
		{"empty", good, newControl(t, 0, seals, nil), ErrSize},
		{"a byte short", good, newControl(t, controlSize-1, seals, nil), ErrSize},
		{"a page long", good, newControl(t, controlSize+4096, seals, nil), ErrSize},
		{"a table a page long", newMemory(t, tableSize+4096, seals, nil), goodControl, ErrSize},
		{"magic", good, newControl(t, controlSize, seals, put(offMagic, 1)), ErrMagic},
		{"all zero", good, newControl(t, controlSize, seals, func(h []byte) { clear(h) }), ErrMagic},
		{"version", good, newControl(t, controlSize, seals, put(offVersion, Version+1)), ErrVersion},
		{"size", good, newControl(t, controlSize, seals, put(offSize, 1)), ErrGeometry},
		{"buckets", good, newControl(t, controlSize, seals, put(offBuckets, Buckets+1)), ErrGeometry},
		{"slots", good, newControl(t, controlSize, seals, put(offSlots, Slots+1)), ErrGeometry},
		{"handles", good, newControl(t, controlSize, seals, put(offHandleCap, 0)), ErrGeometry},
	} {
		table, err := Map(test.table, test.control)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		var typed *Error
		if err != nil && !errors.As(err, &typed) {
			t.Errorf("%s: %T is no *Error", test.name, err)
		}
		if table != nil {
			table.Unmap()
		}
	}
}

func TestMap(t *testing.T) {
	table, err := Map(newMemory(t, tableSize, seals, nil), newControl(t, controlSize, seals, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Unmap()
	if got := table.Instance().String(); got != "01020304-0506-0708-090a-0b0c0d0e0f10" {
		t.Errorf("instance %s", got)
	}
	if !table.Alive() {
		t.Error("not alive")
	}
	if err := table.MapJournal(newMemory(t, journalSize, seals, nil)); err != nil {
		t.Error(err)
	}
	if err := table.MapJournal(newMemory(t, journalSize-4096, seals, nil)); !errors.Is(err, ErrSize) {
		t.Errorf("a journal a page short: %v", err)
	}
	s := table.Snapshot()
	if len(s.Buckets) != Buckets || len(s.Journals) != 0 {
		t.Errorf("of a table of zeros %d buckets are shown and %d journals", len(s.Buckets), len(s.Journals))
	}
	for _, b := range s.Buckets {
		if b.Clean || b.Poison || len(b.Slots) != 0 {
			t.Fatalf("%+v", b)
		}
	}
}

// scribble writes rubbish to many pages of a memfd.
func scribble(t *testing.T, fd int, from, size int64) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	page := make([]byte, 4096)
	for n := range size / 4096 {
		for i := 0; i < len(page); i += 8 {
			binary.LittleEndian.PutUint64(page[i:], random.Uint64())
		}
		if _, err := unix.Pwrite(fd, page, from+n*4096); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSnapshotOfAnything: no content makes a snapshot panic or read outside.
func TestSnapshotOfAnything(t *testing.T) {
	fds := []int{newMemory(t, tableSize, seals, nil), newControl(t, controlSize, seals, nil), newMemory(t, journalSize, seals, nil)}
	table, err := Map(fds[0], fds[1])
	if err != nil {
		t.Fatal(err)
	}
	defer table.Unmap()
	if err := table.MapJournal(fds[2]); err != nil {
		t.Fatal(err)
	}
	scribble(t, fds[0], 0, tableSize)
	scribble(t, fds[1], 4096, controlSize-4096)
	scribble(t, fds[2], 0, journalSize)
	s := table.Snapshot()
	if len(s.Buckets) == 0 || len(s.Buckets[0].Slots) == 0 || len(s.Journals) == 0 {
		t.Error("the snapshot shows nothing of what was written")
	}
	for _, j := range s.Journals {
		if len(j.Entries) > HandleCap {
			t.Errorf("journal %d: %d entries", j.Index, len(j.Entries))
		}
	}
	for _, i := range []int{-1, Buckets, 1 << 40} {
		if b := table.Bucket(i); len(b.Slots) != 0 {
			t.Errorf("bucket %d", i)
		}
		if j := table.Journal(i); len(j.Entries) != 0 {
			t.Errorf("journal %d", i)
		}
	}
}
