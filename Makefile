# make demo   a real search on real data, its report and the exported best network
# make test   format, lint, types and every test
# make check  format, lint and types alone
# make chaos  searches that everything happens to; writes its table to benchmarks/results

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready

.PHONY: demo test check chaos format clean

demo: $(READY)
	$(BIN)/archscape search examples/digits.yaml
	$(BIN)/archscape export runs/digits-frontier --out runs/digits-frontier/best

test: check
	$(BIN)/pytest -q --numprocesses auto --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

chaos: $(READY)
	$(BIN)/python benchmarks/chaos.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
