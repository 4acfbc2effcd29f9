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
	Index       int
	Lock, Flags uint32
	Notify      bool // wineserver waits for a last close
	Slots       []Slot
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
	}
	return "invalid"
}

// Entry is one open in a process's journal.
type Entry struct {
	Index           int
	Dev, Ino        uint64
	Access, Sharing uint32
	State           EntryState
}

// Journal is the journal of one process. Entries holds those not free.
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
		if b := t.Bucket(i); b.Lock != 0 || b.Flags != 0 || len(b.Slots) != 0 {
			s.Buckets = append(s.Buckets, b)
		}
	}
	for i := 0; i < Processes; i++ {
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
	base := offBucket + uintptr(i)*bucketSize
	b.Lock = t.word(base + offBucketLock)
	b.Flags = t.word(base + offBucketFlags)
	b.Notify = t.word(base+offBucketNotify) != 0
	for j := uintptr(0); j < Slots; j++ {
		off := base + offBucketSlots + j*slotSize
		slot := Slot{
			Dev:     t.quad(off + offSlotDev),
			Ino:     t.quad(off + offSlotIno),
			Server:  t.share(off + offSlotServer),
			Clients: t.share(off + offSlotClients),
		}
		if slot.InUse() {
			b.Slots = append(b.Slots, slot)
		}
	}
	return b
}

func (t *Table) share(off uintptr) Share {
	var s Share
	for i, field := range s.fields() {
		*field = t.word(off + uintptr(i)*4)
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

// Journal copies one journal; an index out of range gives an empty one.
func (t *Table) Journal(i int) Journal {
	j := Journal{Index: i}
	if i < 0 || i >= Processes {
		return j
	}
	base := offJournal + uintptr(i)*journalSize
	j.Owner = t.quad(base + offJournalOwner)
	j.HighWater = t.word(base + offJournalHigh)
	for k := 0; k < HandleCap && uint32(k) < j.HighWater; k++ {
		off := base + offJournalEntries + uintptr(k)*entrySize
		e := Entry{
			Index:   k,
			Dev:     t.quad(off + offEntryDev),
			Ino:     t.quad(off + offEntryIno),
			Access:  t.word(off + offEntryAccess),
			Sharing: t.word(off + offEntrySharing),
			State:   EntryState(t.word(off + offEntryState)),
		}
		if e.State != Free {
			j.Entries = append(j.Entries, e)
		}
	}
	return j
}
