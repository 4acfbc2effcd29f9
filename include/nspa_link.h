/*
 * libnspa: the text of a symlink that is a reparse point
 *
 * Copyright 2026 the nspa authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * ---------------------------------------------------------------------------
 *
 * Reading link texts, as inline C: a listing, an attribute, an open through a
 * link must cost neither an allocation nor a call into another language, and
 * real-time threads do all three.  docs/reparse.md has the format;
 * reparse/formata.go and codec.go are the same rules in Go, and the fuzz tests
 * compare the two.
 *
 * Nothing here touches the file system, keeps anything, or fails.
 */

#ifndef __NSPA_LINK_H
#define __NSPA_LINK_H

#include <stdint.h>
#include <string.h>

#define NSPA_TAG_MOUNT_POINT   0xa0000003u
#define NSPA_TAG_SYMLINK       0xa000000cu
#define NSPA_TAG_LX_SYMLINK    0xa000001du

#define NSPA_LINK_MAX_TEXT     4095u
#define NSPA_LINK_MARKER       "////.//.//"  /* 'P' in 8 tokens, after the Wine prefix */
#define NSPA_LINK_MARKER_LEN   10u
#define NSPA_LINK_LEGACY       ".REPARSE_POINT/"  /* of wine-staging 7.18 to 10.18 */

/* A link text taken apart.  The pointers lead into the text. */
struct nspa_link
{
    uint32_t    tag;          /* NSPA_TAG_* */
    int         relative;
    int         directory;    /* always for mount points, never for WSL links */
    const char *path;         /* what follows head, tag and flag; all of a WSL link */
    uint32_t    path_len;     /* bytes */
    const char *inside;       /* in path, what follows the marker; NULL without one */
};

/* The next token: 0 is "/", 1 is "./", -1 neither. */
static inline int nspa_link_token( const char **pos, const char *end )
{
    if (*pos < end && **pos == '/') return (*pos)++, 0;
    if (end - *pos >= 2 && (*pos)[0] == '.' && (*pos)[1] == '/') return *pos += 2, 1;
    return -1;
}

/* One character of UTF-8, at most U+10FFFF and no surrogate; -1 for what is none. */
static inline int32_t nspa_link_char( const char **pos, const char *end )
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)*pos;
    uint32_t c = *p;
    int i, len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (!len || end - *pos < len) return -1;
    if (len > 1) c &= 0x7f >> len;
    for (i = 1; i < len; i++)
    {
        if ((p[i] & 0xc0) != 0x80) return -1;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return -1;
    *pos += len;
    return c;
}

/* Whether NT can spell the path: no NUL, no backslash, valid UTF-8. */
static inline int nspa_link_spellable( const char *pos, const char *end )
{
    int32_t c;

    while (pos < end)
        if ((c = nspa_link_char( &pos, end )) <= 0 || c == '\\') return 0;
    return 1;
}

/* What is not strictly the text of a mount point or a symbolic link is the target of
 * a WSL link, as every plain symlink is. */
static inline void nspa_link_parse( const char *text, uint32_t len, struct nspa_link *link )
{
    const char *pos = text, *end = text + len, *inside = NULL;
    int i, token, relative, directory = 1;
    uint32_t tag = 0;

    link->tag       = NSPA_TAG_LX_SYMLINK;
    link->relative  = link->directory = 0;
    link->path      = text;
    link->path_len  = len;
    link->inside    = NULL;

    if ((relative = nspa_link_token( &pos, end )) == -1) return;
    for (i = 0; i < 32; i++)
    {
        if ((token = nspa_link_token( &pos, end )) == -1) return;
        tag |= (uint32_t)token << i;
    }
    if (tag == NSPA_TAG_SYMLINK) directory = nspa_link_token( &pos, end );
    else if (tag != NSPA_TAG_MOUNT_POINT || relative) return;
    if (directory == -1 || pos == end || (*pos == '/') == relative) return;
    if (!relative)
    {
        for (inside = pos; end - inside >= (int)NSPA_LINK_MARKER_LEN; inside++)
            if (!memcmp( inside, NSPA_LINK_MARKER, NSPA_LINK_MARKER_LEN )) break;
        if (end - inside < (int)NSPA_LINK_MARKER_LEN) inside = NULL;
        else if ((inside += NSPA_LINK_MARKER_LEN) == end || *inside != '/') return;
    }
    if (!nspa_link_spellable( inside ? inside : pos, end )) return;

    link->tag       = tag;
    link->relative  = relative;
    link->directory = directory;
    link->path      = pos;
    link->path_len  = end - pos;
    link->inside    = inside;
}

static inline int nspa_link_is_legacy( const char *text, uint32_t len )
{
    return len >= sizeof(NSPA_LINK_LEGACY) - 1 && !memcmp( text, NSPA_LINK_LEGACY, sizeof(NSPA_LINK_LEGACY) - 1 );
}

/* ---- The NT target ---- */

/* A Wine prefix. */
struct nspa_link_prefix
{
    const char *dir;          /* canonical, absolute, without trailing slash */
    uint32_t    dir_len;
    const char *roots[26];    /* where the drives lead, "" for "/", NULL for none; no trailing slash */
    uint32_t    root_lens[26];
};

/* Append a path to the len characters of nt, with a backslash for each slash.
 * -1 if it has no NT name, or there is no room. */
static inline int nspa_link_append_nt( uint16_t *nt, int len, int max, const char *path, uint32_t path_len )
{
    const char *pos = path, *end = path + path_len;
    int32_t c;

    while (pos < end)
    {
        if ((c = nspa_link_char( &pos, end )) <= 0 || c == '\\' || max - len < 2) return -1;
        if (c == '/') c = '\\';
        if (c >= 0x10000)
        {
            nt[len++] = 0xd800 + ((c - 0x10000) >> 10);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        nt[len++] = c;
    }
    return len;
}

static inline int nspa_link_append_ascii( uint16_t *nt, const char *s )
{
    int len;

    for (len = 0; s[len]; len++) nt[len] = s[len];
    return len;
}

/* Whether the path is dir or below it. */
static inline int nspa_link_is_under( const char *path, uint32_t len, const char *dir, uint32_t dir_len )
{
    return len >= dir_len && !memcmp( path, dir, dir_len ) && (len == dir_len || path[dir_len] == '/');
}

/* The NT name of an absolute Unix path, in nt, which has room for max >= 16
 * characters: below the innermost drive, the first of equal ones, or \??\unix.  Gives the
 * number of characters, or -1. */
static inline int nspa_link_nt_path( const struct nspa_link_prefix *prefix, const char *path, uint32_t len,
                                     uint16_t *nt, int max )
{
    static const char devices[] = "/dosdevices/";
    const uint32_t devices_len = sizeof(devices) - 1;
    const char *rest = path + prefix->dir_len;
    int i, drive = -1, pos;
    uint32_t cut = 0;

    if (nspa_link_is_under( path, len, prefix->dir, prefix->dir_len ) && len >= prefix->dir_len + devices_len + 2 &&
        !memcmp( rest, devices, devices_len ) && rest[devices_len] >= 'a' && rest[devices_len] <= 'z' &&
        rest[devices_len + 1] == ':' &&
        (len == prefix->dir_len + devices_len + 2 || rest[devices_len + 2] == '/'))
    {
        drive = rest[devices_len] - 'a';
        cut = prefix->dir_len + devices_len + 2;
    }
    else for (i = 0; i < 26; i++)
    {
        if (!prefix->roots[i] || (drive != -1 && prefix->root_lens[i] <= cut)) continue;
        if (!nspa_link_is_under( path, len, prefix->roots[i], prefix->root_lens[i] )) continue;
        drive = i;
        cut = prefix->root_lens[i];
    }
    if (drive == -1) pos = nspa_link_append_ascii( nt, "\\??\\unix" );
    else
    {
        pos = nspa_link_append_ascii( nt, "\\??\\A:" );
        nt[4] += drive;
    }
    return nspa_link_append_nt( nt, pos, max, path + cut, len - cut );
}

/* The NT target of a mount point or symbolic link, in nt, which has room for max >= 16
 * characters.  moved says that the link lies in this prefix: a marker for another place
 * then means that the prefix has moved.  Gives the number of characters; -1 if the target
 * has no NT name. */
static inline int nspa_link_target( const struct nspa_link_prefix *prefix, const struct nspa_link *link, int moved,
                                    uint16_t *nt, int max )
{
    char path[2 * NSPA_LINK_MAX_TEXT];
    uint32_t head, tail;

    if (link->relative) return nspa_link_append_nt( nt, 0, max, link->path, link->path_len );
    if (!link->inside) return nspa_link_nt_path( prefix, link->path, link->path_len, nt, max );

    head = link->inside - link->path - NSPA_LINK_MARKER_LEN;
    tail = link->path + link->path_len - link->inside;
    if (moved) head = prefix->dir_len;
    if (head > NSPA_LINK_MAX_TEXT || tail > NSPA_LINK_MAX_TEXT) return -1;
    memcpy( path, moved ? prefix->dir : link->path, head );
    memcpy( path + head, link->inside, tail );
    return nspa_link_nt_path( prefix, path, head + tail, nt, max );
}

/* ---- The buffer ---- */

#define NSPA_LINK_MAX_BUFFER   16384u  /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */
#define NSPA_LINK_MIN_OUTPUT   28u     /* the least output buffer that Windows takes for GET */

static inline void nspa_link_put16( unsigned char *p, uint32_t value )
{
    p[0] = value;
    p[1] = value >> 8;
}

static inline void nspa_link_put32( unsigned char *p, uint32_t value )
{
    nspa_link_put16( p, value );
    nspa_link_put16( p + 2, value >> 16 );
}

/* The REPARSE_DATA_BUFFER of a link text, in buffer, which has NSPA_LINK_MAX_BUFFER
 * bytes.  Gives its size; 0 if the target has no NT name or is too long. */
static inline uint32_t nspa_link_decode( const struct nspa_link_prefix *prefix, const char *text, uint32_t len,
                                         int moved, unsigned char *buffer )
{
    uint16_t nt[NSPA_LINK_MAX_TEXT + 16];
    uint32_t base, sub, print, skip, size;
    struct nspa_link link;
    unsigned char *out;
    int chars, i;

    nspa_link_parse( text, len, &link );
    memset( buffer, 0, 20 );
    nspa_link_put32( buffer, link.tag );
    if (link.tag == NSPA_TAG_LX_SYMLINK)
    {
        if (!len || len > NSPA_LINK_MAX_TEXT) return 0;
        nspa_link_put16( buffer + 4, 4 + len );
        buffer[8] = 2;
        memcpy( buffer + 12, text, len );
        return 12 + len;
    }
    if ((chars = nspa_link_target( prefix, &link, moved, nt, sizeof(nt) / sizeof(nt[0]) )) == -1) return 0;

    base  = link.tag == NSPA_TAG_SYMLINK ? 20 : 16;
    skip  = link.relative ? 0 : 4;  /* \??\ is not printed */
    sub   = 2 * chars;
    print = 2 * (chars - skip);
    size  = base + sub + 2 + print + 2;
    if (size > NSPA_LINK_MAX_BUFFER) return 0;
    nspa_link_put16( buffer + 4, size - 8 );
    nspa_link_put16( buffer + 10, sub );
    nspa_link_put16( buffer + 12, sub + 2 );
    nspa_link_put16( buffer + 14, print );
    if (base == 20) buffer[16] = link.relative;
    out = buffer + base;
    for (i = 0; i < chars; i++, out += 2) nspa_link_put16( out, nt[i] );
    nspa_link_put16( out, 0 );
    out += 2;
    for (i = skip; i < chars; i++, out += 2) nspa_link_put16( out, nt[i] );
    nspa_link_put16( out, 0 );
    return size;
}

#endif  /* __NSPA_LINK_H */
