/*
 * The driver of bench.c and bench_native.c: the list of tests, sampling,
 * throughput, JSON. The including file defines `ctx` and the test bodies.
 *
 *   bench --dir DIR --out JSON [--count N] [--ms N]
 *
 * DIR holds bench-0 .. bench-15 and bench.dll, 4096 bytes or more each, made by the caller.
 * --count is the number of samples per latency test (20000), --ms the length
 * of each throughput test (500).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#ifndef NSPA_BENCH_H
#define NSPA_BENCH_H

/* A body makes one sample on file i % FILES; 0, or the number of the step that failed. */
typedef int (*body)(ctx *c, uint32_t i);

static const struct { const char *name; body run; int other; } latency[] = {
    { "open-read-close, main thread",   orc,            0 },
    { "open-read-close, other thread",  orc,            1 },
    { "open-close",                     oc,             0 },
    { "open-close for writing (declined)", oc_write,    0 },
    { "open-close of a module (declined)", oc_module,   0 },
    { "open-stat-read-close",           orc_stat,       0 },
    { "open-volume-read-close",         orc_volume,     0 },
    { "open-duplicate-close (promote)", open_duplicate, 0 },
    { "open-map-touch-unmap-close",     open_map,       0 },
    { "file attributes by name",        attributes,     0 },
    { "seek-read, one handle",          seek_read,      0 },
};

typedef struct { ctx *c; body run; uint64_t *samples; uint32_t count; int fail; } job;

static void run_job(void *arg)
{
    job *j = arg;

    for (uint32_t i = 0; i < j->count / 20 + 1 && !j->fail; i++) j->fail = j->run(j->c, i);
    for (uint32_t i = 0; i < j->count && !j->fail; i++) {
        uint64_t t = wl_now();
        j->fail = j->run(j->c, i);
        j->samples[i] = wl_now() - t;
    }
}

static void run_latency(FILE *f, unsigned k, ctx *c, uint64_t *samples, uint32_t count)
{
    job j = { c, latency[k].run, samples, count, 0 };
    wl_clock clock = wl_clock_start();
    wl_summary s;

    if (latency[k].other) {
        wl_thread t;
        wl_thread_start(&t, run_job, &j);
        wl_thread_join(&t);
    }
    else run_job(&j);
    wl_clock_stop(&clock);
    if (j.fail) wl_die("%s: step %d failed, error %lu", latency[k].name, j.fail, wl_last_error());
    s = wl_summarise(samples, count, clock.ns_per_tick);
    fprintf(f, "%s{\"name\":", k ? "," : "");
    wl_json_string(f, latency[k].name);
    fputc(',', f);
    wl_json_summary(f, &s);
    fputc('}', f);
}

typedef struct { const ctx *paths; uint32_t id; uint64_t done; int fail; } spinner;
static int stop, go, ready;

static void run_spinner(void *arg)
{
    spinner *s = arg;
    ctx *c = wl_alloc(sizeof(*c));

    memcpy(c->path, s->paths->path, sizeof(c->path));
    __atomic_add_fetch(&ready, 1, __ATOMIC_ACQ_REL);
    while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE)) wl_sleep_ms(1);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE) && !s->fail) {
        s->fail = orc(c, s->id); /* one file per thread */
        s->done++;
    }
    free(c);
}

/* Opens per second over all threads. */
static double throughput(const ctx *c, int threads, unsigned ms)
{
    spinner s[FILES] = { 0 };
    wl_thread t[FILES];
    uint64_t start, done = 0;

    stop = go = ready = 0;
    for (int i = 0; i < threads; i++) {
        s[i].paths = c;
        s[i].id = (uint32_t)i;
        wl_thread_start(&t[i], run_spinner, &s[i]);
    }
    while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < threads) wl_sleep_ms(1);
    start = wl_ref_ns();
    __atomic_store_n(&go, 1, __ATOMIC_RELEASE);
    wl_sleep_ms(ms);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < threads; i++) {
        wl_thread_join(&t[i]);
        if (s[i].fail) wl_die("throughput: step %d failed, error %lu", s[i].fail, wl_last_error());
        done += s[i].done;
    }
    return (double)done * 1e9 / (double)(wl_ref_ns() - start);
}

int main(int argc, char **argv)
{
    static const int widths[] = { 1, 4, 16 };
    const char *dir = NULL, *out = NULL, *count_arg = "20000", *ms_arg = "500";
    ctx *c = wl_alloc(sizeof(*c));
    uint64_t *samples;
    uint32_t count;
    unsigned ms;
    FILE *f;

    for (int i = 1; i < argc; i++) {
        const char **dst = !strcmp(argv[i], "--dir") ? &dir : !strcmp(argv[i], "--out") ? &out
            : !strcmp(argv[i], "--count") ? &count_arg : !strcmp(argv[i], "--ms") ? &ms_arg : NULL;
        if (!dst || ++i == argc) wl_die("usage: bench --dir DIR --out JSON [--count N] [--ms N]");
        *dst = argv[i];
    }
    if (!dir || !out) wl_die("bench: --dir and --out are needed");
    count = (uint32_t)wl_number("--count", count_arg, 10000000);
    ms = (unsigned)wl_number("--ms", ms_arg, 600000);
    set_paths(c, dir);
    samples = wl_alloc(count * sizeof(*samples));
    if (!(f = fopen(out, "wb"))) wl_die("cannot write %s", out);

    fputs("{\"schema\":1,\"program\":\"bench\",\"latency\":[", f);
    for (unsigned k = 0; k < sizeof(latency) / sizeof(latency[0]); k++) run_latency(f, k, c, samples, count);
    fputs("],\"throughput\":[", f);
    for (unsigned k = 0; k < sizeof(widths) / sizeof(widths[0]); k++)
        fprintf(f, "%s{\"threads\":%d,\"per_s\":%.1f}", k ? "," : "", widths[k], throughput(c, widths[k], ms));
    fputs("]}\n", f);
    if (fclose(f)) wl_die("cannot write %s", out);
    return 0;
}

#endif
