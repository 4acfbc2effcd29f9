// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// NT values in a Wine log.
const (
	ntOpen, ntOpenIf     = 1, 3
	optDirectory         = 0x1
	optWriteThrough      = 0x2
	optSequential        = 0x4
	optSynchronous       = 0x10 | 0x20
	optFileOnly          = 0x40
	optRandom            = 0x800
	optByFileID          = 0x2000
	optReparse           = 0x200000
	flagWriteThrough     = 0x80000000
	flagBackupSemantics  = 0x02000000
	flagOpenReparsePoint = 0x00200000
	fileAttributeMask    = 0x7fb7
	longestChain         = 512
)

var (
	logLine   = regexp.MustCompile(`^(?:[0-9.]+:)?(?:([0-9a-f]{4}):)?([0-9a-f]{4}):[a-z]+:[a-z]+:(\w+) (.*)$`)
	createRE  = regexp.MustCompile(`^handle=\S+ access=([0-9a-f]{8}) name=L"(.*)" objattr=\S+ root=(\S+) .*attr=([0-9a-f]{8}) sharing=([0-9a-f]{8}) disp=(\d+) options=([0-9a-f]{8})`)
	resolveRE = regexp.MustCompile(`^L".*" -> "(.*)"$`)
	returnRE  = regexp.MustCompile(`^returning ([0-9A-Fa-f]+)$`)
	readRE    = regexp.MustCompile(`^\(0x([0-9a-f]+),(?:[^,]*,){5}0x([0-9a-f]{8}),`)
)

// Converted says what became of a log's opens.
type Converted struct {
	Opens   int
	Dropped map[string]int // by reason
}

// logThread is a thread's last open, until its result is known.
type logThread struct {
	id   int
	last *Open
}

// FromWineLog makes a trace of the opens in a log that Wine wrote with
// WINEDEBUG=+file (or +file,+pid). Only what a replay may do is kept: opens of
// existing regular files and directories for reading. Paths become Linux paths
// through Z:, so that the trace replays in any prefix on the machine.
func FromWineLog(r io.Reader) (*Trace, *Converted, error) {
	res := &Converted{Dropped: map[string]int{}}
	threads := map[string]*logThread{}
	handles := map[string]*Open{}
	var opens []*Open
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	for sc.Scan() {
		m := logLine.FindStringSubmatch(sc.Text())
		if m == nil {
			continue
		}
		key := m[1] + ":" + m[2]
		t := threads[key]
		if t == nil {
			t = &logThread{id: len(threads) % MaxThreads}
			threads[key] = t
		}
		switch text := m[4]; {
		case m[3] == "NtCreateFile" && strings.HasPrefix(text, "handle="):
			o, reason := fromCreate(text)
			t.last = nil
			if reason != "" {
				res.Dropped[reason]++
				break
			}
			o.Thread = t.id
			t.last = o
			opens = append(opens, o)
		case strings.HasPrefix(m[3], "nt_to_unix_file_name") && t.last != nil:
			if p := resolveRE.FindStringSubmatch(text); p != nil {
				if real, err := filepath.EvalSymlinks(unescape(p[1])); err == nil {
					t.last.Path = "Z:" + strings.ReplaceAll(real, "/", `\`)
				}
			}
		case m[3] == "CreateFileW" && t.last != nil:
			if h := returnRE.FindStringSubmatch(text); h != nil {
				handles[m[1]+strings.TrimLeft(strings.ToLower(h[1]), "0")] = t.last
				t.last = nil
			}
		case m[3] == "NtReadFile":
			if h := readRE.FindStringSubmatch(text); h != nil {
				if o := handles[m[1]+h[1]]; o != nil && len(o.Reads) < longestChain {
					if n, _ := strconv.ParseInt(h[2], 16, 64); n > 0 {
						o.Reads = append(o.Reads, Read{Len: min(n, MaxRead), Offset: -1})
					}
				}
			}
		}
	}
	if sc.Err() != nil {
		return nil, nil, fmt.Errorf("read the log: %w", sc.Err())
	}
	tr := &Trace{Phases: []Phase{{}, {Name: "log"}}}
	for _, o := range opens {
		if reason := unusable(o); reason != "" {
			res.Dropped[reason]++
			continue
		}
		tr.Phases[1].Opens = append(tr.Phases[1].Opens, *o)
	}
	res.Opens = tr.Count()
	if res.Opens == 0 {
		return nil, res, errors.New("the log has no open that can be replayed; was it made with WINEDEBUG=+file?")
	}
	return tr, res, nil
}

// unusable says why an open cannot be replayed now.
func unusable(o *Open) string {
	if !strings.HasPrefix(o.Path, `Z:\`) {
		return "the file was not found"
	}
	if _, err := os.Stat(strings.ReplaceAll(o.Path[2:], `\`, "/")); err != nil {
		return "the file was not found"
	}
	if err := o.harmless(); err != nil {
		return err.Error()
	}
	return ""
}

// fromCreate turns one NtCreateFile line into an open with CreateFile values,
// or says why it cannot be replayed.
func fromCreate(text string) (*Open, string) {
	m := createRE.FindStringSubmatch(text)
	if m == nil {
		return nil, "the line is cut off"
	}
	hex := func(s string) uint32 {
		v, _ := strconv.ParseUint(s, 16, 32) // the pattern holds eight digits
		return uint32(v)
	}
	access, attr, share, options := hex(m[1]), hex(m[4]), hex(m[5]), hex(m[7])
	switch {
	case m[3] != "(nil)":
		return nil, "relative to a directory handle"
	case strings.HasSuffix(m[2], "..."):
		return nil, "the name is cut off"
	case m[6] != strconv.Itoa(ntOpen) && m[6] != strconv.Itoa(ntOpenIf):
		return nil, "creates or replaces a file"
	case options&optDirectory != 0:
		return nil, "a directory"
	case options&optByFileID != 0:
		return nil, "by file id"
	case options&optSynchronous == 0:
		return nil, "overlapped"
	case access&^uint32(harmlessAccessMask) != 0:
		return nil, "not for reading only"
	}
	name, ok := strings.CutPrefix(unescape(m[2]), `\??\`)
	if !ok || len(name) < 3 || name[1] != ':' {
		return nil, "not on a drive"
	}
	o := &Open{Access: access, Share: share & 7, Disposition: openExisting, Flags: attr & fileAttributeMask, Path: name}
	for _, f := range []struct{ opt, flag uint32 }{
		{optWriteThrough, flagWriteThrough}, {optSequential, sequentialScan}, {optRandom, randomAccess},
		{optReparse, flagOpenReparsePoint},
	} {
		if options&f.opt != 0 {
			o.Flags |= f.flag
		}
	}
	// CreateFile takes directories only with this flag.
	if options&optFileOnly == 0 {
		o.Flags |= flagBackupSemantics
	}
	return o, ""
}

// unescape undoes Wine's quoting of strings.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case '\\', '"':
			b.WriteByte(s[i])
		default:
			if i+4 <= len(s) {
				if v, err := strconv.ParseUint(s[i:i+4], 16, 16); err == nil {
					b.WriteRune(rune(v))
					i += 3
					continue
				}
			}
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
