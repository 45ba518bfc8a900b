# The commands of this project. Those that run a stack take STACK (default local) and ENGINE (auto, pulumi, inprocess).

STACK ?= local
ENGINE ?= auto
CONFIRM ?=
ORGANIZATIONS ?= 1000000
PYTHON ?= python3
# To the recipes as environment variables, for the shell to quote: a value is never read as a command.
export STACK ENGINE CONFIRM ORGANIZATIONS

RUN = .venv/bin/python -m runner
ENVIRONMENT = $(PYTHON) -I runner/environment.py
TOOLS = .venv-test/bin

.DEFAULT_GOAL := help
.SILENT:
.NOTPARALLEL:
.PHONY: help up preview down outputs env verify capacity compliance pulumi install docs lock test test-all lint tools

help: ## this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	echo "  with STACK=local|dev|staging|prod  ENGINE=auto|pulumi|inprocess  PYTHON=python3"

up: install ## create or change what the stack declares, and prove that it works
	$(RUN) up --stack="$$STACK" --engine="$$ENGINE"

preview: install ## show what up would do
	$(RUN) preview --stack="$$STACK" --engine="$$ENGINE"

down: install ## remove everything that the stack made (outside local: CONFIRM=<stack>, else it asks)
	$(RUN) down --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

outputs: install ## print the stack's outputs, secrets masked
	$(RUN) outputs --stack="$$STACK" --engine="$$ENGINE"

env: install ## print the REDIS_* lines for: eval "$(make -s env)"
	$(RUN) env --stack="$$STACK" --engine="$$ENGINE"

verify: install ## prove again that the running stack works
	$(RUN) verify --stack="$$STACK" --engine="$$ENGINE"

capacity: install ## what so many ORGANIZATIONS need and cost on each backend, at the stack's tier or the next
	.venv/bin/python -m infra.capacity_report --organizations="$$ORGANIZATIONS" --stack="$$STACK"

compliance: install ## hold what the stack declares against every known security rule, offline
	$(ENVIRONMENT) --set compliance --venv .venv-compliance
	.venv/bin/python -m operate.compliance --stack="$$STACK"

pulumi: install ## install the official Pulumi CLI into .local, trying again after a failure
	$(RUN) pulumi

install: ## make .venv hold what the stack's backend needs
	$(ENVIRONMENT) --stack="$$STACK" --venv .venv

docs: install ## renew the tables in the documents from the code
	.venv/bin/python -m infra.reference
	.venv/bin/python -m verify faults --markdown > docs/faults.md
	.venv/bin/python -m infra.costs_document > docs/costs.md
	.venv/bin/python -m operate.compliance --reference > docs/compliance.md

lock: ## renew the lock files from requirements/*.in
	$(ENVIRONMENT) --lock

test: tools ## run the quick tests (under five minutes)
	$(TOOLS)/pytest --part quick

test-all: test ## run the quick tests, then those that take long, need Docker or the Pulumi CLI
	$(TOOLS)/pytest --part long

lint: tools ## check style, format and types
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check
	$(TOOLS)/mypy

tools:
	$(ENVIRONMENT) --set development --venv .venv-test
