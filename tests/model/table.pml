/*
 * The shared inode table: one bucket, one step per access to a shared word
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Follows include/nspa_shm.h and capi/server/ line by line. Every open excludes
 * every other of its inode, so that a counter is the number of opens and any
 * two opens conflict: also a section and wineserver's truncation, which it publishes
 * as a mapping for writing. A client has one journal entry. SIGSTOP is any delay: the
 * schedule decides; a wait for a lock that is held may always time out.
 *
 * Size, by -D: NC clients, NI inodes, NS slots of either side, OPENS per client,
 * SERVER_OPENS, KILLS, ZOMBIES (retired while they run), PROMOTIONS, WATCHES,
 * REMOVALS (files are unlinked; clients open by name first and publish then),
 * TAMPERS (somebody writes to the lock word), THREADS (the clients are threads of one
 * process, which is retired or killed as a whole).
 * Faults, by -D: BREAK_*, each of which must be found.
 */

#ifndef NC
#define NC 2
#endif
#ifndef NI
#define NI 1
#endif
#ifndef NS
#define NS 1
#endif
#ifndef OPENS
#define OPENS 1
#endif
#ifndef SERVER_OPENS
#define SERVER_OPENS 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef ZOMBIES
#define ZOMBIES 0
#endif
#ifndef PROMOTIONS
#define PROMOTIONS 0
#endif
#ifndef WATCHES
#define WATCHES 0
#endif
#ifndef REMOVALS
#define REMOVALS 0
#endif
#ifndef TAMPERS
#define TAMPERS 0
#endif

#define SERVER (NC + 1)     /* its name in the lock word; client i is i + 1 */
#define NOBODY (NC + 2)     /* what names none of them */
#define NONE   255

#define FREE    0
#define PENDING 1
#define HELD    2
#define ABORTED 3
#define CLOSED  4

#define LOCKED 0
#define DIED   1
#define BUSY   2

/* ---- the bucket and the journals ---- */

byte lock_word;
bool owner_died;
bool poison, rebuild, notify;   /* rebuild: the bucket is not clean */
byte slot_ino[NS], slot_clients[NS];
byte server_ino[NS], server_opens[NS];
byte names;                 /* the name epoch */

byte state[NC], entry_ino[NC];
bool claim[NC];             /* the journal says that it has the lock or waits for it */
bool owner[NC];             /* the journal's owner word still names the client */

/* ---- wineserver's own ---- */

bool in_use[NC], retired[NC];
bool swept[NC];             /* nothing of the client may come to be granted any more */
byte own[NI];
bool overflow[NI];
byte opens_left = SERVER_OPENS, zombies_left = ZOMBIES, watches_left = WATCHES;
byte promotions_left = PROMOTIONS;
bool watching[NI];
byte removals_left = REMOVALS, removing;
bool unlinked[NI];

/* ---- requests to wineserver ---- */

bool promote_request[NC], told[NI];

/* ---- processes ---- */

bool dead[NC], done[NC];
bool stopped[NC];
byte kills_left = KILLS;
bool scribbled = (TAMPERS == 0);  /* whoever writes to the lock word has done so */

/* ---- what was promised to programs ---- */

byte holds[NC];             /* inode + 1 that the client has open locally */
bool server_has[NI];        /* wineserver granted it to somebody */

#define ANY_FLAG (poison || rebuild)

/* ======== client ======== */

inline client_lock(result)
{
    if
    :: atomic { lock_word == 0 && !owner_died -> lock_word = i + 1; result = LOCKED }
#ifdef BREAK_IGNORE_DIED
    :: atomic { lock_word == 0 && owner_died -> lock_word = i + 1; owner_died = false; result = LOCKED }
#else
    :: atomic { lock_word == 0 && owner_died -> lock_word = i + 1; owner_died = false; result = DIED }
#endif
#ifdef BREAK_NO_LOCK
    :: lock_word != 0 -> result = LOCKED
#endif
#ifndef BREAK_NO_TIMEOUT
    :: lock_word != 0 -> result = BUSY
#endif
    fi
}

inline client_unlock()
{
    atomic { if :: lock_word == i + 1 -> lock_word = 0; ours = true :: else -> ours = false fi };
#ifdef BREAK_UNLOCK_BLIND
    ours = true;
#endif
    if :: !ours -> rebuild = true :: else fi
}

/* atomic: one access to a shared word and what is local around it */
inline find_slot()
{
    atomic { slot = NONE; unused = NONE; k = 0 };
    do
    :: atomic { k < NS && slot == NONE ->
        if
        :: slot_clients[k] != 0 -> if :: slot_ino[k] == ino -> slot = k :: else fi
        :: else -> if :: unused == NONE -> unused = k :: else fi
        fi;
        k++ }
    :: k == NS || slot != NONE -> break
    od
}

/* the same of wineserver's */
inline find_server_slot()
{
    atomic { server_slot = NONE; server_unused = NONE; k = 0 };
    do
    :: atomic { k < NS && server_slot == NONE -> in_slot = (server_opens[k] != 0) };
        atomic {
            if
            :: in_slot -> if :: server_ino[k] == ino -> server_slot = k :: else fi
            :: else -> if :: server_unused == NONE -> server_unused = k :: else fi
            fi;
            k++
        }
    :: k == NS || server_slot != NONE -> break
    od
}

inline publish()
{
    granted = false;
#if REMOVALS
    seen_names = names;
    if
    :: unlinked[ino] -> goto published   /* the name leads nowhere */
    :: !unlinked[ino] ->
    fi;
#endif
    if
    :: !owner[i] -> goto published
    :: owner[i] ->
    fi;
    if
    :: ANY_FLAG -> goto published
    :: !ANY_FLAG ->
    fi;
    atomic { entry_ino[i] = ino; claim[i] = true };
#ifdef BREAK_NO_CLAIM
    claim[i] = false;
#endif
    client_lock( result );
    if
    :: atomic { result == BUSY -> claim[i] = false }; goto published
    :: atomic { result == DIED -> rebuild = true }; client_unlock(); claim[i] = false; goto published
    :: result == LOCKED
    fi;
#ifndef BREAK_ANNOUNCE_LATE
    state[i] = PENDING;
#endif
    granted = true;
    find_slot();
    /* what it looks at is a copy */
    atomic { if :: slot != NONE -> count = slot_clients[slot] :: else -> count = 0 fi };
    find_server_slot();
    atomic { if :: server_slot != NONE && server_opens[server_slot] != 0 -> granted = false :: else fi };
#ifndef BREAK_NO_OWNER_CHECK
    atomic { if :: !owner[i] -> granted = false :: else fi };
#endif
#ifndef BREAK_NO_FLAG_CHECK
    atomic { if :: granted && poison -> granted = false :: else fi };
    atomic { if :: granted && rebuild -> granted = false :: else fi };
#endif
    atomic {
        if
        :: granted && slot != NONE -> granted = (count == 0)
        :: granted && slot == NONE -> slot = unused; granted = (unused != NONE)
        :: else
        fi
    };
#ifdef BREAK_ANNOUNCE_LATE
    state[i] = PENDING;
#endif
    if
    :: granted ->
#ifdef BREAK_BLIND_COMMIT
        state[i] = HELD
#else
        atomic { if :: state[i] == PENDING -> state[i] = HELD; assert( !swept[i] ) :: else -> granted = false fi }
#endif
    :: else
    fi;
    if
    :: atomic { granted -> slot_ino[slot] = ino; slot_clients[slot] = count + 1 }
    :: !granted
    fi;
    client_unlock();
    if
    :: granted && ours -> claim[i] = false
    :: granted && !ours -> retract(); granted = false
    :: else -> atomic { state[i] = FREE; claim[i] = false }
    fi;
#if REMOVALS && !defined(BREAK_NO_EPOCH)
    /* who opened it before learns that it was unlinked since */
    if
    :: granted && names != seen_names ->
        if :: unlinked[ino] -> retract(); granted = false :: else fi
    :: else
    fi;
#endif
published:
    skip
}

inline retract()
{
    if
    :: !owner[i] -> goto retracted
    :: owner[i] ->
    fi;
    claim[i] = true;
#ifdef BREAK_NO_CLAIM
    claim[i] = false;
#endif
    client_lock( result );
    slot = NONE;
#ifdef BREAK_FREE_EARLY
    if
    :: result == BUSY ->
        atomic { if :: state[i] == HELD -> state[i] = FREE; was_held = true :: else -> was_held = false fi };
        if :: was_held -> rebuild = true :: else fi;
        goto tell
    :: else
    fi;
#endif
#ifdef BREAK_NOTIFY_EARLY
    tell_it = notify;
#endif
#ifdef BREAK_BLIND_CLOSE
    was_held = true; state[i] = ABORTED;
#else
    atomic { if :: state[i] == HELD -> state[i] = ABORTED; was_held = true :: else -> was_held = false fi };
#endif
    if
    :: result == LOCKED -> find_slot();
        atomic { if :: slot != NONE -> count = slot_clients[slot] :: else fi }
    :: else
    fi;
    if
    :: atomic { slot != NONE && was_held ->
        if :: count > 0 -> slot_ino[slot] = ino; slot_clients[slot] = count - 1 :: else fi }
    :: atomic { else -> if :: result == DIED || was_held -> rebuild = true :: else fi }
    fi;
    if :: result != BUSY -> client_unlock() :: else fi;
#ifndef BREAK_NOTIFY_EARLY
    tell_it = notify;
#endif
    atomic {
        if
        :: was_held && tell_it -> state[i] = CLOSED
        :: was_held && !tell_it -> state[i] = FREE
        :: else
        fi };
    claim[i] = false;
#ifdef BREAK_FREE_EARLY
tell:
#endif
    /* the request goes out on the same thread: only death comes between */
    if :: was_held && tell_it -> told[ino] = true :: else fi;
retracted:
    skip
}

/* What is not needed any more makes no states. */
inline forget()
{
    d_step { slot = 0; unused = 0; server_slot = 0; server_unused = 0; k = 0; count = 0; result = 0; in_slot = false;
             was_held = false; ours = false; tell_it = false; seen_names = 0 }
}

#ifdef LIVENESS
#define CAN_STOP provided (!stopped[i])
#else
#define CAN_STOP
#endif

#if KILLS
#define CAN_DIE unless { dead[i] }
#else
#define CAN_DIE
#endif

/* With BYSTANDER, only client 0 closes and dies; the others just open. */
#ifdef BYSTANDER
#define MAY_CLOSE (i == 0)
#else
#define MAY_CLOSE true
#endif

proctype Client( byte i ) CAN_STOP
{
    byte ino = 0, n = 0, slot, unused, server_slot, server_unused, k, count, result, seen_names;
    bool in_slot, granted, was_held, ours, tell_it;

    {
        do
        :: n < OPENS ->
            n++;
#if NI > 1
            if :: ino = 0 :: ino = 1 fi;
#endif
            publish();
            forget();
            if
            :: !granted
            :: granted ->
                atomic {
                    if
                    :: !retired[i] ->
                        assert( !server_has[ino] );
                        assert( !unlinked[ino] );
#if !TAMPERS
                        for (k : 0 .. NC - 1) { assert( k == i || holds[k] != ino + 1 ) }
                        k = 0;
#endif
                        holds[i] = ino + 1
                    :: retired[i]  /* nobody is left to use the handle */
                    fi
                };
                if
                :: break   /* keeps it open */
                :: MAY_CLOSE ->
#if PROMOTIONS
                :: MAY_CLOSE && promotions_left > 0 ->
                    promotions_left--;
#ifdef BREAK_PROMOTE_LATE
                    retract();
#endif
                    promote_request[i] = true;
                    !promote_request[i]
#endif
                fi;
                holds[i] = 0;
                retract();
                forget()
            fi;
            granted = false
        :: break
        od;
        done[i] = true
    } CAN_DIE
}

/* ======== wineserver ======== */

#define ENDED(c) (done[c] || !in_use[c] || stopped[c])
#if NC == 1
#define ALL_ENDED ENDED(0)
#elif NC == 2
#define ALL_ENDED (ENDED(0) && ENDED(1))
#else
#define ALL_ENDED (ENDED(0) && ENDED(1) && ENDED(2))
#endif

#if NI > 1
#define ANY_OVERFLOW (overflow[0] || overflow[1])
#else
#define ANY_OVERFLOW overflow[0]
#endif

/* the lock alone */
inline server_trylock(result)
{
    if
    :: atomic { lock_word == 0 && !owner_died -> lock_word = SERVER; result = LOCKED }
    :: atomic { lock_word == 0 && owner_died -> lock_word = SERVER; owner_died = false; result = DIED };
        rebuild = true
    :: lock_word != 0 -> result = BUSY
    fi
}

inline any_claim()
{
    atomic { j = 0; claimed = false };
    do
    :: atomic { j < NC -> if :: in_use[j] && claim[j] -> claimed = true :: else fi; j++ }
    :: j == NC -> break
    od
}

/* A word that no journal claims is nobody's. */
inline seize(result)
{
    value = lock_word;
    any_claim();
    if
    :: atomic { !claimed && value != 0 && lock_word == value -> lock_word = SERVER };
        rebuild = true;
        any_claim();
        if
        :: !claimed -> result = LOCKED
        :: claimed -> atomic { if :: lock_word == SERVER -> lock_word = value :: else fi }
        fi
    :: claimed || value == 0 || lock_word != value
    fi
}

inline server_unlock()
{
    atomic { if :: lock_word == SERVER -> lock_word = 0; ours = true :: else -> ours = false fi };
    if :: !ours -> rebuild = true :: else fi
}

inline recount()
{
#ifndef BREAK_CLEAR_LATE
    rebuild = false;
#endif
    atomic { k = 0; do :: k < NS -> fresh_clients[k] = 0; k++ :: k == NS -> break od };
    j = 0;
    do
    :: j < NC ->
        atomic {
            if
            :: in_use[j] && state[j] == HELD ->
                k = 0;
                do
                :: k < NS && fresh_clients[k] != 0 && fresh_ino[k] != entry_ino[j] -> k++
                :: else -> break
                od;
                if
                :: k < NS -> fresh_ino[k] = entry_ino[j]; fresh_clients[k] = fresh_clients[k] + 1
                :: else -> homeless = true
                fi
            :: else
            fi;
            j++
        }
    :: j == NC -> break
    od;
    k = 0;
    do
    :: atomic { k < NS -> slot_ino[k] = fresh_ino[k]; slot_clients[k] = fresh_clients[k]; k++ }
    :: k == NS -> break
    od;
    if :: homeless -> rebuild = true; homeless = false :: else fi;
#ifdef BREAK_CLEAR_LATE
    rebuild = false;
#endif
    atomic { k = 0; do :: k < NS -> fresh_clients[k] = 0; fresh_ino[k] = 0; k++ :: k == NS -> break od; k = 0 }
}

inline enter()
{
    server_trylock( result );
    if :: result == BUSY -> seize( result ) :: else fi;
    entered = result != BUSY;
    if
    :: entered -> if :: rebuild -> recount() :: else fi
    :: else ->
#ifndef BREAK_POISON_LATE
        poison = true
#else
        skip
#endif
    fi
}

inline leave()
{
    k2 = 0;
    do
    :: atomic { k2 < NI && !overflow[k2] -> k2++ }
    :: k2 < NI && overflow[k2] ->
        saved = ino; ino = k2;
        find_server_slot();
        ino = saved;
        if
        :: server_unused != NONE -> atomic { server_ino[server_unused] = k2; server_opens[server_unused] = own[k2] };
            overflow[k2] = false
        :: else
        fi;
        k2++
    :: k2 == NI -> break
    od;
#ifdef BREAK_FORGET_OVERFLOW
    poison = (removing != 0);
#else
    if
    :: removing != 0 || ANY_OVERFLOW -> poison = true
    :: else -> if :: poison -> poison = false :: else fi
    fi;
#endif
    server_unlock()
}

/* what the journals have of ino */
inline sum()
{
    atomic { total = 0; j = 0 };
    do
    :: j < NC ->
        if
        :: in_use[j] && state[j] != FREE && entry_ino[j] == ino ->
#ifndef BREAK_NO_ABORT
            if
            :: !entered ->
                atomic { if :: state[j] == PENDING -> state[j] = ABORTED :: else fi }
            :: else
            fi;
#endif
            atomic { if :: state[j] == HELD -> total++ :: else fi; j++ }
        :: atomic { else -> j++ }
        fi
    :: j == NC -> break
    od
}

/* what the bucket has of it, if it was entered */
inline clients()
{
    if
    :: entered && !rebuild ->
        find_slot();
        atomic { if :: slot != NONE -> total = slot_clients[slot] :: else -> total = 0 fi }
    :: !entered || rebuild -> sum()
    fi
}

/* the bucket's word for "none", the journals' for "some" */
inline verify()
{
    sum();
    if
    :: entered ->
        find_slot();
        if
        :: slot != NONE -> if :: slot_clients[slot] != total -> recount() :: else fi
        :: else -> if :: total != 0 -> recount() :: else fi
        fi
    :: else
    fi
}

/* If the lock word was written to, another may have been inside: the answer comes from
 * the journals. */
inline answer()
{
    if
    :: entered ->
        leave();
#ifdef BREAK_ANSWER_BLIND
        ours = true;
#endif
        if :: !ours -> poison = true; entered = false; sum() :: else fi
    :: else
    fi
}

inline count_handles()
{
    enter();
    clients();
    if :: entered && total != 0 -> verify() :: else fi;
    answer()
}

inline server_publish(value)
{
    own[ino] = value;
    enter();
    find_server_slot();
    atomic { if :: server_slot == NONE && own[ino] != 0 -> server_slot = server_unused :: else fi };
    if
    :: server_slot != NONE ->
        atomic { server_ino[server_slot] = ino; server_opens[server_slot] = own[ino]; overflow[ino] = false }
    :: else ->
        if :: own[ino] != 0 -> poison = true :: else fi;
        overflow[ino] = (own[ino] != 0)
    fi;
    clients();
#ifdef BREAK_POISON_LATE
    if :: !entered -> poison = true :: else fi;
#endif
    answer()
}

inline recheck()
{
    enter();
    verify();
    answer()
}

inline take_back(c)
{
    if
    :: state[c] == CLOSED -> state[c] = FREE
    :: state[c] != FREE && state[c] != CLOSED ->
        server_trylock( result );
        slot = NONE;
        if
        :: result == LOCKED && !rebuild -> ino = entry_ino[c]; find_slot()
        :: else
        fi;
#ifdef BREAK_SWEEP_BLIND
        was_held = (slot != NONE);
        if :: was_held -> state[c] = FREE :: else fi;
#else
        was_held = false;
        if
        :: slot != NONE -> atomic { if :: state[c] == HELD -> state[c] = FREE; was_held = true :: else fi }
        :: else
        fi;
#endif
        if
        :: was_held ->
            if :: slot_clients[slot] > 0 -> slot_clients[slot] = slot_clients[slot] - 1 :: else fi
        :: else -> state[c] = FREE; rebuild = true
        fi;
        if :: result != BUSY -> server_unlock() :: else fi;
        if
        :: !was_held ->
            server_trylock( result );
            if :: result != BUSY -> recount(); leave() :: else fi
        :: else
        fi
    :: else
    fi
}

/* one journal, and the inode that was waited for and that it had */
inline sweep(c)
{
    w = NONE;
#if WATCHES
#ifdef BREAK_CLOSED_FORGOTTEN
    atomic { if :: state[c] != FREE && state[c] != CLOSED && watching[entry_ino[c]] -> w = entry_ino[c] :: else fi };
#else
    atomic { if :: state[c] != FREE && watching[entry_ino[c]] -> w = entry_ino[c] :: else fi };
#endif
#endif
    take_back( c );
    swept[c] = true;
#if WATCHES
    if :: w != NONE -> ino = w; watch() :: else fi
#endif
}

inline retire(c)
{
    atomic { retired[c] = true; holds[c] = 0 };
    owner[c] = false;
    sweep( c )
}

inline watch()
{
    count_handles();
    if
    :: total != 0 && !watching[ino] ->
        notify = true;
        watching[ino] = true;
        count_handles()
    :: else
    fi;
    watching[ino] = (total != 0);
#if NI > 1
    if :: !watching[0] && !watching[1] -> notify = false :: else fi
#else
    if :: !watching[0] -> notify = false :: else fi
#endif
}

/* POISON stays up from before the count until the name epoch has changed */
inline remove()
{
    removing++;
#ifndef BREAK_NO_HOLD
    poison = true;
#endif
    count_handles();
#ifdef BREAK_NO_HOLD
    removing--;
    if :: total == 0 -> poison = false :: else fi;
    removing++;
#endif
    if
    :: total == 0 ->
        atomic {
            for (k : 0 .. NC - 1) { assert( holds[k] != ino + 1 ) }
            k = 0;
            unlinked[ino] = true
        };
#ifndef BREAK_BUMP_LATE
        names++
#else
        skip
#endif
    :: else
    fi;
    removing--;
    enter();
    if :: entered -> leave() :: else fi;
#ifdef BREAK_BUMP_LATE
    if :: unlinked[ino] -> names++ :: else fi
#endif
}

inline server_forget()
{
    d_step {
        ino = 0; slot = 0; unused = 0; server_slot = 0; server_unused = 0; k = 0; k2 = 0; j = 0; w = 0; saved = 0;
        total = 0; result = 0; value = 0; in_slot = false; entered = false; was_held = false; claimed = false;
        ours = false
    }
}

#ifdef THREADS
#define ZOMBIE atomic { retired[0] = true; retired[1] = true; holds[0] = 0; holds[1] = 0 }; \
               atomic { owner[0] = false; owner[1] = false }; sweep( 0 ); sweep( 1 )
#else
#define ZOMBIE retire( 0 )
#endif
#if NI > 1
#define ANY_TOLD (told[0] || told[1])
#else
#define ANY_TOLD told[0]
#endif

proctype Server()
{
    byte ino = 0, slot, unused, server_slot, server_unused, k, k2, j, c, w, saved, total, result, value;
    byte fresh_ino[NS], fresh_clients[NS];
    bool in_slot, entered, was_held, claimed, ours, homeless;

again:
    server_forget();
    do
    :: opens_left > 0 ->
        opens_left--;
#if NI > 1
        if :: ino = 0 :: ino = 1 fi;
#endif
        if
        :: own[ino] == 0 ->
            server_publish( 1 );
            if :: total != 0 -> recheck() :: else fi;
            if
            :: total != 0 -> server_publish( 0 )
            :: else ->
                atomic {
#if !TAMPERS
                    for (k : 0 .. NC - 1) { assert( holds[k] != ino + 1 ) }
#endif
                    server_has[ino] = true
                }
            fi
        :: else ->
            server_has[ino] = false;
            server_publish( own[ino] - 1 )
        fi;
        goto again
#if WATCHES
    :: watches_left > 0 ->
        watches_left--;
#if NI > 1
        if :: ino = 0 :: ino = 1 fi;
#endif
        watch();
        goto again
    :: told[0] -> told[0] = false; if :: watching[0] -> ino = 0; watch() :: else fi; goto again
#if NI > 1
    :: told[1] -> told[1] = false; if :: watching[1] -> ino = 1; watch() :: else fi; goto again
#endif
#endif
#if REMOVALS
    :: removals_left > 0 ->
        removals_left--;
#if NI > 1
        if :: ino = 0 :: ino = 1 fi;
#endif
        if :: !unlinked[ino] -> remove() :: else fi;
        goto again
#endif
#if PROMOTIONS
    :: promote_request[0] && !dead[0] -> c = 0; goto promote
#if NC > 1
    :: promote_request[1] && !dead[1] -> c = 1; goto promote
#endif
    :: false ->
promote:
        ino = entry_ino[c];
        server_publish( own[ino] + 1 );
        atomic { server_has[ino] = true; holds[c] = 0; promote_request[c] = false };
        goto again
#endif
    :: in_use[0] && dead[0] -> c = 0; goto bury
#if NC > 1
    :: in_use[1] && dead[1] -> c = 1; goto bury
#endif
#if NC > 2
    :: in_use[2] && dead[2] -> c = 2; goto bury
#endif
    :: false ->
bury:
        retire( c );
        sweep( c );      /* part of the release */
#ifdef THREADS
        c = 1 - c;
        retire( c );
        sweep( c );
        in_use[1 - c] = false;
#endif
        in_use[c] = false;
        goto again
#if ZOMBIES
    :: zombies_left > 0 && !retired[0] && !promote_request[0] -> zombies_left--; ZOMBIE; goto again
#endif
    :: atomic { ALL_ENDED && !ANY_TOLD && scribbled -> skip }
        if
#ifdef THREADS
        :: retired[0] && in_use[0] -> dead[0] = true; dead[1] = true
#else
        :: retired[0] && in_use[0] -> dead[0] = true
#endif
        :: else -> break
        fi
    od;

#ifndef LIVENESS
    /* everybody rests: what is marked as right is right */
    assert( lock_word == 0 || rebuild || TAMPERS );
    ino = 0;
    do
    :: ino < NI ->
        entered = true;
        sum();
        if
        :: !rebuild && !owner_died && lock_word == 0 ->
            find_slot();
            if
            :: slot != NONE -> assert( slot_clients[slot] == total )
            :: else -> assert( total == 0 )
            fi
        :: else
        fi;
#if WATCHES
        assert( !watching[ino] || total != 0 );
#endif
        ino++
    :: else -> break
    od;
    /* and what is marked as wrong is put right by one visit */
    ino = 0;
    do
    :: ino < NI ->
        recheck();
        find_slot();
        assert( !rebuild && !owner_died && lock_word == 0 );
        if
        :: slot != NONE -> assert( slot_clients[slot] == total )
        :: else -> assert( total == 0 )
        fi;
        find_server_slot();
        if
        :: server_slot != NONE -> assert( server_opens[server_slot] == own[ino] )
        :: else -> assert( own[ino] == 0 || (overflow[ino] && poison) )
        fi;
        j = 0;
        do
        :: j < NC -> assert( in_use[j] || state[j] == FREE || state[j] == CLOSED ); j++
        :: else -> break
        od;
        ino++
    :: else -> break
    od
#endif
}

#if KILLS
/* kill -9, and what the kernel does to the lock word then */
proctype Killer()
{
    byte c;
    do
    :: kills_left > 0 ->
        kills_left--;
#if NC > 1 && !defined(BYSTANDER)
        if :: c = 0 :: c = 1 fi;
#endif
        atomic {
            if
            :: !done[c] ->
                dead[c] = true;
                if :: lock_word == c + 1 -> lock_word = 0; owner_died = true :: else fi;
#ifdef THREADS
                dead[1 - c] = true;
                if :: lock_word == 2 - c -> lock_word = 0; owner_died = true :: else fi
#endif
            :: else
            fi
        }
    :: break
    od
}
#endif

#if TAMPERS
/* A process that does not keep to the protocol writes to the lock word */
active proctype Scribbler()
{
    if
    :: atomic { lock_word = 0; owner_died = false }
    :: atomic { lock_word = NOBODY; owner_died = false }
    :: true
    fi;
    scribbled = true
}
#endif

#ifdef LIVENESS
/* SIGSTOP of one client, anywhere and for ever */
active proctype Stopper()
{
    if :: stopped[1] = true :: true fi
}
#endif

init
{
    atomic {
        byte p;
        for (p : 0 .. NC - 1) { owner[p] = true; in_use[p] = true }
        for (p : 0 .. NC - 1) { run Client( p ) }
        run Server();
#if KILLS
        run Killer()
#endif
    }
}

#ifdef LIVENESS
ltl proceeds { <> done[0] }
#endif
