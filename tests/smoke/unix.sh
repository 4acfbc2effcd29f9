#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# unix.sh FILE COMMAND: run a shell command for a Windows program, which cannot wait
# for Unix programs, and then remove FILE. The scripts of the tests are in PATH.
PATH=$(dirname "$0"):$PATH
eval "$2"
rm -f "$1"
