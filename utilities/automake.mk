# SPDX-License-Identifier: Apache-2.0
#
# Programs beside the daemon.  None of them needs DPDK to run.

bin_PROGRAMS += utilities/sluice-mempool-plan
utilities_sluice_mempool_plan_SOURCES = \
	utilities/mempool-plan.c \
	utilities/plan-check.c \
	utilities/plan-db.c \
	utilities/plan-input.h \
	utilities/plan-ports.c \
	utilities/plan-rows.c
utilities_sluice_mempool_plan_LDADD = lib/mem/libmem.a $(CFG_LIBS)
