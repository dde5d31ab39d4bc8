# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/mem/libmem.a
lib_mem_libmem_a_SOURCES = \
	lib/mem/mem-cmd.c \
	lib/mem/mempool.h \
	lib/mem/mp-bytes.c \
	lib/mem/mp-bytes.h \
	lib/mem/mp-cache.c \
	lib/mem/mp-cache.h \
	lib/mem/mp-care.c \
	lib/mem/mp-census.c \
	lib/mem/mp-census.h \
	lib/mem/mp-chunk.c \
	lib/mem/mp-chunk.h \
	lib/mem/mp-claim.c \
	lib/mem/mp-claim.h \
	lib/mem/mp-holder.c \
	lib/mem/mp-holder.h \
	lib/mem/mp-info.c \
	lib/mem/mp-json.c \
	lib/mem/mp-ledger.c \
	lib/mem/mp-ledger.h \
	lib/mem/mp-make.c \
	lib/mem/mp-make.h \
	lib/mem/mp-memory.c \
	lib/mem/mp-memory.h \
	lib/mem/mp-ops.c \
	lib/mem/mp-ops.h \
	lib/mem/mp-plan-cfg.c \
	lib/mem/mp-plan-cfg.h \
	lib/mem/mp-plan-driver.c \
	lib/mem/mp-plan-json.c \
	lib/mem/mp-plan-svg.c \
	lib/mem/mp-plan-text.c \
	lib/mem/mp-plan-view.h \
	lib/mem/mp-plan.c \
	lib/mem/mp-plan.h \
	lib/mem/mp-pool.c \
	lib/mem/mp-pool.h \
	lib/mem/mp-sim.c \
	lib/mem/mp-sim.h \
	lib/mem/mp-show.c \
	lib/mem/mp-show.h \
	lib/mem/mp-size.c \
	lib/mem/mp-size.h \
	lib/mem/mp-snapshot.c \
	lib/mem/mp-snapshot.h \
	lib/mem/mp-telemetry.c \
	lib/mem/mp-telemetry.h \
	lib/mem/mp-want.c \
	lib/mem/mp-want.h
