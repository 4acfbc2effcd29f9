package shm

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#include "../include/nspa_shm.h"
*/
import "C"

import _ "github.com/nspa-dev/nspa/include" // rebuild when a header changes

import "unsafe"

// Geometry and layout, as the C compiler sees them.
const (
	Magic     = C.NSPA_SHM_MAGIC
	Version   = C.NSPA_SHM_VERSION
	Buckets   = C.NSPA_BUCKETS
	Slots     = C.NSPA_SLOTS
	Processes = C.NSPA_MAX_PROCESSES
	HandleCap = C.NSPA_HANDLE_CAP

	tableSize   = C.sizeof_struct_nspa_table
	bucketSize  = C.sizeof_struct_nspa_bucket
	slotSize    = C.sizeof_struct_nspa_slot
	journalSize = C.sizeof_struct_nspa_journal
	entrySize   = C.sizeof_struct_nspa_journal_entry

	offMagic     = unsafe.Offsetof(C.struct_nspa_table{}.magic)
	offVersion   = unsafe.Offsetof(C.struct_nspa_table{}.version)
	offSize      = unsafe.Offsetof(C.struct_nspa_table{}.size)
	offBuckets   = unsafe.Offsetof(C.struct_nspa_table{}.buckets)
	offSlots     = unsafe.Offsetof(C.struct_nspa_table{}.slots)
	offProcesses = unsafe.Offsetof(C.struct_nspa_table{}.processes)
	offHandleCap = unsafe.Offsetof(C.struct_nspa_table{}.handle_cap)
	offInstance  = unsafe.Offsetof(C.struct_nspa_table{}.instance)
	offLease     = unsafe.Offsetof(C.struct_nspa_table{}.lease)
	offEpoch     = unsafe.Offsetof(C.struct_nspa_table{}.volume_epoch)
	offTrees     = unsafe.Offsetof(C.struct_nspa_table{}.watched_trees)
	offNames     = unsafe.Offsetof(C.struct_nspa_table{}.name_epoch)
	offNSDev     = unsafe.Offsetof(C.struct_nspa_table{}.pid_ns_dev)
	offNSIno     = unsafe.Offsetof(C.struct_nspa_table{}.pid_ns_ino)
	offBucket    = unsafe.Offsetof(C.struct_nspa_table{}.bucket)
	offJournal   = unsafe.Offsetof(C.struct_nspa_table{}.journal)

	offBucketLock   = unsafe.Offsetof(C.struct_nspa_bucket{}.lock)
	offBucketFlags  = unsafe.Offsetof(C.struct_nspa_bucket{}.flags)
	offBucketNotify = unsafe.Offsetof(C.struct_nspa_bucket{}.notify)
	offBucketSlots  = unsafe.Offsetof(C.struct_nspa_bucket{}.slots)

	offSlotDev     = unsafe.Offsetof(C.struct_nspa_slot{}.dev)
	offSlotIno     = unsafe.Offsetof(C.struct_nspa_slot{}.ino)
	offSlotServer  = unsafe.Offsetof(C.struct_nspa_slot{}.server)
	offSlotClients = unsafe.Offsetof(C.struct_nspa_slot{}.clients)

	offJournalOwner   = unsafe.Offsetof(C.struct_nspa_journal{}.owner)
	offJournalHigh    = unsafe.Offsetof(C.struct_nspa_journal{}.high_water)
	offJournalEntries = unsafe.Offsetof(C.struct_nspa_journal{}.entries)

	offEntryDev     = unsafe.Offsetof(C.struct_nspa_journal_entry{}.dev)
	offEntryIno     = unsafe.Offsetof(C.struct_nspa_journal_entry{}.ino)
	offEntryAccess  = unsafe.Offsetof(C.struct_nspa_journal_entry{}.access)
	offEntrySharing = unsafe.Offsetof(C.struct_nspa_journal_entry{}.sharing)
	offEntryState   = unsafe.Offsetof(C.struct_nspa_journal_entry{}.state)
)

// Bits of a bucket's lock word, as the kernel defines them.
const (
	LockTID       = C.FUTEX_TID_MASK
	LockWaiters   = C.FUTEX_WAITERS
	LockOwnerDied = C.FUTEX_OWNER_DIED
)

// Flags of a bucket.
const (
	Poison  = C.NSPA_BUCKET_POISON
	Rebuild = C.NSPA_BUCKET_REBUILD
)

// BucketOf returns the bucket that an inode belongs to.
func BucketOf(dev, ino uint64) int {
	return int(C.nspa_hash(C.uint64_t(dev), C.uint64_t(ino)))
}
