#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What programs see of the machine's mounts: those that are made later too, and the
# programs of one prefix all the same.
set -u
here=$(cd "$(dirname "$0")" && pwd)
enter=$here/../../scripts/enter
runner=$NSPA_OVERLAY/bin/wine-nspa
if [ -z "$NSPA_ROOT" ]; then
    echo "enter: the machine's own userland is used"
    echo "0 passed, 0 failed, 1 skipped"
    exit
fi
passed=0 failed=0
# check WHAT COMMAND...
check() {
    local what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: $what"; fi
}
scratch=$(mktemp -d) || exit
export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all
unset NSPA_LOCAL_FILES NSPA_PROFILE DISPLAY WAYLAND_DISPLAY
server=$(dirname "$NSPA_WINE")/wineserver
trap '"$server" -k >/dev/null 2>&1; rm -rf "$scratch"' EXIT
"$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit

# wait_for FILE: two minutes at most; the first program of a prefix may have to update it
wait_for() {
    for _ in $(seq 1200); do
        [ ! -e "$1" ] || return 0
        sleep 0.1
    done
    return 1
}

# A machine of our own, with mounts that are shared as systemd makes them.
later_mount() {
    local user=()
    [ "$(id -u)" = 0 ] || user=(-r)
    mkdir "$scratch/later"
    # shellcheck disable=SC2016 # expanded inside
    unshare "${user[@]}" -m --propagation shared bash -c '
        cd "$0" || exit
        mounts() { grep -cF " /usr " /proc/self/mountinfo; }
        before=$(mounts)
        "$1" "$2" bash -c ": >ready; until [ -e go ]; do sleep 0.01; done; cat later/file" &
        until [ -e ready ]; do sleep 0.01; done
        mount -t tmpfs none later && echo "what was mounted" >later/file
        [ "$(mounts)" = "$before" ] && echo "nothing of its own"
        : >go
        wait' "$scratch" "$enter" "$NSPA_ROOT"
}
check "a mount that is made later, and none that leaks" \
    test "$(timeout 30 bash -c "$(declare -f later_mount); scratch=$scratch enter=$enter later_mount" 2>&1)" = "nothing of its own
what was mounted"

# The second program of a prefix goes where its wineserver is.
mkfifo "$scratch/one" "$scratch/two"
exec 3<>"$scratch/one" 4<>"$scratch/two"
# start FD NAME: a program that waits for a line, and says when it is there
start() { "$runner" cmd /c "echo here>Z:$2& set /p x=" <"$1" >/dev/null 2>&1 3>&- 4>&- & }
start "$scratch/one" "$scratch/first"
first=$!
check "the first program" wait_for "$scratch/first"
start "$scratch/two" "$scratch/second"
second=$!
check "the second program" wait_for "$scratch/second"
check "one set of mounts" test "$(readlink "/proc/$first/ns/mnt")" = "$(readlink "/proc/$second/ns/mnt")"
check "not the suite's" test "$(readlink "/proc/$first/ns/mnt")" != "$(readlink /proc/self/ns/mnt)"
echo >&3
echo >&4
wait "$first" "$second"

# Where it cannot get to, it goes the way of the first.
check "nobody to join" test "$("$NSPA_OVERLAY/bin/join" 999999999 "$enter" "$NSPA_ROOT" /bin/sh -c 'echo there' 2>&1)" = there
check "the directory stays" test "$(cd "$scratch" && "$NSPA_OVERLAY/bin/join" $$ "$enter" "$NSPA_ROOT" /bin/pwd 2>&1)" = "$scratch"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
