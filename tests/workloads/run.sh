#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The workload programs do what the demo and the benchmarks rely on, switched
# off and on: equal checksums on whatever threads, errors counted, bad traces
# refused by line.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$NSPA_BUILD/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/nspa-workloads-XXXXXX") || exit
export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all
unset NSPA_LOCAL_FILES DISPLAY WAYLAND_DISPLAY
wineserver=$(dirname "$NSPA_WINE")/wineserver
finish() {
    "$wineserver" -k >/dev/null 2>&1
    rm -rf "$work"
}
trap finish EXIT
make -s -C "$here" OUT="$bin" && "$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit

passed=0 failed=0
ok() { # ok NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name ($mode)"
    fi
}
run() { timeout -k 5 60 "$NSPA_WINE" "$@" </dev/null >"$work/out" 2>&1; }
win() { printf 'Z:%s' "${1//\//\\}"; }
field() { grep -o "\"$2\":[^,}]*" "$1" | head -n 1 | cut -d: -f2-; }
replay() { # replay TRACE RESULT [ARGUMENT...]
    local trace=$1 result=$2
    shift 2
    rm -f "$result"
    run "$bin/replay.exe" --trace "$(win "$trace")" --data "$(win "$work/data")" --out "$(win "$result")" "$@"
}
refused() { # refused LINE-OF-THE-ERROR TRACE-LINE...
    local line=$1
    shift
    printf '%s\n' "$@" >"$work/bad.trace"
    replay "$work/bad.trace" "$work/bad.json"
    [ $? = 2 ] && grep -q "^trace line $line:" "$work/out" && [ ! -e "$work/bad.json" ]
}
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }

mkdir "$work/data" "$work/bench"
fill() { head -c "$2" /dev/zero | tr '\0' "$3" >"$1"; }
for i in $(seq 0 40); do fill "$work/data/file $i" $((i * 700 + 1)) $((i % 8)); done
for i in $(seq 0 15); do head -c 8192 /dev/zero >"$work/bench/bench-$i"; done
{
    echo 'nspa-trace 1'
    echo 'phase one'
    for i in $(seq 0 40); do printf 'open %d 80000000 1 3 80 all %%DATA%%\\file %d\n' $((i % 3)) "$i"; done
    echo 'phase two'
    for i in $(seq 20 40); do printf 'open 0 80000000 7 3 10000000 10@5,300 %%DATA%%\\FILE %d\n' "$i"; done
} >"$work/good.trace"
open='open 0 80000000 1 3 80 all'

checksum='' fonts=''
for mode in off on; do
    echo "workloads: $mode"
    "$wineserver" -k >/dev/null 2>&1
    if [ $mode = on ]; then export NSPA_LOCAL_FILES=1; fi

    ok 'replay as the trace says' replay "$work/good.trace" "$work/a.json"
    ok 'all opens succeed' same 0 "$(field "$work/a.json" total | tr -d '{')"
    ok 'all opens are made' same 62 "$(field "$work/a.json" opens)"
    for threads in main 1 5; do
        ok "replay on $threads" replay "$work/good.trace" "$work/b.json" --threads $threads
        ok "the same checksum on $threads" same "$(field "$work/a.json" checksum)" "$(field "$work/b.json" checksum)"
    done
    checksum=${checksum:-$(field "$work/a.json" checksum)}
    ok 'the same checksum off and on' same "$checksum" "$(field "$work/a.json" checksum)"
    fill "$work/data/file 3" 2101 x
    ok 'replay of changed data' replay "$work/good.trace" "$work/b.json"
    ok 'another checksum' test "$checksum" != "$(field "$work/b.json" checksum)"
    fill "$work/data/file 3" 2101 3

    printf 'nspa-trace 1\n%s Z:\\no\\such\n' "$open" >"$work/miss.trace"
    ok 'replay of a missing file' replay "$work/miss.trace" "$work/b.json"
    ok 'the error is counted by its code' grep -q '"by_code":{"3":1}' "$work/b.json"

    ok 'no version' refused 1 "$open Z:\\x"
    ok 'another version' refused 1 'nspa-trace 2'
    ok 'no path' refused 2 'nspa-trace 1' "$open"
    ok 'truncation' refused 3 'nspa-trace 1' "$open Z:\\x" 'open 0 80000000 1 5 80 - Z:\x'
    ok 'write access' refused 2 'nspa-trace 1' 'open 0 C0000000 1 3 80 - Z:\x'
    ok 'way out of the data' refused 2 'nspa-trace 1' "$open %DATA%\\..\\x"
    ok 'delete on close' refused 2 'nspa-trace 1' 'open 0 80000000 1 3 4000000 - %DATA%\x'
    ok 'huge read' refused 2 'nspa-trace 1' 'open 0 80000000 1 3 80 99999999 Z:\x'

    ok 'bench' run "$bin/bench.exe" --dir "$(win "$work/bench")" --out "$(win "$work/b.json")" --count 50 --ms 20
    ok 'bench ran every test' same 9 "$(grep -o '"p50_us"' "$work/b.json" | wc -l)"
    ok 'bench ran on 16 threads' grep -q '"threads":16,"per_s":[1-9]' "$work/b.json"
    ok 'nop' run "$bin/nop.exe"
    ok 'user32start' run "$bin/user32start.exe"
    ok 'user32start describes' run "$bin/user32start.exe" "$(win "$work/fonts-$mode")"
    ok 'user32start finds fonts' test "$(wc -l <"$work/fonts-$mode")" -gt 5
    ok 'user32start finds the same fonts' cmp -s "$work/fonts-off" "$work/fonts-$mode"
    ok 'fontlist' run "$bin/fontlist.exe" --out "$(win "$work/b.json")"
    ok 'fontlist finds fonts' grep -q '"families":[1-9]' "$work/b.json"
    fonts=${fonts:-$(field "$work/b.json" checksum)}
    ok 'fontlist finds the same fonts off and on' same "$fonts" "$(field "$work/b.json" checksum)"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
