/*
 * tail.exe: the longest open-read-close of one thread while others are in its way, as a
 * Windows program.
 *
 *   tail --file FILE --out JSON --seconds N [--gate GATE]   one sample each millisecond
 *   tail --load --seconds N                                 requests to wineserver, as fast as it goes
 *
 * With --gate two threads open and close the same file all the time and one computes in
 * bursts of 20 ms. The threads are named nspa-fifo (the one that is measured), nspa-low
 * and nspa-medium, for the runner to give them their scheduling before it lets them go.
 *
 * By NT's calls: CreateFile() takes memory of the process's heap, whose lock knows no
 * priorities, whatever the open itself does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wl.h"

#include <winternl.h>

#define READ_LEN 4096

NTSYSAPI NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                   PLARGE_INTEGER, PULONG);

static UNICODE_STRING nt_name;
static unsigned seconds;
static LONG go, stop;

static int open_read_close(char *buf)
{
    OBJECT_ATTRIBUTES attr = { .Length = sizeof(attr), .ObjectName = &nt_name, .Attributes = OBJ_CASE_INSENSITIVE };
    IO_STATUS_BLOCK io;
    HANDLE f;

    if (NtCreateFile(&f, GENERIC_READ | SYNCHRONIZE, &attr, &io, NULL, 0, FILE_SHARE_READ, FILE_OPEN,
                     FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0)) return 1;
    if (NtReadFile(f, NULL, NULL, NULL, &io, buf, READ_LEN, NULL, NULL) || io.Information != READ_LEN) return 2;
    return NtClose(f) ? 3 : 0;
}

static void set_name(const char *file)
{
    static wchar_t name[MAX_PATH + 4] = L"\\??\\";

    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, file, -1, name + 4, MAX_PATH)) wl_die("--file is too long");
    for (wchar_t *p = name; *p; p++) if (*p == '/') *p = '\\';
    RtlInitUnicodeString(&nt_name, name);
}

static void wait_to_go(const wchar_t *name)
{
    SetThreadDescription(GetCurrentThread(), name);
    while (!InterlockedCompareExchange(&go, 0, 0)) Sleep(1);
}

static void run_low(void *unused)
{
    char buf[READ_LEN];

    (void)unused;
    wait_to_go(L"nspa-low");
    while (!InterlockedCompareExchange(&stop, 0, 0)) open_read_close(buf);
}

static void run_medium(void *unused)
{
    uint64_t start;

    (void)unused;
    wait_to_go(L"nspa-medium");
    while (!InterlockedCompareExchange(&stop, 0, 0)) {
        for (start = wl_ref_ns(); wl_ref_ns() - start < 20000000;) /* compute */;
        Sleep(5);
    }
}

static struct { uint64_t *samples; uint32_t count; int fail; } measured;

static void run_measured(void *unused)
{
    char buf[READ_LEN];

    (void)unused;
    wait_to_go(L"nspa-fifo");
    for (uint32_t i = 0; i < 100 && !measured.fail; i++) measured.fail = open_read_close(buf);
    for (uint32_t i = 0; i < measured.count && !measured.fail; i++) {
        uint64_t t;

        Sleep(1);
        t = wl_now();
        measured.fail = open_read_close(buf);
        measured.samples[i] = wl_now() - t;
    }
    InterlockedExchange(&stop, 1);
}

static int load(void)
{
    uint64_t start = wl_ref_ns();

    while (wl_ref_ns() - start < seconds * 1000000000ull) {
        HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
        if (!event) return 1;
        CloseHandle(event);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *file = NULL, *out = NULL, *gate_arg = NULL, *seconds_arg = "10";
    int loading = argc > 1 && !strcmp(argv[1], "--load");
    wchar_t gate_name[MAX_PATH];
    wl_thread threads[4];
    unsigned count = 0;
    wl_clock clock;
    wl_summary s;
    wl_gate gate;
    FILE *f;

    for (int i = loading ? 2 : 1; i < argc; i++) {
        const char **dst = !strcmp(argv[i], "--file") ? &file : !strcmp(argv[i], "--out") ? &out
            : !strcmp(argv[i], "--seconds") ? &seconds_arg : !strcmp(argv[i], "--gate") ? &gate_arg : NULL;
        if (!dst || ++i == argc) wl_die("usage: tail --file FILE --out JSON --seconds N [--gate GATE], or tail --load --seconds N");
        *dst = argv[i];
    }
    seconds = (unsigned)wl_number("--seconds", seconds_arg, 3600);
    if (loading) return load();
    if (!file || !out) wl_die("tail: --file and --out are needed");
    set_name(file);
    measured.count = seconds * 1000;
    measured.samples = wl_alloc(measured.count * sizeof(*measured.samples));

    wl_thread_start(&threads[count++], run_measured, NULL);
    if (gate_arg) {
        if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, gate_arg, -1, gate_name, MAX_PATH)) wl_die("--gate is too long");
        gate = wl_gate_open(gate_name);
        wl_thread_start(&threads[count++], run_medium, NULL);
        wl_thread_start(&threads[count++], run_low, NULL);
        wl_thread_start(&threads[count++], run_low, NULL);
        Sleep(200); /* for them to have their names */
        wl_gate_pass(&gate, 1, 2);
    }
    clock = wl_clock_start();
    InterlockedExchange(&go, 1);
    for (unsigned i = 0; i < count; i++) wl_thread_join(&threads[i]);
    wl_clock_stop(&clock);
    if (measured.fail) wl_die("tail: step %d failed", measured.fail);
    s = wl_summarise(measured.samples, measured.count, clock.ns_per_tick);
    if (!(f = fopen(out, "wb"))) wl_die("cannot write %s", out);
    fputs("{", f);
    wl_json_summary(f, &s);
    fputs("}\n", f);
    return fclose(f) ? 1 : 0;
}
