package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runner carries out one test in one mode.
type runner struct {
	wine, exe, prefix, work string
	seed                    uint64
	local                   bool
	limit                   time.Duration

	orphaned string // what unmodified Wine hangs on
	result   string // the program's RESULT line
	progress string // how far it got
	said     string // all else it wrote
}

// run returns what went wrong, or nothing.
func (r *runner) run(s suite) string {
	r.stopWineserver() // each mode has one of its own, that no earlier test has left anything in
	ctx, cancel := context.WithTimeout(context.Background(), r.limit)
	defer cancel()
	args := append([]string{r.exe, s.name, strconv.FormatUint(r.seed, 10)}, strings.Fields(s.arguments)...)
	cmd := r.command(ctx, r.wine, args...)
	// A file and no pipe: wineserver would keep a pipe open.
	output, err := os.Create(filepath.Join(r.work, "torture.out"))
	if err != nil {
		return err.Error()
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output

	r.result = s.name + " without a result"
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	stop := make(chan struct{})
	killed := make(chan int, 1)
	go func() {
		if s.killed {
			killed <- r.kill(stop)
		} else {
			killed <- 0
		}
	}()
	watched := make(chan string, 1)
	go func() {
		if s.unpatched {
			watched <- watch(cmd.Process.Pid, stop, cancel)
		} else {
			watched <- ""
		}
	}()
	status := cmd.Wait()
	close(stop)
	kills := <-killed
	r.orphaned = <-watched
	data, err := os.ReadFile(output.Name())
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(data)) {
		switch text := strings.TrimSpace(line); {
		case strings.HasPrefix(text, "RESULT "):
			r.result = text
		case strings.HasSuffix(text, " ended"):
			r.progress = text
		default:
			r.said += line
		}
	}
	if s.killed {
		r.result = fmt.Sprintf("%s kill -9: %d", r.result, kills)
	}
	switch {
	case r.orphaned != "":
		r.stopWineserver()
		return fmt.Sprintf("%s hangs: %s; %s", s.name, r.orphaned, r.progress)
	case ctx.Err() != nil:
		r.stopWineserver()
		return fmt.Sprintf("%s hangs: no end after %v; %s", s.name, r.limit, r.progress)
	case status != nil:
		return status.Error()
	case !strings.Contains(r.result, "errors 0 integrity 0 stuck 0"):
		return "errors"
	case s.killed && kills == 0:
		return "nothing was killed"
	}
	return ""
}

// watch ends the test when its process hangs on a lock of Wine's; it says on which.
func watch(pid int, stop <-chan struct{}, end func()) string {
	for seen := 0; ; {
		select {
		case <-stop:
			return ""
		case <-time.After(time.Second):
		}
		orphaned := orphanedLock(pid)
		if orphaned == "" {
			seen = 0
		} else if seen++; seen == 3 {
			end()
			return orphaned
		}
	}
}

func (r *runner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "NSPA_LOCAL_FILES=") || strings.HasPrefix(s, "WINEPREFIX=")
	}), "WINEPREFIX="+r.prefix)
	if r.local {
		cmd.Env = append(cmd.Env, "NSPA_LOCAL_FILES=1")
	}
	return cmd
}

// stopWineserver ends the prefix's wineserver and with it all its programs.
func (r *runner) stopWineserver() {
	for range 100 {
		pid := findWineserver(r.prefix)
		if pid == 0 {
			break
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
		time.Sleep(50 * time.Millisecond)
	}
	for _, pid := range processesOf(r.prefix) { // those that hang do not go by themselves
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// kill ends workers of the kill test at random moments until stop is closed.
func (r *runner) kill(stop <-chan struct{}) int {
	random := rand.New(rand.NewPCG(r.seed, 1))
	for kills := 0; ; {
		select {
		case <-stop:
			return kills
		case <-time.After(time.Duration(random.IntN(80)) * time.Millisecond):
		}
		var workers []int
		for _, pid := range processesOf(r.prefix) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if bytes.Contains(line, []byte("worker")) && bytes.Contains(line, []byte("torture-")) {
				workers = append(workers, pid)
			}
		}
		// Several at once now and then, as out of memory would; but leave most
		// of them, for it takes longer to start a process than to kill one.
		for range 1 + random.IntN(8)/7 {
			if len(workers) < 7 {
				break
			}
			i := random.IntN(len(workers))
			if syscall.Kill(workers[i], syscall.SIGKILL) == nil {
				kills++
			}
			workers = slices.Delete(workers, i, i+1)
		}
	}
}
