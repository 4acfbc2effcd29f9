#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The C test harness, plain and under AddressSanitizer and UBSan.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${NSPA_BUILD:-$here/../../build}
out=$build/harness
make -s -C "$here" OUT="$out" "$out/harness" "$out/harness-san" || exit

total_passed=0 total_failed=0 total_skipped=0
for target in run run-san; do
    echo "harness: $target"
    output=$(make -s -C "$here" OUT="$out" NSPA_LIB_DIR="${NSPA_LIB_DIR:-$build/lib}" $target 2>&1)
    printf '%s\n' "$output"
    line=$(printf '%s\n' "$output" | grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' | tail -n 1)
    read -r passed _ failed _ skipped _ <<<"${line:-0 passed, 1 failed}"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + ${skipped:-0}))
done
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ $total_failed = 0 ]
