// SPDX-License-Identifier: LGPL-2.1-or-later

package shm

// Share is one side's opens of one inode: struct nspa_share.
type Share struct {
	Handles, Opens                        uint32
	Readers, Writers, Deleters            uint32
	SharedRead, SharedWrite, SharedDelete uint32
	MapWrite, MapImage, MapAccess         uint32
}

// Slot is what the table has of one inode.
type Slot struct {
	Dev, Ino        uint64
	Server, Clients Share
}

// InUse reports whether either side has the inode open.
func (s *Slot) InUse() bool { return s.Server.Handles != 0 || s.Clients.Handles != 0 }

// Bucket is one bucket with its slots in use.
type Bucket struct {
	Index  int
	Lock   uint32
	Clean  bool // the processes' counters are the sums of the journals
	Poison bool // processes leave opens to wineserver
	Notify bool // wineserver waits for a last close
	Slots  []Slot
}

// EntryState is the state of a journal entry.
type EntryState uint32

// The states; any other value was written by somebody who does not follow the
// protocol.
const (
	Free EntryState = iota
	Pending
	Held
	Aborted
	Closed
)

func (s EntryState) String() string {
	switch s {
	case Free:
		return "free"
	case Pending:
		return "pending"
	case Held:
		return "held"
	case Aborted:
		return "aborted"
	case Closed:
		return "closed"
	}
	return "invalid"
}

// InUse reports whether the process has something to do under the entry.
func (s EntryState) InUse() bool { return s != Free && s != Closed }

// Entry is one open in a process's journal.
type Entry struct {
	Index           int
	Dev, Ino        uint64
	Access, Sharing uint32
	State           EntryState
}

// Journal is the journal of one process. Entries holds those in use.
type Journal struct {
	Index     int
	Owner     uint64 // generation << 32 | wineserver's process id; 0 when retired
	HighWater uint32
	Entries   []Entry
}

// Snapshot is the table at about one moment: buckets and journals in use.
type Snapshot struct {
	Instance    string
	Alive       bool
	VolumeEpoch uint32
	Buckets     []Bucket
	Journals    []Journal
}

// Snapshot copies what is in use. It takes no lock and stops nobody.
func (t *Table) Snapshot() Snapshot {
	s := Snapshot{Instance: t.instance.String(), Alive: t.Alive(), VolumeEpoch: t.VolumeEpoch()}
	for i := 0; i < Buckets; i++ {
		if b := t.Bucket(i); b.Lock != 0 || !b.Clean || b.Poison || len(b.Slots) != 0 {
			s.Buckets = append(s.Buckets, b)
		}
	}
	for i := range t.journals {
		if j := t.Journal(i); j.Owner != 0 || len(j.Entries) != 0 {
			s.Journals = append(s.Journals, j)
		}
	}
	return s
}

// Bucket copies one bucket; an index out of range gives an empty one.
func (t *Table) Bucket(i int) Bucket {
	b := Bucket{Index: i}
	if i < 0 || i >= Buckets {
		return b
	}
	base, server := uintptr(i)*bucketSize, offServer+uintptr(i)*serverSize
	b.Lock = t.table.word(base + offBucketLock)
	b.Clean = t.table.word(base+offBucketClean) == t.cleanWord(i)
	b.Poison = t.control.word(server+offServerPoison) != 0
	b.Notify = t.control.word(server+offServerNotify) != 0
	for j := uintptr(0); j < Slots; j++ {
		off := server + offServerSlots + j*openSize
		if s := t.control.share(off + offOpenShare); s.Handles != 0 {
			b.slot(t.control.quad(off+offOpenDev), t.control.quad(off+offOpenIno)).Server = s
		}
		off = base + offBucketSlots + j*slotSize
		if s := t.table.share(off + offSlotClients); s.Handles != 0 {
			b.slot(t.table.quad(off+offSlotDev), t.table.quad(off+offSlotIno)).Clients = s
		}
	}
	return b
}

// slot returns what the bucket has of an inode.
func (b *Bucket) slot(dev, ino uint64) *Slot {
	for i := range b.Slots {
		if b.Slots[i].Dev == dev && b.Slots[i].Ino == ino {
			return &b.Slots[i]
		}
	}
	b.Slots = append(b.Slots, Slot{Dev: dev, Ino: ino})
	return &b.Slots[len(b.Slots)-1]
}

func (m memory) share(off uintptr) Share {
	var s Share
	for i, field := range s.fields() {
		*field = m.word(off + uintptr(i)*4)
	}
	return s
}

// fields lists the counters in the order of struct nspa_share.
func (s *Share) fields() [11]*uint32 {
	return [11]*uint32{
		&s.Handles, &s.Opens, &s.Readers, &s.Writers, &s.Deleters,
		&s.SharedRead, &s.SharedWrite, &s.SharedDelete,
		&s.MapWrite, &s.MapImage, &s.MapAccess,
	}
}

// Journal copies one of the mapped journals; an index out of range gives an empty
// one.
func (t *Table) Journal(i int) Journal {
	j := Journal{Index: i}
	if i < 0 || i >= len(t.journals) {
		return j
	}
	mem := t.journals[i]
	j.Owner = mem.quad(offJournalOwner)
	j.HighWater = mem.word(offJournalHigh)
	for k := 0; k < HandleCap && uint32(k) < j.HighWater; k++ {
		off := offJournalEntries + uintptr(k)*entrySize
		e := Entry{
			Index:   k,
			Dev:     mem.quad(off + offEntryDev),
			Ino:     mem.quad(off + offEntryIno),
			Access:  mem.word(off + offEntryAccess),
			Sharing: mem.word(off + offEntrySharing),
			State:   EntryState(mem.word(off + offEntryState)),
		}
		if e.State.InUse() {
			j.Entries = append(j.Entries, e)
		}
	}
	return j
}
