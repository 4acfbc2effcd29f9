// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

import "testing"

// The layout is a contract between two libraries: these are the numbers, and
// what the compiled header has.
func TestLayout(t *testing.T) {
	for _, f := range []struct {
		field     string
		got, want uintptr
	}{
		{"nspa_control.magic", offMagic, 0},
		{"nspa_control.version", offVersion, 4},
		{"nspa_control.size", offSize, 8},
		{"nspa_control.buckets", offBuckets, 16},
		{"nspa_control.slots", offSlots, 20},
		{"nspa_control.handle_cap", offHandleCap, 24},
		{"nspa_control.lease", offLease, 28},
		{"nspa_control.instance", offInstance, 32},
		{"nspa_control.salt", offSalt, 48},
		{"nspa_control.pid_ns_dev", offNSDev, 56},
		{"nspa_control.mnt_ns_dev", offMountsDev, 72},
		{"nspa_control.volume_epoch", offEpoch, 88},
		{"nspa_control.name_epoch", offNames, 92},
		{"nspa_control.watched_trees", offTrees, 96},
		{"nspa_control.bucket", offServer, 4096},
		{"sizeof nspa_control", controlSize, 4096 + (Buckets*(64+Slots*64)+4095)/4096*4096},
		{"nspa_server_bucket.poison", offServerPoison, 0},
		{"nspa_server_bucket.notify", offServerNotify, 4},
		{"nspa_server_bucket.slots", offServerSlots, 64},
		{"sizeof nspa_server_bucket", serverSize, 64 + Slots*64},
		{"nspa_server_slot.dev", offOpenDev, 0},
		{"nspa_server_slot.ino", offOpenIno, 8},
		{"nspa_server_slot.opens", offOpenShare, 16},
		{"sizeof nspa_server_slot", openSize, 64},
		{"sizeof nspa_table", tableSize, (Buckets*(64+Slots*64) + 4095) / 4096 * 4096},
		{"nspa_bucket.lock", offBucketLock, 0},
		{"nspa_bucket.clean", offBucketClean, 4},
		{"nspa_bucket.slots", offBucketSlots, 64},
		{"sizeof nspa_bucket", bucketSize, 64 + Slots*64},
		{"nspa_slot.dev", offSlotDev, 0},
		{"nspa_slot.ino", offSlotIno, 8},
		{"nspa_slot.clients", offSlotClients, 16},
		{"nspa_slot.check", offSlotCheck, 60},
		{"sizeof nspa_slot", slotSize, 64},
		{"nspa_journal.owner", offJournalOwner, 0},
		{"nspa_journal.high_water", offJournalHigh, 8},
		{"nspa_journal.spill", offJournalSpill, 4096 - 256},
		{"nspa_journal.cell", offJournalCell, 4096},
		{"nspa_journal.entries", offJournalEntries, 4096 + 256*64},
		{"sizeof nspa_journal", journalSize, 4096 + 256*64 + HandleCap*32},
		{"nspa_journal_entry.dev", offEntryDev, 0},
		{"nspa_journal_entry.ino", offEntryIno, 8},
		{"nspa_journal_entry.access", offEntryAccess, 16},
		{"nspa_journal_entry.sharing", offEntrySharing, 20},
		{"nspa_journal_entry.state", offEntryState, 24},
		{"sizeof nspa_journal_entry", entrySize, 32},
	} {
		if f.got != f.want {
			t.Errorf("%s: got %d, want %d", f.field, f.got, f.want)
		}
	}
}
