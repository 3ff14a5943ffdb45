# Every target sets up what it needs: a virtual environment with a locked group of packages.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := $(BIN)/uv
GROUPS := run test check authoring infra lambda bench

help:  ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 30

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The groups are nested (run < test < check). A stamp file per group records what .venv contains.
.venv/.run: $(UV) requirements/run.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/run.txt
	@touch $@
.venv/.test: .venv/.run requirements/test.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/test.txt
	@touch $@
.venv/.check: .venv/.test requirements/check.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/check.txt
	@touch $@
# The authoring SDK needs old packages, and the CDK needs Node: each has an environment of its own.
.venv-%/.installed: $(UV) requirements/%.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-$*
	$(UV) pip install --quiet --require-hashes --python .venv-$*/bin/python -r requirements/$*.txt
	@touch $@

run: .venv/.run  ## Run the whole shop on this machine until Ctrl-C (PORT=8000 CATALOGUE=5000)
	@$(BIN)/python -m local

demo: .venv/.run  ## Place real baskets as orders, report the outcomes and audit them (BASKETS=500 CLIENTS=8)
	@BASKETS=$(or $(BASKETS),500) CLIENTS=$(or $(CLIENTS),8) $(BIN)/python -m local.commands.demo

audit: .venv/.run  ## Check every invariant against the running shop's stores
	@$(BIN)/python -m local.commands.audit

reconcile: .venv/.run  ## Run the reconciliation of the running shop now, and print its report
	@$(BIN)/python -m local.commands.reconcile

redrive: .venv/.run  ## Preview a redrive of all parked orders; with REASON=… redrive them (PER_SECOND=5)
	@$(BIN)/python -m local.commands.redrive

settle: .venv/.run  ## List findings that no redrive can repair; with ORDER=… REASON=… settle them by hand
	@$(BIN)/python -m local.commands.settle

replay: .venv/.run  ## ORDER=…: replay its executions under the deployed definitions, and print what differs
	@$(BIN)/python -m local.commands.replay

reindex: .venv/.run  ## Rebuild the running shop's search index and its index of orders, while both stay in use
	@$(BIN)/python -m local.commands.reindex

test: .venv/.test  ## All tests that need no account and no network, under 6 minutes
	$(BIN)/python -m pytest -n 2

test-crash: .venv/.test  ## Kill every process of the shop while orders are in progress, and start it again
	@$(BIN)/python -m tests.local.crash

test-browser: .venv/.test  ## Attack every port of a running shop from foreign web pages; needs Chromium
	@$(BIN)/python -m tests.local.browser

test-dynamodb-local: .venv/.test  ## The stores' contract tests on AWS's DynamoDB Local; needs Java and Maven
	@$(BIN)/python -m tests.contract.dynamodb_local

test-boto3: .venv/.test  ## The stores' contract tests with AWS_CLIENT=boto3
	@AWS_CLIENT=boto3 $(BIN)/python -m pytest -n 2 tests/contract

test-opensearch: .venv/.test  ## The search's contract tests on a real OpenSearch; needs Java and Maven
	@$(BIN)/python -m tests.contract.opensearch

.local/npm/node_modules/aws-amplify:
	@mkdir -p .local/npm && ! command -v npm >/dev/null || npm install --silent --no-fund --no-audit --prefix .local/npm aws-amplify@6.22.1

test-amplify: .venv/.test .local/npm/node_modules/aws-amplify  ## Sign up, in and out with AWS Amplify at the Cognito of one machine; needs Node.js
	@if command -v npm >/dev/null; then $(BIN)/python -m tests.local.amplify .local/npm; else echo "test-amplify: skipped, no Node.js"; fi

check: .venv/.check .venv-infra/.installed definitions-check  ## Check style, types, imports and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-executable .venv-infra/bin/python -p infra -m tests.infra.cloud -m tests.infra.conftest
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m asl lint workflows/definitions/*.asl.json --config workflows/lint.json

lock:  ## Pin every group again from requirements/*.in
	@for group in $(GROUPS); do $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  requirements/$$group.in -o requirements/$$group.txt || exit 1; done

.PHONY: help run demo audit reconcile redrive settle replay reindex test test-boto3 test-crash test-browser test-amplify test-dynamodb-local test-opensearch check lock definitions definitions-check

definitions: .venv-authoring/.installed  ## Generate workflows/definitions/ from workflows/*.py
	@PYTHONWARNINGS=ignore .venv-authoring/bin/python -m workflows

definitions-check: .venv-authoring/.installed  ## List the definitions that are stale
	@PYTHONWARNINGS=ignore .venv-authoring/bin/python -m workflows --check

# On AWS. The CDK's command line is a Node package. The functions' packages are a layer, installed for Lambda's platform
# and compiled if Lambda's version of Python is installed here: Lambda can't write to a layer, and would compile it at
# every cold start.
infra/node_modules/.package-lock.json: infra/package-lock.json
	@command -v npm >/dev/null || { echo "The CDK needs Node.js, 22 or newer, with npm: nodejs.org"; exit 1; }
	@cd infra && npm ci --silent
	@touch $@
.venv-lambda/.installed: $(UV) requirements/lambda.txt
	@rm -rf .venv-lambda
	$(UV) pip install --quiet --require-hashes --target .venv-lambda/layer/python --only-binary :all: \
	  --python-version 3.13 --python-platform aarch64-manylinux_2_28 -r requirements/lambda.txt
	@! python3.13 -V >/dev/null 2>&1 || python3.13 -m compileall -q --invalidation-mode unchecked-hash .venv-lambda/layer
	@touch $@

synth: .venv-infra/.installed infra/node_modules/.package-lock.json  ## CloudFormation templates in .local/cdk.out, with no account
	@cd infra && node_modules/.bin/cdk synth --quiet --no-lookups

NAME ?= Shop
deploy: .venv-infra/.installed .venv-lambda/.installed infra/node_modules/.package-lock.json  ## Deploy to your AWS account: CARRIER_URL=https://…
	@test -n "$(CARRIER_URL)" || { echo "CARRIER_URL is missing: make deploy CARRIER_URL=https://…"; exit 1; }
	cd infra && node_modules/.bin/cdk deploy --all --strict -c name=$(NAME) --parameters $(NAME)-Orders:CarrierUrl=$(CARRIER_URL)

test-infra: .venv-infra/.installed  ## Tests of the CDK app; needs Node.js
	@command -v node >/dev/null || { echo "test-infra needs Node.js, 22 or newer: nodejs.org"; exit 1; }
	.venv-infra/bin/python -m pytest --confcutdir=tests/infra tests/infra

.PHONY: synth deploy test-infra

TRUTH ?= ../shared/asl-truth
truth: .venv/.test  ## Run AWS's own recordings through the engine and compare, if TRUTH has them
	@if [ -x $(TRUTH)/judge.py ]; then $(BIN)/python $(TRUTH)/judge.py $(TRUTH)/scenarios.jsonl --player "$(BIN)/python -m asl play"; \
	else echo "No recordings in $(TRUTH): set TRUTH to the folder that holds judge.py and scenarios.jsonl"; fi

.PHONY: truth

.local/npm/node_modules/aws-local-stepfunctions:
	@mkdir -p .local/npm && ! command -v npm >/dev/null || npm install --silent --no-fund --no-audit --prefix .local/npm aws-local-stepfunctions@3

bench: .venv/.test .venv-bench/.installed .local/npm/node_modules/aws-local-stepfunctions  ## Compare the engine's speed with moto, ministack and aws-local-stepfunctions
	@$(BIN)/python -m benchmarks .venv-bench/bin/python .local/npm

.PHONY: bench

WALKS ?= 20000
MINUTES ?= 0
explore: .venv/.test  ## Explore single and double faults, cancellations and WALKS random walks; findings are saved as tests
	@$(BIN)/python -m asl explore tests.explore.stories tests.explore.interruptions tests.explore.reconciliations \
	  --pairs --walks $(WALKS) --minutes $(MINUTES) --save tests/regressions

mutants: .venv/.test  ## Plant faults in copies of the shop; the explorer must find each
	$(BIN)/python -m pytest -n 2 tests/explore/mutants.py

.PHONY: explore mutants

test-sdk: .venv/.test .venv-authoring/.installed  ## Run the stepfunctions SDK's Workflow against the engine's server
	$(BIN)/python -m pytest tests/sdk/workflow_check.py

.PHONY: test-sdk
