#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Take out one fix at a time: the tests must notice each.
# shellcheck disable=SC2016 # the dollars are perl's
set -u

cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d "${TMPDIR:-/tmp}/nspa-mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# mutant NAME PART FILE PERL-SUBSTITUTION
mutant() {
    rm -rf "${work:?}"/*
    mkdir -p "$work/capi" "$work/tests"
    cp -r include core "$work/"
    cp -r capi/server "$work/capi/"
    cp -r tests/shmtest "$work/tests/"
    perl -0pi -e "$4" "$work/$3"
    if cmp -s "$3" "$work/$3"; then
        echo "$1: nothing to take out"
        failed=$((failed + 1))
        return
    fi
    if ! make -s -C "$work/tests/shmtest" OUT="$work/out" CFLAGS="-O0 -w" "$work/out/deaths"; then
        echo "$1: does not compile"
        failed=$((failed + 1))
    elif timeout 60 "$work/out/deaths" "$2" >"$work/log" 2>&1; then
        echo "$1: not noticed"
        failed=$((failed + 1))
    else
        echo "$1: noticed: $(grep -m 1 ':' "$work/log" | cut -c1-110)"
        passed=$((passed + 1))
    fi
}

shm=include/nspa_shm.h
mutant "a close asks whether it is still held" races $shm \
    's/was_held = __atomic_compare_exchange_n\(.*?\);/was_held = 1; NSPA_STORE( &entry->state, state = NSPA_ENTRY_ABORTED );/s'
mutant "an entry is freed last" races $shm \
    's/(was_held = __atomic_compare_exchange_n\( &entry->state, &state, NSPA_ENTRY_)ABORTED/$1FREE/'
mutant "flags are looked at after the announcement" stop $shm \
    's/else if \(NSPA_LOAD\( &bucket->flags \)\) ret = NSPA_BUCKET_DECLINED;//'
mutant "announcements are aborted" stop capi/server/journal.c \
    's/if \(abort && state == NSPA_ENTRY_PENDING\)/if (0)/'
mutant "a dead owner raises REBUILD" kill $shm \
    's/return NSPA_LOCKED_DIED;/return NSPA_LOCKED;/g'
mutant "the lease is named to the kernel" server capi/server/table.c \
    's/\*pending = lease_entry;//g'
mutant "journals start empty" hostile capi/server/process.c \
    's/if \(madvise.*?\)\) memset\( journal.*?;/memset( journal->entries, 0, nspa_journal_length( journal ) * 32 ); journal->high_water = 0;/s'
mutant "an entry is read under one number" hostile capi/server/journal.c \
    's/if \(NSPA_LOAD\( &entry->seq \) == copy->seq\) return/return/'
mutant "a count of none holds off opens" races capi/server/publish.c \
    's/nspa_bucket_leave\( bucket, !clients.handles \)/nspa_bucket_leave( bucket, 0 )/'
mutant "a count of none holds off no longer than needed" races capi/server/publish.c \
    's/held_off = bucket;//'
mutant "overflowed inodes get slots" races capi/server/bucket.c \
    's/    place_overflows\( bucket \);\n//'
mutant "a last close is told" races $shm \
    's/__atomic_load_n\( &bucket->notify, __ATOMIC_SEQ_CST \)/0/'
mutant "who opened a file learns that it was unlinked" known capi/server/table.c \
    's/__atomic_add_fetch\( &nspa_table->name_epoch/__atomic_add_fetch( &nspa_table->pad[0]/'
mutant "who opened a file looks for that" known core/known.h \
    's/return nspa_name_epoch\( files \) != epoch && /return 0 \&\& /'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
