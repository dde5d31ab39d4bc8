# SPDX-License-Identifier: Apache-2.0
#
# The benchmarks beside the peers.  Each module answers one question:
#
#   cases.py      what is measured?
#   subjects.py   who is measured: how is each started, fed, asked and stopped?
#   guests.py     how does testpmd play the guests?
#   rounds.py     how is one figure taken, and when does it count?
#   machine.py    on what machine, and who else uses it?
#   footprint.py  how much memory, how long does a change take?
#   micro.py      what do the parts cost on their own?
#   figures.py    what do many rounds say together?
#   targets.py    which figures are to be reached, and are they?
#   text.py, picture.py    how is that shown?
