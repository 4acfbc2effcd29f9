package core

/*
#cgo CFLAGS: -O2 -Wall -Wextra -D_GNU_SOURCE
#include <sys/mman.h>
#include "known.h"

static struct nspa_files *make_table(const struct nspa_init *init, const struct nspa_client *client)
{
	struct nspa_files *files = mmap(NULL, sizeof(*files), PROT_READ | PROT_WRITE,
	                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (files == MAP_FAILED) return NULL;
	files->client = *client;
	files->host = init->host;
	nspa_prefix_init(files, init->prefix);
	return files;
}

*/
import "C"

import (
	"unsafe"

	_ "github.com/nspa-dev/nspa/include" // rebuild when a header changes
	_ "github.com/nspa-dev/nspa/shm" // nspa_client_attach()
)

// table is the process's handle table, set once by Attach.
var table *C.struct_nspa_files

// attach maps the shared table and makes the handle table.
func attach(init unsafe.Pointer) error {
	var client C.struct_nspa_client
	var why [128]C.char
	in := (*C.struct_nspa_init)(init)
	status := C.nspa_client_attach(&client, C.int(in.table_fd), C.int(in.control_fd), C.int(in.journal_fd),
		in.owner, &why[0], C.size_t(len(why)))
	if status != 0 {
		return &AttachError{Status(uint32(status)), C.GoString(&why[0])}
	}
	files := C.make_table(in, &client)
	if files == nil {
		return ErrNoMemory
	}
	C.nspa_files_init(files, in.inherited, in.inherited_count)
	table = files
	return nil
}

// isLoaderName reports whether the NT name ends like that of a module.
func isLoaderName(req *Request) bool {
	return C.nspa_is_loader_name((*C.uint16_t)(req.NTName), C.uint32_t(req.NTLen)) != 0
}

// tableReserve takes a handle and publishes the open of an inode under it.
func tableReserve(req *Request, access uint32, dev, ino uint64) (index int32, reason Reason) {
	n := int32(C.nspa_file_reserve(table, (*C.struct_nspa_open)(unsafe.Pointer(req)), C.uint32_t(access),
		C.uint64_t(dev), C.uint64_t(ino)))
	if n < 0 {
		return -1, Reason(-1 - n)
	}
	return n, Served
}

// tableCancel gives a reserved handle back. It reports whether wineserver waits
// to hear that the inode has no local open any more.
func tableCancel(index int32) (drained bool) {
	return C.nspa_file_cancel(table, C.uint32_t(index)) != 0
}

// tableCommit makes a reserved handle that of an open file.
func tableCommit(index int32, fd int, directory bool) (handle uint32) {
	return uint32(C.nspa_file_commit(table, C.uint32_t(index), C.int32_t(fd), C.bool(directory)))
}

// treesWatched reports whether a program watches the directories below one for
// changes: wineserver must see each of them that is opened then.
func treesWatched() bool {
	return C.nspa_trees_watched(table) != 0
}
