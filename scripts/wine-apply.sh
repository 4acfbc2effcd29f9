#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-apply.sh SERIES_DIR TREE [REPORT]: apply the patches that
# SERIES_DIR/series names to TREE. REPORT gets a row per hunk:
# patch, file, number, clean|moved|failed, remark. Status 1: a hunk failed.
# A failed patch does not end it, so that the report is whole.
set -u
dir=$1 tree=$2 report=${3:-/dev/null}
: >"$report" || exit
status=0
while read -r name _; do
    case $name in '' | '#'*) continue ;; esac
    echo "== $name"
    # --force: ask nothing. No .orig files; what fails leaves a .rej.
    output=$(LC_ALL=C patch -d "$tree" -p1 --verbose --force --no-backup-if-mismatch <"$dir/$name" 2>&1) || {
        status=1
        bad="${bad:-} $name"
    }
    printf '%s\n' "$output"
    printf '%s\n' "$output" | awk -v patch="$name" -v OFS='\t' '
        /^\|(---|\+\+\+) / { named = $2; sub(/^[ab]\//, "", named); next }
        /^[Pp]atching file / { file = $3; gsub(/'"'"'/, "", file); next }
        /^(can.t find file to patch|No file to patch)/ { file = named; missing = 1; next }
        /^Hunk #[0-9]+ / {
            n = $2; sub(/#/, "", n)
            remark = ""
            if (match($0, /\(.*\)/)) remark = substr($0, RSTART + 1, RLENGTH - 2)
            if (/succeeded/) result = remark == "" ? "clean" : "moved"
            else { result = "failed"; remark = missing ? "no such file" : "context not found" }
            print patch, file, n, result, remark
        }
        /hunks? ignored/ { missing = 0 }' >>"$report"
done <"$dir/series"
[ -z "${bad:-}" ] || echo "error: does not apply:$bad"
exit $status
