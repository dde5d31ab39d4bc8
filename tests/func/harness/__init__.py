# SPDX-License-Identifier: Apache-2.0
#
# What the functional tests stand on.  Each module answers one question:
#
#   command.py        how is a command run, how is a condition waited for?
#   space.py          which names and folders are this test's own?
#   hugepages.py      how many hugepages are there, who holds them?
#   daemon.py         how do the database and the daemon start and end?
#   switch.py         how does a test talk to its switch, how does it end?
#   loggate.py        which lines of the daemon's log may a test leave?
#   peer.py           how does testpmd play the guests?
#   json_peer.py      how is a peer of our own told what to do?
#   gap_peer.py       for how long do guests hear nothing?
#   flow_peer.py      how much can a switch be given to do?
#   guest.py          how does a guest speak to the switch, well or badly?
#   guest_process.py  how is a guest killed?
#   guest_image.py    with what does a real guest boot?
#   qemu.py           how is a real guest started, asked, and ended?
#   qmp.py            how is QEMU told what to do?
#   real_guest.py     what do real guests say to each other?
#   bystanders.py     does what a test does on some ports harm others?
#   frames.py         how are single frames sent and seen?
#   reference.py      what should a switch do with a frame?
#   random_bridges.py which bridges and frames are made up at random?
#   bridge_rig.py     how are many bridges given frames at once?
#   rpc.py            how is a server asked without a process?
#   pools.py          what does get-mempool-info say?
