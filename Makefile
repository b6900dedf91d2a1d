# `make run` and `make test` work on a fresh clone; `make help` lists the rest.
# Variables after `make run`, such as PORT=8001, FLAKY=1 or DATABASE_URL=..., reach the stack as its environment.

.DEFAULT_GOAL := help
.PHONY: help run test lint format translations screenshots benchmark mutants faults install lock backup restore clean reset
.SILENT:

VENV := .venv
INSTALLED := $(VENV)/.installed
PY := $(VENV)/bin/python
# Most tests wait for servers more than they work, so a few processes share the files, each with servers of its own.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
# The order of the tests, which is random but the same each time; SEED=7 tries another one.
SEED ?= 1298297209
# Python 3.12 and later measure coverage at little cost. Below, it takes half as much time again: COVERAGE=1 asks for it.
COVERAGE ?= $(shell $(PY) -c 'import sys; print("1" * (sys.version_info >= (3, 12)))' 2>/dev/null)
MEASURED = $(if $(COVERAGE),--cov --cov-report=)
CORE = $(shell $(PY) -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")' 2>/dev/null)

# Some environments forbid Python to keep what it compiles. The hundreds of programs that the stack and the tests start
# would then compile the console each time.
unexport PYTHONDONTWRITEBYTECODE

# A virtual environment whose Python is gone (an upgraded system, a copied folder) is created again.
$(shell $(PY) -c '' 2>/dev/null || rm -f $(INSTALLED))

help: ## show this list
	sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

run: install ## start the console on this machine; PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT, DEMO_PASSWORD, FLAKY=1, VERBOSE=1
	exec $(PY) manage.py runstack --end-with-parent $(addprefix --without ,$(WITHOUT))

test: lint ## run the gates and every test; ARGS="tests/orders/payments -k refund" runs some, one after another
	status=0; COVERAGE_CORE=$(CORE) $(PY) -m pytest --randomly-seed=$(SEED) $(or $(ARGS),$(PARALLEL) $(MEASURED)) || status=$$?; \
	$(if $(ARGS),,$(if $(COVERAGE),$(PY) -m tests.coverage_report || status=1;)) \
	command -v chromium >/dev/null || \
	  echo 'NOTE: there is no chromium on the PATH, so the tests in a real browser were skipped.'; \
	PATH=$$PATH:/usr/sbin command -v nginx >/dev/null || \
	  echo 'NOTE: there is no nginx on the PATH, so the tests of the proxy were skipped.'; \
	ldconfig -p 2>/dev/null | grep -q libpangoft2-1.0 || \
	  echo 'NOTE: there is no libpangoft2 on this machine, so the tests that make PDFs were skipped.'; \
	exit $$status

lint: install ## run the gates alone
	sh .ci/gates $(PY)

format: install ## format and sort the code
	$(PY) -m ruff check --fix --quiet .
	$(PY) -m ruff format .

translations: install ## find the texts for translation again, and compile what people translated; needs gettext
	$(PY) manage.py makemessages --locale de --no-obsolete --add-location file --ignore ".*" --ignore tests
	$(PY) manage.py compilemessages --locale de --ignore ".*"

screenshots: install ## take the screenshots in docs again, with Chromium
	$(PY) -m pytest tests/browser/take_screenshots.py $(ARGS)

benchmark: install ## measure what the console costs; PART="orders lists", ORDERS=1000000, ROUNDS=5, ARGS=--write
	$(PY) -m tests.benchmark $(PART) $(addprefix --orders=,$(ORDERS)) $(addprefix --rounds=,$(ROUNDS)) $(ARGS)

mutants: install ## remove guards one at a time and see a test fail for each; ARGS="part of a name"
	$(PY) -m tests.mutants $(ARGS)

faults: install ## break things under load and see nothing lost; SEED=7, FAULT="worker temporal", ORDERS=12, RACES=200, OVERLOAD=2000, NEMESIS=500, AWAY=300, CONTROLS=1, ARGS=--write
	$(PY) -m tests.faults$(if $(CONTROLS),.controls $(ARGS),$(if $(filter-out file,$(origin SEED)), --seed $(SEED))$(if $(FAULT), --fault $(FAULT))$(if $(ORDERS), --orders $(ORDERS))$(if $(RACES), --races $(RACES))$(if $(OVERLOAD), --overload $(OVERLOAD))$(if $(NEMESIS), --nemesis $(NEMESIS))$(if $(AWAY), --away $(AWAY)) $(ARGS))

install: $(INSTALLED)

lock: ## update uv.lock and requirements*.txt after a change of pyproject.toml; UPGRADE="--upgrade" takes newer versions
	sh .ci/lock $(VENV) $(UPGRADE)

$(INSTALLED): requirements.txt requirements-runtime.txt
	sh .ci/install $(VENV)
	touch $@

backup: install ## copy the data of the running local stack; TO=folder
	$(PY) -m console.stack.backup save "$(TO)"

restore: install ## put such a copy back into the stopped local stack; FROM=folder
	$(PY) -m console.stack.backup restore "$(FROM)"

clean: ## remove whatever can be generated again; the local stack's data stays
	rm -rf $(VENV) staticfiles artefacts .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.stack/*' -prune -exec rm -rf {} +

reset: install ## delete the local stack's data, after a question; YES=1 answers it
	$(PY) -m console.stack.reset
