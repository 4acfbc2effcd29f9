# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The Debian 13 userland everything is built and run in: the machine's own
# where it is Debian 13 with Wine 10.0 (MODE=direct), else a debootstrap tree
# in the cache (MODE=tree). Sourced by build.sh.

SUITE=trixie
WINE_VERSION=10.0

# What compiles Wine and the libraries and runs the tests, and what the
# packaged Wine wants for programs with windows.
PACKAGES=(
    wine wine64 libwine fonts-wine fonts-liberation
    gcc libc6-dev gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-i686-win32 make patch perl python3 ca-certificates
    flex bison autoconf automake gettext pkg-config dpkg-dev xz-utils unzip git
    libunwind-dev libvulkan-dev libxml-libxml-perl libz-mingw-w64-dev
    khronos-api unicode-data unicode-idna unicode-cldr-core shellcheck
    libgl1 libglx-mesa0 libxrandr2 libxinerama1 libxcursor1 libxi6 libxcomposite1 libxrender1 libxfixes3
)
read -r -a extra_packages <<<"${NSPA_EXTRA_PACKAGES:-}"
PACKAGES+=("${extra_packages[@]}")

# Sets MODE and ROOT, which is empty for the machine's own userland.
choose_root() {
    local codename version
    MODE=${NSPA_MODE:-}
    if [ -z "$MODE" ]; then
        MODE=tree
        # shellcheck source=/dev/null
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        if [ "$codename" = "$SUITE" ]; then
            version=$(apt-cache policy libwine 2>/dev/null | awk '/Installed:|Candidate:/ && $2 != "(none)" { print $2; exit }')
            # Without package lists, what comes is the suite's own version.
            case ${version:-$WINE_VERSION} in "$WINE_VERSION"*) MODE=direct ;; esac
        fi
    fi
    ROOT=
    if [ "$MODE" = tree ]; then
        case $TOP/ in /usr/*) die "$TOP is under /usr, which the Debian 13 tree hides; clone to another place" ;; esac
        ROOT="$CACHE/root-$(root_key)"
    fi
}

root_key() {
    { echo "$SUITE ${PACKAGES[*]}"; declare -f bootstrap configure_tree; } | hash
}

# in_root PROGRAM...: PATH holds the userland's own tools, and Go.
in_root() {
    env PATH="${GO_DIR:+$GO_DIR:}/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin" "$TOP/scripts/enter" "$ROOT" "$@"
}

# step_root: the userland with all of PACKAGES.
step_root() {
    if [ "$MODE" = direct ]; then
        packages base
        return
    fi
    if [ ! -e "$ROOT/.nspa/tree" ]; then
        as_owner root || return 0
        lock_cache root
        if [ ! -e "$ROOT/.nspa/tree" ]; then
            need_space "$CACHE" 4500
            install_here debootstrap debian-archive-keyring
            MIRROR=$(mirror)
            export_proxies
            say "root: debootstrap $SUITE"
            run root bootstrap
            configure_tree || die "root: cannot write $ROOT"
            : >"$ROOT/.nspa/tree"
        fi
        unlock_cache
    fi
    packages base
    # The table of mounts names the tree by its place, and caches get moved.
    if ! mounts | cmp -s - "$ROOT/.nspa/mounts"; then
        mounts >"$ROOT/.nspa/mounts" || die "root: cannot write $ROOT/.nspa/mounts"
    fi
}

# packages SET: have a set of packages in the userland.
packages() {
    local set=$1
    case $set in
    base) set -- "${PACKAGES[@]}" ;;
    go) set -- golang-go ;; # where the machine has no Go that is new enough
    demo) set -- nodejs npm ;;
    model) set -- spin ;;
    *) die "root: no package set '$set'" ;;
    esac
    if [ "$MODE" = direct ]; then
        install_here "$@"
        return
    fi
    [ ! -e "$ROOT/.nspa/packages-$set" ] || return 0
    as_owner root "$set" || return 0
    lock_cache root
    if [ ! -e "$ROOT/.nspa/packages-$set" ]; then
        need_space "$CACHE" 2500
        export_proxies
        say "root: install packages ($set)"
        run "root-$set" tree_install "$@"
        : >"$ROOT/.nspa/packages-$set"
    fi
    unlock_cache
}

# as_owner COMMAND...: true if this is root, who alone can make and fill a
# tree. Else build.sh COMMAND has been run by sudo, or the build ends here.
as_owner() {
    [ "$(id -u)" != 0 ] || return 0
    make_cache
    if sudo -n true 2>/dev/null; then
        say "root: by sudo"
        sudo -n env NSPA_CACHE="$CACHE" NSPA_MODE="$MODE" NSPA_EXTRA_PACKAGES="${NSPA_EXTRA_PACKAGES:-}" \
            "$TOP/build.sh" "$@" || exit
        return 1
    fi
    die "no root: a Debian 13 tree has to be made once; have root run: apt-get install debootstrap debian-archive-keyring && NSPA_CACHE=$CACHE $TOP/build.sh $*"
}

# install_here PACKAGE...: packages of the machine itself.
install_here() {
    local missing
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        die "no root, and packages are missing; have root run: apt-get install --no-install-recommends $missing"
    fi
    say "machine: apt-get install $missing"
    run packages install_here_now "$missing"
}

install_here_now() {
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo -n)
    # Package lists may be absent or old.
    # shellcheck disable=SC2086,SC2016 # a list of packages; expanded inside
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c '
        get="apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
        $get "$@" || { apt-get update && $get "$@"; }' sh $1
}

missing_packages() {
    # shellcheck disable=SC2016 # dpkg-query's own variables
    dpkg-query -W -f '${Package} ${Status}\n' "$@" 2>/dev/null | awk '/ ok installed$/ { print $1 }' |
        LC_ALL=C sort -u | LC_ALL=C comm -13 - <(printf '%s\n' "$@" | LC_ALL=C sort -u) | paste -sd ' '
}

# The Debian mirror apt uses here, or nothing: then debootstrap's default.
mirror() {
    local uri
    # shellcheck disable=SC2016 # apt's own variables
    uri=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian|Debian|//p' | head -n 1)
    case $uri in
    mirror+file:*) uri=$(sed -n 's/^[[:space:]]*\([a-z]*:[^[:space:]]*\).*/\1/p' "${uri#mirror+file:}" | head -n 1) ;;
    esac
    case $uri in http:* | https:* | file:*) echo "${uri%/}" ;; esac
}

# apt's proxies, as debootstrap knows them.
export_proxies() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    case ${proxy:-DIRECT} in DIRECT) ;; *) export http_proxy="${http_proxy:-$proxy}" ;; esac
    proxy=
    eval "$(apt-config shell proxy Acquire::https::Proxy)"
    case ${proxy:-DIRECT} in DIRECT) ;; *) export https_proxy="${https_proxy:-$proxy}" ;; esac
}

# In a private namespace: debootstrap's mounts end with it, however it ends.
bootstrap() {
    rm -rf --one-file-system "$ROOT"
    mkdir -p "$ROOT" "$CACHE/debs" &&
        unshare -m --propagation private debootstrap --variant=minbase --include=ca-certificates \
            --cache-dir="$CACHE/debs" "$SUITE" "$ROOT" ${MIRROR:+"$MIRROR"} &&
        rm -rf "$CACHE/debs"
}

# A tree to build in, not a system: no services, no manuals, and dpkg need not
# wait for the disk (a half-made tree is made again).
configure_tree() {
    mkdir -p "$ROOT/.nspa" "$ROOT/usr/local" "$ROOT/var/cache/fontconfig" &&
        printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" &&
        chmod 755 "$ROOT/usr/sbin/policy-rc.d" &&
        printf '%s\n' 'APT::Install-Recommends "false";' 'DPkg::Options:: "--force-unsafe-io";' \
            'Binary::apt-get::APT::Keep-Downloaded-Packages "true";' >"$ROOT/etc/apt/apt.conf.d/90nspa" &&
        printf '%s\n' 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/locale/*' \
            'path-exclude=/usr/share/doc/*' 'path-include=/usr/share/doc/*/copyright' \
            'path-include=/usr/share/doc/unicode-data/*' >"$ROOT/etc/dpkg/dpkg.cfg.d/90nspa"
    # (Wine's make_unicode reads a version from unicode-data's change log.)
}

# enter's mounts. /usr/local stays the machine's; what the machine lacks is no
# place to mount on.
mounts() {
    local path
    echo "/usr/local ${ROOT// /\\040}/usr/local none rbind 0 0"
    for path in /usr /etc/alternatives /etc/ld.so.cache /etc/fonts /var/lib/dpkg /var/cache/fontconfig; do
        [ ! -e $path ] || echo "${ROOT// /\\040}$path $path none rbind 0 0"
    done
}

tree_install() {
    tree_apt dpkg --configure -a &&
        tree_apt apt-get update &&
        tree_apt apt-get install -y --fix-broken &&
        tree_apt apt-get install -y "$@" &&
        tree_apt apt-get clean
}

# A command as in a machine of its own, with names resolved as this one does.
tree_apt() {
    cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/" || true
    # shellcheck disable=SC2016 # expanded inside
    unshare -m --propagation private sh -c '
        for d in proc sys dev; do mount --rbind "/$d" "$0/$d" || exit; done
        exec chroot "$0" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
            ${https_proxy:+https_proxy="$https_proxy"} "$@"' "$ROOT" "$@"
}
