// Package core serves Windows file opens inside the process that asks.
//
// An open passes the gate (gate.go), which knows from the arguments alone
// whether the file may be served here; is opened as a Unix file (open.go); and
// is published in the shared table and given a handle (table.h, in C, where
// closing and promotion are too). Whatever does not fit belongs to wineserver:
// each function answers with a Reason and leaves no trace.
//
// Everything here runs on threads of a Windows program with all signals
// blocked, and must not allocate, block on another thread, or touch memory of
// the program. See the traps in ARCHITECTURE.md.
package core
