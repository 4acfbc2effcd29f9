#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Model-check the shared table (table.pml) and a process's handle table (handle.pml);
# FULL=1 for the long form.
#
# The protocol must hold in every configuration, and each BREAK_ variant must
# be rejected. Prints the number of states of each, and a summary line.
set -u

here=$(cd "$(dirname "$0")" && pwd)
jobs=${JOBS:-2}
optimize=-O0
memory=${MEMORY:-6000} # MiB that one search may take
work=$(mktemp -d "${TMPDIR:-/tmp}/nspa-model.XXXXXX")
trap 'rm -rf "$work"' EXIT

command -v spin >/dev/null || { echo "spin is not installed" >&2; exit 2; }
command -v gcc >/dev/null || { echo "gcc is not installed" >&2; exit 2; }

# check NUMBER WANT NAME FLAG...: one search of $model; WANT is holds or rejected.
model=table
check() {
    local number=$1 want=$2 name=$3 got states seconds search=(-DSAFETY) args=()
    shift 3
    mkdir "$work/$number" && cd "$work/$number" || return
    case " $* " in *" -DLIVENESS "*) search=(); args=(-a -f -N proceeds) ;; esac
    if ! spin -a "$@" "$here/$model.pml" >log 2>&1 ||
        ! gcc "$optimize" -w "${search[@]}" -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM="$memory" -o pan pan.c >>log 2>&1; then
        got="does not compile"
    else
        ./pan -m1000000 "${args[@]}" >out 2>&1
        if grep -q 'out of memory\|max search depth\|search not completed.*memory' out; then got="not finished"
        elif grep -q 'errors: 0' out; then got=holds
        elif grep -q 'errors: [1-9]' out; then got=rejected
        else got="failed to run"; fi
        states=$(awk '/states, stored/ { print $1; exit }' out)
        seconds=$(awk '/elapsed time/ { print $4; exit }' out)
    fi
    if [ "$got" = "$want" ]; then result=ok; else result="FAILED, wanted: $want"; fi
    printf '%-34s %-10s %10s states %8s s  %s\n' "$name" "$got" "${states:-?}" "${seconds:-?}" "$result" >"$work/$number.line"
    cat "$work/$number.line"
    case $result in ok) ;; *) cat log out 2>/dev/null | grep -v '^$' | head -20 ;; esac
    rm -f pan pan.*
}

number=0
start() {
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    number=$((number + 1))
    check "$number" "$@" &
}

echo "one step per access to a shared word; two clients, one of them a bystander where it says so"
start holds "open and close" -DOPENS=1
start holds "two inodes, one slot" -DNI=2 -DBYSTANDER
start holds "retired while running" -DZOMBIES=1 -DBYSTANDER
start holds "kill -9" -DKILLS=1 -DBYSTANDER -DSERVER_OPENS=0
start holds "promotion" -DPROMOTIONS=1 -DBYSTANDER
start holds "waiting for the last close" -DWATCHES=1 -DSERVER_OPENS=0
start holds "unlinked, opened by name" -DREMOVALS=1 -DSERVER_OPENS=0
start holds "lock word written to" -DTAMPERS=1 -DBYSTANDER
start holds "two threads, retired" -DTHREADS -DZOMBIES=1 -DSERVER_OPENS=0
start holds "a waiter proceeds" -DLIVENESS -DSERVER_OPENS=0
if [ -n "${FULL:-}" ]; then
    optimize=-O1 # what it takes to compile pays off in long searches only
    start holds "kill -9 of a closer waited for" -DWATCHES=1 -DKILLS=1 -DSERVER_OPENS=0 -DBYSTANDER
    start holds "two opens each" -DOPENS=2 -DSERVER_OPENS=2
    start holds "two slots, two inodes" -DNI=2 -DNS=2
    start holds "two inodes, one slot, all close" -DNI=2 -DSERVER_OPENS=2
    start holds "kill -9 next to wineserver's open" -DKILLS=1 -DBYSTANDER
    start holds "kill -9 of a process retired" -DKILLS=1 -DZOMBIES=1 -DBYSTANDER -DSERVER_OPENS=0
    start holds "promotion and kill -9" -DPROMOTIONS=1 -DKILLS=1 -DBYSTANDER -DSERVER_OPENS=0
    start holds "a waiter proceeds, with wineserver" -DLIVENESS -DBYSTANDER
    start holds "unlinked next to wineserver's open" -DREMOVALS=1 -DBYSTANDER
    start holds "unlinked, kill -9" -DREMOVALS=1 -DKILLS=1 -DBYSTANDER -DSERVER_OPENS=0
    start holds "two threads, kill -9" -DTHREADS -DKILLS=1 -DSERVER_OPENS=0
    start holds "lock word written to, two opens" -DTAMPERS=1 -DOPENS=2 -DBYSTANDER
    optimize=-O0
fi

start rejected "announced after the check" -DBREAK_ANNOUNCE_LATE
start rejected "flags not looked at again" -DBREAK_NO_FLAG_CHECK -DREMOVALS=1 -DSERVER_OPENS=0
start rejected "announcements not aborted" -DBREAK_NO_ABORT
start rejected "POISON raised after the answer" -DBREAK_POISON_LATE
start rejected "commit without compare" -DBREAK_BLIND_COMMIT
start rejected "counters without the lock" -DBREAK_NO_LOCK -DSERVER_OPENS=0
start rejected "overflow forgotten" -DBREAK_FORGET_OVERFLOW -DNI=2 -DBYSTANDER -DSERVER_OPENS=2
start rejected "dead owner ignored" -DBREAK_IGNORE_DIED -DKILLS=1 -DBYSTANDER -DSERVER_OPENS=0
start rejected "REBUILD cleared after the scan" -DBREAK_CLEAR_LATE -DNI=2 -DNS=2 -DSERVER_OPENS=0 -DWATCHES=1
start rejected "entry freed before REBUILD" -DBREAK_FREE_EARLY -DKILLS=1 -DBYSTANDER -DSERVER_OPENS=0
start rejected "owner not looked at again" -DBREAK_NO_OWNER_CHECK -DZOMBIES=1 -DBYSTANDER
start rejected "close without compare" -DBREAK_BLIND_CLOSE -DZOMBIES=1 -DOPENS=2
start rejected "sweep without compare" -DBREAK_SWEEP_BLIND -DZOMBIES=1 -DBYSTANDER
start rejected "retracted before promotion" -DBREAK_PROMOTE_LATE -DPROMOTIONS=1
start rejected "notify looked at before the close" -DBREAK_NOTIFY_EARLY -DWATCHES=1 -DSERVER_OPENS=0
start rejected "the epoch not looked at" -DBREAK_NO_EPOCH -DREMOVALS=1 -DSERVER_OPENS=0
start rejected "POISON not held" -DBREAK_NO_HOLD -DREMOVALS=1 -DSERVER_OPENS=0
start rejected "the epoch bumped too late" -DBREAK_BUMP_LATE -DREMOVALS=1 -DSERVER_OPENS=0
start rejected "unlocked without a look" -DBREAK_UNLOCK_BLIND -DTAMPERS=1 -DBYSTANDER
start rejected "an answer under another's lock" -DBREAK_ANSWER_BLIND -DTAMPERS=1 -DBYSTANDER
start rejected "a lock without a claim" -DBREAK_NO_CLAIM
start rejected "a close not told before a death" -DBREAK_CLOSED_FORGOTTEN -DWATCHES=1 -DKILLS=1 -DSERVER_OPENS=0 -DBYSTANDER
start rejected "a wait without end" -DBREAK_NO_TIMEOUT -DLIVENESS -DSERVER_OPENS=0

echo "one handle value and threads that open, close and promote it"
model=handle
start holds "one opener" -DROUNDS=3
start holds "two closers, two promoters" -DCLOSERS=2 -DPROMOTERS=2
start holds "two openers" -DOPENERS=2 -DROUNDS=1
start rejected "the fd cached after the commit" -DBREAK_ADD_LATE
start rejected "closed before it is forgotten" -DBREAK_CLOSE_FIRST
start rejected "taken from the cache unasked" -DBREAK_TAKE_FIRST
start rejected "closed before the promotion is back" -DBREAK_CLOSED_EARLY
wait

passed=$(grep -c ' ok$' <(cat "$work"/*.line))
echo "$passed passed, $((number - passed)) failed"
[ "$passed" = "$number" ]
