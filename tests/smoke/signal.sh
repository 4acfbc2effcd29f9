#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# signal.sh SIGNAL TOKEN: send a signal to the processes of which TOKEN is an
# argument, but for this one, and wait until it has taken effect.
# shellcheck disable=SC2013 # not by a pipe: a subshell has that argument too
for file in $(grep -lzxF -- "$2" /proc/[0-9]*/cmdline 2>/dev/null); do
    pid=${file#/proc/}
    pid=${pid%/cmdline}
    # grep was one, and has ended
    [ "$pid" = $$ ] || kill -s "$1" "$pid" 2>/dev/null
done
sleep 0.1
