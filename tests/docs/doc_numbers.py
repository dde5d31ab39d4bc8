# SPDX-License-Identifier: Apache-2.0
#
# doc_numbers.py: are the numbers in the pages about packet memory those that
# the formulas give (doc_memory.py)?
#
# A table is recomputed that stands below a comment ".. check: KIND": TABLES
# has the kinds.  What commands print is known by its headings, on any page.
# Numbers in text are recomputed by a comment before the paragraph or the
# literal block:
#
#     .. check: numbers
#        22.5 = mib(switch('elastic shared', 32))
#
# The rest of PAGES must be without large numbers, and without numbers of mbufs
# or of memory: one that stands there by itself would rot.  (The numbers of
# howto/size-hugepages.rst are otherwise what the planner prints: check-plan.)

import re
import xml.etree.ElementTree

import doc_memory as memory
from doc_pages import complain, find_table, files_below, read

MEMORY = 'Documentation/topics/dpdk/memory.rst'
PICTURE = 'Documentation/topics/dpdk/memory.svg'
PAGES = (MEMORY, 'Documentation/howto/find-who-holds-my-mbufs.rst')

EXAMPLES = {1500, 1800, 6000, 9000}     # MTUs

FORMULAS = {name: value for name, value in vars(memory).items()
            if not name.startswith('_')}


def expect(where, row, found, wanted):
    if found != wanted:
        complain(where, f'"{row}": {found} should be {wanted}')


def value(text):
    """Of a cell, which may hold a sum of products."""
    if not re.fullmatch(r'[\d.]+(?: [×+] [\d.]+)*', text):
        return text
    return eval(text.replace('×', '*'))


# Tables. ------------------------------------------------------------------
#
# Each gets the rows as lists of values, without the headings.

def check_buffers(where, rows):
    mtu = memory.C['CFG_MTU_MIN']
    last_mtu = memory.C['CFG_MTU_MAX']
    for row in rows:
        last = min(memory.last_mtu(mtu), last_mtu)
        expect(where, row[0], row,
               [mtu, last, memory.buffer_size(mtu), memory.adjusted_mtu(mtu),
                memory.object_size(mtu), memory.chunk_mbufs(mtu)])
        mtu = last + 1
    if mtu != last_mtu + 1:
        complain(where, f'no row for MTU {mtu}')


def check_shared(where, rows):
    for mtu, *found in rows:
        n = memory.shared(mtu)
        size = memory.pool_bytes(n, mtu)
        expect(where, f'MTU {mtu}', found,
               [mtu + memory.C['MP_MTU_OVERHEAD'], memory.buffer_size(mtu),
                memory.adjusted_mtu(mtu), n, float(memory.mib(size)),
                memory.pages(size)])


def check_per_port(where, rows):
    for name, mtu, n_rxq, rxq_size, n_txq, txq_size, *found in rows:
        n = memory.per_port(n_rxq, rxq_size, n_txq, txq_size)
        size = memory.pool_bytes(n, mtu)
        expect(where, name, found,
               [n, float(memory.mib(size)), memory.pages(size)])


def check_halving(where, rows):
    for n, sizes in rows:
        expect(where, n, [int(s) for s in str(sizes).split()],
               memory.sizes_tried(n))


def check_room(where, name, room):
    """Is there a pool that may grow to it?"""
    some = range(1, 9)
    if not (room in (memory.C['MP_MAX_MBUFS'], memory.C['MP_MIN_MBUFS'],
                     memory.C['MP_KERNEL_MAX_MBUFS'])
            or room in map(memory.vhost, some)
            or any(room == memory.ethdev(n, pmds)
                   for n in some for pmds in some)
            or f'mempool-max-mbufs={room}' in name):
        complain(where, f'"{name}": no pool has room for {room}')


def check_elastic(where, rows):
    """Pools by themselves."""
    for name, mtu, rx, tx, threads, room, *found in rows:
        check_room(where, name, room)
        need = memory.need(rx, tx, threads, room)
        n = memory.elastic(need, room, mtu)
        expect(where, name, found,
               [need, n, float(memory.mib(memory.pool_bytes(n, mtu, room)))])


def check_growth(where, rows):
    """One pool as time passes: it never shrinks, but for being trimmed."""
    n = 0
    for name, rx, tx, threads, *found in rows:
        room = memory.C['MP_MAX_MBUFS']
        need = memory.need(rx, tx, threads)
        least = memory.elastic(need)
        n = least if 'trim' in name else max(n, least)
        surplus = n >= need + memory.chunk_mbufs(1500)
        expect(where, name, found,
               [need, n, float(memory.mib(memory.pool_bytes(n, 1500, room))),
                '``surplus``' if surplus else '``ok``'])


def check_models(where, rows):
    for guests, cards, mtu, *found in rows:
        expect(where, f'{guests} guests, {cards} cards, MTU {mtu}', found,
               [float(memory.mib(memory.switch(model, guests, cards, mtu)))
                for model in memory.MODELS])


TABLES = {
    'buffers': check_buffers,
    'shared': check_shared,
    'per-port': check_per_port,
    'halving': check_halving,
    'elastic': check_elastic,
    'growth': check_growth,
    'models': check_models,
}


# Output of commands. ------------------------------------------------------
#
# Each gets a literal block.

def check_shown_pool(where, pool):
    """A line of mempool-show, by heading."""
    adjusted, asked, granted, n, room, need, in_use, lowest = (
        int(pool[k]) for k in ('adj. MTU', 'asked', 'granted', 'mbufs', 'room',
                               'need', 'in use', 'lowest free'))
    mtu = adjusted - (memory.C['MP_MTU_OVERHEAD']
                      - memory.C['MP_L2_OVERHEAD'])
    name = pool['pool']
    expect(where, f'{name}, adj. MTU', adjusted, memory.adjusted_mtu(mtu))
    if f"-s{pool['socket']}-{adjusted}-" not in name:
        complain(where, f'{name}: such a name has no pool on socket '
                 f"{pool['socket']} for adjusted MTU {adjusted}")
    check_room(where, name, room)
    if max(granted, in_use, lowest) > n:
        complain(where, f'{name}: more than the {n} mbufs that it has')
    if asked != room:           # elastic
        expect(where, f'{name}, asked', asked, min(need, room))
        expect(where, f'{name}, granted', granted, min(asked, n))
        if n % memory.chunk_mbufs(mtu) and n != room:
            complain(where, f'{name}: {n} mbufs are no whole chunks of '
                     f'{memory.chunk_mbufs(mtu)}')
    else:
        expect(where, f'{name}, mbufs', n, granted)
        if granted not in memory.sizes_tried(asked):
            complain(where, f'{name}: {granted} is no size that {asked} leads '
                     'to')
    expect(where, f'{name}, MiB', pool['MiB'],
           memory.mib(memory.pool_bytes(n, mtu, room)))
    words = [word for word, is_so in (
        ('degraded', granted < asked), ('oversubscribed', need > n),
        ('surplus', asked != room
         and n >= asked + memory.chunk_mbufs(mtu))) if is_so]
    found = [word for word in pool['state'].split(',')
             if word in ('degraded', 'oversubscribed', 'surplus')]
    expect(where, f'{name}, state', found, words)


def check_shown_pools(where, text):
    """The lines of mempool-show.  Returns the mbufs in use, by the mbufs that
    a pool has."""
    headings, in_use = None, {}
    for line in text.splitlines():
        cells = re.split(r'  +', line.strip())
        if cells[:3] == ['pool', 'socket', 'adj. MTU']:
            headings = cells
        elif headings and len(cells) == len(headings):
            pool = dict(zip(headings, cells))
            check_shown_pool(where, pool)
            in_use[int(pool['mbufs'])] = int(pool['in use'])
        else:
            headings = None
    return in_use


def check_census(where, text, in_use):
    """Who has a pool's mbufs, by the same command."""
    sums = {'rx': 0, 'tx': 0, 'cached': 0}
    for line in text.splitlines():
        cells = line.split()
        if re.fullmatch(r'\S+(?: \(gone\))?(?: +\d+){4}', line.strip()):
            sums['rx'] += int(cells[-4])
            sums['tx'] += int(cells[-2])
        elif re.fullmatch(r'\d+ +\d+', line.strip()):
            sums['cached'] += int(cells[1])
        elif line.strip().startswith('of '):
            total = int(cells[1])
            parts = {cells[i]: int(cells[i + 1].strip(','))
                     for i in range(3, len(cells), 2)}
            expect(where, line.strip(), sum(parts.values()), total)
            expect(where, line.strip(), {k: parts[k] for k in sums}, sums)
            expect(where, f'{line.strip()}, in use', in_use.get(total),
                   parts['rx'] + parts['tx'] + parts['unaccounted'])


def check_mempool_show(where, text):
    check_census(where, text, check_shown_pools(where, text))


PLAN_TOTAL = re.compile(r'[* ] +(\d+) (\S+) +(\d+) +(\d+) +(\d+\.\d) +(\d+)'
                        r' +(\d+) +\d+\.\d ')
PLAN_POOL = re.compile(r'[* ] +(\d+) (\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)'
                       r' +(\d+\.\d) +(\d+) ')


def check_plan(where, text):
    """The last table of sluice-mempool-plan and mempool-plan, which is of
    pools, and the totals before it."""
    totals, sums = {}, {}
    for line in text.splitlines():
        found = PLAN_TOTAL.search(line)
        if found:
            socket, model, *cells = found.groups()
            totals[socket, model] = cells
        found = PLAN_POOL.search(line)
        if found:
            socket, model, *numbers, shown, shown_pages = found.groups()
            pools, adjusted, _, n, room = map(int, numbers)
            size = memory.pool_bytes(n, adjusted - 8, room)
            expect(where, line.strip(), [shown, shown_pages],
                   [memory.mib(size), str(memory.pages(size))])
            s = sums.setdefault((socket, model), [0, 0, 0, 0])
            for i, x in enumerate((1, n, size, memory.pages(size))):
                s[i] += pools * x
    for key, (pools, n, size, pages_2m) in sums.items():
        gigas = -(-size // (1024 * memory.MIB))
        expect(where, ' '.join(key), totals.get(key),
               [str(x) for x in (pools, n, memory.mib(size), pages_2m,
                                 gigas)])


# By headings.
OUTPUTS = (
    (re.compile(r'^ *(pool +socket|port +rx holds) ', re.M),
     check_mempool_show),
    (re.compile(r'^ *socket model +pools adj\. ?MTU ', re.M), check_plan),
)

LITERAL = re.compile(r'::\n\n((?: +\S.*\n|\n)+)')


def check_outputs(where, text):
    """Yields the spans of what commands print."""
    for block in LITERAL.finditer(text):
        for headings, check_output in OUTPUTS:
            if headings.search(block[1]):
                check_output(where, block[1])
                yield block.span(1)


# Pages. -------------------------------------------------------------------

MARK = re.compile(r'^( *)\.\. check: (\S+)\n((?:\1 +\S.*\n)*)', re.M)


def block_after(text, start):
    """Span of the paragraph from `start` on and, where it ends in "::", of the
    literal block that follows."""
    start = re.compile(r'\s*').match(text, start).end()
    start = text.rfind('\n', 0, start) + 1
    end = text.find('\n\n', start)
    end = len(text) if end < 0 else end
    if text[start:end].rstrip().endswith('::'):
        after = re.compile(r'\n+( +)\S.*(?:\n\1.*|\n)*').match(text, end)
        end = after.end() if after else end
    return start, end


def check_numbers(where, text, start, body):
    """Yields the spans of the numbers."""
    first, end = block_after(text, start)
    for line in body.splitlines():
        number, _, formula = line.strip().partition(' = ')
        try:
            wanted = str(eval(formula, dict(FORMULAS)))
        except Exception as e:
            complain(where, f'"{line.strip()}": {e}')
            continue
        expect(where, formula, number, wanted)
        spans = [m.span() for m in
                 re.finditer(rf'(?<![\w.]){re.escape(number)}(?!\w|\.\d)',
                             text[first:end])]
        if not spans:
            complain(where, f'"{line.strip()}": {number} is not in the text '
                     'below')
        yield from ((first + a, first + b) for a, b in spans)


def check_marks(where, text):
    """Everything that is marked.  Returns the spans that this covers."""
    covered = []
    for mark in MARK.finditer(text):
        _, kind, body = mark.groups()
        covered.append(mark.span())
        if kind in TABLES:
            rows, span = find_table(where, text, mark.end())
            try:
                TABLES[kind](where, [[value(cell) for cell in row]
                                     for row in rows[1:]])
            except (TypeError, ValueError) as e:
                complain(where, f'"{kind}": not such a table: {e}')
            covered.append(span)
        elif kind == 'numbers':
            covered += check_numbers(where, text, mark.end(), body)
        elif where in PAGES:
            complain(where, f'"{kind}" is no kind of table')
    return covered


# Not: a part of a name, of a setting or of a version.
NUMBER = re.compile(
    r'(?<![\w.=/<:-])(?<!-m )'
    r'(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?![\w/>])(?!\.\d)'
    r'(?P<unit>\s+(?:mbufs|MiB|bytes|hugepages|pages)\b)?')


def check_loose_numbers(where, text, covered):
    known = set(memory.C.values()) | EXAMPLES
    for found in NUMBER.finditer(text):
        number = found['number'].replace(',', '')
        if (float(number) < 100 and not found['unit']
                or float(number) in known
                or any(a <= found.start() < b for a, b in covered)):
            continue
        line = text.count('\n', 0, found.start()) + 1
        complain(f'{where}:{line}', f'nothing recomputes "{number}"')


def check_names(where, text):
    """Of pools, which have an adjusted MTU in them."""
    real = {memory.adjusted_mtu(mtu) for mtu in
            range(memory.C['CFG_MTU_MIN'], memory.C['CFG_MTU_MAX'] + 1)}
    for name, adjusted in re.findall(r'\b(mp\d+-s\d+-(\d+)-\w+)', text):
        if int(adjusted) not in real:
            complain(where, f'{name}: no pool is for adjusted MTU {adjusted}')


def check_page(page):
    text = read(page)
    covered = [*check_marks(page, text), *check_outputs(page, text)]
    check_names(page, text)
    if page in PAGES:
        check_loose_numbers(page, text, covered)


# The picture. -------------------------------------------------------------

def check_picture():
    """Each bar is as long as its number says, which stands beside it."""
    svg = xml.etree.ElementTree.fromstring(read(PICTURE))
    found = {e.get('id'): e for e in svg.iter() if e.get('id')}
    bars = {f'{model}{apart}'.replace(' ', '-'):
            memory.switch(model, 32, private=bool(apart))
            for model in memory.MODELS
            for apart in (('', ' one apart') if model.endswith('shared')
                          else ('',))}
    longest = max(bars.values())
    for name, size in bars.items():
        bar, text = found.get(name), found.get(name + '-mib')
        if bar is None or text is None:
            complain(PICTURE, f'no bar {name}, or no number for it')
            continue
        expect(PICTURE, name, text.text, memory.mib(size) + ' MiB')
        expect(PICTURE, f'length of {name}', bar.get('width'),
               f'{max(300 * size / longest, 1):.0f}')


# The schema. --------------------------------------------------------------

def check_sentences(where, sentences):
    """Numbers in text that can have no marks: patterns, and what their groups
    should be."""
    text = ' '.join(read(where).split())
    for pattern, wanted in sentences:
        found = re.search(pattern, text)
        if not found:
            complain(where, f'no sentence that fits "{pattern}"')
        elif found.groups() != tuple(map(str, wanted)):
            complain(where, f'"{found[0]}": {found.groups()} should be '
                     f'{tuple(wanted)}')


def check_schema():
    n, one = memory.shared(1500), memory.ethdev(1, 1)
    check_sentences('schema/vswitch.xml', (
        (r'shared pool has (\d+) buffers and takes (\d+) hugepages',
         (n, memory.pages(memory.pool_bytes(n)))),
        (r'of its own has (\d+) for .*? and takes (\d+) hugepages',
         (one, memory.pages(memory.pool_bytes(one))))))


def check():
    for page in files_below('Documentation', '.rst'):
        check_page(page)
    check_picture()
    check_schema()
