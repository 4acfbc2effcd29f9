# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The libraries, the workload programs and nspactl. Sourced by build.sh.

# What all C of the project is compiled with: another geometry of the table.
if [ -n "${NSPA_GEOMETRY:-}" ]; then
    export NSPA_CFLAGS="-DNSPA_BUCKETS=${NSPA_GEOMETRY%x*} -DNSPA_SLOTS=${NSPA_GEOMETRY#*x}"
    export CGO_CFLAGS="-O2 -g $NSPA_CFLAGS"
fi

# choose_go: sets GO_DIR, the machine's Go if it is new enough and visible in
# the userland, else empty for the userland's own.
choose_go() {
    local want go have
    GO_DIR=
    want=$(awk '$1 == "go" { print $2 }' "$TOP/go.mod")
    # What the userland's Go lacks comes through the module proxy.
    export GOTOOLCHAIN=auto
    for go in "$(command -v go)" /usr/local/go/bin/go; do
        [ -x "$go" ] || continue
        go=$(readlink -f "$go")
        case $go in
        /usr/local/*) ;;
        /usr/*) [ "$MODE" = direct ] || continue ;;
        esac
        have=$(cd / && GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null) || continue
        have=${have#go}
        if [ "$(printf '%s\n%s\n' "$want" "${have%%[- ]*}" | sort -V | head -n 1)" = "$want" ]; then
            GO_DIR=$(dirname "$go")
            return
        fi
    done
    packages go
}

# go_sources FOLDER...: what a build of these folders depends on.
go_sources() {
    echo go.mod
    echo go.sum
    (cd "$TOP" && find "$@" -type f \( -name '*.go' -o -name '*.[ch]' -o -name '*.map' -o -name '*.ld' \) ! -name '*_test.go')
}

# changed NAME FILE...: whether build/NAME.key names other contents.
# built NAME writes it, at success only.
changed() {
    local name=$1
    shift
    key=$({ declare -f "step_$name" "build_$name"; in_root gcc -dumpfullversion; echo "$GO_DIR ${NSPA_CFLAGS:-}"; hash_files "$@"; } | hash)
    [ "$key" != "$(cat "$BUILD/$name.key" 2>/dev/null)" ]
}
built() { echo "$key" >"$BUILD/$1.key"; }

step_libs() {
    local sources
    mapfile -t sources < <(go_sources capi core shm reparse include)
    changed libs "${sources[@]}" || return 0
    say "libs: libnspa.so, libnspa_server.so"
    run libs build_libs
    built libs
}

build_libs() {
    cd "$TOP" && mkdir -p "$BUILD/lib" || return
    # asyncpreemptoff: Go must not send SIGURG to Wine's threads.
    in_root env CGO_ENABLED=1 go build -buildmode=c-shared -trimpath \
        -ldflags="-s -w -X=runtime.godebugDefault=asyncpreemptoff=1 -extldflags '-Wl,-soname,libnspa.so.0 -Wl,--version-script=$TOP/capi/libnspa.map -Wl,-z,defs -Wl,-T,$TOP/capi/go.ld'" \
        -o "$BUILD/lib/libnspa.so" ./capi || return
    rm -f "$BUILD/lib/libnspa.h" # the public header is include/nspa.h
    # shellcheck disable=SC2086 # several flags
    in_root gcc -std=gnu11 -O2 -g -Wall -Wextra ${NSPA_CFLAGS:-} -fPIC -shared -fvisibility=hidden -Iinclude \
        -Wl,-soname,libnspa_server.so.0 -Wl,--version-script=capi/server/libnspa_server.map -Wl,-z,defs,-z,now \
        -o "$BUILD/lib/libnspa_server.so" capi/server/*.c reparse/change/*.c
}

step_programs() {
    local sources
    mapfile -t sources < <(go_sources cmd tests/workloads core shm reparse include; echo tests/workloads/Makefile)
    changed programs "${sources[@]}" || return 0
    say "programs: nspactl, workloads"
    run programs build_programs
    built programs
}

build_programs() {
    cd "$TOP" && mkdir -p "$BUILD/bin" || return
    in_root go build -trimpath -o "$BUILD/bin/nspactl" ./cmd/nspactl || return
    in_root make -C tests/workloads OUT="$BUILD/bin"
}
