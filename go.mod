module github.com/nspa-dev/nspa

go 1.24.0

require (
	github.com/ebitengine/purego v0.10.1
	github.com/google/uuid v1.6.0
	golang.org/x/sys v0.41.0
)
