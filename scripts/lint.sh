#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lint.sh: what can be said about the sources without running them.
set -u
cd "$(dirname "$0")/.." || exit
STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
passed=0 failed=0

# check NAME COMMAND...: passes if the command succeeds and says nothing.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1) && [ -z "$output" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "lint: $name"
    printf '%s\n' "$output" | head -n 50 | sed 's/^/    | /'
}

# Files of the project: tracked, or new and not ignored.
files() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
scripts() {
    files | while read -r f; do
        case $f in *.sh) echo "$f" && continue ;; *.*) continue ;; esac
        head -n 1 "$f" | grep -aqE '^#!/bin/(ba)?sh' && echo "$f"
    done
}

go_files() { files '*.go' | xargs gofmt -l; }
check gofmt go_files
check 'go vet' go vet ./...
check staticcheck go run $STATICCHECK ./...

# cgo's own code is warned about by nobody, the project's C by everything.
warnings=(-std=gnu11 -D_GNU_SOURCE= -Wall -Wextra -Werror -Iinclude)
mapfile -t sources < <(files 'capi/*.c' 'core/*.c' 'shm/*.c' 'reparse/*.c' 'scripts/*.c')
for file in "${sources[@]}"; do check "gcc $file" gcc "${warnings[@]}" -O2 -fsyntax-only "$file"; done
mapfile -t headers < <(files 'include/*.h')
for file in "${headers[@]}"; do check "gcc $file" gcc "${warnings[@]}" -Wno-unused-function -fsyntax-only -x c "$file"; done
check 'cgo' env CGO_CFLAGS='-O2 -g -Werror' go build -o /dev/null ./core ./shm ./reparse/change
mapfile -t programs < <(files tests/{smoke,workloads,oracle,torture,wineserver}/'*.c' tests/traps/traps.c | grep -v _native)
for file in "${programs[@]}"; do
    check "mingw $file" x86_64-w64-mingw32-gcc -std=gnu11 -Wall -Wextra -Werror \
        -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 -O2 -fsyntax-only "$file"
done

check 'C in Wine' scripts/lint-wine.sh

# The series is what its sources make it.
patches() {
    local out
    out=$(mktemp -d)
    go run ./cmd/winehooks series "$NSPA_WINE_SOURCE" "$out/series" &&
        diff -r "$out/series" wine-patches/10.0
    rm -rf "$out"
}
check 'wine-patches/10.0: make patches' patches

mapfile -t shell < <(scripts)
for file in "${shell[@]}"; do check "shellcheck $file" shellcheck -x -P SCRIPTDIR "$file"; done

echo "$passed passed, $failed failed"
[ $failed = 0 ]
