# Every target does its own set-up: a virtual environment, and the locked group that it needs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := $(BIN)/uv
GROUPS := run test check authoring infra lambda bench

help:  ## What there is to run
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 30

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The groups nest (run < test < check), and one stamp a group says what .venv holds.
.venv/.run: $(UV) requirements/run.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/run.txt
	@touch $@
.venv/.test: .venv/.run requirements/test.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/test.txt
	@touch $@
.venv/.check: .venv/.test requirements/check.txt
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python -r requirements/check.txt
	@touch $@
# The authoring SDK needs old neighbours, and the CDK needs Node: each has an environment of its own.
.venv-%/.installed: $(UV) requirements/%.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-$*
	$(UV) pip install --quiet --require-hashes --python .venv-$*/bin/python -r requirements/$*.txt
	@touch $@

run: .venv/.run  ## The whole shop on this machine, until Ctrl-C (PORT=8000 CATALOGUE=5000)
	@$(BIN)/python -m local

demo: .venv/.run  ## Real baskets as orders, and what came of them (BASKETS=500 CLIENTS=8)
	@BASKETS=$(or $(BASKETS),500) CLIENTS=$(or $(CLIENTS),8) $(BIN)/python -m local.commands.demo

audit: .venv/.run  ## Every invariant, against the books of the shop that runs
	@$(BIN)/python -m local.commands.audit

reconcile: .venv/.run  ## Let the shop that runs check and repair its own books now, and show the report
	@$(BIN)/python -m local.commands.reconcile

redrive: .venv/.run  ## What a redrive of all parked orders would do; with REASON=… do it (PER_SECOND=5)
	@$(BIN)/python -m local.commands.redrive

settle: .venv/.run  ## What checks of the books have parked, and no redrive can mend; with ORDER=… REASON=… it is settled by hand
	@$(BIN)/python -m local.commands.settle

replay: .venv/.run  ## ORDER=…: its recorded executions under the definitions that are deployed now, and what would differ
	@$(BIN)/python -m local.commands.replay

reindex: .venv/.run  ## Build the search index of the shop that runs anew, and file its orders again, while it is searched
	@$(BIN)/python -m local.commands.reindex

test: .venv/.test  ## All tests that take no account and no other network, under 6 minutes
	$(BIN)/python -m pytest -n 2

test-crash: .venv/.test  ## Kill every process of the shop while orders are in flight, and start it again
	@$(BIN)/python -m tests.local.crash

test-dynamodb-local: .venv/.test  ## The stores' contract on AWS's DynamoDB Local, where Java and Maven are
	@$(BIN)/python -m tests.contract.dynamodb_local

test-boto3: .venv/.test  ## The stores' contract with AWS_CLIENT=boto3 everywhere
	@AWS_CLIENT=boto3 $(BIN)/python -m pytest -n 2 tests/contract

test-opensearch: .venv/.test  ## The search's contract on a real OpenSearch, where Java and Maven are
	@$(BIN)/python -m tests.contract.opensearch

.local/npm/node_modules/aws-amplify:
	@mkdir -p .local/npm && ! command -v npm >/dev/null || npm install --silent --no-fund --no-audit --prefix .local/npm aws-amplify@6.22.1

test-amplify: .venv/.test .local/npm/node_modules/aws-amplify  ## AWS Amplify signs up, in and out at the one machine's Cognito, where Node.js is
	@if command -v npm >/dev/null; then $(BIN)/python -m tests.local.amplify .local/npm; else echo "test-amplify: skipped, no Node.js"; fi

check: .venv/.check .venv-infra/.installed definitions-check  ## Style, types, imports, stale files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-executable .venv-infra/bin/python -p infra -m tests.infra.cloud -m tests.infra.conftest
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m asl lint workflows/definitions/*.asl.json --config workflows/lint.json

lock:  ## Pin every group anew from requirements/*.in
	@for group in $(GROUPS); do $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  requirements/$$group.in -o requirements/$$group.txt || exit 1; done

.PHONY: help run demo audit reconcile redrive settle replay reindex test test-boto3 test-crash test-amplify test-dynamodb-local test-opensearch check lock definitions definitions-check

definitions: .venv-authoring/.installed  ## Write workflows/definitions/ from workflows/*.py
	@PYTHONWARNINGS=ignore .venv-authoring/bin/python -m workflows

definitions-check: .venv-authoring/.installed  ## Say which definitions are stale
	@PYTHONWARNINGS=ignore .venv-authoring/bin/python -m workflows --check

# On AWS. The CDK's command line is a Node package; what the functions need is a layer, installed for their machine, and
# compiled where there is a Python like theirs: Lambda can't write there, and would compile it at every cold start.
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
deploy: .venv-infra/.installed .venv-lambda/.installed infra/node_modules/.package-lock.json  ## To your AWS account: CARRIER_URL=https://…
	@test -n "$(CARRIER_URL)" || { echo "Say who carries the parcels: make deploy CARRIER_URL=https://…"; exit 1; }
	cd infra && node_modules/.bin/cdk deploy --all --strict -c name=$(NAME) --parameters $(NAME)-Orders:CarrierUrl=$(CARRIER_URL)

test-infra: .venv-infra/.installed  ## Tests of the CDK app; they need Node.js
	@command -v node >/dev/null || { echo "test-infra needs Node.js, 22 or newer: nodejs.org"; exit 1; }
	.venv-infra/bin/python -m pytest --confcutdir=tests/infra tests/infra

.PHONY: synth deploy test-infra

TRUTH ?= ../shared/asl-truth
truth: .venv/.test  ## Play AWS's own recordings through the engine and judge it, where they are at hand
	@if [ -x $(TRUTH)/judge.py ]; then $(BIN)/python $(TRUTH)/judge.py $(TRUTH)/scenarios.jsonl --player "$(BIN)/python -m asl play"; \
	else echo "No recordings in $(TRUTH): set TRUTH to the folder that holds judge.py and scenarios.jsonl"; fi

.PHONY: truth

.local/npm/node_modules/aws-local-stepfunctions:
	@mkdir -p .local/npm && ! command -v npm >/dev/null || npm install --silent --no-fund --no-audit --prefix .local/npm aws-local-stepfunctions@3

bench: .venv/.test .venv-bench/.installed .local/npm/node_modules/aws-local-stepfunctions  ## The engine's speed beside moto's, ministack's and aws-local-stepfunctions'
	@$(BIN)/python -m benchmarks .venv-bench/bin/python .local/npm

.PHONY: bench

WALKS ?= 20000
MINUTES ?= 0
explore: .venv/.test  ## Every single and double fault, a cancellation at every step, and WALKS longer walks; findings are kept as tests
	@$(BIN)/python -m asl explore tests.explore.stories tests.explore.interruptions tests.explore.reconciliations \
	  --pairs --walks $(WALKS) --minutes $(MINUTES) --save tests/regressions

mutants: .venv/.test  ## Faults planted in copies of the shop, each of which the explorer must find
	$(BIN)/python -m pytest -n 2 tests/explore/mutants.py

.PHONY: explore mutants

test-sdk: .venv/.test .venv-authoring/.installed  ## The stepfunctions SDK's Workflow against the engine's server
	$(BIN)/python -m pytest tests/sdk/workflow_check.py

.PHONY: test-sdk
