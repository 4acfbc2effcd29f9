// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Package abi tests what the two libraries are from outside: their names, what
// they export, and their C interfaces called as C calls them.
package abi

import (
	"fmt"
	"os"
	"testing"

	"github.com/nspa-dev/nspa/tests/abi/libs"
)

// Paths of the libraries under test.
var client, server string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "nspa")
	if err == nil {
		defer os.RemoveAll(dir)
		if client, err = libs.Find(libs.Client, dir); err == nil {
			server, err = libs.Find(libs.Server, dir)
		}
	}
	if err == nil {
		err = load()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests/abi:", err)
		return 1
	}
	return m.Run()
}
