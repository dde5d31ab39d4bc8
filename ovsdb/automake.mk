# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += ovsdb/libdb.a
ovsdb_libdb_a_SOURCES = \
	ovsdb/db-private.h \
	ovsdb/db-probe.c \
	ovsdb/db-probe.h \
	ovsdb/db.c \
	ovsdb/db.h \
	ovsdb/snapshot.c \
	ovsdb/snapshot.h \
	ovsdb/status.c \
	ovsdb/status.h
nodist_ovsdb_libdb_a_SOURCES = $(IDL_BUILT)
EXTRA_DIST += ovsdb/vswitch.ovsidl
CLEANFILES += $(IDL_BUILT) ovsdb/vswitch-idl.ovsidl

# The IDL, the database's rows as C structs, from the schema and the notes on
# it in vswitch.ovsidl.
IDL_BUILT = ovsdb/vswitch-idl.c ovsdb/vswitch-idl.h
OVSDB_IDLC = $(run_ovs_python) $(OVS_SRCDIR)/ovsdb/ovsdb-idlc.in

ovsdb/vswitch-idl.ovsidl: schema/vswitch.ovsschema ovsdb/vswitch.ovsidl \
    | $(OVS_STAMP)
	@$(MKDIR_P) ovsdb
	$(AM_V_GEN)$(OVSDB_IDLC) annotate \
	    $(top_srcdir)/schema/vswitch.ovsschema \
	    $(top_srcdir)/ovsdb/vswitch.ovsidl > $@.tmp && mv $@.tmp $@
ovsdb/vswitch-idl.c: ovsdb/vswitch-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-source ovsdb/vswitch-idl.ovsidl \
	    > $@.tmp && mv $@.tmp $@
ovsdb/vswitch-idl.h: ovsdb/vswitch-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-header ovsdb/vswitch-idl.ovsidl \
	    > $@.tmp && mv $@.tmp $@

# 44,000 generated lines off every packet's path: not worth the time that -O2
# takes over them.
ovsdb/vswitch-idl.$(OBJEXT): CFLAGS += -O1

# Whoever may know rows needs the header first.
$(patsubst %.c,%.$(OBJEXT),$(filter ovsdb/%.c vswitchd/%.c \
    tests/unit/ovsdb/%.c tests/unit/vswitchd/%.c,$(SOURCES))): \
    | ovsdb/vswitch-idl.h
