# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Wine: Debian's source, the patched parts, and the overlay tree that has them
# in front of the packaged Wine. Sourced by build.sh.

# What the patches change; each is put over the packaged file of its name.
WINE_TARGETS=(dlls/ntdll/ntdll.so server/wineserver
    dlls/kernelbase/{x86_64,i386}-windows/kernelbase.dll dlls/kernel32/{x86_64,i386}-windows/kernel32.dll
    programs/cmd/{x86_64,i386}-windows/cmd.exe)
SERIES_DIR=wine-patches/$WINE_VERSION

# The version of the userland's libwine.
wine_version() {
    local version
    # shellcheck disable=SC2016 # dpkg-query's own variable
    version=$(in_root dpkg-query -W -f '${Version}\n' libwine:amd64)
    [ -n "$version" ] || die "the userland has no libwine"
    echo "$version"
}

# step_source: sets BASE, Debian's source with the unpatched targets built.
step_source() {
    local version
    version=$(wine_version) || exit
    BASE="$CACHE/wine-$version-$({ hash_files scripts/wine-base.sh scripts/pe-icon.py; echo "${WINE_TARGETS[@]}"; } | hash)"
    [ ! -d "$BASE" ] || return 0
    lock_cache source
    [ -d "$BASE" ] || make_source "$version"
    unlock_cache
}

make_source() {
    local version=$1 dir
    need_space "$CACHE" 1500
    dir="$CACHE/source-$version"
    if [ ! -e "$dir/done" ]; then
        say "source: download wine $version"
        run source download_source "$version" "$dir"
        : >"$dir/done"
    fi
    say "source: unpack, configure, compile what the patches change, unpatched"
    rm -rf "$CACHE"/wine-*.part
    run wine-base in_root "$TOP/scripts/wine-base.sh" "$(echo "$dir"/wine_*.dsc)" "$BASE.part" "${WINE_TARGETS[@]}"
    mv "$BASE.part" "$BASE"
}

# own_apt LINE: sets the array own_apt to apt-get with package lists of its own,
# from a sources.list of this LINE, so that the machine's apt needs no change;
# KEYRING and MIRROR in it stand for what this userland has. Fetches the lists.
own_apt() {
    local line=$1 mirror dir
    if [ "$MODE" = tree ]; then
        mirror=$(awk '$1 == "deb" { print $2; exit }' "$ROOT/etc/apt/sources.list")
    else
        mirror=$(mirror)
    fi
    [ -n "$mirror" ] || { echo "apt's configuration names no Debian mirror"; return 1; }
    line=${line/KEYRING/signed-by=/usr/share/keyrings/debian-archive-keyring.gpg}
    line=${line/MIRROR/$mirror}
    dir=$CACHE/apt/$(echo "$line" | hash)
    mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
    echo "$line" >"$dir/sources.list"
    own_apt=(in_root apt-get -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir"
        -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=-
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=i386
        -o APT::Sandbox::User=root)
    "${own_apt[@]}" update
}

download_source() {
    local version=$1 dir=$2
    own_apt "deb-src [KEYRING] MIRROR $SUITE main" || return
    mkdir -p "$dir" && cd "$dir" || return
    # A mirror keeps the suite's newest revision only.
    "${own_apt[@]}" source --download-only "wine=$version" || "${own_apt[@]}" source --download-only wine
}

# step_wine: sets PATCHED, the patched targets.
step_wine() {
    local name patches=()
    [ -s "$TOP/$SERIES_DIR/series" ] || die "wine: no patch series in $SERIES_DIR"
    while read -r name _; do
        case $name in '' | '#'*) ;; *) patches+=("$SERIES_DIR/$name") ;; esac
    done <"$TOP/$SERIES_DIR/series"
    PATCHED="$CACHE/nspa-$({
        echo "$BASE ${WINE_TARGETS[*]}"
        hash_files "$SERIES_DIR/series" "${patches[@]}" include/*.h scripts/wine-apply.sh scripts/wine-patched.sh
    } | hash)"
    [ ! -d "$PATCHED" ] || return 0
    lock_cache "${PATCHED##*/}"
    if [ ! -d "$PATCHED" ]; then
        need_space "$CACHE" 1000
        say "wine: apply ${#patches[@]} patches, compile ${WINE_TARGETS[*]}"
        run wine-patched build_patched
        mv "$PATCHED.part" "$PATCHED"
        rm -rf "$PATCHED.work"
    fi
    unlock_cache
}

build_patched() {
    rm -rf "$PATCHED.work" "$PATCHED.part"
    copy_base "$PATCHED.work" || return
    in_root "$TOP/scripts/wine-apply.sh" "$TOP/$SERIES_DIR" "$PATCHED.work" || return
    WINE_WARNINGS=-Werror in_root "$TOP/scripts/wine-patched.sh" "$PATCHED.work" "$TOP/include" "$PATCHED.part" "${WINE_TARGETS[@]}"
}

# copy_base DIR: a copy of BASE to patch and build in. Most of it is only read, and
# linked; what a build writes is copied.
copy_base() {
    local dir target dirs=(include tools server)
    for target in "${WINE_TARGETS[@]}"; do
        dir=$(echo "$target" | cut -d/ -f1-2)
        case " ${dirs[*]} " in *" ${dir%%/wineserver} "*) ;; *) dirs+=("$dir") ;; esac
    done
    if [ ! -O "$BASE" ]; then # another user's files cannot be linked
        cp -a --reflink=auto "$BASE" "$1"
        return
    fi
    cp -al "$BASE" "$1" || return
    find "$1" -maxdepth 1 -type f -exec cp -p {} {}.copy \; -exec mv {}.copy {} \; || return
    for dir in "${dirs[@]}"; do
        rm -rf "${1:?}/$dir" && cp -a "$BASE/$dir" "$1/$dir" || return
    done
}

# step_overlay: build/overlay, where Wine finds everything relative to its own
# loader. Unix files are copies: a symbolic link would lead Wine's realpath
# back into the packaged tree. PE files are links. Files that did not change
# stay, and files that did are replaced whole: Wine may be running from them.
step_overlay() {
    local key
    key=$({ echo "$PATCHED $WINE32"; hash_files scripts/overlay.sh scripts/wine-nspa scripts/enter scripts/join.c; cat "$BUILD"/lib/*.so | hash; echo "$ROOT"; } | hash)
    [ "$key" != "$(cat "$BUILD/overlay.key" 2>/dev/null)" ] || return 0
    say "overlay: build/overlay"
    run overlay in_root "$TOP/scripts/overlay.sh" "$OVERLAY" "$PATCHED" "$BUILD/lib" "$WINE32"
    install -D "$TOP/scripts/wine-nspa" "$OVERLAY/bin/wine-nspa"
    install -D "$TOP/scripts/enter" "$OVERLAY/bin/enter"
    # Static: it runs before the tree's libraries are there.
    run join in_root gcc -std=gnu11 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -static -o "$OVERLAY/bin/join" "$TOP/scripts/join.c"
    echo "$ROOT" >"$OVERLAY/root"
    echo "$key" >"$BUILD/overlay.key"
}

# winehooks ARGUMENT...: the tool that knows where the hooks go.
winehooks() { (cd "$TOP" && in_root go run ./cmd/winehooks "$@"); }

# wine_src DIR [INSTALLATION]: the hooks in a user's own Wine tree.
wine_src() {
    local src work installation='' out="$BUILD/wine-src"
    src=$(cd "$1" 2>/dev/null && pwd) || die "--wine-src: no directory $1"
    [ -f "$src/server/protocol.def" ] || die "--wine-src: $src is not a Wine source tree"
    if [ $# = 2 ]; then
        installation=$(cd "$2" 2>/dev/null && pwd) || die "--wine-src: no directory $2"
    fi
    work="$out/tree"
    rm -rf "$out"
    mkdir -p "$work"
    say "wine-src: $(cat "$src/VERSION" 2>/dev/null || echo "$src")"
    winehooks -tsv "$out/hooks.tsv" report "$src" || die "wine-src: nothing was changed; the hooks are in wine-patches/hooks"
    tar -C "$src" --exclude=./.git --exclude='*.o' -cf - . | tar -C "$work" -xf - || die "wine-src: cannot copy $src"
    winehooks apply "$work" || die "wine-src: cannot change the copy of $src"
    # shellcheck disable=SC2034 # of common.sh
    LOGS="$out"
    say "wine-src: compile ${WINE_TARGETS[*]}"
    run build in_root "$TOP/scripts/wine-user.sh" "$work" "$TOP/include" "$out/out" "${WINE_TARGETS[@]}"
    say "wine-src: the files to put over your installation are in ${out#"$TOP/"}/out"
    [ -n "$installation" ] || return 0
    run overlay "$TOP/scripts/overlay-user.sh" "$installation" "$out/out" "$BUILD/lib" "$out/wine"
    say "wine-src: your installation with them: NSPA_LOCAL_FILES=1 ${out#"$TOP/"}/wine/bin/wine PROGRAM.EXE"
}

# test_wine DIR: suites run under the patched Wine of that installation.
test_wine() {
    local dir loader
    dir=$(cd "$1" 2>/dev/null && pwd) || die "test: no directory $1"
    for loader in wine wine64 ''; do [ -z "$loader" ] || [ ! -x "$dir/bin/$loader" ] || break; done
    [ -n "$loader" ] || die "test: $dir has no bin/wine"
    [ -e "$dir/bin/libnspa_server.so" ] || die "test: $dir has no libnspa_server.so: ./build.sh --wine-src makes a tree with it"
    export NSPA_WINE="$dir/bin/$loader" NSPA_WINE_DEBIAN="$dir/bin/$loader" NSPA_OVERLAY="$dir"
    # Prefixes of different Wines do not mix.
    NSPA_BUILD="$BUILD/test-$(echo "$dir" | hash)"
    export NSPA_BUILD
    mkdir -p "$NSPA_BUILD"
}
