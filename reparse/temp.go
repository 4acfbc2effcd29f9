// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import "strings"

// Temporary objects are named tempPrefix and 32 random digits.  For the moments
// in which a name holds nothing, a symlink with the suffix intentSuffix tells the
// name that the temporary object is meant for.  RFC v3 makes directories with the
// same prefix; those are seen.
const (
	tempPrefix   = ".winelink."
	tempDigits   = 32
	intentSuffix = ".name"
)

// isTemp reports whether a directory entry is a temporary object, to be kept
// from Windows programs.
func isTemp(name string) bool {
	digits, ok := strings.CutPrefix(name, tempPrefix)
	digits = strings.TrimSuffix(digits, intentSuffix)
	return ok && len(digits) == tempDigits && strings.Trim(digits, "0123456789abcdef") == ""
}
