// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Command goserver, built with -buildmode=c-shared, stands in for
// libnspa_server.so: what would be if that were Go. The test for trap T6 must
// fail with it.
package main

import "C"

import "unsafe"

func main() {}

//export nspa_server_abi
func nspa_server_abi() uint32 { return 1 }

//export nspa_server_create_table
func nspa_server_create_table() int32 { return 0 }

//export nspa_server_attach
func nspa_server_attach(uint32, unsafe.Pointer) int32 { return 0 }

//export nspa_server_publish
func nspa_server_publish(dev, ino uint64, own, clients unsafe.Pointer) {}

//export nspa_server_retire
func nspa_server_retire(int32) {}
