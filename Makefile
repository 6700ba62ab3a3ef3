# Every job has a target; `make` alone lists them. Nothing here needs root, a running server or a model hub.
#
#   PYTHON     the interpreter to make the virtual environment with            make serve PYTHON=python3.12
#   PIP_ARGS   more arguments for pip, for instance a source of CPU builds     make serve PIP_ARGS="--extra-index-url URL"
#              of torch: the plain build on x86-64 Linux brings CUDA along
#   TORCH      what pip is told to install torch by; `make TORCH="--require-hashes --no-deps -r locks/torch.txt" ...` checks the
#              plain build by its checksum as all else is
#   EXTRAS     extras of the image: milvus serves from an engine           make image EXTRAS=milvus
#   DOCS       the folder of RCAs that `serve`, `index` use                    make serve DOCS=~/rcas
PYTHON ?= python3
PIP_ARGS ?=
TORCH ?= -c constraints.txt torch
VENV ?= .venv
VENV_PEERS ?= .venv-peers
VENV_TOOLS ?= .venv-tools
DOCS ?= seeds
INDEX ?= indexes/$(call ask,"seeds" if docs == os.path.realpath("seeds") else named)
QUERIES ?= seeds/queries.jsonl
PYTEST_ARGS ?=
IMAGE ?= rcasearch
EXTRAS ?=

BIN := $(VENV)/bin
INSTALL := -m pip install $(PIP_ARGS) --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL)
# Nothing but what the locks name, and only files with the checksums that stand there.
LOCKED := --require-hashes --no-deps

# A value as one word of the shell, whatever blanks and quotes are in it; and what Python makes of DOCS: every folder has an
# index of its own, so that two which are called the same never answer for each other.
quoted = '$(subst ','\'',$(1))'
ask = $(shell $(BIN)/python -c 'import hashlib, os, sys; docs = os.path.realpath(os.path.expanduser(sys.argv[1])); \
  named = os.path.basename(docs) + "-" + hashlib.sha256(os.fsencode(docs)).hexdigest()[:8]; print($(1))' $(call quoted,$(DOCS)))

.DEFAULT_GOAL := help
.PHONY: help serve index eval test test-server test-cluster lint format bench bench-peers screenshots image check-image lock audit clean distclean install install-dev

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

serve: index  ## index DOCS (the seeds, if not named) and serve them on http://127.0.0.1:8080
	$(BIN)/rcasearch serve --index $(call quoted,$(INDEX))

index: install  ## bring the index of DOCS up to date
	@$(BIN)/rcasearch index $(call quoted,$(call ask,docs)) --index $(call quoted,$(INDEX))

eval: index  ## measure the ranking on the judged queries of the seeds
	$(BIN)/rcasearch eval --index $(call quoted,$(INDEX)) --queries $(call quoted,$(QUERIES))

test: install-dev  ## run every test
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

test-server: install-dev  ## run the tests that want a real Milvus server, in a network namespace of their own
	HF_HUB_OFFLINE=1 $(BIN)/python -m tests.engines.namespace server -q

test-cluster: install-dev  ## run the tests that want a Milvus of many processes; etcd must be installed
	HF_HUB_OFFLINE=1 $(BIN)/python -m tests.engines.namespace cluster -q

lint: install-dev  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install-dev  ## lay the code out as `lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# About 25 minutes on two cores; make bench BENCH_ARGS=--quick takes about five. Peers that are not installed are left out.
bench: install-dev  ## measure speed, memory and quality against peers
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks --peers-python $(VENV_PEERS)/bin/python $(BENCH_ARGS)

bench-peers: $(VENV_PEERS)/.installed  ## install the peers to measure against, apart from all else

screenshots: install-dev  ## take the pictures in docs/screens anew
	HF_HUB_OFFLINE=1 $(BIN)/python -m docs.screenshots

image:  ## build the container image, and list what is in it
	@IMAGE='$(IMAGE)' PIP_ARGS='$(PIP_ARGS)' TORCH='$(TORCH)' EXTRAS='$(EXTRAS)' docker/build.sh

check-image:  ## run the image with all taken from it that it does not need, and ask it
	@docker/check.sh '$(IMAGE)'

install: $(VENV)/.installed  ## make the virtual environment

install-dev: $(VENV)/.installed-dev

# torch comes by its pin and without a checksum: each build of it, for this processor or that card, has another.
$(VENV)/.installed: pyproject.toml constraints.txt locks/run.txt locks/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rcasearch needs Python 3.11 or later, and '$(PYTHON)' is not that. Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(LOCKED) -r locks/run.txt -r locks/build.txt
	$(PIP) $(TORCH)
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV_PEERS)/.installed: benchmarks/peers/requirements.txt benchmarks/peers/constraints.txt
	$(PYTHON) -m venv $(VENV_PEERS)
	$(VENV_PEERS)/bin/python $(INSTALL) -c benchmarks/peers/constraints.txt torch
	$(VENV_PEERS)/bin/python $(INSTALL) -r benchmarks/peers/requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed locks/dev.txt
	$(PIP) $(LOCKED) -r locks/dev.txt
	@touch $@

lock: $(VENV_TOOLS)/.installed  ## pin all dependencies anew, with the checksums of their files (ARGS=--upgrade: the newest)
	$(VENV_TOOLS)/bin/python locks/make.py $(ARGS)

audit: $(VENV_TOOLS)/.installed  ## ask whether a locked version has a known vulnerability
	$(VENV_TOOLS)/bin/python locks/audit.py

$(VENV_TOOLS)/.installed: locks/tools.txt
	$(PYTHON) -m venv $(VENV_TOOLS)
	$(VENV_TOOLS)/bin/python $(INSTALL) $(LOCKED) -r locks/tools.txt
	@touch $@

clean:  ## remove what was built: indexes, caches, reports
	rm -rf build dist .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find indexes -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find rcasearch tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## remove the virtual environments as well
	rm -rf $(VENV) $(VENV_PEERS) $(VENV_TOOLS)
