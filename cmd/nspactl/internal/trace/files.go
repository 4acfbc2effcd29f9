// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// contents says how a file of each kind is filled. Every byte follows from the
// trace's seed and the file's path.
var contents = map[string]func(f *os.File, size int64, r *rand.ChaCha8) error{
	"text":   fillText,
	"random": fillRandom,
	"sparse": fillSparse,
}

const stampName = ".nspa-files"

// Sparse files hold data at the start and one block every sparseStep; the rest
// is holes.
const (
	sparseHead  = 64 << 10
	sparseStep  = 16 << 20
	sparseBlock = 4 << 10
)

// TableHash names the file table: equal tables (with seed) make equal files.
func (t *Trace) TableHash() string {
	h := sha256.New()
	fmt.Fprintf(h, "seed %d\n", t.Seed)
	for _, f := range t.Files {
		fmt.Fprintf(h, "%d %s %s\n", f.Size, f.Content, f.Path)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// MakeFiles makes the table's files below dir, or does nothing when a former
// call finished the same table there. dir must be new, empty, or a directory
// that MakeFiles began.
func (t *Trace) MakeFiles(dir string) error {
	stamp := filepath.Join(dir, stampName)
	want := t.TableHash() + "\n"
	had, err := os.ReadFile(stamp)
	if err == nil && string(had) == want {
		return nil
	}
	entries, err2 := os.ReadDir(dir)
	if err2 != nil && !errors.Is(err2, fs.ErrNotExist) {
		return err2
	}
	if len(entries) > 0 && err != nil {
		return fmt.Errorf("%s is not empty and was not made from a trace", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// An unfinished directory is marked as ours first.
	if err := os.WriteFile(stamp, []byte("unfinished\n"), 0o644); err != nil {
		return err
	}
	for _, f := range t.Files {
		if err := t.makeFile(dir, f); err != nil {
			return fmt.Errorf("make %s: %w", f.Path, err)
		}
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

func (t *Trace) makeFile(dir string, f File) error {
	path := filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(f.Path, `\`, "/")))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	err = contents[f.Content](out, f.Size, t.source(f.Path))
	return errors.Join(err, out.Close())
}

func (t *Trace) source(path string) *rand.ChaCha8 {
	var seed [32]byte
	h := fnv.New128a()
	h.Write([]byte(path))
	binary.LittleEndian.PutUint64(seed[:], t.Seed)
	copy(seed[8:], h.Sum(nil))
	return rand.NewChaCha8(seed)
}

func fillRandom(f *os.File, size int64, r *rand.ChaCha8) error {
	buf := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, int64(len(buf)))
		r.Read(buf[:n])
		if _, err := f.Write(buf[:n]); err != nil {
			return err
		}
		size -= n
	}
	return nil
}

func fillText(f *os.File, size int64, r *rand.ChaCha8) error {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n")
	for int64(b.Len()) < size {
		fmt.Fprintf(&b, "  <file name=\"f%08x.dll\" hash=\"%016x\" hashalg=\"SHA1\"/>\r\n", r.Uint64()>>32, r.Uint64())
	}
	_, err := f.Write(b.Bytes()[:size])
	return err
}

func fillSparse(f *os.File, size int64, r *rand.ChaCha8) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	for at := int64(0); at < size; at += sparseStep {
		n := int64(sparseBlock)
		if at == 0 {
			n = sparseHead
		}
		buf := make([]byte, min(n, size-at))
		r.Read(buf)
		if _, err := f.WriteAt(buf, at); err != nil {
			return err
		}
	}
	return nil
}
