package core

import (
	"errors"
)

// Status is an NTSTATUS.
type Status uint32

// The statuses nspa_init answers with; values from Wine's ntstatus.h.
const (
	StatusInvalidParameter Status = 0xC000000D
	StatusNoMemory         Status = 0xC0000017
	StatusFileInvalid      Status = 0xC0000098
	StatusNotSameDevice    Status = 0xC00000D4
	StatusInternalError    Status = 0xC00000E5
)

// ErrNoMemory means that the handle table could not be mapped.
var ErrNoMemory = errors.New("no memory for the handle table")

// AttachError says why the shared table cannot be used.
type AttachError struct {
	Status Status
	Why    string
}

func (e *AttachError) Error() string { return e.Why }

// StatusOf is the status that tells the host of a failed Attach.
func StatusOf(err error) Status {
	var failed *AttachError
	switch {
	case errors.Is(err, ErrNoMemory):
		return StatusNoMemory
	case errors.As(err, &failed):
		return failed.Status
	}
	return StatusInternalError
}
