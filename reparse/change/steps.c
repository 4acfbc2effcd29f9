// Copyright 2026 the nspa authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Where the tests interfere; wineserver's library is built without.

#ifdef NSPA_CHANGE_STEPS
#include "_cgo_export.h"

int nspa_change_stepping;

int nspa_change_step( const char *call )
{
    return nspa_change_stepping ? nspaChangeStep( (char *)call ) : 0;
}
#endif
