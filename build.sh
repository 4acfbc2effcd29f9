#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh: everything from a fresh Debian 12 or 13 to a patched Wine.
# See usage below. Files of this clone go to build/; what clones can share
# goes to a cache, by content, so that nothing is built twice.
set -u
set -o pipefail

TOP=$(cd "$(dirname "$0")" && pwd)
CACHE=${NSPA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nspa}
case $CACHE in /*) ;; *) CACHE="$PWD/$CACHE" ;; esac
case ${NSPA_GEOMETRY:-} in '' | [1-9]*x[1-9]*) ;; *) echo "build.sh: NSPA_GEOMETRY is BUCKETSxSLOTS" >&2 && exit 1 ;; esac
BUILD="$TOP/build${NSPA_GEOMETRY:+/$NSPA_GEOMETRY}" # geometries do not mix
LOGS="$BUILD/log"
OVERLAY="$BUILD/overlay"
GO_DIR=
export LC_ALL=C.UTF-8

# shellcheck source=scripts/common.sh
. "$TOP/scripts/common.sh"
# shellcheck source=scripts/root.sh
. "$TOP/scripts/root.sh"
# shellcheck source=scripts/wine.sh
. "$TOP/scripts/wine.sh"
# shellcheck source=scripts/wine32.sh
. "$TOP/scripts/wine32.sh"
# shellcheck source=scripts/libs.sh
. "$TOP/scripts/libs.sh"
# shellcheck source=scripts/install.sh
. "$TOP/scripts/install.sh"
trap interrupted INT TERM HUP

usage() {
    cat <<EOF
usage: build.sh [COMMAND] [ARGUMENT...]

  all         what follows, up to the overlay (the default)
  root        the Debian 13 userland: this machine's own if it is Debian 13,
              else a tree in the cache (the only step that needs root)
  source      Debian's Wine $WINE_VERSION source, configured, built unpatched
  wine        what the patches change: ntdll.so, wineserver, kernelbase, kernel32, cmd
  wine32      the packaged Wine's 32-bit half, in the tree or beside it
  libs        build/lib/libnspa.so and libnspa_server.so
  programs    build/bin/nspactl and the workload programs
  overlay     build/overlay: the patched files before the packaged Wine's
  patches     wine-patches/$WINE_VERSION, from wine-patches/src and hooks
  --wine-src DIR [INSTALLATION]
              put the hooks into a copy of your own Wine tree, report where each
              went, and build if all have a place. A tree that is configured
              stays so, else WINE_CONFIGURE has arguments for its configure.
              With the installation made of it: build/wine-src/wine, which is
              that one with the patched files in front
  test SUITE...
              run test suites: go, fuzz, or those of tests/SUITE/run.sh
              (NSPA_TEST_WINE=DIR: under the patched Wine that is installed
              there, as build/wine-src/wine)
  lint        check the sources
  demo, bench run nspactl's demo or benchmarks
  install     the libraries, headers, overlay, runner and nspactl, to PREFIX
              (${PREFIX:-/usr/local}) below DESTDIR;  uninstall removes them
  run PROGRAM...
              run a program in the userland, with the build's environment
  info        where things are
  clean       remove build/;  clean --cache: and the cache

Environment: NSPA_CACHE, the cache (now $CACHE);
NSPA_EXTRA_PACKAGES, more packages for the userland;
NSPA_GEOMETRY=1x1, BUCKETSxSLOTS of the shared table, built in build/1x1.
EOF
}

case $(uname -m) in x86_64) ;; *) die "this machine is $(uname -m); nspa is for x86_64" ;; esac

setup_root() { choose_root && step_root && choose_go; }
setup_libs() { setup_root && step_libs; }
setup_wine() { setup_root && step_source && step_wine; }
setup() { setup_wine && step_wine32 && step_libs && step_overlay; }

# What suites and tools find in their environment.
export_environment() {
    export NSPA_BUILD="$BUILD" NSPA_LIB_DIR="$BUILD/lib" NSPA_ROOT="$ROOT" NSPA_OVERLAY="$OVERLAY" NSPA_CACHE="$CACHE"
    export NSPA_WINE_SOURCE="${BASE:-}" # unpatched, configured
    export NSPA_WINE="$OVERLAY/usr/lib/wine/wine64" NSPA_WINE_DEBIAN=/usr/lib/wine/wine64
}

command=${1:-all}
[ $# = 0 ] || shift
case $command in
all)
    setup && step_programs
    say "done: build/overlay/bin/wine-nspa PROGRAM.EXE runs a program" ;;
root)
    choose_root
    step_root
    packages "${1:-base}" ;;
source) setup_root && step_source ;;
wine) setup_wine ;;
patches)
    setup_root && step_source
    winehooks series "$BASE" "$SERIES_DIR" ;;
wine32) setup_root && step_wine32 ;;
libs) setup_libs ;;
programs) setup_root && step_programs ;;
overlay) setup ;;
--wine-src)
    [ $# = 1 ] || [ $# = 2 ] || die "--wine-src wants a directory"
    setup_libs
    wine_src "$@" ;;
test)
    if [ -n "${NSPA_TEST_WINE:-}" ]; then setup_libs; else setup; fi
    step_programs
    for suite; do
        case $suite${FULL:+-full} in model*) packages model ;; links-full) packages demo ;; esac
    done
    export_environment
    [ -z "${NSPA_TEST_WINE:-}" ] || test_wine "$NSPA_TEST_WINE"
    trap - INT TERM HUP
    NSPA_ELAPSED=$SECONDS in_root "$TOP/scripts/suites.sh" "$@" ;;
lint)
    setup_root && step_source
    export_environment
    say "lint"
    in_root "$TOP/scripts/lint.sh" </dev/null ;;
demo | bench)
    setup
    step_programs
    packages demo
    export_environment
    trap - INT TERM HUP
    # Entered once for all: no measured time has it in.
    in_root "$BUILD/bin/nspactl" "$command" "$@" ;;
install)
    setup
    step_programs
    step_install ;;
uninstall)
    step_uninstall ;;
run)
    setup_root
    export_environment
    trap - INT TERM HUP
    in_root "$@" ;;
info)
    choose_root
    export_environment
    env | grep '^NSPA_' | LC_ALL=C sort ;;
clean)
    rm -rf "$BUILD"
    case ${1:-} in --cache) rm -rf --one-file-system "$CACHE" ;; esac ;;
-h | --help | help) usage ;;
*)
    usage >&2
    die "no command '$command'" ;;
esac
