/*
 * bench_native: the same tests as a plain Linux program, the limit bench.exe
 * is compared with. bench.h says how it is run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "wl.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define FILES    16
#define READ_LEN 4096

typedef struct {
    char path[FILES][PATH_MAX];
    char module[PATH_MAX];
    char buf[READ_LEN];
} ctx;

static void set_paths(ctx *c, const char *dir)
{
    if (strlen(dir) > PATH_MAX - 16) wl_die("--dir is too long");
    for (int i = 0; i < FILES; i++) snprintf(c->path[i], PATH_MAX, "%.*s/bench-%d", PATH_MAX - 16, dir, i);
    snprintf(c->module, PATH_MAX, "%.*s/bench.dll", PATH_MAX - 16, dir);
}

static int open_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static int orc(ctx *c, uint32_t i)
{
    struct stat st;
    int fd = open_read(c->path[i % FILES]);

    if (fd < 0) return 1;
    if (fstat(fd, &st)) return 5;
    if (pread(fd, c->buf, READ_LEN, 0) != READ_LEN) return 2;
    return close(fd) ? 3 : 0;
}

static int oc(ctx *c, uint32_t i)
{
    struct stat st;
    int fd = open_read(c->path[i % FILES]);

    if (fd < 0) return 1;
    if (fstat(fd, &st)) return 5;
    return close(fd) ? 3 : 0;
}

static int oc_write(ctx *c, uint32_t i)
{
    int fd = open(c->path[i % FILES], O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) return 1;
    return close(fd) ? 3 : 0;
}

static int oc_module(ctx *c, uint32_t i)
{
    int fd = open_read(c->module);

    (void)i;
    if (fd < 0) return 1;
    return close(fd) ? 3 : 0;
}

static int orc_stat(ctx *c, uint32_t i)
{
    struct stat st;
    int fd = open_read(c->path[i % FILES]);

    if (fd < 0) return 1;
    if (fstat(fd, &st) || fstat(fd, &st)) return 5;
    if (pread(fd, c->buf, READ_LEN, 0) != READ_LEN) return 2;
    return close(fd) ? 3 : 0;
}

static int orc_volume(ctx *c, uint32_t i)
{
    struct statfs fs;
    int fd = open_read(c->path[i % FILES]);

    if (fd < 0) return 1;
    if (fstatfs(fd, &fs)) return 7;
    if (pread(fd, c->buf, READ_LEN, 0) != READ_LEN) return 2;
    return close(fd) ? 3 : 0;
}

static int open_duplicate(ctx *c, uint32_t i)
{
    int fd = open_read(c->path[i % FILES]), copy;

    if (fd < 0) return 1;
    if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) return 8;
    if (close(copy)) return 3;
    return close(fd) ? 3 : 0;
}

static int open_map(ctx *c, uint32_t i)
{
    volatile char *view;
    int fd = open_read(c->path[i % FILES]);

    if (fd < 0) return 1;
    view = mmap(NULL, READ_LEN, PROT_READ, MAP_SHARED, fd, 0);
    if (view == MAP_FAILED) return 10;
    c->buf[0] = view[0];
    if (munmap((void *)view, READ_LEN)) return 11;
    return close(fd) ? 3 : 0;
}

static int attributes(ctx *c, uint32_t i)
{
    struct stat st;
    return stat(c->path[i % FILES], &st) ? 12 : 0;
}

static int seek_read(ctx *c, uint32_t i)
{
    static int fd = -1;

    (void)i;
    if (fd < 0 && (fd = open_read(c->path[0])) < 0) return 1;
    if (lseek(fd, 0, SEEK_SET)) return 13;
    return read(fd, c->buf, READ_LEN) == READ_LEN ? 0 : 2;
}

#include "bench.h"
