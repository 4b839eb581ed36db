# SPDX-License-Identifier: Apache-2.0
# The door. Every target sets up what it needs; nothing has to be done by hand on a fresh machine.

IS311  := import sys; sys.exit(sys.version_info[:2] != (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python; do \
            "$$p" -c '$(IS311)' 2>/dev/null && { command -v "$$p"; break; }; done)
BIN    := .venv/bin
STAMP  := .venv/.hwgen-ready
DESIGN ?= out/demo
SIM    ?= verilator
WAVES  ?= 0
SEED   ?= 1
JOBS   ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --durations 30 --durations-min 0.5

.DEFAULT_GOAL := help
.PHONY: help setup demo sim test test-ci test-long test-pythons bench bench-adders bench-estimate bench-codec bench-quantize bench-heads bench-models bench-prove bench-tables bench-serial bench-stream bench-binary bench-hls golden lint fmt type doctor clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything; again when what it builds from changed

$(STAMP): pyproject.toml hatch_build.py $(wildcard hwgen/logic/cmvm/core/*.cpp hwgen/logic/cmvm/core/*.h)
	@test -x $(BIN)/python || "$(or $(PYTHON),false)" -c '$(IS311)' || { \
	  echo "hwgen: Python 3.11 is missing (TensorFlow 2.14 runs on no later one)." >&2; \
	  echo "  hint: install python3.11 with its venv module, or name one: make setup PYTHON=..." >&2; \
	  exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv || { rm -rf .venv; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@

demo: setup ## build and simulate the jet tagger into out/demo
	$(BIN)/hwgen demo

sim: setup ## simulate a design: DESIGN=out/demo SIM=verilator WAVES=0 SEED=1
	@if [ "$(DESIGN)" = out/demo ] && [ ! -e out/demo/design.json ]; then $(MAKE) demo; fi
	$(BIN)/hwgen sim "$(DESIGN)" --simulator $(SIM) --seed $(SEED) $(if $(filter-out 0,$(WAVES)),--waves)

# One shell that becomes pytest: the CPU time that pytest prints is that of everything here.
test: setup ## style, types, and the quick tests
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && \
	  exec $(PYTEST) -m 'not (ci or slow or fuzz or vendor)'

test-ci: setup ## what should pass before every landing and is too slow for `make test`
	$(BIN)/python -m tests.pythons --resolve && $(BIN)/mypy --python-version 3.14 && \
	  exec $(PYTEST) -m 'ci and not vendor'

test-long: setup ## the long tests and the fuzzers
	@command -v ghdl >/dev/null || { apt-get update -qq && apt-get install -y -qq ghdl; } || \
	  echo "hwgen: GHDL is missing, and tests of VHDL will fail: apt-get install ghdl" >&2
	exec $(PYTEST) -m '(slow or fuzz) and not vendor'

test-pythons: setup ## the quick tests on every Python of this machine; which ones it lacks
	$(BIN)/python -m tests.pythons

bench: setup ## speed figures, side by side with hls4ml; it fails where the emulator misses a bar
	$(BIN)/hwgen bench
	$(BIN)/python -m tests.benchmarks.emulator

bench-adders: setup ## adder graphs beside alkaid's and da4ml's: ONLY=d8x8b6,mlp BLESS=1
	$(BIN)/python -m tests.benchmarks.adders --only "$(ONLY)" $(if $(BLESS),--bless)

bench-estimate: setup ## the estimate beside synthesis, on designs it never saw: RECORD=1 BLESS=1 CLOCKS=1 SEEDS=1 KINDS=1
	$(BIN)/python -m tests.benchmarks.estimate $(if $(RECORD),--record --routes) $(if $(BLESS),--bless) $(if $(CLOCKS),--clocks $(if $(SEEDS),--seeds $(SEEDS))) $(if $(KINDS),--kinds)

bench-codec: setup ## bits a value of all feature-map coders, and DRAM energy: ONLY=engine BLESS=1
	$(BIN)/python -m tests.benchmarks.codec $(if $(ONLY),--only $(ONLY)) $(if $(BLESS),--bless)

bench-quantize: setup ## post-training quantization on digits, method by method: BLESS=1
	$(BIN)/python -m tests.benchmarks.quantize $(if $(BLESS),--bless)

bench-tables: setup ## networks of tables and few-bit layers, mapped and simulated: ONLY=jets, ONLY=neurons BLESS=1
	$(BIN)/python -m tests.benchmarks.tables $(if $(ONLY),--only "$(ONLY)") $(if $(BLESS),--bless)

bench-heads: setup ## arg max and softmax by the number of classes, mapped and simulated: ONLY=argmax10 QUICK=1 BLESS=1
	$(BIN)/python -m tests.benchmarks.heads --only "$(ONLY)" $(if $(QUICK),--quick) $(if $(BLESS),--bless)

bench-prove: setup ## networks that `hwgen verify --prove` proves, in what time: ONLY=kan/jets BLESS=1
	$(BIN)/python -m tests.benchmarks.prove --only "$(ONLY)" $(if $(BLESS),--bless)

bench-models: setup ## public models, one by one: docs/models.md: ONLY=qkeras_3layer QUICK=1 BLESS=1
	$(BIN)/python -m tests.benchmarks.models --only "$(ONLY)" $(if $(QUICK),--quick) $(if $(BLESS),--bless)

bench-serial: setup ## the dial of networks, mapped and simulated, and what stands beside it: ONLY=jet INTERVALS=16,8 PARTS=dial
	$(BIN)/python -m tests.benchmarks.serial $(if $(ONLY),--only "$(ONLY)") $(if $(INTERVALS),--intervals "$(INTERVALS)") $(if $(PARTS),--parts "$(PARTS)")

bench-stream: setup ## units of the stream style in simulation and synthesis, beside FINN's: ONLY=windows BLESS=1
	$(BIN)/python -m tests.benchmarks.stream $(if $(ONLY),--only "$(ONLY)") $(if $(BLESS),--bless)

bench-hls: setup ## HLS C++ of whole models in every compilation, and under sanitizers: ONLY="MAGIC" BLESS=1
	$(BIN)/python -m tests.benchmarks.hls $(if $(ONLY),--only "$(ONLY)") $(if $(BLESS),--bless)

bench-binary: setup ## binary layers and folded binary units beside the plain form and rivals: ONLY=neuron BLESS=1
	$(BIN)/python -m tests.benchmarks.binary $(if $(ONLY),--only "$(ONLY)") $(if $(BLESS),--bless)

golden: setup ## bless the golden files; review the diff
	$(BIN)/python -m pytest -n $(JOBS) --bless tests/golden

lint: setup ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: setup ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup ## mypy --strict
	$(BIN)/mypy

doctor: setup ## what is installed, and what that enables
	$(BIN)/hwgen doctor

clean: ## remove what was built; .venv stays
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
