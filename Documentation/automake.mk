# SPDX-License-Identifier: Apache-2.0

dist_folders += Documentation

# A warning of Sphinx is an error.
docs:
	@command -v $(SPHINXBUILD) >/dev/null || { \
	    echo "sphinx-build not found: install the Debian package" \
	        "python3-sphinx, then configure again" >&2; exit 1; }
	$(SPHINXBUILD) -W --keep-going -q -b html -d docs/doctrees \
	    $(top_srcdir)/Documentation docs/html
	@echo "docs/html/index.html"
.PHONY: docs

clean-local: clean-docs
clean-docs:
	rm -rf docs
.PHONY: clean-docs
