# `make demo` shows the whole path, and `make test` checks it. Both install what they need into .venv.
# `make web` builds the web demo and serves it.
# `make train-gpu` trains the published schedule on an accelerator with JAX, without TensorFlow;
# docs/training.md lists its variables.
PYTHON ?= python3
BIN := .venv/bin

PHONE ?= iphone
DATA ?= dped
FLAGS ?=
VGG ?= imagenet
STEPS ?= 20000
JAX ?= cuda12
GPU_BIN := .venv-gpu/bin

.PHONY: demo test test-all lint typecheck format pins train-gpu web web-build android-check clean

demo: .venv/installed
	$(BIN)/python demo.py

test: .venv/installed
	$(BIN)/python -m pytest

test-all: .venv/installed
	$(BIN)/python -m pytest -m "slow or not slow"

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# The first run downloads pyright's JavaScript from npm.
typecheck: .venv/installed
	$(BIN)/pyright --pythonpath $(BIN)/python

format: .venv/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pins the current release of every package, for all supported Pythons at once. uv ignores that
# releases of backports-strenum from 1.3 on refuse Python 3.11, so the bound stands here.
pins:
	echo "backports-strenum<1.3" | uv pip compile --upgrade --universal --python-version 3.11 \
		--all-extras --no-annotate --no-header --no-emit-find-links --quiet \
		--constraint - setup.cfg --output-file constraints.txt

# Compiles, tests and packages the Android app without Google's repository.
android-check:
	android/check/run.sh

.venv/installed: setup.cfg pyproject.toml constraints.txt
	@echo "Installing TensorFlow, Keras and all other packages into .venv: 4 GB on the disk, a few minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

# $(1): the name of the run; $(2): its flags. An interrupted run continues.
train_on_gpu = KERAS_BACKEND=jax $(GPU_BIN)/python train.py --phone $(PHONE) --data_dir $(DATA) \
	$(FLAGS) --vgg_weights $(VGG) --steps $(STEPS) --mixed_precision $(2) \
	--run_dir runs/$(PHONE)/$(1) $(if $(wildcard runs/$(PHONE)/$(1)/state.npz),--resume)

train-gpu: .venv-gpu/installed
	$(call train_on_gpu,thesis,--recipe stable --preset thesis)
	$(call train_on_gpu,iccv,--recipe stable --preset iccv --content_features raw \
		--label_smoothing 0 --discriminator_learning_rate 5e-4)
	$(call train_on_gpu,johnson,--model johnson)
	$(call train_on_gpu,srcnn,--model srcnn)
	KERAS_BACKEND=jax $(GPU_BIN)/python evaluate.py --phone $(PHONE) --data_dir $(DATA)

# All requirements of setup.cfg except TensorFlow and LiteRT, and JAX for this accelerator.
.venv-gpu/installed: setup.cfg constraints.txt
	$(PYTHON) -m venv .venv-gpu
	sed -n '/^install_requires/,/^$$/p' setup.cfg | grep '>=' | grep -v -e tensorflow -e litert \
		> .venv-gpu/requirements.txt
	$(GPU_BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-r .venv-gpu/requirements.txt "jax[$(JAX)]"
	$(GPU_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

web: web-build
	$(BIN)/python -m web.demo_server

# Adds the networks that ship and the networks in exported/.
web-build: .venv/installed web/node_modules/.package-lock.json
	npm --prefix web run --silent build
	$(BIN)/python -m export.demos --to web/dist/models

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	touch $@

clean:
	rm -rf .venv .venv-gpu .pytest_cache .ruff_cache *.egg-info web/node_modules web/dist web/build android/check/target
