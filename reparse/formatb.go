// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// The Legacy form spells the whole buffer in base64 (RFC 4648 section 5, no
// padding) as path components of up to 255 bytes:
//
//	text := ".REPARSE_POINT/" name "/" ("." if directory) "/" chunk... "0"
//	chunk := base64 "/"
//
// A buffer that needs more than one link goes on in the symlink which that
// path names below the link's directory, and so forth:
//
//	text := "../" for each chunk before it, chunk..., decimal number
//
// The last of the named symlinks leads to the Unix target and is no part of
// the buffer.

const (
	legacyDir   = ".REPARSE_POINT/"
	legacyChunk = 255
)

func isLegacyText(text []byte) bool { return bytes.HasPrefix(text, []byte(legacyDir)) }

// readLegacy decodes the Legacy text of a link; readlink reads a symlink below
// the link's directory.  Anything that the format does not spell fails with
// IO_REPARSE_DATA_INVALID.
func readLegacy(text []byte, readlink func(path string) ([]byte, error)) (raw []byte, directory bool, err error) {
	rest, ok := bytes.CutPrefix(text, []byte(legacyDir))
	name, rest, ok2 := bytes.Cut(rest, []byte("/"))
	if !ok || !ok2 || len(name) == 0 || string(name) == "." || string(name) == ".." {
		return nil, false, StatusIOReparseDataInvalid
	}
	if directory, rest, ok = cutToken(rest); !ok {
		return nil, false, StatusIOReparseDataInvalid
	}
	base := text[:len(text)-len(rest)]

	encoded, chunks, ok := cutChunks(nil, rest, 0)
	for number := 1; ok && !legacyComplete(encoded); number++ {
		// At least one chunk a link: 16 KiB end long before this does.
		if number > MaxBuffer {
			return nil, false, StatusIOReparseDataInvalid
		}
		next, err := readlink(string(base) + string(rest))
		if err != nil {
			return nil, false, err
		}
		if rest, ok = bytes.CutPrefix(next, bytes.Repeat([]byte("../"), chunks)); !ok {
			return nil, false, StatusIOReparseDataInvalid
		}
		before := len(encoded)
		encoded, chunks, ok = cutChunks(encoded, rest, number)
		ok = ok && len(encoded) > before
	}
	if !ok {
		return nil, false, StatusIOReparseDataInvalid
	}
	raw, e := base64.RawURLEncoding.Strict().DecodeString(string(encoded))
	if e != nil {
		return nil, false, StatusIOReparseDataInvalid
	}
	if _, err := CheckHeader(raw); err != nil {
		return nil, false, StatusIOReparseDataInvalid
	}
	return raw, directory, nil
}

// cutChunks appends the chunks of s to encoded and checks the number that ends
// it.
func cutChunks(encoded, s []byte, number int) (all []byte, chunks int, ok bool) {
	for {
		chunk, rest, found := bytes.Cut(s, []byte("/"))
		if !found {
			return encoded, chunks, string(s) == strconv.Itoa(number)
		}
		if len(chunk) == 0 || len(chunk) > legacyChunk || !isBase64(chunk) {
			return nil, 0, false
		}
		encoded = append(encoded, chunk...)
		if len(encoded) > base64.RawURLEncoding.EncodedLen(MaxBuffer) {
			return nil, 0, false
		}
		chunks++
		s = rest
	}
}

// isBase64 is strict where package base64 is not: that skips line ends.
func isBase64(s []byte) bool {
	for _, c := range s {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// legacyComplete reports whether encoded holds as much as its header promises.
func legacyComplete(encoded []byte) bool {
	const head = 11 // the 8 bytes of the header
	if len(encoded) < head {
		return false
	}
	header, err := base64.RawURLEncoding.DecodeString(string(encoded[:head]))
	if err != nil || len(header) < HeaderSize {
		return true // the caller's own decoding will tell
	}
	size := HeaderSize
	if !Tag(binary.LittleEndian.Uint32(header)).Microsoft() {
		size = GUIDSize
	}
	size += int(binary.LittleEndian.Uint16(header[4:]))
	return len(encoded) >= base64.RawURLEncoding.EncodedLen(size)
}
