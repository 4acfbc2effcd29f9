# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each target sets up what it needs; build.sh has the single steps.

PREFIX ?= /usr/local
DESTDIR ?=
# By its own target only: it takes long.
LONG   = conformance series
SUITES = $(patsubst tests/%/run.sh,%,$(wildcard tests/*/run.sh))
TESTS  = go $(filter-out $(LONG),$(SUITES))
export FUZZTIME SEED PREFIX DESTDIR
# WINE=DIR: under the patched Wine installed there.
ifeq ($(origin WINE),command line)
export NSPA_TEST_WINE = $(abspath $(WINE))
TESTS = smoke oracle
endif

all:
	@./build.sh all

help:
	@echo 'make               build the libraries and the overlay'
	@echo 'make demo          real workloads, with Debian'"'"'s Wine, off and on'
	@echo 'make bench         single calls, off and on'
	@echo 'make test          all tests ($(TESTS))'
	@echo 'make test WINE=DIR smoke and oracle under the patched Wine installed in DIR'
	@echo 'make fuzz          each fuzz target for FUZZTIME (30s)'
	@echo 'make lint          gofmt, go vet, staticcheck, gcc, shellcheck'
	@echo 'make patches       wine-patches/10.0, from wine-patches/src and hooks'
	@echo 'make install       to PREFIX ($(PREFIX)) below DESTDIR; make uninstall'
	@echo 'make clean         remove build/; build.sh clean --cache: the cache too'
	@echo 'one suite:         $(SUITES:%=make %)'
	@echo '                   the long form of torture, model, shmtest: FULL=1'

demo bench:
	@./build.sh $@ $(ARGS)

test:
	@SHORT=1 ./build.sh test $(TESTS)

# The table alone and under Wine; ONLY names tests of the latter.
torture:
	@./build.sh test $(if $(ONLY),,shmtest) $@

fuzz $(filter-out torture,$(SUITES)):
	@./build.sh test $@

lint install uninstall clean patches:
	@./build.sh $@

.PHONY: all help demo bench test fuzz lint install uninstall clean patches $(SUITES)
