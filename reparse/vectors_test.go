// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"bytes"
	"testing"

	"github.com/nspa-dev/nspa/tests/reparse/vectors"
)

func vectorPrefix() *Prefix {
	return &Prefix{Dir: vectors.Config, Drives: DriveMap(vectors.DriveMap())}
}

func TestVectors(t *testing.T) {
	p := vectorPrefix()
	for _, v := range vectors.All {
		raw := vectors.Buffer(v.Tag, v.Relative, v.Target)
		if len(v.Text) != v.Length {
			t.Errorf("vector %d: text is %d bytes, published as %d", v.Number, len(v.Text), v.Length)
		}
		b, err := Parse(raw)
		if err != nil {
			t.Errorf("vector %d: Parse: %v", v.Number, err)
			continue
		}
		text, err := p.Encode(b, v.Directory, -1)
		if err != nil || string(text) != v.Text {
			t.Errorf("vector %d: Encode = %q, %v\nwant %q", v.Number, text, err, v.Text)
		}
		back := v.Target
		if v.Back != "" {
			back = v.Back
		}
		d, err := p.Decode([]byte(v.Text), false)
		if err != nil {
			t.Errorf("vector %d: Decode: %v", v.Number, err)
			continue
		}
		got, err := d.Bytes()
		if want := vectors.Buffer(v.Tag, v.Relative, back); err != nil || !bytes.Equal(got, want) {
			t.Errorf("vector %d: Decode = %x, %v\nwant %x", v.Number, got, err, want)
		}
		link := ParseLink([]byte(v.Text))
		if link.Tag != Tag(v.Tag) || link.Relative != v.Relative || link.Directory != v.Directory {
			t.Errorf("vector %d: ParseLink = %+v", v.Number, link)
		}
		choice, err := p.Choose(raw, PolicyExact, v.Directory, -1)
		wantForm := FormText
		if v.Back != "" {
			wantForm = FormXattr
		}
		if err != nil || choice.Form != wantForm {
			t.Errorf("vector %d: Choose = %+v, %v", v.Number, choice, err)
		}
	}
}

func TestVectorMoved(t *testing.T) {
	moved, changed := Relocate([]byte(vectors.All[0].Text), vectors.MovedConfig)
	if !changed || string(moved) != vectors.MovedText || len(moved) != vectors.MovedLength {
		t.Errorf("Relocate = %q, %v", moved, changed)
	}
	if again, changed := Relocate(moved, vectors.MovedConfig); changed || string(again) != vectors.MovedText {
		t.Errorf("second Relocate = %q, %v", again, changed)
	}
}

// RFC v3 itself writes and reads any tag; the strict decoder takes two.
func TestVectorAllOnes(t *testing.T) {
	text := append(appendTag(nil, true, Tag(vectors.AllOnesTag)), 'x')
	if string(text) != vectors.AllOnesText || len(text) != vectors.AllOnesLength {
		t.Errorf("text = %q", text)
	}
	relative, tag, rest, ok := cutTag(text)
	if !relative || tag != 0xFFFFFFFF || string(rest) != "x" || !ok {
		t.Errorf("cutTag = %v %x %q %v", relative, tag, rest, ok)
	}
}

func TestNotTagged(t *testing.T) {
	p := vectorPrefix()
	for _, text := range vectors.NotTagged {
		if l := ParseLink([]byte(text)); l.Tag != TagLXSymlink || string(l.Path) != text {
			t.Errorf("ParseLink(%q) = %+v", text, l)
		}
		b, err := p.Decode([]byte(text), false)
		if err != nil || b.Tag != TagLXSymlink || string(b.Target) != text {
			t.Errorf("Decode(%q) = %+v, %v", text, b, err)
		}
	}
	if _, tag, rest, ok := cutTag([]byte(vectors.NotTagged[4])); !ok || tag != 0 || string(rest) != "x" {
		t.Error("RFC v3 reads tag 0 in 33 slashes")
	}
}

// The constants of the text format, spelled out.
func TestTagText(t *testing.T) {
	for tag, want := range map[Tag]string{
		TagMountPoint: "././///////////////////////////.//./",
		TagSymlink:    "//././/////////////////////////.//./",
	} {
		if got := string(appendTag(nil, false, tag)[1:]); got != want || len(got) != 36 {
			t.Errorf("tag %x = %q", uint32(tag), got)
		}
	}
	marker := ""
	for i := range 8 {
		marker += []string{"/", "./"}['P'>>i&1]
	}
	if marker != Marker {
		t.Errorf("marker = %q", marker)
	}
}
