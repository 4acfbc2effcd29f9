/*
 * user32start.exe [OUT.TXT]: loads user32, asks for a device context and exits.
 * Every program with a window pays this: win32u looks for fonts at that moment.
 * With a file name it also writes what the device context and the fonts are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <windows.h>

/* Wine 10.0 gives some families the bytes of a time for a name when it takes
 * them from its cache in the registry. Real names here are all ASCII. */
static int CALLBACK write_font(const LOGFONTW *font, const TEXTMETRICW *metric, DWORD type, LPARAM out)
{
    const WCHAR *c = font->lfFaceName;

    while (*c && *c < 0x80) c++;
    if (*c) return 1;
    fprintf((FILE *)out, "%ls %d %ld %ld %lx\n", font->lfFaceName, font->lfCharSet, (long)metric->tmHeight,
            (long)metric->tmAveCharWidth, (unsigned long)type);
    return 1;
}

static int describe(HDC dc, const char *path)
{
    LOGFONTW all = { .lfCharSet = DEFAULT_CHARSET };
    FILE *out = fopen(path, "wb");

    if (!out) return 0;
    fprintf(out, "%d x %d, %d bits\n", GetDeviceCaps(dc, HORZRES), GetDeviceCaps(dc, VERTRES), GetDeviceCaps(dc, BITSPIXEL));
    EnumFontFamiliesExW(dc, &all, write_font, (LPARAM)out, 0);
    return !fclose(out);
}

int main(int argc, char **argv)
{
    HDC dc = GetDC(NULL);

    if (!dc) return 1;
    if (argc > 1 && !describe(dc, argv[1])) return 3;
    return ReleaseDC(NULL, dc) ? 0 : 2;
}
