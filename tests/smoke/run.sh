#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The Windows smoke test under the patched Wine, switched off and on, as a
# 64-bit and as a 32-bit program: with it off, the same must hold but for what
# is local. And what the calls that follow an open cost, by wineserver's profile.
# SHORT=1: the 32-bit one only on.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bits.sh
. "$here/../bits.sh"
exe=$NSPA_BUILD/bin/smoke.exe exe32=$NSPA_BUILD/bin/smoke32.exe
mkdir -p "$NSPA_BUILD/bin"
for bits in 64 32; do
    name=exe
    [ $bits = 64 ] || name=exe32
    "$(cc_for $bits)" -std=gnu11 -O2 -g -Wall -Wextra -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 \
        -o "${!name}" "$here"/*.c -lntdll || exit
done

export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all SMOKE_DIR="Z:$here"
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit
wineserver=$(dirname "$NSPA_WINE")/wineserver
total_passed=0 total_failed=0
run() { # NAME EXE MODE
    echo "smoke: $1 $3"
    "$wineserver" -k >/dev/null 2>&1
    if [ "$3" = on ]; then export NSPA_LOCAL_FILES=1; else unset NSPA_LOCAL_FILES; fi
    output=$(timeout -k 5 400 "$NSPA_WINE" "$2" </dev/null)
    status=$?
    printf '%s\n' "$output"
    read -r passed _ failed _ <<<"$(printf '%s\n' "$output" | tr -d '\r' | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)"
    if [ -z "$passed" ] || { [ $status != 0 ] && [ "$failed" = 0 ]; }; then
        echo "smoke: $1 $3: ended with status $status"
        failed=$((${failed:-0} + 1))
    fi
    total_passed=$((total_passed + ${passed:-0}))
    total_failed=$((total_failed + failed))
}
run 64-bit "$exe" off
run 64-bit "$exe" on
case $(all_bits smoke) in
*32)
    [ -n "${SHORT:-}" ] || run 32-bit "$exe32" off
    run 32-bit "$exe32" on ;;
esac
"$wineserver" -k >/dev/null 2>&1

# The requests that each of many files costs: those that show when there are many.
export NSPA_PROFILE=1
profile() {
    export NSPA_PROFILE_FILE=$NSPA_BUILD/smoke-profile-$1.json
    rm -f "$NSPA_PROFILE_FILE"
    timeout -k 5 400 "$NSPA_WINE" "$exe" child follow-up "$1" </dev/null || return
    "$wineserver" -k
    "$wineserver" -w
}
follow_up() {
    profile 0 && profile 1000 || return
    python3 - "$NSPA_BUILD"/smoke-profile-{0,1000}.json <<'P'
import json, sys
none, many = ({r['name']: r['count'] for r in json.load(open(name))['requests']} for name in sys.argv[1:])
print('requests:', *(f'{name} +{many[name] - none.get(name, 0)}' for name in sorted(many)
                     if many[name] - none.get(name, 0) >= 1000))
P
}
check() {
    # shellcheck disable=SC2053  # a pattern
    if [[ $2 == $3 ]]; then
        total_passed=$((total_passed + 1))
    else
        echo "smoke: $1: ${2:-failed}"
        total_failed=$((total_failed + 1))
    fi
}
if [ "${NSPA_GEOMETRY:-}" = 1x1 ]; then
    echo "smoke: one slot for all files: not counted is what follows an open"
else
    export NSPA_LOCAL_FILES=1
    check "on, what follows an open" "$(follow_up)" 'requests:'
    unset NSPA_LOCAL_FILES
fi
check "off, what follows an open" "$(follow_up)" 'requests:*create_file*get_file_info*get_handle_unix_name*'
unset NSPA_PROFILE

# A server with few descriptors: its programs' own limit is this shell's.
few_descriptors() {
    "$wineserver" -k
    "$wineserver" -w
    (ulimit -n 500 && "$wineserver" -p5) || return
    timeout -k 5 120 "$NSPA_WINE" "$exe" child descriptors </dev/null
    status=$?
    "$wineserver" -k
    echo "status $status"
}
check "off, no descriptors" "$(few_descriptors)" 'status 0'
export NSPA_LOCAL_FILES=1
check "on, no descriptors" "$(few_descriptors)" 'status 0'
unset NSPA_LOCAL_FILES
echo "$total_passed passed, $total_failed failed"
[ $total_failed = 0 ]
