package core

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// disabled is set by the first panic: from then on every open is declined.
var disabled atomic.Bool

// Open serves one open, or declines it and says why. On Served, opened holds
// the new handle.
func Open(req *Request, opened *Opened) (reason Reason) {
	defer func() {
		if recover() != nil {
			disabled.Store(true)
			reason = Panic
		}
		if reason < reasonCount {
			served[reason].Add(1)
		}
	}()
	if disabled.Load() || table == nil {
		return NotAttached
	}
	access, reason := gate(req)
	if reason != Served {
		return reason
	}
	fd, st, reason := openRegular(req)
	if reason != Served {
		return reason
	}
	opened.Handle, reason = tableOpen(req, access, fd, st.Dev, st.Ino)
	if reason != Served {
		unix.Close(fd)
		return reason
	}
	advise(fd, req.Options)
	opened.FD = int32(fd)
	opened.Access = access
	return Served
}

// openRegular opens a regular file for reading and returns its status with it.
//
// stat comes first, the caller's or ours, because opening a device or a FIFO
// has effects. The name is
// absolute: with a RootDirectory Wine changes the working directory of the
// whole process. Which error a failure means is wineserver's to say, since its
// mapping of errno differs from any a client could make.
func openRegular(req *Request) (int, unix.Stat_t, Reason) {
	var before, st unix.Stat_t

	if req.Flags&hasStat != 0 {
		before.Mode, before.Dev, before.Ino = req.Mode, req.Dev, req.Ino
	} else if errno := statPath(req.UnixName, &before); errno != 0 {
		return -1, st, UnixError
	}
	if before.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, st, NotRegular
	}
	fd, errno := openPath(req.UnixName)
	if errno != 0 {
		return -1, st, UnixError
	}
	reason := Served
	switch {
	case unix.Fstat(fd, &st) != nil:
		reason = UnixError
	case st.Dev != before.Dev || st.Ino != before.Ino || st.Mode&unix.S_IFMT != unix.S_IFREG:
		reason = Changed
	case isRemovable(fd, st.Dev):
		reason = Removable
	default:
		return fd, st, Served
	}
	unix.Close(fd)
	return -1, st, reason
}

// advise passes on how the file will be read, as wineserver does for its own.
func advise(fd int, options uint32) {
	switch options & (fileSequentialOnly | fileRandomAccess) {
	case fileSequentialOnly:
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)
	case fileRandomAccess:
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_RANDOM)
	}
}
