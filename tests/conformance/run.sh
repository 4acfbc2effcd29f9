#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh [OPTION...] [MODULE:UNIT...]: Wine's own tests, switched off and on, compared
# line by line (docs/conformance.md). Without units: those that units.txt names.
# --short: its short list. Other options go to compare (-help lists them).
# Then the 32-bit programs of units32, unless units were named; with --32 first
# they are those that run as 32-bit ones.
# CONFORMANCE: more arguments, for `make conformance`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
read -r -a more <<<"${CONFORMANCE:-}"
set -- "${more[@]}" "$@"

# As a test suite it runs in the userland already; by hand it goes there first.
if [ -z "${NSPA_WINE:-}" ]; then
    "$top/build.sh" overlay
    CONFORMANCE='' exec "$top/build.sh" run "$here/run.sh" "$@"
fi

# shellcheck source=tests/bits.sh
. "$here/../bits.sh"
units32=(kernel32:file kernel32:process kernel32:volume ntdll:file ntdll:directory ntdll:om)
legs=(64 32)
case ${1:-} in --32) legs=(32) && shift ;; *:*) legs=(64) ;; esac
build=$NSPA_BUILD/conformance
mkdir -p "$build"
say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }

# What a failed step said.
step() {
    local log=$build/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null && return
    tail -n 15 "$log" | sed 's/^/    | /'
    echo "conformance: see ${log#"$top/"}"
    echo "0 passed, 1 failed"
    exit 1
}

unset NSPA_LOCAL_FILES NSPA_LF_TRACE NSPA_LF_TRACE_SRV NSPA_PROFILE DISPLAY WAYLAND_DISPLAY
step compare env -C "$top" go build -trimpath -o "$build/compare" ./tests/conformance/compare

# The programs depend on Wine's source and on how they are built.
source=$(find "$NSPA_CACHE" -maxdepth 1 -type d -name 'wine-[0-9]*' ! -name '*.part' -printf '%T@ %p\n' | sort -rn | sed -n '1s/^[^ ]* //p')
[ -n "$source" ] || { echo "conformance: no Wine source in the cache; ./build.sh source" && exit 1; }
programs=$NSPA_CACHE/conformance-$({ echo "${source##*/}" && cat "$here/programs.sh"; } | sha256sum | cut -c1-16)
mkdir -p "$programs"
exec 7<"$programs"
flock 7
missing=()
for module in $("$build/compare" -units "$here/units.txt" -modules "$@"); do
    [ -e "$programs/32/${module}_test.exe" ] || missing+=("$module")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "conformance: build Wine's tests of ${missing[*]}"
    step programs "$here/programs.sh" "$source" "$programs/work" "$programs" "${missing[@]}"
fi
flock -u 7

# The prefix is this suite's alone: its state is part of what is compared.
if [ ! -e "$build/template/ready" ]; then say "conformance: make a prefix"; fi
step prefix "$top/scripts/prefix.sh" "$build/template"

# At low priority: it is long, and what depends on time is repeated.
passed=0 failed=0
leg() { # BITS ARGUMENT...
    local bits=$1 work=$build last='' line p f
    shift
    [ "$bits" = 64 ] || work=$build/$bits
    mkdir -p "$work"
    while IFS= read -r line; do
        if [[ $line =~ ^[0-9]+\ passed,\ [0-9]+\ failed$ ]]; then last=$line; else printf '%s\n' "$line"; fi
    done < <(nice "$build/compare" -units "$here/units.txt" -programs "$programs/$bits" -template "$build/template" \
        -work "$work" -wine "$NSPA_WINE" -report "$work/report.json" "$@" 2>&1)
    read -r p _ f _ <<<"${last:-0 passed, 1 failed}"
    passed=$((passed + p)) failed=$((failed + f))
}
for bits in "${legs[@]}"; do
    if [ "$bits" = 64 ]; then
        leg 64 "$@"
    elif ! runs_32bit; then
        echo "conformance: this kernel runs no 32-bit code; no 32-bit programs"
    elif [ ${#legs[@]} = 1 ] && [ $# -gt 0 ]; then
        leg 32 "$@"
    else
        leg 32 "$@" "${units32[@]}"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
