// SPDX-License-Identifier: LGPL-2.1-or-later

package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/ebitengine/purego"
)

// ProbeCommand is the hidden command that calls ProbeHere. A library that
// crashes or hangs on loading then takes only that process with it.
const ProbeCommand = "probe-library"

// ProbeHere loads a library into this process and calls its version function.
func ProbeHere(library, symbol string) (uint32, error) {
	lib, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, err
	}
	address, err := purego.Dlsym(lib, symbol)
	if err != nil {
		return 0, err
	}
	var version func() uint32
	purego.RegisterFunc(&version, address)
	return version(), nil
}

// ProbeApart runs this program again to probe a library.
func ProbeApart(library, symbol string) (uint32, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, self, ProbeCommand, library, symbol).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			first, _, _ := strings.Cut(string(exit.Stderr), "\n")
			return 0, errors.New(strings.TrimPrefix(first, "nspactl: "))
		}
		return 0, err
	}
	v, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("the probe answered %q", out)
	}
	return uint32(v), nil
}
