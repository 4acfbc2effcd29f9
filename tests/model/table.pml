/*
 * The shared inode table: one bucket, one step per access to a shared word
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Follows include/nspa_shm.h and capi/server/ line by line. Every open excludes
 * every other of its inode, so that a counter is the number of opens and any
 * two opens conflict. A client has one journal entry. SIGSTOP is any delay: the
 * schedule decides; a wait for a lock that is held may always time out.
 *
 * Size, by -D: NC clients, NI inodes, NS slots, OPENS per client, SERVER_OPENS,
 * KILLS, ZOMBIES (retired while they run), PROMOTIONS, WATCHES.
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

#define SERVER (NC + 1)     /* its name in the lock word; client i is i + 1 */
#define NONE   255

#define FREE    0
#define PENDING 1
#define HELD    2
#define ABORTED 3

#define LOCKED 0
#define DIED   1
#define BUSY   2

/* ---- the bucket and the journals ---- */

byte lock_word;
bool owner_died;
bool poison, rebuild, notify;
byte slot_ino[NS], slot_server[NS], slot_clients[NS];

byte state[NC], entry_ino[NC];
bool owner[NC];             /* the journal's owner word still names the client */

/* ---- wineserver's own ---- */

bool in_use[NC], retired[NC];
bool swept[NC];             /* nothing of the client may come to be granted any more */
byte own[NI];
bool overflow[NI];
byte opens_left = SERVER_OPENS, zombies_left = ZOMBIES, watches_left = WATCHES;
byte promotions_left = PROMOTIONS;
bool watching[NI];

/* ---- requests to wineserver ---- */

bool promote_request[NC], told;

/* ---- processes ---- */

bool dead[NC], done[NC];
bool stopped[NC];
byte kills_left = KILLS;

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
    atomic { if :: lock_word == i + 1 -> lock_word = 0 :: else fi }
}

/* atomic: one access to a shared word and what is local around it */
inline find_slot()
{
    atomic { slot = NONE; unused = NONE; k = 0 };
    do
    :: atomic { k < NS && slot == NONE -> in_slot = (slot_server[k] != 0) };
        atomic { if :: !in_slot -> in_slot = (slot_clients[k] != 0) :: else fi };
        atomic {
            if
            :: in_slot -> if :: slot_ino[k] == ino -> slot = k :: else fi
            :: else -> if :: unused == NONE -> unused = k :: else fi
            fi;
            k++
        }
    :: k == NS || slot != NONE -> break
    od
}

inline announce()
{
    entry_ino[i] = ino;
    state[i] = PENDING
}

inline publish()
{
    granted = false;
    if
    :: !owner[i] -> goto published
    :: owner[i] ->
    fi;
    if
    :: ANY_FLAG -> goto published
    :: !ANY_FLAG ->
    fi;
    client_lock( result );
    if
    :: result == BUSY -> goto published
    :: atomic { result == DIED -> rebuild = true }; client_unlock(); goto published
    :: result == LOCKED
    fi;
#ifndef BREAK_ANNOUNCE_LATE
    announce();
#endif
    granted = true;
    find_slot();
#ifndef BREAK_NO_OWNER_CHECK
    atomic { if :: !owner[i] -> granted = false :: else fi };
#endif
#ifndef BREAK_NO_FLAG_CHECK
    atomic { if :: granted && ANY_FLAG -> granted = false :: else fi };
#endif
    if
    :: granted && slot != NONE ->
        atomic { if :: slot_server[slot] != 0 -> granted = false :: else fi };
        atomic { if :: slot_clients[slot] != 0 -> granted = false :: else fi }
    :: atomic { granted && slot == NONE && unused != NONE ->
        slot = unused;
        slot_clients[slot] = 0 };
        slot_ino[slot] = ino
    :: granted && slot == NONE && unused == NONE -> granted = false
    :: else
    fi;
#ifdef BREAK_ANNOUNCE_LATE
    announce();
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
    :: atomic { granted -> count = slot_clients[slot] };
        slot_clients[slot] = count + 1
    :: !granted
    fi;
    client_unlock();
    atomic { if :: !granted -> state[i] = FREE :: else fi };
published:
    skip
}

inline retract()
{
    if
    :: !owner[i] -> goto retracted
    :: owner[i] ->
    fi;
    client_lock( result );
    slot = NONE;
#ifdef BREAK_FREE_EARLY
    if
    :: result == BUSY ->
        atomic { if :: state[i] == HELD -> state[i] = FREE; was_held = true :: else -> was_held = false fi };
        if :: was_held -> rebuild = true :: else fi;
        last = true;
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
    :: result == LOCKED -> find_slot()
    :: else
    fi;
    if
    :: atomic { slot != NONE && was_held -> count = slot_clients[slot] };
        atomic { if :: count > 0 -> slot_clients[slot] = count - 1 :: else fi };
        atomic { last = (slot_clients[slot] == 0) };
        atomic { if :: !last -> last = rebuild :: else fi }
    :: atomic { else -> if :: result == DIED || was_held -> rebuild = true :: else fi; last = true }
    fi;
    if :: result != BUSY -> client_unlock() :: else fi;
    atomic { if :: was_held -> state[i] = FREE :: else fi };
#ifdef BREAK_FREE_EARLY
tell:
#endif
#ifdef BREAK_NOTIFY_EARLY
    if :: was_held && last && tell_it -> told = true :: else fi;
#else
    /* the request goes out on the same thread: only death comes between */
    if
    :: was_held && last && notify -> told = true
    :: !(was_held && last && notify)
    fi;
#endif
retracted:
    skip
}

/* What is not needed any more makes no states. */
inline forget()
{
    d_step { slot = 0; unused = 0; k = 0; count = 0; result = 0; in_slot = false; was_held = false; last = false }
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
    byte ino = 0, n = 0, slot, unused, k, count, result;
    bool in_slot, granted, was_held, last, tell_it;

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
                        for (k : 0 .. NC - 1) { assert( k == i || holds[k] != ino + 1 ) }
                        k = 0;
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

inline server_trylock(result)
{
    if
    :: atomic { lock_word == 0 && !owner_died -> lock_word = SERVER; result = LOCKED }
    :: atomic { lock_word == 0 && owner_died -> lock_word = SERVER; owner_died = false; result = DIED };
        rebuild = true
    :: lock_word != 0 -> result = BUSY
    fi
}

inline server_unlock() { lock_word = 0 }

inline claim(what)
{
    slot = unused;
    slot_clients[slot] = 0;
    slot_ino[slot] = what
}

inline recount()
{
#ifndef BREAK_CLEAR_LATE
    rebuild = false;
#endif
    k = 0; do :: atomic { k < NS -> slot_clients[k] = 0; k++ } :: k == NS -> break od;
    j = 0;
    do
    :: j < NC ->
        if :: in_use[j] && state[j] == HELD ->
            saved = ino; ino = entry_ino[j];
            find_slot();
            if :: slot == NONE && unused != NONE -> claim( ino ) :: else fi;
            if
            :: slot != NONE -> slot_clients[slot] = slot_clients[slot] + 1
            :: else -> rebuild = true
            fi;
            ino = saved
        :: else
        fi;
        j++
    :: else -> break
    od;
#ifdef BREAK_CLEAR_LATE
    rebuild = false;
#endif
}

inline enter()
{
    server_trylock( result );
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

inline leave(keep)
{
    k2 = 0;
    do
    :: atomic { k2 < NI && !overflow[k2] -> k2++ }
    :: k2 < NI && overflow[k2] ->
        if
        :: overflow[k2] ->
            saved = ino; ino = k2;
            find_slot();
            if :: slot == NONE && unused != NONE -> claim( ino ) :: else fi;
            if :: slot != NONE -> slot_server[slot] = own[k2]; overflow[k2] = false :: else fi;
            ino = saved
        :: else
        fi;
        k2++
    :: k2 == NI -> break
    od;
#ifdef BREAK_FORGET_OVERFLOW
    poison = keep;
#else
    if
    :: keep || ANY_OVERFLOW -> poison = true
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

inline sum_clients()
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

inline server_publish(value)
{
    own[ino] = value;
    enter();
    find_slot();
    if :: entered && slot == NONE && own[ino] != 0 && unused != NONE -> claim( ino ) :: else fi;
    if :: slot != NONE -> slot_server[slot] = own[ino] :: else fi;
    overflow[ino] = (slot == NONE && own[ino] != 0);
    if
    :: !entered || rebuild -> sum_clients()
    :: else -> if :: slot != NONE -> total = slot_clients[slot] :: else -> total = 0 fi
    fi;
#ifdef BREAK_POISON_LATE
    if :: !entered -> poison = true :: else fi;
#endif
    if :: entered -> leave( false ) :: else fi
}

inline verify(keep_zero)
{
    enter();
    sum_clients();
    if :: entered -> leave( (keep_zero && total == 0) ) :: else fi
}

inline take_back(c)
{
    if
    :: state[c] != FREE ->
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
            if :: result != BUSY -> recount(); leave( false ) :: else fi
        :: else
        fi
    :: else
    fi
}

inline retire(c)
{
    atomic { retired[c] = true; holds[c] = 0 };
    owner[c] = false;
    take_back( c );
    swept[c] = true;
    look_again()
}

inline look_again()
{
#if WATCHES
    w = 0;
    do
    :: w < NI ->
        if :: watching[w] -> ino = w; watch() :: else fi;
        w++
    :: else -> break
    od
#else
    skip
#endif
}

inline watch()
{
    verify( true );
    if
    :: total != 0 ->
        notify = true;
        verify( true )
    :: else
    fi;
    watching[ino] = (total != 0);
#if NI > 1
    if :: !watching[0] && !watching[1] -> notify = false :: else fi
#else
    if :: !watching[0] -> notify = false :: else fi
#endif
}

inline server_forget()
{
    d_step {
        ino = 0; slot = 0; unused = 0; k = 0; k2 = 0; j = 0; w = 0; saved = 0; total = 0; result = 0;
        in_slot = false; entered = false; was_held = false
    }
}

proctype Server()
{
    byte ino = 0, slot, unused, k, k2, j, c, w, saved, total, result;
    bool in_slot, entered, was_held;

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
            if :: total != 0 -> verify( false ) :: else fi;
            if
            :: total != 0 -> server_publish( 0 )
            :: else ->
                atomic {
                    for (k : 0 .. NC - 1) { assert( holds[k] != ino + 1 ) }
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
    :: told -> told = false; look_again(); goto again
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
        retire( c );     /* the second is part of the release */
        in_use[c] = false;
        goto again
#if ZOMBIES
    :: zombies_left > 0 && !retired[0] && !promote_request[0] -> zombies_left--; retire( 0 ); goto again
#endif
    :: atomic { ALL_ENDED && !told -> skip }
        if
        :: retired[0] && in_use[0] -> dead[0] = true
        :: else -> break
        fi
    od;

#ifndef LIVENESS
    /* everybody rests: what is marked as right is right */
    assert( lock_word == 0 );
    ino = 0;
    do
    :: ino < NI ->
        entered = true;
        sum();
        if
        :: !rebuild && !owner_died ->
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
        verify( false );
        find_slot();
        assert( !rebuild && !owner_died && lock_word == 0 );
        if
        :: slot != NONE -> assert( slot_clients[slot] == total && slot_server[slot] == own[ino] )
        :: else -> assert( total == 0 && (own[ino] == 0 || (overflow[ino] && poison)) )
        fi;
        j = 0;
        do
        :: j < NC -> assert( in_use[j] || state[j] == FREE ); j++
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
                if :: lock_word == c + 1 -> lock_word = 0; owner_died = true :: else fi
            :: else
            fi
        }
    :: break
    od
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
