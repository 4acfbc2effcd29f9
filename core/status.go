package core

import (
	"errors"

	"github.com/nspa-dev/nspa/shm"
)

// Status is an NTSTATUS.
type Status uint32

// The statuses nspa_init answers with; values from Wine's ntstatus.h.
const (
	StatusInvalidParameter Status = 0xC000000D
	StatusNoMemory         Status = 0xC0000017
	StatusFileInvalid      Status = 0xC0000098
	StatusInternalError    Status = 0xC00000E5
)

// ErrNoMemory means that the handle table could not be mapped.
var ErrNoMemory = errors.New("no memory for the handle table")

// ErrJournal means that the table does not know the owner the host named.
var ErrJournal = errors.New("the shared table does not know this process")

// StatusOf is the status that tells the host of a failed Attach.
func StatusOf(err error) Status {
	switch {
	case errors.Is(err, ErrNoMemory):
		return StatusNoMemory
	case errors.Is(err, ErrJournal):
		return StatusInvalidParameter
	case errors.As(err, new(*shm.Error)):
		return StatusFileInvalid
	}
	return StatusInternalError
}
