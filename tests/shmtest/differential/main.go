// SPDX-License-Identifier: LGPL-2.1-or-later

// Differential test of the shared table.
//
// Several processes open and close files through the table, one at a time, so
// that the order is known. After each turn their operations are judged by two
// others who know nothing of counters: the reference model in Go, and a list of
// opens walked in C as wineserver does it. In between this process, which is
// wineserver here, opens, closes, duplicates and promotes, and kills others at
// any step. Everything follows from the seed.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nspa-dev/nspa/shm/model"
)

func init() { runtime.LockOSThread() } // lock words and the lease name a thread

// key names an open: worker<<16 | index for local ones, from serverKeys up for
// wineserver's.
const serverKeys = 1 << 24

// serverLimit is how many opens wineserver keeps: enough to overflow buckets,
// few enough that processes are granted most of what they ask for.
const serverLimit = 4*slots - 3

type handle struct {
	ino  uint32
	open model.Open
	refs int // wineserver's: handles
}

type worker struct {
	cmd          *exec.Cmd
	number       uint32
	id           uint32
	turn         turn
	toIt, fromIt *os.File
	retract      uint32 // index + 1 that wineserver has taken over, and its key there
	retractKey   uint32
	held         map[uint32]handle
}

type test struct {
	random  *rand.Rand
	fds     [2]int // of the table and of what wineserver writes
	workers []*worker
	files   [inodes]model.File[uint32]
	server  map[uint32]handle
	keys    []uint32 // of server, in the order of opening
	nextKey uint32
	nextID  uint32

	ops, opens, granted, refused, undecided, serverOpens, closes, promotions, dups, kills, stepKills int
	differences                                                                                      int
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		runWorker(os.Args[2:])
		return
	}
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "what everything follows from")
	ops := flag.Int("ops", 300_000, "operations to do")
	workers := flag.Int("workers", 4, "processes")
	flag.Parse()

	fmt.Printf("seed %d, %d operations, %d processes, %d buckets of %d slots\n", *seed, *ops, *workers, buckets, slots)
	t := &test{
		random: rand.New(rand.NewPCG(*seed, 1)), server: map[uint32]handle{}, nextKey: serverKeys, nextID: 0x20,
		workers: make([]*worker, *workers),
	}
	start := time.Now()
	if err := t.run(*ops); err != nil {
		fmt.Printf("seed %d: %v\n0 passed, 1 failed\n", *seed, err)
		os.Exit(1)
	}
	fmt.Printf("%d operations in %.1f s: %d local opens granted, %d refused, %d left to wineserver; "+
		"%d opens of wineserver, %d promotions, %d duplicates, %d closes, %d kills, %d of them inside a step\n",
		t.ops, time.Since(start).Seconds(), t.granted, t.refused, t.undecided, t.serverOpens, t.promotions, t.dups, t.closes,
		t.kills+t.stepKills, t.stepKills)
	fmt.Printf("seed %d: %d differences\n", *seed, t.differences)
	if t.differences != 0 {
		fmt.Println("0 passed, 1 failed")
		os.Exit(1)
	}
	fmt.Println("1 passed, 0 failed")
}

func (t *test) run(ops int) error {
	var err error
	if t.fds[0], t.fds[1], err = startServer(); err != nil {
		return err
	}
	for i := range t.files {
		t.files[i] = model.File[uint32]{}
	}
	for i := range t.workers {
		if err := t.spawn(i); err != nil {
			return err
		}
	}
	rests := 0
	for t.ops < ops && t.differences < 10 {
		i := t.random.IntN(len(t.workers))
		switch n := t.random.IntN(64); {
		case n < 44:
			err = t.turn(i)
		case n < 52:
			t.serverOpen()
		case n < 58:
			t.serverClose()
		case n < 61:
			t.promote(i)
		case n < 63:
			t.duplicate()
		case t.random.IntN(16) == 0:
			t.kills++
			_ = t.workers[i].cmd.Process.Kill()
			t.bury(i)
			err = t.spawn(i)
		}
		if err != nil {
			return err
		}
		if t.ops/20_000 > rests {
			rests = t.ops / 20_000
			if wrong := checkTable(rests%2 == 0); wrong != 0 {
				t.differ("after %d operations: counters of %d slots are not the sums of the journals", t.ops, wrong)
			}
		}
	}
	for i := range t.workers {
		t.workers[i].toIt.Close()
		t.bury(i)
	}
	if wrong := checkTable(true); wrong != 0 {
		t.differ("at the end: %d", wrong)
	}
	return nil
}

func (t *test) differ(format string, args ...any) {
	t.differences++
	fmt.Printf("operation %d: %s\n", t.ops, fmt.Sprintf(format, args...))
}

func (t *test) spawn(i int) error {
	t.nextID += 4
	w := &worker{number: uint32(i), id: t.nextID, held: map[uint32]handle{}}
	journal, owner := attach(w.id)
	if journal < 0 {
		return fmt.Errorf("no journal")
	}
	fd, err := unix.MemfdCreate("turn", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	memory := os.NewFile(uintptr(fd), "turn")
	defer memory.Close()
	if err := memory.Truncate(turnLen); err != nil {
		return err
	}
	if w.turn, err = mapTurn(memory); err != nil {
		return err
	}
	var shared []*os.File
	for _, fd := range []int{t.fds[0], t.fds[1], journal} {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(copied), "shared")
		defer f.Close()
		shared = append(shared, f)
	}
	in, toIt, err := os.Pipe()
	if err != nil {
		return err
	}
	fromIt, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	defer out.Close()
	w.toIt, w.fromIt = toIt, fromIt
	w.cmd = exec.Command("/proc/self/exe", "worker", fmt.Sprint(owner))
	w.cmd.ExtraFiles = append(shared, memory, in, out)
	w.cmd.Stderr = os.Stderr
	w.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	t.workers[i] = w
	return w.cmd.Start()
}

// bury does what wineserver does when a process has ended.
func (t *test) bury(i int) {
	w := t.workers[i]
	_ = w.cmd.Wait()
	retire(w.id)
	release(w.id)
	for index, h := range w.held {
		t.remove(h.ino, w.key(index))
	}
	w.toIt.Close()
	w.fromIt.Close()
	w.turn.unmap()
}

func (w *worker) key(index uint32) uint32 { return w.number<<16 | index }

func (t *test) add(ino, key uint32, o model.Open, server bool) {
	t.files[ino][key] = o
	listAdd(ino, key, o, server)
}

func (t *test) remove(ino, key uint32) {
	delete(t.files[ino], key)
	listRemove(ino, key)
}

// turn lets one worker go on for a while, and judges what it did.
func (t *test) turn(i int) error {
	w := t.workers[i]
	count := 1 + t.random.Uint32N(400)
	var killOp, killStep uint32
	if t.random.IntN(100) == 0 {
		killOp, killStep = t.random.Uint32N(count), 1+t.random.Uint32N(steps-1)
	}
	w.turn.set(t.random.Uint64(), count, w.retract, killOp, killStep)
	w.retract = 0
	if _, err := w.toIt.Write([]byte{0}); err != nil {
		return fmt.Errorf("worker %d: %w", i, err)
	}
	var answer [1]byte
	_, err := w.fromIt.Read(answer[:])
	died := err != nil
	if died && killStep == 0 {
		return fmt.Errorf("worker %d: %w", i, err)
	}
	for k, n := 0, w.turn.done(); k < n; k++ {
		t.ops++
		t.judge(w, w.turn.op(k), k == n-1 && !died)
	}
	if died {
		t.stepKills++
		t.bury(i)
		return t.spawn(i)
	}
	return nil
}

// judge looks at one operation. Only after the last one of a turn does the
// table stand where the model stands, so that wineserver can be asked too.
func (t *test) judge(w *worker, o op, last bool) {
	key := w.key(o.index)
	if o.kind != opOpen {
		t.closes++
		delete(w.held, o.index)
		t.remove(o.ino, key)
		return
	}
	t.opens++
	status := t.files[o.ino].Check(o.open)
	if walked := listWalk(o.ino, o.open); walked != status {
		t.differ("%+v: the model says %#x, the list %#x", o, status, walked)
	}
	switch o.result {
	case published:
		t.granted++
		if status != model.Success {
			t.differ("%+v: granted, the model says %#x", o, status)
		}
		w.held[o.index] = handle{ino: o.ino, open: o.open}
		t.add(o.ino, key, o.open, false)
	case conflict:
		t.refused++
		if status == model.Success {
			t.differ("%+v: refused, the model grants it", o)
		}
		if last {
			t.openOnServer(o.ino, o.open)
		}
	case detached:
		t.differ("%+v: detached", o)
	default:
		t.undecided++
		if last {
			t.openOnServer(o.ino, o.open)
		}
	}
}

// openOnServer opens as wineserver would, and compares.
func (t *test) openOnServer(ino uint32, o model.Open) {
	t.serverOpens++
	want := t.files[ino].Check(o)
	walked := listWalk(ino, o)
	key := t.nextKey
	t.nextKey++
	got := serverOpen(ino, key, o)
	if got != want || walked != want {
		t.differ("inode %d %+v: wineserver says %#x, the model %#x, the list %#x; open are %v",
			ino, o, got, want, walked, t.files[ino])
	}
	if got != model.Success {
		return
	}
	t.files[ino][key] = o
	t.server[key] = handle{ino: ino, open: o, refs: 1}
	t.keys = append(t.keys, key)
	for len(t.keys) > serverLimit {
		t.serverClose()
	}
}

func (t *test) serverOpen() {
	t.ops++
	access := uint32(model.ReadData)
	sharing := uint32(7)
	if t.random.IntN(2) == 0 {
		access, sharing = t.random.Uint32()&0xE00101A7, t.random.Uint32N(8)
	}
	t.openOnServer(t.random.Uint32N(inodes), model.Open{Access: access, Sharing: sharing,
		Truncate: t.random.IntN(4) == 0, DeleteOnClose: t.random.IntN(4) == 0})
}

func (t *test) serverClose() {
	if len(t.keys) == 0 {
		return
	}
	n := t.random.IntN(len(t.keys))
	key := t.keys[n]
	for _, w := range t.workers {
		if w.retract != 0 && w.retractKey == key {
			return // a process closes what it promoted after it has taken it back
		}
	}
	t.ops++
	h := t.server[key]
	if h.refs--; h.refs > 0 {
		t.server[key] = h
		return
	}
	t.closes++
	delete(t.server, key)
	t.keys[n] = t.keys[len(t.keys)-1]
	t.keys = t.keys[:len(t.keys)-1]
	t.remove(h.ino, key)
	serverPublish(h.ino)
}

// duplicate adds a handle: the open stays one.
func (t *test) duplicate() {
	if len(t.keys) == 0 {
		return
	}
	t.ops++
	t.dups++
	key := t.keys[t.random.IntN(len(t.keys))]
	h := t.server[key]
	h.refs++
	t.server[key] = h
}

// promote takes over a worker's open. The table has it twice until the worker's
// next turn, and others' turns may come in between.
func (t *test) promote(i int) {
	w := t.workers[i]
	index := t.random.Uint32N(indices)
	h, ok := w.held[index]
	if !ok || w.retract != 0 {
		return
	}
	t.ops++
	t.promotions++
	key := t.nextKey
	t.nextKey++
	delete(w.held, index)
	t.remove(h.ino, w.key(index))
	t.add(h.ino, key, h.open, true)
	h.refs = 1
	t.server[key] = h
	t.keys = append(t.keys, key)
	serverPublish(h.ino)
	w.retract, w.retractKey = index+1, key
}
