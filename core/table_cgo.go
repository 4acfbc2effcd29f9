package core

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#include <sys/mman.h>
#include "table.h"

static struct nspa_files *make_table(const struct nspa_init *init, uintptr_t shared)
{
	struct nspa_files *files = mmap(NULL, sizeof(*files), PROT_READ | PROT_WRITE,
	                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (files == MAP_FAILED) return NULL;
	files->client.table = (struct nspa_table *)shared;
	files->client.journal = &files->client.table->journal[init->journal];
	files->client.owner = init->owner;
	files->host = init->host;
	return files;
}
*/
import "C"

import (
	"unsafe"

	"golang.org/x/sys/unix"

	_ "github.com/nspa-dev/nspa/include" // rebuild when a header changes
	"github.com/nspa-dev/nspa/shm"
)

// table is the process's handle table, set once by Attach.
var table *C.struct_nspa_files

func initTableFD(init unsafe.Pointer) int {
	return int((*C.struct_nspa_init)(init).table_fd)
}

// tableInit makes the handle table and checks that the shared table knows us.
func tableInit(init unsafe.Pointer, shared *shm.Table) error {
	in := (*C.struct_nspa_init)(init)
	files := C.make_table(in, C.uintptr_t(shared.Base()))
	if files == nil {
		return ErrNoMemory
	}
	if C.nspa_client_attached(&files.client) == 0 {
		_, _, _ = unix.Syscall(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(files)), unsafe.Sizeof(*files), 0)
		return ErrJournal
	}
	C.nspa_files_init(files, in.inherited, in.inherited_count)
	table = files
	return nil
}

// tableOpen publishes an open file and gives it a handle.
func tableOpen(req *Request, access uint32, fd int, dev, ino uint64) (handle uint32, reason Reason) {
	index := C.nspa_file_open(table, (*C.struct_nspa_open)(unsafe.Pointer(req)), C.uint32_t(access),
		C.int32_t(fd), C.uint64_t(dev), C.uint64_t(ino))
	if index < 0 {
		return 0, Reason(-1 - index)
	}
	return uint32(C.nspa_handle_of(C.uint32_t(index))), Served
}
