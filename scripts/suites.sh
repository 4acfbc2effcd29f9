#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# suites.sh SUITE...: run test suites and print the sum of what they counted.
#
# A suite is a function below, or a program tests/SUITE/run.sh. It ends its
# output with a line 'N passed, N failed', or 'N passed, N failed, N skipped'.
# One that ends otherwise has failed, whatever it printed before. Output goes
# to build/log/test-SUITE.log, and to the terminal if something failed.
#
# A suite finds in its environment: NSPA_BUILD (build/), NSPA_OVERLAY,
# NSPA_WINE and NSPA_WINE_DEBIAN (the two loaders), NSPA_CACHE.
set -u
set -o pipefail
cd "$(dirname "$0")/.." || exit
SECONDS=${NSPA_ELAPSED:-0}
logs=${NSPA_BUILD:-build}/log
mkdir -p "$logs"

# Go's own tests, one count per top-level test; a package that does not build
# or that go vet complains about is a failed test.
go_suite() {
    local status=0
    if go vet ./...; then passed=1 failed=0; else passed=0 failed=1; fi
    go test -json "$@" ./... >"$logs/go-test.json" || status=1
    awk -v passed=$passed -v failed=$failed -v status=$status '
        # {"Time":...,"Action":"pass","Package":"p","Test":"T","Elapsed":0}
        function field(name) {
            return match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"") ? substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5) : ""
        }
        { action = field("Action"); test = field("Test"); package = field("Package") field("ImportPath") }
        action == "output" || action == "build-output" {
            text = field("Output")
            gsub(/\\n/, "\n", text); gsub(/\\t/, "\t", text); gsub(/\\"/, "\"", text)
            gsub(/\\u003c/, "<", text); gsub(/\\u003e/, ">", text); gsub(/\\u0026/, "\\&", text); gsub(/\\\\/, "\\", text)
            said[package, test] = said[package, test] text
            if (action == "build-output") printf "%s", text
            next
        }
        test ~ /\// { if (action == "fail") printf "%s", said[package, test]; next }
        test != "" && action == "pass" { passed++ }
        test != "" && action == "skip" { skipped++; printf "%s", said[package, test] }
        test != "" && action == "fail" { failed++; count[package]++; printf "%s", said[package, test] }
        # The package itself: failed for another reason than its tests.
        test == "" && action == "fail" && !count[package] { failed++; printf "%s", said[package, ""] }
        END {
            if (status && !failed) failed = 1
            printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
            exit failed != 0
        }' "$logs/go-test.json"
}

# Each fuzz target for FUZZTIME.
fuzz_suite() {
    local passed=0 failed=0 package target
    while read -r package target; do
        echo "fuzz: $package $target"
        if go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "$package"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done < <(go test -list '^Fuzz' ./... | awk '/^Fuzz/ { t[n++] = $1 } $1 == "ok" { for (i = 0; i < n; i++) print $2, t[i]; n = 0 } /no test files/ { n = 0 }')
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

total_passed=0 total_failed=0 total_skipped=0
for suite; do
    log="$logs/test-$suite.log"
    start=$SECONDS
    status=0
    printf '[%4ds] test: %s\n' "$SECONDS" "$suite"
    # A suite that hangs is killed with all it started.
    case $suite in
    go | fuzz) "${suite}_suite" >"$log" 2>&1 </dev/null || status=$? ;;
    *)
        if [ ! -x "tests/$suite/run.sh" ]; then
            echo "no suite tests/$suite/run.sh" >"$log"
            status=127
        else
            timeout -k 10 "${SUITE_TIMEOUT:-1800}" "tests/$suite/run.sh" >"$log" 2>&1 </dev/null || status=$?
        fi
        ;;
    esac
    line=$(tail -n 1 "$log" | grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$')
    read -r passed _ failed _ skipped _ <<<"${line:-0 passed, 0 failed}"
    if [ $status = 124 ]; then echo "$suite: took longer than ${SUITE_TIMEOUT:-1800} s" >>"$log"; fi
    if [ -z "$line" ] || { [ $status != 0 ] && [ "$failed" = 0 ]; }; then
        echo "$suite: ended with status $status${line:+ although nothing failed}" >>"$log"
        failed=$((failed + 1))
    fi
    [ "$failed" = 0 ] || tail -n 100 "$log" | sed 's/^/    | /'
    echo "        $suite: $passed passed, $failed failed${skipped:+, $skipped skipped} in $((SECONDS - start)) s"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + ${skipped:-0}))
done
[ $total_skipped = 0 ] || echo "$total_skipped skipped"
echo "$total_passed passed, $total_failed failed"
[ $total_failed = 0 ]
