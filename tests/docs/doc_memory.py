# SPDX-License-Identifier: Apache-2.0
#
# doc_memory.py: how large are mempools?  The formulas of lib/mem once more,
# with constants that are read out of the sources, for the numbers in the
# pages (doc_numbers.py).

import re

from doc_pages import complain, read, without_comments

MIB = 1024 * 1024
PAGE = 2 * MIB                  # a hugepage

# Of DPDK 22.11 on 64-bit x86.
LINE = 64                       # bytes of a cache line
MBUF = 128                      # sizeof(struct rte_mbuf)
OBJECT_HEADER = 64              # struct rte_mempool_objhdr, aligned
POOL_HEADER = 192               # sizeof(struct rte_mempool)
POOL_PRIVATE = 64               # struct rte_pktmbuf_pool_private, aligned
LCORE_CACHE = 8256              # sizeof(struct rte_mempool_cache)
MAX_LCORE = 128
STACK_HEADER = 192              # sizeof(struct rte_stack)
STACK_ENTRY = 16                # of the lock-free stack, for each mbuf
MAX_MEMZONE = 2560
# Of Open vSwitch 3.1.0 with it.
PEER_MTU_1500 = 3008            # bytes of one mbuf, as it shows them
PEER_MANUAL = 26656             # mbufs of a port, says its manual
PEER_LEAST = 32768              # mbufs; a smaller request is not halved

SOURCES = ('lib/mem/mp-size.h', 'lib/mem/mp-chunk.h', 'lib/mem/mp-ledger.h',
           'lib/mem/mp-care.c', 'lib/cfg/cfg.h', 'lib/cfg/cfg-mempool.h',
           'lib/port/kernel.h', 'lib/port/ethdev-conf.c')


def constants():
    """Numbers of the enums in these sources."""
    values = {}
    number = re.compile(r'\b([A-Z][A-Z0-9_]+) = (\d[\d* <]*)(?=[,\n }])')
    for name in SOURCES:
        for key, text in number.findall(without_comments(read(name))):
            if re.fullmatch(r'\d+(?: (?:\*|<<) \d+)*', text.strip()):
                values[key] = eval(text)
    return values


class Sources(dict):
    """Complains of a constant that is nowhere, and goes on."""
    def __missing__(self, key):
        complain('tests/docs/doc_memory.py', f'no source has {key}')
        self[key] = 1
        return 1


C = Sources(constants())


def up(n, multiple):
    return -(-n // multiple) * multiple


# Of one mbuf, in bytes.

def buffer_size(mtu):
    return up(mtu + C['MP_MTU_OVERHEAD'], C['MP_ALIGN'])


def adjusted_mtu(mtu):
    return buffer_size(mtu) - C['MP_L2_OVERHEAD']


def last_mtu(mtu):
    """The largest MTU with the same buffer."""
    return buffer_size(mtu) - C['MP_MTU_OVERHEAD']


def data_room(mtu):
    return buffer_size(mtu) + C['MP_HEADROOM']


def object_size(mtu):
    return OBJECT_HEADER + up(MBUF + C['MP_PRIV_SIZE'] + data_room(mtu), LINE)


def chunk_mbufs(mtu):
    return (C['MP_CHUNK_BYTES'] - C['MP_HEAP_OVERHEAD']) // object_size(mtu)


# Of a pool, in mbufs.

def shared_from():
    """The smallest adjusted MTU whose shared pool is large."""
    found = re.search(r'mp_adjusted_mtu\(mtu\) >= (\d+)',
                      read('lib/mem/mp-size.c'))
    if not found:
        complain('tests/docs/doc_memory.py', 'no threshold in mp-size.c')
    return int(found[1]) if found else 1


SHARED_FROM = shared_from()


def shared(mtu):
    return C['MP_MAX_MBUFS' if adjusted_mtu(mtu) >= SHARED_FROM
             else 'MP_MIN_MBUFS']


# The smallest MTU with a large pool.
THRESHOLD = next(mtu for mtu in range(C['CFG_MTU_MIN'], C['CFG_MTU_MAX'])
                 if shared(mtu) == C['MP_MAX_MBUFS'])


def per_port(n_rxq, rxq_size, n_txq, txq_size):
    return (n_rxq * rxq_size + n_txq * txq_size
            + min(MAX_LCORE, n_rxq) * C['MP_BURST'] + C['MP_MIN_MBUFS'])


def ethdev(n_rxq, pmds):
    """A port of type dpdk in per-port memory."""
    return per_port(n_rxq, C['CFG_DESC_DEFAULT'],
                    pmds + 1, C['CFG_DESC_DEFAULT'])


def vhost(pairs=1):
    return per_port(pairs, C['CFG_VHOST_DESC'], pairs, C['CFG_VHOST_DESC'])


def sizes_tried(n):
    sizes = [n]
    while sizes[-1] > C['MP_MIN_MBUFS']:
        sizes.append(max(sizes[-1] // 2, C['MP_MIN_MBUFS']))
    return sizes


def cache(room):
    return min(room // C['MP_CACHE_SHARE'], C['MP_CACHE_SIZE'])


def per_thread(room):
    """DPDK lets a cache overflow to 1.5 times its size."""
    return cache(room) + cache(room) // 2 + C['MP_IN_HAND']


def need(rx, tx, threads, room=None):
    """By the ledger."""
    room = C['MP_MAX_MBUFS'] if room is None else room
    return rx + tx + threads * per_thread(room)


def elastic(wanted, room=None, mtu=1500):
    """Mbufs of a pool that needs `wanted`: whole chunks of them."""
    room = C['MP_MAX_MBUFS'] if room is None else room
    return min(room, up(min(wanted, room), chunk_mbufs(mtu)))


# Of a pool, in bytes.

def chunk_bytes(n, mtu=1500):
    chunks, rest = divmod(n, chunk_mbufs(mtu))
    return (chunks * C['MP_CHUNK_BYTES']
            + (rest and rest * object_size(mtu) + C['MP_HEAP_OVERHEAD']))


def header_bytes(room):
    return (POOL_HEADER + (MAX_LCORE * LCORE_CACHE if cache(room) else 0)
            + POOL_PRIVATE + C['MP_HEAP_OVERHEAD'])


def handler_bytes(room):
    """The stack, two cache lines behind it, as many of accounts, and an entry
    in a list of DPDK's."""
    return (up(STACK_HEADER + up(room * STACK_ENTRY, LINE) + 2 * LINE, LINE)
            + 2 * LINE + 3 * C['MP_HEAP_OVERHEAD'])


def pool_bytes(n, mtu=1500, room=None):
    """Of a fixed pool; of an elastic one, with its room."""
    room = n if room is None else room
    return chunk_bytes(n, mtu) + header_bytes(room) + handler_bytes(room)


def mib(n_bytes):
    """As the pages have it."""
    return f'{n_bytes / MIB:.1f}'


def pages(n_bytes):
    return -(-n_bytes // PAGE)


# Of a switch, in bytes.

MODELS = ('elastic shared', 'elastic per port', 'fixed shared',
          'fixed per port')


def pool_of(model, wanted, mtu, room):
    """A pool that needs `wanted` mbufs or, fixed, has all there is room
    for."""
    n = elastic(wanted, room, mtu) if model.startswith('elastic') else room
    return pool_bytes(n, mtu, room)


def switch(model, guests, cards=0, mtu=1500, private=0):
    """One bridge, one NUMA node, one PMD thread, one queue or pair of queues
    for each port; `private` of the guests have a pool of their own besides.
    The bridge's own port has MTU 1500."""
    threads = 2
    desc = C['CFG_DESC_DEFAULT']
    tx = cards * 2 * desc + C['MP_KERNEL_RING']
    one = cards * desc + C['MP_KERNEL_RING']
    room = C['MP_KERNEL_MAX_MBUFS']
    total = pool_bytes(elastic(need(0, one, threads, room), room), 1500, room)
    own = guests if model.endswith('per port') else private

    def a_pool(rx, room):
        return pool_of(model, need(rx, tx, threads, room), mtu, room)

    total += own * a_pool(0, vhost())
    if model.endswith('per port'):
        return total + cards * a_pool(desc, ethdev(1, 1))
    room = shared(mtu) if model.startswith('fixed') else C['MP_MAX_MBUFS']
    return total + a_pool(cards * desc, room)
