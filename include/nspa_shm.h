/*
 * The shared inode table: layout and protocol
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
 *
 * This file is the one implementation of the protocol.  wineserver's library
 * includes it, package shm reaches it through cgo, and the tests drive it.
 *
 * What is shared.  wineserver publishes, per (device, inode), the opens that
 * it holds itself; every attached process publishes the opens it serves
 * locally.  An open is granted when it agrees with both.  The counters are
 * those of NT's SHARE_ACCESS plus three for mappings, because counters can be
 * subtracted and access masks cannot.  The rule they feed is check_sharing()
 * in Wine's server/fd.c.
 *
 * Three kinds of memory, each a memfd:
 *   struct nspa_control  wineserver writes it; for the processes it is read-only,
 *                        which the kernel sees to
 *   struct nspa_table    everybody writes it: the processes' counters and the locks
 *   struct nspa_journal  one for each process, which writes it; wineserver has it
 *                        mapped too, and nobody else
 *
 * Who writes what in the table.
 *   bucket.lock   whoever takes it
 *   bucket.slots  the owner of the lock
 *   bucket.clean  wineserver sets it; anybody clears it
 *
 * A client open.  Lock the bucket; announce the open in the journal (PENDING);
 * look at wineserver's flags and counters and at the processes'; commit
 * (PENDING -> HELD); count; unlock.  Announcing before looking is what lets
 * wineserver answer without the lock when its owner is stopped: it raises POISON,
 * stores its own counters, then aborts each PENDING entry of the inode.  An entry
 * that it does not find is announced later, and its process then sees POISON.
 *
 * A client close.  Lock the bucket; HELD -> ABORTED; uncount; unlock; FREE.  If
 * the lock is not to be had, the bucket is no longer clean instead.
 *
 * The journals are the truth, the slots are their running sum.  It is right
 * whenever the lock is free and the bucket is clean: who leaves it wrong (a close
 * without the lock, a dead owner's successor) makes it unclean before it lets go.
 * Clients decline then, and wineserver recounts.
 *
 * Damage.  Any word of the table may have been overwritten by a process that does
 * not keep to this.  So each slot has a check word, and "clean" is one value out of
 * all that a word can have: zeros or rubbish are noticed by whoever comes next, and
 * make the bucket unclean.  An owner whose lock word is not its own when it unlocks
 * cannot know who else was inside: it makes the bucket unclean and takes its open
 * back.  Nothing is used as an index or length without a check, and no loop depends
 * on it.
 *
 * A journal says what its process has in a bucket (nspa_cell): so a recount looks at
 * nothing else.  It also says whether the process has or waits for the lock: a lock
 * that no journal claims is nobody's.
 *
 * Threads and signals.  All signals must be blocked while a bucket lock is
 * held: a thread that Wine suspends or ends there would keep the lock until
 * its process ends.
 */

#ifndef __NSPA_SHM_H
#define __NSPA_SHM_H

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSPA_SHM_MAGIC    0x4154504e /* "NPTA" */
#define NSPA_SHM_VERSION  5

/* Geometry.  Both libraries must be built alike; attaching compares. */
#ifndef NSPA_BUCKETS
#define NSPA_BUCKETS      8192
#endif
#ifndef NSPA_SLOTS
#define NSPA_SLOTS        7
#endif
#define NSPA_HANDLE_CAP   4096       /* entries of one journal: local handles of one process */
#define NSPA_GROUPS       256        /* of cells in a journal */
#define NSPA_GROUP_CELLS  32

/* How long to wait for the owner of a bucket lock, in nanoseconds.  A client
 * then declines the open; wineserver then answers from the journals. */
#define NSPA_CLIENT_WAIT_NS  10000000
#define NSPA_SERVER_WAIT_NS  50000000

/* Access bits as Wine's server/file.h has them; the last three mark mappings. */
#define NSPA_READ_ACCESS    0x00000021u  /* FILE_READ_DATA | FILE_EXECUTE */
#define NSPA_WRITE_ACCESS   0x00000006u  /* FILE_WRITE_DATA | FILE_APPEND_DATA */
#define NSPA_WRITE_DATA     0x00000002u
#define NSPA_DELETE_ACCESS  0x00010000u
#define NSPA_ALL_ACCESS     (NSPA_READ_ACCESS | NSPA_WRITE_ACCESS | NSPA_DELETE_ACCESS)
#define NSPA_MAP_ACCESS     0x20000000u
#define NSPA_MAP_WRITE      0x40000000u
#define NSPA_MAP_IMAGE      0x80000000u
#define NSPA_SHARE_READ     1u
#define NSPA_SHARE_WRITE    2u
#define NSPA_SHARE_DELETE   4u
#define NSPA_SHARE_ALL      7u

/* One side's opens of one inode. */
struct nspa_share
{
    uint32_t handles;        /* opens of any access; keeps the slot in use */
    uint32_t opens;          /* those that take part in sharing: read, write or delete access */
    uint32_t readers;
    uint32_t writers;
    uint32_t deleters;
    uint32_t shared_read;    /* of opens, those that share reading, ... */
    uint32_t shared_write;
    uint32_t shared_delete;
    uint32_t map_write;      /* opens with the mapping access bits */
    uint32_t map_image;
    uint32_t map_access;
};

/* What the processes have open of an inode. */
struct nspa_slot
{
    uint64_t dev;            /* st_dev, st_ino; meaningful while there are handles */
    uint64_t ino;
    struct nspa_share clients;
    uint32_t check;          /* of all the rest, and of where the slot is */
};

struct nspa_bucket
{
    uint32_t lock;           /* PI futex: owner's TID, FUTEX_WAITERS, FUTEX_OWNER_DIED */
    uint32_t clean;          /* nspa_clean_word(): the slots are the sums of the journals */
    uint32_t pad[14];
    struct nspa_slot slots[NSPA_SLOTS];
};

struct nspa_table
{
    struct nspa_bucket bucket[NSPA_BUCKETS];
#if (NSPA_BUCKETS * (64 + NSPA_SLOTS * 64)) % 4096
    uint8_t align[4096 - (NSPA_BUCKETS * (64 + NSPA_SLOTS * 64)) % 4096];
#endif
};

/* What wineserver has open of an inode. */
struct nspa_server_slot
{
    uint64_t dev;            /* meaningful while there are handles */
    uint64_t ino;
    struct nspa_share opens;
    uint32_t pad;
};

struct nspa_server_bucket
{
    uint32_t poison;         /* wineserver has an open here that no slot shows, could not get */
                             /* the lock, or is removing a file: clients decline */
    uint32_t notify;         /* wineserver waits for a last close here */
    uint32_t pad[14];
    struct nspa_server_slot slots[NSPA_SLOTS];
};

struct nspa_control
{
    uint32_t magic;
    uint32_t version;
    uint64_t size;           /* of this mapping, in bytes */
    uint32_t buckets;
    uint32_t slots;
    uint32_t handle_cap;
    uint32_t lease;          /* robust futex that wineserver owns while it lives */
    uint8_t  instance[16];   /* random, one per wineserver */
    uint64_t salt;           /* of the check words, random */
    uint64_t pid_ns_dev;     /* wineserver's PID namespace, from /proc/self/ns/pid: lock words */
    uint64_t pid_ns_ino;     /* hold thread ids, which mean nothing in another */
    uint64_t mnt_ns_dev;     /* its mount namespace, from /proc/self/ns/mnt: in another, a */
    uint64_t mnt_ns_ino;     /* name may lead to another file */
    uint32_t volume_epoch;   /* bumped when a drive link or a volume changes */
    uint32_t name_epoch;     /* bumped when wineserver has renamed, replaced or unlinked a file */
    uint32_t watched_trees;  /* directories whose trees are watched for changes */
    uint32_t pad[999];
    struct nspa_server_bucket bucket[NSPA_BUCKETS];
#if (NSPA_BUCKETS * (64 + NSPA_SLOTS * 64)) % 4096
    uint8_t  align[4096 - (NSPA_BUCKETS * (64 + NSPA_SLOTS * 64)) % 4096];
#endif
};

struct nspa_journal_entry
{
    uint64_t dev;
    uint64_t ino;
    uint32_t access;
    uint32_t sharing;
    uint32_t state;
    uint32_t seq;            /* bumped before an announcement: fields read under one value belong together */
};

enum nspa_entry_state
{
    NSPA_ENTRY_FREE,
    NSPA_ENTRY_PENDING,      /* announced, not granted */
    NSPA_ENTRY_HELD,         /* granted */
    NSPA_ENTRY_ABORTED,      /* not granted any more: wineserver answered first, or it is being closed */
    NSPA_ENTRY_CLOSED        /* as FREE, but wineserver may not have been told of the close */
};

/* Where the entries of a bucket are: a cell for each entry that is not FREE, in the group
 * of its bucket or, while that spills, in one that follows.  Index + 1; zero is no entry. */
typedef uint16_t nspa_cell;
#define NSPA_CELL_INDEX  0x7fffu
#define NSPA_CELL_CLAIM  0x8000u     /* a thread has or waits for the lock of the entry's bucket */

struct nspa_journal
{
    uint64_t  owner;         /* wineserver's name for the process: generation << 32 | id; 0 when retired */
    uint32_t  high_water;    /* entries from here on were never used */
    uint32_t  pad[957];
    uint8_t   spill[NSPA_GROUPS];  /* the group was full once: look at the next one too */
    nspa_cell cell[NSPA_GROUPS][NSPA_GROUP_CELLS];
    struct nspa_journal_entry entries[NSPA_HANDLE_CAP];
};

#define NSPA_ASSERT_OFFSET(type, field, off) \
    _Static_assert( offsetof( struct type, field ) == (off), #type "." #field )
NSPA_ASSERT_OFFSET( nspa_share, map_access, 40 );
_Static_assert( sizeof(struct nspa_share) == 44, "share size" );
NSPA_ASSERT_OFFSET( nspa_slot, clients, 16 );
NSPA_ASSERT_OFFSET( nspa_slot, check, 60 );
_Static_assert( sizeof(struct nspa_slot) == 64, "slot size" );
NSPA_ASSERT_OFFSET( nspa_bucket, clean, 4 );
NSPA_ASSERT_OFFSET( nspa_bucket, slots, 64 );
_Static_assert( sizeof(struct nspa_table) % 4096 == 0, "table size" );
NSPA_ASSERT_OFFSET( nspa_server_slot, opens, 16 );
_Static_assert( sizeof(struct nspa_server_slot) == 64, "server's slot size" );
NSPA_ASSERT_OFFSET( nspa_server_bucket, notify, 4 );
NSPA_ASSERT_OFFSET( nspa_server_bucket, slots, 64 );
NSPA_ASSERT_OFFSET( nspa_control, size, 8 );
NSPA_ASSERT_OFFSET( nspa_control, buckets, 16 );
NSPA_ASSERT_OFFSET( nspa_control, lease, 28 );
NSPA_ASSERT_OFFSET( nspa_control, instance, 32 );
NSPA_ASSERT_OFFSET( nspa_control, salt, 48 );
NSPA_ASSERT_OFFSET( nspa_control, pid_ns_dev, 56 );
NSPA_ASSERT_OFFSET( nspa_control, mnt_ns_dev, 72 );
NSPA_ASSERT_OFFSET( nspa_control, volume_epoch, 88 );
NSPA_ASSERT_OFFSET( nspa_control, watched_trees, 96 );
NSPA_ASSERT_OFFSET( nspa_control, bucket, 4096 );
_Static_assert( sizeof(struct nspa_control) % 4096 == 0, "control size" );
_Static_assert( sizeof(struct nspa_journal_entry) == 32, "entry size" );
NSPA_ASSERT_OFFSET( nspa_journal_entry, state, 24 );
NSPA_ASSERT_OFFSET( nspa_journal_entry, seq, 28 );
NSPA_ASSERT_OFFSET( nspa_journal, high_water, 8 );
NSPA_ASSERT_OFFSET( nspa_journal, spill, 4096 - NSPA_GROUPS );
NSPA_ASSERT_OFFSET( nspa_journal, cell, 4096 );
NSPA_ASSERT_OFFSET( nspa_journal, entries, 4096 + 16384 );
_Static_assert( sizeof(struct nspa_journal) % 4096 == 0, "journal size" );
_Static_assert( NSPA_GROUPS * NSPA_GROUP_CELLS >= 2 * NSPA_HANDLE_CAP, "a cell is always found" );
_Static_assert( NSPA_HANDLE_CAP < NSPA_CELL_INDEX, "a cell holds any index" );

/* The tests define this to stop or kill a process between two accesses. */
#ifndef NSPA_STEP
#define NSPA_STEP(name) ((void)0)
#endif

#define NSPA_LOAD(p)      __atomic_load_n( (p), __ATOMIC_ACQUIRE )
#define NSPA_STORE(p, v)  __atomic_store_n( (p), (v), __ATOMIC_RELEASE )
#define NSPA_FENCE()      __atomic_thread_fence( __ATOMIC_SEQ_CST )

/* ---- sharing rule ------------------------------------------------------- */

/* Take an open with this access and sharing into the counters, or out of them.
 * Counters never go below zero, whatever the table held. */
static inline void nspa_count( uint32_t *counter, int add )
{
    uint32_t value = NSPA_LOAD( counter );

    if (add) value++;
    else if (value) value--;
    NSPA_STORE( counter, value );
}

static inline void nspa_share_change( struct nspa_share *share, uint32_t access, uint32_t sharing, int add )
{
    nspa_count( &share->handles, add );
    if (access & NSPA_ALL_ACCESS)
    {
        nspa_count( &share->opens, add );
        if (access & NSPA_READ_ACCESS) nspa_count( &share->readers, add );
        if (access & NSPA_WRITE_ACCESS) nspa_count( &share->writers, add );
        if (access & NSPA_DELETE_ACCESS) nspa_count( &share->deleters, add );
        if (sharing & NSPA_SHARE_READ) nspa_count( &share->shared_read, add );
        if (sharing & NSPA_SHARE_WRITE) nspa_count( &share->shared_write, add );
        if (sharing & NSPA_SHARE_DELETE) nspa_count( &share->shared_delete, add );
    }
    if (access & NSPA_MAP_WRITE) nspa_count( &share->map_write, add );
    if (access & NSPA_MAP_IMAGE) nspa_count( &share->map_image, add );
    if (access & NSPA_MAP_ACCESS) nspa_count( &share->map_access, add );
}

/* The masks that check_sharing() would have collected from these opens. */
static inline void nspa_share_masks( const struct nspa_share *share, uint32_t *access, uint32_t *sharing )
{
    uint32_t opens = NSPA_LOAD( &share->opens );

    if (NSPA_LOAD( &share->readers )) *access |= 1;  /* FILE_READ_DATA */
    if (NSPA_LOAD( &share->writers )) *access |= NSPA_WRITE_DATA;
    if (NSPA_LOAD( &share->deleters )) *access |= NSPA_DELETE_ACCESS;
    if (NSPA_LOAD( &share->map_write )) *access |= NSPA_MAP_WRITE;
    if (NSPA_LOAD( &share->map_image )) *access |= NSPA_MAP_IMAGE;
    if (NSPA_LOAD( &share->map_access )) *access |= NSPA_MAP_ACCESS;
    if (NSPA_LOAD( &share->shared_read ) < opens) *sharing &= ~NSPA_SHARE_READ;
    if (NSPA_LOAD( &share->shared_write ) < opens) *sharing &= ~NSPA_SHARE_WRITE;
    if (NSPA_LOAD( &share->shared_delete ) < opens) *sharing &= ~NSPA_SHARE_DELETE;
}

/* Would an open with this access and sharing conflict with opens that have
 * these masks?  check_sharing() without its two rules for truncation and
 * delete-on-close, which no local open asks for. */
static inline int nspa_masks_conflict( uint32_t access, uint32_t sharing,
                                       uint32_t other_access, uint32_t other_sharing )
{
    if ((access & NSPA_READ_ACCESS) && !(other_sharing & NSPA_SHARE_READ)) return 1;
    if ((access & NSPA_WRITE_ACCESS) && !(other_sharing & NSPA_SHARE_WRITE)) return 1;
    if ((access & NSPA_DELETE_ACCESS) && !(other_sharing & NSPA_SHARE_DELETE)) return 1;
    if ((other_access & NSPA_MAP_WRITE) && !(sharing & NSPA_SHARE_WRITE)) return 1;
    if ((other_access & NSPA_MAP_IMAGE) && (access & NSPA_WRITE_DATA)) return 1;
    if (!(access & NSPA_ALL_ACCESS)) return 0;
    if ((other_access & NSPA_READ_ACCESS) && !(sharing & NSPA_SHARE_READ)) return 1;
    if ((other_access & NSPA_WRITE_ACCESS) && !(sharing & NSPA_SHARE_WRITE)) return 1;
    if ((other_access & NSPA_DELETE_ACCESS) && !(sharing & NSPA_SHARE_DELETE)) return 1;
    return 0;
}

/* ---- bucket lock -------------------------------------------------------- */

/* The calling thread, as the kernel knows it.  One per thread; filled by the
 * first call of nspa_thread_self(), stale after fork. */
struct nspa_thread
{
    uint32_t tid;
    long     futex_offset;
    void   **pending;        /* &robust_list_head.list_op_pending, glibc's */
    void    *saved;
};

struct nspa_robust_list_head
{
    void *next;
    long  futex_offset;
    void *list_op_pending;
};

static inline void nspa_thread_init( struct nspa_thread *self )
{
    struct nspa_robust_list_head *head = NULL;
    size_t len = 0;

    if (!syscall( SYS_get_robust_list, 0, &head, &len ) && head && len >= sizeof(*head))
    {
        self->futex_offset = head->futex_offset;
        self->pending = &head->list_op_pending;
    }
    self->tid = syscall( SYS_gettid );
}

/* libnspa.so must not take static thread-local storage, which GL drivers need, and
 * has its own (core/thread.c). */
#ifdef NSPA_OWN_THREAD_SELF
extern struct nspa_thread *nspa_thread_self(void);
#else
static inline struct nspa_thread *nspa_thread_self(void)
{
    static __thread struct nspa_thread self __attribute__((tls_model("initial-exec")));

    if (!self.tid) nspa_thread_init( &self );
    return &self;
}
#endif

/* Tell the kernel which word to mark should this thread die: list_op_pending
 * is what glibc itself uses while it takes a robust mutex.  Bit 0 says PI. */
static inline void nspa_robust_begin( struct nspa_thread *self, uint32_t *word )
{
    if (!self->pending) return;
    self->saved = *self->pending;
    *(void *volatile *)self->pending = (void *)(((uintptr_t)word - self->futex_offset) | 1);
    __atomic_signal_fence( __ATOMIC_SEQ_CST );
}

static inline void nspa_robust_end( struct nspa_thread *self )
{
    if (!self->pending) return;
    __atomic_signal_fence( __ATOMIC_SEQ_CST );
    *(void *volatile *)self->pending = self->saved;
}

enum nspa_lock_result
{
    NSPA_LOCKED,
    NSPA_LOCKED_DIED,        /* locked; the last owner died inside */
    NSPA_LOCK_BUSY           /* not locked: time is up or the word makes no sense */
};

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static inline int64_t nspa_clock_ns( clockid_t clock )
{
    struct timespec ts;

    clock_gettime( clock, &ts );
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static inline enum nspa_lock_result nspa_lock_slow( uint32_t *word, struct nspa_thread *self, int64_t wait_ns )
{
    int64_t deadline = nspa_clock_ns( CLOCK_MONOTONIC ) + wait_ns;
    int op = FUTEX_LOCK_PI2;

    for (;;)
    {
        uint32_t value = NSPA_LOAD( word );
        int64_t until = deadline;
        struct timespec ts;

        if (op == FUTEX_LOCK_PI)  /* before Linux 5.14: realtime clock only */
            until += nspa_clock_ns( CLOCK_REALTIME ) - nspa_clock_ns( CLOCK_MONOTONIC );
        ts.tv_sec  = until / 1000000000;
        ts.tv_nsec = until % 1000000000;
        if (!syscall( SYS_futex, word, op, 0, &ts, NULL, 0 ))
        {
            if (!(NSPA_LOAD( word ) & FUTEX_OWNER_DIED)) return NSPA_LOCKED;
            __atomic_and_fetch( word, ~(uint32_t)FUTEX_OWNER_DIED, __ATOMIC_ACQ_REL );
            return NSPA_LOCKED_DIED;
        }
        switch (errno)
        {
        case ENOSYS:
            if (op == FUTEX_LOCK_PI) return NSPA_LOCK_BUSY;
            op = FUTEX_LOCK_PI;
            continue;
        case EDEADLK:  /* our own id, but we hold nothing: left by a thread that had it before */
            if ((NSPA_LOAD( word ) & FUTEX_TID_MASK) == self->tid) return NSPA_LOCKED_DIED;
            return NSPA_LOCK_BUSY;
        case ESRCH:    /* the owner is gone and the kernel did not mark it; if another has come, that fails */
            if (__atomic_compare_exchange_n( word, &value, (value & FUTEX_WAITERS) | self->tid, 0,
                                             __ATOMIC_ACQ_REL, __ATOMIC_RELAXED ))
                return NSPA_LOCKED_DIED;
            break;
        case EAGAIN:
        case EINTR:
            break;
        default:
            return NSPA_LOCK_BUSY;
        }
        if (nspa_clock_ns( CLOCK_MONOTONIC ) >= deadline) return NSPA_LOCK_BUSY;
    }
}

/* Lock a word of the table, for no longer than wait_ns: zero takes it if it is
 * free or its owner is dead.  Signals blocked; one lock at a time. */
static inline enum nspa_lock_result nspa_lock( uint32_t *word, struct nspa_thread *self, int64_t wait_ns )
{
    enum nspa_lock_result ret = NSPA_LOCKED;
    uint32_t expect = 0;

    nspa_robust_begin( self, word );
    NSPA_STEP( lock );
    if (!__atomic_compare_exchange_n( word, &expect, self->tid, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED ))
        ret = nspa_lock_slow( word, self, wait_ns );
    if (ret == NSPA_LOCK_BUSY) nspa_robust_end( self );
    NSPA_STEP( locked );
    return ret;
}

/* Returns zero if the lock was not ours any more: somebody has written to the word, and
 * another may have been inside. */
static inline int nspa_unlock( uint32_t *word, struct nspa_thread *self )
{
    uint32_t expect = self->tid;
    int ours = 1;

    NSPA_STEP( unlock );
    if (!__atomic_compare_exchange_n( word, &expect, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST ))
        ours = (expect & FUTEX_TID_MASK) == self->tid &&
               !syscall( SYS_futex, word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0 );
    NSPA_STEP( unlocked );
    nspa_robust_end( self );
    return ours;
}

/* ---- buckets and slots -------------------------------------------------- */

#define NSPA_NEAR 8u                 /* buckets of one page: neighbouring inodes share it */

static inline uint32_t nspa_hash( uint64_t dev, uint64_t ino )
{
    uint64_t h = (ino / NSPA_NEAR ^ dev * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    uint32_t page;

    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    page = (h >> 32) * ((NSPA_BUCKETS + NSPA_NEAR - 1) / NSPA_NEAR) >> 32;
    return (page * NSPA_NEAR + ((ino ^ h >> 24) % NSPA_NEAR)) % NSPA_BUCKETS;
}

/* The value of bucket.clean while the bucket is. */
static inline uint32_t nspa_clean_word( const struct nspa_control *control, uint32_t hash )
{
    return (uint32_t)((control->salt + hash) * UINT64_C(0x9e3779b97f4a7c15) >> 32) | 1;
}

static inline int nspa_bucket_is_clean( const struct nspa_control *control, const struct nspa_table *table,
                                        uint32_t hash )
{
    return __atomic_load_n( &table->bucket[hash].clean, __ATOMIC_SEQ_CST ) == nspa_clean_word( control, hash );
}

/* The slots may not be the sums of the journals: clients decline until wineserver has
 * counted again. */
static inline void nspa_bucket_spoil( struct nspa_table *table, uint32_t hash )
{
    __atomic_store_n( &table->bucket[hash].clean, 0, __ATOMIC_SEQ_CST );
}

/* The check word of a slot's copy. */
static inline uint32_t nspa_slot_check( const struct nspa_control *control, const struct nspa_slot *slot,
                                        uint32_t hash, uint32_t number )
{
    static const uint64_t factor[8] =
    {
        UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbf58476d1ce4e5b9), UINT64_C(0x94d049bb133111eb),
        UINT64_C(0xd6e8feb86659fd93), UINT64_C(0xff51afd7ed558ccd), UINT64_C(0xc4ceb9fe1a85ec53),
        UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db)
    };
    uint64_t words[8], h = (control->salt ^ (hash * NSPA_SLOTS + number)) * UINT64_C(0x8ebc6af09c88c6e3);
    unsigned int i;

    memcpy( words, slot, sizeof(words) );
    words[7] &= UINT32_MAX;          /* without the check word itself */
    for (i = 0; i < 8; i++) h += (words[i] ^ words[i] >> 32) * factor[i];
    return (uint32_t)(h ^ h >> 32);
}

/* Copy a slot out, once: what is looked at afterwards is the copy. */
static inline int nspa_slot_read( const struct nspa_control *control, const struct nspa_table *table,
                                  uint32_t hash, uint32_t number, struct nspa_slot *copy )
{
    memcpy( copy, &table->bucket[hash].slots[number], sizeof(*copy) );
    __asm__ __volatile__( "" ::: "memory" );
    return copy->check == nspa_slot_check( control, copy, hash, number );
}

/* Bucket locked. */
static inline void nspa_slot_write( const struct nspa_control *control, struct nspa_table *table,
                                    uint32_t hash, uint32_t number, struct nspa_slot *copy )
{
    copy->check = nspa_slot_check( control, copy, hash, number );
    __asm__ __volatile__( "" ::: "memory" );
    memcpy( &table->bucket[hash].slots[number], copy, sizeof(*copy) );
    __asm__ __volatile__( "" ::: "memory" );
}

#define NSPA_SLOT_NONE     -1
#define NSPA_SLOT_DAMAGED  -2

/* The number of the slot of this inode, with a copy of it, or one of the above.  With
 * unused non-NULL, also the first one that is not in use, or NONE.  Bucket locked. */
static inline int nspa_slot_find( const struct nspa_control *control, const struct nspa_table *table,
                                  uint32_t hash, uint64_t dev, uint64_t ino,
                                  struct nspa_slot *copy, int *unused )
{
    int i;

    if (unused) *unused = NSPA_SLOT_NONE;
    for (i = 0; i < NSPA_SLOTS; i++)
    {
        if (!nspa_slot_read( control, table, hash, i, copy )) return NSPA_SLOT_DAMAGED;
        if (copy->clients.handles)
        {
            if (copy->dev == dev && copy->ino == ino) return i;
        }
        else if (unused && *unused == NSPA_SLOT_NONE) *unused = i;
    }
    return NSPA_SLOT_NONE;
}

/* The same of wineserver's.  It changes them with the bucket locked or under POISON:
 * a client looks with the bucket locked, and at POISON afterwards. */
static inline int nspa_server_slot_find( const struct nspa_server_bucket *bucket, uint64_t dev, uint64_t ino,
                                         int *unused )
{
    int i;

    if (unused) *unused = NSPA_SLOT_NONE;
    for (i = 0; i < NSPA_SLOTS; i++)
    {
        const struct nspa_server_slot *slot = &bucket->slots[i];

        if (NSPA_LOAD( &slot->opens.handles ))
        {
            if (NSPA_LOAD( &slot->dev ) == dev && NSPA_LOAD( &slot->ino ) == ino) return i;
        }
        else if (unused && *unused == NSPA_SLOT_NONE) *unused = i;
    }
    return NSPA_SLOT_NONE;
}

/* ---- cells of a journal ------------------------------------------------- */

/* A group that this one spills into, or NSPA_GROUPS.  first: where the walk began. */
static inline uint32_t nspa_next_group( const struct nspa_journal *journal, uint32_t group, uint32_t first )
{
    if (!NSPA_LOAD( &journal->spill[group] )) return NSPA_GROUPS;
    group = (group + 1) % NSPA_GROUPS;
    return group == first ? NSPA_GROUPS : group;
}

/* Enter an index for a bucket, with a claim. */
static inline nspa_cell *nspa_cell_add( struct nspa_journal *journal, uint32_t index, uint32_t hash )
{
    uint32_t first = hash % NSPA_GROUPS, group = first, i;

    while (group < NSPA_GROUPS)
    {
        for (i = 0; i < NSPA_GROUP_CELLS; i++)
        {
            nspa_cell *cell = &journal->cell[group][(index + i) % NSPA_GROUP_CELLS], none = 0;

            if (!__atomic_load_n( cell, __ATOMIC_RELAXED ) &&
                __atomic_compare_exchange_n( cell, &none, (index + 1) | NSPA_CELL_CLAIM, 0,
                                             __ATOMIC_SEQ_CST, __ATOMIC_RELAXED )) return cell;
        }
        NSPA_STORE( &journal->spill[group], 1 );
        group = nspa_next_group( journal, group, first );
    }
    return NULL;
}

static inline nspa_cell *nspa_cell_find( struct nspa_journal *journal, uint32_t index, uint32_t hash )
{
    uint32_t first = hash % NSPA_GROUPS, group = first, i;

    while (group < NSPA_GROUPS)
    {
        for (i = 0; i < NSPA_GROUP_CELLS; i++)
        {
            nspa_cell *cell = &journal->cell[group][(index + i) % NSPA_GROUP_CELLS];

            if ((__atomic_load_n( cell, __ATOMIC_RELAXED ) & NSPA_CELL_INDEX) == index + 1) return cell;
        }
        group = nspa_next_group( journal, group, first );
    }
    return NULL;
}

/* ---- client side -------------------------------------------------------- */

/* A process's view of the table. */
struct nspa_client
{
    struct nspa_table         *table;
    const struct nspa_control *control;
    struct nspa_journal       *journal;
    uint64_t                   owner;   /* what journal->owner must still say */
};

enum nspa_publish_result
{
    NSPA_PUBLISHED,
    NSPA_CONFLICT,           /* the table shows a conflicting open */
    NSPA_BUCKET_FULL,
    NSPA_BUCKET_DECLINED,    /* POISON, not clean, or found damaged */
    NSPA_BUCKET_BUSY,        /* lock not obtained, or wineserver aborted us */
    NSPA_DETACHED            /* wineserver is gone, or has retired this process */
};

/* Is the wineserver that made the table alive?  The kernel marks the lease
 * when its owner dies, so this is one load. */
static inline int nspa_server_alive( const struct nspa_control *control )
{
    uint32_t word = NSPA_LOAD( &control->lease );

    return (word & FUTEX_TID_MASK) && !(word & FUTEX_OWNER_DIED);
}

static inline int nspa_client_attached( const struct nspa_client *client )
{
    return nspa_server_alive( client->control ) && NSPA_LOAD( &client->journal->owner ) == client->owner;
}

/* Changes whenever wineserver has renamed, replaced or unlinked a file. */
static inline uint32_t nspa_client_name_epoch( const struct nspa_client *client )
{
    return NSPA_LOAD( &client->control->name_epoch );
}

/* Changes whenever a drive link or a volume may have. */
static inline uint32_t nspa_client_volume_epoch( const struct nspa_client *client )
{
    return NSPA_LOAD( &client->control->volume_epoch );
}

/* Is a directory watched for changes with all below it?  Then wineserver must see each
 * directory that is opened. */
static inline int nspa_client_trees_watched( const struct nspa_client *client )
{
    return NSPA_LOAD( &client->control->watched_trees ) != 0;
}

/* Map what request nspa_attach handed over, and check all of it.  The descriptors stay
 * the caller's and may be closed afterwards.  On failure nothing stays mapped and why,
 * unless it is NULL, says in words what is wrong.  In shm/attach.c.
 *   0                         attached
 *   NSPA_ATTACH_INVALID       not what they should be, of another build, or of a
 *                             wineserver in another PID namespace
 *   NSPA_ATTACH_UNKNOWN       wineserver is gone, or knows no such owner
 *   NSPA_ATTACH_OTHER_MOUNTS  wineserver is in another mount namespace, where a name
 *                             may lead to another file: all opens are for wineserver */
__attribute__((visibility("hidden")))
extern int32_t nspa_client_attach( struct nspa_client *client, int table_fd, int control_fd, int journal_fd,
                                   uint64_t owner, char *why, size_t why_size );
#define NSPA_TABLE_FD    1   /* what wineserver sends with the descriptors in the place of a handle */
#define NSPA_CONTROL_FD  2
#define NSPA_JOURNAL_FD  3
#define NSPA_ATTACH_INVALID       ((int32_t)0xc0000098)  /* STATUS_FILE_INVALID */
#define NSPA_ATTACH_UNKNOWN       ((int32_t)0xc000000d)  /* STATUS_INVALID_PARAMETER */
#define NSPA_ATTACH_OTHER_MOUNTS  ((int32_t)0xc00000d4)  /* STATUS_NOT_SAME_DEVICE */

/* Make sure that wineserver looks at this entry. */
static inline void nspa_journal_use( struct nspa_journal *journal, uint32_t index )
{
    uint32_t high = NSPA_LOAD( &journal->high_water );

    while (high <= index && !__atomic_compare_exchange_n( &journal->high_water, &high, index + 1, 0,
                                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE )) /* again */;
}

/* Does wineserver want to see each open of an inode of this bucket? */
static inline int nspa_bucket_declines( const struct nspa_client *client, uint32_t hash )
{
    return NSPA_LOAD( &client->control->bucket[hash].poison ) ||
           !nspa_bucket_is_clean( client->control, client->table, hash );
}

static inline int nspa_client_retract( struct nspa_client *client, uint32_t index,
                                       uint64_t dev, uint64_t ino, uint32_t access, uint32_t sharing );

/* Does an open stand against those that slots show? */
static inline enum nspa_publish_result nspa_client_check( const struct nspa_client *client, uint32_t hash,
                                                          uint64_t dev, uint64_t ino,
                                                          uint32_t access, uint32_t sharing,
                                                          const struct nspa_slot *clients )
{
    const struct nspa_server_bucket *server = &client->control->bucket[hash];
    uint32_t other_access = 0, other_sharing = NSPA_SHARE_ALL;
    int slot = nspa_server_slot_find( server, dev, ino, NULL );

    if (slot >= 0) nspa_share_masks( &server->slots[slot].opens, &other_access, &other_sharing );
    if (clients) nspa_share_masks( &clients->clients, &other_access, &other_sharing );
    NSPA_STEP( found );
    if (!nspa_client_attached( client )) return NSPA_DETACHED;
    if (nspa_bucket_declines( client, hash )) return NSPA_BUCKET_DECLINED;
    if (nspa_masks_conflict( access, sharing, other_access, other_sharing )) return NSPA_CONFLICT;
    return NSPA_PUBLISHED;
}

/* Publish an open under journal entry index (below NSPA_HANDLE_CAP, owned by
 * the caller).  Anything but NSPA_PUBLISHED leaves no trace: the open belongs
 * to wineserver.  Signals blocked.  Bounded by NSPA_CLIENT_WAIT_NS. */
static inline enum nspa_publish_result nspa_client_publish( struct nspa_client *client, uint32_t index,
                                                            uint64_t dev, uint64_t ino,
                                                            uint32_t access, uint32_t sharing )
{
    uint32_t hash = nspa_hash( dev, ino ), state = NSPA_ENTRY_PENDING;
    struct nspa_bucket *bucket = &client->table->bucket[hash];
    struct nspa_journal_entry *entry = &client->journal->entries[index];
    struct nspa_thread *self = nspa_thread_self();
    struct nspa_slot copy;
    enum nspa_publish_result ret;
    nspa_cell *cell;
    int slot, unused, ours;

    if (!nspa_client_attached( client )) return NSPA_DETACHED;
    if (nspa_bucket_declines( client, hash )) return NSPA_BUCKET_DECLINED;

    nspa_journal_use( client->journal, index );
    NSPA_STORE( &entry->state, NSPA_ENTRY_FREE );
    NSPA_STORE( &entry->seq, entry->seq + 1 );
    NSPA_STORE( &entry->dev, dev );
    NSPA_STORE( &entry->ino, ino );
    NSPA_STORE( &entry->access, access );
    NSPA_STORE( &entry->sharing, sharing );
    if (!(cell = nspa_cell_add( client->journal, index, hash ))) return NSPA_BUCKET_FULL;

    switch (nspa_lock( &bucket->lock, self, NSPA_CLIENT_WAIT_NS ))
    {
    case NSPA_LOCK_BUSY:
        NSPA_STORE( cell, 0 );
        return NSPA_BUCKET_BUSY;
    case NSPA_LOCKED_DIED:
        nspa_bucket_spoil( client->table, hash );
        nspa_unlock( &bucket->lock, self );
        NSPA_STORE( cell, 0 );
        return NSPA_BUCKET_DECLINED;
    case NSPA_LOCKED:
        break;
    }

    NSPA_STEP( announce );
    NSPA_STORE( &entry->state, NSPA_ENTRY_PENDING );
    NSPA_FENCE();
    NSPA_STEP( announced );

    slot = nspa_slot_find( client->control, client->table, hash, dev, ino, &copy, &unused );
    if (slot == NSPA_SLOT_DAMAGED)
    {
        nspa_bucket_spoil( client->table, hash );
        ret = NSPA_BUCKET_DECLINED;
    }
    else ret = nspa_client_check( client, hash, dev, ino, access, sharing, slot >= 0 ? &copy : NULL );
    if (ret == NSPA_PUBLISHED && slot < 0)
    {
        memset( &copy, 0, sizeof(copy) );
        copy.dev = dev;
        copy.ino = ino;
        if ((slot = unused) < 0) ret = NSPA_BUCKET_FULL;
    }
    NSPA_STEP( checked );

    if (ret == NSPA_PUBLISHED &&
        !__atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_HELD, 0,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST )) ret = NSPA_BUCKET_BUSY;
    NSPA_STEP( committed );
    if (ret == NSPA_PUBLISHED)
    {
        nspa_share_change( &copy.clients, access, sharing, 1 );
        nspa_slot_write( client->control, client->table, hash, slot, &copy );
    }
    NSPA_STEP( counted );
    ours = nspa_unlock( &bucket->lock, self );
    if (!ours) nspa_bucket_spoil( client->table, hash );
    if (ret == NSPA_PUBLISHED && ours)
    {
        NSPA_STORE( cell, index + 1 );
        return ret;
    }
    if (ret == NSPA_PUBLISHED)
    {
        nspa_client_retract( client, index, dev, ino, access, sharing );
        return NSPA_BUCKET_DECLINED;
    }
    NSPA_STORE( &entry->state, NSPA_ENTRY_FREE );
    NSPA_STORE( cell, 0 );
    return ret;
}

/* Take back what nspa_client_publish() published; the arguments are those
 * given there.  Always succeeds.  Returns nonzero when wineserver asked to be
 * told of closes in this bucket: tell it before the close is done, for then the file
 * must be gone, and before the index is used again.  Signals blocked. */
static inline int nspa_client_retract( struct nspa_client *client, uint32_t index,
                                       uint64_t dev, uint64_t ino, uint32_t access, uint32_t sharing )
{
    uint32_t hash = nspa_hash( dev, ino ), state = NSPA_ENTRY_HELD;
    const struct nspa_server_bucket *server = &client->control->bucket[hash];
    struct nspa_bucket *bucket = &client->table->bucket[hash];
    struct nspa_journal_entry *entry = &client->journal->entries[index];
    struct nspa_thread *self = nspa_thread_self();
    enum nspa_lock_result locked;
    struct nspa_slot copy;
    int was_held, slot = NSPA_SLOT_DAMAGED, notify;
    nspa_cell *cell;

    /* a retired journal is wineserver's to clear */
    if (!nspa_client_attached( client )) return 0;

    if ((cell = nspa_cell_find( client->journal, index, hash ))) NSPA_STORE( cell, (index + 1) | NSPA_CELL_CLAIM );
    /* what is poisoned may be stuck: do not wait for it at each close */
    locked = nspa_lock( &bucket->lock, self, NSPA_LOAD( &server->poison ) ? 0 : NSPA_CLIENT_WAIT_NS );
    /* not held any more: wineserver retired us meanwhile, and has taken it back */
    was_held = __atomic_compare_exchange_n( &entry->state, &state, NSPA_ENTRY_ABORTED, 0,
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST );
    NSPA_STEP( aborted );
    if (locked == NSPA_LOCKED)
        slot = nspa_slot_find( client->control, client->table, hash, dev, ino, &copy, NULL );
    if (slot >= 0 && was_held)
    {
        nspa_share_change( &copy.clients, access, sharing, 0 );
        nspa_slot_write( client->control, client->table, hash, slot, &copy );
    }
    else if (was_held || locked == NSPA_LOCKED_DIED) nspa_bucket_spoil( client->table, hash );
    NSPA_STEP( uncounted );
    if (locked != NSPA_LOCK_BUSY && !nspa_unlock( &bucket->lock, self )) nspa_bucket_spoil( client->table, hash );
    notify = was_held && __atomic_load_n( &server->notify, __ATOMIC_SEQ_CST );
    if (was_held) NSPA_STORE( &entry->state, notify ? NSPA_ENTRY_CLOSED : NSPA_ENTRY_FREE );
    if (cell) NSPA_STORE( cell, 0 );
    NSPA_STEP( closed );
    return notify;
}

#endif  /* __NSPA_SHM_H */
