/*
 * replay.exe: replays the opens of a trace (docs/trace-format.md) and measures
 * each open-read-close.
 *
 *   replay.exe --trace FILE --out JSON [--data DIR] [--threads trace|main|N]
 *              [--gate FILE]
 *
 * The trace is read and every path resolved before the first open; hashing of
 * what was read is taken out of every time. Exit status: 0 when the replay ran
 * (failed opens are counted, not fatal), 2 for a bad command line or trace.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wl.h"

#define MAX_THREADS 64
#define MAX_READ    (16u << 20)
#define ALL_CHUNK   65536u
#define MAX_ERRORS  32

typedef struct { uint64_t offset; uint32_t len; int seek; } chunk;

typedef struct {
    wchar_t *path;
    chunk *chunks;          /* nchunks == 0: nothing is read, unless read_all */
    uint32_t nchunks, thread, phase, line;
    DWORD access, share, disposition, flags;
    int read_all;
    /* results */
    uint64_t ticks, hash, bytes;
    DWORD error;
} op;

typedef struct {
    op *ops;
    uint32_t count, cap;
    char **phases;
    uint32_t nphases, phasecap;
    uint32_t max_len;
} trace;

typedef struct {
    trace *t;
    uint32_t id, step;      /* runs ops whose thread is id; step != 0: every step-th */
    uint64_t wall;          /* ticks, hashing taken out */
} worker;

static volatile LONG started, go;

static wchar_t *widen(const char *s)
{
    int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, s, -1, NULL, 0);
    wchar_t *w;

    if (n <= 0) return NULL;
    w = wl_alloc((size_t)n * sizeof(*w));
    MultiByteToWideChar(CP_UTF8, 0, s, -1, w, n);
    return w;
}

static char *slurp(const wchar_t *path)
{
    FILE *f = _wfopen(path, L"rb");
    size_t len = 0, cap = 1 << 20, got;
    char *buf;

    if (!f) wl_die("cannot open the trace %ls", path);
    buf = wl_alloc(cap + 1);
    while ((got = fread(buf + len, 1, cap - len, f)) > 0) {
        len += got;
        if (len == cap) {
            cap *= 2;
            if (cap > (1u << 30) || !(buf = realloc(buf, cap + 1))) wl_die("the trace is too big");
        }
    }
    fclose(f);
    buf[len] = 0;
    if (strlen(buf) != len) wl_die("the trace holds a NUL byte");
    return buf;
}

/* Cuts the next blank-separated word off *s; NULL at the end of the line. */
static char *word(char **s)
{
    char *start;

    *s += strspn(*s, " \t");
    if (!**s) return NULL;
    start = *s;
    *s += strcspn(*s, " \t");
    if (**s) *(*s)++ = 0;
    return start;
}

static void bad(uint32_t line, const char *what)
{
    wl_die("trace line %u: %s", line, what);
}

static uint64_t field(char **s, int base, uint64_t max, uint32_t line, const char *what)
{
    char *w = word(s), *end;
    unsigned long long v;

    if (!w || *w == '-' || *w == '+') bad(line, what);
    v = strtoull(w, &end, base);
    if (*end || v > max) bad(line, what);
    return v;
}

static void parse_read(op *o, char *spec, uint32_t line, uint32_t *max_len)
{
    char *p = spec, *end;
    uint32_t n = 1;

    if (!strcmp(spec, "-")) return;
    if (!strcmp(spec, "all")) { o->read_all = 1; return; }
    for (char *c = spec; *c; c++) n += *c == ',';
    o->chunks = wl_alloc(n * sizeof(*o->chunks));
    for (;;) {
        chunk *c = &o->chunks[o->nchunks++];
        unsigned long long v;

        if (*p < '0' || *p > '9') bad(line, "bad read list");
        v = strtoull(p, &end, 10);
        if (!v || v > MAX_READ) bad(line, "a read is 1 byte to 16 MiB");
        c->len = (uint32_t)v;
        if (c->len > *max_len) *max_len = c->len;
        if (*end == '@') {
            p = end + 1;
            if (*p < '0' || *p > '9') bad(line, "bad read offset");
            c->offset = strtoull(p, &end, 10);
            if (c->offset > INT64_MAX) bad(line, "bad read offset");
            c->seek = 1;
        }
        if (!*end) return;
        if (*end != ',') bad(line, "bad read list");
        p = end + 1;
    }
}

/* Opens that could harm the user's files are refused: a replay only reads, and
 * only what the trace's own file table made may be opened for writing. */
static void check_harmless(const op *o, int in_data, uint32_t line)
{
    const DWORD harmless = GENERIC_READ | GENERIC_EXECUTE | READ_CONTROL | SYNCHRONIZE |
                           FILE_READ_DATA | FILE_READ_EA | FILE_EXECUTE | FILE_READ_ATTRIBUTES;

    if (o->disposition != OPEN_EXISTING && !(o->disposition == OPEN_ALWAYS && in_data))
        bad(line, "only disposition 3, or 4 under %DATA%, can be replayed");
    if ((o->access & ~harmless) && !in_data) bad(line, "write access outside %DATA%");
    if (o->flags & (FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OVERLAPPED))
        bad(line, "delete-on-close and overlapped opens cannot be replayed");
}

static void parse_open(trace *t, char *s, const wchar_t *data, uint32_t line)
{
    static const char tag[] = "%DATA%\\";
    op *o;
    char *read;
    wchar_t *rel;
    int in_data;

    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 4096;
        if (!(t->ops = realloc(t->ops, (size_t)t->cap * sizeof(*t->ops)))) wl_die("out of memory");
    }
    o = &t->ops[t->count++];
    memset(o, 0, sizeof(*o));
    o->line = line;
    o->phase = t->nphases - 1;
    o->thread = (uint32_t)field(&s, 10, MAX_THREADS - 1, line, "bad thread");
    o->access = (DWORD)field(&s, 16, UINT32_MAX, line, "bad access");
    o->share = (DWORD)field(&s, 16, 7, line, "bad share mode");
    o->disposition = (DWORD)field(&s, 10, 5, line, "bad disposition");
    o->flags = (DWORD)field(&s, 16, UINT32_MAX, line, "bad flags");
    if (!(read = word(&s))) bad(line, "no read list");
    parse_read(o, read, line, &t->max_len);
    s += strspn(s, " \t");
    if (!*s) bad(line, "no path");
    in_data = !strncmp(s, tag, sizeof(tag) - 1);
    if (in_data) {
        s += sizeof(tag) - 1;
        if (strstr(s, "..")) bad(line, "'..' below %DATA%");
    }
    if (!(rel = widen(s))) bad(line, "the path is not UTF-8");
    if (in_data) {
        size_t n;
        if (!data) bad(line, "%DATA% needs --data");
        n = wcslen(data) + wcslen(rel) + 2;
        o->path = wl_alloc(n * sizeof(wchar_t));
        _snwprintf(o->path, n, L"%ls%ls%ls", data,
                   *data && data[wcslen(data) - 1] == L'\\' ? L"" : L"\\", rel);
        free(rel);
    }
    else o->path = rel;
    check_harmless(o, in_data, line);
}

static void add_phase(trace *t, char *name, uint32_t line)
{
    if (!name) bad(line, "a phase needs a name");
    if (t->nphases == t->phasecap) {
        t->phasecap = t->phasecap ? t->phasecap * 2 : 16;
        if (!(t->phases = realloc(t->phases, t->phasecap * sizeof(*t->phases)))) wl_die("out of memory");
    }
    t->phases[t->nphases++] = name;
}

static void parse(trace *t, char *text, const wchar_t *data)
{
    uint32_t line = 0;
    int versioned = 0;
    static char unnamed[] = "(start)";

    add_phase(t, unnamed, 0);
    t->max_len = ALL_CHUNK;
    for (char *next; text; text = next) {
        char *s = text, *kind, *nl = strchr(text, '\n');

        line++;
        next = nl ? nl + 1 : NULL;
        if (nl) {
            *nl = 0;
            if (nl > s && nl[-1] == '\r') nl[-1] = 0;
        }
        if (!(kind = word(&s)) || *kind == '#') continue;
        if (!versioned) {
            if (strcmp(kind, "nspa-trace")) bad(line, "not a trace: no 'nspa-trace 1' line");
            if (field(&s, 10, UINT32_MAX, line, "bad version") != 1) bad(line, "unknown trace version");
            versioned = 1;
        }
        else if (!strcmp(kind, "open")) parse_open(t, s, data, line);
        else if (!strcmp(kind, "phase")) add_phase(t, word(&s), line);
        else if (strcmp(kind, "file") && strcmp(kind, "seed")) bad(line, "unknown line kind");
    }
    if (!versioned) wl_die("the trace is empty");
}

/* One open-read-close. `hashing` gets the ticks spent on the checksum. */
static void run_op(op *o, uint64_t index, char *buf, uint64_t *hashing)
{
    uint64_t start = wl_now(), out = 0, h = index, bytes = 0, t;
    DWORD got, error = 0;
    HANDLE file;

    file = CreateFileW(o->path, o->access, o->share, NULL, o->disposition, o->flags, NULL);
    if (file == INVALID_HANDLE_VALUE) error = GetLastError();
    else {
        if (o->read_all) {
            for (;;) {
                if (!ReadFile(file, buf, ALL_CHUNK, &got, NULL)) { error = GetLastError(); break; }
                if (!got) break;
                t = wl_now();
                h = wl_hash(h, buf, got);
                bytes += got;
                out += wl_now() - t;
            }
        }
        else for (uint32_t i = 0; i < o->nchunks && !error; i++) {
            chunk *c = &o->chunks[i];
            LARGE_INTEGER pos;

            pos.QuadPart = (LONGLONG)c->offset;
            if (c->seek && !SetFilePointerEx(file, pos, NULL, FILE_BEGIN)) { error = GetLastError(); break; }
            if (!ReadFile(file, buf, c->len, &got, NULL)) { error = GetLastError(); break; }
            t = wl_now();
            h = wl_hash(h, buf, got);
            bytes += got;
            out += wl_now() - t;
        }
        if (!CloseHandle(file) && !error) error = GetLastError();
    }
    o->ticks = wl_now() - start - out;
    o->hash = h;
    o->bytes = bytes;
    o->error = error;
    *hashing += out;
}

static void run_ops(worker *w, char *buf)
{
    uint64_t hashing = 0, start = wl_now();

    for (uint32_t i = 0; i < w->t->count; i++) {
        op *o = &w->t->ops[i];
        if (w->step ? i % w->step == w->id : o->thread == w->id) run_op(o, i, buf, &hashing);
    }
    w->wall = wl_now() - start - hashing;
}

static void worker_main(void *arg)
{
    worker *w = arg;
    char *buf = wl_alloc(w->t->max_len);

    memset(buf, 1, w->t->max_len);
    InterlockedIncrement(&started);
    while (!InterlockedCompareExchange(&go, 0, 0)) Sleep(0);
    run_ops(w, buf);
    free(buf);
}

static void write_json(const char *path, const trace *t, double ns, uint64_t wall, uint64_t elapsed,
                       uint32_t threads)
{
    FILE *f = fopen(path, "wb");
    uint64_t *samples = wl_alloc(t->count * sizeof(*samples)), hash = 0, bytes = 0, errors = 0;
    struct { DWORD code; uint64_t n; } err[MAX_ERRORS];
    uint32_t nerr = 0, first_line = 0, n = 0;
    wl_summary s;

    if (!f) wl_die("cannot write %s", path);
    for (uint32_t i = 0; i < t->count; i++) {
        const op *o = &t->ops[i];
        samples[i] = o->ticks;
        hash += wl_hash(o->hash, &o->bytes, sizeof(o->bytes));
        bytes += o->bytes;
        if (o->error) {
            uint32_t k = 0;
            if (!errors++) first_line = o->line;
            while (k < nerr && err[k].code != o->error) k++;
            if (k == nerr && nerr < MAX_ERRORS) { err[nerr].code = o->error; err[nerr++].n = 0; }
            if (k < nerr) err[k].n++;
        }
    }
    s = wl_summarise(samples, t->count, ns);
    fprintf(f, "{\"schema\":1,\"program\":\"replay\",\"threads\":%u,\"opens\":%u,\"wall_ms\":%.4f,"
               "\"elapsed_ms\":%.4f,\"bytes\":%llu,\"checksum\":\"%016llx\",",
            threads, t->count, (double)wall * ns / 1e6, (double)elapsed * ns / 1e6,
            (unsigned long long)bytes, (unsigned long long)hash);
    wl_json_summary(f, &s);
    fprintf(f, ",\"errors\":{\"total\":%llu,\"first_line\":%u,\"by_code\":{", (unsigned long long)errors, first_line);
    for (uint32_t k = 0; k < nerr; k++)
        fprintf(f, "%s\"%lu\":%llu", k ? "," : "", err[k].code, (unsigned long long)err[k].n);
    fputs("}},\"phases\":[", f);
    for (uint32_t p = 0, shown = 0; p < t->nphases; p++) {
        n = 0;
        for (uint32_t i = 0; i < t->count; i++)
            if (t->ops[i].phase == p) samples[n++] = t->ops[i].ticks;
        if (!n) continue;
        s = wl_summarise(samples, n, ns);
        fprintf(f, "%s{\"name\":", shown++ ? "," : "");
        wl_json_string(f, t->phases[p]);
        fputc(',', f);
        wl_json_summary(f, &s);
        fputc('}', f);
    }
    fputs("]}\n", f);
    if (fclose(f)) wl_die("cannot write %s", path);
    free(samples);
}

int main(int argc, char **argv)
{
    const char *trace_path = NULL, *out = NULL, *data = NULL, *threads = "trace", *gate_path = NULL;
    trace t = { 0 };
    worker w[MAX_THREADS] = { 0 };
    wl_thread h[MAX_THREADS];
    int is_main[MAX_THREADS] = { 0 };
    uint32_t used[MAX_THREADS] = { 0 }, n = 0, step = 0;
    wchar_t *wide;
    wl_gate gate;
    wl_clock clock;
    uint64_t start, elapsed, wall = 0;
    LONG workers = 0;
    char *buf;

    for (int i = 1; i < argc; i++) {
        const char **dst = !strcmp(argv[i], "--trace") ? &trace_path : !strcmp(argv[i], "--out") ? &out
            : !strcmp(argv[i], "--data") ? &data : !strcmp(argv[i], "--threads") ? &threads
            : !strcmp(argv[i], "--gate") ? &gate_path : NULL;
        if (!dst || ++i == argc) wl_die("usage: replay --trace FILE --out JSON [--data DIR] [--threads trace|main|N] [--gate FILE]");
        *dst = argv[i];
    }
    if (!trace_path || !out) wl_die("replay: --trace and --out are needed");
    wide = data ? widen(data) : NULL;
    parse(&t, slurp(widen(trace_path)), wide);

    if (!strcmp(threads, "trace")) { for (uint32_t i = 0; i < t.count; i++) used[t.ops[i].thread] = 1; }
    else if (!strcmp(threads, "main")) { step = 1; used[0] = 1; }
    else {
        step = (uint32_t)wl_number("--threads", threads, MAX_THREADS);
        if (!step) wl_die("--threads: at least one");
    }

    buf = wl_alloc(t.max_len);
    memset(buf, 1, t.max_len);
    gate = wl_gate_open(gate_path ? widen(gate_path) : NULL);
    clock = wl_clock_start();
    /* A number means workers only; otherwise thread 0 is the main thread. */
    for (uint32_t id = 0; id < MAX_THREADS; id++) {
        int numbered = strcmp(threads, "trace") && strcmp(threads, "main");
        if (numbered ? id >= step : !used[id]) continue;
        w[n].t = &t;
        w[n].id = id;
        w[n].step = step;
        is_main[n] = !numbered && !id;
        if (!is_main[n]) {
            wl_thread_start(&h[n], worker_main, &w[n]);
            workers++;
        }
        n++;
    }
    while (InterlockedCompareExchange(&started, 0, 0) < workers) Sleep(0);

    wl_gate_pass(&gate, 1, 2);
    start = wl_now();
    InterlockedExchange(&go, 1);
    for (uint32_t i = 0; i < n; i++) if (is_main[i]) run_ops(&w[i], buf);
    for (uint32_t i = 0; i < n; i++) if (!is_main[i]) wl_thread_join(&h[i]);
    elapsed = wl_now() - start;
    wl_gate_pass(&gate, 3, 4);

    for (uint32_t i = 0; i < n; i++) if (w[i].wall > wall) wall = w[i].wall;
    wl_clock_stop(&clock);
    write_json(out, &t, clock.ns_per_tick, wall, elapsed, n);
    return 0;
}
