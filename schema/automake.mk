# SPDX-License-Identifier: Apache-2.0

pkgdata_DATA += \
	schema/vswitch.ovsschema \
	schema/vswitch.xml
EXTRA_DIST += $(pkgdata_DATA) schema/xml2rst
