# Everything here needs Python 3.11 or newer (with venv) and make; Java comes from PyPI where the machine has none.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all lint bench clean

demo: $(VENV)/.demo
	$(BIN)/sferic run topologies/identifiers.py --on storm

# Much of it waits for a Storm to start: two at a time.
test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

test-all: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m sferic.cluster.shim

bench: $(VENV)/.test
	$(BIN)/python bench/run.py $(if $(ONLY),--only $(ONLY))
	$(BIN)/python -m bench.readme

clean:
	rm -rf $(VENV) build dist

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("sferic needs Python 3.11 or newer, %s is %s; say make PYTHON=…" % (sys.executable, sys.version.split()[0]) if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv does not work here: install your system's python3-venv package" >&2; exit 1; }
	touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo "Installing what sferic needs into $(VENV), once; this takes up to a minute…"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[storm]'
	@$(BIN)/python -m sferic.cluster.java || $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[storm,java]'
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[storm,spark,test]'
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[storm,spark,test,lint]'
	touch $@
