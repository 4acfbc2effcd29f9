#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Links as Windows programs make and use them, with NSPA_REPARSE=1: the smoke
# test's part on links, 64-bit and 32-bit, with the bypass off and on; what it
# leaves, as Unix sees it; and cmd's commands. FULL=1: also node.exe and pnpm.exe
# (real.sh).
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bits.sh
. "$here/../bits.sh"
dir=$NSPA_BUILD/links
mkdir -p "$dir"
for bits in 64 32; do
    "$(cc_for $bits)" -std=gnu11 -O2 -g -Wall -Wextra -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 \
        -o "$dir/links$bits.exe" "$here"/../smoke/*.c -lntdll || exit
done

export WINEPREFIX=$NSPA_BUILD/prefix WINEDEBUG=-all
unset NSPA_LOCAL_FILES NSPA_REPARSE DISPLAY WAYLAND_DISPLAY
"$here/../../scripts/prefix.sh" "$WINEPREFIX" || exit
wineserver=$(dirname "$NSPA_WINE")/wineserver
prefix=$(realpath "$WINEPREFIX")
total_passed=0 total_failed=0

check() { # WHAT GOT PATTERN
    # shellcheck disable=SC2053  # a pattern
    if [[ $2 == $3 ]]; then
        total_passed=$((total_passed + 1))
    else
        printf 'links: %s: %s: expected %s, got %s\n' "$leg" "$1" "$3" "$2"
        total_failed=$((total_failed + 1))
    fi
}

same() { # WHAT GOT EXPECTED
    if [ "$2" = "$3" ]; then
        total_passed=$((total_passed + 1))
    else
        printf 'links: %s: %s:\n%s\n' "$leg" "$1" "$(diff <(echo "$3") <(echo "$2"))"
        total_failed=$((total_failed + 1))
    fi
}

program() { # BITS
    local output status passed failed
    output=$(timeout -k 5 120 "$NSPA_WINE" "$dir/links$1.exe" links </dev/null)
    status=$?
    printf '%s\n' "$output"
    read -r passed _ failed _ <<<"$(printf '%s\n' "$output" | tr -d '\r' | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)"
    if [ -z "$passed" ] || { [ $status != 0 ] && [ "$failed" = 0 ]; }; then
        echo "links: $leg: ended with status $status"
        failed=$((${failed:-0} + 1))
    fi
    total_passed=$((total_passed + ${passed:-0}))
    total_failed=$((total_failed + failed))
    check switch "$output" "*reparse points are on*"
}

# The texts of links, as docs/reparse.md has them: tag, kind, target.
junction=././///////////////////////////.//./
symlink=//././/////////////////////////.//./
marked=$prefix////.//.//
from_unix() {
    local left copy
    left=$(find "$prefix"/drive_c/users/*/ -type d -name '*smoke-links' 2>/dev/null | head -n 1)
    check "what is left" "$left" '/*'
    [ -n "$left" ] || return
    check "a file link's text" "$(readlink "$left/left-file")" "./$symlink/file"
    check "a directory link's text" "$(readlink "$left/left-dir")" "./$symlink././dir"
    check "an absolute link's text" "$(readlink "$left/left-absolute")" "/$symlink./$marked/dosdevices/c:${left#"$prefix/drive_c"}/dir"
    check "a junction's text" "$(readlink "$left/left-junction")" "/$junction$marked/dosdevices/c:${left#"$prefix/drive_c"}/dir"
    check "a file link" "$(cat "$left/left-file")" contents
    check "a directory link" "$(cat "$left/left-dir/inner")" inner
    check "an absolute link" "$(cat "$left/left-absolute/inner")" inner
    check "a junction" "$(cat "$left/left-junction/inner")" inner
    check "nothing else" "$(cd "$left" && echo .[!.]* *)" '*dir file left-absolute left-dir left-file left-junction plain sub'
    copy=$left-copy
    rm -rf "$copy" && mkdir "$copy"
    tar -C "$left" -cf - . | tar -C "$copy" -xf -
    check "a tape archive" "$(cd "$copy" && for f in left-*; do readlink "$f"; done)" "$(cd "$left" && for f in left-*; do readlink "$f"; done)"
    rm -rf "$copy"
}

# What cmd says, in lines without date and time.
commands() {
    local work=$prefix/drive_c/nspa-links output
    rm -rf "$work" && mkdir "$work"
    output=$(timeout -k 5 120 "$NSPA_WINE" cmd /c "Z:${here//\//\\}\\commands.cmd" </dev/null 2>&1 | tr -d '\r' |
        sed -E 's/^[0-9/.-]+ +[0-9:]+ *[AP]?M? +//')$'\n'
    printf '%s\n' "$output" >"$dir/commands-$leg.txt"
    check "mklink" "$output" $'*\nsymbolic link created for link <<===>> file\n*'
    check "mklink /D" "$output" $'*\nsymbolic link created for dirlink <<===>> dir\n*'
    check "mklink /J" "$output" $'*\nJunction created for junction <<===>> dir\n*'
    check "mklink /H" "$output" $'*\nHardlink created for hard <<===>> file\n*'
    check "mklink twice" "$output" $'*\ntwice: 1\n*'
    check "mklink of one name" "$output" $'*\nusage: 1\n*'
    check "mklink /J to itself" "$output" $'*\nitself: 0\n*'
    check "dir: a junction" "$output" $'*\n<JUNCTION>     junction [[]C:\\\\nspa-links\\\\dir]\n*'
    check "dir: a directory link" "$output" $'*\n<SYMLINKD>     dirlink [[]dir]\n*'
    check "dir: a file link" "$output" $'*\n<SYMLINK>      link [[]file]\n*'
    check "dir: a directory" "$output" $'*\n<DIR>          dir\n*'
    check "dir /S does not follow links" "$(grep -c 'deep-one' "$dir/commands-$leg.txt")" 1
    check "type" "$output" $'*\ntype: text\n*'
    check "del of a link" "$output" $'*\ndel: link gone, file there\n*'
    check "del of a junction empties it" "$output" $'*\ndel junction: junction there, victim gone\n*'
    check "rd of a junction" "$output" $'*\nrd: junction gone, dir there\n*'
    check "rd /S of a junction" "$output" $'*\nrd /S: junction gone, inner there\n*'
    check "rd /S of a tree with links" "$output" $'*\ntree: tree gone, inner there, file there\n*'
    check "copy" "$output" $'*\ncopy: text\n*'
    check "what copy made" "$(stat -c %F "$work/copied" 2>&1)" 'regular file'
    check "copy /L" "$(readlink "$work/copied-link" 2>&1)" "./$symlink/file"
    check "move" "$(readlink "$work/moved" 2>&1)" "./$symlink/file"
    check "xcopy follows links" "$(cat "$work/xcopied/sub/link" "$work/xcopied/sub/junction/inner" 2>&1)" $'text*\ninner*'
    check "what xcopy made" "$(find "$work/xcopied" -type l)" ''
}

for bits in $(all_bits links); do
    for mode in off on; do
        leg=$bits-$mode
        echo "links: $bits-bit, bypass $mode"
        "$wineserver" -k >/dev/null 2>&1
        export NSPA_REPARSE=1
        if [ $mode = on ]; then export NSPA_LOCAL_FILES=1; else unset NSPA_LOCAL_FILES; fi
        program "$bits"
        from_unix
        [ "$bits" = 32 ] || commands
        if [ "$bits" = 64 ] && [ -n "${FULL:-}" ]; then
            # shellcheck source=tests/links/real.sh
            . "$here/real.sh"
        fi
    done
done
"$wineserver" -k >/dev/null 2>&1
echo "$total_passed passed, $total_failed failed"
[ $total_failed = 0 ]
