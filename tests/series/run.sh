#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each step of wine-patches/10.0 compiles without a warning: who bisects Wine
# with the series in it never meets a tree that does not build.
set -u
cd "$(dirname "$0")/../.." || exit
series=$PWD/wine-patches/10.0
work=$NSPA_BUILD/series
passed=0 failed=0

rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work/tree"' EXIT
cp -a --reflink=auto "$NSPA_WINE_SOURCE" "$work/tree" || exit
cp -r include "$work/tree/nspa-include"
cd "$work/tree" || exit
cflags=$(sed -n 's/^CFLAGS *= *//p' Makefile)

# step PATCH: apply it and make what it changes.
step() {
    patch -p1 --force --no-backup-if-mismatch <"$series/$1" || return
    ./tools/make_requests || return
    # make does not know of headers beside the source.
    if grep -q '^--- a/dlls/ntdll/unix/.*\.h$' "$series/$1"; then find dlls/ntdll/unix -name '*.o' -delete; fi
    if grep -q '^--- a/server/.*\.h$' "$series/$1"; then find server -name '*.o' -delete; fi
    make -j"$(nproc)" CFLAGS="$cflags -Inspa-include -Werror" dlls/ntdll/ntdll.so server/wineserver
}

while read -r name; do
    if step "$name" >"$work/$name.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name:"
        grep -E ' error: |undefined reference|FAILED' "$work/$name.log" | head -n 20
    fi
done <"$series/series"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
