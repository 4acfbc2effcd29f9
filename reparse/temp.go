// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package reparse

import (
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// Temporary objects are named tempPrefix and 32 random digits.  RFC v3 makes
// directories with the same prefix.  For the moments in which a name holds
// nothing (see swap.go), a symlink with the suffix intentSuffix tells the name
// that the temporary object is meant for.
const (
	tempPrefix   = ".winelink."
	intentSuffix = ".name"
)

// isTemp reports whether a directory entry is a temporary object, to be kept
// from Windows programs.
func isTemp(name string) bool { return strings.HasPrefix(name, tempPrefix) }

func newTemp() (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", StatusInternalError
	}
	return tempPrefix + hex.EncodeToString(id[:]), nil
}
