package shm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// Error says why a table cannot be used: one of the causes below, and what was
// found.
type Error struct {
	Cause  error
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Cause.Error()
	}
	return e.Cause.Error() + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func fail(cause error, format string, args ...any) error {
	return &Error{Cause: cause, Detail: fmt.Sprintf(format, args...)}
}

// What can be wrong with a table.
var (
	ErrDescriptor = errors.New("the shared table's file descriptor is not usable")
	ErrNotSealed  = errors.New("the shared table is not sealed against shrinking")
	ErrSize       = errors.New("the shared table has the wrong size")
	ErrMap        = errors.New("the shared table cannot be mapped")
	ErrMagic      = errors.New("this is not a shared table")
	ErrVersion    = errors.New("the shared table has another version")
	ErrGeometry   = errors.New("the shared table has another geometry")
	ErrNamespace  = errors.New("wineserver runs in another PID namespace")
)

// Table is a mapped shared inode table.
type Table struct {
	mem      []byte
	instance uuid.UUID
}

// Map maps the table behind a file descriptor for reading and writing, after
// it has checked that it is one that this build understands. The descriptor
// stays the caller's and may be closed afterwards.
func Map(fd int) (*Table, error) {
	t, err := mapTable(fd, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	if err := t.checkNamespace(); err != nil {
		t.Unmap()
		return nil, err
	}
	return t, nil
}

// MapReadOnly maps the table for inspection.
func MapReadOnly(fd int) (*Table, error) {
	return mapTable(fd, unix.PROT_READ)
}

// Open maps the table at a path such as /proc/PID/fd/N for inspection.
func Open(path string) (*Table, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fail(ErrDescriptor, "%s: %v", path, err)
	}
	defer unix.Close(fd)
	return MapReadOnly(fd)
}

func mapTable(fd, prot int) (*Table, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fail(ErrDescriptor, "%v", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fail(ErrDescriptor, "file mode %#o", st.Mode)
	}
	// The seal first: without it the size could change after it was looked at,
	// and an access beyond the end is a SIGBUS.
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&unix.F_SEAL_SHRINK == 0 {
		return nil, fail(ErrNotSealed, "seals %#x", seals)
	}
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fail(ErrDescriptor, "%v", err)
	}
	if st.Size != tableSize {
		return nil, fail(ErrSize, "%d bytes, not %d", st.Size, tableSize)
	}
	mem, err := unix.Mmap(fd, 0, tableSize, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, fail(ErrMap, "%v", err)
	}
	t := &Table{mem: mem}
	if err := t.validate(); err != nil {
		t.Unmap()
		return nil, err
	}
	binary.LittleEndian.PutUint64(t.instance[:8], t.quad(offInstance))
	binary.LittleEndian.PutUint64(t.instance[8:], t.quad(offInstance+8))
	return t, nil
}

func (t *Table) validate() error {
	if got := t.word(offMagic); got != Magic {
		return fail(ErrMagic, "magic %#x", got)
	}
	if got := t.word(offVersion); got != Version {
		return fail(ErrVersion, "%d, not %d", got, Version)
	}
	for _, field := range []struct {
		name      string
		got, want uint64
	}{
		{"size", t.quad(offSize), tableSize},
		{"buckets", uint64(t.word(offBuckets)), Buckets},
		{"slots", uint64(t.word(offSlots)), Slots},
		{"processes", uint64(t.word(offProcesses)), Processes},
		{"handles", uint64(t.word(offHandleCap)), HandleCap},
	} {
		if field.got != field.want {
			return fail(ErrGeometry, "%s %d, not %d", field.name, field.got, field.want)
		}
	}
	return nil
}

// checkNamespace refuses a table whose lock words hold thread ids that mean
// other threads here, or none: a living owner would be taken for dead.
func (t *Table) checkNamespace() error {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		return fail(ErrNamespace, "/proc/self/ns/pid: %v", err)
	}
	if dev, ino := t.quad(offNSDev), t.quad(offNSIno); st.Dev != dev || st.Ino != ino {
		return fail(ErrNamespace, "%d:%d, not %d:%d", dev, ino, st.Dev, st.Ino)
	}
	return nil
}

// Unmap ends the mapping. The caller makes sure that nobody uses it.
func (t *Table) Unmap() {
	if t.mem != nil {
		_ = unix.Munmap(t.mem)
		t.mem = nil
	}
}

// Size returns the size of the mapping in bytes.
func (t *Table) Size() int { return len(t.mem) }

// Instance returns the random name of the wineserver that made the table, as
// it was when the table was mapped.
func (t *Table) Instance() uuid.UUID { return t.instance }

// Alive reports whether that wineserver is running.
func (t *Table) Alive() bool {
	lease := t.word(offLease)
	return lease&LockTID != 0 && lease&LockOwnerDied == 0
}

// VolumeEpoch changes whenever drive links or volumes change.
func (t *Table) VolumeEpoch() uint32 { return t.word(offEpoch) }
