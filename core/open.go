package core

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// disabled is set by the first panic: from then on every open is declined.
var disabled atomic.Bool

// Open serves one open, or declines it and says why. On Served, opened holds
// the new handle. If drained is set to an inode, the caller must tell wineserver
// that its last local open is gone.
func Open(req *Request, opened *Opened, drained *Inode) (reason Reason) {
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
	st, kind, reason := statFile(req)
	if reason != Served {
		return reason
	}
	index, reason := tableReserve(req, access, st.Dev, st.Ino)
	if reason != Served {
		return reason
	}
	fd, reason := openInode(req.UnixName, st, kind)
	if reason != Served {
		if tableCancel(index) {
			*drained = Inode{st.Dev, st.Ino}
		}
		return reason
	}
	advise(fd, req.Options)
	opened.Handle = tableCommit(index, fd, kind == unix.S_IFDIR)
	opened.FD = int32(fd)
	opened.Access = access
	if kind == unix.S_IFDIR {
		opened.Directory = 1
	}
	return Served
}

// statFile finds the file or directory that a name leads to, from the caller's
// stat if it had one. Its kind is unix.S_IFREG or unix.S_IFDIR.
//
// A stat comes before the open because opening a device or a FIFO has effects.
// The name is absolute: with a RootDirectory Wine changes the working directory
// of the whole process. Which error a failure means is wineserver's to say,
// since its mapping of errno differs from any a client could make.
func statFile(req *Request) (found Inode, kind uint32, reason Reason) {
	mode := req.Mode
	found = Inode{req.Dev, req.Ino}
	if req.Flags&hasStat == 0 {
		var st unix.Stat_t
		if errno := statPath(req.UnixName, &st); errno != 0 {
			return Inode{}, 0, UnixError
		}
		mode, found = st.Mode, Inode{st.Dev, st.Ino}
	}
	kind = mode & unix.S_IFMT
	return found, kind, gateKind(req, kind)
}

// gateKind decides whether what the name leads to may be served. If it is not what
// the options ask for, wineserver says so.
func gateKind(req *Request, kind uint32) Reason {
	switch {
	case kind != unix.S_IFREG && kind != unix.S_IFDIR:
		return NotRegular
	case kind == unix.S_IFREG && req.Options&fileDirectoryFile != 0,
		kind == unix.S_IFDIR && req.Options&fileNonDirectoryFile != 0:
		return Options
	case kind == unix.S_IFDIR && treesWatched():
		return TableDeclined
	}
	return Served
}

// openInode opens a name for reading and makes sure that it led to want.
func openInode(name *byte, want Inode, kind uint32) (int, Reason) {
	fd, errno := openPath(name)
	if errno != 0 {
		return -1, UnixError
	}
	var st unix.Stat_t
	reason := Served
	switch {
	case unix.Fstat(fd, &st) != nil:
		reason = UnixError
	case Inode{st.Dev, st.Ino} != want || st.Mode&unix.S_IFMT != kind:
		reason = Changed
	case isRemovable(fd, st.Dev):
		reason = Removable
	default:
		return fd, Served
	}
	unix.Close(fd)
	return -1, reason
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
