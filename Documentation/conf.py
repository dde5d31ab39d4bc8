# SPDX-License-Identifier: Apache-2.0
#
# How Sphinx builds these pages.  Nothing is fetched from the network and
# nothing is written to the source tree, which may be read-only.
#
# One page, ref/database.rst, is made from the schema while Sphinx reads it:
# schema/xml2rst turns schema/vswitch.xml into the text that follows the
# page's own few lines.

import os
import re
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
top = os.path.dirname(here)


def version_of_this_tree():
    with open(os.path.join(top, 'configure.ac'), encoding='utf-8') as f:
        return re.search(r'AC_INIT\(\[sluice\], \[([^\]]+)\]', f.read())[1]


project = 'Sluice'
author = 'The Sluice authors'
copyright = '2026, the Sluice authors'
version = release = version_of_this_tree()

needs_sphinx = '4.3'
extensions = []
source_suffix = '.rst'
root_doc = 'index'
language = 'en'
nitpicky = True                         # every reference must resolve
highlight_language = 'none'             # what a shell session shows is text
smartquotes = False                     # "--" in commands stays what it is

html_theme = 'alabaster'
html_title = 'Sluice ' + release
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    'description': 'A kernel-bypass virtual switch',
    'fixed_sidebar': True,
    'page_width': '1100px',
    'sidebar_width': '240px',
    'show_powered_by': False,
}
html_sidebars = {'**': ['about.html', 'navigation.html', 'searchbox.html']}


def add_database_reference(app, docname, source):
    """Appends the rendered schema to the page that is there for it."""
    if docname != 'ref/database':
        return
    xml2rst = os.path.join(top, 'schema', 'xml2rst')
    xml = os.path.join(top, 'schema', 'vswitch.xml')
    app.env.note_dependency(xml2rst)
    app.env.note_dependency(xml)
    text = subprocess.run([sys.executable, '-B', xml2rst, xml], check=True,
                          stdout=subprocess.PIPE, encoding='utf-8').stdout
    source[0] += '\n' + text


def setup(app):
    app.connect('source-read', add_database_reference)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
