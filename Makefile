# make demo      a real search on real data, its report and the exported best network
# make quick     the tests that take a moment and need no program but Python
# make test      format, lint, types and every test but those that only `make full` runs
# make full      every test and how long each level takes; dated tables go to benchmarks/results
# make check     format, lint and types alone
# make programs  installs the browser and the database server that some tests need (Debian, as root)
# make chaos     searches that everything happens to; writes its table to benchmarks/results
# make reference writes docs/reference.md and spaces/taken_names.py from the definitions

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
INSTALLED = $(VENV)/.installed
READY   = $(VENV)/.ready
PYTEST  = $(BIN)/pytest -q --numprocesses auto --dist worksteal

.PHONY: demo quick test full check programs chaos reference format clean

demo: $(INSTALLED)
	@echo 'A search of 36 small networks: about three minutes on two cores. Ctrl-C stops it, `make demo` resumes it.' >&2
	$(BIN)/archscape search examples/digits.yaml
	$(BIN)/archscape export runs/digits-frontier --out runs/digits-frontier/best
	@echo 'The command `archscape` is in $(BIN): `source $(BIN)/activate` brings it to this shell.' >&2

quick: $(READY)
	$(PYTEST) -m 'not (browser or postgresql or ray or fuzz or slow or full)'

test: check
	$(PYTEST) -m 'not full'

full: $(READY) $(VENV)/.runtimes
	$(BIN)/python benchmarks/suite.py

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

programs:
	.ci/programs

chaos: $(READY)
	$(BIN)/python benchmarks/chaos.py

reference: $(READY)
	$(BIN)/python -m archscape.reference > docs/reference.md
	$(BIN)/python -W ignore -m archscape.spaces.codegen.derived_names > spaces/taken_names.new && mv spaces/taken_names.new spaces/taken_names.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(INSTALLED): pyproject.toml constraints.txt
	@echo 'Setting up $(VENV): a minute or two, most of it for PyTorch.' >&2
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $(INSTALLED)

$(READY): $(INSTALLED)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

$(VENV)/.runtimes: $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[coreml,executorch,openvino]'
	touch $(VENV)/.runtimes

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
