# The commands of this project. Those that run a stack take STACK (default local) and ENGINE (auto, pulumi, inprocess; preview: offline).

STACK ?= local
ENGINE ?= auto
CONFIRM ?=
FROM ?=
ORGANIZATIONS ?= 1000000
# The release that upgrade merges.
VERSION ?=
# Tiers of which no test may be skipped, like docker,engine (tests/tiers.py).
REQUIRE ?=
PYTHON ?= python3
# To the recipes as environment variables, for the shell to quote: a value is never read as a command.
export STACK ENGINE CONFIRM FROM ORGANIZATIONS REQUIRE VERSION

RUN = .venv/bin/python -m operate
ENVIRONMENT = $(PYTHON) -I runner/environment.py
TOOLS = .venv-test/bin

.DEFAULT_GOAL := help
.SILENT:
.NOTPARALLEL:
.PHONY: help up preview down outputs env verify rotate rotate-finish rotate-undo rollback attach backup backups drill restore capacity compliance permissions pulumi upgrade install docs lock test test-all coverage soak lint bench tools

help: ## this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	echo "  with STACK=local|dev|staging|prod  ENGINE=auto|pulumi|inprocess|offline  PYTHON=python3"

up: install ## create or change what the stack declares, and prove that it works (prod, outside CI: CONFIRM=prod)
	$(RUN) up --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

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

rotate: install ## set a new password beside the old one, prove both, deliver the new one
	$(RUN) rotate --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

rotate-finish: install ## once the application was restarted: drop the old password, and prove that it is refused
	$(RUN) rotate-finish --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

rotate-undo: install ## before rotate-finish: deliver the old password again
	$(RUN) rotate-undo --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

rollback: install ## take the cache away from the application, which goes on in memory; the Redis stays
	$(RUN) rollback --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

attach: install ## prove the Redis again and give it back to the application
	$(RUN) attach --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

backup: install ## copy what is in the cache into .local/backups, and check the copy
	$(RUN) backup --stack="$$STACK" --engine="$$ENGINE"

backups: install ## list the backups on this machine, the newest first
	$(RUN) backups --stack="$$STACK" --engine="$$ENGINE"

drill: install ## prove that a backup can be restored, in a stack that is thrown away afterwards
	$(RUN) drill --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM"

restore: install ## put a backup in the place of what is in the cache, which is backed up before (FROM=<name>; CONFIRM=<stack>, else it asks)
	$(RUN) restore --stack="$$STACK" --engine="$$ENGINE" --confirm="$$CONFIRM" --from="$$FROM"

capacity: install ## print what so many organizations need and cost on each backend, at the stack's tier or the next (ORGANIZATIONS=1000000)
	$(RUN) capacity --organizations="$$ORGANIZATIONS" --stack="$$STACK"

compliance: install ## hold what the stack declares against every known security rule, offline
	$(ENVIRONMENT) --set compliance --venv .venv-compliance
	$(RUN) compliance --stack="$$STACK"

permissions: install ## print the least that a pipeline's role needs to bring the stack up
	$(RUN) permissions --stack="$$STACK"

pulumi: install ## install the official Pulumi CLI into .local, trying again after a failure
	$(RUN) pulumi

upgrade: install ## merge a release of the project into this clone or copy of it (VERSION=v0.2.0)
	$(RUN) upgrade --version="$$VERSION"

install: ## make .venv hold what the stack's backend needs
	$(ENVIRONMENT) --stack="$$STACK" --venv .venv

# With the packages of every cloud: .venv has those of one backend.
docs: tools ## renew the generated documents from the code
	$(TOOLS)/python -m operate docs

lock: ## renew the lock files from requirements/*.in
	$(ENVIRONMENT) --lock

test: tools ## run the quick tests (under five minutes)
	$(TOOLS)/pytest --part quick --numprocesses=auto --dist=loadfile --require="$$REQUIRE"

test-all: test ## run the quick tests, then those that take long, need Docker or the Pulumi CLI
	$(TOOLS)/pytest --part long --require="$$REQUIRE"

# Slower than test by what counting costs: CI measures, and nobody else has to.
coverage: tools ## run the quick tests, and fail where a package's share of lines that they run is below its floor (RAISE=yes lifts the floors)
	mkdir -p .local/coverage && rm -f .local/coverage/data* .local/coverage/report.json
	$(TOOLS)/coverage run -m pytest --part quick --numprocesses=auto --dist=loadfile --require="$$REQUIRE"
	$(TOOLS)/coverage combine --quiet
	$(TOOLS)/coverage json --quiet -o .local/coverage/report.json
	$(TOOLS)/python -m tests.coverage_floors $(if $(RAISE),--raise)

soak: tools ## run the soak tests in full size; SOAK_SEED=<number> replays a run
	$(TOOLS)/pytest --part soak --timeout=7200

lint: tools ## check style, format and types
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check
	$(TOOLS)/mypy

bench: tools ## measure what all this costs against the bare minimum, into docs/benchmarks.md (five minutes)
	$(TOOLS)/python -m benchmarks

tools:
	$(ENVIRONMENT) --set development --venv .venv-test
