// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

package core

import (
	"errors"
	"fmt"
	"testing"
)

func TestStatusOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Status
	}{
		{ErrNoMemory, StatusNoMemory},
		{&AttachError{Status: StatusNotSameDevice}, StatusNotSameDevice},
		{fmt.Errorf("attaching: %w", &AttachError{Status: StatusFileInvalid}), StatusFileInvalid},
		{errors.New("anything else"), StatusInternalError},
	} {
		if got := StatusOf(test.err); got != test.want {
			t.Errorf("%v: %#x, want %#x", test.err, got, test.want)
		}
	}
}

func TestStats(t *testing.T) {
	served[Loader].Add(1)
	short, long := make([]uint64, 3), make([]uint64, int(reasonCount)+2)
	Stats(nil)
	Stats(short)
	Stats(long)
	if long[Loader] != served[Loader].Load() || long[reasonCount] != 0 || long[reasonCount+1] != 0 {
		t.Errorf("%v", long)
	}
	for i := range short {
		if short[i] != long[i] {
			t.Errorf("opens[%d] is %d and %d", i, short[i], long[i])
		}
	}
}
