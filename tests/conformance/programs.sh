#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# programs.sh SOURCE WORK OUT MODULE...: build Wine's own test programs,
# OUT/64/MODULE_test.exe and OUT/32/MODULE_test.exe.
# SOURCE is Debian's Wine tree as build.sh keeps it, configured without tests;
# WORK becomes a copy of it with tests, and is removed at the end.
set -eu
source=$1 work=$2 out=$3
shift 3

rm -rf "$work"
mkdir -p "$out/64" "$out/32" "$(dirname "$work")"
cp -a --reflink=auto "$source" "$work"
cd "$work"

# Debian's source has no generated.c (structure sizes, of no use here), and its
# configure.ac leaves out the tests that want it.
targets=()
for module; do
    makefile=dlls/$module/tests/Makefile.in
    [ -e "$makefile" ] || { echo "error: Wine has no tests for $module" && exit 1; }
    [ -e "dlls/$module/tests/generated.c" ] || sed -i '/^[[:space:]]*generated\.c/d' "$makefile"
    grep -qF "WINE_CONFIG_MAKEFILE(dlls/$module/tests)" configure.ac ||
        sed -i "s|^WINE_CONFIG_MAKEFILE(dlls/$module)\$|&\nWINE_CONFIG_MAKEFILE(dlls/$module/tests)|" configure.ac
    targets+=("dlls/$module/tests/x86_64-windows/${module}_test.exe" "dlls/$module/tests/i386-windows/${module}_test.exe")
done
autoreconf -f
rm -rf autom4te.cache

eval "set -- $(./config.status --config)"
arguments=()
for argument; do
    case $argument in --disable-tests) ;; *) arguments+=("$argument") ;; esac
done
./configure "${arguments[@]}" --enable-tests CROSSCFLAGS=-O2
make -j"$(nproc)" "${targets[@]}"

for target in "${targets[@]}"; do
    case $target in */i386-windows/*) dest=$out/32 ;; *) dest=$out/64 ;; esac
    install "$target" "$dest/.new.exe"
    mv "$dest/.new.exe" "$dest/${target##*/}"
done
rm -rf "$work"
