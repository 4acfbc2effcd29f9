#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The shared table: deaths, torture and the differential test, in both
# geometries and under the sanitizers. SEED= for another run of the same kind,
# run.sh full for the long form.
set -u

cd "$(dirname "$0")" || exit 2
top=$(cd ../.. && pwd)
out=${OUT:-$top/build/shmtest}
seed=${SEED:-$(($(date +%s) % 1000000))}
seconds=3 kills=200 operations=200000
[ "${1:-}" = full ] && seconds=60 kills=10000 operations=10000000
passed=0 failed=0

make -s OUT="$out" all || exit 2
(cd "$top" && go build -o "$out/differential" ./tests/shmtest/differential &&
    CGO_CFLAGS="-O2 -DNSPA_BUCKETS=1 -DNSPA_SLOTS=1" go build -o "$out/differential-tiny" ./tests/shmtest/differential) || exit 2

run() {
    local last
    echo "== $*"
    last=$("$out/$1" "${@:2}" | tee /dev/stderr | tail -n 1)
    case $last in
    *" passed, 0 failed") passed=$((passed + 1)) ;;
    *) failed=$((failed + 1)); echo "failed: $*; seed $seed" ;;
    esac
} 2>&1

echo "seed $seed"
for variant in "" -tiny -san; do
    run "deaths$variant"
    run "torture$variant" -s "$seed" -t "$seconds"
done
run torture -s "$seed" -k "$kills"
run torture-san -x -s "$seed" -t $((seconds + 3))
run differential -seed "$seed" -ops "$operations"
run differential-tiny -seed "$seed" -ops $((operations / 50))

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
