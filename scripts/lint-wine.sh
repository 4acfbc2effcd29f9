#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lint-wine.sh: what the compiler says of the project's C in Wine, in Debian's
# source with the hooks. Of Wine's own files it is only shown the way to ours.
set -u
cd "$(dirname "$0")/.." || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
cp -a --reflink=auto "$NSPA_WINE_SOURCE" "$tree" || exit
go run ./cmd/winehooks -tsv "$work/hooks.tsv" apply "$tree" || exit
cp -r include "$tree/nspa-include"
cd "$tree" || exit
./tools/make_requests >/dev/null || exit

# Without what Wine's own interfaces ask for: handlers leave parameters unused, a
# status is unsigned and what it is compared with is not, tables of operations and
# trees are initialised by their first members.
warnings='-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers'
variable() { sed -n "s/^$1 *= *//p" Makefile; }
{
    cut -f 4 "$work/hooks.tsv" | grep '\.c$'
    find dlls programs server -path '*/nspa/*.c'
} | sort -u | while read -r file; do
    object=${file%.c}.o
    case $file in
    server/* | */unix/*) ;;
    dlls/* | programs/*) # <module>/x86_64-windows/<file>.o
        module=$(cut -d/ -f1,2 <<<"$file")
        object=$module/x86_64-windows/${object#"$module"/} ;;
    esac
    rm -f "$object"
    echo "$object"
done >"$work/objects"
xargs make -k -j"$(nproc)" CFLAGS="$(variable CFLAGS) -Inspa-include $warnings" \
    x86_64_CFLAGS="$(variable x86_64_CFLAGS) -Inspa-include $warnings" <"$work/objects" >"$work/log" 2>&1
status=$?
grep -E '^[^ ]*nspa/[^ ]*: (warning|error):' "$work/log" | sort -u
[ $status = 0 ] || grep -E ': error:|No rule' "$work/log"
exit $status
