# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.
