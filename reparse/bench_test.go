// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"testing"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

func BenchmarkDecode(b *testing.B) {
	p, text := vectorPrefix(), []byte(vectors.All[0].Text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Decode(text, false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	p, raw := vectorPrefix(), junctionTo(`\??\C:\target`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Choose(raw, PolicyExact, true, -1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	w := newWorld(b, b.TempDir())
	w.mkdir("plain", "junction", "n")
	w.mustSet("junction", junctionTo(`\??\C:\target`))
	for _, bench := range []struct {
		name string
		run  func() error
	}{
		{"Entry/plain", func() error { _, err := w.store.Entry(w.fd, "plain"); return err }},
		{"Entry/junction", func() error { _, err := w.store.Entry(w.fd, "junction"); return err }},
		{"Get", func() error { _, err := w.store.Get(w.fd, "junction"); return err }},
		{"SetDelete", func() error {
			if _, err := w.set("n", junctionTo(`\??\C:\target`)); err != nil {
				return err
			}
			_, err := w.delete("n", TagMountPoint)
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bench.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
