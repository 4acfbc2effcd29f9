package core

import "embed"

// capi includes the headers too, and the go command does not see a #include of
// another directory: it rebuilds what imports this package when they change.
//
//go:embed *.h
var headers embed.FS

var _ = headers
