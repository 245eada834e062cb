# Everything a person runs here. Needs Python 3.13, Node 20 or newer and make; `make setup` finds them and says what is missing.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo start services test lint format types bench clean

# Test processes side by side; WORKERS=0 runs the tests in one.
WORKERS ?= auto

# The project's own tools first, among them the Node that the set-up chose.
RUN := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$$PATH"
step = @printf '\n── %s\n' '$(1)'; $(RUN) $(1)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{ printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Create or repair .venv and node_modules (PYTHON=… and NODE=… choose the interpreters)
	@sh tools/setup.sh

demo: setup ## Run one dataset through everything, on this machine (TRAINING=… VALIDATION=… OPTIONS=… choose the files)
	@$(RUN) python -m emulators demo $${TRAINING:+--training "$$TRAINING"} \
		$${VALIDATION:+--validation "$$VALIDATION"} $${OPTIONS:+--options "$$OPTIONS"}

start: setup ## Run the app and what it needs on this machine until Ctrl-C
	@$(RUN) python -m emulators start

services: setup ## Run storage and Azure OpenAI only, and write local.settings.json for Core Tools' func start
	@$(RUN) python -m emulators services

test: setup ## Check style, types and imports, then run every test (ARGS=… are pytest's)
	$(call step,ruff check .)
	$(call step,ruff format --check .)
	$(call step,pyright)
	$(call step,lint-imports)
	$(call step,python -m pytest -n $(WORKERS) --dist worksteal $(ARGS))

lint: setup ## Check style and imports
	$(call step,ruff check .)
	$(call step,ruff format --check .)
	$(call step,lint-imports)

format: setup ## Put the code in its standard form
	$(call step,ruff check --fix .)
	$(call step,ruff format .)

types: setup ## Check the types
	$(call step,pyright)

bench: setup ## Compare validation with what people use today (SIZE=200 for the published table, ROUNDS=5)
	@$(RUN) python -m bench --size $${SIZE:-5} --rounds $${ROUNDS:-5}

clean: ## Remove everything that is not in the repository: .venv, node_modules, caches, local state
	rm -rf .venv node_modules .tunedrop .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
