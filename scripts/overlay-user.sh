#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# overlay-user.sh INSTALLATION PATCHED LIBS OVERLAY: a tree that is the Wine
# installation with the patched files and the libraries in front. Unix files are
# copies, as Wine finds the rest relative to where they really are.
set -eu
installation=$(cd "$1" && pwd) patched=$2 libs=$3 overlay=$4
fail() {
    echo "error: $*" >&2
    exit 1
}
for lib in lib/wine lib64/wine "lib/$(uname -m)-linux-gnu/wine" ''; do
    [ -z "$lib" ] || [ ! -e "$installation/$lib/x86_64-unix/ntdll.so" ] || break
done
[ -n "$lib" ] || fail "$installation has no lib/wine/x86_64-unix/ntdll.so"
for server in bin/wineserver bin/wineserver64 ''; do
    [ -z "$server" ] || [ ! -x "$installation/$server" ] || break
done
[ -n "$server" ] || fail "$installation has no bin/wineserver"

rm -rf "$overlay"
mkdir -p "$overlay"
cp -rs "$installation/." "$overlay/"
for file in "$overlay"/bin/* "$overlay/$lib"/x86_64-unix/*; do
    [ ! -f "$file" ] || cp --remove-destination "$(readlink -f "$file")" "$file"
done
put() { install -D "$1" "$2.new" && mv -f "$2.new" "$2"; }
put "$patched/bin/wineserver64" "$overlay/$server"
for dir in "$patched"/*-unix "$patched"/*-windows; do
    [ -d "$dir" ] || continue
    for file in "$dir"/*; do put "$file" "$overlay/$lib/${dir##*/}/${file##*/}"; done
done
# Each beside what loads it.
put "$libs/libnspa.so" "$overlay/$lib/x86_64-unix/libnspa.so"
put "$libs/libnspa_server.so" "$overlay/bin/libnspa_server.so"
