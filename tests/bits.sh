# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For suites of Windows programs that run as 64-bit and as 32-bit ones.
# Sourced by their run.sh.

# cc_for BITS: the compiler.
cc_for() {
    case $1 in
    64) echo x86_64-w64-mingw32-gcc ;;
    32) echo i686-w64-mingw32-gcc ;;
    esac
}

# runs_32bit: whether this kernel runs 32-bit code in a 64-bit process as Wine
# does: the call by which Wine gets a segment for %fs. Some hypervisors' guests
# and kernels built without IA32_EMULATION do not.
runs_32bit() {
    local probe=$NSPA_BUILD/bin/runs32
    mkdir -p "$NSPA_BUILD/bin"
    [ -x "$probe" ] || gcc -O1 -o "$probe" -x c - <<'C' || return
int main(void)
{
    int ret; /* getpid, of the 32-bit table */
    __asm__ volatile ( "int $0x80" : "=a" (ret) : "0" (20) : "memory", "r8", "r9", "r10", "r11" );
    return ret <= 0;
}
C
    ("$probe") >/dev/null 2>&1
}

# all_bits SUITE: '64 32', or '64' and a line on standard error.
all_bits() {
    if runs_32bit; then
        echo '64 32'
    else
        echo "$1: this kernel runs no 32-bit code; only 64-bit programs" >&2
        echo 64
    fi
}
