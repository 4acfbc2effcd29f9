// SPDX-License-Identifier: LGPL-2.1-or-later

package wine

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// Gate is a handshake with a running program, so that a snapshot can be taken
// right before and right after its measured part. The program says 1 (ready)
// and waits for 2 (go), says 3 (done) and waits for 4 (finish).
type Gate interface {
	// Wait returns when the program has said the word.
	Wait(ctx context.Context, word uint32) error
	// Say lets the program go on.
	Say(word uint32) error
}

// MapGate is a Gate over a mapped file: waiting makes no server request.
type MapGate struct {
	Path string
	page []byte
	word *atomic.Uint32
}

// Wait implements Gate.
func (g *MapGate) Wait(ctx context.Context, word uint32) error {
	return poll(ctx, word, func() bool { return g.word.Load() == word })
}

// Say implements Gate.
func (g *MapGate) Say(word uint32) error {
	g.word.Store(word)
	return nil
}

// FileGate is a Gate for programs that cannot share memory: the words are
// empty files Path.1 to Path.4. The program's polling for .2 makes a few
// server requests.
type FileGate struct{ Path string }

// NewFileGate removes the files of an earlier run.
func NewFileGate(path string) (*FileGate, error) {
	for w := range uint32(5) {
		if err := os.RemoveAll(gateFile(path, w)); err != nil {
			return nil, err
		}
	}
	return &FileGate{path}, nil
}

func gateFile(path string, word uint32) string { return fmt.Sprintf("%s.%d", path, word) }

// Wait implements Gate.
func (g *FileGate) Wait(ctx context.Context, word uint32) error {
	return poll(ctx, word, func() bool {
		_, err := os.Stat(gateFile(g.Path, word))
		return err == nil
	})
}

// Say implements Gate.
func (g *FileGate) Say(word uint32) error {
	return os.WriteFile(gateFile(g.Path, word), nil, 0o644)
}

func poll(ctx context.Context, word uint32, said func() bool) error {
	for !said() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the program did not say %d: %w", word, context.Cause(ctx))
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}
