package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mode is one way to run a trace.
type mode struct {
	name, wine, prefix, exe, work string
	local                         bool
}

// run carries out count traces and returns what was written down. A program
// that hangs or crashes is no error here: its log ends early.
func (m *mode) run(seed, count uint64, ops int, only []int) (*log, error) {
	name := filepath.Join(m.work, "oracle-"+m.name+".log")
	if err := os.RemoveAll(name); err != nil {
		return nil, err
	}
	args := []string{m.exe, "--seed", strconv.FormatUint(seed, 10), "--count", strconv.FormatUint(count, 10),
		"--ops", strconv.Itoa(ops), "--log", windowsPath(name)}
	if only != nil {
		steps := make([]string, len(only))
		for i, step := range only {
			steps[i] = strconv.Itoa(step)
		}
		args = append(args, "--only", strings.Join(steps, ","))
	}
	limit := time.Minute + time.Duration(count)*time.Duration(ops)*5*time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.wine, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "NSPA_LOCAL_FILES=") || strings.HasPrefix(s, "WINEPREFIX=")
	}), "WINEPREFIX="+m.prefix)
	if m.local {
		cmd.Env = append(cmd.Env, "NSPA_LOCAL_FILES=1")
	}
	// A file and no pipe: wineserver would keep a pipe open.
	output, err := os.Create(filepath.Join(m.work, "oracle-"+m.name+".out"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	status := cmd.Run()
	result, err := readLog(name)
	if err != nil {
		said, _ := os.ReadFile(output.Name())
		return nil, fmt.Errorf("%s: %v: %w\n%s", m.name, status, err, said)
	}
	if status != nil {
		result.ended = fmt.Sprintf("%s: %v", m.name, status)
	}
	return result, nil
}

// windowsPath names an absolute Unix path for the program.
func windowsPath(path string) string {
	return `Z:` + strings.ReplaceAll(path, "/", `\`)
}
