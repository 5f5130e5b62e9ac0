# `make demo` and `make test` need Python 3.11 or newer and make; nothing else. See CONTRIBUTING.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ALL := .venv-all
PIP := -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test test-all bench lint wheels docs clean

demo: $(VENV)/.installed
	$(BIN)/slmigrate demo

test: $(VENV)/.installed
	$(BIN)/slmigrate models pull smollm2-135m
	SLMIGRATE_REQUIRE_WEIGHTS=1 $(BIN)/python -m pytest

# the extras: torch and transformers as the oracle, in an environment of their own
test-all: $(ALL)/.installed
	$(ALL)/bin/slmigrate models pull smollm2-135m
	$(ALL)/bin/slmigrate models pull all-minilm-l6-v2
	SLMIGRATE_REQUIRE_WEIGHTS=1 $(ALL)/bin/python -m pytest -m torch

bench: $(VENV)/.installed
	$(BIN)/slmigrate models pull smollm2-135m
	$(BIN)/python bench/run.py

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/build.py --check

# does every extra resolve to wheels on other Pythons and platforms? Asks the index; installs nothing
wheels: $(VENV)/.installed
	$(BIN)/python bench/wheels.py

# rewrite what is generated: docs/commands.md, docs/catalogue.md, docs/schemas/
docs: $(VENV)/.installed
	$(BIN)/python docs/build.py

clean:
	rm -rf $(VENV) $(ALL) .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "slmigrate needs Python 3.11 or newer; $(PYTHON) is older. Run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (about a minute, 450 MB of wheels) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) --editable '.[all,dev]'
	@touch $@

$(ALL)/.installed: pyproject.toml constraints.txt
	@echo "Setting up $(ALL) with torch ..."
	@$(PYTHON) -m venv $(ALL)
	@$(ALL)/bin/python $(PIP) torch==2.13.0
	@$(ALL)/bin/python $(PIP) --editable '.[all,dev,train]'
	@touch $@
