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

// newTable makes a memfd with a valid header, changed by change, and seals it.
func newTable(t *testing.T, size int64, sealed int, change func(header []byte)) int {
	t.Helper()
	fd, err := unix.MemfdCreate("table", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Ftruncate(fd, size); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		t.Fatal(err)
	}
	header := make([]byte, 128)
	for off, v := range map[uintptr]uint32{
		offMagic: Magic, offVersion: Version, offSize: tableSize, offBuckets: Buckets,
		offSlots: Slots, offProcesses: Processes, offHandleCap: HandleCap, offLease: uint32(os.Getpid()),
	} {
		binary.LittleEndian.PutUint32(header[off:], v)
	}
	for i := range 16 {
		header[int(offInstance)+i] = byte(i + 1)
	}
	binary.LittleEndian.PutUint64(header[offNSDev:], st.Dev)
	binary.LittleEndian.PutUint64(header[offNSIno:], st.Ino)
	if change != nil {
		change(header)
	}
	if _, err := unix.Pwrite(fd, header, 0); err != nil && size >= int64(len(header)) {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed); err != nil {
		t.Fatal(err)
	}
	return fd
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
	for _, test := range []struct {
		name string
		fd   int
		want error
	}{
		{"no descriptor", -1, ErrDescriptor},
		{"a pipe", pipe[0], ErrDescriptor},
		{"no seal", newTable(t, tableSize, unix.F_SEAL_GROW, nil), ErrNotSealed},
		{"empty", newTable(t, 0, seals, nil), ErrSize},
		{"a byte short", newTable(t, tableSize-1, seals, nil), ErrSize},
		{"a page long", newTable(t, tableSize+4096, seals, nil), ErrSize},
		{"magic", newTable(t, tableSize, seals, put(offMagic, 1)), ErrMagic},
		{"all zero", newTable(t, tableSize, seals, func(h []byte) { clear(h) }), ErrMagic},
		{"version", newTable(t, tableSize, seals, put(offVersion, Version+1)), ErrVersion},
		{"size", newTable(t, tableSize, seals, put(offSize, 1)), ErrGeometry},
		{"buckets", newTable(t, tableSize, seals, put(offBuckets, Buckets+1)), ErrGeometry},
		{"slots", newTable(t, tableSize, seals, put(offSlots, Slots+1)), ErrGeometry},
		{"processes", newTable(t, tableSize, seals, put(offProcesses, 1<<31)), ErrGeometry},
		{"handles", newTable(t, tableSize, seals, put(offHandleCap, 0)), ErrGeometry},
		{"namespace", newTable(t, tableSize, seals, put(offNSIno, 1)), ErrNamespace},
	} {
		table, err := Map(test.fd)
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
	table, err := Map(newTable(t, tableSize, seals, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Unmap()
	if got := table.Instance().String(); got != "01020304-0506-0708-090a-0b0c0d0e0f10" {
		t.Errorf("instance %s", got)
	}
	if !table.Alive() || table.Size() != tableSize || table.Base() == 0 {
		t.Errorf("alive %v, size %d, base %#x", table.Alive(), table.Size(), table.Base())
	}
	if s := table.Snapshot(); len(s.Buckets) != 0 || len(s.Journals) != 0 {
		t.Errorf("a new table has %d buckets and %d journals in use", len(s.Buckets), len(s.Journals))
	}
}

// TestSnapshotOfAnything: no content makes a snapshot panic or read outside.
func TestSnapshotOfAnything(t *testing.T) {
	fd := newTable(t, tableSize, seals, nil)
	table, err := Map(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Unmap()
	random := rand.New(rand.NewPCG(1, 2))
	page := make([]byte, 4096)
	for n := range 2000 {
		for i := 0; i < len(page); i += 8 {
			binary.LittleEndian.PutUint64(page[i:], random.Uint64())
		}
		off := random.Int64N(tableSize/4096) * 4096
		if n == 0 {
			off = int64(offBucket) // few buckets are seldom met
		}
		if _, err := unix.Pwrite(fd, page, off); err != nil {
			t.Fatal(err)
		}
	}
	s := table.Snapshot()
	if len(s.Buckets) == 0 || len(s.Journals) == 0 {
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
