# Needs make and Python 3.9 or newer, and brings everything else. `make` alone lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh

# The Python that fetches uv; it is used for nothing else.
PYTHON ?= python3
# The uv that does the rest, pinned by hash. `make UV=/path/to/uv …` uses another.
UV ?= $(CURDIR)/.venvs/uv/bin/uv
export UV
# uv trusts the certificates of the machine: behind a company's proxy its own list is not enough.
export UV_SYSTEM_CERTS ?= true

# Python's container images set this. Many short processes run here, and each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

DEV := .venvs/dev/bin
SAM := .venvs/sam/bin/sam
CLOUD := .venvs/cloud/bin
CHECKOV := .venvs/checkov/bin/checkov

# Otherwise sam reports usage and looks for updates.
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- environments -------------------------------------------------------------------------------------------------

.PHONY: venvs
venvs: .venvs/dev/.locked .venvs/sam/.locked .venvs/cloud/.locked .venvs/aws/.locked  ## Create the environments under .venvs

# From /, because .python-version would make a pyenv shim insist on a 3.13 that may be missing. A temporary environment and one
# rename make it safe to run two makes at a time; the result is a binary that needs no Python.
$(CURDIR)/.venvs/uv/bin/uv: requirements/uv.txt
	@echo "uv: fetching the pinned release"
	@mkdir -p .venvs/uv/bin
	@new=$$(mktemp -d "$(CURDIR)/.venvs/uv/new.XXXXXX") && trap 'rm -rf "$$new"' EXIT && cd / && \
	if ! $(PYTHON) -m venv "$$new"; then \
		echo "$(PYTHON) could not make a virtual environment. Install its venv module (Debian: python3-venv), name another" \
			"with 'make PYTHON=…', or bring your own uv with 'make UV=/path/to/uv'." >&2; exit 1; \
	fi && \
	"$$new/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		-r "$(CURDIR)/requirements/uv.txt" && \
	touch "$$new/bin/uv" && mv -f "$$new/bin/uv" "$(CURDIR)/.venvs/uv/bin/uv"

# --allow-existing and uv's lock on an environment make it safe to run two makes at a time.
define environment
	@echo "$(@D): installing $<"
	@"$(UV)" venv --quiet --allow-existing --no-project --python "$$(cat .python-version)" $(@D)
	@"$(UV)" pip sync --quiet --require-hashes --python $(@D) $<
	@touch $@
endef

.venvs/dev/.locked: requirements/dev.txt .python-version $(UV)
	$(environment)
.venvs/sam/.locked: requirements/sam.txt .python-version $(UV)
	$(environment)
.venvs/cloud/.locked: requirements/cloud.txt .python-version $(UV)
	$(environment)
.venvs/aws/.locked: requirements/aws.txt .python-version $(UV)
	$(environment)
.venvs/checkov/.locked: requirements/checkov.txt .python-version $(UV)
	$(environment)
.venvs/site/.locked: requirements/site.txt .python-version $(UV)
	$(environment)
.venvs/zipapp/.locked: requirements/zipapp.txt .python-version $(UV)
	$(environment)
.venvs/bench-custodian/.locked: requirements/bench-custodian.txt .python-version $(UV)
	$(environment)
# Prowler asks for a Python before 3.13.
.venvs/bench-prowler/.locked: requirements/bench-prowler.txt $(UV)
	@echo "$(@D): installing $<"
	@"$(UV)" venv --quiet --allow-existing --no-project --python '>=3.11,<3.13' $(@D)
	@"$(UV)" pip sync --quiet --require-hashes --python $(@D) $<
	@touch $@

# Pins change only where an .in file asks for it; `make lock UPGRADE=--upgrade` takes the newest of everything.
# dev uses the bundle's pins, so that the tests run what the functions run.
COMPILE = @"$(UV)" pip compile --quiet --universal --generate-hashes --python-version 3.13 \
	--custom-compile-command "make lock" $(UPGRADE)
.PHONY: lock
lock: $(UV)  ## Lock the requirements again (UPGRADE=--upgrade for newer releases)
	$(COMPILE) src/requirements.in -o src/requirements.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt -c src/requirements.txt
	$(COMPILE) requirements/sam.in -o requirements/sam.txt
	$(COMPILE) requirements/cloud.in -o requirements/cloud.txt
	$(COMPILE) requirements/aws.in -o requirements/aws.txt
	$(COMPILE) requirements/checkov.in -o requirements/checkov.txt
	$(COMPILE) requirements/site.in -o requirements/site.txt
	$(COMPILE) requirements/zipapp.in -o requirements/zipapp.txt
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/bench-custodian.in -o requirements/bench-custodian.txt
	$(subst --python-version 3.13,--python-version 3.11,$(COMPILE)) requirements/bench-prowler.in -o requirements/bench-prowler.txt

# --- see it -------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: .venvs/sam/.locked .venvs/cloud/.locked  ## Show Outrider at work on a local AWS
	@$(CLOUD)/python -m local.demo

.PHONY: cloud
cloud: venvs  ## Run a local AWS with Outrider deployed, and say what to try in it
	@$(CLOUD)/python -m local.playground

# --- prove it -----------------------------------------------------------------------------------------------------

# Tests that share one local cloud run in one worker: see tests/conftest.py. Without the first line each worker would compile.
.PHONY: test
test: venvs  ## Run all tests, including those on the local AWS (ARGS=… for pytest)
	@$(DEV)/python -m compileall -q -j 0 src bench local tools
	$(DEV)/pytest --numprocesses auto --dist loadgroup $(ARGS)

.PHONY: test-unkind
test-unkind: venvs  ## Run the end-to-end tests with AWS's limits, latencies and late reads (UNKIND=seed)
	UNKIND=$${UNKIND:-1} $(DEV)/pytest --numprocesses 0 tests/e2e $(ARGS)

# sam and its transform need a region, though they call nothing. checkov reads neither YAML's merge keys nor all of SAM, hence
# the expanded template; without CKV_PARSE_ERROR_FAIL it would pass what it cannot read.
.PHONY: check
check: venvs .venvs/checkov/.locked .venvs/site/.locked  ## Run linters and types, and check the template, generated pages and the site's links
	$(DEV)/ruff check
	$(DEV)/ruff format --check --quiet
	$(DEV)/mypy
	$(DEV)/cfn-lint --include-checks I3510 -- template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml
	@mkdir -p .cache
	AWS_DEFAULT_REGION=us-east-1 $(DEV)/python tools/expanded_template.py >.cache/template.json
	CKV_PARSE_ERROR_FAIL=true $(CHECKOV) --config-file .checkov.yaml --file .cache/template.json
	@$(MAKE) --no-print-directory member
	PYTHONPATH=src:. $(DEV)/python tools/standard_schema.py --check
	PYTHONPATH=src:. $(DEV)/python tools/rule_pages.py --check
	PYTHONPATH=src:. $(DEV)/python tools/output_schemas.py --check
	PYTHONPATH=src:. $(DEV)/python tools/cost_page.py --check
	PYTHONPATH=. $(DEV)/python tools/permissions.py --check
	PYTHONPATH=. $(DEV)/python tools/pictures.py --check
	$(DEV)/python tools/dashboard.py --check
	$(DEV)/python tools/sarif_check.py
	$(SPHINX) -b dummy . .cache/site/checked

.PHONY: member
member: .venvs/dev/.locked .venvs/checkov/.locked  ## Check member.yaml, which a stack set takes as it is
	$(DEV)/cfn-lint --include-checks I3510 -- member.yaml
	CKV_PARSE_ERROR_FAIL=true $(CHECKOV) --config-file .checkov.yaml --file member.yaml
	$(DEV)/pytest --quiet --numprocesses 0 tests/test_member.py tests/test_policies.py

.PHONY: docs
docs: .venvs/dev/.locked  ## Write generated pages, the schema and the dashboard again
	PYTHONPATH=src:. $(DEV)/python tools/standard_schema.py
	PYTHONPATH=src:. $(DEV)/python tools/rule_pages.py
	PYTHONPATH=src:. $(DEV)/python tools/output_schemas.py
	PYTHONPATH=src:. $(DEV)/python tools/cost_page.py
	PYTHONPATH=. $(DEV)/python tools/permissions.py
	PYTHONPATH=. $(DEV)/python tools/pictures.py
	$(DEV)/python tools/dashboard.py

# Every warning is an error. -E reads all pages each time: a page that was read once does not warn again.
SPHINX := .venvs/site/bin/sphinx-build -E -W --keep-going --quiet -j auto -c tools/site -d .cache/site
.PHONY: site
site: .venvs/site/.locked  ## Build the documentation's site into dist/site
	$(SPHINX) -b html . dist/site
	@echo "Open dist/site/index.html"

.PHONY: rule
rule: .venvs/dev/.locked  ## Create a rule that passes all checks (ID=topic.name)
	@PYTHONPATH=src:. $(DEV)/python tools/new_rule.py "$(ID)"
	@$(MAKE) --no-print-directory docs
	@echo "Next: write the check, the texts (why, severity) and the examples: CONTRIBUTING.md, steps 2 to 5. Then:"
	@echo "  make test ARGS='tests/rules -k $(ID)'"
	@echo "  make docs check"

.PHONY: bench
bench: .venvs/dev/.locked  ## Measure what must be fast
	PYTHONPATH=src:. $(DEV)/python -m bench judgements profile collector iam startup throughput imports report limits accounts bundle

.PHONY: bench-scan
bench-scan: .venvs/dev/.locked .venvs/bench-custodian/.locked .venvs/bench-prowler/.locked  ## Compare a scan with Cloud Custodian and Prowler
	PYTHONPATH=src:. $(DEV)/python -m bench scan scan-5000

# --- ship it ------------------------------------------------------------------------------------------------------

.PHONY: build
build: .venvs/sam/.locked  ## Build the functions for AWS (arm64, no Docker) into .aws-sam
	$(SAM) build

.PHONY: wheel
wheel: $(UV)  ## Build the wheel of the command line into dist
	"$(UV)" build --quiet --wheel --out-dir dist

# It holds compiled libraries, so it is for the kind of machine that makes it.
.PHONY: zipapp
zipapp: .venvs/zipapp/.locked  ## Build the command line as one file, dist/outrider.pyz, which needs only Python 3.13
	@rm -rf .cache/zipapp && mkdir -p dist
	"$(UV)" pip install --quiet --python .venvs/zipapp/bin/python --target .cache/zipapp --require-hashes -r src/requirements.txt
	"$(UV)" pip install --quiet --python .venvs/zipapp/bin/python --target .cache/zipapp --no-deps .
	.venvs/zipapp/bin/python tools/pyz.py --site-packages .cache/zipapp --console-script outrider --python '/usr/bin/env python3.13' \
		--compressed --reproducible --output-file dist/outrider.pyz

# dev or prod: see samconfig.toml. ARGS goes to sam: `make deploy ENV=prod ARGS='--profile governance'`. sam itself does not
# read AWS_REGION, which outrider and the AWS CLI read.
ENV ?= dev
.PHONY: deploy
deploy: build  ## Deploy to the current AWS account (ENV=dev or prod, ARGS=… for sam)
	$(SAM) deploy --config-env $(ENV) $(if $(AWS_REGION),--region $(AWS_REGION)) $(ARGS)

.PHONY: clean
clean:  ## Remove everything that make created
	rm -rf .venvs .aws-sam .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests local bench tools -name __pycache__ -prune -exec rm -rf {} +
