package core

// What an open may ask for and still be served here. The envelope is that of
// Wine-NSPA's local-file page; what lies outside needs wineserver's view of
// names, security or creation, or writes.
const (
	servedAccess = fileReadData | fileReadEA | fileExecute | fileReadAttributes | readControl | synchronize

	declinedOptions = fileDeleteOnClose | fileOpenByFileID
	knownOptions    = 0x00ffffff // what Wine's fd cache can hold

	synchronousOptions = fileSynchronousIOAlert | fileSynchronousIONonAlert

	// wineserver takes names up to here (request data is counted in 16 bits).
	maxNTName = 65534
)

// gate decides from the arguments alone whether an open may be served here,
// and maps its access.
func gate(req *Request) (access uint32, reason Reason) {
	access = mapAccess(req.Access)
	switch {
	case req.NTLen == 0 || req.NTLen%2 != 0 || req.NTLen >= maxNTName:
		return 0, BadRequest
	case req.Flags&hasRoot != 0:
		return 0, RootDirectory
	case req.Flags&hasSD != 0:
		return 0, SecurityDescriptor
	case req.Disposition != fileOpen && req.Disposition != fileOpenIf:
		return 0, Disposition
	case req.Options&declinedOptions != 0 || req.Options&^knownOptions != 0:
		return 0, Options
	case req.Options&synchronousOptions == 0 || req.Options&synchronousOptions == synchronousOptions:
		return 0, Asynchronous
	case access == 0 || access&^servedAccess != 0:
		return 0, Access
	case req.Sharing&^fileShareAll != 0:
		return 0, BadRequest
	case req.Attributes&^(objInherit|objCaseInsensitive) != 0:
		return 0, Attributes
	case isLoaderName(req):
		return 0, Loader
	}
	return access, Served
}
