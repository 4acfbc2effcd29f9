#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kill.sh EXE: end wineserver, and the program, in the middle of changes: each name
# holds the old object or the new one, and what is left goes at the next start. The
# environment is run.sh's. Every system call of a change is TestCrash's matter.
set -u
exe=$1
top=$WINEPREFIX/drive_c/points
wineserver=$(dirname "$NSPA_WINE")/wineserver
passed=0 failed=0
export NSPA_REPARSE=1
fail() {
    echo "kill.sh: $*"
    failed=$((failed + 1))
}
for i in $(seq "${KILLS:-6}"); do
    rm -rf "$top"
    mkdir -p "$top"
    "$NSPA_WINE" "$exe" 'C:\points' storm </dev/null >"$top.log" 2>/dev/null &
    for _ in $(seq 300); do
        ! grep -q started "$top.log" || break
        sleep 0.1
    done
    sleep "0.$((RANDOM % 9))$((RANDOM % 9))"
    if [ $((i % 2)) = 0 ]; then kill -9 $!; fi
    "$wineserver" -k9 2>/dev/null
    wait $! 2>/dev/null
    "$wineserver" -w 2>/dev/null
    left=$(cd "$top" && ls -A)
    "$NSPA_WINE" "$exe" 'C:\points' nothing </dev/null >/dev/null 2>&1 || fail "no program starts any more"
    "$wineserver" -k 2>/dev/null
    for name in junction titled; do
        if [ -d "$top/$name" ] || [ -d "$top/$name?" ]; then passed=$((passed + 1)); else fail "$name is gone; was: $left"; fi
    done
    now=$(cd "$top" && ls -A)
    case $now in *.winelink.*) fail "left: $now" ;; *) passed=$((passed + 1)) ;; esac
    if [ -L "$WINEPREFIX/.nspa-pending" ]; then fail "still pending"; else passed=$((passed + 1)); fi
done
rm -rf "$top.log"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
