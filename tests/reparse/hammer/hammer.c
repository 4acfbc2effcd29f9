/*
 * Random calls of the exports for reparse points
 *
 * Copyright 2026 the nspa authors
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * ---------------------------------------------------------------------------
 * ---------------------------------------------------------------------------
 *
 * Usage: hammer LIBRARY DIRECTORY SECONDS SEED
 *
 * Calls every function with arguments made of valid ones by random changes.
 * Input and output buffers end at a page that cannot be touched and are
 * surrounded by bytes that must not change; built with -fsanitize=address and
 * a library built with go build -asan, every access is checked besides.
 *
 * The calls are made by threads that live for BATCH of them, and each thread
 * gets a signal about every 50 us, as when Wine suspends it.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../include/nspa_reparse.h"

#define STATUS_INTERNAL_ERROR ((int32_t)0xc00000e5)
#define CANARY 0xa5
#define ROOM   (32 * 1024)
#define BATCH  200

static __typeof__(nspa_reparse_encode) *p_encode;
static __typeof__(nspa_reparse_decode) *p_decode;
static __typeof__(nspa_reparse_relocate_text) *p_relocate_text;
static __typeof__(nspa_reparse_classify) *p_classify;
static __typeof__(nspa_reparse_entry) *p_entry;
static __typeof__(nspa_reparse_get) *p_get;
static __typeof__(nspa_reparse_set) *p_set;
static __typeof__(nspa_reparse_delete) *p_delete;
static __typeof__(nspa_reparse_remove) *p_remove;
static __typeof__(nspa_reparse_relocate) *p_relocate;
static __typeof__(nspa_reparse_recover) *p_recover;

static uint64_t state;

static uint32_t rnd( uint32_t below )
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (uint32_t)(state >> 32) % below : 0;
}

static void die( const char *what )
{
    fprintf( stderr, "hammer: %s (state %" PRIu64 ")\n", what, state );
    abort();
}

/* A buffer whose last byte is followed by a page without access. */
struct area { uint8_t *base, *end; };

static struct area make_area(void)
{
    struct area a;

    a.base = mmap( NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 );
    if (a.base == MAP_FAILED) die( "mmap" );
    a.end = a.base + ROOM;
    if (mprotect( a.end, 4096, PROT_NONE )) die( "mprotect" );
    return a;
}

static uint8_t *output( struct area *a, uint32_t size )
{
    memset( a->base, CANARY, ROOM );
    return a->end - size;
}

/* Nothing outside the first used bytes of the output may have changed. */
static void check_output( const struct area *a, uint32_t size, uint32_t used )
{
    const uint8_t *p;

    if (used > size) die( "more output than room" );
    for (p = a->base; p < a->end - size; p++) if (*p != CANARY) die( "written before the buffer" );
    for (p = a->end - size + used; p < a->end; p++) if (*p != CANARY) die( "written past the output" );
}

static const char *const texts[] =
{
    "/././///////////////////////////.//.//home/u/.wine////.//.///dosdevices/c:/target",
    "///././/////////////////////////.//.///etc/hosts",
    ".///././/////////////////////////.//.//target.txt",
    ".///././/////////////////////////.//././sub/target",
    "/usr/bin/python3", "../lib", ".REPARSE_POINT/n//AwAAoAAA/0",
    ".REPARSE_POINT/n/./AwAAoP__AAAA/0",
};

static const char *const targets[] =
{
    "\\??\\C:\\target", "\\??\\Z:\\srv\\data", "target.txt", "..\\foo", "\\??\\Volume{0}\\", "\\Device\\X", "foobar",
};

static void mutate( uint8_t *p, uint32_t len )
{
    uint32_t i, n = rnd( 4 );

    for (i = 0; i < n && len; i++)
    {
        switch (rnd( 4 ))
        {
        case 0: p[rnd( len )] = rnd( 256 ); break;
        case 1: p[rnd( len )] ^= 1 << rnd( 8 ); break;
        case 2: p[rnd( len )] = "/.\\P\0:?\xff"[rnd( 8 )]; break;
        case 3: if (len > 16) p[rnd( 16 )] = rnd( 256 ); break;
        }
    }
}

static uint32_t make_text( struct area *a, uint8_t **text )
{
    const char *src = texts[rnd( sizeof(texts) / sizeof(texts[0]) )];
    uint32_t len = strlen( src ), extra = rnd( 8 ) ? 0 : rnd( 4200 );
    uint8_t *p = a->end - len - extra;

    memcpy( p, src, len );
    memset( p + len, 'x', extra );
    len += extra;
    if (!rnd( 4 )) len = rnd( len + 1 );
    *text = a->end - len;
    memmove( *text, p, len );
    mutate( *text, len );
    return len;
}

/* A REPARSE_DATA_BUFFER, nearly right. */
static uint32_t make_buffer( struct area *a, uint8_t **buffer )
{
    static const uint32_t tags[] = { 0xa0000003, 0xa000000c, 0xa000001d, 0x8000001b, 0xbeef, 0x1000beef, 0 };
    static uint8_t tmp[ROOM];
    uint32_t tag = tags[rnd( 7 )], len, sub, i, flags = rnd( 2 ), size;
    const char *target = targets[rnd( sizeof(targets) / sizeof(targets[0]) )];
    uint16_t n[4];

    memset( tmp, 0, sizeof(tmp) );
    sub = strlen( target );
    if (tag == 0xa0000003 || tag == 0xa000000c)
    {
        uint32_t base = tag == 0xa000000c ? 20 : 16, print = sub > 4 && target[1] == '?' ? 4 : 0;

        n[0] = 0; n[1] = 2 * sub; n[2] = 2 * sub + 2; n[3] = 2 * (sub - print);
        memcpy( tmp + 8, n, 8 );
        if (base == 20) memcpy( tmp + 16, &flags, 4 );
        for (i = 0; i < sub; i++) tmp[base + 2 * i] = target[i];
        for (i = print; i < sub; i++) tmp[base + n[2] + 2 * (i - print)] = target[i];
        len = base + n[2] + n[3] + 2;
    }
    else if (tag == 0xa000001d)
    {
        tmp[8] = 2;
        memcpy( tmp + 12, target, sub );
        len = 12 + sub;
    }
    else len = 24 + rnd( 40 );
    if (!rnd( 16 )) len += rnd( 17000 );
    size = len - (tag & 0x80000000 ? 8 : 24);
    memcpy( tmp, &tag, 4 );
    tmp[4] = size;
    tmp[5] = size >> 8;
    if (!rnd( 8 )) len = rnd( 40 );
    if (len > ROOM) len = ROOM;
    *buffer = a->end - len;
    memcpy( *buffer, tmp, len );
    mutate( *buffer, len );
    return len;
}

/* The input of a delete. */
static uint32_t make_header( struct area *a, uint8_t **buffer )
{
    static const uint32_t tags[] = { 0xa0000003, 0xa000000c, 0xa000001d };
    uint32_t tag = tags[rnd( 3 )], len = rnd( 2 ) ? 8 : 24;

    *buffer = a->end - len;
    memset( *buffer, 0, len );
    memcpy( *buffer, &tag, sizeof(tag) );
    return len;
}

static uint32_t make_name( struct area *a, uint8_t **name )
{
    static const char *const names[] = { "d", "f", "l", "x", "x?", "missing", "", ".winelink.1", ".", "a/b" };
    const char *src = names[rnd( 10 )];
    uint32_t len = rnd( 30 ) ? strlen( src ) : rnd( 300 );

    *name = a->end - len;
    memset( *name, 'n', len );
    if (len <= strlen( src )) memcpy( *name, src, len );
    if (!rnd( 8 )) mutate( *name, len );
    return len;
}

/* Bring the objects back that the calls use up. */
static void refresh( int dirfd )
{
    int fd;

    if (!rnd( 3 )) unlinkat( dirfd, "x?", rnd( 2 ) ? AT_REMOVEDIR : 0 );
    if (!rnd( 3 )) unlinkat( dirfd, "d", rnd( 2 ) ? AT_REMOVEDIR : 0 );
    if (!rnd( 3 )) unlinkat( dirfd, "f", 0 );
    if (!rnd( 3 )) unlinkat( dirfd, "l", 0 );
    mkdirat( dirfd, "d", 0777 );
    if (!rnd( 2 )) mkdirat( dirfd, "x", 0777 );
    if ((fd = openat( dirfd, "f", O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0666 )) != -1) close( fd );
    if (symlinkat( texts[rnd( 8 )], dirfd, "l" ) && errno != EEXIST) die( "symlinkat" );
}

static struct area text_area, in_area, out_area, name_area, drive_area, dir_area;
static uint64_t calls[11], good[11], total;
static const char *prefix_dir;
static int dirfd;

static pthread_mutex_t worker_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t worker;
static int worker_alive, stopping;
static volatile sig_atomic_t signals;

static void set_worker( int alive )
{
    pthread_mutex_lock( &worker_lock );
    worker = pthread_self();
    worker_alive = alive;
    pthread_mutex_unlock( &worker_lock );
}

static void on_signal( int sig )
{
    (void)sig;
    signals++;
}

static void *annoy( void *arg )
{
    const struct timespec pause = { 0, 50000 };

    for (;;)
    {
        pthread_mutex_lock( &worker_lock );
        if (stopping) break;
        if (worker_alive) pthread_kill( worker, SIGUSR1 );
        pthread_mutex_unlock( &worker_lock );
        nanosleep( &pause, NULL );
    }
    pthread_mutex_unlock( &worker_lock );
    return arg;
}

/* One call of any function. */
static void one_call(void)
{
    struct nspa_reparse_prefix prefix = { .size = sizeof(prefix) };
    struct nspa_reparse_info info;
    uint8_t *text, *in, *out, *name, *dir, *drives;
    static const char list[] = "c:/home/u/.wine/drive_c\0z:/\0q:relative\0\0\0:::";
    const char *config = rnd( 2 ) ? "/home/u/.wine" : prefix_dir;
    uint32_t text_len = make_text( &text_area, &text ), in_len = make_buffer( &in_area, &in );
    uint32_t name_len = make_name( &name_area, &name ), call = rnd( 11 ), len = 0, form = 0, size;
    int32_t status, moved = 0;
    int fd = rnd( 50 ) ? dirfd : (int)rnd( 2000 ) + 100;

    refresh( dirfd );
    dir = dir_area.end - strlen( config );
    memcpy( dir, config, strlen( config ) );
    drives = drive_area.end - sizeof(list);
    memcpy( drives, list, sizeof(list) );
    if (!rnd( 20 )) mutate( dir, strlen( config ) );
    if (!rnd( 4 )) mutate( drives, sizeof(list) );
    prefix.flags = rnd( 16 ) & ~NSPA_REPARSE_SYNC;
    prefix.config_dir = (char *)dir;
    prefix.config_dir_len = strlen( config );
    if (rnd( 2 ))
    {
        prefix.drives = (char *)drives;
        prefix.drives_len = sizeof(list);
    }
    if (!rnd( 100 )) prefix.size = rnd( 64 );
    if (!rnd( 100 )) prefix.config_dir_len = rnd( 2 ) ? 5000 : 0;
    size = rnd( 4 ) ? rnd( 300 ) : rnd( 20000 );
    out = output( &out_area, size );
    switch (call)
    {
    case 0:
        status = p_encode( &prefix, fd, rnd( 2 ), in, in_len, (char *)out, size, &len, &form );
        check_output( &out_area, size, status ? 0 : len );
        if (!status && len > NSPA_REPARSE_MAX_TEXT) die( "text too long" );
        break;
    case 1:
        status = p_decode( &prefix, (char *)text, text_len, out, size, &len, rnd( 2 ) ? &info : NULL );
        check_output( &out_area, size, status ? 0 : len );
        break;
    case 2:
        status = p_relocate_text( &prefix, (char *)text, text_len, (char *)out, size, &len, &moved );
        check_output( &out_area, size, status ? 0 : len );
        break;
    case 3: status = p_classify( fd, (char *)name, name_len, &info ); break;
    case 4: status = p_entry( fd, (char *)name, name_len, rnd( 16 ), &info ); break;
    case 5:
        status = p_get( &prefix, fd, (char *)name, name_len, out, size, &len );
        check_output( &out_area, size, status && status != (int32_t)0x80000005 ? 0 : len );
        break;
    case 6:
        status = p_set( &prefix, fd, (char *)name, name_len, 0, !rnd( 50 ), in, in_len, &info );
        break;
    case 7:
        if (rnd( 2 )) in_len = make_header( &in_area, &in );
        status = p_delete( &prefix, fd, (char *)name, name_len, 0, !rnd( 50 ), in, in_len, NULL );
        break;
    case 8: status = p_remove( fd, (char *)name, name_len, 0, !rnd( 50 ) ); break;
    case 9:
        status = p_relocate( &prefix, fd, (char *)name, name_len, 0, 0, (char *)out, size, &len, &moved, &info );
        check_output( &out_area, size, status ? 0 : len );
        break;
    default: status = p_recover( fd, rnd( 2 ) ? 0 : rnd( 100 ), rnd( 2 ) ? &len : NULL ); break;
    }
    if (status == STATUS_INTERNAL_ERROR) die( "internal error" );
    calls[call]++;
    if (!status) good[call]++;
    total++;
}

static void *run_batch( void *arg )
{
    int i;

    set_worker( 1 );
    for (i = 0; i < BATCH; i++) one_call();
    set_worker( 0 );
    return arg;
}

#define LOAD(f) if (!(p_##f = (__typeof__(p_##f))dlsym( lib, "nspa_reparse_" #f ))) die( "missing " #f )

int main( int argc, char *argv[] )
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };
    struct area *areas[] = { &text_area, &in_area, &out_area, &name_area, &drive_area, &dir_area };
    pthread_t annoyer, thread;
    time_t end;
    void *lib;
    char path[4096];
    uint32_t i;

    if (argc != 5)
    {
        fprintf( stderr, "usage: hammer LIBRARY DIRECTORY SECONDS SEED\n" );
        return 2;
    }
    sigaction( SIGUSR1, &action, NULL );
    if (!(lib = dlopen( argv[1], RTLD_NOW | RTLD_LOCAL ))) { fprintf( stderr, "%s\n", dlerror() ); return 2; }
    LOAD( encode ); LOAD( decode ); LOAD( relocate_text ); LOAD( classify ); LOAD( entry ); LOAD( get );
    LOAD( set ); LOAD( delete ); LOAD( remove ); LOAD( relocate ); LOAD( recover );
    for (i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) *areas[i] = make_area();
    state = strtoull( argv[4], NULL, 0 ) * 2 + 1;
    prefix_dir = argv[2];
    snprintf( path, sizeof(path), "%s/drive_c", prefix_dir );
    mkdir( path, 0777 );
    if ((dirfd = open( path, O_PATH | O_DIRECTORY | O_CLOEXEC )) == -1) die( "directory" );
    if (pthread_create( &annoyer, NULL, annoy, NULL )) die( "pthread_create" );

    for (end = time( NULL ) + atoi( argv[3] ); time( NULL ) < end; )
    {
        if (pthread_create( &thread, NULL, run_batch, NULL )) die( "pthread_create" );
        pthread_join( thread, NULL );
    }
    pthread_mutex_lock( &worker_lock );
    stopping = 1;
    pthread_mutex_unlock( &worker_lock );
    pthread_join( annoyer, NULL );

    for (i = 0; i < 11; i++) printf( "call %u: %" PRIu64 ", %" PRIu64 " succeeded\n", i, calls[i], good[i] );
    for (i = 0; i < 11; i++) if (!good[i]) die( "a function that never succeeds" );
    printf( "%d signals\n", (int)signals );
    printf( "%" PRIu64 " calls\n", total );
    return 0;
}
