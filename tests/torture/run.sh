#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The torture tests, with the bypass off and on. SEED replays a run;
# SECONDS_EACH and KILLS make it longer, FULL=1 the long run; ONLY=share,kill
# chooses tests, MODES=on modes. SHORT=1, as in `make test`: a second of each,
# with a fixed seed off and on, and with a fresh one on.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$NSPA_BUILD/torture
seconds=3 kills=60
if [ -n "${SHORT:-}" ]; then seconds=1 kills=20; fi
if [ -n "${FULL:-}" ]; then seconds=300 kills=10000; fi
mkdir -p "$dir"
x86_64-w64-mingw32-gcc -std=gnu11 -O2 -g -Wall -Wextra -Werror -o "$dir/torture.exe" "$here"/*.c -lntdll || exit
(cd "$here/driver" && go build -trimpath -o "$dir/driver" .) || exit

export WINEDEBUG=-all
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$dir/prefix" || exit

passed=0 failed=0 skipped=0
torture() { # SEED MODES
    local line='' p f s
    while IFS= read -r line; do
        echo "$line"
        read -r p _ f _ s _ <<<"$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$line")"
    done < <(nice "$dir/driver" -exe "$dir/torture.exe" -prefix "$dir/prefix" -work "$dir" -seed "$1" \
        -seconds "${SECONDS_EACH:-$seconds}" -kills "${KILLS:-$kills}" -only "${ONLY:-}" -modes "${MODES:-$2}" 2>&1)
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
}

if [ -n "${SHORT:-}" ] && [ -z "${SEED:-}" ]; then
    torture 1 off,on
    torture 0 on
else
    torture "${SEED:-0}" off,on
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
