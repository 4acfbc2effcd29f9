#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The torture tests, with the bypass off and on. SEED replays a run;
# SECONDS_EACH and KILLS make it longer, FULL=1 the long run; ONLY=share,kill
# chooses tests, MODES=on modes. SHORT=1, as in `make test`: a second of each,
# with a fixed seed off and on, and with a fresh one on. Then the 32-bit program;
# SHORT=1: a part of the tests, on.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$NSPA_BUILD/torture
seconds=3 kills=60
if [ -n "${SHORT:-}" ]; then seconds=1 kills=20; fi
if [ -n "${FULL:-}" ]; then seconds=300 kills=10000; fi
mkdir -p "$dir"
# shellcheck source=tests/bits.sh
. "$here/../bits.sh"
for bits in 64 32; do
    "$(cc_for $bits)" -std=gnu11 -O2 -g -Wall -Wextra -Werror -o "$dir/torture${bits/64/}.exe" "$here"/*.c -lntdll || exit
done
(cd "$here/driver" && go build -trimpath -o "$dir/driver" .) || exit

export WINEDEBUG=-all
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$dir/prefix" || exit

passed=0 failed=0 skipped=0
torture() { # BITS SEED MODES TESTS
    local line='' p f s
    echo "torture: $1-bit"
    while IFS= read -r line; do
        echo "$line"
        read -r p _ f _ s _ <<<"$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$line")"
    done < <(nice "$dir/driver" -exe "$dir/torture${1/64/}.exe" -prefix "$dir/prefix" -work "$dir" -seed "$2" \
        -seconds "${SECONDS_EACH:-$seconds}" -kills "${KILLS:-$kills}" -only "${ONLY:-${4:-}}" -modes "${MODES:-$3}" 2>&1)
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
}

bits=$(all_bits torture)
if [ -n "${SHORT:-}" ] && [ -z "${SEED:-}" ]; then
    torture 64 1 off,on
    torture 64 0 on
    case $bits in *32) torture 32 1 on share,race,kill,suspend,terminate ;; esac
else
    for bits in $bits; do torture "$bits" "${SEED:-0}" off,on; done
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
