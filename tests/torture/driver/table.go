package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nspa-dev/nspa/shm"
)

const tableName = "wine_nspa_inode_table"

// processesOf lists the Wine programs of a prefix, without wineserver.
func processesOf(prefix string) []int {
	var list []int
	for _, pid := range allOf(prefix) {
		if !isWineserver(pid) {
			list = append(list, pid)
		}
	}
	return list
}

func findWineserver(prefix string) int {
	for _, pid := range allOf(prefix) {
		if isWineserver(pid) {
			return pid
		}
	}
	return 0
}

func isWineserver(pid int) bool {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return strings.HasPrefix(filepath.Base(name), "wineserver")
}

// allOf lists the processes that were started for a prefix; no driver.
func allOf(prefix string) []int {
	want := []byte("WINEPREFIX=" + prefix + "\x00")
	entries, _ := os.ReadDir("/proc")
	var list []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err == nil && bytes.Contains(append([]byte{0}, environ...), append([]byte{0}, want...)) {
			list = append(list, pid)
		}
	}
	return list
}

// checkTable says what the shared table holds that it should not, once the
// programs have ended. What wineserver is about to take back is waited for.
func checkTable(prefix string) string {
	problem := "no wineserver"
	for range 100 {
		if problem = lookAtTable(prefix); problem == "" {
			return ""
		}
		time.Sleep(100 * time.Millisecond)
	}
	return problem
}

func lookAtTable(prefix string) string {
	server := findWineserver(prefix)
	if server == 0 {
		return "no wineserver"
	}
	table, err := shm.Open(server)
	if err != nil {
		return err.Error()
	}
	defer table.Unmap()

	living := 0
	for _, pid := range processesOf(prefix) {
		maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
		if bytes.Contains(maps, []byte(tableName)) {
			living++
		}
	}
	return judge(table.Snapshot(), living, tortureInodes(prefix))
}

type inode struct{ dev, ino uint64 }

// tortureInodes are the files of the tests: nobody has one open now.
func tortureInodes(prefix string) map[inode]string {
	files := make(map[inode]string)
	names, _ := filepath.Glob(filepath.Join(prefix, "drive_c/torture/*"))
	for _, name := range names {
		var st syscall.Stat_t
		if syscall.Stat(name, &st) == nil {
			files[inode{st.Dev, st.Ino}] = filepath.Base(name)
		}
	}
	return files
}

// judge compares what the buckets have of the processes with their journals,
// and the journals with how many processes there are.
func judge(s shm.Snapshot, living int, closed map[inode]string) string {
	held := make(map[inode]uint32)
	owners := 0
	for _, journal := range s.Journals {
		if journal.Owner != 0 {
			owners++
		}
		for _, entry := range journal.Entries {
			if entry.State != shm.Held || journal.Owner == 0 {
				return fmt.Sprintf("stale entry: journal %d of owner %#x has entry %d %v", journal.Index, journal.Owner, entry.Index, entry.State)
			}
			held[inode{entry.Dev, entry.Ino}]++
		}
	}
	if owners != living {
		return fmt.Sprintf("stale journals: %d for %d processes", owners, living)
	}
	for _, bucket := range s.Buckets {
		if !bucket.Clean {
			return fmt.Sprintf("bucket %d is not clean", bucket.Index)
		}
		if bucket.Lock != 0 {
			return fmt.Sprintf("bucket %d is locked: %#x", bucket.Index, bucket.Lock)
		}
		for _, slot := range bucket.Slots {
			file := inode{slot.Dev, slot.Ino}
			if slot.Clients.Handles != held[file] {
				return fmt.Sprintf("stale entry: bucket %d has %d handles of %#x:%d, the journals have %d",
					bucket.Index, slot.Clients.Handles, slot.Dev, slot.Ino, held[file])
			}
			delete(held, file)
			if name, ok := closed[file]; ok && slot.InUse() {
				return fmt.Sprintf("stale entry: %s is open: %+v", name, slot)
			}
		}
	}
	for file, count := range held {
		return fmt.Sprintf("%d handles of %#x:%d are in journals and in no bucket", count, file.dev, file.ino)
	}
	return ""
}
