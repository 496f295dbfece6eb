# Every target sets itself up: it makes .venv in the checkout, and .venv suffices for everything.
# Nothing but make, sh and a Python is needed, and nothing but pip talks to the network.

# Tried in this order, by running each of them. To choose: make test PYTHONS=/path/to/python3.12
PYTHONS = python3.13 python3.14 python3.12 python3.11 python3 python
# Passed on to the command of run, check, test, test-lowest and bench: make check ARGS="--format json"
ARGS =

VENV = .venv
BIN = $(VENV)/bin
LOWEST = .venv-lowest
# Makes the lock: pinned, so that the same pyproject.toml gives the same lock.
UV = uv==0.13.9
LOCKS = requirements.lock requirements-run.lock requirements-check.lock
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header
# A file stays with one process, for it shares what it makes; the longest come first (conftest.py).
SPREAD = --numprocesses auto --dist loadfile --no-loadscope-reorder
# The locks that the environment was made from, and stamps that it is also linked to the checkout.
RUN_LOCKED = $(VENV)/.requirements-run.lock
LOCKED = $(VENV)/.requirements.lock
RUN_READY = $(VENV)/.run-ready
READY = $(VENV)/.ready
# There while pip installs: an environment that was interrupted is made from nothing.
UNFINISHED = $(VENV)/.unfinished
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# pip would compile all 17,000 modules, one after the other; nobody imports most of them.
FROM_LOCK = --no-compile --require-hashes --no-deps --requirement
# As measured.
RUN_SIZE = 0.9 GB
TEST_SIZE = 1.7 GB

# A run without its flow: the flow only calls these steps.
A_RUN = from pathlib import Path; from flows.pipeline import steps; \
    steps.compute_results(steps.validate_facts(steps.read_facts([Path("data/facts")])), None, 0)

# Each process that starts would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.PHONY: help run check quick quick-tests test tests test-all test-lowest system tools lint release notebook bench profile docs lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: $(RUN_READY)  ## compute the answers from data/facts and data/stop, publish them, write the report
	@$(BIN)/audience-impact run --report $(ARGS)

check: $(RUN_READY)  ## check data/facts by every rule
	@$(BIN)/audience-impact check data/facts $(ARGS)

# For every commit; `test` runs the rest: whole chains, flows, servers, browsers, notebooks, packages.
quick: $(READY)  ## lint, types, unit tests and contracts: some minutes
	@$(MAKE) --no-print-directory --keep-going --jobs=2 lint quick-tests

quick-tests: $(READY)
	$(BIN)/python -m pytest $(SPREAD) -m 'not service and not chain' tests/unit tests/contracts tests/test_layers.py $(ARGS)

# Types are checked while tests wait for what they started; what fails stops nothing and is reported.
test: system $(READY)  ## lint and run the tests, side by side
	@$(MAKE) --no-print-directory --keep-going --jobs=2 lint tests

# Coverage and its floor are of the whole suite: a part of it (ARGS) is run without.
tests: system $(READY)
	$(BIN)/python -m pytest $(SPREAD) $(if $(ARGS),$(ARGS),-m 'not nightly' --cov)

# Every night, and where the store or serving changed (.github/workflows/nightly.yml).
test-all: system $(READY)  ## run all tests, those of services too
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

# Some tests make repositories, Playwright's Node needs libatomic, and Chromium shared memory.
system:
	@missing=; command -v git >/dev/null || missing="$$missing git"; \
	if [ "$$(uname)" = Linux ]; then \
	    find -L /lib /lib64 /usr/lib -maxdepth 2 -name 'libatomic.so.1' 2>/dev/null | grep -q . || \
	        missing="$$missing libatomic1"; \
	    [ -w /dev/shm ] || missing="$$missing /dev/shm"; \
	fi; \
	test -z "$$missing" || { echo "make test needs of the system:$$missing. On Debian, as root: make" \
	    "tools (a missing /dev/shm: mount -t tmpfs tmpfs /dev/shm)" >&2; exit 1; }

# Everything that pyproject.toml names at its lowest version, what that needs at its newest.
test-lowest: $(READY)  ## run the tests on the lowest versions that pyproject.toml claims
	@$(PIP) install $(UV)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
	    --compile-bytecode --editable '.[pipeline]' --group build --group notebook --group test
	$(LOWEST)/bin/python -m pytest -p no:cacheprovider -m 'not locked' $(SPREAD) $(ARGS)

# Chromium shows the report, LibreOffice opens the workbook, Java runs the HTML checker, PostgreSQL
# keeps what Prefect's server knows.
tools:  ## install on Debian, as root, what some tests need besides Python
	@missing=; for tool in chromium soffice java npm git; do \
	    command -v $$tool >/dev/null || missing="$$missing $$tool"; \
	done; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing initdb"; \
	test -z "$$missing" && exit 0; \
	echo "missing:$$missing"; \
	if ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ]; then \
	    echo "make tools installs with apt-get, as root. Elsewhere install by hand: chromium, its" \
	        "fonts, git, libatomic1, Java, LibreOffice Calc, PostgreSQL and npm" >&2; exit 1; \
	fi; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
	    -y -qq --no-install-recommends chromium fonts-liberation git libatomic1 default-jre-headless \
	    libreoffice-calc-nogui postgresql $$(command -v npm >/dev/null || echo npm); } >/dev/null
	@test -f .tools/node_modules/vnu-jar/build/dist/vnu.jar || echo "missing: vnu.jar"
	@test -f .tools/node_modules/vnu-jar/build/dist/vnu.jar || \
	    npm install --silent --no-save --no-package-lock --prefix .tools vnu-jar@26.9.27

lint: $(READY)  ## style, form and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Also the version that the wheel brings. What changed since the release before:
# make release ARGS="--previous VERSION"
release: $(RUN_READY)  ## the published version as an archive in dist/, to be pinned by its digest
	@$(BIN)/audience-impact release --into dist --ship $(ARGS)

notebook: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

bench: $(READY)  ## measure, side by side with what one would use instead
	$(BIN)/python -m benchmarks.run $(ARGS)

profile: $(READY)  ## show in profile.html where the seconds of a run go
	$(BIN)/pyinstrument --renderer html --outfile profile.html -c '$(A_RUN)'
	@echo profile.html

docs: $(READY)  ## bring the table of results up to date, and build the documentation as a site into site/
	$(BIN)/python -m flows.documenting.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Keeps the pins that still fit; to move all of them: make lock ARGS=--upgrade
lock: $(RUN_READY)  ## pin the dependencies of pyproject.toml, all of them, those of a run alone and those of a check
	@$(PIP) install $(UV)
	@for lock in $(LOCKS); do cp -p $$lock $(VENV)/$$lock.before; done
	$(COMPILE) pyproject.toml --extra pipeline --group build --group notebook \
	    --group test --group lint --group docs --group profile --output-file requirements.lock $(ARGS)
	$(COMPILE) pyproject.toml --extra pipeline --group build \
	    --constraint requirements.lock --output-file requirements-run.lock
	$(COMPILE) --group check --constraint requirements.lock --output-file requirements-check.lock
	@# An unchanged lock is as old as before, so that nothing is made anew from it.
	@for lock in $(LOCKS); do \
	    ! cmp -s $$lock $(VENV)/$$lock.before || touch -r $(VENV)/$$lock.before $$lock; done

clean:  ## remove .venv and caches; what is published stays
	rm -rf $(VENV) $(LOWEST) .venv-check .venv-run .tools site profile.html .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment of a changed lock is made from nothing, because pip keeps what the lock no longer
# names; locks are compared by content, so that one written anew or checked out again costs nothing.
# A changed pyproject.toml only links anew.
$(RUN_READY): $(RUN_LOCKED) pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(READY): $(LOCKED)
	@touch $@

$(RUN_LOCKED): requirements-run.lock
	@if cmp -s $< $@ && ! [ -e $(UNFINISHED) ]; then touch $@; exit 0; fi; \
	$(find_python); \
	echo "First this installs what a run needs into $(VENV), with $$python ($$version): about $(RUN_SIZE)" \
	    "on the disk; it takes a minute." && \
	"$$python" -m venv --clear $(VENV) && touch $(UNFINISHED) && \
	$(PIP) install $(FROM_LOCK) $< && cp $< $@ && rm $(UNFINISHED)

# What tests, documentation and notebooks need comes on top of what a run needs, at the same pins.
$(LOCKED): requirements.lock $(RUN_READY)
	@if cmp -s $< $@ && ! [ -e $(UNFINISHED) ]; then touch $@; exit 0; fi; \
	if [ -e $@ ] || [ -e $(UNFINISHED) ]; then \
	    rm -f $(RUN_LOCKED); $(MAKE) --no-print-directory $(RUN_READY) || exit 1; \
	fi; \
	echo "This adds what tests, documentation and notebooks need: $(TEST_SIZE) on the disk in all; it" \
	    "takes another minute." && \
	touch $(UNFINISHED) && $(PIP) install $(FROM_LOCK) $< && cp $< $@ && rm $(UNFINISHED)

# A command may be there and fail (a version manager's stand-in), and Debian's Python comes
# without ensurepip: so each candidate is run, and says why it does not fit.
define find_python
python=; why=; \
for candidate in $(PYTHONS); do \
    version=$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
        || continue; \
    if ! "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; then \
        why="$$why  $$candidate is version $$version\n"; \
    elif ! "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then \
        why="$$why  $$candidate ($$version) lacks its module venv or ensurepip\n"; \
    else \
        python=$$candidate; break; \
    fi; \
done; \
if [ -z "$$python" ]; then \
    { echo "Python 3.11 to 3.14 with its modules venv and ensurepip is needed. Tried: $(PYTHONS)"; \
    printf "$$why"; \
    echo "To install it:"; \
    echo "  Debian, Ubuntu   sudo apt-get install python3 python3-venv"; \
    echo "  Fedora           sudo dnf install python3.13"; \
    echo "  Alpine           sudo apk add python3"; \
    echo "  macOS            brew install python@3.13"; \
    echo "  where the system's Python is another version   uv python install 3.13, or pyenv install 3.13"; \
    echo "A Python elsewhere is named with PYTHONS=, as in: make test PYTHONS=/opt/python/bin/python3.12"; \
    } >&2; exit 1; \
fi
endef
