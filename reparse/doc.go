// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package reparse keeps NT reparse points on Unix file systems.
//
// A reparse point is a tag and up to 16 KiB of data attached to a file or
// directory; junctions, NT symbolic links and WSL symbolic links are reparse
// points.  Three forms are found on disk:
//
//   - Text, the form of RFC v3: a Unix symlink whose text spells the tag in
//     slashes and dots that the kernel skips, so Unix programs can follow it.
//   - Xattr, the form of Wine 10.19 and later: the buffer in the attribute
//     user.WINEREPARSE of the object, which is renamed from "n" to "n?".
//   - Legacy, the form of wine-staging 7.18 to 10.18: a Unix symlink through
//     .REPARSE_POINT/ whose components are the buffer in base64.  Read only.
//
// Text cannot hold every buffer, so [Prefix.Choose] writes it where decoding
// what was encoded gives the same bytes again, and Xattr otherwise.
//
// The package has two layers.  Buffers, link texts, path mapping and
// relocation are pure functions.  [Store] applies them to names in open
// directories, in steps that each leave the name holding the old object or the
// new one; [Recover] clears away what a killed process left behind.
//
// Link text is bytes.  It must never pass through path/filepath, which would
// erase the tag.
//
// Every failure is a [Status], an NTSTATUS value.
package reparse
