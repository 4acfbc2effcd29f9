// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package main

/*
#include "reparse_frame.h"
*/
import "C"

import (
	"bytes"
	"time"

	"github.com/nspa-dev/nspa/reparse"
)

type frame = C.struct_nspa_reparse_frame

// nspaGoReparse runs one call of include/nspa_reparse.h; see
// reparse_entry.c.
//
//export nspaGoReparse
func nspaGoReparse(call C.uint32_t, f *frame) (status C.int32_t) {
	defer func() {
		if recover() != nil {
			status = reparseStatus(reparse.StatusInternalError)
		}
	}()
	return reparseStatus(runReparse(call, f))
}

func reparseStatus(err error) C.int32_t { return C.int32_t(int32(uint32(reparse.StatusOf(err)))) }

func runReparse(call C.uint32_t, f *frame) error {
	s := frameStore(f)
	dirfd, name := int(f.dirfd), string(frameName(f))
	want := reparse.Object{Dev: uint64(f.dev), Ino: uint64(f.ino)}
	switch call {
	case C.NSPA_CALL_ENCODE:
		return encode(s, f)
	case C.NSPA_CALL_DECODE:
		return decode(s, f)
	case C.NSPA_CALL_RELOCATE_TEXT:
		text, moved := reparse.Relocate(frameIn(f), s.Prefix.Dir)
		f.directory = boolInt(moved)
		return output(f, text)
	case C.NSPA_CALL_CLASSIFY:
		info, err := s.Classify(dirfd, name)
		setInfo(f, info)
		return err
	case C.NSPA_CALL_ENTRY:
		return entry(s, f)
	case C.NSPA_CALL_GET:
		return get(s, f)
	case C.NSPA_CALL_SET:
		info, err := s.Set(dirfd, name, want, frameIn(f))
		setInfo(f, info)
		return err
	case C.NSPA_CALL_DELETE:
		info, err := s.Delete(dirfd, name, want, frameIn(f))
		setInfo(f, info)
		return err
	case C.NSPA_CALL_REMOVE:
		return s.Remove(dirfd, name, want)
	case C.NSPA_CALL_RELOCATE:
		return relocate(s, f, want)
	case C.NSPA_CALL_RECOVER:
		r, err := reparse.Recover(dirfd, time.Duration(f.age)*time.Second)
		f.age = C.uint32_t(r.Kept)
		return err
	}
	return reparse.StatusInvalidParameter
}

// frameStore makes a Store of the prefix in the frame.
func frameStore(f *frame) *reparse.Store {
	dir := string(frameConfig(f))
	s := &reparse.Store{
		Prefix: reparse.Prefix{Dir: dir, Drives: reparse.DosDevices(dir)},
		Sync:   f.flags&C.NSPA_REPARSE_SYNC != 0,
	}
	if f.has_drives != 0 {
		s.Prefix.Drives = driveMap(frameDrives(f))
	}
	if f.flags&C.NSPA_REPARSE_FIX_CASE != 0 {
		s.Prefix.Case = reparse.DiskCase{}
	}
	if f.flags&C.NSPA_REPARSE_RFC_ALWAYS != 0 {
		s.Policy = reparse.PolicyRFCAlways
	}
	return s
}

// driveMap reads "c:/dir", NUL, and so on; it skips what is not of that kind.
func driveMap(list []byte) reparse.DriveMap {
	m := reparse.DriveMap{}
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte{0})
		if len(item) > 2 && item[1] == ':' && item[2] == '/' {
			m[item[0]|0x20] = string(item[2:])
		}
	}
	return m
}

func encode(s *reparse.Store, f *frame) error {
	c, err := s.Prefix.Choose(frameIn(f), s.Policy, f.directory != 0, int(f.dirfd))
	if err != nil {
		return err
	}
	f.form = C.uint32_t(c.Form)
	return output(f, c.Text)
}

func decode(s *reparse.Store, f *frame) error {
	text := frameIn(f)
	b, err := s.Prefix.Decode(text, f.flags&C.NSPA_REPARSE_MOVED != 0)
	if err != nil {
		return err
	}
	raw, err := b.Bytes()
	if err != nil {
		return err
	}
	link := reparse.ParseLink(text)
	setInfo(f, reparse.Info{Form: reparse.FormText, Tag: link.Tag, Directory: link.Directory})
	return output(f, raw)
}

func get(s *reparse.Store, f *frame) error {
	raw, err := s.Get(int(f.dirfd), string(frameName(f)))
	if err != nil {
		return err
	}
	n, err := reparse.Output(frameOut(f)[:f.out_size], raw)
	f.out_len = C.uint32_t(n)
	return err
}

func entry(s *reparse.Store, f *frame) error {
	e, err := s.Entry(int(f.dirfd), string(frameName(f)))
	if err != nil {
		return err
	}
	setInfo(f, e.Info)
	f.info.length = C.uint32_t(e.Length)
	if e.Hidden {
		f.info.entry |= C.NSPA_REPARSE_ENTRY_HIDDEN
	}
	if e.Leftover {
		f.info.entry |= C.NSPA_REPARSE_ENTRY_LEFTOVER
	}
	return nil
}

func relocate(s *reparse.Store, f *frame, want reparse.Object) error {
	r, err := s.Relocate(int(f.dirfd), string(frameName(f)), want)
	if err != nil {
		return err
	}
	switch {
	case r.Written:
		f.directory = 1
	case r.Moved:
		f.directory = 2
	}
	setInfo(f, r.Info)
	return output(f, r.Text)
}

// output puts a result into the frame; the shim compares its length with the
// room that the caller has.
func output(f *frame, b []byte) error {
	out := frameOut(f)
	if len(b) > len(out) {
		return reparse.StatusInternalError
	}
	f.out_len = C.uint32_t(copy(out, b))
	return nil
}

func setInfo(f *frame, i reparse.Info) {
	f.info.form = C.uint32_t(i.Form)
	f.info.tag = C.uint32_t(i.Tag)
	f.info.directory = C.uint32_t(boolInt(i.Directory))
	f.info.dev = C.uint64_t(i.Object.Dev)
	f.info.ino = C.uint64_t(i.Object.Ino)
}

func boolInt(b bool) C.int32_t {
	if b {
		return 1
	}
	return 0
}
