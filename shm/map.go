// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
)

// Table is the shared table mapped for inspection: what processes write, what
// wineserver writes, and the journals of as many processes as were mapped.
type Table struct {
	table, control memory
	journals       []memory
	instance       uuid.UUID
}

// What wineserver calls the memory that it shares, as /proc/PID/fd shows it.
const (
	tableName   = "/memfd:wine_nspa_inode_table"
	controlName = "/memfd:wine_nspa_control"
	journalName = "/memfd:wine_nspa_journal"
)

// Open maps all that the wineserver with this process id shares.
func Open(pid int) (*Table, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fail(ErrDescriptor, "%v", err)
	}
	table, control, journals := -1, -1, []int{}
	defer func() {
		for _, fd := range append(journals, table, control) {
			if fd >= 0 {
				_ = unix.Close(fd)
			}
		}
	}()
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		target, _ := os.Readlink(path)
		target = strings.TrimSuffix(target, " (deleted)")
		if target != tableName && target != controlName && target != journalName {
			continue
		}
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		switch {
		case err != nil:
			continue // closed meanwhile
		case target == tableName:
			table = fd
		case target == controlName:
			control = fd
		default:
			journals = append(journals, fd)
		}
	}
	t, err := Map(table, control)
	if err != nil {
		return nil, err
	}
	for _, fd := range journals {
		if err := t.MapJournal(fd); err != nil {
			t.Unmap()
			return nil, err
		}
	}
	return t, nil
}

// Map maps the table behind two file descriptors, after it has checked that it is
// one that this build understands. They stay the caller's and may be closed
// afterwards.
func Map(table, control int) (*Table, error) {
	t := &Table{}
	var err error
	if t.control, err = mapMemory(control, controlSize); err == nil {
		if err = t.validate(); err == nil {
			t.table, err = mapMemory(table, tableSize)
		}
	}
	if err != nil {
		t.Unmap()
		return nil, err
	}
	binary.LittleEndian.PutUint64(t.instance[:8], t.control.quad(offInstance))
	binary.LittleEndian.PutUint64(t.instance[8:], t.control.quad(offInstance+8))
	return t, nil
}

// MapJournal adds the journal of a process.
func (t *Table) MapJournal(fd int) error {
	journal, err := mapMemory(fd, journalSize)
	if err == nil {
		t.journals = append(t.journals, journal)
	}
	return err
}

func mapMemory(fd, size int) (memory, error) {
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
	if st.Size != int64(size) {
		return nil, fail(ErrSize, "%d bytes, not %d", st.Size, size)
	}
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fail(ErrMap, "%v", err)
	}
	return mem, nil
}

func (t *Table) validate() error {
	if got := t.control.word(offMagic); got != Magic {
		return fail(ErrMagic, "magic %#x", got)
	}
	if got := t.control.word(offVersion); got != Version {
		return fail(ErrVersion, "%d, not %d", got, Version)
	}
	for _, field := range []struct {
		name      string
		got, want uint64
	}{
		{"size", t.control.quad(offSize), controlSize},
		{"buckets", uint64(t.control.word(offBuckets)), Buckets},
		{"slots", uint64(t.control.word(offSlots)), Slots},
		{"handles", uint64(t.control.word(offHandleCap)), HandleCap},
	} {
		if field.got != field.want {
			return fail(ErrGeometry, "%s %d, not %d", field.name, field.got, field.want)
		}
	}
	return nil
}

// Unmap ends the mappings. The caller makes sure that nobody uses them.
func (t *Table) Unmap() {
	for _, mem := range append(t.journals, t.table, t.control) {
		if mem != nil {
			_ = unix.Munmap(mem)
		}
	}
	t.table, t.control, t.journals = nil, nil, nil
}

// Instance returns the random name of the wineserver that made the table.
func (t *Table) Instance() uuid.UUID { return t.instance }

// Alive reports whether that wineserver is running.
func (t *Table) Alive() bool {
	lease := t.control.word(offLease)
	return lease&LockTID != 0 && lease&LockOwnerDied == 0
}

// VolumeEpoch changes whenever drive links or volumes change.
func (t *Table) VolumeEpoch() uint32 { return t.control.word(offEpoch) }
