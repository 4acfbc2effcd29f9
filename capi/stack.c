/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the Go runtime is not told by libc.
 */

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "../core/thread.h"

/* The linker gives these functions to the library alone (--wrap). */
extern int __real_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr );
extern int __wrap_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr );
extern int __real_sigaction( int sig, const struct sigaction *act, struct sigaction *old );
extern int __wrap_sigaction( int sig, const struct sigaction *act, struct sigaction *old );

/* The runtime asks for the bounds of the stack that it is entered on, whenever it is not
 * on the one that it remembers.  On Wine's main thread Unix code runs on a stack that
 * libpthread does not know: each call would parse /proc/self/maps, 50 us to 1 ms. */
int __wrap_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr )
{
    struct nspa_thread_record *self = nspa_thread_known();
    int err;

    if (self && self->stack && pthread_equal( thread, pthread_self() ))
    {
        if ((err = pthread_attr_init( attr ))) return err;
        if (!pthread_attr_setstack( attr, self->stack, self->stack_size )) return 0;
        pthread_attr_destroy( attr );
    }
    return __real_pthread_getattr_np( thread, attr );
}

/* Signals are Wine's: the runtime believes that it has handlers, and has none. */
int __wrap_sigaction( int sig, const struct sigaction *act, struct sigaction *old )
{
    (void)act;
    return old ? __real_sigaction( sig, NULL, old ) : 0;
}
