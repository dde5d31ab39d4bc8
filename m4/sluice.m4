# SPDX-License-Identifier: Apache-2.0
#
# The tests that configure.ac is made of.  Each one that finds something
# missing ends configure with the name of the Debian package to install.

# SLUICE_NEED_MODULE(VARIABLE, MODULES, WHAT, PACKAGE)
#
# Sets VARIABLE_CFLAGS and VARIABLE_LIBS from pkg-config's MODULES.
AC_DEFUN([SLUICE_NEED_MODULE], [
    PKG_CHECK_MODULES([$1], [$2], [],
        [AC_MSG_ERROR([$3 not found: install the Debian package $4])])])

# SLUICE_CHECK_COMPILER
#
# Ahead of AC_PROG_CC, whose own message names no package.
AC_DEFUN([SLUICE_CHECK_COMPILER], [
    if test -z "$CC"; then
        AC_CHECK_PROGS([SLUICE_CC], [gcc cc clang])
        if test -z "$SLUICE_CC"; then
            AC_MSG_ERROR([no C compiler found: install the Debian package gcc])
        fi
    fi
    AC_MSG_CHECKING([for the C library's headers])
    AS_ECHO(['#include <stdio.h>']) >conftest.c
    if ${CC-$SLUICE_CC} -E conftest.c >&AS_MESSAGE_LOG_FD 2>&1; then
        AC_MSG_RESULT([yes])
    else
        AC_MSG_RESULT([no])
        AC_MSG_ERROR([stdio.h not found: install the Debian package libc6-dev])
    fi
    rm -f conftest.c
    AC_CHECK_PROGS([SLUICE_MAKE], [make gmake])
    if test -z "$SLUICE_MAKE"; then
        AC_MSG_ERROR([make not found: install the Debian package make])
    fi])

# SLUICE_CHECK_PYTHON
#
# Sets PYTHON3.  The distribution's interpreter is preferred to whichever
# comes first on PATH, since that is the one which has its packages.
AC_DEFUN([SLUICE_CHECK_PYTHON], [
    AC_ARG_VAR([PYTHON3], [Python 3 interpreter])
    AC_MSG_CHECKING([for Python 3])
    if test -z "$PYTHON3"; then
        if test -x /usr/bin/python3; then
            PYTHON3=/usr/bin/python3
        else
            PYTHON3=`command -v python3`
        fi
    fi
    if test -z "$PYTHON3" || ! "$PYTHON3" -c 'import sys
sys.exit(sys.version_info < (3, 7))' >&AS_MESSAGE_LOG_FD 2>&1; then
        AC_MSG_RESULT([no])
        AC_MSG_ERROR([Python 3.7 or later not found: dnl
install the Debian package python3])
    fi
    AC_MSG_RESULT([$PYTHON3])])

# SLUICE_NEED_PYTHON_MODULE(MODULE, PACKAGE)
AC_DEFUN([SLUICE_NEED_PYTHON_MODULE], [
    AC_MSG_CHECKING([for the Python module $1])
    if "$PYTHON3" -c 'import $1' >&AS_MESSAGE_LOG_FD 2>&1; then
        AC_MSG_RESULT([yes])
    else
        AC_MSG_RESULT([no])
        AC_MSG_ERROR([$1 (needed unless configured with --disable-tests) dnl
not found by $PYTHON3: install the Debian package $2])
    fi])

# SLUICE_CC_FLAG(VARIABLE, FLAG)
#
# Appends FLAG to VARIABLE if the compiler takes it without a warning.
AC_DEFUN([SLUICE_CC_FLAG], [
    AS_VAR_PUSHDEF([cached], [sluice_cv_flag_$2])
    AC_CACHE_CHECK([whether $CC takes $2], [cached], [
        sluice_save_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS -Werror $2"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
            [AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
        CFLAGS=$sluice_save_CFLAGS])
    AS_VAR_IF([cached], [yes], [$1="$$1 $2"])
    AS_VAR_POPDEF([cached])])

# SLUICE_CHECK_WARNINGS
#
# Sets WARNING_CFLAGS, with -Werror in it where --enable-Werror asks for it,
# and CLANG_CPPFLAGS, which only clang needs.
AC_DEFUN([SLUICE_CHECK_WARNINGS], [
    AC_ARG_ENABLE([Werror],
        [AS_HELP_STRING([--enable-Werror], [a compiler warning is an error])],
        [], [enable_Werror=no])
    WARNING_CFLAGS=
    m4_foreach_w([flag], [-Wall -Wextra -Wstrict-prototypes
            -Wmissing-prototypes -Wold-style-definition -Wpointer-arith
            -Wshadow -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough
            -Wduplicated-cond -Wlogical-op -Wthread-safety],
        [SLUICE_CC_FLAG([WARNING_CFLAGS], flag)])
    # Clang alone has the thread annotations, and alone sees the signs in what
    # a macro of Open vSwitch (VLOG_INFO) expands to.
    CLANG_CPPFLAGS=
    case $WARNING_CFLAGS in
    *-Wthread-safety*)
        WARNING_CFLAGS="$WARNING_CFLAGS -Wno-sign-compare"
        CLANG_CPPFLAGS='-include $(top_srcdir)/build-aux/clang-atomics.h'
        ;;
    esac
    AC_SUBST([CLANG_CPPFLAGS])
    if test "$enable_Werror" = yes; then
        WARNING_CFLAGS="$WARNING_CFLAGS -Werror"
    fi
    AC_SUBST([WARNING_CFLAGS])])

# SLUICE_CHECK_SANITIZERS
#
# Sets SANITIZE_FLAGS for compiling and linking our own objects.  Libraries
# stay as they are.
AC_DEFUN([SLUICE_CHECK_SANITIZERS], [
    AC_ARG_ENABLE([sanitizers],
        [AS_HELP_STRING([--enable-sanitizers],
            [build with the address and undefined-behaviour sanitizers])],
        [], [enable_sanitizers=no])
    SANITIZE_FLAGS=
    if test "$enable_sanitizers" = yes; then
        SANITIZE_FLAGS="-fsanitize=address,undefined"
        SANITIZE_FLAGS="$SANITIZE_FLAGS -fno-sanitize-recover=undefined"
        SANITIZE_FLAGS="$SANITIZE_FLAGS -fno-omit-frame-pointer"
        AC_MSG_CHECKING([whether the sanitizers link])
        sluice_save_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS $SANITIZE_FLAGS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
            [AC_MSG_RESULT([no])
             AC_MSG_ERROR([the sanitizers' libraries are missing: install dnl
the Debian package libgcc-12-dev (gcc) or libclang-rt-14-dev (clang)])])
        CFLAGS=$sluice_save_CFLAGS
    fi
    AC_SUBST([SANITIZE_FLAGS])
    AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" = yes])])

# SLUICE_CHECK_OVS
#
# Where Open vSwitch's library comes from.  Sets
#
#     OVS_SOURCE      tarball or tree that make builds it from, empty where
#                     --with-ovs-build names a finished build;
#     OVS_SOURCE_FILE a file that is newer when that source is;
#     OVS_SRCDIR      the tree, absolute;
#     OVS_BUILDDIR    the folder it is, or will be, built in, absolute.
AC_DEFUN([SLUICE_CHECK_OVS], [
    AC_ARG_WITH([ovs-source],
        [AS_HELP_STRING([--with-ovs-source=FILE-or-DIR],
            [source of Open vSwitch, a tarball or a tree, with its configure
             (default: the one of the Debian package openvswitch-source)])],
        [], [with_ovs_source=/usr/src/openvswitch/openvswitch.tar.gz])
    AC_ARG_WITH([ovs-build],
        [AS_HELP_STRING([--with-ovs-build=DIR],
            [reuse the ovs folder of another build folder of Sluice])])
    AC_MSG_CHECKING([for the source of Open vSwitch])
    OVS_SOURCE=
    OVS_SOURCE_FILE=
    if test -n "$with_ovs_build" && test "$with_ovs_build" != no; then
        OVS_BUILDDIR=`cd "$with_ovs_build" 2>/dev/null && pwd`
        if test -z "$OVS_BUILDDIR" || test ! -f "$OVS_BUILDDIR/stamp-lib"; then
            AC_MSG_RESULT([no])
            AC_MSG_ERROR([$with_ovs_build holds no finished build of Open dnl
vSwitch's library (no file stamp-lib in it)])
        fi
        OVS_SRCDIR=`sed -n 's/^abs_top_srcdir = //p' "$OVS_BUILDDIR/Makefile"`
        OVS_SRCDIR=`cd "$OVS_SRCDIR" && pwd`
        AC_MSG_RESULT([built in $OVS_BUILDDIR])
    else
        OVS_BUILDDIR=`pwd`/ovs
        if test -d "$with_ovs_source" && \
           test -x "$with_ovs_source/configure"; then
            OVS_SOURCE=`cd "$with_ovs_source" && pwd`
            OVS_SOURCE_FILE=$OVS_SOURCE/configure
            OVS_SRCDIR=$OVS_SOURCE
        elif test -f "$with_ovs_source"; then
            sluice_dir=`dirname "$with_ovs_source"`
            sluice_dir=`cd "$sluice_dir" && pwd`
            OVS_SOURCE=$sluice_dir/`basename "$with_ovs_source"`
            OVS_SOURCE_FILE=$OVS_SOURCE
            OVS_SRCDIR=`pwd`/ovs-source
        else
            AC_MSG_RESULT([no])
            AC_MSG_ERROR([no Open vSwitch in $with_ovs_source: install the dnl
Debian package openvswitch-source, or name a tarball, or a tree that has a dnl
configure, by --with-ovs-source])
        fi
        AC_MSG_RESULT([$OVS_SOURCE])
    fi
    AC_SUBST([OVS_SOURCE])
    AC_SUBST([OVS_SOURCE_FILE])
    AC_SUBST([OVS_SRCDIR])
    AC_SUBST([OVS_BUILDDIR])
    AM_CONDITIONAL([BUILD_OVS], [test -n "$OVS_SOURCE"])])
