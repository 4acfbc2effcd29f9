package core

// Reason says why an open was served or declined; enum nspa_reason in
// include/nspa.h.
type Reason uint32

// The reasons in the order of the header. TestReasons compares the two.
const (
	Served Reason = iota
	NotAttached
	BadRequest
	RootDirectory
	SecurityDescriptor
	Disposition
	Options
	Asynchronous
	Access
	Attributes
	NameTooLong
	Loader
	NotRegular
	Removable
	UnixError
	Changed
	NoHandle
	Sharing
	TableFull
	TableDeclined
	TableBusy
	DetachedByServer
	Realtime
	Panic
	NotKnown
	reasonCount
)
