#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wineserver's side: what it does about files that processes have open, its
# profile, and what is left when its library is missing or not one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exe=$NSPA_BUILD/bin/wineserver-test.exe
server=$(dirname "$NSPA_WINE")/wineserver
library=$(dirname "$NSPA_WINE")/libnspa_server.so
mkdir -p "$NSPA_BUILD/bin"
x86_64-w64-mingw32-gcc -std=gnu11 -O2 -g -Wall -Wextra -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 \
    -o "$exe" "$here/wineserver.c" -lntdll || exit

export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all
unset NSPA_LOCAL_FILES NSPA_PROFILE NSPA_PROFILE_FILE NSPA_SERVER_LIBRARY DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit
scratch=$(mktemp -d) || exit
trap '"$server" -k >/dev/null 2>&1; rm -rf "$scratch"' EXIT
passed=0 failed=0

# check WHAT COMMAND...
check() {
    local what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: $what"; fi
}
fresh() { "$server" -k >/dev/null 2>&1; "$server" -w; }
wine() { timeout -k 5 300 "$NSPA_WINE" "$@" </dev/null; }

# The Windows program, counted as it counts.
windows_tests() {
    local output status p f
    output=$(wine "$exe")
    status=$?
    printf '%s\n' "$output"
    read -r p _ f _ <<<"$(printf '%s\n' "$output" | tr -d '\r' | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
    check "the program ends well (status $status)" test -n "$p" -a "$status" = 0
}

# server_pid: of the one for this prefix; the socket's directory names it.
server_pid() {
    local pid
    for pid in /proc/[0-9]*; do
        [ "$(readlink "$pid/exe" 2>/dev/null)" != "$(readlink -f "$(dirname "$server")/wineserver64")" ] ||
            ! tr '\0' '\n' <"$pid/environ" 2>/dev/null | grep -qxF "WINEPREFIX=$WINEPREFIX" || echo "${pid#/proc/}"
    done
}

# The lock that wineserver took for a program stays while others open the file
# locally, hand it over and close it.
lock_test() {
    local file=$scratch/locked program i
    printf '0123456789' >"$file"
    wine "$exe" lock "Z:${file//\//\\}" &
    program=$!
    for ((i = 0; i < 300; i++)); do
        [ ! -e "$file.ready" ] || break
        sleep 0.1
    done
    check "the lock program gets to its end" test -e "$file.ready"
    check "the Unix lock is still there" python3 - "$file" <<'P'
import fcntl, struct, sys
with open(sys.argv[1], 'r+b') as file:
    lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 10, 0)
    kind, _, start, length, _ = struct.unpack('hhqqi4x', fcntl.fcntl(file, fcntl.F_GETLK, lock))
sys.exit(0 if (kind, start, length) == (fcntl.F_WRLCK, 0, 10) else 1)
P
    rm -f "$file.ready"
    wait $program
    check "the lock program ends well" test $? = 0
}

# valid_profile FILE: well-formed, sorted, and its sums add up.
valid_profile() {
    python3 - "$1" <<'P'
import json, sys
profile = json.load(open(sys.argv[1]))
requests = profile['requests']
assert profile['schema'] == 1 and profile['pid'] > 0
assert requests == sorted(requests, key=lambda r: -r['ns'])
assert profile['total'] == {k: sum(r[k] for r in requests) for k in ('count', 'ns')}
assert all(0 < r['count'] and r['max_ns'] <= r['ns'] <= profile['uptime_ns'] for r in requests)
names = {r['name'] for r in requests}
assert len(names) == len(requests) and {'create_file', 'close_handle', 'new_process'} <= names, names
P
}

profile_test() {
    local pid
    export NSPA_PROFILE=1 NSPA_PROFILE_FILE=$scratch/profile.json
    fresh
    wine cmd /c exit >/dev/null 2>&1
    "$server" -w
    check "a profile at the end" valid_profile "$NSPA_PROFILE_FILE"
    rm -f "$NSPA_PROFILE_FILE"
    (sleep 20 | timeout 30 "$NSPA_WINE" cmd >/dev/null 2>&1) &
    for _ in {1..300}; do
        pid=$(server_pid)
        [ -z "$pid" ] || break
        sleep 0.1
    done
    sleep 3
    check "SIGUSR2 leaves wineserver running" kill -USR2 "${pid:-none}"
    sleep 1
    check "a profile at SIGUSR2" valid_profile "$NSPA_PROFILE_FILE"
    check "no temporary file is left" test "$(echo "$scratch"/profile.json*)" = "$NSPA_PROFILE_FILE"
    "$server" -k
    wait
    unset NSPA_PROFILE_FILE
    fresh
    wine cmd /c exit >"$scratch/out" 2>"$scratch/err"
    "$server" -w
    check "a table without a file" grep -q '^create_file  *[1-9]' "$scratch/err"
    unset NSPA_PROFILE
}

# fallback_test WHAT LINE: with this NSPA_SERVER_LIBRARY all is as without nspa,
# and there is one line from wineserver, and one from the process.
fallback_test() {
    local status
    fresh
    wine cmd /c echo fine >"$scratch/out" 2>"$scratch/err"
    status=$?
    check "$1: the program runs" test $status = 0 -a "$(tr -d '\r' <"$scratch/out")" = fine
    check "$1: wineserver says so once" test "$(grep -c "^wineserver: .*$2.*local files are off" "$scratch/err")" = 1
    check "$1: a process says so" grep -q '^nspa: wineserver has no inode table' "$scratch/err"
}

fallback_tests() {
    local size end=0 kind offset filled header=$here/../../include/nspa_server.h abi
    abi=$(sed -n 's/^#define NSPA_SERVER_ABI //p' "$header")
    export NSPA_LOCAL_FILES=1 NSPA_SERVER_LIBRARY
    NSPA_SERVER_LIBRARY=$scratch/none.so
    fallback_test "no library" "missing or damaged"
    NSPA_SERVER_LIBRARY=$scratch/short.so
    # to nothing, and to all but the last byte that is loaded
    while read -r kind offset _ _ filled _; do
        [ "$kind" != LOAD ] || end=$((offset + filled > end ? offset + filled : end))
    done < <(readelf -lW "$library")
    for size in 0 $((end / 2)) $((end - 1)); do
        head -c "$size" "$library" >"$NSPA_SERVER_LIBRARY"
        fallback_test "a library cut at $size" "missing or damaged"
    done
    echo "int nspa_server_abi(void) { return $abi; }" | gcc -shared -fPIC -x c -o "$NSPA_SERVER_LIBRARY" -
    fallback_test "a library that lacks functions" "another ABI"
    sed -n 's/^extern .*\(nspa_server_[a-z_]*\)(.*/int \1(void) { return 99; }/p' "$header" |
        gcc -shared -fPIC -x c -o "$NSPA_SERVER_LIBRARY" -
    fallback_test "a library of another ABI" "another ABI"
    sed -n "s/^extern .*\(nspa_server_[a-z_]*\)(.*/int \1(void) { return $abi; }/p" "$header" |
        sed "s/create_table(void) { return $abi/create_table(void) { return -1/" |
        gcc -shared -fPIC -x c -o "$NSPA_SERVER_LIBRARY" -
    fallback_test "a library without a table" "cannot create the table"
    unset NSPA_SERVER_LIBRARY NSPA_LOCAL_FILES
}

# journals PID: how many journals a wineserver has.
journals() {
    local fd count=0
    for fd in "/proc/$1/fd"/*; do
        case $(readlink "$fd") in *wine_nspa_journal*) count=$((count + 1)) ;; esac
    done
    echo "$count"
}

# What wineserver keeps for a process goes with it, and one that finds no room is not
# the end of it for those that come later.
journal_test() {
    local i pid before after opened
    export NSPA_LOCAL_FILES=1
    fresh
    sleep 60 | timeout 90 "$NSPA_WINE" cmd >/dev/null 2>&1 &
    for ((i = 0; i < 300; i++)); do
        pid=$(server_pid)
        [ -z "$pid" ] || [ "$(journals "$pid")" = 0 ] || break
        sleep 0.1
    done
    wine cmd /c exit >/dev/null 2>&1
    sleep 2
    before=$(journals "${pid:-0}")
    for ((i = 0; i < 12; i++)); do wine cmd /c exit >/dev/null 2>&1; done
    sleep 2
    after=$(journals "${pid:-0}")
    check "processes have journals" test "$before" -gt 0
    check "they are released (${before} before 12 processes, ${after} after)" test "$after" -lt $((before + 6))

    # none left for a moment
    opened=$(find "/proc/$pid/fd" -type l | wc -l)
    prlimit --pid "$pid" --nofile="$opened:"
    wine cmd /c exit >/dev/null 2>"$scratch/err"
    prlimit --pid "$pid" --nofile=4096:
    wine cmd /c exit >/dev/null 2>"$scratch/later"
    check "no journal left: nothing is said of later ones" test -z "$(grep nspa: "$scratch/later")"
    "$server" -k
    wait
    unset NSPA_LOCAL_FILES
}

for mode in off on; do
    echo "wineserver: $mode"
    if [ $mode = on ]; then export NSPA_LOCAL_FILES=1; fi
    fresh
    windows_tests
    lock_test
    unset NSPA_LOCAL_FILES
done
echo "wineserver: profile"
profile_test
echo "wineserver: fallback"
fallback_tests
echo "wineserver: journals"
journal_test
echo "$passed passed, $failed failed"
[ $failed = 0 ]
