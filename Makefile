# make demo      a real search on real data, its report and the exported best network
# make quick     the tests that take a moment and need no program but Python
# make test      format, lint, types and every test but those that only `make full` runs
# make full      every test and how long each level takes; dated tables go to benchmarks/results
# make check     format, lint and types alone
# make programs  installs the browser and the database server that some tests need (Debian, as root)
# make chaos     searches that everything happens to; writes its table to benchmarks/results

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready
PYTEST  = $(BIN)/pytest -q --numprocesses auto --dist worksteal

.PHONY: demo quick test full check programs chaos format clean

demo: $(READY)
	$(BIN)/archscape search examples/digits.yaml
	$(BIN)/archscape export runs/digits-frontier --out runs/digits-frontier/best

quick: $(READY)
	$(PYTEST) -m 'not (browser or postgresql or ray or fuzz or slow or full)'

test: check
	$(PYTEST) -m 'not full'

full: $(READY)
	$(BIN)/python benchmarks/suite.py

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

programs:
	.ci/programs

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
