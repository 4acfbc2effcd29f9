// SPDX-License-Identifier: LGPL-2.1-or-later

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
	HandleCap = C.NSPA_HANDLE_CAP

	tableSize   = C.sizeof_struct_nspa_table
	bucketSize  = C.sizeof_struct_nspa_bucket
	slotSize    = C.sizeof_struct_nspa_slot
	controlSize = C.sizeof_struct_nspa_control
	serverSize  = C.sizeof_struct_nspa_server_bucket
	openSize    = C.sizeof_struct_nspa_server_slot
	journalSize = C.sizeof_struct_nspa_journal
	entrySize   = C.sizeof_struct_nspa_journal_entry

	offMagic     = unsafe.Offsetof(C.struct_nspa_control{}.magic)
	offVersion   = unsafe.Offsetof(C.struct_nspa_control{}.version)
	offSize      = unsafe.Offsetof(C.struct_nspa_control{}.size)
	offBuckets   = unsafe.Offsetof(C.struct_nspa_control{}.buckets)
	offSlots     = unsafe.Offsetof(C.struct_nspa_control{}.slots)
	offHandleCap = unsafe.Offsetof(C.struct_nspa_control{}.handle_cap)
	offLease     = unsafe.Offsetof(C.struct_nspa_control{}.lease)
	offInstance  = unsafe.Offsetof(C.struct_nspa_control{}.instance)
	offSalt      = unsafe.Offsetof(C.struct_nspa_control{}.salt)
	offNSDev     = unsafe.Offsetof(C.struct_nspa_control{}.pid_ns_dev)
	offMountsDev = unsafe.Offsetof(C.struct_nspa_control{}.mnt_ns_dev)
	offEpoch     = unsafe.Offsetof(C.struct_nspa_control{}.volume_epoch)
	offNames     = unsafe.Offsetof(C.struct_nspa_control{}.name_epoch)
	offTrees     = unsafe.Offsetof(C.struct_nspa_control{}.watched_trees)
	offServer    = unsafe.Offsetof(C.struct_nspa_control{}.bucket)

	offServerPoison = unsafe.Offsetof(C.struct_nspa_server_bucket{}.poison)
	offServerNotify = unsafe.Offsetof(C.struct_nspa_server_bucket{}.notify)
	offServerSlots  = unsafe.Offsetof(C.struct_nspa_server_bucket{}.slots)

	offOpenDev   = unsafe.Offsetof(C.struct_nspa_server_slot{}.dev)
	offOpenIno   = unsafe.Offsetof(C.struct_nspa_server_slot{}.ino)
	offOpenShare = unsafe.Offsetof(C.struct_nspa_server_slot{}.opens)

	offBucketLock  = unsafe.Offsetof(C.struct_nspa_bucket{}.lock)
	offBucketClean = unsafe.Offsetof(C.struct_nspa_bucket{}.clean)
	offBucketSlots = unsafe.Offsetof(C.struct_nspa_bucket{}.slots)

	offSlotDev     = unsafe.Offsetof(C.struct_nspa_slot{}.dev)
	offSlotIno     = unsafe.Offsetof(C.struct_nspa_slot{}.ino)
	offSlotClients = unsafe.Offsetof(C.struct_nspa_slot{}.clients)
	offSlotCheck   = unsafe.Offsetof(C.struct_nspa_slot{}.check)

	offJournalOwner   = unsafe.Offsetof(C.struct_nspa_journal{}.owner)
	offJournalHigh    = unsafe.Offsetof(C.struct_nspa_journal{}.high_water)
	offJournalSpill   = unsafe.Offsetof(C.struct_nspa_journal{}.spill)
	offJournalCell    = unsafe.Offsetof(C.struct_nspa_journal{}.cell)
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

// BucketOf returns the bucket that an inode belongs to.
func BucketOf(dev, ino uint64) int {
	return int(C.nspa_hash(C.uint64_t(dev), C.uint64_t(ino)))
}

// cleanWord is what a bucket's word says while it is clean.
func (t *Table) cleanWord(bucket int) uint32 {
	return uint32(C.nspa_clean_word((*C.struct_nspa_control)(unsafe.Pointer(&t.control[0])), C.uint32_t(bucket)))
}
