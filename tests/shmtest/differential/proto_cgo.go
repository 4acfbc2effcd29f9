// SPDX-License-Identifier: LGPL-2.1-or-later

package main

/*
#cgo CFLAGS: -O2 -g -Wall -Wextra -D_GNU_SOURCE=
#include <sys/mman.h>
#include "diff.h"
static struct diff_turn *map_turn(int fd)
{
	void *p = mmap(NULL, sizeof(struct diff_turn), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}
*/
import "C"

import (
	"fmt"
	"os"
	"strconv"

	_ "github.com/nspa-dev/nspa/shm" // nspa_client_attach()
	"github.com/nspa-dev/nspa/shm/model"
)

const (
	inodes  = C.DIFF_INODES
	indices = C.DIFF_INDICES
	maxTurn = C.DIFF_TURN
	turnLen = C.sizeof_struct_diff_turn
	steps   = C.STEP_COUNT

	opOpen = C.DIFF_OPEN

	published = C.NSPA_PUBLISHED
	conflict  = C.NSPA_CONFLICT
	detached  = C.NSPA_DETACHED

	buckets, slots = C.NSPA_BUCKETS, C.NSPA_SLOTS
)

// op is one operation of a worker, as it reports it.
type op struct {
	kind, index, ino, result uint32
	open                     model.Open
}

// turn is what the coordinator shares with one worker.
type turn struct{ c *C.struct_diff_turn }

func mapTurn(f *os.File) (turn, error) {
	if c := C.map_turn(C.int(f.Fd())); c != nil {
		return turn{c}, nil
	}
	return turn{}, fmt.Errorf("cannot map a turn")
}

func (t turn) unmap() { C.munmap(unsafePointer(t.c), turnLen) }

func (t turn) set(seed uint64, count, retract, killOp, killStep uint32) {
	t.c.seed, t.c.count, t.c.retract = C.uint64_t(seed), C.uint32_t(count), C.uint32_t(retract)
	t.c.kill_op, t.c.kill_step = C.uint32_t(killOp), C.uint32_t(killStep)
	t.c.done = 0
}

func (t turn) done() int { return min(int(t.c.done), maxTurn) }

func (t turn) op(i int) op {
	o := &t.c.ops[i]
	return op{uint32(o.kind), uint32(o.index), uint32(o.ino), uint32(o.result),
		model.Open{Access: uint32(o.access), Sharing: uint32(o.sharing)}}
}

// runWorker is the whole of a worker process; it does not return. Its descriptors
// are table, control, journal, turn and two pipes.
func runWorker(args []string) {
	var client C.struct_nspa_client
	var why [128]C.char
	owner, _ := strconv.ParseUint(args[0], 10, 64)
	if C.nspa_client_attach(&client, 3, 4, 5, C.uint64_t(owner), &why[0], C.size_t(len(why))) != 0 {
		fmt.Fprintln(os.Stderr, C.GoString(&why[0]))
		os.Exit(1)
	}
	t := C.map_turn(6)
	if t == nil {
		os.Exit(1)
	}
	C.diff_worker(&client, t, 7, 8)
}

func startServer() (table, control int, err error) {
	var fd, other C.int
	if C.diff_start(&fd, &other) == 0 {
		return -1, -1, fmt.Errorf("cannot create the table")
	}
	return int(fd), int(other), nil
}

func attach(id uint32) (fd int, owner uint64) {
	var word C.uint64_t
	fd = int(C.nspa_server_attach(C.uint32_t(id), &word))
	return fd, uint64(word)
}

func retire(id uint32)  { C.nspa_server_retire(C.uint32_t(id), nil) }
func release(id uint32) { C.nspa_server_release(C.uint32_t(id), nil) }

func b(v bool) C.int {
	if v {
		return 1
	}
	return 0
}

func listAdd(ino, id uint32, o model.Open, server bool) {
	C.list_add(C.uint32_t(ino), C.uint32_t(id), C.uint32_t(o.Access), C.uint32_t(o.Sharing), b(server))
}
func listRemove(ino, id uint32)  { C.list_remove(C.uint32_t(ino), C.uint32_t(id)) }
func listPromote(ino, id uint32) { C.list_promote(C.uint32_t(ino), C.uint32_t(id)) }
func listWalk(ino uint32, o model.Open) model.Status {
	return model.Status(C.list_walk(C.uint32_t(ino), C.uint32_t(o.Access), C.uint32_t(o.Sharing),
		b(o.Truncate), b(o.DeleteOnClose)))
}

func serverOpen(ino, id uint32, o model.Open) model.Status {
	return model.Status(C.diff_server_open(C.uint32_t(ino), C.uint32_t(id), C.uint32_t(o.Access),
		C.uint32_t(o.Sharing), b(o.Truncate), b(o.DeleteOnClose)))
}
func serverPublish(ino uint32)   { C.diff_server_publish(C.uint32_t(ino)) }
func checkTable(settle bool) int { return int(C.diff_check_table(b(settle))) }
