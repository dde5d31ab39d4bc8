# SPDX-License-Identifier: Apache-2.0
#
# make check: the unit tests, the link map, the texts, then the functional
# tests.

# Each unit test links its folder and those below it, no more.
CFG_TEST_LIBS = $(CFG_LIBS) $(CMOCKA_LIBS)
EAL_TEST_LIBS = $(EAL_LIBS) $(CMOCKA_LIBS)
MEM_TEST_LIBS = $(MEM_LIBS) $(CMOCKA_LIBS)
QOS_TEST_LIBS = $(QOS_LIBS) $(CMOCKA_LIBS)
PORT_TEST_LIBS = $(PORT_LIBS) $(CMOCKA_LIBS)
SWITCH_TEST_LIBS = $(SWITCH_LIBS) $(CMOCKA_LIBS)
PMD_TEST_LIBS = $(PMD_LIBS) $(CMOCKA_LIBS)
DB_TEST_LIBS = $(DB_LIBS) $(CMOCKA_LIBS)

if TESTS_ENABLED
include tests/unit/cfg/automake.mk
include tests/unit/eal/automake.mk
include tests/unit/mem/automake.mk
include tests/unit/qos/automake.mk
include tests/unit/port/automake.mk
include tests/unit/switch/automake.mk
include tests/unit/pmd/automake.mk
include tests/unit/ovsdb/automake.mk
include tests/unit/vswitchd/automake.mk
include tests/bench/automake.mk
include tests/peer/automake.mk
TESTS += $(check_PROGRAMS) tests/check-linkmap tests/docs/check-docs \
	tests/docs/check-plan tests/func/run
else
check-local:
	@echo "make check: configured with --disable-tests" >&2; exit 1
endif

EXTRA_DIST += \
	tests/bench/run \
	tests/check-linkmap \
	tests/linkmap-forbidden \
	tests/peer/guest-system \
	tests/peer/testpmd.sh \
	tests/run-test \
	tests/summary
dist_folders += \
	tests/bench/bench \
	tests/docs \
	tests/func

# Whole switches beside their peers, by hand; BENCH is for options:
# make bench BENCH="--only vhost --rounds 3".
bench: all
	$(AM_TESTS_ENVIRONMENT) \
	$(PYTHON3) $(top_srcdir)/tests/bench/run $(BENCH)
.PHONY: bench

# Every test is started by run-test, which leaves its cases in NAME.xml.
LOG_COMPILER = $(PYTHON3) $(top_srcdir)/tests/run-test
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	PYTHON3='$(PYTHON3)'; export PYTHON3; \
	QEMU='$(QEMU)'; export QEMU; \
	SLUICE_SKIP_FUNC=$${SLUICE_SKIP_FUNC:-@SLUICE_SKIP_FUNC@}; \
	export SLUICE_SKIP_FUNC;

# The functional tests have the machine to themselves.  (Named through
# variables, since Automake takes a rule for the name itself as ours alone.)
linkmap_log = tests/check-linkmap.log
func_log = tests/func/run.log
$(linkmap_log) $(func_log): vswitchd/vswitchd$(EXEEXT)
plan_log = tests/docs/check-plan.log
$(plan_log) $(func_log): utilities/sluice-mempool-plan$(EXEEXT)
$(func_log): $(linkmap_log) $(check_PROGRAMS:=.log)

# Results of an earlier run, or of a test that is no longer in the list, must
# not be counted when this run does not come as far as the tests.
check_DATA = forget-results
forget-results:
	$(if $(filter recheck,$(MAKECMDGOALS)),, \
	    @test ! -d tests || find tests -name '*.trs' -exec rm -f {} +)
.PHONY: forget-results

clean-local: clean-tests
clean-tests:
	rm -f $(TESTS:=.xml)
.PHONY: clean-tests
