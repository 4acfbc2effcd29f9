package core

// Constants of NtCreateFile, as winnt.h, winternl.h and ntdef.h have them.
const (
	fileReadData       = 0x00000001
	fileReadEA         = 0x00000008
	fileExecute        = 0x00000020
	fileReadAttributes = 0x00000080
	readControl        = 0x00020000
	synchronize        = 0x00100000
	genericExecute     = 0x20000000
	genericRead        = 0x80000000

	fileGenericRead    = readControl | synchronize | fileReadData | fileReadEA | fileReadAttributes
	fileGenericExecute = readControl | synchronize | fileExecute | fileReadAttributes

	fileShareAll = 0x7

	fileOpen   = 1
	fileOpenIf = 3

	fileDirectoryFile         = 0x00000001
	fileSequentialOnly        = 0x00000004
	fileSynchronousIOAlert    = 0x00000010
	fileSynchronousIONonAlert = 0x00000020
	fileNonDirectoryFile      = 0x00000040
	fileRandomAccess          = 0x00000800
	fileDeleteOnClose         = 0x00001000
	fileOpenByFileID          = 0x00002000

	objInherit         = 0x00000002
	objCaseInsensitive = 0x00000040
)

// mapAccess replaces the generic rights that a reader may ask for by what they
// stand for; wineserver does so before it looks at sharing.
func mapAccess(access uint32) uint32 {
	if access&genericRead != 0 {
		access = access&^genericRead | fileGenericRead
	}
	if access&genericExecute != 0 {
		access = access&^genericExecute | fileGenericExecute
	}
	return access
}
