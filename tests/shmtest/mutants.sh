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
    cp -r include core shm "$work/"
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
mutant "flags are looked at after the announcement" races $shm \
    's/if \(nspa_bucket_declines\( client, hash \)\) return NSPA_BUCKET_DECLINED;\n    if \(nspa_masks/if (nspa_masks/'
mutant "announcements are aborted" stop capi/server/journal.c \
    's/if \(abort && state == NSPA_ENTRY_PENDING\)/if (0)/'
mutant "a dead owner spoils the bucket" kill $shm \
    's/return NSPA_LOCKED_DIED;/return NSPA_LOCKED;/g'
mutant "the lease is named to the kernel" server capi/server/table.c \
    's/\*pending = lease_entry;//g'
mutant "an entry is read under one number" hostile capi/server/journal.c \
    's/if \(NSPA_LOAD\( &entry->seq \) == copy->seq\) return/return/'
mutant "a removal holds off opens" races capi/server/remove.c \
    's/nspa_bucket_hold\( nspa_hash\( dev, ino \)\);//'
mutant "and no longer than needed" races capi/server/remove.c \
    's/nspa_bucket_let_go\( nspa_hash\( dev, ino \)\);//'
mutant "overflowed inodes get slots" races capi/server/bucket.c \
    's/    place_overflows\( hash \);\n//'
mutant "a last close is told" races $shm \
    's/notify = was_held && __atomic_load_n\( &server->notify, __ATOMIC_SEQ_CST \)/notify = 0/'
mutant "a close that was not told is, after a death" races $shm \
    's/notify \? NSPA_ENTRY_CLOSED : NSPA_ENTRY_FREE/NSPA_ENTRY_FREE/'
mutant "a slot is checked" hostile $shm \
    's/return copy->check == nspa_slot_check\(.*?\);/return 1;/s'
mutant "an owner looks at its lock word" hostile $shm \
    's/ours = nspa_unlock\( &bucket->lock, self \);/nspa_unlock( &bucket->lock, self ); ours = 1;/'
mutant "a lock is claimed" stop $shm \
    's/\(index \+ 1\) \| NSPA_CELL_CLAIM, 0,/(index + 1), 0,/'
mutant "a lock that nobody claims is taken" hostile capi/server/bucket.c \
    's/if \(nspa_bucket_claimed\( hash \)\) return 0;/return 0;/'
mutant "some are counted in the journals" hostile capi/server/remove.c \
    's/if \(entered && clients.handles\)/if (0)/'
mutant "what the journals have of a bucket is found" scale capi/server/journal.c \
    's/walk->groups == NSPA_GROUPS \|\| \(.*?\)\)\)/walk->groups == NSPA_GROUPS/s'
mutant "who opened a file learns that it was unlinked" known capi/server/remove.c \
    's/if \(removed\) nspa_server_bump_names\(\);//'
mutant "who opened a file looks for that" known core/open.c \
    's/nspa_client_name_epoch\( &files->client \) != names && /0 \&\& /'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
