# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Progress, logs, failures and content keys. Sourced by build.sh.

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

# Says why the command behind log $2 failed, as far as the log tells.
reason() {
    local text
    text=$(tail -n 200 "$2" 2>/dev/null)
    case $text in
    *'No space left on device'* | *'Disk quota exceeded'*)
        echo "disk full: free some space (the cache is $CACHE) and run it again" ;;
    *'Could not resolve'* | *'Temporary failure resolving'* | *'Temporary failure in name resolution'* | \
        *'Network is unreachable'* | *'Could not connect to'* | *'Failed to fetch'* | \
        *'Failed getting release file'* | *'Unable to connect'* | *'no such host'* | \
        *'connection refused'* | *'dial tcp'*)
        echo "no network: a download failed; check the connection (and apt's proxy) and run it again" ;;
    *'Operation not permitted'*mount* | *mount*'Operation not permitted'* | *mount*'permission denied'*)
        echo "mounts are not allowed here (a container?); use a Debian 13 system, or a container with SYS_ADMIN" ;;
    *)
        # A step's own verdict, if it gave one.
        text=$(printf '%s\n' "$text" | sed -n 's/^error: //p' | tail -n 1)
        echo "${text:-failed}" ;;
    esac
}

# run NAME COMMAND...: COMMAND with its output in a log; on failure the log's
# end and one line. Standard input is empty: nothing may wait for an answer.
run() {
    local name=$1 log="$LOGS/$1.log"
    shift
    mkdir -p "$LOGS"
    # In the background, so that an interruption ends the wait at once, and in
    # a process group of its own, so that it ends all of it.
    set -m
    ("$@") >"$log" 2>&1 </dev/null &
    child=$!
    set +m
    if wait "$child"; then
        child=
        return 0
    fi
    child=
    tail -n 15 "$log" | sed 's/^/    | /' >&2
    die "$name: $(reason "$name" "$log") (log: ${log#"$TOP/"})"
}

interrupted() {
    trap - INT TERM HUP
    if [ -n "${child:-}" ]; then
        kill -TERM -- "-$child" 2>/dev/null
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 -- "-$child" 2>/dev/null || break
            sleep 0.2
        done
        kill -KILL -- "-$child" 2>/dev/null
    fi
    printf '\nbuild.sh: interrupted; run it again to go on from here\n' >&2
    exit 130
}

# hash: a short content key of standard input. hash_files: of files, named
# relative to TOP so that clones agree.
hash() { sha256sum | cut -c1-16; }
hash_files() { (cd "$TOP" && printf '%s\0' "$@" | LC_ALL=C sort -zu | xargs -0 -r sha256sum) | hash; }

# need_space DIR MIB
need_space() {
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] ||
        die "disk full: $1 has $free MiB free and this step needs $2; free some, or set NSPA_CACHE to another disk"
}

# The cache belongs to whoever builds, also when root makes it for them.
make_cache() {
    if mkdir -p "$CACHE" 2>/dev/null && [ -w "$CACHE" ]; then return; fi
    die "cannot write the cache $CACHE; set NSPA_CACHE to another place"
}

# One build at a time works on NAME in the cache; builds of other things go on beside it.
# What a killed build left running still holds the lock.
lock_cache() {
    make_cache
    exec 8>"$CACHE/lock-$1"
    if ! flock -n 8; then
        say "cache: waiting for another build of $1"
        flock 8
    fi
}
unlock_cache() { exec 8>&-; }
