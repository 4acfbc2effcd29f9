/*
 * libnspa: stack bounds for the Go runtime
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
 */

/*
 * On Wine's main thread Unix code runs on a stack that libpthread does not
 * know.  The Go runtime then asks for the thread's stack bounds on every call
 * from C, and libpthread reads /proc/self/maps to answer: 50 us to 1 ms.  So
 * the library is linked with --wrap=pthread_getattr_np, and this answers for
 * the stacks that the host knows.
 */

#include <pthread.h>
#include <stddef.h>

extern int __real_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr );
extern int __wrap_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr );

__attribute__((visibility("hidden"))) extern int nspa_stack_bounds( const void *sp, void **low, size_t *size );

int __wrap_pthread_getattr_np( pthread_t thread, pthread_attr_t *attr )
{
    void *low = NULL;
    size_t size;
    int err;

    if (pthread_equal( thread, pthread_self() ) && nspa_stack_bounds( __builtin_frame_address( 0 ), &low, &size ))
    {
        if ((err = pthread_attr_init( attr ))) return err;
        if (!pthread_attr_setstack( attr, low, size )) return 0;
        pthread_attr_destroy( attr );
    }
    return __real_pthread_getattr_np( thread, attr );
}
