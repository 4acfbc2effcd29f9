/*
 * user32start.exe: loads user32, asks for a device context and exits. Every
 * program with a window pays this: win32u reads the fonts at that moment.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <windows.h>

int main(void)
{
    HDC dc = GetDC(NULL);

    if (!dc) return 1;
    return ReleaseDC(NULL, dc) ? 0 : 2;
}
