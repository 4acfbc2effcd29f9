package main

/*
#cgo CFLAGS: -O2 -g -Wall -Wextra -D_GNU_SOURCE=
#include <sys/mman.h>
#include "diff.h"
static struct nspa_table *map_table(int fd)
{
	void *p = mmap(NULL, sizeof(struct nspa_table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}
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

// runWorker is the whole of a worker process; it does not return.
func runWorker(args []string) {
	journal, _ := strconv.ParseUint(args[0], 10, 32)
	owner, _ := strconv.ParseUint(args[1], 10, 64)
	table, t := C.map_table(3), C.map_turn(4)
	if table == nil || t == nil {
		os.Exit(1)
	}
	C.diff_worker(table, t, C.uint32_t(journal), C.uint64_t(owner), 5, 6)
}

func startServer() (int, error) {
	var fd C.int
	if C.diff_start(&fd) == nil {
		return -1, fmt.Errorf("cannot create the table")
	}
	return int(fd), nil
}

func attach(id uint32) (int, uint64) {
	var owner C.uint64_t
	journal := C.nspa_server_attach(C.uint32_t(id), &owner)
	return int(journal), uint64(owner)
}

func retire(journal int)  { C.nspa_server_retire(C.int(journal)) }
func release(journal int) { C.nspa_server_release(C.int(journal)) }

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
