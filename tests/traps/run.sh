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

# build_client DIRECTORY [LDFLAG [LINKER-SCRIPT]]: libnspa.so of the sources there.
build_client() {
    local late="-Wl,-T,$1/capi/go.ld"
    (cd "$1" && mkdir -p lib && CGO_ENABLED=1 go build -buildmode=c-shared -trimpath \
        -ldflags="-s -w ${2-$preempt} -extldflags '-Wl,-soname,libnspa.so.0 -Wl,--version-script=$1/capi/libnspa.map -Wl,-z,defs ${3-$late}'" \
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
no_stack_bounds() { edit capi/stack.c 's/pthread_equal\( thread, pthread_self\(\) \)/0/'; }
no_signal_block() {
    edit core/thread.c 's/^        syscall\( SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask.*$/        (void)all; mask = 0;/' &&
        edit core/thread.c 's/^    if \(!host_holds\) syscall\( SYS_rt_sigprocmask.*$//'
}
no_held_signal() { edit core/thread.c 's/\|\| !self->held \|\| sig < 1/|| sig/'; }
name_before_length() {
    edit core/gate.c 's/^    if \(!open->nt_len \|\|/    if (is_module( open->nt_name, open->nt_len )) return NSPA_LOADER;\n&/'
}
no_sigaction_wrap() {
    edit capi/stack.c 's/^    \(void\)act;$//' && edit capi/stack.c 's/^    return old \? .*/    return __real_sigaction( sig, act, old );/'
}
no_mask_at_start() { edit capi/go.c 's/^    syscall\( SYS_rt_sigprocmask, SIG_SETMASK, &all.*/    (void)all; call->mask = 0;/'; }
runtime_at_load() { build_client "$PWD" "$preempt" ''; }
preemption_on() { build_client "$PWD" ''; }
no_memory_check() { edit capi/go.c 's/has_address_space\(\) && //' && edit capi/go.c '/^static int has_address_space/,/^}/d'; }
no_thread_check() { edit capi/go.c 's/ && has_threads\(\)//' && edit capi/go.c '/^static void \*wait_for_others/,/^static void \*construct/{/^static void \*construct/!d}'; }
go_server() { (cd tests/traps/goserver && go build -buildmode=c-shared -o ../../../lib/libnspa_server.so .); }
close_through_go() {
    edit capi/entry.c 's/^    closed = nspa_file_close\(/    { struct nspa_go_call go; if (nspa_go_enter( \&go )) nspa_go_leave( \&go ); }\n&/'
}
last_value_minted() {
    edit include/nspa.h 's/< NSPA_LF_HANDLE_LAST/<= NSPA_LF_HANDLE_LAST/' &&
        edit core/table.c 's/ && \(i \+ files->first\) % NSPA_LF_HANDLE_CAP != LAST_INDEX//'
}
cache_filled_late() {
    edit core/table.c '/^uint32_t nspa_file_commit/,/^}/s/^    files->host\.add_fd\(.*//' &&
        edit core/table.c '/^uint32_t nspa_file_commit/,/^}/s/^    return handle;/    files->host.add_fd( handle, fd, 0, 0, 0 );\n&/'
}
closed_before_forgotten() {
    edit core/table.c '/^static void finish_close/,/^}/s/^    close\( fd \);//' &&
        edit core/table.c '/^static void finish_close/,/^}/s/^    files->host\.forget_fd/    close( fd );\n&/'
}
no_look_first() { edit core/open.c 's/!hinted && \(reason = look_first/hinted \&\& (reason = look_first/'; }
}

without 'known stack bounds (T1)' trap_t1_foreign_stack no_stack_bounds
without 'blocked signals (T2)' trap_t2_suspend_and_kill no_signal_block
without 'held signals (T2)' trap_t2_held_signals no_held_signal
without 'the length first (T3)' trap_t3_memory name_before_length
without 'a runtime that waits (T4)' trap_t4_handlers runtime_at_load
without 'handlers left alone (T4)' trap_t4_handlers no_sigaction_wrap
without 'signals blocked while Go starts (T4)' trap_t4_handlers no_mask_at_start
without 'asyncpreemptoff (T5)' trap_t5_no_preemption_signals preemption_on
without 'a look for memory (T5)' go_without_memory no_memory_check
without 'a look for threads (T5)' go_without_threads no_thread_check
without 'C in wineserver (T6)' trap_t6_fork_without_exec go_server
without 'a close in C (T7)' trap_t7_stays_out_of_go close_through_go
without 'the last value left out (T8)' handle_trap_t8_last_value last_value_minted
without 'the descriptor before the handle' race_ cache_filled_late
without 'the cache before the descriptor' race_ closed_before_forgotten
without 'a look at unknown names' hint_system_calls no_look_first

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
    [ "$(cat "$work/tasks-off")" -gt 0 ] && [ "$(cat "$work/tasks-off")" = "$(cat "$work/tasks-on")" ] && quiet=0
    result 'the same threads, off and on' $quiet "$(cat "$work"/tasks-*)"
fi
"$wineserver" -k >/dev/null 2>&1

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
