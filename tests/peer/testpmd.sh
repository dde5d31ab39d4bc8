# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# How does a bash script play guests with testpmd?  Sourced by quickstart;
# the functional tests have the same in tests/func/harness/peer.py.
#
# The caller sets run (its folder, where the vhost sockets vhN.sock are),
# memory (hugepages or ordinary) and may read peers (process ids) and, after
# peer_count, rx0 tx0 rx1 tx1.

peers=()
peer_burst=64
rx0=0 tx0=0 rx1=0 tx1=0
flight0=0 flight1=0

peer_mac() { printf '02:00:00:00:00:%02x' "$1"; }

# CORE GUEST...: starts a testpmd that plays these guests and forwards on
# CORE.  Its prompt is reached through a fifo; a guest's packets always carry
# its own address and that of the other guest, so that a learning switch
# sees no address move.
peer_start() {
    local core=$1 id=${#peers[@]} eal=() app=() n=0 guest
    shift
    if [ "$memory" = ordinary ]; then
        eal+=(--no-huge)
    else
        eal+=(--in-memory --single-file-segments)
    fi
    for guest in "$@"; do
        eal+=(--vdev="net_virtio_user$n,path=$run/vh$guest.sock,server=1,$(
            )queue_size=256,mrg_rxbuf=0,in_order=0,mac=$(peer_mac "$guest")")
        app+=(--eth-peer="$n,$(peer_mac $((1 - guest)))")
        n=$((n + 1))
    done
    mkfifo "$run/peer$id.in"
    eval "exec $((10 + id))<>\"\$run/peer$id.in\""
    # A session of its own, so that Ctrl-C reaches the script only.
    RUNTIME_DIRECTORY=$run setsid stdbuf -o0 dpdk-testpmd \
        --lcores "0@0,1@$core" -m 128 --no-pci --no-telemetry \
        --file-prefix="${run##*/}-peer$id" "${eal[@]}" -- -i \
        --burst=$peer_burst --no-flush-rx --total-num-mbufs=4096 \
        "${app[@]}" <"$run/peer$id.in" >"$run/peer$id.log" 2>&1 &
    peers+=($!)
    peer_prompt "$id" 0
}

# PEER MARK: waits for a prompt beyond the first MARK bytes of what the peer
# printed.
peer_prompt() {
    local log=$run/peer$1.log i
    for ((i = 0; i < 1500; i++)); do
        tail -c +$(($2 + 1)) "$log" | grep -q "^testpmd> " && return 0
        kill -0 "${peers[$1]}" 2>/dev/null || break
        sleep 0.02
    done
    tail -n 20 "$log" >&2
    echo "testpmd did not answer" >&2
    return 1
}

# COMMAND: types it to every peer and prints what they answer.
peer_tell() {
    local id log mark
    for id in "${!peers[@]}"; do
        log=$run/peer$id.log
        mark=$(stat -c %s "$log")
        echo "$1" >&$((10 + id))
        peer_prompt "$id" "$mark"
        tail -c +$((mark + 1)) "$log"
    done
}

# Sets rx0 tx0 rx1 tx1: packets that each guest has received and sent.
peer_count() {
    read -r rx0 tx0 rx1 tx1 < <(peer_tell "show port stats all" | awk '
        { for (i = 1; i < NF; i++) {
              if ($i == "RX-packets:") rx[n++] = $(i + 1)
              if ($i == "TX-packets:") tx[n - 1] = $(i + 1) } }
        END { printf "%d %d %d %d\n", rx[0], tx[0], rx[1], tx[1] }')
}

# MODE BURSTS: puts packets into flight, which circulate from then on.
peer_loop() {
    peer_tell "set fwd $1" >/dev/null
    peer_tell "start tx_first $2" >/dev/null
}

# Stops the loop and receives what is still in flight.
peer_drain() {
    local last='' same=0
    peer_tell "stop" >/dev/null
    peer_count
    flight0=$rx0 flight1=$rx1
    peer_tell "set fwd rxonly" >/dev/null
    peer_tell "start" >/dev/null
    while [ $same -lt 3 ]; do
        sleep 0.1
        peer_count
        if [ "$rx0 $rx1" = "$last" ]; then
            same=$((same + 1))
        else
            same=0
        fi
        last="$rx0 $rx1"
    done
    peer_tell "stop" >/dev/null
    flight0=$((rx0 - flight0)) flight1=$((rx1 - flight1))
}
