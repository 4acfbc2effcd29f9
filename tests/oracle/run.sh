#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The differential oracle: the same traces with the bypass off and on. Without
# SEED a fixed seed and a fresh one. TOTAL: operations of each, in each mode.
# After the 64-bit program the 32-bit one; SHORT=1: a tenth of it.
# BASELINE=debian: compare with the packaged Wine rather than the patched one
# with the bypass off.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$NSPA_BUILD/oracle
total=${TOTAL:-12000}
mkdir -p "$dir/logs"
# shellcheck source=tests/bits.sh
. "$here/../bits.sh"
for bits in 64 32; do
    "$(cc_for $bits)" -std=gnu11 -O2 -g -Wall -Wextra -Werror -o "$dir/oracle${bits/64/}.exe" "$here"/*.c -lntdll || exit
done
(cd "$here/driver" && go build -trimpath -o "$dir/driver" .) || exit

export WINEDEBUG=-all
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
stop() {
    for mode in off on; do
        for bin in "$(dirname "$NSPA_WINE")" "$(dirname "$NSPA_WINE_DEBIAN")"; do
            WINEPREFIX=$dir/$mode "$bin/wineserver" -k >/dev/null 2>&1
        done
    done
}
trap stop EXIT
for mode in off on; do "$here/../../scripts/prefix.sh" "$dir/$mode" || exit; done
stop  # none of an earlier build

arguments=(-wine "$NSPA_WINE" -off "$dir/off" -on "$dir/on" -work "$dir/logs")
if [ "${BASELINE:-}" = debian ]; then arguments+=(-baseline "$NSPA_WINE_DEBIAN"); fi
if [ -n "${SEED:-}" ]; then seeds=("$SEED"); else seeds=(1 0); fi
passed=0 failed=0
compare() { # BITS SEED TOTAL
    local output p f
    echo "oracle: $1-bit"
    output=$(nice "$dir/driver" "${arguments[@]}" -exe "$dir/oracle${1/64/}.exe" -seed "$2" -total "$3")
    printf '%s\n' "$output" | sed '$d'
    read -r p _ f _ <<<"$(printf '%s\n' "$output" | tail -n 1 | grep -E '^[0-9]+ passed, [0-9]+ failed$')"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
}
for bits in $(all_bits oracle); do
    for seed in "${seeds[@]}"; do
        if [ "$bits" = 32 ] && [ -n "${SHORT:-}" ]; then
            compare 32 "$seed" $((total / 10))
            break
        fi
        compare "$bits" "$seed" "$total"
    done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
