# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The 32-bit half of the packaged Wine: its 64-bit loader runs 32-bit programs
# by itself (new WoW64), but their PE files are in the i386 package alone.
# Sourced by build.sh, with wine.sh.

own_apt=() # by own_apt of wine.sh
WINE_DIR=/usr/lib/x86_64-linux-gnu/wine

# step_wine32: sets WINE32, the directory of the 32-bit PE files: in a tree
# beside the 64-bit ones, where its own Wine finds them too; on a machine's own
# userland the multiarch package's if that is there, else unpacked in the cache.
# The machine's architectures stay as they are.
step_wine32() {
    local version
    version=$(wine_version) || exit
    WINE32=$WINE_DIR/i386-windows
    if [ "$MODE" = tree ]; then
        [ ! -e "$ROOT$WINE32/ntdll.dll" ] || return 0
        as_owner wine32 || return 0
        lock_cache source
        [ -e "$ROOT$WINE32/ntdll.dll" ] || make_wine32 "$version" "$ROOT$WINE32"
        unlock_cache
        return
    fi
    [ ! -e "$WINE32/ntdll.dll" ] || return 0
    WINE32=/usr/lib/i386-linux-gnu/wine/i386-windows
    [ ! -e "$WINE32/ntdll.dll" ] || return 0
    WINE32=$CACHE/wine32-$version
    [ ! -e "$WINE32/ntdll.dll" ] || return 0
    lock_cache source
    [ -e "$WINE32/ntdll.dll" ] || make_wine32 "$version" "$WINE32"
    unlock_cache
}

make_wine32() {
    local version=$1 dest=$2 dir="$CACHE/wine32.part"
    need_space "$CACHE" 1000
    say "wine32: download and unpack libwine:i386 $version"
    rm -rf "$dir"
    run wine32 download_wine32 "$version" "$dir"
    mkdir -p "$dest" || die "wine32: cannot write $dest"
    run wine32-move move_wine32 "$dir" "$dest"
    rm -rf "$dir"
}

# move_wine32 FROM TO: last the file that says that all are there.
move_wine32() {
    mv "$1/ntdll.dll" "$1.last" &&
        find "$1" -mindepth 1 -maxdepth 1 -exec mv -f -t "$2" {} + &&
        mv "$1.last" "$2/ntdll.dll"
}

# download_wine32 VERSION DIR: the PE files of libwine:i386, in DIR.
download_wine32() {
    local version=$1 dir=$2
    mkdir -p "$dir/deb" "$dir/unpacked" || return
    own_apt "deb [arch=i386 KEYRING] MIRROR $SUITE main" || return
    cd "$dir/deb" || return
    # A mirror keeps the suite's newest revision only.
    "${own_apt[@]}" download "libwine:i386=$version" || "${own_apt[@]}" download libwine:i386 || return
    in_root dpkg-deb -x "$dir"/deb/*.deb "$dir/unpacked" &&
        mv "$dir"/unpacked/usr/lib/i386-linux-gnu/wine/i386-windows/* "$dir/" &&
        rm -rf "$dir/unpacked" "$dir/deb"
}
