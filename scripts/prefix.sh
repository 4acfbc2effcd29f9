#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# prefix.sh DIR: make DIR a Wine prefix, with the patched Wine switched off,
# unless it is one. No Mono or Gecko is asked for.
set -eu
prefix=$1
if [ -e "$prefix/ready" ]; then exit; fi
rm -rf "$prefix"
mkdir -p "$(dirname "$prefix")"
export WINEPREFIX=$prefix WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
"$NSPA_WINE" wineboot --init >/dev/null 2>&1 </dev/null
"$(dirname "$NSPA_WINE")/wineserver" -w
[ -e "$prefix/system.reg" ] || { echo "no prefix could be made at $prefix" >&2 && exit 1; }
: >"$prefix/ready"
