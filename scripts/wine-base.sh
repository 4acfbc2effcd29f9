#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# wine-base.sh SOURCE.dsc DIR TARGET...: unpack Debian's Wine into DIR, make
# the files its repacked source lacks, configure, and build the unpatched
# targets, so that a patched build later compiles only what the patches touch.
set -eu
here=$(realpath "$(dirname "$0")")
dsc=$1 dir=$2
shift 2

# The distribution's archive signature has been checked by apt.
dpkg-source --no-check --no-copy -x "$dsc" "$dir"
cd "$dir"
rm -rf .pc

# As override_dh_auto_configure in debian/rules does, which also has the links
# for the icons.
./tools/make_unicode
./tools/make_requests
./tools/make_specfiles
(cd dlls/dsound && ./make_fir)
(cd dlls/opengl32 && ./make_opengl)
(cd dlls/winevulkan && ./make_vulkan -x /usr/share/vulkan/registry/vk.xml -X /usr/share/vulkan/registry/video.xml)
ln -sf /usr/share/misc/config.sub /usr/share/misc/config.guess tools
sed -n 's/^\t\(ln -sf \.\.\/.*\)$/\1/p' debian/rules | sh -e
rm -rf libs/zlib
"$here/pe-icon.py" /usr/lib/x86_64-linux-gnu/wine/x86_64-windows/cmd.exe programs/cmd/wcmd.ico
autoreconf -f
rm -rf autom4te.cache

# Debian's own compiler flags and paths: ntdll finds its data relative to them.
CFLAGS=$(DEB_BUILD_MAINT_OPTIONS=hardening=+all,-fortify,-stackprotector,-format \
    DEB_CFLAGS_MAINT_APPEND=-Wno-format dpkg-buildflags --get CFLAGS)
libdir=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/wine
# PE files for both, since programs of both run on one ntdll.so; without the
# debugging data that Debian's have, and nothing that the targets do without.
without=()
for feature in alsa capi cups dbus ffmpeg fontconfig freetype gettext gphoto gnutls gssapi gstreamer \
    krb5 netapi opencl opengl oss pcap pcsclite pulse sane sdl udev usb v4l2 vulkan wayland x; do
    without+=("--without-$feature")
done
./configure --enable-archs=i386,x86_64 --with-mingw --disable-tests \
    --libdir="$libdir" --bindir=/usr/lib/wine --mandir=/usr/share/man \
    --includedir=/usr/include/wine --datarootdir=/usr/share/wine \
    "${without[@]}" ZLIB_PE_LIBS=z LDFLAGS= CROSSCFLAGS=-O2 CFLAGS="$CFLAGS"
make -j"$(nproc)" "$@"
