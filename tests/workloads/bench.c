/*
 * bench.exe: microbenchmarks of open-read-close and of what programs do around
 * it, as a Windows program. bench.h says how it is run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wl.h"

#define FILES    16
#define READ_LEN 4096

typedef struct {
    wchar_t path[FILES][MAX_PATH];
    wchar_t module[MAX_PATH];
    char buf[READ_LEN];
} ctx;

static void set_paths(ctx *c, const char *dir)
{
    wchar_t wide[MAX_PATH - 16];

    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, dir, -1, wide, MAX_PATH - 16))
        wl_die("--dir is too long or not UTF-8");
    for (unsigned i = 0; i < FILES; i++) _snwprintf(c->path[i], MAX_PATH, L"%ls\\bench-%u", wide, i);
    _snwprintf(c->module, MAX_PATH, L"%ls\\bench.dll", wide);
}

static HANDLE open_read(const wchar_t *path)
{
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
}

static int orc(ctx *c, uint32_t i)
{
    HANDLE f = open_read(c->path[i % FILES]);
    DWORD got;

    if (f == INVALID_HANDLE_VALUE) return 1;
    if (!ReadFile(f, c->buf, READ_LEN, &got, NULL) || got != READ_LEN) return 2;
    return CloseHandle(f) ? 0 : 3;
}

static int oc(ctx *c, uint32_t i)
{
    HANDLE f = open_read(c->path[i % FILES]);

    if (f == INVALID_HANDLE_VALUE) return 1;
    return CloseHandle(f) ? 0 : 3;
}

/* What is declined after a look at the arguments. */
static int oc_write(ctx *c, uint32_t i)
{
    HANDLE f = CreateFileW(c->path[i % FILES], GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);

    if (f == INVALID_HANDLE_VALUE) return 1;
    return CloseHandle(f) ? 0 : 3;
}

static int oc_module(ctx *c, uint32_t i)
{
    HANDLE f = open_read(c->module);

    (void)i;
    if (f == INVALID_HANDLE_VALUE) return 1;
    return CloseHandle(f) ? 0 : 3;
}

static int orc_stat(ctx *c, uint32_t i)
{
    BY_HANDLE_FILE_INFORMATION info;
    FILE_STANDARD_INFO std;
    HANDLE f = open_read(c->path[i % FILES]);
    DWORD got;

    if (f == INVALID_HANDLE_VALUE) return 1;
    if (GetFileType(f) != FILE_TYPE_DISK) return 4;
    if (!GetFileInformationByHandle(f, &info)) return 5;
    if (!GetFileInformationByHandleEx(f, FileStandardInfo, &std, sizeof(std))) return 6;
    if (!ReadFile(f, c->buf, READ_LEN, &got, NULL) || got != READ_LEN) return 2;
    return CloseHandle(f) ? 0 : 3;
}

static int orc_volume(ctx *c, uint32_t i)
{
    HANDLE f = open_read(c->path[i % FILES]);
    DWORD got, serial, max_len, flags;
    wchar_t label[64], fs[64];

    if (f == INVALID_HANDLE_VALUE) return 1;
    if (!GetVolumeInformationByHandleW(f, label, 64, &serial, &max_len, &flags, fs, 64)) return 7;
    if (!ReadFile(f, c->buf, READ_LEN, &got, NULL) || got != READ_LEN) return 2;
    return CloseHandle(f) ? 0 : 3;
}

/* A duplicate needs a server handle: the price of the first call that does. */
static int open_duplicate(ctx *c, uint32_t i)
{
    HANDLE dup, f = open_read(c->path[i % FILES]), self = GetCurrentProcess();

    if (f == INVALID_HANDLE_VALUE) return 1;
    if (!DuplicateHandle(self, f, self, &dup, 0, FALSE, DUPLICATE_SAME_ACCESS)) return 8;
    if (!CloseHandle(dup)) return 3;
    return CloseHandle(f) ? 0 : 3;
}

static int open_map(ctx *c, uint32_t i)
{
    HANDLE map, f = open_read(c->path[i % FILES]);
    volatile char *view;
    char first;

    if (f == INVALID_HANDLE_VALUE) return 1;
    if (!(map = CreateFileMappingW(f, NULL, PAGE_READONLY, 0, 0, NULL))) return 9;
    if (!(view = MapViewOfFile(map, FILE_MAP_READ, 0, 0, 0))) return 10;
    first = view[0];
    c->buf[0] = first;
    if (!UnmapViewOfFile((void *)view)) return 11;
    if (!CloseHandle(map)) return 3;
    return CloseHandle(f) ? 0 : 3;
}

static int attributes(ctx *c, uint32_t i)
{
    return GetFileAttributesW(c->path[i % FILES]) == INVALID_FILE_ATTRIBUTES ? 12 : 0;
}

static int seek_read(ctx *c, uint32_t i)
{
    static HANDLE f;
    LARGE_INTEGER zero = { .QuadPart = 0 };
    DWORD got;

    (void)i;
    if (!f && (f = open_read(c->path[0])) == INVALID_HANDLE_VALUE) return 1;
    if (!SetFilePointerEx(f, zero, NULL, FILE_BEGIN)) return 13;
    return ReadFile(f, c->buf, READ_LEN, &got, NULL) && got == READ_LEN ? 0 : 2;
}

#include "bench.h"
