/*
 * inherit.exe PROGRAM FILE: what inheritable files cost CreateProcess
 *
 * For several numbers of inheritable read-only handles of FILE, prints the
 * median time of CreateProcess(PROGRAM) in microseconds, over 15 processes. Each
 * process gets handles that were opened for it, so that none has been handed to
 * wineserver before.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define ROUNDS 15

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const int counts[] = { 0, 1, 15, 30, 60, 120 };
    SECURITY_ATTRIBUTES sa = { sizeof(sa), NULL, TRUE };
    LARGE_INTEGER start, end, frequency;

    if (argc != 3) {
        fprintf(stderr, "usage: inherit.exe PROGRAM FILE\n");
        return 2;
    }
    QueryPerformanceFrequency(&frequency);
    for (unsigned i = 0; i < ARRAYSIZE(counts); i++) {
        double us[ROUNDS];

        for (int round = 0; round < ROUNDS; round++) {
            STARTUPINFOA startup = { .cb = sizeof(startup) };
            PROCESS_INFORMATION info;
            HANDLE files[120];

            for (int n = 0; n < counts[i]; n++) {
                files[n] = CreateFileA(argv[2], GENERIC_READ, FILE_SHARE_READ, &sa, OPEN_EXISTING, 0, NULL);
                if (files[n] == INVALID_HANDLE_VALUE) return 1;
            }
            QueryPerformanceCounter(&start);
            if (!CreateProcessA(argv[1], NULL, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &info)) return 1;
            QueryPerformanceCounter(&end);
            us[round] = (end.QuadPart - start.QuadPart) * 1e6 / frequency.QuadPart;
            WaitForSingleObject(info.hProcess, INFINITE);
            CloseHandle(info.hThread);
            CloseHandle(info.hProcess);
            for (int n = 0; n < counts[i]; n++) CloseHandle(files[n]);
        }
        qsort(us, ROUNDS, sizeof(us[0]), compare);
        printf("%3d files %9.1f us\n", counts[i], us[ROUNDS / 2]);
        fflush(stdout);
    }
    return 0;
}
