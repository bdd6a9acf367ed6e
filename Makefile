# One command each; `make help` lists them.
SHELL := /bin/bash
PY := .venv/bin/python
export FLASK_APP := run
PORT ?= 8000
PYTHON ?= $(shell command -v python3.11 || command -v python3)

.PHONY: help run demo dev test check kill bench docs translations setup setup-dev clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: setup ## set up, migrate, load the demo world and serve on http://127.0.0.1:$(PORT)
	@$(PY) -m flask portal demo
	@PORT=$(PORT) bash tools/serve.sh

dev: setup-dev ## as run, one process, reloading
	@$(PY) -m flask portal demo
	@$(PY) -m flask run --debug --port $(PORT)

test: setup-dev ## the whole suite, with everything it needs
	@bash tools/test-setup.sh
	@$(PY) -m pytest -n 2 --dist loadgroup

check: setup-dev ## style, types and the direction of imports
	@.venv/bin/ruff check .
	@.venv/bin/mypy app
	@.venv/bin/lint-imports

kill: setup-dev ## kill -9 in the middle of submit, approve, upload, thumbnails and sending, 200 times each
	@bash tools/test-setup.sh
	@KILL_ROUNDS=200 $(PY) -m pytest -q $$(grep -rl --include="test_*.py" KILL_ROUNDS tests)

bench: setup-dev ## speed beside stock FAB, Flask-Admin and Django admin, as ratios
	@$(PY) -m bench

docs: setup-dev ## requirement coverage table and state diagrams made from the code
	@$(PY) tools/make_docs.py
	@$(PY) tools/coverage_table.py

translations: setup ## compile the message catalogues
	@$(PY) tools/translations.py compile

setup: .venv/.run node_modules/.ready .venv/.messages

setup-dev: .venv/.dev node_modules/.ready .venv/.messages

.venv/bin/python:
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install -q --disable-pip-version-check --upgrade pip

.venv/.run: requirements.txt constraints.txt | .venv/bin/python
	@echo "installing Python packages …"
	@.venv/bin/pip install -q --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $@

.venv/.dev: requirements-dev.txt requirements.txt constraints.txt | .venv/bin/python
	@echo "installing Python packages …"
	@.venv/bin/pip install -q --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@ .venv/.run

node_modules/.ready: package.json package-lock.json tools/vendor.py
	@echo "installing front-end packages …"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.venv/.messages: $(wildcard translations/*/LC_MESSAGES/*.po) | .venv/bin/python
	@$(PY) tools/translations.py compile
	@touch $@

clean: ## remove what was installed and made (not the data)
	@rm -rf .venv node_modules static/vendor
