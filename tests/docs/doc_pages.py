# SPDX-License-Identifier: Apache-2.0
#
# doc_pages.py: what do the pages and the sources say, and what was found
# wrong?  For check-docs and its parts.

import os
import re

TOP = os.environ.get('abs_top_srcdir') or os.path.abspath(
    os.path.join(os.path.dirname(__file__), '..', '..'))

complaints = []


def complain(where, text):
    complaints.append(f'{where}: {text}')


def read(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as f:
        return f.read()


def files_below(folder, *endings):
    for path, folders, files in os.walk(os.path.join(TOP, folder)):
        folders.sort()
        for name in sorted(files):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(path, name), TOP)


def without_comments(c):
    return re.sub(r'/\*.*?\*/', ' ', c, flags=re.S)


def marked(page, name):
    """The text below ".. check: NAME", up to the next mark."""
    found = re.search(rf'^\.\. check: {name}\n(.*?)(?=^\.\. check: |\Z)',
                      read(page), re.M | re.S)
    if not found:
        complain(page, f'no mark ".. check: {name}"')
        return ''
    return found[1]


def find_table(where, text, start):
    """The rows of the first simple table from `start` on, each a list of
    cells, and the table's span.  A row whose first cell is empty continues the
    one above."""
    rows, columns, rules = [], None, 0
    for found in re.compile('.*\n?').finditer(text, start):
        line = found[0].rstrip()
        if re.fullmatch(r'=+(?:  ?=+)+', line):
            columns = [m.span() for m in re.finditer('=+', line)]
            rules += 1
            continue
        if rules >= 3 or (rules >= 2 and not line) or not found[0]:
            break
        if columns and line:
            ends = [first for first, _ in columns[1:]] + [None]
            cells = [line[first:end].strip()
                     for (first, _), end in zip(columns, ends)]
            if cells[0] or not rows:
                rows.append(cells)
            else:
                rows[-1] = [' '.join(filter(None, pair))
                            for pair in zip(rows[-1], cells)]
    if len(rows) < 2:
        complain(where, 'no table where there should be one')
    return rows, (start, found.start())


def table(page, name):
    """The rows of the table below ".. check: NAME"."""
    return find_table(f'{page}, {name}', marked(page, name), 0)[0]


def header_table(page, name):
    return table(page, name)[1:]


def code_words(cell):
    return re.findall(r'``([^`]+)``', cell)
