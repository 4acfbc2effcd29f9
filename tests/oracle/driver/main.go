// The driver of the differential oracle: runs the same traces with the bypass
// off and on, compares what oracle.exe wrote down step by step, and reduces
// the first difference to a trace that shows it with as few steps as possible.
// See docs/oracle.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	os.Exit(run())
}

func run() int {
	var (
		wine  = flag.String("wine", os.Getenv("NSPA_WINE"), "the patched `wine64`")
		base  = flag.String("baseline", "", "another `wine64` to run as off, such as the unpatched one")
		exe   = flag.String("exe", "", "`oracle.exe`")
		off   = flag.String("off", "", "`prefix` for off")
		on    = flag.String("on", "", "`prefix` for on, made like the other")
		work  = flag.String("work", os.TempDir(), "`directory` for the logs")
		seed  = flag.Uint64("seed", 0, "first seed; 0 draws one")
		total = flag.Int("total", 20000, "operations to run in each mode, at least")
		ops   = flag.Int("ops", 200, "operations of a trace")
		batch = flag.Int("batch", 200, "traces per start of the program")
	)
	flag.Parse()
	if *wine == "" || *exe == "" || *off == "" || *on == "" || flag.NArg() != 0 || *ops < 1 || *batch < 1 {
		flag.Usage()
		return 2
	}
	if *base == "" {
		*base = *wine
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	modes := [2]mode{
		{name: "off", wine: *base, prefix: *off, exe: *exe, work: *work},
		{name: "on", wine: *wine, prefix: *on, exe: *exe, work: *work, local: true},
	}
	fmt.Printf("oracle: from seed %d, %d operations a trace; again with SEED=%d\n", *seed, *ops, *seed)

	seeds := uint64((*total + *ops - 1) / *ops)
	passed, failed := 0, 0
	for first := *seed; first < *seed+seeds; first += uint64(*batch) {
		count := min(uint64(*batch), *seed+seeds-first)
		good, bad, err := compareBatch(modes, first, count, *ops)
		passed += good
		failed += len(bad)
		if err != nil {
			fmt.Printf("oracle: %v\n", err)
			failed++
		}
		fmt.Printf("oracle: %d traces, %d operations in each mode, %d differ\n", passed+failed, (passed+failed)**ops, failed)
		for i, difference := range bad {
			fmt.Print(difference)
			if i == 0 {
				reduce(modes, difference, *ops)
			}
		}
		if failed >= 5 {
			break
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed != 0 || passed == 0 {
		return 1
	}
	return 0
}
