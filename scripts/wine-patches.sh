#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-patches.sh OUT: write the patch series for Wine 10.0 to the directory OUT.
# Each file of wine-patches/hooks is a patch's message, the files of
# wine-patches/src that come with it (lines 'New: FILE'), and what it changes in
# files of Wine's.
set -eu
out=$(realpath -m "$1")
cd "$(dirname "$0")/../wine-patches"
rm -rf "$out"
mkdir -p "$out"

# place FILE: where a file of src belongs in Wine's tree.
place() {
    case $1 in
    ntdll/*) echo "dlls/ntdll/unix/${1#ntdll/}" ;;
    server/*) echo "$1" ;;
    *) echo "wine-patches.sh: no place known for src/$1" >&2 && exit 1 ;;
    esac
}

new_file() {
    local dest
    dest=$(place "$1")
    printf 'diff --git a/%s b/%s\nnew file mode 100644\n--- /dev/null\n+++ b/%s\n' "$dest" "$dest" "$dest"
    printf '@@ -0,0 +1,%d @@\n' "$(wc -l <"src/$1")"
    sed 's/^/+/' "src/$1"
}

for hook in hooks/*.patch; do
    name=${hook##*/}
    echo "$name" >>"$out/series"
    {
        printf 'From: nspa authors <nspa@users.noreply.example>\nSubject: [PATCH] '
        sed -n '/^New: /q; /^diff --git /q; p' "$hook"
        printf -- '---\n'
        sed -n 's/^New: //p' "$hook" | while read -r file; do new_file "$file"; done
        sed -n '/^diff --git /,$p' "$hook"
    } >"$out/$name"
done
