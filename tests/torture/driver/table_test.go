package main

import (
	"strings"
	"testing"

	"github.com/nspa-dev/nspa/shm"
)

func sound() shm.Snapshot {
	return shm.Snapshot{
		Buckets: []shm.Bucket{{Index: 3, Clean: true, Slots: []shm.Slot{
			{Dev: 1, Ino: 2, Clients: shm.Share{Handles: 2}},
			{Dev: 1, Ino: 3, Server: shm.Share{Handles: 1}},
		}}},
		Journals: []shm.Journal{
			{Index: 0, Owner: 1<<32 | 32, Entries: []shm.Entry{{Index: 0, Dev: 1, Ino: 2, State: shm.Held}}},
			{Index: 1, Owner: 1<<32 | 36, Entries: []shm.Entry{{Index: 4, Dev: 1, Ino: 2, State: shm.Held}}},
		},
	}
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name   string
		living int
		damage func(*shm.Snapshot)
		closed map[inode]string
		want   string
	}{
		{"sound", 2, func(*shm.Snapshot) {}, map[inode]string{{1, 9}: "x"}, ""},
		{"dead process", 1, func(*shm.Snapshot) {}, nil, "stale journals"},
		{"handle of nobody", 2, func(s *shm.Snapshot) { s.Buckets[0].Slots[0].Clients.Handles++ }, nil, "stale entry: bucket 3"},
		{"handle lost", 2, func(s *shm.Snapshot) { s.Buckets = nil }, nil, "in no bucket"},
		{"pending", 2, func(s *shm.Snapshot) { s.Journals[1].Entries[0].State = shm.Pending }, nil, "pending"},
		{"retired", 1, func(s *shm.Snapshot) { s.Journals[1].Owner = 0 }, nil, "stale entry: journal 1"},
		{"locked", 2, func(s *shm.Snapshot) { s.Buckets[0].Lock = 77 }, nil, "locked"},
		{"not clean", 2, func(s *shm.Snapshot) { s.Buckets[0].Clean = false }, nil, "not clean"},
		{"still open", 2, func(*shm.Snapshot) {}, map[inode]string{{1, 3}: "share1"}, "share1 is open"},
	}
	for _, test := range tests {
		s := sound()
		test.damage(&s)
		got := judge(s, test.living, test.closed)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: judge says %q, want %q", test.name, got, test.want)
		}
	}
}
