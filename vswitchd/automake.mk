# SPDX-License-Identifier: Apache-2.0

sbin_PROGRAMS += vswitchd/vswitchd
vswitchd_vswitchd_SOURCES = \
	vswitchd/find-port.c \
	vswitchd/find-port.h \
	vswitchd/findings.c \
	vswitchd/findings.h \
	vswitchd/hugepages.c \
	vswitchd/hugepages.h \
	vswitchd/iface-rec.c \
	vswitchd/iface-rec.h \
	vswitchd/main.c \
	vswitchd/mem-plan-cmd.c \
	vswitchd/mem-plan.c \
	vswitchd/mem-plan.h \
	vswitchd/plan-make.c \
	vswitchd/plan-make.h \
	vswitchd/plan-step.c \
	vswitchd/plan-step.h \
	vswitchd/reconcile-cmd.c \
	vswitchd/reconcile.c \
	vswitchd/reconcile.h \
	vswitchd/report-mem.c \
	vswitchd/report-mem.h \
	vswitchd/report.c \
	vswitchd/start-dpdk.c \
	vswitchd/start-dpdk.h
vswitchd_vswitchd_LDADD = ovsdb/libdb.a $(PMD_LIBS)

# tests/check-linkmap reads the map.
vswitchd_vswitchd_LDFLAGS = $(AM_LDFLAGS) -Wl,-Map=vswitchd/vswitchd.map
CLEANFILES += vswitchd/vswitchd.map
