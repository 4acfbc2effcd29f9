// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A kind says what a line of a test's output reports.
type kind string

const (
	failed   kind = "failed"         // a check that does not hold
	fixed    kind = "fixed"          // one that was expected not to hold, and does
	todo     kind = "todo"           // one that does not hold, as expected
	skipped  kind = "skipped"        // tests that the test itself leaves out
	crashed  kind = "crashed"        // an exception, here or in a child process
	noEnd    kind = "without an end" // the test's summary is missing
	timedOut kind = "timed out"
)

// finding is one reported line, without what differs from run to run.
type finding struct {
	kind  kind
	where string // file.c:line
	text  string
}

func (f finding) String() string {
	switch {
	case f.where == "":
		return string(f.kind) + ": " + f.text
	case f.kind == failed:
		return f.where + ": " + f.text
	}
	return f.where + ": " + string(f.kind) + ": " + f.text
}

func (f finding) place() string { return strings.TrimSpace(f.where + " " + string(f.kind)) }

// fails says whether Wine's test counts the line as a failure.
func (f finding) fails() bool { return f.kind != todo && f.kind != skipped }

// outcome is what one run of a unit reported.
type outcome struct {
	findings []finding
	executed int // tests, child processes' included
	failures int // as the unit counts them
	ended    bool
}

var (
	// Of several threads and processes: a line may start within another.
	lineRE = regexp.MustCompile(`([A-Za-z0-9_]+\.(?:c|cpp|h)):([0-9]+):[0-9.]* ` +
		`(Test failed|Test succeeded inside todo block|Test marked todo|Tests skipped): (.*)`)
	childRE = regexp.MustCompile(`([A-Za-z0-9_]+\.(?:c|cpp)):([0-9]+):[0-9.]* (unhandled exception [0-9a-f]{8}) in child process`)
	crashRE = regexp.MustCompile(`[0-9a-f]{4}:([a-z0-9_]+):[0-9.]* (unhandled exception [0-9a-f]{8}) at`)
	endRE   = regexp.MustCompile(`[0-9a-f]{4}:([a-z0-9_]+):[0-9.]* ([0-9]+) tests executed \([0-9]+ marked as todo, [0-9]+ as flaky, ([0-9]+) failures?\)`)
)

var kinds = map[string]kind{
	"Test failed":                      failed,
	"Test succeeded inside todo block": fixed,
	"Test marked todo":                 todo,
	"Tests skipped":                    skipped,
}

// parse reads the output of a unit.
func parse(output []byte, unitName string) outcome {
	var o outcome
	scan := bufio.NewScanner(bytes.NewReader(output))
	scan.Buffer(nil, 1<<24)
	for scan.Scan() {
		line := strings.TrimRight(scan.Text(), "\r")
		if m := lineRE.FindStringSubmatch(line); m != nil {
			o.findings = append(o.findings, finding{kinds[m[3]], source(m, unitName), normalise(m[4])})
		} else if m := childRE.FindStringSubmatch(line); m != nil {
			o.findings = append(o.findings, finding{crashed, source(m, unitName), m[3] + " in a child"})
		} else if m := crashRE.FindStringSubmatch(line); m != nil {
			o.findings = append(o.findings, finding{crashed, "", m[2]})
		} else if m := endRE.FindStringSubmatch(line); m != nil {
			tests, _ := strconv.Atoi(m[2])
			failures, _ := strconv.Atoi(m[3])
			o.executed += tests
			o.failures += failures
			// A child's comes before its parent's.
			o.ended = m[1] == unitName
		}
	}
	return o
}

// source joins a match's file and line. Text that another thread had printed may
// run into the name of the unit's own file.
func source(match []string, unitName string) string {
	file := match[1]
	if own := unitName + ".c"; strings.HasSuffix(file, own) {
		file = own
	}
	return file + ":" + match[2]
}

var (
	// GetTempFileName takes up to three letters of the caller's prefix, which
	// may look like hexadecimal digits themselves.
	tempRE = regexp.MustCompile(`\b([A-Za-z~_])[A-Za-z~_]{0,2}[0-9A-Fa-f]{1,8}(?i:\.tmp)\b`)
	guidRE = regexp.MustCompile(`\b[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b`)
	msRE   = regexp.MustCompile(`\b[0-9]+(\.[0-9]+)? ?(ms|msec|milliseconds|seconds|us)\b`)
	vmRE   = regexp.MustCompile(`(Expected to be greater than )[0-9]+(, got )[0-9]+`) // ntdll:info, VirtualSize
	idRE   = regexp.MustCompile(`\b((?i:pid|tid|process|thread|process id|thread id)[ =:]+)(0x)?[0-9a-f]{2,8}\b`)
	// A string with the address of one of Wine's modules in it, 0x6fffffxxxxxx, is
	// of a buffer that nobody has filled (msi:action prints one), and may have
	// handles in it as well.
	unfilledRE = regexp.MustCompile(`"(?:[^"\\]|\\.)*\\xff\\xffo\\x00\\x00(?:[^"\\]|\\.)*"`)
	handleRE   = regexp.MustCompile(`\b((?i:handle)[ =:]+)(0x)?[0-9A-Fa-f]{1,16}\b`)
	hexRE      = regexp.MustCompile(`\b(0x)?[0-9A-Fa-f]+\b`)
)

// normalise takes out of a message what legitimately differs from run to run:
// handles, addresses, process and thread ids, GUIDs, durations, names of
// temporary files, the size of the address space, and what is in memory that was
// not filled. Status codes, other sizes and counts stay.
func normalise(text string) string {
	text = tempRE.ReplaceAllString(text, "${1}#.tmp")
	text = guidRE.ReplaceAllString(text, "#")
	text = unfilledRE.ReplaceAllString(text, "#")
	text = msRE.ReplaceAllString(text, "# $2")
	text = vmRE.ReplaceAllString(text, "${1}#${2}#")
	text = idRE.ReplaceAllString(text, "${1}#")
	text = handleRE.ReplaceAllString(text, "${1}#")
	return strings.TrimSpace(hexRE.ReplaceAllStringFunc(text, address))
}

// address hides a number if it looks like one: printed as a pointer, or large
// and no status code.
func address(word string) string {
	digits := strings.TrimPrefix(word, "0x")
	if len(digits) < 6 || digits == word && !strings.ContainsAny(digits, "abcdefABCDEF") && len(digits) < 16 {
		return word // small, or decimal
	}
	value, err := strconv.ParseUint(digits, 16, 64)
	if err != nil || value == 0 || value == 1<<64-1 || value == 1<<32-1 {
		return word
	}
	if len(digits) < 16 && (value < 0x10000 || isStatus(value)) {
		return word
	}
	if value == 0xdeadbeef || value == 0xcccccccc {
		return word
	}
	return "#"
}

// isStatus knows NTSTATUS codes of the system's facility, Win32 HRESULTs and
// the few others that tests meet.
func isStatus(value uint64) bool {
	if value>>32 != 0 {
		return false
	}
	switch value >> 16 {
	case 0x4000, 0x8000, 0xc000, 0xc001, 0xc002, 0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x8007, 0x8009:
		return true
	}
	return false
}

// numbered tells equal findings of one run apart by their count, so that sets
// of them compare as what they are, multisets.
func numbered(findings []finding) map[string]finding {
	count := map[finding]int{}
	set := make(map[string]finding, len(findings))
	for _, f := range findings {
		count[f]++
		name := f.String()
		if n := count[f]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		set[name] = f
	}
	return set
}
