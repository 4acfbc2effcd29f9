// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// allChunk is the piece in which "all" is read; replay.c has the same.
const allChunk = 64 << 10

// Replayed is the outcome of a replay without Wine.
type Replayed struct {
	Wall     time.Duration // without checksumming
	Times    [][]float64   // of each phase's opens, in microseconds
	Bytes    uint64
	Checksum string // what replay.exe reports for the same bytes
	Errors   int
}

// Replay makes the trace's opens with Linux system calls (open, fstat, read,
// close) on one thread: what the same work costs without Windows.
func (t *Trace) Replay(data string) (*Replayed, error) {
	paths, err := t.linuxPaths(data)
	if err != nil {
		return nil, err
	}
	size := allChunk
	for _, p := range t.Phases {
		for _, o := range p.Opens {
			for _, r := range o.Reads {
				size = max(size, int(r.Len))
			}
		}
	}
	buf := make([]byte, size)
	res := &Replayed{}
	var sum, index uint64
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	var hashing time.Duration
	for _, p := range t.Phases {
		times := make([]float64, len(p.Opens))
		for i := range p.Opens {
			h, n, took, out, err := replayOne(&p.Opens[i], paths[index], buf, index)
			if err != nil {
				res.Errors++
			}
			times[i] = float64(took.Nanoseconds()) / 1000
			hashing += out
			res.Bytes += n
			sum += hash(h, binary.LittleEndian.AppendUint64(nil, n))
			index++
		}
		res.Times = append(res.Times, times)
	}
	res.Wall = time.Since(start) - hashing
	res.Checksum = fmt.Sprintf("%016x", sum)
	return res, nil
}

// replayOne returns the checksum, the bytes read, and the time with hashing
// (out) taken off.
func replayOne(o *Open, path string, buf []byte, index uint64) (h, bytes uint64, took, out time.Duration, err error) {
	start := time.Now()
	h = index
	defer func() { took = time.Since(start) - out }()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	take := func(n int) {
		t := time.Now()
		h = hash(h, buf[:n])
		bytes += uint64(n)
		out += time.Since(t)
	}
	for err == nil && o.ReadAll {
		var n int
		if n, err = unix.Read(fd, buf[:allChunk]); n <= 0 {
			break
		}
		take(n)
	}
	for _, r := range o.Reads {
		if err != nil {
			break
		}
		var n int
		if r.Offset >= 0 {
			if _, err = unix.Seek(fd, r.Offset, unix.SEEK_SET); err != nil {
				break
			}
		}
		if n, err = unix.Read(fd, buf[:r.Len]); err == nil {
			take(n)
		}
	}
	if e := unix.Close(fd); err == nil {
		err = e
	}
	return
}

// linuxPaths finds every open's file. Windows compares names without case, so
// a name that is not there is looked for in other spellings, beforehand.
func (t *Trace) linuxPaths(data string) ([]string, error) {
	inTable := map[string]string{}
	for _, f := range t.Files {
		inTable[strings.ToLower(f.Path)] = f.Path
	}
	var out []string
	for _, p := range t.Phases {
		for _, o := range p.Opens {
			rel, below := strings.CutPrefix(o.Path, DataPrefix)
			if below {
				if spelt, ok := inTable[strings.ToLower(rel)]; ok {
					rel = spelt
				}
				out = append(out, filepath.Join(data, strings.ReplaceAll(rel, `\`, "/")))
				continue
			}
			rel, z := strings.CutPrefix(o.Path, `Z:`)
			if !z {
				return nil, fmt.Errorf("%s: %w on Linux", o.Path, errors.ErrUnsupported)
			}
			path := strings.ReplaceAll(rel, `\`, "/")
			if _, err := os.Stat(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			out = append(out, path)
		}
	}
	return out, nil
}

// hash is wl_hash of wl.h.
func hash(h uint64, data []byte) uint64 {
	const k = 0x9e3779b97f4a7c15
	for len(data) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(data)) * k
		h ^= h >> 29
		data = data[8:]
	}
	v := uint64(len(data))
	for i := len(data) - 1; i >= 0; i-- {
		v = v<<8 | uint64(data[i])
	}
	h = (h ^ v) * k
	return h ^ h>>32
}
