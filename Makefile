# make demo            install, then the main job: out/web.stl, web.3mf, web.png, report.json
# make demo WEB=x.npz  the same from a web of your own (npz, csv, graphml, ...)
# make test            install, then all tests
PYTHON ?= python3
VENV ?= .venv
OUT ?= out
SEED ?= 0
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: demo test test-all lint notebooks clean

demo: $(VENV)/.runtime
	$(BIN)/structgen demo $(if $(WEB),"$(WEB)") -o "$(OUT)" --seed $(SEED)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -m ""

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb

notebooks: $(VENV)/.dev
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=600 notebooks

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# torch first: with it installed nothing else asks for another build of it.
$(VENV)/.runtime: pyproject.toml constraints.txt
	@echo "installing into $(VENV): this takes a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) -e '.[dev]'
	touch $@
