/*
 * Shared by the workload programs: time stamps, sample summaries, JSON output.
 * Builds as a Windows program (mingw-w64) and as a Linux one, so that both
 * sides of a comparison measure with the same code.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#ifndef NSPA_WL_H
#define NSPA_WL_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cpuid.h>
#include <x86intrin.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <errno.h>
#include <pthread.h>
#include <time.h>
#endif

static void wl_die(const char *fmt, ...) __attribute__((format(gnu_printf, 1, 2), noreturn));
static void wl_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

static inline void *wl_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p) wl_die("out of memory (%zu bytes)", n);
    return p;
}

/* Strict decimal parse of a whole argument. */
static inline uint64_t wl_number(const char *what, const char *s, uint64_t max)
{
    char *end;
    unsigned long long v = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || *end || v > max)
        wl_die("%s: want a number up to %llu, got '%s'", what, (unsigned long long)max, s);
    return v;
}

/* ---- time --------------------------------------------------------------
 * Ticks are the TSC where it is invariant (about 10 ns a stamp, no system
 * call), otherwise the reference clock. wl_clock_stop() yields the length of
 * a tick by comparing both over the whole run. */

typedef struct { uint64_t tick0, ref0; double ns_per_tick; int tsc; } wl_clock;

static inline uint64_t wl_ref_ns(void)
{
#ifdef _WIN32
    LARGE_INTEGER c, f;
    QueryPerformanceCounter(&c);
    QueryPerformanceFrequency(&f);
    return (uint64_t)((double)c.QuadPart * 1e9 / (double)f.QuadPart);
#else
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

static int wl_have_tsc = -1;

static inline uint64_t wl_now(void)
{
    return wl_have_tsc ? __rdtsc() : wl_ref_ns();
}

static inline wl_clock wl_clock_start(void)
{
    wl_clock c = { 0, 0, 1.0, 0 };
    unsigned a, b, cx, d;

    wl_have_tsc = __get_cpuid(0x80000007, &a, &b, &cx, &d) && (d & (1u << 8));
    c.tsc = wl_have_tsc;
    c.ref0 = wl_ref_ns();
    c.tick0 = wl_now();
    return c;
}

static inline void wl_clock_stop(wl_clock *c)
{
    uint64_t ref, tick;

    /* Short runs would calibrate badly: wait until 50 ms have gone by. */
    do { ref = wl_ref_ns(); tick = wl_now(); } while (ref - c->ref0 < 50000000u);
    c->ns_per_tick = c->tsc ? (double)(ref - c->ref0) / (double)(tick - c->tick0) : 1.0;
}

/* ---- threads ------------------------------------------------------------ */

typedef struct {
    void (*run)(void *);
    void *arg;
#ifdef _WIN32
    HANDLE handle;
#else
    pthread_t handle;
#endif
} wl_thread;

#ifdef _WIN32
static inline DWORD WINAPI wl_thread_entry(void *arg)
{
    wl_thread *t = arg;
    t->run(t->arg);
    return 0;
}
#else
static inline void *wl_thread_entry(void *arg)
{
    wl_thread *t = arg;
    t->run(t->arg);
    return NULL;
}
#endif

/* `t` must stay valid until it is joined. */
static inline void wl_thread_start(wl_thread *t, void (*run)(void *), void *arg)
{
    t->run = run;
    t->arg = arg;
#ifdef _WIN32
    if (!(t->handle = CreateThread(NULL, 0, wl_thread_entry, t, 0, NULL)))
        wl_die("cannot start a thread: error %lu", GetLastError());
#else
    if (pthread_create(&t->handle, NULL, wl_thread_entry, t)) wl_die("cannot start a thread");
#endif
}

static inline void wl_thread_join(wl_thread *t)
{
#ifdef _WIN32
    WaitForSingleObject(t->handle, INFINITE);
    CloseHandle(t->handle);
#else
    pthread_join(t->handle, NULL);
#endif
}

static inline void wl_sleep_ms(unsigned ms)
{
#ifdef _WIN32
    Sleep(ms);
#else
    struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };
    nanosleep(&ts, NULL);
#endif
}

static inline unsigned long wl_last_error(void)
{
#ifdef _WIN32
    return GetLastError();
#else
    return (unsigned long)errno;
#endif
}

/* ---- summaries ---------------------------------------------------------- */

#define WL_BUCKETS 24 /* bucket k: below 2^k us; the last one takes the rest */

typedef struct {
    uint64_t n;
    double sum_us, p50, p99, p999, max;
    uint64_t above5; /* samples above five times the median */
    uint64_t hist[WL_BUCKETS];
} wl_summary;

static int wl_cmp_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest sample with at least permille/1000 of all at or below it. */
static inline uint64_t wl_rank(const uint64_t *sorted, uint64_t n, unsigned permille)
{
    uint64_t r = (n * permille + 999) / 1000;
    return n ? sorted[(r ? r : 1) - 1] : 0;
}

/* Sorts `ticks` in place. */
static inline wl_summary wl_summarise(uint64_t *ticks, uint64_t n, double ns_per_tick)
{
    wl_summary s;
    double us = ns_per_tick / 1000.0;

    memset(&s, 0, sizeof(s));
    s.n = n;
    if (!n) return s;
    qsort(ticks, n, sizeof(*ticks), wl_cmp_u64);
    s.p50 = (double)wl_rank(ticks, n, 500) * us;
    s.p99 = (double)wl_rank(ticks, n, 990) * us;
    s.p999 = (double)wl_rank(ticks, n, 999) * us;
    s.max = (double)ticks[n - 1] * us;
    for (uint64_t i = 0; i < n; i++) {
        double v = (double)ticks[i] * us;
        unsigned k = 0;
        while (k < WL_BUCKETS - 1 && v >= (double)(1u << k)) k++;
        s.hist[k]++;
        s.sum_us += v;
        s.above5 += v > 5.0 * s.p50;
    }
    return s;
}

static inline void wl_json_summary(FILE *f, const wl_summary *s)
{
    fprintf(f, "\"n\":%llu,\"sum_ms\":%.4f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"p999_us\":%.3f,"
               "\"max_us\":%.3f,\"above_5x_median\":%llu,\"hist_us_pow2\":[",
            (unsigned long long)s->n, s->sum_us / 1000.0, s->p50, s->p99, s->p999, s->max,
            (unsigned long long)s->above5);
    for (int i = 0; i < WL_BUCKETS; i++)
        fprintf(f, "%s%llu", i ? "," : "", (unsigned long long)s->hist[i]);
    fputs("]", f);
}

/* Names and messages come from command lines and traces: escape them. */
static inline void wl_json_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') fprintf(f, "\\%c", c);
        else if (c < 0x20) fprintf(f, "\\u%04x", c);
        else fputc(c, f);
    }
    fputc('"', f);
}

/* ---- checksum -----------------------------------------------------------
 * Order-sensitive within one open, added up over opens, so the total does
 * not depend on which thread was first. Not cryptographic. */

static inline uint64_t wl_hash(uint64_t h, const void *data, size_t n)
{
    const uint64_t k = 0x9e3779b97f4a7c15ull;
    const unsigned char *p = data;
    uint64_t v;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&v, p, 8);
        h = (h ^ v) * k;
        h ^= h >> 29;
    }
    v = n;
    while (n) v = v << 8 | p[--n];
    h = (h ^ v) * k;
    return h ^ h >> 32;
}

#ifdef _WIN32
/* ---- gate ---------------------------------------------------------------
 * A one-word handshake with the runner over a mapped file, so that it can
 * count server requests of the measured part alone: the wait itself makes
 * no request. States: 1 ready, 2 go, 3 done, 4 finish. */

typedef struct { volatile LONG *word; } wl_gate;

static inline wl_gate wl_gate_open(const wchar_t *path)
{
    wl_gate g = { NULL };
    HANDLE file, map;

    if (!path) return g;
    file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) wl_die("gate file: error %lu", GetLastError());
    map = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    if (map) g.word = MapViewOfFile(map, FILE_MAP_ALL_ACCESS, 0, 0, 4);
    if (!g.word) wl_die("gate mapping: error %lu", GetLastError());
    CloseHandle(map);
    CloseHandle(file);
    return g;
}

static inline void wl_gate_pass(wl_gate *g, LONG say, LONG want)
{
    if (!g->word) return;
    InterlockedExchange(g->word, say);
    while (InterlockedCompareExchange(g->word, 0, 0) != want) Sleep(1);
}
#endif

#endif
