# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Installation: PREFIX/lib/nspa has the libraries and the overlay, bin the
# runner and nspactl, include the headers. Sourced by build.sh.

step_install() {
    local prefix=${PREFIX:-/usr/local}
    local dest="${DESTDIR:-}$prefix"
    say "install: $dest"
    run install install_files "$dest"
    # The overlay leads to the userland's packages, which must stay there.
    [ "$MODE" = direct ] || say "install: the overlay uses the Debian tree $ROOT; keep it"
}

install_files() {
    local dest=$1
    mkdir -p "$dest/bin" "$dest/include" "$dest/lib/nspa" || return
    install -m 644 "$TOP"/include/*.h "$dest/include/" || return
    install -m 755 "$BUILD/lib/libnspa.so" "$dest/lib/nspa/libnspa.so.0" &&
        install -m 755 "$BUILD/lib/libnspa_server.so" "$dest/lib/nspa/libnspa_server.so.0" &&
        ln -sfn libnspa.so.0 "$dest/lib/nspa/libnspa.so" &&
        ln -sfn libnspa_server.so.0 "$dest/lib/nspa/libnspa_server.so" || return
    # Beside the old one, for what still runs from it.
    rm -rf "$dest/lib/nspa/overlay.new" "$dest/lib/nspa/overlay.old"
    cp -a "$OVERLAY" "$dest/lib/nspa/overlay.new" || return
    [ ! -e "$dest/lib/nspa/overlay" ] || mv "$dest/lib/nspa/overlay" "$dest/lib/nspa/overlay.old" || return
    mv "$dest/lib/nspa/overlay.new" "$dest/lib/nspa/overlay" || return
    rm -rf "$dest/lib/nspa/overlay.old"
    ln -sfn ../lib/nspa/overlay/bin/wine-nspa "$dest/bin/wine-nspa" &&
        install -m 755 "$BUILD/bin/nspactl" "$dest/bin/nspactl"
}

step_uninstall() {
    local dest="${DESTDIR:-}${PREFIX:-/usr/local}" header
    for header in "$TOP"/include/*.h; do rm -f "$dest/include/${header##*/}"; done
    if [ "$(readlink "$dest/bin/wine-nspa")" = ../lib/nspa/overlay/bin/wine-nspa ]; then rm -f "$dest/bin/wine-nspa" "$dest/bin/nspactl"; fi
    rm -rf "$dest/lib/nspa"
    say "uninstall: $dest"
}
