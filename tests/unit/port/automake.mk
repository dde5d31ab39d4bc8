# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.

check_PROGRAMS += tests/unit/port/test-port-reconf
tests_unit_port_test_port_reconf_SOURCES = \
	tests/unit/port/test-port-reconf.c \
	tests/fake/fake-port.c tests/fake/fake-port.h
tests_unit_port_test_port_reconf_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-port-memory
tests_unit_port_test_port_memory_SOURCES = \
	tests/unit/port/test-port-memory.c \
	tests/fake/fake-port.c tests/fake/fake-port.h \
	$(mem_rig)
tests_unit_port_test_port_memory_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-port-random
tests_unit_port_test_port_random_SOURCES = \
	tests/unit/port/test-port-random.c \
	tests/fake/fake-port.c tests/fake/fake-port.h \
	$(mem_rig)
tests_unit_port_test_port_random_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-vhost
tests_unit_port_test_vhost_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-vhost-rings
tests_unit_port_test_vhost_rings_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-ethdev-conf
tests_unit_port_test_ethdev_conf_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-ethdev
tests_unit_port_test_ethdev_SOURCES = \
	tests/unit/port/test-ethdev.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-ethdev.c tests/fake/fake-ethdev.h
tests_unit_port_test_ethdev_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-ethdev-live
tests_unit_port_test_ethdev_live_SOURCES = \
	tests/unit/port/test-ethdev-live.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-ethdev.c tests/fake/fake-ethdev.h
tests_unit_port_test_ethdev_live_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-ethdev-drivers
tests_unit_port_test_ethdev_drivers_SOURCES = \
	tests/unit/port/test-ethdev-drivers.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h
tests_unit_port_test_ethdev_drivers_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-internal
tests_unit_port_test_internal_SOURCES = \
	tests/unit/port/test-internal.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h
tests_unit_port_test_internal_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-ethdev-devargs
tests_unit_port_test_ethdev_devargs_SOURCES = \
	tests/unit/port/test-ethdev-devargs.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-ethdev.c tests/fake/fake-ethdev.h
tests_unit_port_test_ethdev_devargs_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-internal-device
tests_unit_port_test_internal_device_SOURCES = \
	tests/unit/port/test-internal-device.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h
tests_unit_port_test_internal_device_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-tx-hash
tests_unit_port_test_tx_hash_SOURCES = \
	tests/unit/port/test-tx-hash.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-port.c tests/fake/fake-port.h
tests_unit_port_test_tx_hash_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-port-holder
tests_unit_port_test_port_holder_SOURCES = \
	tests/unit/port/test-port-holder.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-port.c tests/fake/fake-port.h
tests_unit_port_test_port_holder_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-plan-driver
tests_unit_port_test_plan_driver_SOURCES = \
	tests/unit/port/test-plan-driver.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h
tests_unit_port_test_plan_driver_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-port-qos
tests_unit_port_test_port_qos_SOURCES = \
	tests/unit/port/test-port-qos.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h \
	tests/fake/fake-port.c tests/fake/fake-port.h
tests_unit_port_test_port_qos_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-gso
tests_unit_port_test_gso_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-system
tests_unit_port_test_system_SOURCES = \
	tests/unit/port/test-system.c \
	tests/unit/port/port-rig.c tests/unit/port/port-rig.h
tests_unit_port_test_system_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-vhost-vet
tests_unit_port_test_vhost_vet_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-port-sample
tests_unit_port_test_port_sample_SOURCES = \
	tests/unit/port/test-port-sample.c \
	tests/fake/fake-port.c tests/fake/fake-port.h
tests_unit_port_test_port_sample_LDADD = $(PORT_TEST_LIBS)

vring_rig = \
	tests/unit/port/vring-rig.c tests/unit/port/vring-rig.h \
	tests/fake/fake-driver.c tests/fake/fake-driver.h

check_PROGRAMS += tests/unit/port/test-vring
tests_unit_port_test_vring_SOURCES = \
	tests/unit/port/test-vring.c \
	$(vring_rig) $(mem_rig)
tests_unit_port_test_vring_LDADD = $(PORT_TEST_LIBS)

check_PROGRAMS += tests/unit/port/test-vring-hostile
tests_unit_port_test_vring_hostile_SOURCES = \
	tests/unit/port/test-vring-hostile.c \
	$(vring_rig) $(mem_rig)
tests_unit_port_test_vring_hostile_LDADD = $(PORT_TEST_LIBS)
