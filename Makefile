# Each target works on a fresh machine: it makes .venv, installs what it needs, and does its job.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# torch is fetched for the CPU, from its makers' index where that is reached; GPU=1 takes that of pip's own
# index, which brings CUDA along.
GPU    ?=
ifeq ($(GPU),1)
KIND   := gpu
SIZE   := torch for NVIDIA cards and all of CUDA, 2.7 GB
else
KIND   := cpu
SIZE   := torch for the CPU, 0.3 GB; make GPU=1 fetches that for NVIDIA cards (2.7 GB)
endif
TORCH  := $(VENV)/.torch-$(KIND)
WHEEL  := $(shell sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
OF_CPU := --index-url https://download.pytorch.org/whl/cpu --retries 0 --timeout 15

# The agent programs with which the tests of `make test-agents` were seen to pass.
AGENTS   := .agent-programs
PROGRAMS := opencode-ai@1.18.33 @openai/codex@0.169.0 @anthropic-ai/claude-code@2.1.328 @google/gemini-cli@0.61.0
AIDER    := aider-chat==0.86.2

# How many tests at once, on two cores: they mostly wait. 1,877 of those that start processes need 310 s of
# processor time in all (2026-11).
WORKERS ?= 5

# A .venv of another Python, or one whose making was cut short, is made anew.
VERSION = import sys; print(*sys.version_info[:2])
WANTED := $(shell $(PYTHON) -c '$(VERSION)')
FOUND  := $(shell test ! -e $(VENV)/.unfinished && $(BIN)/python -c 'import pip; $(VERSION)' 2>/dev/null)
ifneq ($(FOUND),$(WANTED))
.PHONY: $(BIN)/python
endif

.PHONY: run test test-agents test-exports test-installs lint torture torture-short record bench reference clean help

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

run: $(VENV)/.run      ## (GPU=1: with torch for NVIDIA cards) a whole run on real text: baseline, three loops, the gain on fresh seeds, live; then the results
	$(BIN)/python workflows/run_experiment.py start --loops 3 --no-stochastic --proposal-file first_proposal.json --follow
	@$(BIN)/python workflows/run_experiment.py experiments
	@$(BIN)/python workflows/run_experiment.py status

test: $(VENV)/.dev     ## the test suite (about seventeen minutes on two cores)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not long"

test-agents: $(VENV)/.dev $(AGENTS)/.installed  ## real opencode, codex, claude, gemini and aider (npm and pip: 1.9 GB), whose model is this machine (three quarters of an hour)
	PATH="$(CURDIR)/$(AGENTS)/node_modules/.bin:$$PATH" $(BIN)/python -m pytest -n 2 -m long tests/agents tests/e2e/agents/test_agents_real_opencode.py

record: $(VENV)/.dev $(AGENTS)/.installed  ## record the runs of tests/golden/record.py anew; RUNS="night" for these alone (minutes)
	$(BIN)/python -m tests.golden.record $(RUNS)

test-exports: $(VENV)/.exports  ## what needs large libraries (pip: 0.3 GB): export mlflow and wandb, pictures by vl-convert (two minutes)
	$(BIN)/python -m pytest -rs tests/e2e/exports/test_export_mlflow.py tests/e2e/exports/test_export_wandb.py tests/unit/shown/test_vega_lite.py tests/e2e/looking/test_notebooks.py

test-installs: $(VENV)/.dev  ## nine repositories, served by the program of pip, as a tool of uv's and by uv run (ten minutes)
	$(BIN)/python -m pytest -n 2 -m "long or not long" tests/e2e/own_projects/test_three_installs.py

lint: $(VENV)/.bench   ## ruff, mypy (the peers of bench/ too), and the freshness of generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m autoresearch.events.encoding.schema --check
	$(BIN)/python -m autoresearch.workflows.reference --check

torture: $(VENV)/.dev  ## long fault rounds and real agent programs; SEED=... repeats a session (an hour or two)
	AUTORESEARCH_TORTURE_SEED=$(SEED) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long

torture-short: $(VENV)/.dev  ## some of each of the long fault rounds, others each day
	AUTORESEARCH_TORTURE_SEED=$(SEED) AUTORESEARCH_TORTURE_SHARE=0.02 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long tests/fault

bench: $(VENV)/.bench  ## measure everything, peers beside us, and print the table
	$(BIN)/python -m bench

reference: $(VENV)/.dev  ## write the generated schemas and reference pages
	$(BIN)/python -m autoresearch.events.encoding.schema --write
	$(BIN)/python -m autoresearch.workflows.reference --write

clean:           ## remove the virtual environment and caches; runs stay
	rm -rf $(VENV) $(AGENTS) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "autoresearch needs Python 3.11: make PYTHON=python3.11")'
	rm -rf $(VENV)
	mkdir $(VENV)
	touch $(VENV)/.unfinished
	$(PYTHON) -m venv $(VENV)
	rm $(VENV)/.unfinished

# One of the two kinds is there; the other one, of the same version, would satisfy pip as well.
$(VENV)/.torch-%: $(BIN)/python
	@echo "downloads: $(SIZE)"
	@if ls $(VENV)/.torch-* >/dev/null 2>&1; then $(BIN)/python -m pip uninstall --quiet --yes torch; fi
	@rm -f $(VENV)/.torch-* $(VENV)/.run $(VENV)/.dev $(VENV)/.bench $(VENV)/.exports
	$(if $(filter %-cpu,$@),@$(BIN)/python -m pip install --quiet $(OF_CPU) '$(WHEEL)' 2>/dev/null || true)
	@touch $@

$(AGENTS)/.installed: Makefile
	rm -rf $(AGENTS)
	mkdir $(AGENTS)
	npm install --prefix $(AGENTS) --no-audit --no-fund --loglevel=error $(PROGRAMS)
	$(PYTHON) -m venv $(AGENTS)/aider
	@if $(AGENTS)/aider/bin/python -m pip install --quiet '$(AIDER)'; then ln -s ../../aider/bin/aider $(AGENTS)/node_modules/.bin/; else \
		echo "no $(AIDER) for this Python (3.10 to 3.12 have it: make PYTHON=python3.12): its tests are skipped"; fi
	@touch $@

$(VENV)/.run: $(TORCH) pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

$(VENV)/.dev: $(TORCH) pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.exports: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[mlflow,wandb,plot]' ipython
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@
