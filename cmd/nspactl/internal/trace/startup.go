// SPDX-License-Identifier: LGPL-2.1-or-later

package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// StartupOpens is the number of opens Startup makes: what Wine-NSPA's
// local-file page reports for one start of a music workstation.
const StartupOpens = 28500

// Win32 values the generated opens use.
const (
	genericRead    = 0x80000000
	shareRead      = 1
	shareReadWrite = 3
	shareReadDel   = 5
	normal         = 0x80
	randomAccess   = 0x10000000
	sequentialScan = 0x08000000
)

// group is one population of the page's list: its files, and how a program
// opens one of them.
type group struct {
	phase string
	opens int
	skew  float64 // 0: all files equally often; 1: few files get most opens
	files []File
	open  func(f File, r *rand.Rand) Open
}

// Startup generates the trace of an application start, after the list on
// Wine-NSPA's page: manifests from winsxs, compiled Python modules, the theme,
// the kernel's clock source through Z:, library databases and large packs.
// Sizes are typical for each kind, repeats are skewed as start-ups are. The
// result follows from the seed alone.
func Startup(seed uint64) *Trace {
	r := rand.New(rand.NewPCG(seed, 0x6e737061))
	t := &Trace{Seed: seed, Phases: []Phase{{}}}
	for _, g := range []group{manifests(r), bytecode(r), themes(), clockSource(), databases(r), packs(r)} {
		t.Files = append(t.Files, tableOf(g.files)...)
		t.Phases = append(t.Phases, Phase{g.phase, g.draw(r)})
	}
	return t
}

// tableOf drops what exists outside the data directory.
func tableOf(files []File) []File {
	return slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Content == "" })
}

// draw opens every file once, in order, then repeats.
func (g *group) draw(r *rand.Rand) []Open {
	out := make([]Open, 0, g.opens)
	for i := range g.opens {
		k := i
		if i >= len(g.files) {
			k = int(float64(len(g.files)) * math.Pow(r.Float64(), 1+3*g.skew))
		}
		out = append(out, g.open(g.files[k], r))
	}
	return out
}

// logNormal returns a size with the given median; sigma 1 gives a tail of
// about ten times the median at one in a hundred.
func logNormal(r *rand.Rand, median, sigma float64, lo, hi int64) int64 {
	return min(max(int64(median*math.Exp(r.NormFloat64()*sigma)), lo), hi)
}

func readOpen(f File, share, flags uint32) Open {
	return Open{Access: genericRead, Share: share, Disposition: openExisting, Flags: flags, Path: DataPrefix + f.Path}
}

func manifests(r *rand.Rand) group {
	names := []string{"windows.common-controls", "windows.gdiplus", "windows.isolationautomation", "vc90.crt", "vc80.mfc", "windows.systemcompatible"}
	var files []File
	for i := range 420 {
		files = append(files, File{
			Size: logNormal(r, 1900, 0.9, 310, 60000), Content: "text",
			Path: fmt.Sprintf(`windows\winsxs\manifests\amd64_microsoft.%s_%016x_%d.0.%d.%d_none_deadbeef.manifest`,
				names[i%len(names)], r.Uint64(), 5+i%3, 2600+i, r.IntN(9000)),
		})
	}
	return group{"winsxs-manifests", 4100, 0.9, files, func(f File, _ *rand.Rand) Open {
		o := readOpen(f, shareReadDel, normal)
		o.ReadAll = true
		return o
	}}
}

func bytecode(r *rand.Rand) group {
	var files []File
	for pkg := range 130 {
		depth := fmt.Sprintf(`ProgramData\Workstation\Resources\Python\lib\pkg%03d`, pkg)
		for sub := range 1 + r.IntN(5) {
			for mod := range 3 + r.IntN(14) {
				files = append(files, File{
					Size: logNormal(r, 4600, 1.0, 140, 400000), Content: "random",
					Path: fmt.Sprintf(`%s\sub%d\__pycache__\module_%02d.cpython-311.pyc`, depth, sub, mod),
				})
			}
		}
	}
	return group{"python-bytecode", 14800, 0.3, files, func(f File, _ *rand.Rand) Open {
		o := readOpen(f, shareReadWrite, normal)
		o.ReadAll = true
		return o
	}}
}

func themes() group {
	theme := File{Size: 3_400_000, Content: "random", Path: `windows\resources\themes\aero\aero.msstyles`}
	return group{"theme", 900, 0, []File{theme}, func(f File, r *rand.Rand) Open {
		o := readOpen(f, shareRead, normal)
		// Programs ask for it as Windows spells it, not as the disk does.
		if r.IntN(3) == 0 {
			o.Path = DataPrefix + `Windows\Resources\Themes\Aero\Aero.msstyles`
		}
		o.Reads = []Read{{Len: 64, Offset: -1}, {Len: 248, Offset: 128}, {Len: 16384, Offset: 4096 * r.Int64N(800)}}
		return o
	}}
}

func clockSource() group {
	file := File{Path: `Z:\sys\bus\clocksource\devices\clocksource0\current_clocksource`}
	return group{"clock-source", 1200, 0, []File{file}, func(f File, _ *rand.Rand) Open {
		o := readOpen(f, shareRead, normal)
		o.Path = f.Path
		o.ReadAll = true
		return o
	}}
}

func databases(r *rand.Rand) group {
	var files []File
	for i := range 26 {
		files = append(files, File{
			Size: logNormal(r, 3<<20, 1.2, 64<<10, 60<<20) &^ 4095, Content: "sparse",
			Path: fmt.Sprintf(`users\user\AppData\Local\Workstation\Live Database\Live-files-%d.db`, 12000+i*37),
		})
	}
	return group{"database-index", 3300, 0.5, files, func(f File, r *rand.Rand) Open {
		o := readOpen(f, shareReadWrite, randomAccess)
		o.Reads = []Read{{Len: 100, Offset: 0}}
		for range 1 + r.IntN(4) {
			o.Reads = append(o.Reads, Read{Len: 4096, Offset: 4096 * r.Int64N(f.Size/4096)})
		}
		return o
	}}
}

func packs(r *rand.Rand) group {
	var files []File
	for _, name := range []string{"Graphics", "Core Library", "Grand Piano", "Drum Essentials", "Orchestral Strings", "Beat Tools", "Session Drums", "Synth Waves", "Glitch", "Mood Reel"} {
		files = append(files, File{
			Size: (80<<20 + r.Int64N(2<<30)) &^ 511, Content: "sparse",
			Path: fmt.Sprintf(`ProgramData\Workstation\Resources\%s.alp`, name),
		})
	}
	return group{"large-packs", 4200, 0.4, files, func(f File, r *rand.Rand) Open {
		o := readOpen(f, shareRead, sequentialScan)
		// The directory block of the pack, then one entry.
		o.Reads = []Read{{Len: 4096, Offset: -1}, {Len: 4096 << r.IntN(3), Offset: sparseStep * r.Int64N(f.Size/sparseStep)}}
		return o
	}}
}
