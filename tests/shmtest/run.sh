#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The shared table: deaths, torture and the differential test, in both
# geometries and under the sanitizers. Without SEED a fixed seed and a fresh one.
# FULL=1 for the long form, with one.
set -u

cd "$(dirname "$0")" || exit 2
top=$(cd ../.. && pwd)
out=${OUT:-${NSPA_BUILD:-$top/build}/shmtest}
unset NSPA_CFLAGS CGO_CFLAGS # both geometries, whatever the build's is
fresh=$(($(date +%s) % 1000000))
seeds=(1 "$fresh") seconds=2 kills=100 operations=100000 tiny=2000 # where each step is a recount
if [ -n "${FULL:-}" ]; then seeds=("$fresh") seconds=60 kills=10000 operations=10000000 tiny=20000; fi
if [ -n "${SEED:-}" ]; then seeds=("$SEED"); fi
passed=0 failed=0

make -s OUT="$out" all || exit 2
(cd "$top" && go build -o "$out/differential" ./tests/shmtest/differential &&
    CGO_CFLAGS="-O2 -DNSPA_BUCKETS=1 -DNSPA_SLOTS=1" go build -o "$out/differential-tiny" ./tests/shmtest/differential) || exit 2

run() {
    local line last=''
    echo "== $*"
    while IFS= read -r line; do
        echo "$line"
        last=$line
    done < <("$out/$1" "${@:2}" 2>&1)
    case $last in
    *" passed, 0 failed") passed=$((passed + 1)) ;;
    *) failed=$((failed + 1)); echo "failed: $*" ;;
    esac
}

for variant in "" -tiny -san; do run "deaths$variant"; done
for seed in "${seeds[@]}"; do
    echo "seed $seed"
    for variant in "" -tiny -san; do run "torture$variant" -s "$seed" -t "$seconds"; done
    run torture -s "$seed" -k "$kills"
    run torture-san -x -s "$seed" -t $((seconds + 3))
    run differential -seed "$seed" -ops "$operations"
    run differential-tiny -seed "$seed" -ops "$tiny"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
