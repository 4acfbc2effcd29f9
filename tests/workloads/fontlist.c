/*
 * fontlist: makes DirectWrite list the system's fonts, as browsers and office
 * programs do when they start. Wine's DirectWrite opens and maps each file for
 * that (its GDI reads the files without a request). Times the list and says
 * what is on it.
 *
 *     fontlist --out JSON [--gate FILE]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define COBJMACROS
#define INITGUID
#include "wl.h"
#include <dwrite.h>

static void check(const char *what, HRESULT hr)
{
    if (FAILED(hr)) wl_die("%s: error %lx", what, (unsigned long)hr);
}

static wchar_t *widen(const char *s)
{
    wchar_t *w = wl_alloc((strlen(s) + 1) * sizeof(*w));

    MultiByteToWideChar(CP_ACP, 0, s, -1, w, strlen(s) + 1);
    return w;
}

int main(int argc, char **argv)
{
    const char *out = NULL, *gate_path = NULL;
    IDWriteFontCollection *fonts;
    IDWriteFactory *factory;
    UINT32 families, faces = 0;
    uint64_t start, wall, sum = 0;
    wl_gate gate;
    FILE *f;

    for (int i = 1; i < argc; i++) {
        const char **dst = !strcmp(argv[i], "--out") ? &out : !strcmp(argv[i], "--gate") ? &gate_path : NULL;
        if (!dst || ++i == argc) wl_die("usage: fontlist --out JSON [--gate FILE]");
        *dst = argv[i];
    }
    if (!out) wl_die("fontlist: --out is needed");
    check("DWriteCreateFactory", DWriteCreateFactory(DWRITE_FACTORY_TYPE_SHARED, &IID_IDWriteFactory, (IUnknown **)&factory));
    gate = wl_gate_open(gate_path ? widen(gate_path) : NULL);

    wl_gate_pass(&gate, 1, 2);
    start = wl_ref_ns();
    check("GetSystemFontCollection", IDWriteFactory_GetSystemFontCollection(factory, &fonts, FALSE));
    wall = wl_ref_ns() - start;
    wl_gate_pass(&gate, 3, 4);

    /* Families come in the order of the registry, which may differ: add up. */
    families = IDWriteFontCollection_GetFontFamilyCount(fonts);
    for (UINT32 i = 0; i < families; i++) {
        IDWriteLocalizedStrings *names;
        IDWriteFontFamily *family;
        WCHAR name[256] = { 0 };
        uint64_t h = 14695981039346656037u;

        check("GetFontFamily", IDWriteFontCollection_GetFontFamily(fonts, i, &family));
        check("GetFamilyNames", IDWriteFontFamily_GetFamilyNames(family, &names));
        check("GetString", IDWriteLocalizedStrings_GetString(names, 0, name, 256));
        for (WCHAR *p = name; *p; p++) h = (h ^ *p) * 1099511628211u;
        faces += IDWriteFontFamily_GetFontCount(family);
        sum += (h ^ IDWriteFontFamily_GetFontCount(family)) * 1099511628211u;
        IDWriteLocalizedStrings_Release(names);
        IDWriteFontFamily_Release(family);
    }
    f = fopen(out, "wb");
    if (!f) wl_die("cannot write %s", out);
    fprintf(f, "{\"schema\":1,\"program\":\"fontlist\",\"families\":%u,\"faces\":%u,\"checksum\":\"%016llx\",\"wall_ms\":%.3f}\n",
            families, faces, (unsigned long long)sum, wall / 1e6);
    return fclose(f) ? 2 : 0;
}
