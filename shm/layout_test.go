package shm

import "testing"

// The layout is a contract between two libraries: these are the numbers, and
// what the compiled header has.
func TestLayout(t *testing.T) {
	for _, f := range []struct {
		field     string
		got, want uintptr
	}{
		{"nspa_table.magic", offMagic, 0},
		{"nspa_table.version", offVersion, 4},
		{"nspa_table.size", offSize, 8},
		{"nspa_table.buckets", offBuckets, 16},
		{"nspa_table.slots", offSlots, 20},
		{"nspa_table.processes", offProcesses, 24},
		{"nspa_table.handle_cap", offHandleCap, 28},
		{"nspa_table.instance", offInstance, 32},
		{"nspa_table.lease", offLease, 48},
		{"nspa_table.volume_epoch", offEpoch, 52},
		{"nspa_table.watched_trees", offTrees, 72},
		{"nspa_table.name_epoch", offNames, 76},
		{"nspa_table.pid_ns_dev", offNSDev, 56},
		{"nspa_table.pid_ns_ino", offNSIno, 64},
		{"nspa_table.bucket", offBucket, 4096},
		{"nspa_table.journal", offJournal, (4096 + Buckets*(64+Slots*128) + 4095) / 4096 * 4096},
		{"sizeof nspa_table", tableSize, offJournal + Processes*journalSize},
		{"nspa_bucket.lock", offBucketLock, 0},
		{"nspa_bucket.flags", offBucketFlags, 4},
		{"nspa_bucket.notify", offBucketNotify, 8},
		{"nspa_bucket.slots", offBucketSlots, 64},
		{"sizeof nspa_bucket", bucketSize, 64 + Slots*128},
		{"nspa_slot.dev", offSlotDev, 0},
		{"nspa_slot.ino", offSlotIno, 8},
		{"nspa_slot.server", offSlotServer, 16},
		{"nspa_slot.clients", offSlotClients, 64},
		{"sizeof nspa_slot", slotSize, 128},
		{"nspa_journal.owner", offJournalOwner, 0},
		{"nspa_journal.high_water", offJournalHigh, 8},
		{"nspa_journal.entries", offJournalEntries, 4096},
		{"sizeof nspa_journal", journalSize, 4096 + HandleCap*32},
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
