// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/report"
)

// machine describes where the figures come from; what cannot be found out
// stays empty.
func machine(ctx context.Context, loader string) report.Machine {
	m := report.Machine{Cores: runtime.NumCPU()}
	m.CPU = firstField("/proc/cpuinfo", "model name", ":")
	m.OS = strings.Trim(firstField("/etc/os-release", "PRETTY_NAME", "="), `"`)
	if kb, _, ok := strings.Cut(firstField("/proc/meminfo", "MemTotal", ":"), " "); ok {
		n, _ := strconv.Atoi(kb)
		m.MemoryMiB = n / 1024
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(data), " ")
		m.Load, _ = strconv.ParseFloat(first, 64)
	}
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		var b strings.Builder
		for _, c := range u.Release {
			if c == 0 {
				break
			}
			b.WriteByte(byte(c))
		}
		m.Kernel = b.String()
	}
	if out, err := exec.CommandContext(ctx, loader, "--version").Output(); err == nil {
		m.Wine = strings.TrimSpace(string(out))
	}
	return m
}

// firstField returns the value of the first "key SEP value" line of a file.
func firstField(path, key, sep string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		k, v, ok := strings.Cut(sc.Text(), sep)
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
