// SPDX-License-Identifier: LGPL-2.1-or-later

// Package trace reads, writes and generates traces of file opens and makes the
// files they name. docs/trace-format.md describes the format.
package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DataPrefix starts the path of an open whose file the trace's table makes.
const DataPrefix = `%DATA%\`

// Limits of the format; replay.c has the same.
const (
	MaxThreads = 64
	MaxRead    = 16 << 20
	MaxFile    = 1 << 40
	maxLine    = 1 << 20
)

// Win32 values a trace may hold.
const (
	openExisting       = 3
	openAlways         = 4
	flagOverlapped     = 0x40000000
	flagDeleteOnClose  = 0x04000000
	harmlessAccessMask = 0x80000000 | 0x20000000 | 0x00020000 | 0x00100000 | 0x01 | 0x08 | 0x20 | 0x80
)

// Trace is a parsed trace.
type Trace struct {
	Seed   uint64
	Files  []File
	Phases []Phase
}

// File is one entry of the file table.
type File struct {
	Size    int64
	Content string // a key of contents
	Path    string // below the data directory, '\' between names
}

// Phase is a named run of opens. The first one has no name and is empty in
// most traces.
type Phase struct {
	Name  string
	Opens []Open
}

// Open is one open, with Win32 (CreateFile) values.
type Open struct {
	Thread                            int
	Access, Share, Disposition, Flags uint32
	ReadAll                           bool
	Reads                             []Read
	Path                              string
}

// Read is one ReadFile; Offset is -1 for "where the last read ended".
type Read struct {
	Len    int64
	Offset int64
}

// Count returns the number of opens in all phases.
func (t *Trace) Count() int {
	n := 0
	for _, p := range t.Phases {
		n += len(p.Opens)
	}
	return n
}

// A ParseError names the line that could not be read.
type ParseError struct {
	Line int
	Err  error
}

func (e *ParseError) Error() string { return fmt.Sprintf("trace line %d: %v", e.Line, e.Err) }
func (e *ParseError) Unwrap() error { return e.Err }

// Parse reads a trace. Every error but a read error is a *ParseError.
func Parse(r io.Reader) (*Trace, error) {
	t := &Trace{Phases: []Phase{{}}}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	versioned := false
	seen := map[string]bool{}
	line := 0
	for sc.Scan() {
		line++
		kind, rest := word(strings.TrimSuffix(sc.Text(), "\r"))
		if kind == "" || kind[0] == '#' {
			continue
		}
		var err error
		switch {
		case !versioned && kind == "nspa-trace":
			versioned = true
			if v, _ := word(rest); v != "1" {
				err = fmt.Errorf("unknown trace version %q", v)
			}
		case !versioned:
			err = errors.New("not a trace: no 'nspa-trace 1' line")
		case kind == "seed":
			v, _ := word(rest)
			if t.Seed, err = strconv.ParseUint(v, 10, 64); err != nil {
				err = fmt.Errorf("bad seed %q", v)
			}
		case kind == "file":
			var f File
			if f, err = parseFile(rest); err == nil {
				key := strings.ToLower(f.Path)
				if seen[key] {
					err = fmt.Errorf("%s is in the table twice", f.Path)
				}
				seen[key] = true
				t.Files = append(t.Files, f)
			}
		case kind == "phase":
			name, _ := word(rest)
			if name == "" {
				err = errors.New("a phase needs a name")
			}
			t.Phases = append(t.Phases, Phase{Name: name})
		case kind == "open":
			var o Open
			if o, err = parseOpen(rest); err == nil {
				last := &t.Phases[len(t.Phases)-1]
				last.Opens = append(last.Opens, o)
			}
		default:
			err = fmt.Errorf("unknown line kind %q", kind)
		}
		if err != nil {
			return nil, &ParseError{line, err}
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return nil, &ParseError{line + 1, errors.New("the line is too long")}
	}
	if sc.Err() != nil {
		return nil, fmt.Errorf("read the trace: %w", sc.Err())
	}
	if !versioned {
		return nil, &ParseError{line + 1, errors.New("the trace is empty")}
	}
	return t, nil
}

// word cuts the first blank-separated word off s.
func word(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func parseFile(s string) (f File, err error) {
	size, s := word(s)
	if f.Size, err = strconv.ParseInt(size, 10, 64); err != nil || f.Size < 0 || f.Size > MaxFile {
		return f, fmt.Errorf("bad file size %q", size)
	}
	f.Content, s = word(s)
	if _, ok := contents[f.Content]; !ok {
		return f, fmt.Errorf("unknown content %q", f.Content)
	}
	f.Path = strings.TrimLeft(s, " \t")
	return f, checkDataPath(f.Path)
}

// checkDataPath keeps the file table inside the data directory.
func checkDataPath(p string) error {
	if p == "" {
		return errors.New("no path")
	}
	if !utf8.ValidString(p) || strings.ContainsAny(p, "/:\x00") {
		return fmt.Errorf(`a table path is UTF-8 with '\' between names and no drive: %q`, p)
	}
	for _, name := range strings.Split(p, `\`) {
		if name == "" || name == "." || strings.Contains(name, "..") {
			return fmt.Errorf("bad name %q in path %q", name, p)
		}
	}
	return nil
}

func parseOpen(s string) (o Open, err error) {
	number := func(what string, base int, limit uint64) (v uint64) {
		var w string
		if w, s = word(s); err != nil {
			return 0
		}
		if v, err = strconv.ParseUint(w, base, 64); err != nil || v > limit {
			err = fmt.Errorf("bad %s %q", what, w)
		}
		return v
	}
	o.Thread = int(number("thread", 10, MaxThreads-1))
	o.Access = uint32(number("access", 16, math.MaxUint32))
	o.Share = uint32(number("share mode", 16, 7))
	o.Disposition = uint32(number("disposition", 10, 5))
	o.Flags = uint32(number("flags", 16, math.MaxUint32))
	if err != nil {
		return o, err
	}
	list, s := word(s)
	if err := o.parseReads(list); err != nil {
		return o, err
	}
	o.Path = strings.TrimLeft(s, " \t")
	if o.Path == "" {
		return o, errors.New("no path")
	}
	if !utf8.ValidString(o.Path) {
		return o, errors.New("the path is not UTF-8")
	}
	return o, o.harmless()
}

func (o *Open) parseReads(list string) error {
	switch list {
	case "":
		return errors.New("no read list")
	case "-":
		return nil
	case "all":
		o.ReadAll = true
		return nil
	}
	for _, item := range strings.Split(list, ",") {
		r := Read{Offset: -1}
		length, offset, seek := strings.Cut(item, "@")
		n, err := strconv.ParseUint(length, 10, 64)
		if err != nil || n == 0 || n > MaxRead {
			return fmt.Errorf("a read is 1 byte to 16 MiB, not %q", length)
		}
		r.Len = int64(n)
		if seek {
			at, err := strconv.ParseUint(offset, 10, 63)
			if err != nil {
				return fmt.Errorf("bad read offset %q", offset)
			}
			r.Offset = int64(at)
		}
		o.Reads = append(o.Reads, r)
	}
	return nil
}

// harmless refuses opens that could change files the trace did not make.
func (o *Open) harmless() error {
	inData := strings.HasPrefix(o.Path, DataPrefix)
	if inData {
		if err := checkDataPath(o.Path[len(DataPrefix):]); err != nil {
			return err
		}
	}
	if o.Disposition != openExisting && !(o.Disposition == openAlways && inData) {
		return errors.New("only disposition 3, or 4 under %DATA%, can be replayed")
	}
	if o.Access&^harmlessAccessMask != 0 && !inData {
		return errors.New("write access outside %DATA%")
	}
	if o.Flags&(flagDeleteOnClose|flagOverlapped) != 0 {
		return errors.New("delete-on-close and overlapped opens cannot be replayed")
	}
	return nil
}

// Write writes the trace in the form Parse reads.
func (t *Trace) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintf(b, "nspa-trace 1\nseed %d\n", t.Seed)
	for _, f := range t.Files {
		fmt.Fprintf(b, "file %d %s %s\n", f.Size, f.Content, f.Path)
	}
	for _, p := range t.Phases {
		if p.Name != "" {
			fmt.Fprintf(b, "phase %s\n", p.Name)
		}
		for _, o := range p.Opens {
			fmt.Fprintf(b, "open %d %x %x %d %x %s %s\n", o.Thread, o.Access, o.Share, o.Disposition, o.Flags, o.readList(), o.Path)
		}
	}
	return b.Flush()
}

func (o *Open) readList() string {
	if o.ReadAll {
		return "all"
	}
	if len(o.Reads) == 0 {
		return "-"
	}
	var sb strings.Builder
	for i, r := range o.Reads {
		if i > 0 {
			sb.WriteByte(',')
		}
		sb.WriteString(strconv.FormatInt(r.Len, 10))
		if r.Offset >= 0 {
			sb.WriteByte('@')
			sb.WriteString(strconv.FormatInt(r.Offset, 10))
		}
	}
	return sb.String()
}
