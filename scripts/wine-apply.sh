#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-apply.sh SERIES_DIR TREE: apply the patches that SERIES_DIR/series names
# to TREE, which they were made for.
set -eu
while read -r name; do
    echo "== $name"
    # --force: ask nothing.
    patch -d "$2" -p1 --force --no-backup-if-mismatch --fuzz=0 <"$1/$name" || {
        echo "error: $name does not apply: run make patches"
        exit 1
    }
done <"$1/series"
