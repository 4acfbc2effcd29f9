#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# overlay.sh OVERLAY PATCHED LIBS WINE32: make or renew the overlay: the packaged
# Wine's tree below OVERLAY/usr, with the patched files, the libraries and the
# 32-bit PE files of the directory WINE32.
set -eu
overlay=$1 patched=$2 libs=$3 wine32=$4
libdir=/usr/lib/x86_64-linux-gnu/wine
bindir=/usr/lib/wine

# put FILE DEST: nothing if they are equal, else replace DEST in one step.
put() {
    cmp -s "$1" "$2" && return
    install -D "$1" "$2.new"
    mv -f "$2.new" "$2"
}

lib="$overlay$libdir" bin="$overlay$bindir"
mkdir -p "$bin" "$lib/x86_64-unix" "$overlay/usr/share"
for file in "$bindir"/*; do
    case ${file##*/} in
    wineserver64) ;;
    # A 32-bit loader (package wine32) has unix libraries of its own, which are
    # not patched; without it the 64-bit one runs 32-bit programs too.
    wine | wine-preloader) ;;
    wineserver) # Debian's wrapper, relative to where it lies
        # shellcheck disable=SC2016
        printf '#!/bin/sh\nexec "${0%%/*}/wineserver64" -p0 "$@"\n' >"$bin/wineserver.sh"
        chmod 755 "$bin/wineserver.sh"
        put "$bin/wineserver.sh" "$bin/wineserver"
        rm "$bin/wineserver.sh"
        ;;
    *) put "$file" "$bin/${file##*/}" ;;
    esac
done
for file in "$libdir"/x86_64-unix/*; do
    [ -e "$patched/x86_64-unix/${file##*/}" ] || put "$file" "$lib/x86_64-unix/${file##*/}"
done
mkdir -p "$lib/x86_64-windows" "$lib/i386-windows"
ln -sfn "$libdir"/x86_64-windows/* "$lib/x86_64-windows/"
for dir in "$libdir/i386-windows" "$wine32"; do # maybe the same
    ln -sfn "$dir"/* "$lib/i386-windows/"
done
ln -sfn /usr/share/wine "$overlay/usr/share/wine"

put "$patched/bin/wineserver64" "$bin/wineserver64"
for dir in "$patched"/*-unix "$patched"/*-windows; do
    [ -d "$dir" ] || continue
    for file in "$dir"/*; do
        dest="$lib/${dir##*/}/${file##*/}"
        [ ! -L "$dest" ] || rm "$dest"
        put "$file" "$dest"
    done
done
# Each beside what loads it.
put "$libs/libnspa.so" "$lib/x86_64-unix/libnspa.so"
put "$libs/libnspa_server.so" "$bin/libnspa_server.so"
