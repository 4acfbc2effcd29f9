#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-patched.sh TREE INCLUDE OUT TARGET...: build the targets in a patched
# and configured TREE with the headers of INCLUDE, and put them into OUT.
# WINE_WARNINGS: more compiler flags.
set -eu
tree=$1 include=$2 out=$3
shift 3

cd "$tree"
rm -rf nspa-include
cp -r "$include" nspa-include
./tools/make_requests
# Patched and plain Wine must not take each other for the same protocol, nor
# two patched ones that differ, and make_requests does not see to it: without
# the old header it always says 1. So the version is drawn from the contents.
version=$((1000000 + $(cat server/protocol.def nspa-include/nspa_shm.h nspa-include/nspa_server.h | cksum | cut -d' ' -f1) % 1000000000))
sed -i "s/^#define SERVER_PROTOCOL_VERSION .*/#define SERVER_PROTOCOL_VERSION $version/" include/wine/server_protocol.h
grep -q "SERVER_PROTOCOL_VERSION $version" include/wine/server_protocol.h
# Wine's dependencies leave out headers beside the source (unix_private.h), so
# make would keep objects of the unpatched tree that a patched header changes.
find dlls/ntdll/unix server -name '*.o' -delete
cflags=$(sed -n 's/^CFLAGS *= *//p' Makefile)
make -j"$(nproc)" CFLAGS="$cflags -Inspa-include ${WINE_WARNINGS:-}" "$@"

# As they are laid out below Wine's library directory.
for target; do
    case $target in
    server/wineserver) dest=bin/wineserver64 ;;
    *-windows/*) dest=$(basename "$(dirname "$target")")/$(basename "$target") ;;
    *.so) dest=x86_64-unix/$(basename "$target") ;;
    *) echo "no place known for $target" >&2 && exit 1 ;;
    esac
    install -D "$target" "$out/$dest"
done
