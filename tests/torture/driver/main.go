// The driver of the torture tests: runs each under Wine with the bypass off and
// on, kills processes where a test asks for it, and looks at the shared table
// afterwards. See docs/torture.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nspa-dev/nspa/shm"
)

// A suite is one test of torture.exe.
type suite struct {
	name, arguments string        // after the seed
	killed          bool          // its processes are killed from here
	unpatched       bool          // unmodified Wine may hang in it: what it opens is shown, not judged
	limit           time.Duration // in which it ends if it is judged
}

func main() {
	os.Exit(run())
}

func run() int {
	var (
		wine    = flag.String("wine", os.Getenv("NSPA_WINE"), "the patched `wine64`")
		exe     = flag.String("exe", "", "`torture.exe`")
		prefix  = flag.String("prefix", "", "Wine `prefix`")
		work    = flag.String("work", os.TempDir(), "`directory` for output")
		seed    = flag.Uint64("seed", 0, "random numbers; 0 draws some")
		seconds = flag.Int("seconds", 4, "time of each test")
		kills   = flag.Int("kills", 100, "processes to kill, and threads to end")
		only    = flag.String("only", "", "run these `tests` only, with commas between")
		modes   = flag.String("modes", "off,on", "run in these `modes`")
	)
	flag.Parse()
	if *wine == "" || *exe == "" || *prefix == "" || flag.NArg() != 0 {
		flag.Usage()
		return 2
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	fmt.Printf("torture: seed %d; again with SEED=%d\n", *seed, *seed)

	timed := fmt.Sprintf("%d 0", *seconds)
	slack := 180*time.Second + time.Duration(*seconds)*time.Second
	suites := []suite{
		{name: "share", arguments: timed, limit: slack},
		{name: "race", arguments: timed, limit: slack},
		{name: "rename", arguments: timed, limit: slack},
		{name: "churn", arguments: timed, limit: slack},
		{name: "delete", arguments: timed, limit: slack},
		{name: "chaos", arguments: timed, limit: slack},
		{name: "kill", arguments: fmt.Sprintf("0 %d", *kills), killed: true, limit: slack + time.Duration(*kills)*time.Second},
		{name: "suspend", arguments: timed, unpatched: true, limit: slack},
		{name: "suspend", arguments: fmt.Sprintf("%d 1", *seconds), unpatched: true, limit: slack},
		// Threads that were ended leave their handles open: a process holds some thousands.
		{name: "terminate", arguments: fmt.Sprintf("0 %d", min(*kills*3, 3000)), unpatched: true,
			limit: slack + time.Duration(min(*kills*3, 3000))*100*time.Millisecond},
	}
	chosen := strings.Split(*only, ",")
	passed, failed, skipped := 0, 0, 0
	for _, s := range suites {
		if *only != "" && !slices.Contains(chosen, s.name) {
			continue
		}
		for _, mode := range strings.Split(*modes, ",") {
			// With one slot for all files every open is wineserver's.
			judged := !s.unpatched || mode == "on" && shm.Buckets*shm.Slots > 1
			limit := s.limit
			if !judged {
				limit = min(limit, 45*time.Second+time.Duration(*seconds)*time.Second)
			}
			r := runner{limit: limit, wine: *wine, exe: *exe, prefix: *prefix, work: *work, seed: *seed, local: mode == "on"}
			problem := r.run(s)
			if problem == "" && r.local {
				problem = checkTable(*prefix)
			}
			fmt.Printf("%-3s %s\n", mode, strings.TrimPrefix(r.result, "RESULT "))
			switch {
			case problem == "":
				passed++
			case !judged || r.orphaned != "":
				skipped++
				fmt.Printf("    %s (unmodified Wine's; not judged)\n", problem)
			default:
				failed++
				fmt.Printf("    FAILED: %s\n%s", problem, r.said)
			}
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed != 0 || passed+skipped == 0 {
		return 1
	}
	return 0
}
