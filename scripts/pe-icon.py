#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pe-icon.py PROGRAM ICON: write the first icon of a PE program to an .ico file.

Debian's source has Wine's icons as drawings only, and rendering them takes
programs that nothing else here needs; the packaged program has the result.
"""
import struct
import sys

RT_ICON, RT_GROUP_ICON = 3, 14


def resources(data):
    """Returns {type: {id: bytes}} for the first language of each resource."""
    (pe,) = struct.unpack_from("<I", data, 0x3C)
    sections, optional = struct.unpack_from("<H", data, pe + 6)[0], struct.unpack_from("<H", data, pe + 20)[0]
    wide = struct.unpack_from("<H", data, pe + 24)[0] == 0x20B
    (root,) = struct.unpack_from("<I", data, pe + 24 + (112 if wide else 96) + 2 * 8)

    def offset(rva):
        for i in range(sections):
            size, address, raw, position = struct.unpack_from("<4I", data, pe + 24 + optional + i * 40 + 8)
            if address <= rva < address + max(size, raw):
                return rva - address + position
        raise ValueError("address %#x is in no section" % rva)

    base = offset(root)

    def entries(at):
        named, numbered = struct.unpack_from("<2H", data, base + at + 12)
        for i in range(named + numbered):
            yield struct.unpack_from("<2I", data, base + at + 16 + i * 8)

    found = {}
    for kind, at in entries(0):
        for name, languages in entries(at & 0x7FFFFFFF):
            _, leaf = next(entries(languages & 0x7FFFFFFF))
            rva, size = struct.unpack_from("<2I", data, base + leaf)
            start = offset(rva)
            found.setdefault(kind, {})[name] = data[start:start + size]
    return found


def main(program, icon):
    with open(program, "rb") as f:
        found = resources(f.read())
    group = next(iter(found[RT_GROUP_ICON].values()))
    reserved, kind, count = struct.unpack_from("<3H", group)
    head, images = struct.pack("<3H", reserved, kind, count), b""
    for i in range(count):
        entry = group[6 + i * 14:20 + i * 14]
        image = found[RT_ICON][struct.unpack_from("<H", entry, 12)[0]]
        head += entry[:12] + struct.pack("<I", 6 + 16 * count + len(images))
        images += image
    with open(icon, "wb") as f:
        f.write(head + images)


main(sys.argv[1], sys.argv[2])
