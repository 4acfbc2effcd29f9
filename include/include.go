// Package include makes Go rebuild what depends on the C headers here.
//
// The go command does not see a #include of another directory. Packages that
// have one import this package, whose content is the headers.
package include

import "embed"

//go:embed *.h
var headers embed.FS

var _ = headers
