#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Reparse points in a Windows program under the patched Wine: with the bypass off
# and on. The Unix side is looked at by answer.sh. ONLY names one of the tests.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exe=$NSPA_BUILD/bin/points.exe
mkdir -p "$NSPA_BUILD/bin"
x86_64-w64-mingw32-gcc -std=gnu11 -O2 -g -Wall -Wextra -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 \
    -o "$exe" "$here"/*.c -lntdll || exit

export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all
unset NSPA_LOCAL_FILES NSPA_REPARSE DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit
wineserver=$(dirname "$NSPA_WINE")/wineserver
top=$WINEPREFIX/drive_c/points home=$NSPA_BUILD/points-home
profile=$WINEPREFIX/drive_c/users/$(id -un)/Music
total_passed=0 total_failed=0
for mode in 0 1; do
    echo "reparse-wine: NSPA_LOCAL_FILES=$mode"
    "$wineserver" -k >/dev/null 2>&1
    rm -rf "$top" "$home"
    mkdir -p "$top" "$home"
    "$here/answer.sh" "$top" "$home" &
    answer=$!
    output=$(NSPA_REPARSE=1 NSPA_LOCAL_FILES=$mode timeout -k 5 120 "$NSPA_WINE" "$exe" 'C:\points' ${ONLY:+"$ONLY"} </dev/null)
    status=$?
    kill "$answer"
    wait "$answer" 2>/dev/null
    printf '%s\n' "$output"
    read -r passed _ failed _ <<<"$(printf '%s\n' "$output" | tr -d '\r' | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)"
    if [ -z "$passed" ] || { [ $status != 0 ] && [ "$failed" = 0 ]; }; then
        echo "reparse-wine: NSPA_LOCAL_FILES=$mode: ended with status $status"
        failed=$((${failed:-0} + 1))
    fi
    total_passed=$((total_passed + ${passed:-0}))
    total_failed=$((total_failed + failed))
done
"$wineserver" -k >/dev/null 2>&1
if [ -z "${ONLY:-}" ]; then
    output=$("$here/kill.sh" "$exe")
    printf '%s\n' "$output"
    read -r passed _ failed _ <<<"$(printf '%s\n' "$output" | tail -n 1)"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
fi
rm -rf "$profile"
mkdir -p "$profile"
echo "$total_passed passed, $total_failed failed"
[ $total_failed = 0 ]
