package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// wineLocks are mutexes of ntdll's Unix side that a thread may hold when
// unmodified Wine ends it: at a signal, or when its connection is closed.
var wineLocks = []string{"fd_cache_mutex", "virtual_mutex", "dir_mutex", "mnt_mutex"}

// orphanedLock says which of them has an owner that is no more and threads that
// wait for it: the process hangs for ever then, and nspa has no part in it.
func orphanedLock(pid int) string {
	tasks := fmt.Sprintf("/proc/%d/task", pid)
	entries, _ := os.ReadDir(tasks)
	waiters := make(map[uint64]int)
	for _, entry := range entries {
		const futex, operation, private = 202, 0x7f, 0x80
		var number, address, op, value uint64
		text, _ := os.ReadFile(filepath.Join(tasks, entry.Name(), "syscall"))
		if n, _ := fmt.Sscanf(string(text), "%d %v %v %v", &number, &address, &op, &value); n == 4 &&
			number == futex && op&operation&^private == 0 && value == 2 {
			waiters[address]++
		}
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return ""
	}
	defer memory.Close()
	for address, count := range waiters {
		var mutex struct{ Lock, Count, Owner uint32 } // glibc's pthread_mutex_t
		var data [12]byte
		if _, err := memory.ReadAt(data[:], int64(address)); err != nil {
			continue
		}
		_, _ = binary.Decode(data[:], binary.LittleEndian, &mutex)
		if _, err := os.Stat(fmt.Sprintf("%s/%d", tasks, mutex.Owner)); mutex.Lock == 0 || mutex.Owner == 0 || !os.IsNotExist(err) {
			continue
		}
		if name := ntdllSymbol(pid, address); name != "" {
			return fmt.Sprintf("%d threads wait for Wine's %s of thread %d, which was ended", count, name, mutex.Owner)
		}
	}
	return ""
}

// ntdllSymbol is the name of the lock at an address, if it is one of wineLocks.
func ntdllSymbol(pid int, address uint64) string {
	maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	for line := range strings.Lines(string(maps)) {
		// the first mapping of the file is at its base
		path := line[strings.LastIndexByte(line, ' ')+1:]
		if path = strings.TrimSpace(path); filepath.Base(path) != "ntdll.so" {
			continue
		}
		var base uint64
		if _, err := fmt.Sscanf(line, "%x-", &base); err != nil {
			return ""
		}
		file, err := elf.Open(path)
		if err != nil {
			return ""
		}
		defer file.Close()
		symbols, _ := file.Symbols()
		for _, symbol := range symbols {
			for _, name := range wineLocks {
				if symbol.Name == name && address >= base+symbol.Value && address < base+symbol.Value+symbol.Size {
					return name
				}
			}
		}
		return ""
	}
	return ""
}
