#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The torture tests, with the bypass off and on. SEED replays a run;
# SECONDS_EACH and KILLS make it longer; ONLY=share,kill chooses tests,
# MODES=on modes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$NSPA_BUILD/torture
mkdir -p "$dir"
x86_64-w64-mingw32-gcc -std=gnu11 -O2 -g -Wall -Wextra -Werror -o "$dir/torture.exe" "$here"/*.c -lntdll || exit
(cd "$here/driver" && go build -trimpath -o "$dir/driver" .) || exit

export WINEDEBUG=-all
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$dir/prefix" || exit
nice "$dir/driver" -exe "$dir/torture.exe" -prefix "$dir/prefix" -work "$dir" -seed "${SEED:-0}" \
    -seconds "${SECONDS_EACH:-3}" -kills "${KILLS:-60}" -only "${ONLY:-}" -modes "${MODES:-off,on}"
