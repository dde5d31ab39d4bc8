#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes ./configure from configure.ac.  Needed after a checkout from git and
# never from a release tarball.

set -e
cd "$(dirname "$0")"

for need in autoreconf:autoconf automake:automake pkg-config:pkg-config; do
    if ! command -v "${need%:*}" >/dev/null; then
        echo "boot.sh: ${need%:*} not found:" \
             "install the Debian package ${need#*:}" >&2
        exit 1
    fi
done

exec autoreconf --install --force
