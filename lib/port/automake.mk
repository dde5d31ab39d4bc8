# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/port/libport.a
lib_port_libport_a_SOURCES = \
	lib/port/ethdev-attach.c \
	lib/port/ethdev-conf.c \
	lib/port/ethdev-devargs.c \
	lib/port/ethdev-event.c \
	lib/port/ethdev-live.c \
	lib/port/ethdev-quirks.c \
	lib/port/ethdev-stats.c \
	lib/port/ethdev.c \
	lib/port/ethdev.h \
	lib/port/gso.c \
	lib/port/gso.h \
	lib/port/internal.c \
	lib/port/kernel-ethtool.c \
	lib/port/kernel-ethtool.h \
	lib/port/kernel-io.c \
	lib/port/kernel-link.c \
	lib/port/kernel-link.h \
	lib/port/kernel.c \
	lib/port/kernel.h \
	lib/port/packet-io.c \
	lib/port/packet-io.h \
	lib/port/patch.c \
	lib/port/patch.h \
	lib/port/port-class.h \
	lib/port/port-cmd.c \
	lib/port/port-qos-cmd.c \
	lib/port/port-qos.c \
	lib/port/port-reconf.c \
	lib/port/port-reconf.h \
	lib/port/port-sample.c \
	lib/port/port-sample.h \
	lib/port/port-trim.c \
	lib/port/port.c \
	lib/port/port.h \
	lib/port/system.c \
	lib/port/tap-device.c \
	lib/port/tap-device.h \
	lib/port/tap-io.c \
	lib/port/tap.c \
	lib/port/tx-hash.c \
	lib/port/tx-hash.h \
	lib/port/vhost-door.c \
	lib/port/vhost-door.h \
	lib/port/vhost-event.c \
	lib/port/vhost-fault.c \
	lib/port/vhost-fault.h \
	lib/port/vhost-io.c \
	lib/port/vhost-stats.c \
	lib/port/vhost-vet.c \
	lib/port/vhost-vet.h \
	lib/port/vhost.c \
	lib/port/vhost.h
