#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-user.sh TREE INCLUDE OUT TARGET...: build the targets in a Wine tree of
# the user's that has the hooks. A tree that is configured stays so; else
# WINE_CONFIGURE has arguments of the configure that the user's installation was
# made with (its --prefix most of all: Wine finds its files relative to it).
set -eu
tree=$1 include=$2 out=$3
shift 3
cd "$tree"
if [ ! -e config.status ] || [ -n "${WINE_CONFIGURE:-}" ]; then
    if [ -e Makefile ]; then make -s distclean >/dev/null 2>&1 || true; fi
    [ -e include/wine/server_protocol.h ] || ./tools/make_requests
    [ -e dlls/ntdll/ntsyscalls.h ] || ./tools/make_specfiles
    [ -x configure ] || autoreconf -f
    read -r -a arguments <<<"${WINE_CONFIGURE:-}"
    without=()
    for feature in alsa capi cups dbus ffmpeg fontconfig freetype gettext gphoto gnutls gssapi gstreamer \
        krb5 netapi opencl opengl oss pcap pcsclite pulse sane sdl udev usb v4l2 vulkan wayland x; do
        without+=("--without-$feature")
    done
    ./configure --enable-archs=i386,x86_64 --disable-tests "${without[@]}" "${arguments[@]}"
fi
# A tree may be without 32-bit programs.
targets=()
for target; do
    case $target in
    *-windows/*) grep -qF "$target:" Makefile || continue ;;
    esac
    targets+=("$target")
done
exec "$(dirname "$0")/wine-patched.sh" "$tree" "$include" "$out" "${targets[@]}"
