// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "golang.org/x/sys/unix"

// Warn receives the few lines that a user should see, without a newline.  Set
// it before the first use of the package.
var Warn = func(line string) { _, _ = unix.Write(2, []byte("nspa: "+line+"\n")) }

func warn(line string) { Warn(line) }
