// SPDX-License-Identifier: LGPL-2.1-or-later

package doctor

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	futexLockPI   = 6 | 128 // FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG
	futexUnlockPI = 7 | 128
)

// piFutex locks and unlocks a PI futex in the kernel.
func piFutex() error {
	runtime.LockOSThread() // the owner of the lock is a thread
	defer runtime.UnlockOSThread()
	var word uint32
	if _, _, e := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&word)), futexLockPI, 0, 0, 0, 0); e != 0 {
		return os.NewSyscallError("futex(FUTEX_LOCK_PI)", e)
	}
	if word != uint32(unix.Gettid()) {
		return fmt.Errorf("a locked PI futex holds %#x, not the thread id", word)
	}
	if _, _, e := unix.Syscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&word)), futexUnlockPI, 0); e != 0 {
		return os.NewSyscallError("futex(FUTEX_UNLOCK_PI)", e)
	}
	return nil
}

// robustList checks that threads may have a robust list.
func robustList() error {
	var head, size uintptr
	if _, _, e := unix.Syscall(unix.SYS_GET_ROBUST_LIST, 0, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size))); e != 0 {
		return os.NewSyscallError("get_robust_list", e)
	}
	return nil
}

// sealedMemfd checks that a memory file's size can be sealed.
func sealedMemfd() error {
	fd, err := unix.MemfdCreate("nspa-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 4096); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return os.NewSyscallError("fcntl(F_ADD_SEALS)", err)
	}
	if err := unix.Ftruncate(fd, 0); !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("a sealed memory file could be cut (%v)", err)
	}
	return nil
}

func renameExchange(a, b string) error {
	return os.NewSyscallError("renameat2(RENAME_EXCHANGE)", unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE))
}
