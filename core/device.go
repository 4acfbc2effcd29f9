package core

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Media that can be taken out. wineserver lets no client cache an fd there, so
// that the device can be unmounted; the rule is is_device_removable() in
// Wine's server/fd.c.
const (
	floppyMajor     = 2
	iso9660Magic    = 0x9660
	supermountMagic = 0x9fa1
	udfMagic        = 0x15013346
)

// removableCache remembers the answer by device: st_dev << 2 | known | answer.
// Two devices that meet in one place displace each other, no more.
var removableCache [64]atomic.Uint64

const removableKnown, removableYes = 2, 1

func isRemovable(fd int, dev uint64) bool {
	word := &removableCache[dev%uint64(len(removableCache))]
	if seen := word.Load(); seen>>2 == dev && seen&removableKnown != 0 {
		return seen&removableYes != 0
	}
	removable := unix.Major(dev) == floppyMajor
	var st unix.Statfs_t
	if !removable && unix.Fstatfs(fd, &st) == nil {
		removable = st.Type == iso9660Magic || st.Type == supermountMagic || st.Type == udfMagic
	}
	seen := dev<<2 | removableKnown
	if removable {
		seen |= removableYes
	}
	if seen>>2 == dev { // else the number does not fit
		word.Store(seen)
	}
	return removable
}
