// Package core serves Windows file opens inside the process that asks.
//
// It is C, because every thread of a Windows program goes this way, real-time ones too,
// and must neither wait for the Go runtime nor pay for its start. An open passes the gate
// (gate.c), is opened and published (open.c), and becomes a handle (table.c). Whatever
// does not fit belongs to wineserver: each function answers with a reason and leaves no
// trace. What Go there is drives the C from tests.
//
// SPDX-License-Identifier: LGPL-2.1-or-later
package core
