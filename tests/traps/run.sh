#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The traps of ARCHITECTURE.md from both sides. First each fix is taken out of a
# copy of the sources, and its test has to fail; then Wine itself is run with
# libraries that are missing, damaged or foreign, and has to go on without.
#
# run.sh [PART-OF-A-NAME...]: only those.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${NSPA_BUILD:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
wanted=("$@")

result() { # NAME STATUS [WHY]
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "FAILED: $1: ${3:-}"
    fi
}

selected() {
    local part
    [ ${#wanted[@]} != 0 ] || return 0
    for part in "${wanted[@]}"; do case $1 in *"$part"*) return 0 ;; esac done
    return 1
}

# ---- without the fix ------------------------------------------------------

preempt=-X=runtime.godebugDefault=asyncpreemptoff=1

# build_client DIRECTORY [LDFLAG]: libnspa.so of the sources there.
build_client() {
    (cd "$1" && mkdir -p lib && CGO_ENABLED=1 go build -buildmode=c-shared -trimpath \
        -ldflags="-s -w ${2-$preempt} -extldflags '-Wl,-soname,libnspa.so.0 -Wl,--version-script=$1/capi/libnspa.map -Wl,-z,defs'" \
        -o lib/libnspa.so ./capi)
}

build_server() {
    # shellcheck disable=SC2086 # several flags
    (cd "$1" && mkdir -p lib && gcc -std=gnu11 -O2 ${NSPA_CFLAGS:-} -fPIC -shared -fvisibility=hidden -Iinclude \
        -Wl,-soname,libnspa_server.so.0 -Wl,--version-script=capi/server/libnspa_server.map \
        -o lib/libnspa_server.so capi/server/*.c reparse/change/*.c)
}

copy_sources() {
    mkdir -p "$1" && (cd "$top" && tar c go.mod go.sum capi core shm reparse include tests/harness tests/abi tests/traps) | tar x -C "$1"
}

# edit FILE EXPRESSION: one that changes nothing is an error of this script.
edit() {
    cp "$1" "$1.before"
    sed -i -E "$2" "$1"
    if cmp -s "$1" "$1.before"; then
        echo "run.sh: '$2' finds nothing in $1" >&2
        rm -f "$1.before"
        return 1
    fi
    rm -f "$1.before"
}

# must_fail NAME TEST: the harness, with the library in the current directory.
# What is missing shows in a race, so it gets three chances.
must_fail() {
    local output try
    make -s -C tests/harness OUT="$PWD/out" >/dev/null || { result "$1" 1 'the harness does not build'; return; }
    for try in 1 2 3; do
        output=$(NSPA_LIB_DIR="$PWD/lib" timeout -k 5 120 out/harness "$2" 2>&1)
        if printf '%s\n' "$output" | grep -qE "^$2.*: FAILED"; then
            result "without $1: $2 fails (try $try)" 0
            return
        fi
    done
    result "without $1: $2 fails" 1 "$(printf '%s' "$output" | tail -n 1)"
}

# without NAME TEST [SETUP]: SETUP changes the sources in the current directory
# and builds what is not as usual.
without() {
    selected "without $1: $2" || return 0
    local dir=$work/tree
    rm -rf "$dir"
    copy_sources "$dir"
    cd "$dir" || exit
    build_server "$dir" || { result "$1" 1 'does not build'; return; }
    if ! "$3"; then
        result "without $1: $2 fails" 1 'the fix could not be taken out'
        return
    fi
    [ -e lib/libnspa.so ] || build_client "$dir" || { result "without $1" 1 'does not build'; return; }
    must_fail "$1" "$2"
}

# shellcheck disable=SC2317 # called through without
{
no_stack_bounds() { edit capi/stack.c 's/pthread_equal\( thread, pthread_self\(\) \) &&/0 \&\&/'; }
no_signal_block() {
    edit capi/entry.h 's/^    syscall\( SYS_rt_sigprocmask, SIG_SETMASK, &all.*$/    (void)all;/' &&
        edit capi/entry.h 's/^    syscall\( SYS_rt_sigprocmask, SIG_SETMASK, &old.*$/    (void)old;/'
}
name_before_length() {
    edit core/gate.go 's/^\tcase req\.NTLen == 0/\tcase isLoaderName(req):\n\t\treturn 0, Loader\n&/'
}
no_restore() { edit tests/harness/client.c 's/^    for .*sigaction\( sig, &actions\[sig\], NULL \);/    (void)actions;/'; }
no_load_mask() {
    edit tests/harness/client.c '/^int load_library/,/^}/s/SIG_SETMASK, &all, &old/SIG_BLOCK, NULL, \&old/' &&
        edit tests/harness/client.c '/^int load_library/,/^}/s/^    int sig, ret;/&\n\n    (void)all;/'
}
preemption_on() { build_client "$PWD" ''; }
go_server() { (cd tests/traps/goserver && go build -buildmode=c-shared -o ../../../lib/libnspa_server.so .); }
no_realtime_check() { edit capi/entry.c 's/^    return policy == SCHED_FIFO.*/    return policy < 0;/'; }
close_through_go() { edit capi/entry.c 's/^    closed = nspa_file_close\(/    nspaGoVersion();\n&/'; }
last_value_minted() {
    edit include/nspa.h 's/< NSPA_LF_HANDLE_LAST/<= NSPA_LF_HANDLE_LAST/' &&
        edit core/table.h 's/NSPA_HANDLE_CAP - 1/NSPA_HANDLE_CAP/'
}
}

without 'known stack bounds (T1)' trap_t1_foreign_stack no_stack_bounds
without 'blocked signals (T2)' trap_t2_suspend_and_kill no_signal_block
without 'the length first (T3)' trap_t3_memory name_before_length
without 'handlers put back (T4)' trap_t4_handlers no_restore
without 'signals blocked while loading (T4)' trap_t4_handlers no_load_mask
without 'asyncpreemptoff (T5)' trap_t5_no_preemption_signals preemption_on
without 'C in wineserver (T6)' trap_t6_fork_without_exec go_server
without 'the check for real-time threads (T7)' trap_t7_stays_out_of_go no_realtime_check
without 'a close in C (T7)' trap_t7_stays_out_of_go close_through_go
without 'the last value left out (T8)' handle_trap_t8_last_value last_value_minted

# go_must_fail NAME TEST FILE EXPRESSION: the same for core's Go tests.
go_must_fail() {
    selected "without $1: $2" || return 0
    local dir=$work/tree output
    rm -rf "$dir"
    copy_sources "$dir"
    cd "$dir" || exit
    build_server "$dir" || { result "$1" 1 'does not build'; return; }
    if ! edit "$3" "$4" || ! go vet ./core; then
        result "without $1: $2 fails" 1 'the fix could not be taken out'
        return
    fi
    output=$(NSPA_LIB_DIR=$dir/lib go test -run "^$2\$" ./core 2>&1)
    if printf '%s\n' "$output" | grep -q -- "--- FAIL: $2"; then
        result "without $1: $2 fails" 0
    else
        result "without $1: $2 fails" 1 "$(printf '%s' "$output" | tail -n 1)"
    fi
}

# shellcheck disable=SC2016 # sed's, not the shell's
go_must_fail 'memory of the stack only (T5)' TestOpenAllocatesNothing core/open.go \
    's/^\tadvise\(fd, req.Options\)/\tescaped = \&st\n&/; $a\\nvar escaped any'
go_must_fail 'recover (T5)' TestOpenPanic core/open.go 's/if recover\(\) != nil/if reason == reasonCount/'

# ---- Wine without a usable library ----------------------------------------

if [ -z "${NSPA_WINE:-}" ] || [ ! -x "${NSPA_WINE:-}" ]; then
    skipped=$((skipped + 1))
    echo "skipped: no patched Wine (./build.sh test traps runs all of this)"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed = 0 ]
    exit
fi

cd "$here" || exit
exe=$work/traps.exe
x86_64-w64-mingw32-gcc -std=gnu11 -O2 -Wall -Wextra -o "$exe" traps.c || exit
printf 'contents' >"$work/file.txt"
export WINEPREFIX=$build/prefix-traps WINEDEBUG=-all
unset NSPA_LOCAL_FILES NSPA_LIBRARY NSPA_SERVER_LIBRARY DISPLAY WAYLAND_DISPLAY
"$top/scripts/prefix.sh" "$WINEPREFIX" || exit
wineserver=$(dirname "$NSPA_WINE")/wineserver
client=$NSPA_OVERLAY/usr/lib/x86_64-linux-gnu/wine/x86_64-unix/libnspa.so
server=$NSPA_OVERLAY/usr/lib/wine/libnspa_server.so

# started [VARIABLE=VALUE...]: a wineserver with these, and the services that the
# first program of a prefix brings up; each process would say a line of its own.
started() {
    "$wineserver" -k >/dev/null 2>&1
    env "$@" "$NSPA_WINE" "$exe" "Z:$work/file.txt" </dev/null >/dev/null 2>"$work/stderr-first"
}

# runs NAME LINES [VARIABLE=VALUE...]: the program does its work, and the library
# says so many lines.
runs() {
    local name=$1 lines=$2 output status got
    shift 2
    selected "$name" || return 0
    output=$(env "$@" timeout -k 5 60 "$NSPA_WINE" "$exe" "Z:$work/file.txt" </dev/null 2>"$work/stderr")
    status=$?
    got=$(grep -c '^nspa:' "$work/stderr")
    if [ $status != 0 ] || [ "$(printf '%s' "$output" | tr -d '\r')" != contents ]; then
        result "$name" 1 "status $status, output '$output', $(head -n 3 "$work/stderr")"
    elif [ "$got" != "$lines" ]; then
        result "$name" 1 "$got lines, not $lines: $(head -n 5 "$work/stderr")"
    else
        result "$name" 0
    fi
}

on=NSPA_LOCAL_FILES=1
"$wineserver" -k >/dev/null 2>&1
runs 'library missing, with a prefix to start' 1 $on NSPA_LIBRARY="$work/missing.so"
started
runs 'switched off' 0
runs 'switched on' 0 $on
runs 'library missing' 1 $on NSPA_LIBRARY="$work/missing.so"
size=$(stat -c %s "$client")
for part in 0 1 63 64 500 4096 $((size / 2)) $((size - 4096)); do
    head -c "$part" "$client" >"$work/cut.so"
    runs "library cut to $part bytes" 1 $on NSPA_LIBRARY="$work/cut.so"
done
echo 'not a library at all, but long enough to look like a file header of some kind' >"$work/text.so"
runs 'a text file' 1 $on NSPA_LIBRARY="$work/text.so"
gcc -shared -fPIC -o "$work/few.so" stub.c
runs 'a library without the functions' 1 $on NSPA_LIBRARY="$work/few.so"
gcc -shared -fPIC -DABI=99 -o "$work/abi.so" stub.c
runs 'another ABI' 1 $on NSPA_LIBRARY="$work/abi.so"
runs 'off, with a library that is none' 0 NSPA_LIBRARY="$work/text.so"
for part in 0 64 5000; do
    head -c "$part" "$server" >"$work/server.so"
    started NSPA_SERVER_LIBRARY="$work/server.so"
    runs "wineserver's library cut to $part bytes" 1 $on
done
started NSPA_SERVER_LIBRARY="$work/missing.so"
runs "wineserver's library missing" 1 $on
runs "wineserver's library missing, switched off" 0

# state MODE [VARIABLE=VALUE...]: what the process looks like while it waits.
state() {
    local mode=$1 pid i
    shift
    : >"$work/out-$mode"
    env "$@" "$NSPA_WINE" "$exe" "Z:$work/file.txt" 3000 </dev/null >"$work/out-$mode" 2>/dev/null &
    pid=$!
    for ((i = 0; i < 300; i++)); do
        grep -q contents "$work/out-$mode" && break
        sleep 0.1
    done
    # the lower half: libc has a signal of its own once there are threads
    sed -nE 's/^(Sig(Cgt|Ign):).*(.{8})$/\1 \3/p' "/proc/$pid/status" >"$work/signals-$mode"
    grep -cF libnspa "/proc/$pid/maps" >"$work/mapped-$mode"
    for i in /proc/"$pid"/task/*; do echo "$i"; done | wc -l >"$work/tasks-$mode"
    wait $pid
}

if selected 'handlers and threads under Wine'; then
    started
    state off
    state on $on
    cmp -s "$work/signals-off" "$work/signals-on"
    result 'the same signals are caught and ignored, off and on' $? "$(cat "$work/signals-off" "$work/signals-on")"
    loaded=1 quiet=1
    [ -s "$work/signals-off" ] && [ "$(cat "$work/mapped-off")" = 0 ] && [ "$(cat "$work/mapped-on")" != 0 ] && loaded=0
    result 'the library is loaded when it is on, and only then' $loaded "$(cat "$work"/mapped-*)"
    [ "$(cat "$work/tasks-off")" -lt "$(cat "$work/tasks-on")" ] && quiet=0
    result 'switched off there is no thread of it' $quiet "$(cat "$work"/tasks-*)"
fi
"$wineserver" -k >/dev/null 2>&1

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
