/*
 * user32start.exe [OUT.TXT]: loads user32, asks for a device context and exits.
 * Every program with a window pays this: win32u looks for fonts at that moment.
 * With a file name it also writes what the device context and the fonts are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <windows.h>

static int CALLBACK write_font(const LOGFONTA *font, const TEXTMETRICA *metric, DWORD type, LPARAM out)
{
    fprintf((FILE *)out, "%s %d %ld %ld %lx\n", font->lfFaceName, font->lfCharSet, (long)metric->tmHeight,
            (long)metric->tmAveCharWidth, (unsigned long)type);
    return 1;
}

static int describe(HDC dc, const char *path)
{
    LOGFONTA all = { .lfCharSet = DEFAULT_CHARSET };
    FILE *out = fopen(path, "wb");

    if (!out) return 0;
    fprintf(out, "%d x %d, %d bits\n", GetDeviceCaps(dc, HORZRES), GetDeviceCaps(dc, VERTRES), GetDeviceCaps(dc, BITSPIXEL));
    EnumFontFamiliesExA(dc, &all, write_font, (LPARAM)out, 0);
    return !fclose(out);
}

int main(int argc, char **argv)
{
    HDC dc = GetDC(NULL);

    if (!dc) return 1;
    if (argc > 1 && !describe(dc, argv[1])) return 3;
    return ReleaseDC(NULL, dc) ? 0 : 2;
}
