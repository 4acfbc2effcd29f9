/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The handle table of one process (core/table.h): one entry, threads that use its value
 * as they like, and wineserver.
 *
 * A step is one access to a word that others change: the state word, the fd cache's word,
 * wineserver's handle table.  Descriptors are numbered by the open that made them.
 *
 * Threads: OPENERS open and close ROUNDS times each; CLOSERS and PROMOTERS close and
 * promote whatever the value names, once each, without having opened it.
 *
 * BREAK_ variants must be rejected.
 */

#ifndef OPENERS
#define OPENERS 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef CLOSERS
#define CLOSERS 1
#endif
#ifndef PROMOTERS
#define PROMOTERS 1
#endif
#define FDS (OPENERS * ROUNDS)

#define FREE   0
#define LOCAL  1
#define SERVER 2

byte state = FREE;       /* the state word: state, pins, */
byte pins = 0;
bool closing = false;    /* CLOSE */
byte entry_fd = 0;       /* the entry's descriptor: number + 1 */
byte cached = 0;         /* the fd cache's word: number + 1 */
bool listed = true;      /* on the list of free entries */
bool server = false;     /* wineserver has the handle */
bool is_open[FDS];
byte opened = 0;
byte running = OPENERS + CLOSERS + PROMOTERS;

inline close_fd( fd )
{
    assert( fd && is_open[fd - 1] );   /* closed twice: by now it is another file's */
    is_open[fd - 1] = false
}

inline push()
{
    assert( !listed );
    assert( !cached );                 /* the next open would find a descriptor there */
    listed = true
}

/* finish_close() */
inline finish_close()
{
    fd = entry_fd;
#ifdef BREAK_CLOSE_FIRST
    close_fd( fd );
    cached = 0;
#else
    cached = 0;
    close_fd( fd );
#endif
    push()
}

/* finish_server_close() */
inline finish_server_close()
{
    d_step { fd = cached; cached = 0 };
    if
    :: fd -> close_fd( fd )
    :: else
    fi;
    push()
}

/* NtClose() */
inline nt_close()
{
    last = false;
    atomic {
#ifdef BREAK_TAKE_FIRST
        taken = cached;                /* as NtClose does with handles that are not local */
        cached = 0;
#endif
        if
        :: state == LOCAL && !closing && !pins -> state = FREE; last = true; done = true
        :: state == LOCAL && !closing && pins -> closing = true; done = true
        :: state == SERVER && !closing && pins -> closing = true; done = true
        :: else -> done = false
        fi
    };
    if
    :: done && last -> finish_close()
    :: done && !last
    :: else ->
        atomic { done = server; server = false };   /* the request close_handle */
        if
        :: done -> nt_closed()
        :: else
        fi;
#ifdef BREAK_TAKE_FIRST
        if
        :: taken -> close_fd( taken )
        :: else
        fi
#endif
    fi
}

/* nspa_file_closed() */
inline nt_closed()
{
    last = false;
    atomic {
        if
#ifdef BREAK_CLOSED_EARLY
        :: state != SERVER
#else
        :: state != SERVER && (state != LOCAL || !pins)
#endif
        :: else ->
            if
            :: pins -> closing = true
            :: else -> state = FREE; last = true
            fi
        fi
    };
    if
    :: last -> finish_server_close()
    :: else
    fi
}

inline unpin()
{
    last = false;
    atomic {
        pins--;
        if
        :: !pins && closing -> last = true; was = state; state = FREE; closing = false
        :: else
        fi
    };
    if
    :: last && was == SERVER ->
        server = false;                /* the host's close_handle */
        finish_server_close()
    :: last && was != SERVER -> finish_close()
    :: else
    fi
}

proctype opener()
{
    byte round = 0, fd, was, taken;
    bool done, last;

    do
    :: round == ROUNDS -> break
    :: else ->
        atomic { listed -> listed = false };           /* reserve */
        d_step { entry_fd = opened + 1; is_open[opened] = true; opened++ };
#ifdef BREAK_ADD_LATE
        state = LOCAL;
        d_step { assert( !cached ); cached = entry_fd };
#else
        d_step { assert( !cached ); cached = entry_fd };  /* add_fd */
        state = LOCAL;
#endif
        nt_close();
        round++
    od;
    running--
}

proctype closer()
{
    byte fd, was, taken;
    bool done, last;

    nt_close();
    running--
}

proctype promoter()
{
    byte fd, was;
    bool done, last, pinned;

    atomic {
        if
        :: state == LOCAL && !closing -> pins++; pinned = true
        :: else -> pinned = false
        fi
    };
    if
    :: pinned ->
        if                                             /* the request */
        :: atomic { server = true }; done = true
        :: done = false
        fi;
        atomic {
            if
            :: done && state == LOCAL -> state = SERVER
            :: else
            fi
        };
        unpin()
    :: else
    fi;
    running--
}

/* Whoever reads finds an open descriptor in the fd cache, or none. */
active proctype reader()
{
    d_step { assert( !cached || is_open[cached - 1] ) }
}

/* At the end nothing is left: each handle was closed by its opener, or by somebody before. */
active proctype end()
{
    byte i;

    running == 0;
    assert( state == FREE && !pins && !closing );
    assert( listed && !cached && !server );
    do
    :: i == FDS -> break
    :: else -> assert( !is_open[i] ); i++
    od
}

init
{
    byte i;

    atomic {
        for (i : 1 .. OPENERS) { run opener() }
        for (i : 1 .. CLOSERS) { run closer() }
        for (i : 1 .. PROMOTERS) { run promoter() }
    }
}
